//! The queries that were started at an endpoint, by the ids that clients received.
//!
//! Owns the list, which is bounded and in memory: a restart clears it and ends the queries. The ids are random.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand;

use crate::aws_protocol::error::ServiceError;
use crate::domain::query::operations::{QueryStatus, RunningQuery};
use crate::domain::time::Millis;

/// Remembered queries; the oldest are removed first.
const REMEMBERED: usize = 1000;

/// A query in the list.
#[derive(Debug, Clone)]
pub struct StartedQuery {
    /// The id that the client received.
    pub id: String,
    /// The running query.
    pub query: RunningQuery,
    /// The query's text as AWS shows it: with the groups and times of its start.
    pub text: String,
    /// The time of its start.
    pub created: Millis,
    /// Its final status, once known.
    pub ended: Option<QueryStatus>,
}

/// The list.
#[derive(Debug, Default)]
pub struct QueryRegistry(Mutex<VecDeque<StartedQuery>>);

impl QueryRegistry {
    /// Adds a query and returns its id, in the form of a UUID.
    ///
    /// # Errors
    /// When the system provides no random bytes.
    pub fn add(&self, query: RunningQuery, text: String, created: Millis) -> Result<String, ServiceError> {
        let id = random_id()?;
        let mut started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        started.push_back(StartedQuery { id: id.clone(), query, text, created, ended: None });
        while started.len() > REMEMBERED {
            started.pop_front();
        }
        Ok(id)
    }

    /// The query with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<StartedQuery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|query| query.id == id).cloned()
    }

    /// All queries, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<StartedQuery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }

    /// Stores the final status of a query.
    pub fn note(&self, id: &str, status: QueryStatus) {
        if status.has_ended()
            && let Some(query) = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().find(|query| query.id == id)
        {
            query.ended = Some(status);
        }
    }
}

/// A random id in the form of a UUID.
///
/// # Errors
/// When the system provides no random bytes.
pub(super) fn random_id() -> Result<String, ServiceError> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes).map_err(|_| ServiceError::unavailable("no randomness"))?;
    // Version 4, variant 1 (RFC 9562).
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}
