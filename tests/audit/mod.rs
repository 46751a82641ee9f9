//! The audit trail: what each request leaves in it, its form, its proof, and what happens when it cannot be written.

mod group;
mod lines;
mod policy_tests;
mod unwritable;
mod verify;
