//! The command line: one binary with subcommands.
//!
//! Owns arguments, exit codes and output. Each command is a file that calls the other modules.
//!
//! Exit codes: 0 success, 1 failure, 2 invalid arguments (from clap), 64 invalid configuration (`EX_USAGE` of sysexits).

pub mod configuration;
pub mod serve;
#[cfg(feature = "local")]
pub mod demo;
pub mod token;
#[cfg(feature = "local")]
pub mod import;
pub mod check;
pub mod explain;
// The page has the commands of all features.
#[cfg(all(test, feature = "local"))]
mod man_page_test;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::error::ConfigErrors;
use crate::http::openapi;
use configuration::ConfigArgs;

/// The default folder of `demo` and `token`.
pub const DEMO_DIRECTORY: &str = "logmark-demo";

/// Invalid configuration (`EX_USAGE`).
const EX_USAGE: u8 = 64;

#[derive(Debug, Parser)]
#[command(
    name = "logmark",
    version,
    about = "Gives your customers their own logs over HTTPS: a JWT names the tenant, grants decide what it may read",
    after_help = "Try it:\n  logmark demo            run everything on this machine, with sample logs and curl commands to copy\n  \
                  logmark check           report all errors in logmark.toml\n  \
                  logmark serve           run the service\n\n\
                  Every key of logmark.toml can also be set as LOGMARK__SECTION__KEY, e.g. LOGMARK__SERVER__LISTEN."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service; on Lambda (if `AWS_LAMBDA_RUNTIME_API` is set) as a function with the same routes
    Serve(ConfigArgs),
    /// Run everything on this machine without AWS: local source, sample logs, two tenants, tokens to copy
    #[cfg(feature = "local")]
    Demo(demo::DemoArgs),
    /// Print a token of the development issuer
    Token(token::TokenArgs),
    /// Import log files (text or JSON, also compressed) into the local source
    #[cfg(feature = "local")]
    Import(import::ImportArgs),
    /// Check the configuration and report all errors at once
    Check(ConfigArgs),
    /// Explain whether a token allows an action, with the claim and the grant that decide
    Explain(explain::ExplainArgs),
    /// Print the OpenAPI document
    Openapi,
}

/// The failure of a command, as printed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is invalid.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// The configuration is valid, but a file that it names cannot be used.
    #[error("{0}")]
    Preflight(String),
    /// Any other failure, as text for the user.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// A failure, with its subject before it.
    pub fn failed(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {why}"))
    }
}

/// Runs the command line and returns the exit code.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _unwritable = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = match cli.command {
        Some(command) => execute(command),
        // Lambda starts the binary without arguments.
        None if crate::on_lambda() => serve::run(&ConfigArgs::of_environment()),
        None => {
            let _unwritable = <Cli as clap::CommandFactory>::command().print_help();
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            note(format_args!("logmark: {error}"));
            ExitCode::from(match error {
                CliError::Config(_) | CliError::Preflight(_) => EX_USAGE,
                CliError::Failed(_) => 1,
            })
        }
    }
}

fn execute(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Serve(args) => serve::run(&args),
        #[cfg(feature = "local")]
        Command::Demo(args) => demo::run(&args),
        Command::Token(args) => token::run(&args),
        #[cfg(feature = "local")]
        Command::Import(args) => import::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Openapi => {
            say(openapi::DOCUMENT.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints a line on standard output. A closed pipe is ignored.
fn say(line: impl std::fmt::Display) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line on standard error.
fn note(line: impl std::fmt::Display) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// The runtime of asynchronous commands.
fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| CliError::failed("can't start", error))
}
