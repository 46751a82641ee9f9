//! The audit trail: the lines of each request, their form, their proof, and the behaviour when they cannot be written.

mod group;
mod lines;
mod policy_tests;
mod unwritable;
mod verify;
