//! Small documents outside groups, such as saved queries: bytes by kind and key.
//!
//! Does not interpret them. The caller bounds their number.

use redb::ReadableTable;

use super::Catalogue;
use super::snapshot::Snapshot;
use super::tables::DOCUMENTS;
use crate::error::{CatalogueError, StorageError};

impl Snapshot {
    /// All documents of a kind, by ascending key.
    pub(crate) fn documents(&self, kind: &str) -> Result<Vec<(String, Vec<u8>)>, StorageError> {
        let mut found = Vec::new();
        for row in self.documents.range((kind, "")..).map_err(StorageError::catalogue)? {
            let (key, bytes) = row.map_err(StorageError::catalogue)?;
            let (of, key) = key.value();
            if of != kind {
                break;
            }
            found.push((key.to_owned(), bytes.value().to_vec()));
        }
        Ok(found)
    }
}

impl Catalogue {
    /// Stores a document, replacing one with the same key. Durable when it returns. A kind has at most `most` documents.
    pub(crate) fn put_document(&self, kind: &'static str, key: &str, bytes: &[u8], most: usize) -> Result<(), CatalogueError> {
        let transaction = self.begin()?;
        let put = || -> Result<usize, redb::Error> {
            let mut documents = transaction.open_table(DOCUMENTS)?;
            documents.insert((kind, key), bytes)?;
            let mut count = 0;
            for row in documents.range((kind, "")..)? {
                if row?.0.value().0 != kind {
                    break;
                }
                count += 1;
            }
            Ok(count)
        };
        if put().map_err(StorageError::catalogue)? > most {
            return Err(CatalogueError::TooManyDocuments { kind, most });
        }
        Ok(transaction.commit()?)
    }

    /// Removes a document, and returns whether it existed. Durable when it returns.
    pub(crate) fn delete_document(&self, kind: &str, key: &str) -> Result<bool, CatalogueError> {
        let transaction = self.begin()?;
        let was_there = {
            let mut documents = transaction.open_table(DOCUMENTS).map_err(StorageError::catalogue)?;
            documents.remove((kind, key)).map_err(StorageError::catalogue)?.is_some()
        };
        transaction.commit()?;
        Ok(was_there)
    }
}
