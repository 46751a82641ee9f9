//! Lookup tables: `CreateLookupTable`, `UpdateLookupTable`, `GetLookupTable`, `DescribeLookupTables` and `DeleteLookupTable`.
//!
//! The tables are those of all tenants of the source. Names, limits and members are those of AWS's model; KMS keys are refused. A
//! table that another tool put into the source's folder is listed too.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::tags;
use super::{Answer, json, query_csv, reserve, unchecked};
use crate::aws_protocol::arn;
use crate::aws_protocol::body::MAX_TABLE_BYTES;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::token::{PageToken, fingerprint};
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::event::{Direction, Position};
use crate::domain::write_operations::{
    DeleteTable, ListTables, LookupTable, ReadTable, SaveTable, TableBody, TableChange, TableDetails, TableName, Tags,
};
use crate::sources::SourceError;
use crate::sources::write::WriteError;

/// Characters of a table's content, by the model.
pub(super) const MAX_BODY: usize = 10_485_760;
const MAX_NAME: usize = 256;
const MAX_DESCRIPTION: usize = 1024;
/// Tables in a page of `DescribeLookupTables`.
const DEFAULT_RESULTS: usize = 50;
const MAX_RESULTS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaveInput {
    lookup_table_name: Option<String>,
    lookup_table_arn: Option<String>,
    description: Option<String>,
    table_body: Option<String>,
    query_id: Option<String>,
    kms_key_id: Option<String>,
    tags: Option<Tags>,
}

pub(super) async fn create(call: Call<'_>, body: &[u8]) -> Answer {
    let mut input: SaveInput = validation::read(body)?;
    let mut checks = Validation::default();
    let name = name(&mut checks, "lookupTableName", input.lookup_table_name.take());
    if let Some(tags) = &input.tags {
        tags::check(&mut checks, tags);
    }
    let (content, description) = contents(&mut checks, &mut input);
    checks.finish()?;
    let content = content_of(call, content).await?;
    let details = TableDetails { description, tags: input.tags.unwrap_or_default() };
    let name = name.ok_or_else(unchecked)?;
    let saved = save(call, name, TableChange::Create(content, details)).await?;
    let arn = call.home().table(saved.name.as_str());
    json(&json!({ "lookupTableArn": arn, "createdAt": saved.updated.0 }))
}

pub(super) async fn update(call: Call<'_>, body: &[u8]) -> Answer {
    let mut input: SaveInput = validation::read(body)?;
    let mut checks = Validation::default();
    let arn = checks.required("lookupTableArn", input.lookup_table_arn.take());
    let (content, description) = contents(&mut checks, &mut input);
    checks.finish()?;
    let name = table_of(call, arn)?;
    let content = content_of(call, content).await?;
    let saved = save(call, name, TableChange::Update(content, description)).await?;
    let arn = call.home().table(saved.name.as_str());
    json(&json!({ "lookupTableArn": arn, "lastUpdatedTime": saved.updated.0 }))
}

/// The content as a request gives it.
enum Content {
    Body(String),
    Query(String),
}

/// Checks the members that both operations have. Returns the content and the description.
fn contents(checks: &mut Validation, input: &mut SaveInput) -> (Option<Content>, Option<String>) {
    let description = checks.text("description", input.description.take(), 0..=MAX_DESCRIPTION);
    // An empty key removes the key.
    if input.kms_key_id.as_ref().is_some_and(|key| !key.is_empty()) {
        checks.alone("This endpoint does not encrypt with KMS keys: leave kmsKeyId out.");
    }
    if input.table_body.is_some() == input.query_id.is_some() {
        checks.alone("You must specify either tableBody or queryId, but not both.");
    }
    let body = checks.text("tableBody", input.table_body.take(), 1..=MAX_BODY).map(Content::Body);
    let query = checks.text("queryId", input.query_id.take(), 1..=256).map(Content::Query);
    (body.or(query), description)
}

async fn content_of(call: Call<'_>, content: Option<Content>) -> Result<TableBody, ServiceError> {
    match content.ok_or_else(unchecked)? {
        Content::Body(body) => Ok(TableBody(body)),
        Content::Query(id) => query_csv::of_query(call, id).await.map(TableBody),
    }
}

async fn save(call: Call<'_>, name: TableName, change: TableChange) -> Result<LookupTable, ServiceError> {
    let permit = call.permit(SaveTable { source: call.endpoint.source.clone(), name, change })?;
    let line = call.line(&permit, None, None);
    let saved = call.endpoint.sources.writable(&permit)?.save_table(permit).await.map_err(fault)?;
    line.write(1, usize::try_from(saved.bytes).unwrap_or(usize::MAX));
    Ok(saved)
}

/// AWS's error for a write error of a table.
fn fault(error: WriteError) -> ServiceError {
    match error {
        WriteError::Exists => ServiceError::new("ResourceAlreadyExistsException", "The specified lookup table already exists"),
        WriteError::Source(SourceError::NotFound) => no_table(),
        WriteError::Invalid(text) => ServiceError::new("ValidationException", text),
        error => error.into(),
    }
}

fn no_table() -> ServiceError {
    ServiceError::not_found("The specified lookup table does not exist.")
}

fn name(checks: &mut Validation, member: &str, value: Option<String>) -> Option<TableName> {
    let value = checks.required(member, value)?;
    let value = checks.text(member, Some(value), 1..=MAX_NAME)?;
    let name = TableName::new(&value);
    if name.is_none() && value.len() > TableName::MAX_LENGTH {
        let most = TableName::MAX_LENGTH;
        checks.alone(format!("This endpoint keeps lookup tables in files: '{member}' can have {most} characters at most."));
    } else if name.is_none() {
        let pattern = TableName::PATTERN;
        checks.fail(member, Some(&value), format_args!("Member must satisfy regular expression pattern: {pattern}"));
    }
    name
}

/// The table of an ARN. Tables of other accounts do not exist here.
pub(super) fn table_of(call: Call<'_>, arn: Option<String>) -> Result<TableName, ServiceError> {
    let arn = arn.ok_or_else(unchecked)?;
    let Some((account, name)) = arn::table_of(&arn) else {
        return Err(ServiceError::invalid("lookupTableArn must be the ARN of a lookup table."));
    };
    TableName::new(name).filter(|_| account == call.endpoint.account).ok_or_else(no_table)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArnInput {
    lookup_table_arn: Option<String>,
}

impl ArnInput {
    fn table(self, call: Call<'_>) -> Result<TableName, ServiceError> {
        let mut checks = Validation::default();
        let arn = checks.required("lookupTableArn", self.lookup_table_arn);
        checks.finish()?;
        table_of(call, arn)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    lookup_table_arn: String,
    lookup_table_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_fields: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_body: Option<String>,
    size_bytes: u64,
    last_updated_time: i64,
}

impl Described {
    fn new(call: Call<'_>, table: LookupTable) -> Self {
        let LookupTable { name, fields, records, bytes, updated, details } = table;
        Self {
            lookup_table_arn: call.home().table(name.as_str()),
            lookup_table_name: name.as_str().to_owned(),
            description: details.description,
            table_fields: Some(fields),
            records_count: Some(records),
            table_body: None,
            size_bytes: bytes,
            last_updated_time: updated.0,
        }
    }
}

pub(super) async fn get(call: Call<'_>, body: &[u8]) -> Answer {
    let name = validation::read::<ArnInput>(body)?.table(call)?;
    let (table, TableBody(content)) = read(call, name).await?;
    let described = Described::new(call, table);
    json(&Described { table_fields: None, records_count: None, table_body: Some(content), ..described })
}

async fn read(call: Call<'_>, name: TableName) -> Result<(LookupTable, TableBody), ServiceError> {
    let permit = call.permit(ReadTable { source: call.endpoint.source.clone(), name })?;
    reserve(call, MAX_TABLE_BYTES as u64).await?;
    let read = call.endpoint.sources.writable(&permit)?.table(&permit).await.map_err(fault)?;
    call.line(&permit, None, None).write(1, read.1.0.len());
    Ok(read)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeInput {
    lookup_table_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn describe(call: Call<'_>, body: &[u8]) -> Answer {
    let input: DescribeInput = validation::read(body)?;
    let mut checks = Validation::default();
    let prefix = input.lookup_table_name_prefix.and_then(|prefix| name(&mut checks, "lookupTableNamePrefix", Some(prefix)));
    let prefix = prefix.as_ref().map_or("", TableName::as_str);
    let limit = input.max_results.map_or(DEFAULT_RESULTS, |given| checks.limit("maxResults", Some(given), MAX_RESULTS));
    checks.finish()?;
    let of = fingerprint([prefix]);
    let tokens = call.tokens("DescribeLookupTables");
    let from = input.next_token.map(|token| tokens.read(of, &token)).transpose()?.map(|place| place.position.0);
    let permit = call.permit(ListTables { source: call.endpoint.source.clone() })?;
    let mut found = call.endpoint.sources.writable(&permit)?.tables(&permit).await.map_err(fault)?;
    call.line(&permit, None, None).write(found.len(), 0);
    found.retain(|table| {
        table.name.as_str().starts_with(prefix) && from.as_ref().is_none_or(|from| table.name.as_str() > from.as_str())
    });
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).map(|table| Position(table.name.as_str().to_owned()));
    let next = last.map(|position| tokens.write(&PageToken::new(of, Direction::Forward, position))).transpose()?;
    let tables: Vec<Described> = found.into_iter().map(|table| Described::new(call, table)).collect();
    json(&match next {
        Some(token) => json!({ "lookupTables": tables, "nextToken": token }),
        None => json!({ "lookupTables": tables }),
    })
}

pub(super) async fn delete(call: Call<'_>, body: &[u8]) -> Answer {
    let name = validation::read::<ArnInput>(body)?.table(call)?;
    let permit = call.permit(DeleteTable { source: call.endpoint.source.clone(), name })?;
    if !call.endpoint.sources.writable(&permit)?.delete_table(&permit).await.map_err(fault)? {
        return Err(no_table());
    }
    call.line(&permit, None, None).write(1, 0);
    Ok(Vec::new())
}

/// The tags of a table.
pub(super) async fn tags_of(call: Call<'_>, name: TableName) -> Result<Tags, ServiceError> {
    Ok(read(call, name).await?.0.details.tags)
}

/// Changes the tags of a table.
pub(super) async fn change_tags(call: Call<'_>, name: TableName, set: Tags, remove: Vec<String>) -> Answer {
    save(call, name, TableChange::Tag(set, remove)).await?;
    Ok(Vec::new())
}
