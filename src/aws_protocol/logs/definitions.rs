//! Saved queries: PutQueryDefinition, DescribeQueryDefinitions and DeleteQueryDefinition.
//!
//! A saved query is text: it is checked when it runs, not when it is saved. An update replaces all members.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::query_registry::random_id;
use super::{Answer, json, unchecked};
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::token::{PageToken, fingerprint};
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::event::{Direction, Position};
use crate::domain::write_operations::{DeleteDefinition, ListDefinitions, SaveDefinition};

const MAX_RESULTS: usize = 1000;
const MAX_PARAMETERS: usize = 20;
const LANGUAGES: [(&str, ()); 3] = [("CWLI", ()), ("SQL", ()), ("PPL", ())];

/// A saved query as stored, and as listed beside its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    query_language: String,
    name: String,
    query_string: String,
    last_modified: i64,
    log_group_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameter {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutInput {
    query_language: Option<String>,
    name: Option<String>,
    query_definition_id: Option<String>,
    log_group_names: Option<Vec<String>>,
    query_string: Option<String>,
    parameters: Option<Vec<Parameter>>,
}

pub(super) async fn put(call: Call<'_>, body: &[u8]) -> Answer {
    let input: PutInput = validation::read(body)?;
    let mut checks = Validation::default();
    checks.choice("queryLanguage", input.query_language.as_deref(), &LANGUAGES);
    let name = checks.required("name", input.name);
    let name = checks.text("name", name, 1..=255);
    let text = checks.required("queryString", input.query_string);
    let text = checks.text("queryString", text, 1..=10_000);
    let id = checks.text("queryDefinitionId", input.query_definition_id, 0..=256);
    let groups = input.log_group_names.unwrap_or_default();
    checks.count("logGroupNames", &groups, 0..=50);
    for group in &groups {
        checks.group("logGroupNames", Some(group.clone()));
    }
    let parameters = input.parameters.unwrap_or_default();
    checks.count("parameters", &parameters, 0..=MAX_PARAMETERS);
    checks.finish()?;
    let id = match id {
        None => random_id()?,
        Some(id) if find(call, &id).await? => id,
        Some(_) => return Err(no_definition()),
    };
    let definition = Definition {
        query_language: input.query_language.unwrap_or_else(|| "CWLI".to_owned()),
        name: name.ok_or_else(unchecked)?,
        query_string: text.ok_or_else(unchecked)?,
        last_modified: call.now.0,
        log_group_names: groups,
        parameters,
    };
    let document = json(&definition)?;
    let permit = call.permit(SaveDefinition { source: call.endpoint.source.clone(), id: id.clone(), document })?;
    call.endpoint.sources.writable(&permit)?.save_definition(&permit).await?;
    call.line(&permit, None, None).write(1, 0);
    json(&json!({ "queryDefinitionId": id }))
}

fn no_definition() -> ServiceError {
    ServiceError::not_found("The specified query definition does not exist.")
}

/// All saved queries, by name.
async fn all(call: Call<'_>) -> Result<Vec<(String, Definition)>, ServiceError> {
    let permit = call.permit(ListDefinitions { source: call.endpoint.source.clone() })?;
    let found = call.endpoint.sources.writable(&permit)?.definitions(&permit).await?;
    let read = |(id, document): (String, Vec<u8>)| Some((id, serde_json::from_slice(&document).ok()?));
    let mut found: Vec<(String, Definition)> = found.into_iter().filter_map(read).collect();
    found.sort_by(|one, two| (&one.1.name, &one.0).cmp(&(&two.1.name, &two.0)));
    Ok(found)
}

async fn find(call: Call<'_>, id: &str) -> Result<bool, ServiceError> {
    Ok(all(call).await?.iter().any(|(known, _)| known == id))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeInput {
    query_language: Option<String>,
    query_definition_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    query_definition_id: String,
    #[serde(flatten)]
    definition: Definition,
}

pub(super) async fn describe(call: Call<'_>, body: &[u8]) -> Answer {
    let input: DescribeInput = validation::read(body)?;
    let mut checks = Validation::default();
    checks.choice("queryLanguage", input.query_language.as_deref(), &LANGUAGES);
    let prefix = checks.text("queryDefinitionNamePrefix", input.query_definition_name_prefix, 1..=255).unwrap_or_default();
    let limit = checks.limit("maxResults", input.max_results, MAX_RESULTS);
    checks.finish()?;
    let of = fingerprint([prefix.as_str(), input.query_language.as_deref().unwrap_or("")]);
    let tokens = call.tokens("DescribeQueryDefinitions");
    let from = input.next_token.map(|token| tokens.read(of, &token)).transpose()?.map(|place| place.position.0);
    // A page continues after the last name and id, so that a query saved in between does not shift others.
    let place = |id: &str, definition: &Definition| format!("{}\n{id}", definition.name);
    let is_wanted = |(id, definition): &(String, Definition)| {
        definition.name.starts_with(&prefix)
            && input.query_language.as_ref().is_none_or(|language| *language == definition.query_language)
            && from.as_ref().is_none_or(|from| place(id, definition) > *from)
    };
    let mut found = all(call).await?;
    found.retain(is_wanted);
    let goes_on = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| goes_on).map(|(id, definition)| Position(place(id, definition)));
    let next = last.map(|position| tokens.write(&PageToken::new(of, Direction::Forward, position))).transpose()?;
    let described: Vec<Described> =
        found.into_iter().map(|(query_definition_id, definition)| Described { query_definition_id, definition }).collect();
    json(&match next {
        Some(token) => json!({ "queryDefinitions": described, "nextToken": token }),
        None => json!({ "queryDefinitions": described }),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeleteInput {
    query_definition_id: Option<String>,
}

pub(super) async fn delete(call: Call<'_>, body: &[u8]) -> Answer {
    let input: DeleteInput = validation::read(body)?;
    let mut checks = Validation::default();
    let id = checks.required("queryDefinitionId", input.query_definition_id);
    let id = checks.text("queryDefinitionId", id, 0..=256);
    checks.finish()?;
    let permit = call.permit(DeleteDefinition { source: call.endpoint.source.clone(), id: id.ok_or_else(unchecked)? })?;
    if !call.endpoint.sources.writable(&permit)?.delete_definition(&permit).await? {
        return Err(no_definition());
    }
    call.line(&permit, None, None).write(1, 0);
    json(&json!({ "success": true }))
}
