//! Tags of groups, by the older operations (by name) and the newer ones (by ARN). Both see the same tags.

use serde::{Deserialize, Serialize};

use super::{Answer, json, unchecked};
use crate::aws_protocol::arn;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::name::LogGroupName;
use crate::domain::write_operations::{ChangeTags, ReadTags, Tags};

const MAX_TAGS: usize = 50;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
/// What keys and values are made of, as AWS writes it.
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

/// Validation the tags of a request.
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

/// The group of a resource's ARN.
fn resource(checks: &mut Validation, arn: Option<String>, call: Call<'_>) -> Result<Option<LogGroupName>, ServiceError> {
    let Some(arn) = checks.required("resourceArn", arn) else { return Ok(None) };
    match arn::group_of(&arn) {
        Some(resource) if resource.account == call.endpoint.account => {
            Ok(checks.group("resourceArn", Some(resource.group.to_owned())))
        }
        Some(_) => Err(ServiceError::not_found("The specified resource does not exist.")),
        None => Err(ServiceError::invalid("resourceArn must be the ARN of a log group.")),
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

async fn list(call: Call<'_>, group: Option<LogGroupName>) -> Answer {
    let permit = call.permit(ReadTags { source: call.endpoint.source.clone(), group: group.ok_or_else(unchecked)? })?;
    let tags = call.endpoint.sources.writable(&permit)?.tags(&permit).await?;
    json(&Output { tags })
}

pub(super) async fn tag_resource(call: Call<'_>, body: &[u8]) -> Answer {
    let input: ResourceInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = resource(&mut checks, input.resource_arn, call)?;
    let tags = checks.required("tags", input.tags).unwrap_or_default();
    check(&mut checks, &tags);
    checks.finish()?;
    change(call, group, tags, Vec::new()).await
}

pub(super) async fn untag_resource(call: Call<'_>, body: &[u8]) -> Answer {
    let input: ResourceInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = resource(&mut checks, input.resource_arn, call)?;
    let keys = checks.required("tagKeys", input.tag_keys).unwrap_or_default();
    checks.count("tagKeys", &keys, 0..=MAX_TAGS);
    checks.finish()?;
    change(call, group, Tags::new(), keys).await
}

pub(super) async fn list_for_resource(call: Call<'_>, body: &[u8]) -> Answer {
    let input: ResourceInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = resource(&mut checks, input.resource_arn, call)?;
    checks.finish()?;
    list(call, group).await
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
