//! The contract of a source that can be written to.
//!
//! Owns the trait [`WriteSource`] and its errors. Every method takes the permit for its own operation, like those of
//! [`super::Source`]; every change is durable when the method returns.

use std::fmt;

use async_trait::async_trait;

use super::SourceError;
use crate::auth::permit::Permit;
use crate::domain::time::Millis;
use crate::domain::write_operations::{
    ChangeTags, CreateGroup, CreateStream, DeleteDefinition, DeleteGroup, DeleteStream, DeleteTable, ListDefinitions, ListTables,
    LookupTable, PutEvents, ReadTable, ReadTags, Rejected, SaveDefinition, SaveTable, SetRetention, TableBody, Tags,
};

/// Why a change was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A group or stream of this name exists already.
    #[error("it exists already")]
    Exists,
    /// The request violates a rule of the operation; the text is CloudWatch's if it has one.
    #[error("{0}")]
    Invalid(String),
    /// The change would exceed a limit; the text names it.
    #[error("{0}")]
    TooMany(String),
    /// Another failure of the source.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// A source that takes the service's own audit lines.
#[async_trait]
pub trait EventSink: Send + Sync + fmt::Debug {
    /// Adds events, in the stream of both permits, which is created if it does not exist.
    async fn add_events(&self, create: &Permit<CreateStream>, put: Permit<PutEvents>, now: Millis) -> Result<(), WriteError>;
}

/// A source that can be written to.
#[async_trait]
pub trait WriteSource: Send + Sync + fmt::Debug {
    /// Creates a group at the time `now`.
    async fn create_group(&self, permit: &Permit<CreateGroup>, now: Millis) -> Result<(), WriteError>;

    /// Deletes a group with its streams.
    async fn delete_group(&self, permit: &Permit<DeleteGroup>) -> Result<(), WriteError>;

    /// Creates a stream at the time `now`.
    async fn create_stream(&self, permit: &Permit<CreateStream>, now: Millis) -> Result<(), WriteError>;

    /// Deletes a stream.
    async fn delete_stream(&self, permit: &Permit<DeleteStream>) -> Result<(), WriteError>;

    /// Sets how long a group keeps its events.
    async fn set_retention(&self, permit: &Permit<SetRetention>) -> Result<(), WriteError>;

    /// Changes the tags of a group.
    async fn change_tags(&self, permit: &Permit<ChangeTags>) -> Result<(), WriteError>;

    /// The tags of a group.
    async fn tags(&self, permit: &Permit<ReadTags>) -> Result<Tags, WriteError>;

    /// Stores events by the operation's rules at the time `now`. Returns which were rejected.
    async fn put_events(&self, permit: Permit<PutEvents>, now: Millis) -> Result<Option<Rejected>, WriteError>;

    /// The saved queries: id and document, ascending by id.
    async fn definitions(&self, permit: &Permit<ListDefinitions>) -> Result<Vec<(String, Vec<u8>)>, WriteError>;

    /// Saves a query.
    async fn save_definition(&self, permit: &Permit<SaveDefinition>) -> Result<(), WriteError>;

    /// Deletes a saved query. Returns whether it existed.
    async fn delete_definition(&self, permit: &Permit<DeleteDefinition>) -> Result<bool, WriteError>;

    /// The lookup tables of all tenants, ascending by name.
    async fn tables(&self, permit: &Permit<ListTables>) -> Result<Vec<LookupTable>, WriteError>;

    /// A lookup table and its content.
    async fn table(&self, permit: &Permit<ReadTable>) -> Result<(LookupTable, TableBody), WriteError>;

    /// Creates a lookup table, or changes one. Queries that have opened the table keep its content.
    async fn save_table(&self, permit: Permit<SaveTable>) -> Result<LookupTable, WriteError>;

    /// Deletes a lookup table. Whether it was there.
    async fn delete_table(&self, permit: &Permit<DeleteTable>) -> Result<bool, WriteError>;
}
