//! An independent implementation of the language for comparison with the matcher, and a random generator of cases.

mod meaning;
mod random;

pub(crate) use meaning::extract;
pub(crate) use random::Random;
