//! The catalogue of groups, streams and segments in one database file: names and their ids, figures of each stream as of the last
//! flush, and the manifest of segments.
//!
//! Contains no events. In reading order: `tables` (the rows), this file (opening and creating), `snapshot` (lookups), `list`
//! (lists), `publish` (the change of a flush), `attributes` (classes and tags of groups), `delete`, `documents` (documents
//! outside groups).
//!
//! The rows lag behind the memtables by design: code that describes a stream adds the activity of the memtables that the rows do
//! not cover yet.

mod tables;
pub(crate) mod snapshot;
pub(crate) mod list;
mod publish;
pub(crate) mod attributes;
mod delete;
mod documents;

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, RwLock};

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use crate::disk::Disk;
use crate::error::{CatalogueError, OpenError, StorageError};
use crate::segment::SegmentInfo;
use crate::sync;
use snapshot::Snapshot;
use tables::{
    DOCUMENTS, GROUP_ATTRIBUTES, GROUP_NAMES, GROUPS, META, META_COVERED, META_LAYOUT, META_NEXT_GROUP, META_NEXT_STREAM,
    SEGMENTS, STREAM_NAMES, STREAMS, STREAMS_BY_EVENT,
};

const FILE_NAME: &str = "catalogue.redb";
const UNFINISHED_NAME: &str = "catalogue.unfinished";
/// 2: streams count their events, and segments contain the number of each event in its stream.
const LAYOUT: u64 = 2;

/// The catalogue's database.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// The snapshot of the last commit, once it was asked for. Opening all tables costs more than reading a small page.
    ///
    /// INVARIANT: it is dropped after each commit, before the commit is reported. So no caller gets a snapshot older than a
    /// change that it knows of, and the database can use old pages again.
    latest: RwLock<Option<Arc<Snapshot>>>,
    database: Database,
}

/// A change of the catalogue. Dropped without a commit it changes nothing.
struct Change<'a> {
    catalogue: &'a Catalogue,
    transaction: WriteTransaction,
}

impl Deref for Change<'_> {
    type Target = WriteTransaction;

    fn deref(&self) -> &WriteTransaction {
        &self.transaction
    }
}

impl Change<'_> {
    /// Makes the change durable, and visible to snapshots.
    fn commit(self) -> Result<(), StorageError> {
        let Self { catalogue, transaction } = self;
        let committed = transaction.commit().map_err(StorageError::catalogue);
        // Also after a failure: whether the change is stored is then unknown.
        *sync::write(&catalogue.latest) = None;
        committed
    }
}

impl Catalogue {
    /// Opens the catalogue of a store's directory, or creates an empty one.
    pub(crate) fn open(disk: &Disk, directory: &Path, cache_bytes: usize) -> Result<Catalogue, OpenError> {
        let path = directory.join(FILE_NAME);
        if !path.try_exists().map_err(StorageError::io("inspect", &path))? {
            create(disk, directory, &path, cache_bytes)?;
        }
        let database = open_database(disk, &path, cache_bytes)?;
        let catalogue = Catalogue { latest: RwLock::default(), database };
        let found = catalogue.layout()?;
        if found != LAYOUT {
            return Err(OpenError::Layout { directory: directory.to_owned(), found, expected: LAYOUT });
        }
        catalogue.add_missing_tables()?;
        Ok(catalogue)
    }

    /// Adds the tables that a store of an earlier release lacks.
    fn add_missing_tables(&self) -> Result<(), StorageError> {
        let reading = self.database.begin_read().map_err(StorageError::catalogue)?;
        if reading.open_table(GROUP_ATTRIBUTES).is_ok() && reading.open_table(DOCUMENTS).is_ok() {
            return Ok(());
        }
        drop(reading);
        let transaction = self.begin()?;
        transaction.open_table(GROUP_ATTRIBUTES).map_err(StorageError::catalogue)?;
        transaction.open_table(DOCUMENTS).map_err(StorageError::catalogue)?;
        transaction.commit()
    }

    /// The layout of the directory. Reads no other table, because another layout may have other rows.
    fn layout(&self) -> Result<u64, StorageError> {
        let read = || -> Result<u64, redb::Error> {
            let meta = self.database.begin_read()?.open_table(META)?;
            Ok(meta.get(META_LAYOUT)?.map_or(0, |value| value.value()))
        };
        read().map_err(StorageError::catalogue)
    }

    /// The catalogue as of now.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, StorageError> {
        if let Some(latest) = &*sync::read(&self.latest) {
            return Ok(Arc::clone(latest));
        }
        // With the lock held, so that a snapshot taken before a commit is not kept after it.
        let mut latest = sync::write(&self.latest);
        let snapshot = Arc::new(Snapshot::new(&self.database.begin_read().map_err(StorageError::catalogue)?)?);
        *latest = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }

    /// Adds a group. Durable when it returns.
    pub(crate) fn create_group(&self, group: &str, now_ms: i64) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        if !insert_group(&transaction, group, now_ms)? {
            return Err(CatalogueError::GroupExists { group: group.to_owned() });
        }
        Ok(transaction.commit()?)
    }

    /// Adds a stream. Durable when it returns.
    pub(crate) fn create_stream(&self, group: &str, stream: &str, now_ms: i64) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        let id = group_id(&transaction, group)?;
        let Some(id) = id else { return Err(CatalogueError::GroupNotFound { group: group.to_owned() }) };
        if !insert_stream(&transaction, id, stream, now_ms)? {
            return Err(CatalogueError::StreamExists { group: group.to_owned(), stream: stream.to_owned() });
        }
        Ok(transaction.commit()?)
    }

    /// Changes the retention of a group. Durable when it returns.
    pub(crate) fn set_retention(&self, group: &str, days: Option<u32>) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        if !update_retention(&transaction, group, days)? {
            return Err(CatalogueError::GroupNotFound { group: group.to_owned() });
        }
        Ok(transaction.commit()?)
    }

    /// The sequence number up to which all events are in segments, and these segments.
    pub(crate) fn manifest(&self) -> Result<(u64, Vec<SegmentInfo>), StorageError> {
        let snapshot = self.snapshot()?;
        Ok((snapshot.covered(), snapshot.segments()?))
    }

    fn begin(&self) -> Result<Change<'_>, StorageError> {
        let transaction = self.database.begin_write().map_err(StorageError::catalogue)?;
        Ok(Change { catalogue: self, transaction })
    }
}

// Created under another name first, because a crash must not leave a file that cannot be opened.
fn create(disk: &Disk, directory: &Path, path: &Path, cache_bytes: usize) -> Result<(), StorageError> {
    let unfinished = directory.join(UNFINISHED_NAME);
    if unfinished.try_exists().map_err(StorageError::io("inspect", &unfinished))? {
        disk.remove(&unfinished)?;
    }
    let database = open_database(disk, &unfinished, cache_bytes)?;
    let transaction = database.begin_write().map_err(StorageError::catalogue)?;
    create_tables(&transaction).map_err(StorageError::catalogue)?;
    transaction.commit().map_err(StorageError::catalogue)?;
    drop(database);
    disk.rename(&unfinished, path)?;
    disk.sync_directory(directory)
}

fn open_database(disk: &Disk, path: &Path, cache_bytes: usize) -> Result<Database, StorageError> {
    let file = disk.open_or_create(path)?;
    Database::builder().set_cache_size(cache_bytes).create_file(file).map_err(StorageError::catalogue)
}

fn create_tables(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(GROUPS)?;
    transaction.open_table(GROUP_NAMES)?;
    transaction.open_table(STREAMS)?;
    transaction.open_table(STREAM_NAMES)?;
    transaction.open_table(STREAMS_BY_EVENT)?;
    transaction.open_table(SEGMENTS)?;
    transaction.open_table(GROUP_ATTRIBUTES)?;
    transaction.open_table(DOCUMENTS)?;
    let mut meta = transaction.open_table(META)?;
    for (key, value) in [(META_LAYOUT, LAYOUT), (META_COVERED, 0), (META_NEXT_GROUP, 1), (META_NEXT_STREAM, 1)] {
        meta.insert(key, value)?;
    }
    Ok(())
}

fn group_id(transaction: &WriteTransaction, group: &str) -> Result<Option<u64>, StorageError> {
    let find = || -> Result<Option<u64>, redb::Error> {
        let groups = transaction.open_table(GROUPS)?;
        Ok(groups.get(group)?.map(|row| row.value().0))
    };
    find().map_err(StorageError::catalogue)
}

fn take_id(transaction: &WriteTransaction, key: &str) -> Result<u64, redb::Error> {
    let mut meta = transaction.open_table(META)?;
    let id = meta.get(key)?.map_or(1, |value| value.value());
    meta.insert(key, id + 1)?;
    Ok(id)
}

fn insert_group(transaction: &WriteTransaction, group: &str, now_ms: i64) -> Result<bool, StorageError> {
    let insert = || -> Result<bool, redb::Error> {
        let mut groups = transaction.open_table(GROUPS)?;
        if groups.get(group)?.is_some() {
            return Ok(false);
        }
        let id = take_id(transaction, META_NEXT_GROUP)?;
        groups.insert(group, (id, now_ms, None, 0))?;
        transaction.open_table(GROUP_NAMES)?.insert(id, group)?;
        Ok(true)
    };
    insert().map_err(StorageError::catalogue)
}

fn insert_stream(transaction: &WriteTransaction, group: u64, stream: &str, now_ms: i64) -> Result<bool, StorageError> {
    let insert = || -> Result<bool, redb::Error> {
        let mut streams = transaction.open_table(STREAMS)?;
        if streams.get((group, stream))?.is_some() {
            return Ok(false);
        }
        let id = take_id(transaction, META_NEXT_STREAM)?;
        streams.insert((group, stream), (id, now_ms, None, None, None, 0, 0))?;
        transaction.open_table(STREAM_NAMES)?.insert(id, (group, stream))?;
        transaction.open_table(STREAMS_BY_EVENT)?.insert((group, i64::MIN, stream), id)?;
        Ok(true)
    };
    insert().map_err(StorageError::catalogue)
}

fn update_retention(transaction: &WriteTransaction, group: &str, days: Option<u32>) -> Result<bool, StorageError> {
    let update = || -> Result<bool, redb::Error> {
        let mut groups = transaction.open_table(GROUPS)?;
        let Some((id, created_at, _, bytes)) = groups.get(group)?.map(|row| row.value()) else {
            return Ok(false);
        };
        groups.insert(group, (id, created_at, days, bytes))?;
        Ok(true)
    };
    update().map_err(StorageError::catalogue)
}
