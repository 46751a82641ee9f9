//! What the language's values are and what its functions make of them: pure functions, without a query.

pub mod value;
pub mod coerce;
