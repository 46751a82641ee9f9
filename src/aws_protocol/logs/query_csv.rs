//! The rows of an ended query as CSV, which becomes the content of a lookup table.

use super::lookup_tables::MAX_BODY;
use super::queries::{MAX_ROWS_IN_PAGE, ROWS_ROOM, started};
use super::reserve;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::domain::query::operations::{QueryStatus, ReadQuery};

/// The rows of a complete or cancelled query, as CSV with a header, for a lookup table. `@ptr` is omitted, because a table has no
/// events.
pub(super) async fn of_query(call: Call<'_>, id: String) -> Result<String, ServiceError> {
    let started = started(call, Some(id))?;
    let permit = call.permit(ReadQuery { query: started.query.clone() })?;
    let queries = call.endpoint.sources.queries(&permit, &started.query.source)?;
    reserve(call, ROWS_ROOM).await?;
    let (mut rows, mut from, mut bytes) = (Vec::new(), None, 0);
    loop {
        let page = queries.read(&permit, from.as_ref(), MAX_ROWS_IN_PAGE).await?;
        if !matches!(page.status, QueryStatus::Complete | QueryStatus::Cancelled) {
            return Err(ServiceError::invalid("The specified query is not complete or cancelled."));
        }
        bytes += page.rows.iter().flatten().map(|(_, value)| value.len()).sum::<usize>();
        if bytes > MAX_BODY {
            return Err(ServiceError::invalid(format!("The rows of the query have more than {MAX_BODY} bytes.")));
        }
        rows.extend(page.rows);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten().filter(|(name, _)| name != "@ptr") {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let mut csv = columns.iter().map(|name| csv_cell(name)).collect::<Vec<_>>().join(",") + "\n";
    for row in &rows {
        let value = |column: &&str| row.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value.as_str());
        csv += &columns.iter().map(|column| csv_cell(value(column))).collect::<Vec<_>>().join(",");
        csv.push('\n');
    }
    Ok(csv)
}

/// A value as a cell (RFC 4180). An empty one is quoted, so that a row of one empty cell is not an empty line.
fn csv_cell(value: &str) -> String {
    let is_plain = !value.is_empty() && !value.contains(['"', ',', '\n', '\r']);
    if is_plain { value.to_owned() } else { format!("\"{}\"", value.replace('"', "\"\"")) }
}
