//! The binary as whoever types its commands meets it: what it prints, its exit codes, its signals.

mod wire;
mod commands;
mod import;
mod demo;
mod readme;
mod serve;
mod cut_short;
mod roles;
mod semicomplete;
mod memory;
