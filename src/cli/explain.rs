//! `logmark explain`: whether a token allows an action, with the claim and the grant that decide. For operators, so it hides
//! nothing.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::configuration::{ConfigArgs, load};
use super::{CliError, runtime, say};
use crate::auth::policy;
use crate::auth::tenant::Caller;
use crate::auth::token::UnverifiedToken;
use crate::domain::name::{LogGroupName, LogStreamName, from_url_spelling};
use crate::domain::operation::Action;
use crate::domain::time::{Millis, SystemClock};
use crate::outbound::Outbound;
use crate::service;

/// Arguments of `logmark explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  logmark explain --config logmark.toml --token \"$TOKEN\" --action read --group /acme/api\n\n\
    Exits with 0 if the action is allowed, and with 1 if it is not."
)]
pub struct ExplainArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The token; `-` reads it from standard input
    #[arg(long)]
    token: String,
    /// `read`, `query`, `tail` or `describe`
    #[arg(long)]
    action: String,
    /// The log group
    #[arg(long)]
    group: String,
    /// The log stream
    #[arg(long)]
    stream: Option<String>,
}

/// Explains a decision.
///
/// # Errors
/// If an argument or the configuration is invalid, or the token is refused, with the reason.
pub fn run(args: &ExplainArgs) -> Result<ExitCode, CliError> {
    let action: Action = args.action.parse().map_err(|error| CliError::failed(format!("--action `{}`", args.action), error))?;
    let group = LogGroupName::try_from(from_url_spelling(&args.group))
        .map_err(|error| CliError::failed(format!("--group `{}`", args.group), error))?;
    let stream = args.stream.as_ref().map(|text| LogStreamName::try_from(from_url_spelling(text)));
    let stream = stream.transpose().map_err(|error| CliError::failed("--stream", error))?;
    let text = if args.token == "-" {
        std::io::read_to_string(std::io::stdin()).map_err(|error| CliError::failed("standard input", error))?
    } else {
        args.token.clone()
    };
    let config = load(&args.config)?;
    let token = runtime()?.block_on(async {
        let outbound = Outbound::new().map_err(|error| CliError::failed("can't start", error))?;
        let verifier = service::verifier(&config, &outbound, Arc::new(SystemClock))
            .map_err(|error| CliError::failed("can't start", error))?;
        let verified = verifier.authenticate(&UnverifiedToken::new(text.trim())).await;
        verified.map_err(|error| CliError::failed("the token is refused", error))
    })?;
    let caller = Caller::of_token(token, &config.tenants);
    say(format_args!(
        "token     of {}, subject {}, until {}",
        caller.claims.issuer,
        caller.claims.subject,
        Millis(caller.claims.expires_at * 1000)
    ));
    say(format_args!("tenant    {} (claim of the token), {} grants", caller.tenant.id, caller.tenant.grants.len()));
    for scope in &*caller.scopes {
        say(format_args!("scope     {scope} (claim `{}`)", scope.claim));
    }
    let source = policy::default_source(&caller, action, &group, stream.as_ref());
    // Sources of every kind run queries and have a live tail.
    let features = policy::SourceFeatures { runs_queries: source.is_some(), tails: source.is_some() };
    let explanation = policy::explain(&caller, action, &group, stream.as_ref()).within(action, features);
    let target = stream.map_or_else(|| group.to_string(), |stream| format!("{group}, stream {stream}"));
    match explanation.because.filter(|_| explanation.allowed) {
        Some(why) => say(format_args!(
            "allowed   {action} {target}: by {} and the scope {} in claim `{}`",
            why.grant, why.scope, why.claim
        )),
        None => say(format_args!("refused   {action} {target}: {}", explanation.missing.unwrap_or_default())),
    }
    if explanation.allowed {
        for rule in &explanation.rules {
            say(format_args!("shows     {rule}"));
        }
    }
    Ok(if explanation.allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
