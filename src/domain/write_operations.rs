//! The operations that change what a source holds: groups, streams, events, and what is kept beside them.
//!
//! Owns the shapes, and what the answers say. Each names the source that it changes: an operation that changes something never
//! chooses between sources by itself.

use std::collections::BTreeMap;

use super::name::{LogGroupName, LogStreamName, SourceName};
use super::operation::{Action, Operation, Target};

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

/// CloudWatch's log class of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogClass {
    /// `STANDARD`.
    #[default]
    Standard,
    /// `INFREQUENT_ACCESS`.
    InfrequentAccess,
    /// `DELIVERY`.
    Delivery,
}

impl LogClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Standard, Self::InfrequentAccess, Self::Delivery];

    /// CloudWatch's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::InfrequentAccess => "INFREQUENT_ACCESS",
            Self::Delivery => "DELIVERY",
        }
    }
}

/// An operation on one group or on none.
macro_rules! operation {
    ($type:ident, $name:literal, $action:ident, $self:ident => $target:expr) => {
        impl Operation for $type {
            const NAME: &'static str = $name;
            const ACTION: Action = Action::$action;
            fn target(&$self) -> Target<'_> {
                $target
            }
            fn source(&self) -> Option<&SourceName> {
                Some(&self.source)
            }
        }
    };
}

/// Creates a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateGroup {
    /// In which source.
    pub source: SourceName,
    /// Its name.
    pub group: LogGroupName,
    /// Its class.
    pub class: LogClass,
    /// Its tags.
    pub tags: Tags,
}

operation!(CreateGroup, "createGroup", Write, self => Target::Group(&self.group));

/// Deletes a group with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteGroup {
    /// In which source.
    pub source: SourceName,
    /// Its name.
    pub group: LogGroupName,
}

operation!(DeleteGroup, "deleteGroup", Write, self => Target::Group(&self.group));

/// Creates a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStream {
    /// In which source.
    pub source: SourceName,
    /// Its group.
    pub group: LogGroupName,
    /// Its name.
    pub stream: LogStreamName,
}

operation!(CreateStream, "createStream", Write, self => Target::Streams(&self.group, std::slice::from_ref(&self.stream)));

/// Deletes a stream with its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteStream {
    /// In which source.
    pub source: SourceName,
    /// Its group.
    pub group: LogGroupName,
    /// Its name.
    pub stream: LogStreamName,
}

operation!(DeleteStream, "deleteStream", Write, self => Target::Streams(&self.group, std::slice::from_ref(&self.stream)));

/// Says for how many days a group keeps its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRetention {
    /// In which source.
    pub source: SourceName,
    /// The group.
    pub group: LogGroupName,
    /// How many days; `None`: without end.
    pub days: Option<u32>,
}

operation!(SetRetention, "setRetention", Write, self => Target::Group(&self.group));

/// Sets some tags of a group and removes others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeTags {
    /// In which source.
    pub source: SourceName,
    /// The group.
    pub group: LogGroupName,
    /// The tags to set.
    pub set: Tags,
    /// The keys of the tags to remove.
    pub remove: Vec<String>,
}

operation!(ChangeTags, "changeTags", Write, self => Target::Group(&self.group));

/// The tags of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTags {
    /// In which source.
    pub source: SourceName,
    /// The group.
    pub group: LogGroupName,
}

operation!(ReadTags, "readTags", Describe, self => Target::Group(&self.group));

/// An event to store.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When it happened, epoch milliseconds.
    pub timestamp: i64,
    /// Its text.
    pub message: String,
}

impl std::fmt::Debug for NewEvent {
    /// Says nothing of the message: it does not belong in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewEvent({}, ..)", self.timestamp)
    }
}

/// Which rules a batch of events is stored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutRules {
    /// Those of PutLogEvents: order, age and span.
    CloudWatch,
    /// Events of any time and order, as a file of old logs has them.
    Import,
}

/// Stores a batch of events in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutEvents {
    /// In which source.
    pub source: SourceName,
    /// The group.
    pub group: LogGroupName,
    /// The stream.
    pub stream: LogStreamName,
    /// The events.
    pub events: Vec<NewEvent>,
    /// By which rules.
    pub rules: PutRules,
}

operation!(PutEvents, "putEvents", Write, self => Target::Streams(&self.group, std::slice::from_ref(&self.stream)));

/// Which events of a batch were left out: their places from zero (PutLogEvents, `rejectedLogEventsInfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rejected {
    /// The first that is too far in the future; all from it on are left out.
    pub too_new_start: Option<usize>,
    /// One past the last that is more than 14 days old.
    pub too_old_end: Option<usize>,
    /// One past the last that is older than the group's retention.
    pub expired_end: Option<usize>,
}

/// Lists the saved queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListDefinitions {
    /// In which source.
    pub source: SourceName,
}

operation!(ListDefinitions, "listQueryDefinitions", Query, self => Target::Groups);

/// Saves a query, in place of the one with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveDefinition {
    /// In which source.
    pub source: SourceName,
    /// The query's id.
    pub id: String,
    /// The query, as the caller of the source writes it.
    pub document: Vec<u8>,
}

operation!(SaveDefinition, "saveQueryDefinition", Write, self => Target::Groups);

/// Deletes a saved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteDefinition {
    /// In which source.
    pub source: SourceName,
    /// The query's id.
    pub id: String,
}

operation!(DeleteDefinition, "deleteQueryDefinition", Write, self => Target::Groups);

/// The name of a lookup table: 1 to 251 letters, digits and `_` of ASCII, so that a file can have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName(String);

impl TableName {
    /// CloudWatch's pattern of names.
    pub const PATTERN: &'static str = "^[a-zA-Z0-9_]+$";
    /// The longest name: file systems allow 255 bytes, with `.csv`.
    pub const MAX_LENGTH: usize = 251;

    /// The name; `None` for a text that is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_name = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(fits);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The content of a lookup table: CSV with a header, in UTF-8.
#[derive(Clone, PartialEq, Eq)]
pub struct TableBody(pub String);

impl std::fmt::Debug for TableBody {
    /// Does not show the content, which may have secrets that must not be logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TableBody({} bytes)", self.0.len())
    }
}

/// The part of a lookup table that is not in its file.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TableDetails {
    /// The description, if there is one.
    pub description: Option<String>,
    /// The tags.
    pub tags: Tags,
}

/// A lookup table without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTable {
    /// The name.
    pub name: TableName,
    /// The columns.
    pub fields: Vec<String>,
    /// Rows, without the header.
    pub records: u64,
    /// The size of the file.
    pub bytes: u64,
    /// When the file was changed last.
    pub updated: super::time::Millis,
    /// Description and tags.
    pub details: TableDetails,
}

/// Lists the lookup tables of all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTables {
    /// In which source.
    pub source: SourceName,
}

operation!(ListTables, "listLookupTables", Query, self => Target::Groups);

/// Reads a lookup table with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTable {
    /// In which source.
    pub source: SourceName,
    /// The name.
    pub name: TableName,
}

operation!(ReadTable, "readLookupTable", Query, self => Target::Groups);

/// A change of a lookup table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableChange {
    /// A new table.
    Create(TableBody, TableDetails),
    /// Another content of a table, and another description if one is given.
    Update(TableBody, Option<String>),
    /// Other tags: those to set, and the keys of those to remove.
    Tag(Tags, Vec<String>),
}

/// Creates a lookup table, or changes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveTable {
    /// In which source.
    pub source: SourceName,
    /// The name.
    pub name: TableName,
    /// The change.
    pub change: TableChange,
}

operation!(SaveTable, "saveLookupTable", Write, self => Target::Groups);

/// Deletes a lookup table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteTable {
    /// In which source.
    pub source: SourceName,
    /// The name.
    pub name: TableName,
}

operation!(DeleteTable, "deleteLookupTable", Write, self => Target::Groups);
