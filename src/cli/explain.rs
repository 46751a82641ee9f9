//! `logmark explain`: what a token gives, whether it allows an action, with the claim and the grant that decide, or why it is
//! refused. For operators, so it hides nothing.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::configuration::{ConfigArgs, load};
use super::{CliError, runtime, say};
use crate::auth::policy;
use crate::auth::tenant::{Caller, Scope};
use crate::auth::token::{Diagnosis, Excerpt, TokenError, UnverifiedToken};
use crate::domain::name::{LogGroupName, LogStreamName, from_url_spelling};
use crate::domain::operation::Action;
use crate::domain::time::{Clock as _, Millis, SystemClock};
use crate::outbound::Outbound;
use crate::service;

/// Arguments of `logmark explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  logmark explain --config logmark.toml --token \"$TOKEN\"\n  \
    logmark explain --config logmark.toml --token \"$TOKEN\" --action read --group /acme/api\n\n\
    Exits with 0 if the action is allowed, and with 1 if it is not. Without --action: with 0 if the token is accepted.\n\
    The claims of a refused token are printed, with what to change. The token itself is not.")]
pub struct ExplainArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The token; `-` reads it from standard input
    #[arg(long)]
    token: String,
    /// `read`, `query`, `tail` or `describe`; without it, only the token is explained
    #[arg(long, requires = "group")]
    action: Option<String>,
    /// The log group
    #[arg(long, requires = "action")]
    group: Option<String>,
    /// The log stream
    #[arg(long, requires = "group")]
    stream: Option<String>,
}

/// The action that the arguments name.
struct Question {
    action: Action,
    group: LogGroupName,
    stream: Option<LogStreamName>,
}

impl Question {
    fn of(args: &ExplainArgs) -> Result<Option<Self>, CliError> {
        let (Some(action), Some(group)) = (&args.action, &args.group) else { return Ok(None) };
        let action = action.parse().map_err(|error| CliError::failed(format!("--action `{action}`"), error))?;
        let group = LogGroupName::try_from(from_url_spelling(group))
            .map_err(|error| CliError::failed(format!("--group `{group}`"), error))?;
        let stream = args.stream.as_ref().map(|text| LogStreamName::try_from(from_url_spelling(text)));
        let stream = stream.transpose().map_err(|error| CliError::failed("--stream", error))?;
        Ok(Some(Self { action, group, stream }))
    }
}

/// Explains a token, and a decision on an action.
///
/// # Errors
/// If an argument or the configuration is invalid, or the token is refused, with the reason.
pub fn run(args: &ExplainArgs) -> Result<ExitCode, CliError> {
    let question = Question::of(args)?;
    let text = if args.token == "-" {
        std::io::read_to_string(std::io::stdin()).map_err(|error| CliError::failed("standard input", error))?
    } else {
        args.token.clone()
    };
    let config = load(&args.config)?;
    let token = UnverifiedToken::new(text.trim());
    let verified = runtime()?.block_on(async {
        let outbound = Outbound::new().map_err(|error| CliError::failed("can't start", error))?;
        let verifier = service::verifier(&config, &outbound, Arc::new(SystemClock))
            .map_err(|error| CliError::failed("can't start", error))?;
        Ok::<_, CliError>(verifier.authenticate(&token).await)
    })?;
    let verified = verified.map_err(|error| {
        explain_refusal(&Diagnosis::new(&token, &config.issuers), &error);
        CliError::failed("the token is refused", error)
    })?;
    let caller = Caller::of_token(verified, &config.tenants);
    explain_token(&caller);
    Ok(match question {
        Some(question) => explain_action(&caller, &question),
        None => ExitCode::SUCCESS,
    })
}

/// Prints what a refused token states, and what to change.
fn explain_refusal(diagnosis: &Diagnosis<'_>, error: &TokenError) {
    for (name, value) in diagnosis.statements() {
        say(format_args!("states    {name}: {value}"));
    }
    let advice = diagnosis.advice(error, SystemClock.now());
    if !advice.is_empty() {
        say(format_args!("advice    {advice}"));
    }
}

fn explain_token(caller: &Caller) {
    let claims = &caller.claims;
    let expires = Millis(claims.expires_at.saturating_mul(1000));
    say(format_args!("token     of {}, subject {}, until {expires}", claims.issuer, claims.subject));
    say(format_args!("tenant    {} (claim of the token), {} grants", caller.tenant.id, caller.tenant.grants.len()));
    for scope in &*caller.scopes {
        match &scope.claim_value {
            Some(value) => say(format_args!("scope     {scope} (claim `{}`, by `scope_map` from `{value}`)", scope.claim)),
            None => say(format_args!("scope     {scope} (claim `{}`)", scope.claim)),
        }
    }
    for other in claims.scopes.iter().filter(|scope| Scope::of(scope).is_err()) {
        let (value, claim) = (Excerpt::of(&other.value), &other.claim);
        say(format_args!("ignored   {value} (claim `{claim}`): not a scope of Logmark, and not in `scope_map`"));
    }
    if caller.scopes.is_empty() {
        say("scopes    none, so every request is refused with 403: map a claim with `scope_map`, or add scopes to the token");
    }
}

fn explain_action(caller: &Caller, Question { action, group, stream }: &Question) -> ExitCode {
    let source = policy::default_source(caller, *action, group, stream.as_ref());
    // Sources of every kind run queries and have a live tail.
    let features = policy::SourceFeatures { runs_queries: source.is_some(), tails: source.is_some() };
    let explanation = policy::explain(caller, *action, group, stream.as_ref()).within(*action, features);
    let target = stream.as_ref().map_or_else(|| group.to_string(), |stream| format!("{group}, stream {stream}"));
    match explanation.because.filter(|_| explanation.allowed) {
        Some(why) => {
            let value = why.claim_value.map(|value| format!(", by `scope_map` from `{value}`")).unwrap_or_default();
            say(format_args!(
                "allowed   {action} {target}: by {} and the scope {} in claim `{}`{value}",
                why.grant, why.scope, why.claim
            ));
        }
        None => say(format_args!("refused   {action} {target}: {}", explanation.missing.unwrap_or_default())),
    }
    if explanation.allowed {
        for rule in &explanation.rules {
            say(format_args!("shows     {rule}"));
        }
    }
    if explanation.allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
