//! What `infra/` says of Logmark is what Logmark does: the calls that its roles must allow are recorded here.
//!
//! Every operation of the API is asked for; what the fake CloudWatch saw of it, as actions and the names in them, is
//! `infra/calls.json`. `infra/tools/policies.py` proves from that file that the roles allow this and no more.

mod calls;
mod log_lines;
mod unit;
mod monitoring;
