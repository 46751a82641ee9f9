//! Expressions, compiled once: fields resolved to slots, constants computed, patterns and functions prepared.
//!
//! [`crate::evaluate`] is the reference implementation for the tests.

mod compile;
mod apply;
mod set;

use std::sync::Arc;

use logmark_insights::ast::{MatchOperator, SetOperator};
use logmark_insights::period::Period;

use crate::plan::Subquery;
use crate::row::Access;
use crate::values::arithmetic;
use crate::values::call::Prepared;
use crate::values::compare::Comparison;
use crate::values::like::Like;
use crate::values::value::Value;

pub(crate) use compile::{Fields, compile};
pub(crate) use set::EqualSet;

/// A compiled expression. Its depth is bounded by the parser.
#[derive(Debug, Clone)]
pub struct Compiled(Node);

#[derive(Debug, Clone)]
enum Node {
    Constant(Value),
    Field(Access),
    Not(Box<Node>),
    Negate(Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Compute(arithmetic::Operator, Box<Node>, Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Like(MatchOperator, Box<Node>, Like),
    InConstants(SetOperator, Box<Node>, Arc<EqualSet>),
    InList(SetOperator, Box<Node>, Vec<Node>),
    InValue(SetOperator, Box<Node>, Box<Node>),
    InQuery(SetOperator, Box<Node>, Arc<Subquery>),
    Call(Box<Call>),
}

#[derive(Debug, Clone)]
struct Call {
    prepared: Prepared,
    arguments: Vec<Node>,
    /// The access to `@timestamp`, for `bin`.
    timestamp: Access,
    /// The access to `@message`, for `messageSize()`.
    message: Option<Access>,
    /// `stats … offset`: the shift of the bins.
    offset: Option<Period>,
}

impl Compiled {
    /// A constant.
    #[must_use]
    pub const fn constant(value: Value) -> Self {
        Self(Node::Constant(value))
    }

    /// A field.
    #[must_use]
    pub const fn field(access: Access) -> Self {
        Self(Node::Field(access))
    }

    /// The value, if it is the same for every row.
    #[must_use]
    pub const fn as_constant(&self) -> Option<&Value> {
        match &self.0 {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }
}
