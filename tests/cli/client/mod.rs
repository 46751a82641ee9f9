//! The client commands against a service, and against servers with false answers.

mod environment;
mod logs;
mod tail;
mod haproxy;
mod groups;
mod query;
mod report;
mod refusals;
mod hostile;
mod completions;
