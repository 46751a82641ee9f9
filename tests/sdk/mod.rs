//! The clients of `sdk/`, each against a service of its own: the client's own tests as a child process, and its samples.
//!
//! What a client finds there is the contract of `sdk/CONTRIBUTING.md`; [`environment`] puts it up, [`proxy`] is the front door
//! with bad habits. A client's tools come from `make setup`; without them, or with what was made from another document, its test
//! fails and says so: a proof that is skipped in silence is none.

mod environment;
mod proxy;
mod samples;
mod typescript;
mod python;
mod rust;
mod go;
