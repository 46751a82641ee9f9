//! The file of `logmark policy test`: what tenants may and may not do, as tables.
//!
//! Owns the keys of the file and the form of an expectation. `crate::cli::policy` compares them with the policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::error::{ConfigError, ConfigErrors, Location};
use super::issuer::tenant_id;
use super::validation::{Key, Validator};
use super::{deserializer, tree, values};
use crate::auth::tenant::Scope;
use crate::domain::field_path::FieldPath;
use crate::domain::name::{LogGroupName, LogStreamName, TenantId};
use crate::domain::operation::Action;

/// A checked file.
#[derive(Debug)]
pub struct PolicyTests {
    /// `config`: the configuration to test, relative to the folder of the file.
    pub config: Option<PathBuf>,
    /// `[[test]]`, at least one.
    pub tests: Vec<PolicyTest>,
}

/// A `[[test]]`.
#[derive(Debug)]
pub struct PolicyTest {
    /// `name`.
    pub name: String,
    /// Where the test is.
    pub location: Location,
    /// `tenant` and `scopes`, or `claims`.
    pub caller: TestCaller,
    /// `expect_tenant`, for a test of claims.
    pub expect_tenant: Option<(Location, TenantId)>,
    /// `expect_scopes`, for a test of claims.
    pub expect_scopes: Option<(Location, Vec<String>)>,
    /// `refused`, for a test of claims: the token is refused.
    pub refused: Option<Location>,
    /// `may` and `may_not`.
    pub expectations: Vec<Expectation>,
    /// `[[test.events]]`.
    pub events: Vec<EventExpectation>,
}

/// A `[[test.events]]`: an event, and what is shown of it.
#[derive(Debug)]
pub struct EventExpectation {
    /// Where it is.
    pub location: Location,
    /// `group`.
    pub group: LogGroupName,
    /// `stream`.
    pub stream: LogStreamName,
    /// `message`.
    pub message: String,
    /// `visible`.
    pub is_visible: bool,
    /// `shown` and `masked`: a path, and whether its values are shown.
    pub fields: Vec<(FieldPath, bool)>,
}

/// Who asks.
#[derive(Debug)]
pub enum TestCaller {
    /// A tenant, with the scopes of its token.
    Tenant {
        /// The tenant.
        tenant: TenantId,
        /// The scopes, checked.
        scopes: Vec<String>,
    },
    /// The claims of a token, as JSON.
    Claims(String),
}

/// An item of `may` or `may_not`.
#[derive(Debug)]
pub struct Expectation {
    /// Where it is.
    pub location: Location,
    /// Whether the request is to be allowed.
    pub is_allowed: bool,
    /// The request.
    pub request: PolicyRequest,
}

/// A request: `ACTION GROUP` or `ACTION GROUP stream STREAM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRequest {
    /// The action.
    pub action: Action,
    /// The log group.
    pub group: LogGroupName,
    /// The log stream; `None`: the group as a whole.
    pub stream: Option<LogStreamName>,
}

impl std::fmt::Display for PolicyRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.action, self.group)?;
        self.stream.as_ref().map_or(Ok(()), |stream| write!(f, " stream {stream}"))
    }
}

/// The file as written.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPolicyTests {
    config: Option<String>,
    test: Vec<RawTest>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTest {
    #[serde(deserialize_with = "name")]
    name: Option<String>,
    #[serde(deserialize_with = "tenant")]
    tenant: Option<TenantId>,
    #[serde(deserialize_with = "scopes")]
    scopes: Option<Vec<String>>,
    claims: Option<String>,
    #[serde(deserialize_with = "tenant")]
    expect_tenant: Option<TenantId>,
    #[serde(deserialize_with = "scopes")]
    expect_scopes: Option<Vec<String>>,
    refused: bool,
    #[serde(deserialize_with = "requests")]
    may: Vec<PolicyRequest>,
    #[serde(deserialize_with = "requests")]
    may_not: Vec<PolicyRequest>,
    events: Vec<RawEvent>,
}

#[derive(Deserialize)]
#[serde(default)]
struct RawEvent {
    #[serde(deserialize_with = "group")]
    group: Option<LogGroupName>,
    #[serde(deserialize_with = "stream")]
    stream: Option<LogStreamName>,
    message: Option<String>,
    visible: bool,
    #[serde(deserialize_with = "paths")]
    shown: Vec<FieldPath>,
    #[serde(deserialize_with = "paths")]
    masked: Vec<FieldPath>,
}

impl Default for RawEvent {
    fn default() -> Self {
        Self { group: None, stream: None, message: None, visible: true, shown: Vec::new(), masked: Vec::new() }
    }
}

fn group<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LogGroupName>, D::Error> {
    let check = |text: &str| LogGroupName::try_from(text).map_err(|error| format!("does not name a log group: it {error}"));
    values::text(deserializer, check).map(Some)
}

fn stream<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LogStreamName>, D::Error> {
    let check = |text: &str| LogStreamName::try_from(text).map_err(|error| format!("does not name a log stream: it {error}"));
    values::text(deserializer, check).map(Some)
}

fn paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FieldPath>, D::Error> {
    values::list(deserializer, Some("list at least one path, or remove the key"), FieldPath::parse)
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    values::text(deserializer, values::name::<256>).map(Some)
}

fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TenantId>, D::Error> {
    values::text(deserializer, tenant_id).map(Some)
}

fn scopes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let check = |text: &str| Scope::parse(text, &"scope".into()).map(|_| text.to_owned());
    values::list(deserializer, None, check).map(Some)
}

fn requests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PolicyRequest>, D::Error> {
    values::list(deserializer, Some("list at least one request, or remove the key"), request)
}

/// Parses a request.
fn request(text: &str) -> Result<PolicyRequest, String> {
    const FORM: &str =
        "is not a request: write `ACTION GROUP` or `ACTION GROUP stream STREAM`, such as `read /acme/api stream prod-1`";
    let (action, rest) = text.split_once(' ').ok_or(FORM)?;
    let action: Action = action.parse().map_err(|_| {
        let known = Action::ALL.map(Action::as_str);
        format!("begins with an unknown action: {}", super::spelling::expected(action, &known))
    })?;
    let (group, stream) = match rest.split_once(' ') {
        None => (rest, None),
        Some((group, rest)) => (group, Some(rest.strip_prefix("stream ").ok_or(FORM)?)),
    };
    if group.contains('*') {
        return Err("has a pattern: name one group, such as one that the pattern matches".to_owned());
    }
    let group = LogGroupName::try_from(group.to_owned()).map_err(|error| format!("does not name a log group: it {error}"))?;
    let stream = stream.map(|name| LogStreamName::try_from(name.to_owned()));
    let stream = stream.transpose().map_err(|error| format!("does not name a log stream: it {error}"))?;
    Ok(PolicyRequest { action, group, stream })
}

/// Reads a file.
///
/// # Errors
/// All errors found.
pub fn read(path: &Path) -> Result<PolicyTests, ConfigErrors> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let why = super::paths::FileError::of(path, &error).to_string();
        ConfigErrors::new(vec![ConfigError::about(&name, why)])
    })?;
    parse(path, &text)
}

/// Reads the text of a file.
///
/// # Errors
/// All errors found.
pub fn parse(path: &Path, text: &str) -> Result<PolicyTests, ConfigErrors> {
    let root = tree::read(&path.display().to_string(), text).map_err(|error| ConfigErrors::new(vec![error]))?;
    let variables = BTreeMap::new();
    let validator = Validator::new(&variables, path.parent().unwrap_or(Path::new("")), Vec::new());
    let tests = deserializer::read::<RawPolicyTests>(&root, &validator).map(|raw| validate(raw, &Key::root(&validator, &root)));
    let (errors, _) = validator.finish();
    match tests {
        Some(tests) if errors.is_empty() => Ok(tests),
        _ => Err(ConfigErrors::new(errors)),
    }
}

fn validate(raw: RawPolicyTests, root: &Key<'_>) -> PolicyTests {
    const NEEDED: &str = "write at least one `[[test]]`, or nothing is tested";
    let (config, tests) = (root.key("config"), root.key("test"));
    tests.require(NEEDED);
    tests.require_items(NEEDED);
    let config = raw.config.and_then(|text| config.path(&text));
    let tests = raw.test.into_iter().zip(tests.items()).filter_map(|(raw, key)| validate_test(raw, &key));
    PolicyTests { config, tests: tests.collect() }
}

fn validate_test(raw: RawTest, key: &Key<'_>) -> Option<PolicyTest> {
    key.key("name").require("say what the test shows");
    let caller = match (raw.tenant, raw.claims) {
        (_, Some(claims)) => {
            key.refuse(
                &["tenant", "scopes"],
                "conflicts with `claims`, which contain both: use `expect_tenant` and `expect_scopes`",
            );
            TestCaller::Claims(claims)
        }
        (tenant, None) => {
            let reason = "applies to a test of `claims`: add them, or remove the key";
            key.refuse(&["expect_tenant", "expect_scopes", "refused"], reason);
            key.key("tenant").require("write the tenant, or `claims` with those of a token");
            TestCaller::Tenant { tenant: tenant?, scopes: raw.scopes.unwrap_or_else(|| vec!["logs:*:*".to_owned()]) }
        }
    };
    let refused = raw.refused.then(|| key.key("refused").location().clone());
    if refused.is_some() {
        key.refuse(
            &["may", "may_not", "events", "expect_tenant", "expect_scopes"],
            "conflicts with `refused`: a refused token may do nothing",
        );
    } else if ["may", "may_not", "events", "expect_tenant", "expect_scopes"].iter().all(|name| !key.key(name).is_set()) {
        key.error("expects nothing: write `may`, `may_not` or `[[test.events]]`");
    }
    let of_list = |name: &str, requests: Vec<PolicyRequest>, is_allowed: bool| -> Vec<Expectation> {
        let items = key.key(name);
        let located = items.items().map(|item| item.location().clone()).collect::<Vec<_>>();
        requests.into_iter().zip(located).map(|(request, location)| Expectation { location, is_allowed, request }).collect()
    };
    let mut expectations = of_list("may", raw.may, true);
    for expectation in of_list("may_not", raw.may_not, false) {
        if expectations.iter().any(|other| other.request == expectation.request) {
            key.key("may_not").error(format_args!("lists `{}`, which `may` lists too", expectation.request));
        }
        expectations.push(expectation);
    }
    let events = raw.events.into_iter().zip(key.key("events").items());
    let events: Vec<_> = events.filter_map(|(raw, key)| validate_event(raw, &key)).collect();
    let located = |name: &str| key.key(name).location().clone();
    Some(PolicyTest {
        name: raw.name?,
        location: key.location().clone(),
        caller,
        expect_tenant: raw.expect_tenant.map(|tenant| (located("expect_tenant"), tenant)),
        expect_scopes: raw.expect_scopes.map(|scopes| (located("expect_scopes"), scopes)),
        refused,
        expectations,
        events,
    })
}

fn validate_event(raw: RawEvent, key: &Key<'_>) -> Option<EventExpectation> {
    key.key("group").require("write the log group of the event");
    key.key("stream").require("write the log stream of the event");
    key.key("message").require("write the text of the event");
    if !raw.visible {
        key.refuse(&["shown", "masked"], "conflicts with `visible = false`: nothing of the event is shown");
    }
    let shown = raw.shown.into_iter().map(|path| (path, true));
    let fields = shown.chain(raw.masked.into_iter().map(|path| (path, false))).collect();
    let location = key.location().clone();
    Some(EventExpectation {
        location,
        group: raw.group?,
        stream: raw.stream?,
        message: raw.message?,
        is_visible: raw.visible,
        fields,
    })
}

#[cfg(test)]
mod tests;
