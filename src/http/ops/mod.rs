//! The operations, one file each: request, answer, description, handler.
//!
//! Owns what an endpoint reads and shows. Handlers are a few lines: the permit comes from [`super::authorized`], the work
//! from a source, the form from [`super::encode`].

pub mod events;
mod list;
pub mod read_stream;
pub mod read_group;
pub mod read_logs;
pub mod list_groups;
pub mod describe_group;
pub mod list_streams;
pub mod describe_fields;
pub mod queries;
pub mod read_record;
pub mod me;
pub mod explain;
pub mod index;
pub mod metadata;
pub mod docs;
mod page;
pub mod problems;
pub mod unsupported;
