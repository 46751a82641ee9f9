//! Deletes groups and streams: removes their rows in one transaction.
//!
//! Ids are never reused, so reads never find events of deleted groups and streams; the events stay in their segments and in the
//! log. A flush skips them (see `publish`).

use redb::{ReadableTable, WriteTransaction};

use super::tables::{
    GROUP_ATTRIBUTES, GROUP_NAMES, GROUPS, STREAM_NAMES, STREAMS, STREAMS_BY_EVENT, StreamRow, activity, event_key,
};
use super::{Catalogue, group_id};
use crate::error::{CatalogueError, StorageError};

impl Catalogue {
    /// Removes a group with its streams, tags and retention. Durable when it returns.
    pub(crate) fn delete_group(&self, group: &str) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        let id = group_id(&transaction, group)?.ok_or_else(|| CatalogueError::GroupNotFound { group: group.to_owned() })?;
        remove_group(&transaction, group, id).map_err(StorageError::catalogue)?;
        Ok(transaction.commit()?)
    }

    /// Removes a stream. Durable when it returns.
    pub(crate) fn delete_stream(&self, group: &str, stream: &str) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        let id = group_id(&transaction, group)?.ok_or_else(|| CatalogueError::GroupNotFound { group: group.to_owned() })?;
        if !remove_stream(&transaction, group, id, stream).map_err(StorageError::catalogue)? {
            return Err(CatalogueError::StreamNotFound { group: group.to_owned(), stream: stream.to_owned() });
        }
        Ok(transaction.commit()?)
    }
}

fn remove_group(transaction: &WriteTransaction, group: &str, id: u64) -> Result<(), redb::Error> {
    let after = id.saturating_add(1);
    let mut streams = transaction.open_table(STREAMS)?;
    let mut names = transaction.open_table(STREAM_NAMES)?;
    for row in streams.extract_from_if((id, "")..(after, ""), |_, _| true)? {
        names.remove(row?.1.value().0)?;
    }
    transaction.open_table(STREAMS_BY_EVENT)?.retain_in((id, i64::MIN, "")..(after, i64::MIN, ""), |_, _| false)?;
    transaction.open_table(GROUP_ATTRIBUTES)?.retain_in((id, "")..(after, ""), |_, _| false)?;
    transaction.open_table(GROUP_NAMES)?.remove(id)?;
    transaction.open_table(GROUPS)?.remove(group)?;
    Ok(())
}

/// Whether the stream existed.
fn remove_stream(transaction: &WriteTransaction, group: &str, id: u64, stream: &str) -> Result<bool, redb::Error> {
    let mut streams = transaction.open_table(STREAMS)?;
    let Some(row): Option<StreamRow> = streams.remove((id, stream))?.map(|row| row.value()) else { return Ok(false) };
    transaction.open_table(STREAM_NAMES)?.remove(row.0)?;
    transaction.open_table(STREAMS_BY_EVENT)?.remove((id, event_key(row.3), stream))?;
    let mut groups = transaction.open_table(GROUPS)?;
    let found = groups.get(group)?.map(|row| row.value());
    if let Some((id, created_at, retention, bytes)) = found {
        groups.insert(group, (id, created_at, retention, bytes.saturating_sub(activity(row).bytes)))?;
    }
    Ok(true)
}
