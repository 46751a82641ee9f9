//! Converts the store's errors into errors of a source.

use logmark_store::{CatalogueError, ReadError};

use crate::sources::SourceError;

impl From<CatalogueError> for SourceError {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::GroupNotFound { .. } => Self::NotFound,
            CatalogueError::StreamNotFound { .. } => Self::StreamNotFound,
            other => Self::Store(other.to_string()),
        }
    }
}

impl From<ReadError> for SourceError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::GroupNotFound { .. } => Self::NotFound,
            ReadError::StreamNotFound { .. } => Self::StreamNotFound,
            ReadError::Storage(cause) => Self::Store(cause.to_string()),
        }
    }
}
