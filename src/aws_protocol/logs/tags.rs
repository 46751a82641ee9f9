//! Tags of groups, by the older operations (by name) and the newer ones (by ARN). Both see the same tags. Lookup tables have tags
//! by ARN only.

use serde::{Deserialize, Serialize};

use super::{Answer, json, lookup_tables, unchecked};
use crate::aws_protocol::arn;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::name::LogGroupName;
use crate::domain::write_operations::{ChangeTags, ReadTags, TableName, Tags};

const MAX_TAGS: usize = 50;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
/// The characters of keys and values, in AWS's form.
const TEXT: &str = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceInput {
    resource_arn: Option<String>,
    tags: Option<Tags>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupTagInput {
    log_group_name: Option<String>,
    tags: Option<Tags>,
}

/// The older operation calls the keys `tags`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupUntagInput {
    log_group_name: Option<String>,
    tags: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Output {
    tags: Tags,
}

/// Checks the tags of a request.
pub(super) fn check(checks: &mut Validation, tags: &Tags) {
    let fits = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c));
    checks.count("tags", &tags.keys().collect::<Vec<_>>(), 0..=MAX_TAGS);
    for (key, value) in tags {
        checks.text("tags.key", Some(key.clone()), 1..=MAX_KEY);
        checks.text("tags.value", Some(value.clone()), 0..=MAX_VALUE);
        for text in [key, value] {
            if !fits(text) {
                checks.fail("tags", Some(text), format_args!("Member must satisfy regular expression pattern: {TEXT}"));
            }
        }
    }
}

/// A resource that has tags.
enum Resource {
    Group(LogGroupName),
    Table(TableName),
}

/// The resource of an ARN.
fn resource(checks: &mut Validation, arn: Option<String>, call: Call<'_>) -> Result<Option<Resource>, ServiceError> {
    let Some(arn) = checks.required("resourceArn", arn) else { return Ok(None) };
    if arn::table_of(&arn).is_some() {
        return lookup_tables::table_of(call, Some(arn)).map(|table| Some(Resource::Table(table)));
    }
    match arn::group_of(&arn) {
        Some(resource) if resource.account == call.endpoint.account => {
            Ok(checks.group("resourceArn", Some(resource.group.to_owned())).map(Resource::Group))
        }
        Some(_) => Err(ServiceError::not_found("The specified resource does not exist.")),
        None => Err(ServiceError::invalid("resourceArn must be the ARN of a log group or of a lookup table.")),
    }
}

async fn change(call: Call<'_>, group: Option<LogGroupName>, set: Tags, remove: Vec<String>) -> Answer {
    let group = group.ok_or_else(unchecked)?;
    let permit = call.permit(ChangeTags { source: call.endpoint.source.clone(), group, set, remove })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), None);
    call.endpoint.sources.writable(&permit)?.change_tags(&permit).await?;
    line.write(1, 0);
    Ok(Vec::new())
}

async fn change_resource(call: Call<'_>, resource: Option<Resource>, set: Tags, remove: Vec<String>) -> Answer {
    match resource.ok_or_else(unchecked)? {
        Resource::Group(group) => change(call, Some(group), set, remove).await,
        Resource::Table(table) => lookup_tables::change_tags(call, table, set, remove).await,
    }
}

async fn list(call: Call<'_>, group: Option<LogGroupName>) -> Answer {
    let permit = call.permit(ReadTags { source: call.endpoint.source.clone(), group: group.ok_or_else(unchecked)? })?;
    let tags = call.endpoint.sources.writable(&permit)?.tags(&permit).await?;
    json(&Output { tags })
}

pub(super) async fn tag_resource(call: Call<'_>, body: &[u8]) -> Answer {
    let input: ResourceInput = validation::read(body)?;
    let mut checks = Validation::default();
    let resource = resource(&mut checks, input.resource_arn, call)?;
    let tags = checks.required("tags", input.tags).unwrap_or_default();
    check(&mut checks, &tags);
    checks.finish()?;
    change_resource(call, resource, tags, Vec::new()).await
}

pub(super) async fn untag_resource(call: Call<'_>, body: &[u8]) -> Answer {
    let input: ResourceInput = validation::read(body)?;
    let mut checks = Validation::default();
    let resource = resource(&mut checks, input.resource_arn, call)?;
    let keys = checks.required("tagKeys", input.tag_keys).unwrap_or_default();
    checks.count("tagKeys", &keys, 0..=MAX_TAGS);
    checks.finish()?;
    change_resource(call, resource, Tags::new(), keys).await
}

pub(super) async fn list_for_resource(call: Call<'_>, body: &[u8]) -> Answer {
    let input: ResourceInput = validation::read(body)?;
    let mut checks = Validation::default();
    let resource = resource(&mut checks, input.resource_arn, call)?;
    checks.finish()?;
    match resource.ok_or_else(unchecked)? {
        Resource::Group(group) => list(call, Some(group)).await,
        Resource::Table(table) => json(&Output { tags: lookup_tables::tags_of(call, table).await? }),
    }
}

pub(super) async fn tag_group(call: Call<'_>, body: &[u8]) -> Answer {
    let input: GroupTagInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    let tags = checks.required("tags", input.tags).unwrap_or_default();
    check(&mut checks, &tags);
    checks.finish()?;
    change(call, group, tags, Vec::new()).await
}

pub(super) async fn untag_group(call: Call<'_>, body: &[u8]) -> Answer {
    let input: GroupUntagInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    let keys = checks.required("tags", input.tags).unwrap_or_default();
    checks.count("tags", &keys, 1..=MAX_TAGS);
    checks.finish()?;
    change(call, group, Tags::new(), keys).await
}

pub(super) async fn list_group(call: Call<'_>, body: &[u8]) -> Answer {
    let input: GroupTagInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    checks.finish()?;
    list(call, group).await
}
