//! The command line: one binary, one word for what to do.
//!
//! Owns arguments, exit codes and what is printed. Never does the work itself: each command is a file that calls the rest.
//!
//! Exit codes: 0 done, 1 it failed, 2 the arguments are wrong (clap's), 64 the configuration is wrong (sysexits `EX_USAGE`).

pub mod configuration;
pub mod serve;
#[cfg(feature = "local")]
pub mod demo;
pub mod token;
#[cfg(feature = "local")]
pub mod import;
pub mod check;
pub mod explain;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::error::ConfigErrors;
use crate::http::openapi;
use configuration::ConfigArgs;

/// Where `demo` and `token` keep what they make, unless told otherwise.
pub const DEMO_DIRECTORY: &str = "logmark-demo";

/// The configuration is wrong (`EX_USAGE`).
const EX_USAGE: u8 = 64;

#[derive(Debug, Parser)]
#[command(
    name = "logmark",
    version,
    about = "Your customers' own logs over HTTPS: a JWT in, what that tenant may see of CloudWatch Logs out",
    after_help = "Try it:\n  logmark demo            everything on this machine, with sample logs and a curl line to copy\n  \
                  logmark check           what is wrong with logmark.toml, all at once\n  \
                  logmark serve           the service\n\n\
                  Every key of logmark.toml can also be set as LOGMARK__SECTION__KEY, e.g. LOGMARK__SERVER__LISTEN."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service; on Lambda (`AWS_LAMBDA_RUNTIME_API` is set) the same routes run as a function
    Serve(ConfigArgs),
    /// Run everything on one machine without AWS: local source, sample logs, two tenants, tokens to copy
    #[cfg(feature = "local")]
    Demo(demo::DemoArgs),
    /// Print a token of the development issuer
    Token(token::TokenArgs),
    /// Put log files (text, JSON, plain or packed) into the local source
    #[cfg(feature = "local")]
    Import(import::ImportArgs),
    /// Read the whole configuration and report every error at once
    Check(ConfigArgs),
    /// Say whether a token may do something, and which claim and rule decide it
    Explain(explain::ExplainArgs),
    /// Print the OpenAPI document
    Openapi,
}

/// A command's failure, to be printed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// The configuration reads well, but what it points at can't be used.
    #[error("{0}")]
    Preflight(String),
    /// Something else, in words for whoever typed the command.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// A failure with what it is about before it.
    pub fn failed(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {why}"))
    }
}

/// Runs the command line and gives the process's exit code.
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

/// Prints a line on standard output. A closed pipe ends nothing but the printing.
fn say(line: impl std::fmt::Display) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line on standard error.
fn note(line: impl std::fmt::Display) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// The runtime that asynchronous commands run on.
fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| CliError::failed("can't start", error))
}
