//! `GET /records/{pointer}`: all fields of one event, by the `@ptr` of a query's row (GetLogRecord).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::time::Instant;

use super::list;
use super::parameters::{JSON_FORMAT, SEALED};
use super::queries::RECORD;
use crate::domain::operation::Operation as _;
use crate::domain::query::operations::{FoundRecord, ReadRecord};
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, NotSupported, SourceFailures, TokenFailures};
use crate::http::parameter::{Parameter, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::http::value::Text;

/// Memory to reserve for a record, in bytes: the answer with an event of 1 MiB, the message, and the fields found in it.
const RECORD_ROOM: u64 = 4 * 1024 * 1024;
/// How long a request waits for this memory.
const MEMORY_WAIT: Duration = Duration::from_secs(5);

const POINTER: Parameter<Text<String>> = Parameter::path("pointer", SEALED, "The `@ptr` of a row.");

/// The rest of the request.
#[derive(Debug)]
pub struct ReadRecordRequest {
    pointer: String,
}

impl RequestParameters for ReadRecordRequest {
    const PARAMETERS: ParameterList = &[&[&POINTER, &JSON_FORMAT]];
}

impl ParseRequest for ReadRecordRequest {
    type Op = ReadRecord;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ReadRecord, Self), ApiError> {
        let pointer = input.get(&POINTER);
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

/// An event with all of its fields.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Record)]
pub struct RecordBody {
    /// The fields by name. All values are strings.
    #[schema(value_type = Object, example = json!({ "@message": "…", "@logStream": "web-1", "status": "404" }))]
    record: BTreeMap<String, String>,
}

/// Get one event of a query
///
/// Returns every field that was found in the event. The pointer is the `@ptr` of a row.
#[utoipa::path(
    get,
    path = "/records/{pointer}",
    operation_id = "readRecord",
    tag = "queries",
    params(ParametersOf<ReadRecordRequest>),
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
