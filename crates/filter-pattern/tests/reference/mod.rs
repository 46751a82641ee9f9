//! A second reading of the language, to hold the matcher against; and chance, to have something to hold.

mod meaning;
mod random;

pub(crate) use meaning::extract;
pub(crate) use random::Random;
