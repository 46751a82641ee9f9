//! Pages of a query's rows, in CloudWatch's format.

use logmark_engine::run::{QueryRows, ResultRow};

use super::tracker::TrackedQuery;
use crate::domain::event::Position;
use crate::domain::query::operations::{QueryPage, QueryStatus, Row, Statistics};
use crate::sources::SourceError;

/// The column with the pointer to a row's event.
const POINTER: &str = "@ptr";
/// Bytes of texts after which a page ends. It has at least one row.
const PAGE_BYTES: usize = 4 << 20;

/// A page from a row on. Only a complete query can be paged, because the rows of a running query change.
pub(super) fn page(tracked: &TrackedQuery, from: usize, limit: usize) -> Result<QueryPage, SourceError> {
    // The status is read first: if it is final, the rows read after it are final too.
    let status = tracked.status();
    let found = tracked.handle.rows();
    if from > found.rows.len() {
        return Err(SourceError::InvalidPosition);
    }
    let mut rows = Vec::new();
    let mut bytes = 0;
    for row in found.rows.iter().skip(from).take(limit) {
        let texts = texts(&found, row);
        bytes += texts.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if bytes > PAGE_BYTES && !rows.is_empty() {
            break;
        }
        rows.push(texts);
    }
    let behind = from + rows.len();
    let goes_on = status == QueryStatus::Complete && behind < found.rows.len();
    let counted = tracked.handle.statistics();
    Ok(QueryPage {
        status,
        rows,
        statistics: Some(Statistics {
            records_matched: counted.records_matched as f64,
            records_scanned: counted.records_scanned as f64,
            bytes_scanned: counted.bytes_scanned as f64,
        }),
        estimated_cost: None,
        next: goes_on.then(|| Position(behind.to_string())),
        memory: None,
        failure: tracked.failure(),
    })
}

/// The values of a row by column. A column without a value is left out.
fn texts(found: &QueryRows, row: &ResultRow) -> Row {
    let columns = found.columns.iter().zip(&row.values).filter(|(_, value)| !value.is_missing());
    let mut texts: Row = columns.map(|(name, value)| (name.clone(), value.to_string())).collect();
    if let Some(pointer) = &row.pointer
        && !texts.iter().any(|(name, _)| name == POINTER)
    {
        texts.push((POINTER.to_owned(), pointer.clone()));
    }
    texts
}
