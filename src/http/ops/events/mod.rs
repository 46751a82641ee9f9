//! The shared part of the three event endpoints: parameters, cursors, and answers in every format.
//!
//! Reading order: `parameters`, [`request`], [`tail_request`], `chosen_streams`, `cursor`, [`response`].

pub(super) mod parameters;
pub mod request;
mod chosen_streams;
mod cursor;
pub mod tail_request;
pub mod response;
