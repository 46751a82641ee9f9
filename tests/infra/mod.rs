//! Compares `infra/` with the service: records the calls that its roles must allow.
//!
//! The tests request every operation of the API. `infra/calls.json` has the resulting calls to the fake CloudWatch, as actions
//! and resource names. `infra/tools/policies.py` proves from that file that the roles allow these calls and no others.

mod calls;
mod log_lines;
mod unit;
mod monitoring;
