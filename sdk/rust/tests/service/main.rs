//! The client against a running service, which says by variables where it is: `sdk/README.md` says what is there.

mod stage;
mod client;
mod events;
mod streams;
mod queries;
mod errors;
