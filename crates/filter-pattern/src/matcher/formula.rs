//! The `&&` and `||` of a compound pattern over its numbered tests.

use super::error::CompileError;
use crate::ast::Condition;

/// How deep conditions may nest: a pattern of 1,024 characters cannot nest half as deep.
const MAX_NESTING: usize = 256;

/// Tests joined by `&&` and `||`, by number.
#[derive(Debug)]
pub(super) enum Formula {
    Test(usize),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Formula {
    /// Numbers the tests of a condition with `number`, in the order of the text.
    pub(super) fn new<T>(
        condition: &Condition<T>,
        number: &mut impl FnMut(&T) -> Result<usize, CompileError>,
    ) -> Result<Self, CompileError> {
        Self::nested(condition, number, MAX_NESTING)
    }

    fn nested<T>(
        condition: &Condition<T>,
        number: &mut impl FnMut(&T) -> Result<usize, CompileError>,
        room: usize,
    ) -> Result<Self, CompileError> {
        let Some(room) = room.checked_sub(1) else { return Err(CompileError::TooComplex) };
        let mut list = |members: &[Condition<T>]| -> Result<Vec<_>, _> {
            members.iter().map(|member| Self::nested(member, number, room)).collect()
        };
        Ok(match condition {
            Condition::Test(test) => Self::Test(number(test)?),
            Condition::All(members) => Self::All(list(members)?),
            Condition::Any(members) => Self::Any(list(members)?),
        })
    }

    /// Whether the condition holds for the results of `test`. Evaluates no more tests than needed.
    pub(super) fn holds(&self, test: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Test(number) => test(*number),
            Self::All(members) => members.iter().all(|member| member.holds(test)),
            Self::Any(members) => members.iter().any(|member| member.holds(test)),
        }
    }
}
