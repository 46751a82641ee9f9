//! Log groups: CreateLogGroup, DeleteLogGroup, DescribeLogGroups, ListLogGroups and the two operations on retention.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Answer, json, unchecked};
use crate::aws_protocol::arn::ArnScope;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::token::{PageToken, fingerprint};
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::event::{Direction, LogGroup};
use crate::domain::name::LogGroupName;
use crate::domain::operation::{DescribeGroup, ListGroups};
use crate::domain::write_operations::{CreateGroup, DeleteGroup, LogClass, SetRetention, Tags};
use crate::sources::SourceError;
use crate::sources::write::WriteError;

/// The days for which events can be kept (PutRetentionPolicy).
const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Groups in a page of DescribeLogGroups, and identifiers in its request.
const DESCRIBED: usize = 50;
/// Groups in a page of ListLogGroups.
const LISTED: usize = 1000;
/// How long a page looks for groups before it ends with a token.
const SEARCH: Duration = Duration::from_secs(2);
/// The classes of log groups, by their names in requests.
const CLASSES: [(&str, LogClass); 3] =
    [("STANDARD", LogClass::Standard), ("INFREQUENT_ACCESS", LogClass::InfrequentAccess), ("DELIVERY", LogClass::Delivery)];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    log_group_name: Option<String>,
    kms_key_id: Option<String>,
    tags: Option<Tags>,
    log_group_class: Option<String>,
}

pub(super) async fn create(call: Call<'_>, body: &[u8]) -> Answer {
    let input: CreateInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    let class = checks.choice("logGroupClass", input.log_group_class.as_deref(), &CLASSES).unwrap_or_default();
    let tags = input.tags.unwrap_or_default();
    super::tags::check(&mut checks, &tags);
    checks.finish()?;
    if input.kms_key_id.is_some() {
        // Accepting the key without encrypting would be a false promise.
        return Err(ServiceError::invalid("This endpoint does not encrypt with KMS keys: leave kmsKeyId out."));
    }
    let group = group.ok_or_else(unchecked)?;
    let permit = call.permit(CreateGroup { source: call.endpoint.source.clone(), group, class, tags })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), None);
    call.endpoint.sources.writable(&permit)?.create_group(&permit, call.now).await.map_err(|error| match error {
        WriteError::Exists => ServiceError::new("ResourceAlreadyExistsException", "The specified log group already exists"),
        error => error.into(),
    })?;
    line.write(1, 0);
    Ok(Vec::new())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameInput {
    log_group_name: Option<String>,
    retention_in_days: Option<i64>,
}

/// Reads the body of an operation whose only member is a group.
fn named(body: &[u8]) -> Result<LogGroupName, ServiceError> {
    let input: NameInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    checks.finish()?;
    group.ok_or_else(unchecked)
}

pub(super) async fn delete(call: Call<'_>, body: &[u8]) -> Answer {
    let permit = call.permit(DeleteGroup { source: call.endpoint.source.clone(), group: named(body)? })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), None);
    call.endpoint.sources.writable(&permit)?.delete_group(&permit).await?;
    line.write(1, 0);
    Ok(Vec::new())
}

pub(super) async fn put_retention(call: Call<'_>, body: &[u8]) -> Answer {
    let input: NameInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    let given = checks.required("retentionInDays", input.retention_in_days);
    let days = given.and_then(|days| RETENTIONS.into_iter().find(|known| i64::from(*known) == days));
    if let (Some(given), None) = (given, days) {
        let known = RETENTIONS.map(|days| days.to_string()).join(", ");
        checks.fail("retentionInDays", Some(&given), format_args!("Member must satisfy enum value set: [{known}]"));
    }
    checks.finish()?;
    retention(call, group.ok_or_else(unchecked)?, days).await
}

pub(super) async fn delete_retention(call: Call<'_>, body: &[u8]) -> Answer {
    retention(call, named(body)?, None).await
}

async fn retention(call: Call<'_>, group: LogGroupName, days: Option<u32>) -> Answer {
    let permit = call.permit(SetRetention { source: call.endpoint.source.clone(), group, days })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), None);
    call.endpoint.sources.writable(&permit)?.set_retention(&permit).await?;
    line.write(1, 0);
    Ok(Vec::new())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeInput {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_identifiers: Option<Vec<String>>,
    log_group_class: Option<String>,
    account_identifiers: Option<Vec<String>>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    log_group_name: LogGroupName,
    creation_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_in_days: Option<u32>,
    metric_filter_count: u32,
    arn: String,
    stored_bytes: u64,
    log_group_class: String,
    log_group_arn: String,
    deletion_protection_enabled: bool,
}

impl Described {
    fn of(group: LogGroup, home: ArnScope<'_>) -> Self {
        let arn = home.group(group.name.as_str());
        Self {
            creation_time: group.created_at.map_or(0, |at| at.0),
            retention_in_days: group.retention_days,
            metric_filter_count: 0,
            arn: format!("{arn}:*"),
            stored_bytes: group.stored_bytes.unwrap_or(0),
            log_group_class: group.class,
            log_group_arn: arn,
            deletion_protection_enabled: false,
            log_group_name: group.name,
        }
    }
}

/// A page of DescribeLogGroups or ListLogGroups.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupPage<T> {
    log_groups: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) async fn describe(call: Call<'_>, body: &[u8]) -> Answer {
    let input: DescribeInput = validation::read(body)?;
    let mut checks = Validation::default();
    let limit = checks.limit("limit", input.limit, DESCRIBED);
    let prefix = checks.text("logGroupNamePrefix", input.log_group_name_prefix, 1..=512);
    let pattern = checks.text("logGroupNamePattern", input.log_group_name_pattern, 0..=512);
    let class = checks.choice("logGroupClass", input.log_group_class.as_deref(), &CLASSES);
    let accounts = input.account_identifiers.unwrap_or_default();
    checks.count("accountIdentifiers", &accounts, 0..=20);
    if let Some(identifiers) = &input.log_group_identifiers {
        checks.count("logGroupIdentifiers", identifiers, 1..=DESCRIBED);
    }
    checks.finish()?;
    own_account(&accounts, call)?;
    if prefix.is_some() && pattern.is_some() {
        let text = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return Err(ServiceError::invalid(text));
    }
    if let Some(identifiers) = input.log_group_identifiers {
        if prefix.is_some() || pattern.is_some() || class.is_some() {
            let text = "logGroupIdentifiers can be combined with no other parameter than includeLinkedAccounts.";
            return Err(ServiceError::invalid(text));
        }
        return by_identifier(call, &identifiers).await;
    }
    let wanted = Wanted { prefix, pattern, class };
    let (groups, next_token) = page(call, "DescribeLogGroups", &wanted, input.next_token.as_deref(), limit).await?;
    let log_groups = groups.into_iter().map(|group| Described::of(group, call.home())).collect();
    json(&GroupPage { log_groups, next_token })
}

/// Refuses lists of other accounts, because this endpoint has no linked accounts.
fn own_account(accounts: &[String], call: Call<'_>) -> Result<(), ServiceError> {
    if accounts.iter().all(|account| *account == call.endpoint.account) {
        return Ok(());
    }
    Err(ServiceError::invalid("accountIdentifiers may name the account of this endpoint alone."))
}

async fn by_identifier(call: Call<'_>, identifiers: &[String]) -> Answer {
    let mut checks = Validation::default();
    let mut names = Vec::new();
    for identifier in identifiers {
        match checks.identifier("logGroupIdentifiers", identifier, &call.endpoint.account) {
            Ok(name) => names.extend(name),
            // A group of another account is not among those of this one.
            Err(_foreign) => {}
        }
    }
    checks.finish()?;
    let mut log_groups = Vec::new();
    for group in names {
        let permit = call.permit(DescribeGroup { group, source: Some(call.endpoint.source.clone()) })?;
        let (_, source) = call.endpoint.sources.of(&permit)?;
        match source.describe_group(&permit).await {
            Ok(group) => log_groups.push(Described::of(group, call.home())),
            Err(SourceError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    log_groups.sort_unstable_by(|one, two| one.log_group_name.cmp(&two.log_group_name));
    json(&GroupPage { log_groups, next_token: None })
}

/// The filter of a list.
struct Wanted {
    prefix: Option<String>,
    /// Part of a name.
    pattern: Option<String>,
    class: Option<LogClass>,
}

impl Wanted {
    fn includes(&self, group: &LogGroup) -> bool {
        self.pattern.as_ref().is_none_or(|part| group.name.as_str().contains(part.as_str()))
            && self.class.is_none_or(|class| group.class == class.as_str())
    }
}

/// Reads a page of groups by name, and the token of the next page.
async fn page(
    call: Call<'_>,
    operation: &'static str,
    wanted: &Wanted,
    token: Option<&str>,
    limit: usize,
) -> Result<(Vec<LogGroup>, Option<String>), ServiceError> {
    let class = wanted.class.map_or("", LogClass::as_str);
    let of = fingerprint([wanted.prefix.as_deref().unwrap_or(""), wanted.pattern.as_deref().unwrap_or(""), class]);
    let tokens = call.tokens(operation);
    let permit = call.permit(ListGroups { prefix: wanted.prefix.clone() })?;
    let line = call.line(&permit, None, None);
    let source = call.endpoint.sources.named(&permit, &call.endpoint.source)?;
    let mut from = token.map(|token| tokens.read(of, token)).transpose()?.map(|place| place.position);
    let (mut found, until) = (Vec::new(), Instant::now() + SEARCH);
    loop {
        let listed = source.list_groups(&permit, from.as_ref(), limit - found.len()).await?;
        found.extend(listed.items.into_iter().filter(|group| wanted.includes(group)));
        from = listed.next;
        if from.is_none() || found.len() >= limit || Instant::now() >= until {
            break;
        }
    }
    line.write(found.len(), 0);
    let next = from.map(|position| tokens.write(&PageToken::new(of, Direction::Forward, position))).transpose()?;
    Ok((found, next))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    account_identifiers: Option<Vec<String>>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    log_group_name: LogGroupName,
    log_group_arn: String,
    log_group_class: String,
}

pub(super) async fn list(call: Call<'_>, body: &[u8]) -> Answer {
    let input: ListInput = validation::read(body)?;
    let mut checks = Validation::default();
    let limit = checks.limit("limit", input.limit, LISTED);
    let class = checks.choice("logGroupClass", input.log_group_class.as_deref(), &CLASSES);
    let pattern = input.log_group_name_pattern.map(|text| Alternatives::read(&mut checks, &text));
    let accounts = input.account_identifiers.unwrap_or_default();
    checks.finish()?;
    own_account(&accounts, call)?;
    let wanted = Wanted { prefix: None, pattern: None, class };
    let (groups, next_token) = page(call, "ListLogGroups", &wanted, input.next_token.as_deref(), limit).await?;
    let shown = groups.into_iter().filter(|group| pattern.as_ref().is_none_or(|pattern| pattern.matches(group.name.as_str())));
    let log_groups = shown
        .map(|group| Summary {
            log_group_arn: call.home().group(group.name.as_str()),
            log_group_class: group.class,
            log_group_name: group.name,
        })
        .collect();
    json(&GroupPage { log_groups, next_token })
}

/// ListLogGroups' pattern: one to five parts of names, separated by `|`; a `^` before a part anchors it at the start.
struct Alternatives(Vec<(bool, String)>);

impl Alternatives {
    fn read(checks: &mut Validation, text: &str) -> Self {
        let parts: Vec<_> =
            text.split('|').map(|part| (part.starts_with('^'), part.trim_start_matches('^').to_owned())).collect();
        let fits =
            |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/#".contains(c)) && (3..=24).contains(&part.len());
        if parts.len() > 5 || !parts.iter().all(|(_, part)| fits(part)) {
            let pattern = r"(\^?[\.\-_\/#A-Za-z0-9]{3,24})(\|\^?[\.\-_\/#A-Za-z0-9]{3,24}){0,4}";
            let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
            checks.fail("logGroupNamePattern", Some(&text), constraint);
        }
        Self(parts)
    }

    fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|(begins, part)| if *begins { name.starts_with(part) } else { name.contains(part) })
    }
}
