//! `logmark check`: all errors of the configuration, or its effective values; with `--online`, whether issuers and sources answer.

use std::process::ExitCode;

use clap::Args;

use super::configuration::{ConfigArgs, load};
use super::{CliError, note, runtime, say};
use crate::service;

/// Arguments of `logmark check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 if everything is right, 64 if the configuration has errors, and 1 if an issuer or a source fails \
                        with --online."
)]
pub struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also fetch the keys of each issuer and ask each source, within 30 seconds, and say why one fails
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
    if !args.online {
        return Ok(ExitCode::SUCCESS);
    }
    let checks = runtime()?.block_on(service::check_online(&config)).map_err(|error| CliError::failed("can't start", error))?;
    for check in &checks {
        match &check.outcome {
            Ok(found) => say(format_args!("ok      {}: {found}", check.subject)),
            Err(why) => say(format_args!("failed  {}: {why}", check.subject)),
        }
    }
    match checks.iter().filter(|check| check.outcome.is_err()).count() {
        0 => Ok(ExitCode::SUCCESS),
        failed => Err(CliError::Failed(format!("{failed} of {} checks failed", checks.len()))),
    }
}
