//! What the three event endpoints share: their parameters, their cursors, and their answers in every format.
//!
//! Reading order: [`request`] (what is asked), `chosen_streams` (of which streams), `cursor` (what a cursor carries),
//! [`response`] (what is answered).

pub mod request;
mod chosen_streams;
mod cursor;
pub mod response;
