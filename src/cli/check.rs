//! `logmark check`: all errors of the configuration, or its effective values. With `--online` also whether issuers and sources
//! answer.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::configuration::{ConfigArgs, load};
use super::{CliError, note, runtime, say};
use crate::config::Config;
use crate::domain::time::{Clock, SystemClock};
use crate::service;

/// Arguments of `logmark check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 if the configuration is valid, with 64 if it is not, and with 1 if an issuer or a source fails."
)]
pub struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also fetch the keys of each issuer, and call each source: credentials, region and permissions
    #[arg(long)]
    online: bool,
}

/// Checks the configuration, and the certificates and key files that it names.
///
/// # Errors
/// All errors.
pub fn run(args: &CheckArgs) -> Result<ExitCode, CliError> {
    let config = load(&args.config)?;
    let problems = service::preflight(&config);
    if !problems.is_empty() {
        return Err(CliError::Preflight(problems.join("\nlogmark: ")));
    }
    for warning in &config.warnings {
        note(format_args!("warning: {warning}"));
    }
    say(config.effective());
    say("The configuration is valid.");
    if args.online { check_online(&config) } else { Ok(ExitCode::SUCCESS) }
}

/// Prints what each issuer and source answers.
fn check_online(config: &Config) -> Result<ExitCode, CliError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let checks = runtime()?.block_on(service::check_online(config, &clock));
    let checks = checks.map_err(|error| CliError::failed("can't start", error))?;
    let mut failures = Vec::new();
    for service::OnlineCheck { subject, outcome } in checks {
        match outcome {
            Ok(found) => say(format_args!("{subject}: {found}")),
            Err(why) => failures.push(format!("{subject}: {why}")),
        }
    }
    if failures.is_empty() {
        say("All issuers and sources answer.");
        return Ok(ExitCode::SUCCESS);
    }
    Err(CliError::Failed(failures.join("\nlogmark: ")))
}
