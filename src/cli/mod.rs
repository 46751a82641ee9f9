//! The command line: one binary with subcommands.
//!
//! Owns arguments, exit codes and output. Each command is a file that calls the other modules.
//!
//! Exit codes: 0 success, 1 failure, 2 invalid arguments (from clap), 64 invalid configuration (`EX_USAGE` of sysexits). The client
//! commands have more: see [`client`].

pub mod configuration;
pub mod serve;
#[cfg(feature = "local")]
pub mod demo;
pub mod token;
#[cfg(feature = "local")]
pub mod import;
pub mod check;
pub mod explain;
pub mod audit;
pub mod policy;
// The page has the commands of all features.
#[cfg(test)]
#[cfg(all(feature = "local", feature = "client"))]
mod man_page_test;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod completions;

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
                  Read a running service (LOGMARK_URL, LOGMARK_TOKEN):\n  logmark groups          list the log groups that you may see\n  \
                  logmark logs GROUP      show events; --start -1h --filter ERROR\n  \
                  logmark tail GROUP      show new events as they arrive\n  \
                  logmark query QUERY     run a Logs Insights query\n  \
                  logmark report NAME     show a report of access logs, e.g. routes; --list\n\n\
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
    /// Check the configuration and report all errors at once; with --online, ask issuers, sources and the limit store too
    Check(check::CheckArgs),
    /// Explain whether a token allows an action, with the claim and the grant that decide
    Explain(explain::ExplainArgs),
    /// Test what tenants may do, for your own CI
    Policy(policy::PolicyArgs),
    /// Prove the hash chain of audit files
    Audit(audit::AuditArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Show events of a log group or stream of a running service
    #[cfg(feature = "client")]
    Logs(client::logs::LogsArgs),
    /// Show new events of a log group or stream of a running service as they arrive
    #[cfg(feature = "client")]
    Tail(client::tail::TailArgs),
    /// List log groups, or the streams of a log group, of a running service
    #[cfg(feature = "client")]
    Groups(client::groups::GroupsArgs),
    /// Run a Logs Insights query on a running service
    #[cfg(feature = "client")]
    Query(client::query::QueryArgs),
    /// Show a report of access logs, or the list of reports
    #[cfg(feature = "client")]
    Report(Box<client::report::ReportArgs>),
    /// Print the completions of a shell
    #[cfg(feature = "client")]
    Completions(completions::CompletionsArgs),
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
    /// A client command failed.
    #[cfg(feature = "client")]
    #[error("{0}")]
    Client(#[from] client::ClientError),
    /// Any other failure, as text for the user.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// A failure, with its subject before it.
    pub fn failed(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {why}"))
    }

    fn exit_code(&self) -> u8 {
        match self {
            // It may be there later, unlike a configuration with errors.
            Self::Config(errors) if errors.is_unreachable() => 1,
            Self::Config(_) | Self::Preflight(_) => EX_USAGE,
            #[cfg(feature = "client")]
            Self::Client(error) => error.exit_code(),
            Self::Failed(_) => 1,
        }
    }

    /// Whether the user already knows, as after Ctrl-C.
    fn is_quiet(&self) -> bool {
        #[cfg(feature = "client")]
        if let Self::Client(error) = self {
            return error.is_quiet();
        }
        false
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
            if !error.is_quiet() {
                note(format_args!("logmark: {error}"));
            }
            ExitCode::from(error.exit_code())
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
        Command::Policy(args) => policy::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Openapi => {
            say(openapi::DOCUMENT.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        #[cfg(feature = "client")]
        Command::Logs(args) => client::logs::run(args),
        #[cfg(feature = "client")]
        Command::Tail(args) => client::tail::run(args),
        #[cfg(feature = "client")]
        Command::Groups(args) => client::groups::run(args),
        #[cfg(feature = "client")]
        Command::Query(args) => client::query::run(args),
        #[cfg(feature = "client")]
        Command::Report(args) => client::report::run(*args),
        #[cfg(feature = "client")]
        Command::Completions(args) => completions::run(&args, &mut <Cli as clap::CommandFactory>::command()),
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
