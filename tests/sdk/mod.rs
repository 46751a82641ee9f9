//! The clients of `sdk/`, each against a separate service: the client's own tests as a child process, and its samples.
//!
//! `sdk/CONTRIBUTING.md` is the contract for the service that a client finds; [`environment`] starts it, [`proxy`] is the faulty
//! front end before it. A client's tools come from `make setup`. If they are missing or were generated from another document, the
//! test fails with a message, because a skipped check proves nothing.

mod environment;
mod proxy;
mod samples;
mod typescript;
mod python;
mod rust;
mod go;
