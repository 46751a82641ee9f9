//! `logmark completions`: the completions of a shell.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::CliError;

/// Arguments of `logmark completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    logmark completions bash > ~/.local/share/bash-completion/completions/logmark\n  \
    logmark completions zsh > ~/.zfunc/_logmark                    with ~/.zfunc in $fpath\n  \
    logmark completions fish > ~/.config/fish/completions/logmark.fish\n  \
    logmark completions powershell >> $PROFILE\n\nThe Debian package installs those of bash, zsh and fish.")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(args: &CompletionsArgs, command: &mut Command) -> Result<ExitCode, CliError> {
    use std::io::Write as _;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "logmark", &mut script);
    std::io::stdout().write_all(&script).map_err(|error| CliError::failed("standard output", error))?;
    Ok(ExitCode::SUCCESS)
}
