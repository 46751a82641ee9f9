//! `logmark policy test`: compares a table of expectations with the policy of a configuration.
//!
//! Owns the comparison and the exit codes; `report` prints it. The decisions are those of [`crate::auth::policy`].
//!
//! Exit codes: 0 all expectations hold, 1 one does not, 2 a file or an argument cannot be used.

mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::configuration::load_from;
use super::{CliError, note};
use crate::auth::policy::{Explanation, explain, view_event};
use crate::auth::tenant::Caller;
use crate::auth::token::{Claims, GrantedScope, RequirementsDigest, read_unsigned};
use crate::config::Config;
use crate::config::error::Location;
use crate::config::policy_test::{self, EventExpectation, PolicyTest, TestCaller};
use crate::domain::field_path::FieldPath;
use crate::domain::rules::EventView;
use report::{Checked, CheckedTest};

/// Exit code for files and arguments that cannot be used.
const UNUSABLE: u8 = 2;
/// Stands for the issuer and the subject of a test's caller.
const NO_TOKEN: &str = "policy test";

/// Arguments of `logmark policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check that tenants may do what a file expects, and nothing that it excludes
    Test(TestArgs),
}

/// Arguments of `logmark policy test`.
#[derive(Debug, Args)]
#[command(
    after_help = "A file of expectations:\n\n  config = \"logmark.toml\"\n\n  [[test]]\n  name = \"acme reads its own logs\"\n  \
    tenant = \"acme\"\n  scopes = [\"logs:read:/acme/*\"]        # default: every action on every group\n  \
    may = [\"read /acme/api\", \"read /acme/api stream prod-1\"]\n  may_not = [\"read /globex/api\", \"query /acme/api\"]\n\n  \
    [[test]]\n  name = \"a token of our identity provider is one of acme\"\n  \
    claims = '{\"iss\":\"https://id.example.com\",\"aud\":\"logmark\",\"sub\":\"7\",\"exp\":1800000000,\"tenant\":\"acme\",\"scope\":\"logs:read:/acme/*\"}'\n  \
    expect_tenant = \"acme\"\n  may = [\"read /acme/api\"]\n\n\
    A request is `ACTION GROUP` or `ACTION GROUP stream STREAM`; actions are read, query, tail and describe.\n\
    Exits with 0 if all expectations hold, with 1 if one does not, and with 2 if a file or an argument cannot be used.\n\
    docs/policy-tests.md describes the file."
)]
struct TestArgs {
    /// The file of expectations (TOML)
    file: PathBuf,
    /// The configuration: a file, `ssm:/parameter` or `s3://bucket/key` [default: `config` in the file, or logmark.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Show for each expectation which grant and scope decide, or what is missing
    #[arg(long)]
    explain: bool,
    /// Print the result as JSON
    #[arg(long, conflicts_with = "explain")]
    json: bool,
    /// Also write the result as JUnit XML, which CI systems show
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Never: failures are reported here, because they have an exit code of their own.
pub fn run(args: &PolicyArgs) -> Result<ExitCode, CliError> {
    let PolicyCommand::Test(args) = &args.command;
    Ok(match test(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            note(format_args!("logmark: {error}"));
            ExitCode::from(UNUSABLE)
        }
    })
}

fn test(args: &TestArgs) -> Result<bool, CliError> {
    let tests = policy_test::read(&args.file)?;
    let place = args.config.clone().or(tests.config).unwrap_or_else(|| crate::config::DEFAULT_FILE.into());
    let config = load_from(&place)?;
    let checked: Vec<CheckedTest> = tests.tests.iter().map(|test| check(test, &config)).collect();
    if let Some(path) = &args.junit {
        std::fs::write(path, report::junit(&checked)).map_err(|error| CliError::failed(path.display(), error))?;
    }
    if args.json {
        report::print_json(&checked);
    } else {
        report::print(&checked, args.explain);
    }
    Ok(checked.iter().all(CheckedTest::holds))
}

/// Compares the expectations of one test with the policy.
fn check(test: &PolicyTest, config: &Config) -> CheckedTest {
    let mut checked = CheckedTest { name: test.name.clone(), location: test.location.clone(), expectations: Vec::new() };
    match &test.caller {
        TestCaller::Tenant { tenant, scopes } => {
            let claim: Arc<str> = "scope".into();
            let scopes =
                scopes.iter().map(|value| GrantedScope { claim: Arc::clone(&claim), claim_value: None, value: value.clone() });
            let claims = Claims {
                issuer: NO_TOKEN.to_owned(),
                subject: NO_TOKEN.to_owned(),
                tenant: tenant.clone(),
                scopes: scopes.collect(),
                expires_at: i64::MAX,
                token_id: None,
                requirements: RequirementsDigest::default(),
            };
            check_requests(test, &Caller::new(Arc::new(claims), &config.tenants), &mut checked);
        }
        TestCaller::Claims(claims) => match (read_unsigned(&config.issuers, claims), &test.refused) {
            (Ok(token), None) => {
                check_claims(test, &token.claims, &mut checked);
                check_requests(test, &Caller::of_token(token, &config.tenants), &mut checked);
            }
            (Ok(token), Some(location)) => {
                let because = format!("it is accepted, of tenant {}", token.claims.tenant);
                checked.add(location, "refuses the token".to_owned(), false, because);
            }
            (Err(error), Some(location)) => checked.add(location, "refuses the token".to_owned(), true, error.to_string()),
            (Err(error), None) => checked.add(&test.location, "accepts the token".to_owned(), false, error.to_string()),
        },
    }
    checked
}

fn check_claims(test: &PolicyTest, claims: &Claims, checked: &mut CheckedTest) {
    if let Some((location, expected)) = &test.expect_tenant {
        let because = format!("the claims name the tenant {}", claims.tenant);
        checked.add(location, format!("tenant {expected}"), claims.tenant == *expected, because);
    }
    if let Some((location, expected)) = &test.expect_scopes {
        let is_ours = |scope: &&GrantedScope| scope.value.starts_with("logs:");
        let mut found: Vec<&str> = claims.scopes.iter().filter(is_ours).map(|scope| scope.value.as_str()).collect();
        let mut wanted: Vec<&str> = expected.iter().map(String::as_str).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        let because =
            if found.is_empty() { "the claims have no scope".to_owned() } else { format!("the scopes are {}", found.join(" ")) };
        checked.add(location, format!("scopes {}", wanted.join(" ")), found == wanted, because);
    }
}

/// Compares the visible parts of each event with the expectation.
fn check_events(test: &PolicyTest, caller: &Caller, checked: &mut CheckedTest) {
    for event in &test.events {
        let EventExpectation { location, group, stream, message, is_visible, fields } = event;
        let word = if *is_visible { "sees" } else { "does not see" };
        let expected = format!("{word} the event in {group} stream {stream}");
        let view = match view_event(caller, group, stream, message) {
            Ok(view) => view,
            Err(denied) => {
                checked.add(location, expected, !is_visible, format!("refused: {denied}"));
                continue;
            }
        };
        let (shown, because) = match &view {
            EventView::Hidden => (None, "no row rule admits it"),
            EventView::Withheld => (None, "it is withheld, because its message cannot be masked"),
            EventView::Unchanged => (Some(message), "it is shown as it is stored"),
            EventView::Masked(masked) => (Some(masked), "it is shown with masked fields"),
        };
        checked.add(location, expected, shown.is_some() == *is_visible, because.to_owned());
        if let Some(shown) = shown {
            fields.iter().for_each(|(path, is_shown)| check_field(location, path, *is_shown, (message, shown), checked));
        }
    }
}

/// Compares the values at a path in a message as stored and as it is shown.
fn check_field(location: &Location, path: &FieldPath, is_shown: bool, (stored, shown): (&str, &str), checked: &mut CheckedTest) {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (stored, shown) = (parsed(stored), parsed(shown));
    let (stored, shown) = (path.values(&stored), path.values(&shown));
    let visible = shown.iter().filter(|value| stored.contains(*value)).count();
    let because = if stored.is_empty() {
        "the message has no such field".to_owned()
    } else {
        format!("{visible} of {} values are shown", stored.len())
    };
    let wanted = if is_shown { stored.len() } else { 0 };
    let holds = !stored.is_empty() && visible == wanted;
    checked.add(location, format!("{} {path}", if is_shown { "shows" } else { "masks" }), holds, because);
}

fn check_requests(test: &PolicyTest, caller: &Caller, checked: &mut CheckedTest) {
    for expectation in &test.expectations {
        let request = &expectation.request;
        let found = explain(caller, request.action, &request.group, request.stream.as_ref());
        let holds = found.allowed == expectation.is_allowed;
        let word = if expectation.is_allowed { "may" } else { "may not" };
        checked.add(&expectation.location, format!("{word} {request}"), holds, reason(&found));
    }
    check_events(test, caller, checked);
}

/// What decides, as a clause.
fn reason(found: &Explanation) -> String {
    match (&found.because, &found.missing) {
        (Some(why), _) => {
            let rules: Vec<String> = found.rules.iter().map(ToString::to_string).collect();
            let shows = if rules.is_empty() { String::new() } else { format!("; shows {}", rules.join("; ")) };
            format!("allowed by {} and the scope {} in claim `{}`{shows}", why.grant, why.scope, why.claim)
        }
        (None, Some(missing)) => format!("refused: {missing}"),
        (None, None) => "refused".to_owned(),
    }
}

impl CheckedTest {
    fn add(&mut self, location: &Location, expected: String, holds: bool, because: String) {
        self.expectations.push(Checked { location: location.clone(), expected, holds, because });
    }
}
