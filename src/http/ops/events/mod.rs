//! What the three event endpoints share: their parameters, their cursors, and their answers in every format.
//!
//! Reading order: [`ask`] (what is asked), `chosen_streams` (of which streams), `cursor` (what a cursor carries), [`answer`] (what is answered).

pub mod ask;
mod chosen_streams;
mod cursor;
pub mod answer;
