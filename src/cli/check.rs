//! `logmark check`: all errors of the configuration, or its effective values.

use std::process::ExitCode;

use super::configuration::{ConfigArgs, load};
use super::{CliError, note, say};
use crate::service;

/// Checks the configuration, and the certificates and key files that it names.
///
/// # Errors
/// All errors.
pub fn run(args: &ConfigArgs) -> Result<ExitCode, CliError> {
    let config = load(args)?;
    let problems = service::preflight(&config);
    if !problems.is_empty() {
        return Err(CliError::Preflight(problems.join("\nlogmark: ")));
    }
    for warning in &config.warnings {
        note(format_args!("warning: {warning}"));
    }
    say(config.effective());
    say("The configuration is valid.");
    Ok(ExitCode::SUCCESS)
}
