//! Formats by behaviour: lines, templates, recognition, queries.

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
