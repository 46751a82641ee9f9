//! Expressions, and calls of all functions with arguments that they accept.

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{
    Argument, BinaryOperator, Call, Column, Expression, MatchOperator, MatchPattern, Set, SetOperator, UnaryOperator,
};
use logmark_insights::functions::{Function, FunctionKind, Parameter};

use super::Maker;

const OPERATORS: &[BinaryOperator] = &[
    BinaryOperator::Equal,
    BinaryOperator::NotEqual,
    BinaryOperator::Less,
    BinaryOperator::LessOrEqual,
    BinaryOperator::Greater,
    BinaryOperator::GreaterOrEqual,
    BinaryOperator::Add,
    BinaryOperator::Subtract,
    BinaryOperator::Multiply,
    BinaryOperator::Divide,
    BinaryOperator::Remainder,
    BinaryOperator::Power,
];

/// The functions that may be called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    /// Functions of one event.
    Scalars,
    /// Functions of one event, and `histogram`.
    Groups,
    /// Functions of one event, and aggregates.
    Aggregates,
}

impl Maker {
    /// An expression of one event, nested at most this deep.
    pub(crate) fn expression(&mut self, depth: usize) -> Spanned<Expression> {
        self.expression_of(depth, Calls::Scalars)
    }

    pub(super) fn expression_of(&mut self, depth: usize, calls: Calls) -> Spanned<Expression> {
        if depth == 0 {
            return self.leaf();
        }
        let inner = |maker: &mut Self| maker.expression_of(depth - 1, calls);
        let boxed = |maker: &mut Self| Box::new(maker.expression_of(depth - 1, calls));
        Spanned::made(match self.below(12) {
            0 | 1 => return self.leaf(),
            2 => Expression::Unary(self.pick(&[UnaryOperator::Not, UnaryOperator::Negate]), boxed(self)),
            3..=5 => self.binary(depth - 1, calls),
            6 => Expression::all([inner(self), inner(self), inner(self)]).unwrap(),
            7 => Expression::any([inner(self), inner(self)]).unwrap(),
            8 => {
                let operator = self.pick(&[MatchOperator::Like, MatchOperator::NotLike, MatchOperator::Matches]);
                let as_text = operator != MatchOperator::Matches && self.yes();
                let operand = boxed(self);
                let pattern = if as_text { MatchPattern::Text(self.text()) } else { MatchPattern::Regex(self.regex()) };
                Expression::Match(operator, operand, Spanned::made(pattern))
            }
            9 => {
                let operand = boxed(self);
                let set = self.set(depth - 1, calls);
                Expression::In(self.pick(&[SetOperator::In, SetOperator::NotIn]), operand, Spanned::made(set))
            }
            _ => self.call(depth - 1, calls),
        })
    }

    /// Two operands; `null` is not compared.
    fn binary(&mut self, depth: usize, calls: Calls) -> Expression {
        let operator = self.pick(OPERATORS);
        let operand = |maker: &mut Self| match maker.expression_of(depth, calls) {
            Spanned { node: Expression::Null, .. } => Box::new(Spanned::made(Expression::Boolean(true))),
            other => Box::new(other),
        };
        Expression::Binary(operator, operand(self), operand(self))
    }

    fn leaf(&mut self) -> Spanned<Expression> {
        Spanned::made(match self.below(6) {
            0 | 1 => self.field(),
            2 => Expression::Text(self.text()),
            3 => Expression::Number(self.number()),
            4 => Expression::Null,
            _ => Expression::Boolean(self.yes()),
        })
    }

    /// A field of those that exist.
    fn field(&mut self) -> Expression {
        match self.known.clone() {
            None => Expression::Field(self.path().node),
            Some(known) if known.is_empty() => Expression::Number(self.number()),
            Some(known) => Expression::Field(self.pick(&known)),
        }
    }

    fn set(&mut self, depth: usize, calls: Calls) -> Set {
        match self.below(4) {
            0 | 1 => Set::List(self.some(|maker| maker.expression_of(depth, calls))),
            2 if self.may_reach() && self.nesting == 0 => Set::Query(self.query(1)),
            2 => match self.field() {
                field @ Expression::Field(_) => Set::Value(Box::new(field)),
                other => Set::List(vec![Spanned::made(other)]),
            },
            _ => Set::Value(Box::new(self.call(depth, calls))),
        }
    }

    fn call(&mut self, depth: usize, calls: Calls) -> Expression {
        let may_unmask = self.may_reach();
        let may_bin = self.known.is_none();
        let fits = |function: &Function| match function.signature().kind {
            FunctionKind::Scalar => (may_unmask || *function != Function::Unmask) && (may_bin || *function != Function::Bin),
            FunctionKind::Aggregate => calls == Calls::Aggregates,
            FunctionKind::Either => calls != Calls::Scalars,
        };
        let functions: Vec<Function> = Function::ALL.iter().copied().filter(fits).collect();
        let function = self.pick(&functions);
        self.call_of(function, depth, calls)
    }

    /// An expression that contains an aggregate.
    pub(super) fn aggregate(&mut self) -> Spanned<Expression> {
        let aggregates: Vec<Function> =
            Function::ALL.iter().copied().filter(|function| function.signature().kind != FunctionKind::Scalar).collect();
        let function = self.pick(&aggregates);
        let call = Spanned::made(self.call_of(function, 1, Calls::Scalars));
        if self.below(4) == 3 {
            let Expression::Binary(operator, _, right) = self.binary(1, Calls::Aggregates) else { return call };
            return Spanned::made(Expression::Binary(operator, Box::new(call), right));
        }
        call
    }

    fn call_of(&mut self, function: Function, depth: usize, calls: Calls) -> Expression {
        let signature = function.signature();
        let most = signature.most().min(signature.least() + 3);
        let count = signature.least() + self.below(most - signature.least() + 1);
        // An aggregate and `histogram` contain no other aggregate.
        let calls = if function.is_aggregate() { Calls::Scalars } else { calls };
        let arguments = (0..count).map(|place| Spanned::made(self.argument(function, place, depth, calls))).collect();
        Expression::Call(Call { function: Spanned::made(function), arguments })
    }

    fn argument(&mut self, function: Function, place: usize, depth: usize, calls: Calls) -> Argument {
        match function.signature().parameter(place).unwrap() {
            Parameter::Period => Argument::Period(self.period().node),
            Parameter::Number => Argument::Expression(Expression::Number(self.hundred())),
            Parameter::ValueOrStar if self.yes() => Argument::Star,
            Parameter::Value | Parameter::ValueOrStar if function == Function::RegexReplace && place == 1 => {
                Argument::Expression(Expression::Text("[0-9]+".into()))
            }
            Parameter::Value | Parameter::ValueOrStar => Argument::Expression(self.expression_of(depth, calls).node),
        }
    }

    pub(super) fn column(&mut self) -> Column {
        Column { expression: self.expression(2), alias: self.maybe(Self::alias) }
    }
}
