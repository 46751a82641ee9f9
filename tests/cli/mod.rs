//! The command line: output, exit codes, signals.

pub mod wire;
mod commands;
mod explain;
mod check_online;
mod import;
mod import_times;
mod demo;
mod readme;
pub mod serve;
mod cut_short;
mod operators;
mod roles;
mod semicomplete;
mod memory;
mod client;
