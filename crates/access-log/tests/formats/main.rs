//! Formats by behaviour: lines, templates, recognition, queries.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skips"
)]

mod support;
mod gotchas;
mod preludes;
mod real_lines;
mod recognition;
mod round_trip;
mod splitting;
mod template_errors;
mod templates;
mod web_servers;
