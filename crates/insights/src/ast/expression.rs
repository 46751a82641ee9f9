//! Expressions, in `fields`, `display`, `filter`, `stats`, `sort` and `relevantfields`.
//!
//! Parentheses are not part of the tree: its shape expresses them.

use logmark_diagnostics::Spanned;

use super::{FieldPath, Number, Period, Query, Regex, Text};
use crate::functions::Function;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// The value of a field.
    Field(FieldPath),
    /// `"text"`
    Text(Text),
    /// `200`
    Number(Number),
    /// `true` or `false`
    Boolean(bool),
    /// `null`: the value of a missing field. It is not documented, but queries use it: if(c, a, null).
    Null,
    /// `not a`, `-a`
    Unary(UnaryOperator, Box<Spanned<Expression>>),
    /// `a + b`, `a = b`
    Binary(BinaryOperator, Box<Spanned<Expression>>, Box<Spanned<Expression>>),
    /// `a and b and c`: at least two, and none of them is itself [`Expression::And`] (see [`Expression::all`]).
    And(Vec<Spanned<Expression>>),
    /// `a or b or c`: at least two, and none of them is itself [`Expression::Or`] (see [`Expression::any`]).
    Or(Vec<Spanned<Expression>>),
    /// `a like /re/`, `a not like "text"`, `a =~ /re/`
    Match(MatchOperator, Box<Spanned<Expression>>, Spanned<MatchPattern>),
    /// `a in [1, 2]`, `a not in (SOURCE 'g' | fields k)`
    In(SetOperator, Box<Spanned<Expression>>, Spanned<Set>),
    /// `strlen(a)`, `count(*)`
    Call(Call),
}

/// A function and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function.
    pub function: Spanned<Function>,
    /// Its arguments in order, as [`Function::signature`] requires.
    pub arguments: Vec<Spanned<Argument>>,
}

/// One argument of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// An expression.
    Expression(Expression),
    /// A period of time: `bin(5m)`.
    Period(Period),
    /// `count(*)`
    Star,
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `not a`, `!a`
    Not,
    /// `-a`
    Negate,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `^`
    Power,
}

/// An operator that compares a text with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOperator {
    /// `like`
    Like,
    /// `not like`
    NotLike,
    /// `=~`: the same as `like`.
    Matches,
}

/// A pattern that a text is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchPattern {
    /// `"text"`: the value must contain it, in the same case.
    Text(Text),
    /// `/re/`: it must match a part of the value.
    Regex(Regex),
}

/// Whether the value must be in the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// A set of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// `[1, "two"]`: at least one.
    List(Vec<Spanned<Expression>>),
    /// `(SOURCE 'g' | fields k)`: the values of its one field.
    Query(Query),
    /// `"red" in tags`: the elements of an array, which is the value of a field or of a function.
    Value(Box<Expression>),
}

impl Expression {
    /// `a and b`, flat: the operands of nested conjunctions become operands of this one. A single part is returned as it is;
    /// `None` without parts.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Spanned<Self>>) -> Option<Self> {
        let mut flat = Vec::new();
        for part in parts {
            match part.node {
                Self::And(inner) => flat.extend(inner),
                node => flat.push(Spanned::new(node, part.span)),
            }
        }
        if flat.len() > 1 { Some(Self::And(flat)) } else { flat.pop().map(|part| part.node) }
    }

    /// `a or b`, flat, like [`Expression::all`].
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Spanned<Self>>) -> Option<Self> {
        let mut flat = Vec::new();
        for part in parts {
            match part.node {
                Self::Or(inner) => flat.extend(inner),
                node => flat.push(Spanned::new(node, part.span)),
            }
        }
        if flat.len() > 1 { Some(Self::Or(flat)) } else { flat.pop().map(|part| part.node) }
    }
}

impl BinaryOperator {
    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
        }
    }
}

impl MatchOperator {
    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Like => "like",
            Self::NotLike => "not like",
            Self::Matches => "=~",
        }
    }
}

impl SetOperator {
    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }
}
