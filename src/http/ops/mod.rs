//! The operations, one file each: parameters, request, answer, description, handler.
//!
//! Owns requests and answers of endpoints. Handlers are short: [`super::authorized`] makes the permit, a source does the work, and
//! [`super::encode`] writes the answer.

mod parameters;
pub mod events;
pub mod tail;
mod list;
pub mod read_stream;
pub mod read_group;
pub mod read_logs;
pub mod check;
pub mod check_filter;
pub mod list_groups;
pub mod describe_group;
pub mod list_streams;
pub mod describe_fields;
pub mod queries;
pub mod read_record;
pub mod reports;
pub mod me;
pub mod explain;
pub mod index;
pub mod metadata;
pub mod docs;
mod page;
pub mod problems;
pub mod create_ticket;
