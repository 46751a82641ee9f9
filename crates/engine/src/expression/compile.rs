//! Compiles the tree of an expression.

use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::MAX_DEPTH;
use logmark_insights::ast::{
    Argument, BinaryOperator, Call as CallTree, Expression, FieldPath, Query, Set, SetOperator, UnaryOperator,
};
use logmark_insights::functions::Function;
use logmark_insights::period::Period;

use super::apply::At;
use super::{Call, Compiled, EqualSet, Node};
use crate::evaluate::{fault, like};
use crate::plan::Subquery;
use crate::row::{Access, Row, System};
use crate::values::arithmetic::Operator;
use crate::values::call::{Argument as Given, Prepared, QueryTimes};
use crate::values::compare::Comparison;
use crate::values::number::Number;
use crate::values::value::Value;

/// The meaning of names and functions at a position of the query.
pub(crate) trait Fields {
    /// The access to a field.
    fn field(&mut self, path: &FieldPath) -> Access;

    /// The access to a system field: of the event, or of the column of that name.
    fn system(&mut self, system: System) -> Access;

    /// The access to a whole expression that was computed before: an aggregate, or the column named by the text of the
    /// expression.
    fn computed(&mut self, expression: &Expression, span: Span) -> Result<Option<Access>, Diagnostic>;

    /// The rows of a query in the expression.
    fn subquery(&mut self, query: &Query, span: Span) -> Result<Arc<Subquery>, Diagnostic>;

    /// The times of the query.
    fn times(&self) -> QueryTimes;

    /// The shift of the bins: `stats … offset`.
    fn offset(&self) -> Option<Period> {
        None
    }
}

/// Compiles an expression.
///
/// # Errors
/// What [`crate::evaluate::evaluate`] reports for any event.
pub(crate) fn compile(expression: &Spanned<Expression>, fields: &mut dyn Fields) -> Result<Compiled, Diagnostic> {
    Compiler { fields }.node(&expression.node, expression.span, 0).map(Compiled)
}

struct Compiler<'f> {
    fields: &'f mut dyn Fields,
}

impl Compiler<'_> {
    fn node(&mut self, expression: &Expression, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        if depth > MAX_DEPTH {
            let expected = format!("an expression of at most {MAX_DEPTH} levels");
            return Err(Diagnostic::new(Kind::Limit, span, expected, "more"));
        }
        if let Some(access) = self.fields.computed(expression, span)? {
            return Ok(Node::Field(access));
        }
        let node = match expression {
            Expression::Field(path) => return Ok(Node::Field(self.fields.field(path))),
            Expression::Text(text) => return Ok(Node::Constant(text.as_str().into())),
            Expression::Number(number) => return Ok(Node::Constant(Number::parse(number.as_str()).into())),
            Expression::Boolean(truth) => return Ok(Node::Constant(Value::Boolean(*truth))),
            Expression::Null => return Ok(Node::Constant(Value::Missing)),
            Expression::Unary(operator, operand) => {
                let operand = self.boxed(operand, depth)?;
                match operator {
                    UnaryOperator::Not => Node::Not(operand),
                    UnaryOperator::Negate => Node::Negate(operand),
                }
            }
            Expression::Binary(operator, left, right) => binary(*operator, self.boxed(left, depth)?, self.boxed(right, depth)?),
            Expression::And(parts) => Node::All(self.list(parts, depth)?),
            Expression::Or(parts) => Node::Any(self.list(parts, depth)?),
            Expression::Match(operator, value, pattern) => {
                let pattern = like(pattern)?;
                Node::Like(*operator, self.boxed(value, depth)?, pattern)
            }
            Expression::In(operator, value, set) => self.set(*operator, value, set, depth)?,
            Expression::Call(call) => return self.call(call, depth),
        };
        Ok(self.folded(node))
    }

    fn boxed(&mut self, part: &Spanned<Expression>, depth: usize) -> Result<Box<Node>, Diagnostic> {
        self.node(&part.node, part.span, depth + 1).map(Box::new)
    }

    fn list(&mut self, parts: &[Spanned<Expression>], depth: usize) -> Result<Vec<Node>, Diagnostic> {
        parts.iter().map(|part| self.node(&part.node, part.span, depth + 1)).collect()
    }

    fn set(
        &mut self,
        operator: SetOperator,
        value: &Spanned<Expression>,
        set: &Spanned<Set>,
        depth: usize,
    ) -> Result<Node, Diagnostic> {
        let value = self.boxed(value, depth)?;
        Ok(match &set.node {
            Set::List(items) => {
                let items = self.list(items, depth)?;
                match items.iter().map(Node::constant).collect::<Option<Vec<_>>>() {
                    Some(constants) => Node::InConstants(operator, value, Arc::new(EqualSet::of(constants))),
                    None => Node::InList(operator, value, items),
                }
            }
            Set::Value(list) => Node::InValue(operator, value, Box::new(self.node(list, set.span, depth + 1)?)),
            Set::Query(query) => Node::InQuery(operator, value, self.fields.subquery(query, set.span)?),
        })
    }

    fn call(&mut self, call: &CallTree, depth: usize) -> Result<Node, Diagnostic> {
        let function = call.function.node;
        let mut known = Vec::with_capacity(call.arguments.len());
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            match &argument.node {
                Argument::Expression(expression) => {
                    let node = self.node(expression, argument.span, depth + 1)?;
                    known.push(node.constant().cloned().map(Given::Value));
                    arguments.push(node);
                }
                Argument::Period(period) => known.push(Some(Given::Period(*period))),
                Argument::Star => known.push(None),
            }
        }
        let prepared = Prepared::new(function, &known).map_err(|error| fault(&error, call))?;
        let is_bin = function == Function::Bin;
        let is_size = function == Function::MessageSize && arguments.is_empty();
        let timestamp = if is_bin { self.fields.system(System::Timestamp) } else { Access::Missing };
        let message = if is_size { Some(self.fields.system(System::Message)) } else { None };
        let offset = self.fields.offset().filter(|_| is_bin);
        let node = Node::Call(Box::new(Call { prepared, arguments, timestamp, message, offset }));
        Ok(if is_bin || is_size { node } else { self.folded(node) })
    }

    /// A node whose parts are all constant is a constant itself.
    fn folded(&self, node: Node) -> Node {
        let is_constant = match &node {
            Node::Not(part) | Node::Negate(part) | Node::InConstants(_, part, _) => part.constant().is_some(),
            // A backtracking search may reach its step limit, which fails the running query: it is not computed at compile time.
            Node::Like(_, part, pattern) => part.constant().is_some() && !pattern.backtracks(),
            Node::Compare(_, left, right) | Node::Compute(_, left, right) | Node::InValue(_, left, right) => {
                left.constant().is_some() && right.constant().is_some()
            }
            Node::All(parts) | Node::Any(parts) => parts.iter().all(|part| part.constant().is_some()),
            Node::Call(call) => call.arguments.iter().all(|part| part.constant().is_some()),
            Node::Constant(_) | Node::Field(_) | Node::InList(..) | Node::InQuery(..) => false,
        };
        if is_constant {
            Node::Constant(node.value(&Row::default(), At::compiling(self.fields.times())).into_owned())
        } else {
            node
        }
    }
}

impl Node {
    const fn constant(&self) -> Option<&Value> {
        match self {
            Self::Constant(value) => Some(value),
            _ => None,
        }
    }
}

fn binary(operator: BinaryOperator, left: Box<Node>, right: Box<Node>) -> Node {
    match operator {
        BinaryOperator::Equal => Node::Compare(Comparison::Equal, left, right),
        BinaryOperator::NotEqual => Node::Compare(Comparison::NotEqual, left, right),
        BinaryOperator::Less => Node::Compare(Comparison::Less, left, right),
        BinaryOperator::LessOrEqual => Node::Compare(Comparison::LessOrEqual, left, right),
        BinaryOperator::Greater => Node::Compare(Comparison::Greater, left, right),
        BinaryOperator::GreaterOrEqual => Node::Compare(Comparison::GreaterOrEqual, left, right),
        BinaryOperator::Add => Node::Compute(Operator::Add, left, right),
        BinaryOperator::Subtract => Node::Compute(Operator::Subtract, left, right),
        BinaryOperator::Multiply => Node::Compute(Operator::Multiply, left, right),
        BinaryOperator::Divide => Node::Compute(Operator::Divide, left, right),
        BinaryOperator::Remainder => Node::Compute(Operator::Remainder, left, right),
        BinaryOperator::Power => Node::Compute(Operator::Power, left, right),
    }
}
