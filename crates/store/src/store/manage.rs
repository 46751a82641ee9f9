//! The calls that delete groups and streams, and those on tags and documents.
//!
//! All are durable when they return, and block.

use super::Store;
use crate::catalogue::attributes::Tags;
use crate::catalogue::list::GroupClass;
use crate::error::CatalogueError;

impl Store {
    /// Creates a group of a class, with tags. `now_ms` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupExists`], [`CatalogueError::TooManyTags`]; [`CatalogueError::Storage`] if the files fail.
    pub fn create_group_with(&self, group: &str, now_ms: i64, class: GroupClass, tags: &Tags) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.create_group_with(group, now_ms, class, tags)
    }

    /// Deletes a group with all of its streams. Its events can no longer be read; their space in segments is not reclaimed.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`]; [`CatalogueError::Storage`] if the files fail.
    pub fn delete_group(&self, group: &str) -> Result<(), CatalogueError> {
        let id = self.running.shared.catalogue.snapshot()?.group_id(group)?;
        self.running.shared.catalogue.delete_group(group)?;
        id.into_iter().for_each(|id| self.running.shared.subscriptions.notify_deletion(id));
        Ok(())
    }

    /// Deletes a stream. Its events can no longer be read; their space in segments is not reclaimed.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`], [`CatalogueError::StreamNotFound`]; [`CatalogueError::Storage`] if the files fail.
    pub fn delete_stream(&self, group: &str, stream: &str) -> Result<(), CatalogueError> {
        let id = self.running.shared.catalogue.snapshot()?.group_id(group)?;
        self.running.shared.catalogue.delete_stream(group, stream)?;
        id.into_iter().for_each(|id| self.running.shared.subscriptions.notify_deletion(id));
        Ok(())
    }

    /// The tags of a group.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`]; [`CatalogueError::Storage`] if the files fail.
    pub fn tags(&self, group: &str) -> Result<Tags, CatalogueError> {
        let snapshot = self.running.shared.catalogue.snapshot()?;
        let not_found = || CatalogueError::GroupNotFound { group: group.to_owned() };
        Ok(snapshot.tags(snapshot.group_id(group)?.ok_or_else(not_found)?)?)
    }

    /// Removes some tags of a group and sets others, all or none.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`], [`CatalogueError::TooManyTags`]; [`CatalogueError::Storage`] if the files fail.
    pub fn change_tags(&self, group: &str, set: &Tags, remove: &[String]) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.change_tags(group, set, remove)
    }

    /// All documents of a kind, by ascending key.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn documents(&self, kind: &str) -> Result<Vec<(String, Vec<u8>)>, CatalogueError> {
        Ok(self.running.shared.catalogue.snapshot()?.documents(kind)?)
    }

    /// Stores a document, replacing one with the same key.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::TooManyDocuments`] if the kind would have more than `most` documents; [`CatalogueError::Storage`] if the
    /// files fail.
    pub fn put_document(&self, kind: &'static str, key: &str, bytes: &[u8], most: usize) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.put_document(kind, key, bytes, most)
    }

    /// Removes a document, and returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn delete_document(&self, kind: &str, key: &str) -> Result<bool, CatalogueError> {
        self.running.shared.catalogue.delete_document(kind, key)
    }
}
