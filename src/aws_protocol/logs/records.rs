//! Operations that belong to queries: GetLogGroupFields and GetLogRecord.

use serde::Deserialize;
use serde_json::json;

use super::queries::{LAST_SECOND, POINTER, ROWS_ROOM, exist, with_account};
use super::{Answer, json, reserve, unchecked};
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::operation::Action;
use crate::domain::query::operations::{DescribeFields, ReadRecord};
use crate::domain::time::Millis;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldsInput {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    time: Option<i64>,
}

pub(super) async fn fields(call: Call<'_>, body: &[u8]) -> Answer {
    let input: FieldsInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group_or_identifier(input.log_group_name, input.log_group_identifier, &call.endpoint.account)?;
    let around = checks.number("time", input.time, 0..=LAST_SECOND).map(|second| Millis(second * 1000));
    checks.finish()?;
    let group = group.ok_or_else(unchecked)?;
    exist(call, std::slice::from_ref(&group)).await?;
    let permit = call.permit(DescribeFields { group, around })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), None);
    let queries = call.endpoint.sources.queries(&permit, &call.endpoint.source)?;
    let found = queries.describe_fields(&permit).await?;
    line.write(found.len(), 0);
    let shown: Vec<_> = found.iter().map(|field| json!({ "name": field.name, "percent": field.percent })).collect();
    json(&json!({ "logGroupFields": shown }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordInput {
    log_record_pointer: Option<String>,
}

pub(super) async fn record(call: Call<'_>, body: &[u8]) -> Answer {
    let input: RecordInput = validation::read(body)?;
    let mut checks = Validation::default();
    let pointer = checks.required("logRecordPointer", input.log_record_pointer);
    checks.finish()?;
    let (pointer, tenant) = (pointer.ok_or_else(unchecked)?, &call.caller.tenant);
    let opened = call.endpoint.sealer.open::<ReadRecord>(POINTER, &tenant.id, call.now, &pointer);
    let op = opened.ok().filter(|op| op.grants == tenant.grants_fingerprint(Action::Query));
    let op = op.ok_or_else(|| ServiceError::invalid("The specified logRecordPointer is invalid."))?;
    reserve(call, ROWS_ROOM).await?;
    let source = op.source.clone();
    let permit = call.permit(op)?;
    let queries = call.endpoint.sources.queries(&permit, &source)?;
    let mut found = queries.read_record(&permit).await?;
    call.line(&permit, Some(found.group.as_str()), None).write(1, 0);
    if let Some(log) = found.record.get_mut("@log") {
        *log = with_account(call, std::mem::take(log));
    }
    if let Some(place) = found.record.get_mut("@ptr") {
        *place = pointer;
    }
    json(&json!({ "logRecord": found.record }))
}
