//! Inputs that log tools are known to mishandle: public bug reports, posted queries, deployed configurations.
//!
//! The case files are not part of the project. `LOGMARK_TEST_DATA` names the folder with `field/*.json`; the default is
//! `shared/data` beside the project. A test without its file prints that it is skipped.

mod cases;
mod import;
mod insights;
mod patterns;
mod reading;
mod tokens;
