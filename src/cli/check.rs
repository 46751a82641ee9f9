//! `logmark check`: every error of the configuration at once, or what it means.

use std::process::ExitCode;

use super::configuration::{ConfigArgs, load};
use super::{CliError, note, say};
use crate::service;

/// Reads the configuration and what it points at: certificates and key files.
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
    say("The configuration is good.");
    Ok(ExitCode::SUCCESS)
}
