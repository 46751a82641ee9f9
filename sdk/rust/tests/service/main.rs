//! The client against a running service, which says by variables where it is: `sdk/README.md` says what is there.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by stopping")]

mod stage;
mod events;
mod streams;
mod queries;
mod errors;
