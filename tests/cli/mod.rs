//! The binary as whoever types its commands meets it: what it prints, its exit codes, its signals.

pub mod wire;
mod commands;
mod import;
mod import_times;
mod demo;
mod readme;
mod serve;
mod cut_short;
mod operators;
mod roles;
mod semicomplete;
mod memory;
mod client;
