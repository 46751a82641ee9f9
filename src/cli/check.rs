//! `logmark check`: all errors of the configuration, or its effective values; with `--online`, whether issuers, sources and the limit
//! store answer, and which permissions are missing.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::configuration::{ConfigArgs, load};
use super::{CliError, note, runtime, say};
use crate::service::{self, OnlineCheck};

/// Arguments of `logmark check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 if everything is right, 64 if the configuration has errors, and 1 if a check of --online fails."
)]
pub struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also fetch the keys of each issuer, ask each source for the permissions that grants and the audit log need, and ask the limit
    /// store, within 30 seconds, and say what fails and why
    #[arg(long)]
    online: bool,
    /// Print one JSON object instead: warnings, and the checks of --online
    #[arg(long)]
    json: bool,
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
    if !args.json {
        for warning in &config.warnings {
            note(format_args!("warning: {warning}"));
        }
        say(config.effective());
        say("The configuration is valid.");
    }
    let checks = match args.online {
        true => runtime()?.block_on(service::check_online(&config)).map_err(|error| CliError::failed("can't start", error))?,
        false => Vec::new(),
    };
    if args.json {
        say(as_json(&config.warnings, &checks));
    } else {
        for check in &checks {
            match &check.outcome {
                Ok(found) => say(format_args!("ok      {}: {found}", check.subject)),
                Err(why) => say(format_args!("failed  {}: {why}", check.subject)),
            }
        }
    }
    match checks.iter().filter(|check| check.outcome.is_err()).count() {
        0 => Ok(ExitCode::SUCCESS),
        failed => Err(CliError::Failed(format!("{failed} of {} checks failed", checks.len()))),
    }
}

/// `{"warnings": […], "checks": [{"subject", "ok", "detail"}]}`.
fn as_json(warnings: &[impl std::fmt::Display], checks: &[OnlineCheck]) -> serde_json::Value {
    let of_check = |OnlineCheck { subject, outcome }: &OnlineCheck| {
        let (Ok(detail) | Err(detail)) = outcome;
        json!({ "subject": subject, "ok": outcome.is_ok(), "detail": detail })
    };
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    json!({ "warnings": warnings, "checks": checks.iter().map(of_check).collect::<Vec<_>>() })
}
