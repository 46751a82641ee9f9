//! Inputs of the kinds that log tools get wrong in the field: public bug reports, posted queries, deployed configurations.
//!
//! The case files are not part of the project. `LOGMARK_TEST_DATA` names the folder that holds `field/*.json`; without the
//! variable it is looked for in `shared/data` beside the project. A test without its file prints that it is skipped.

mod cases;
mod import;
mod insights;
mod patterns;
mod reading;
mod tokens;
