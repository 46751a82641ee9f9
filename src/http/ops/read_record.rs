//! `GET /records/{pointer}`: one whole event, by the `@ptr` of a query's row (GetLogRecord).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::time::Instant;

use super::list;
use super::queries::RECORD;
use crate::domain::operation::Operation as _;
use crate::domain::query::operations::{FoundRecord, ReadRecord};
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, NotSupported, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::{JsonOnly, RecordPath};
use crate::http::problem::ApiError;

/// Memory to reserve for a record: an event of 1 MiB as it comes, as its message, and as the fields that were found in it.
const RECORD_ROOM: u64 = 4 * 1024 * 1024;
/// How long a request waits for that.
const MEMORY_WAIT: Duration = Duration::from_secs(5);

/// What the request says besides its operation.
#[derive(Debug)]
pub struct ReadRecordRequest {
    pointer: String,
}

impl ParseRequest for ReadRecordRequest {
    type Op = ReadRecord;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ReadRecord, Self), ApiError> {
        let pointer = input.path_text("pointer");
        list::json_only(input, context)?;
        let pointer = pointer.ok_or(ApiError::NoSuchHandle)?;
        let op = context.app.sealer.open(RECORD, &context.caller.tenant.id, context.now, &pointer);
        let op: ReadRecord = op.map_err(|_| ApiError::NoSuchHandle)?;
        if op.grants != context.caller.tenant.grants_fingerprint(ReadRecord::ACTION) {
            return Err(ApiError::NoSuchHandle);
        }
        Ok((op, Self { pointer }))
    }
}

/// An event, whole.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Record)]
pub struct RecordBody {
    /// Its fields by name, all of them strings.
    #[schema(value_type = Object, example = json!({ "@message": "…", "@logStream": "web-1", "status": "404" }))]
    record: BTreeMap<String, String>,
}

/// One whole event
///
/// By the `@ptr` of a query's row: every field that was found in the event.
#[utoipa::path(
    get,
    path = "/records/{pointer}",
    operation_id = "readRecord",
    tag = "queries",
    params(RecordPath, JsonOnly),
    responses(
        (status = 200, description = "The event", body = RecordBody),
        InvalidParameter,
        Negotiated,
        TokenFailures,
        SourceFailures,
        NotSupported,
        CommonFailures,
    ),
    security(("token" = ["logs:query:<groups>"])),
)]
pub(crate) async fn read_record(
    State(app): State<AppState>,
    Authorized { permit, request, info, .. }: Authorized<ReadRecordRequest>,
) -> Result<Json<RecordBody>, ApiError> {
    let op = permit.op();
    let until = Instant::now() + MEMORY_WAIT;
    let _room = app.sources.page_pool().reserve(&info.share(), RECORD_ROOM, until).await?;
    let FoundRecord { group, mut record } = app.sources.queries(&permit, &op.source)?.read_record(&permit).await?;
    if let Some(pointer) = record.get_mut("@ptr") {
        *pointer = request.pointer;
    }
    list::audit(&app, &info, &permit, Some(group.as_str()), 1);
    Ok(Json(RecordBody { record }))
}
