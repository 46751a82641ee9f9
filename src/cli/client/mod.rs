//! The client commands: `logs`, `tail`, `groups`, `query` and `report` read a service over its HTTP API.
//!
//! Owns the arguments of a connection, signals, and the exit codes of these commands. Data goes to standard output, progress and
//! errors to standard error. Never uses a module of the service: everything comes from its answers, and an answer may lie.
//!
//! Reading order: `connection` (where, and with which token), `service` (requests and retries), `failure` (errors and exit
//! codes), `lines` and `sse` (streamed bodies), `events` and `table` (output), then one file for each command.

mod connection;
mod failure;
mod exchange;
mod lines;
mod sse;
mod problem;
mod retry;
mod service;
mod progress;
mod output;
mod level;
mod columns;
mod events;
mod table;
pub mod logs;
pub mod tail;
pub mod groups;
pub mod query;
pub mod report;

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::CliError;
pub use failure::ClientError;

/// The end of each command's help.
macro_rules! connection_help {
    () => {
        "The service and the token come from --url and --token-file, or from LOGMARK_URL and LOGMARK_TOKEN.
Other users of a machine can read the arguments of a process, so prefer LOGMARK_TOKEN or --token-file
to --token. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are used as by curl.

Exit codes: 0 success; 1 failure; 2 invalid arguments, also if the service refuses them; 3 the token
is missing, invalid or expired; 4 not found, or no access; 5 the token lacks a scope; 6 the service is
unavailable; 130 interrupted with Ctrl-C."
    };
}
pub(crate) use connection_help;

/// Where the service is, and how to reach it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// The URL of the service, such as `https://logs.example.com`
    #[arg(long, env = "LOGMARK_URL", value_name = "URL")]
    url: Option<String>,
    /// The token. Other users of this machine can see it in the process list: prefer `LOGMARK_TOKEN` or --token-file
    #[arg(long, env = "LOGMARK_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file with the token, used instead of --token; `-` reads standard input. It is read again when the token has expired
    #[arg(long, value_name = "FILE")]
    token_file: Option<std::path::PathBuf>,
    /// A PEM file with the certificate authorities to trust, instead of those of the system
    #[arg(long, value_name = "FILE")]
    ca: Option<std::path::PathBuf>,
}

/// How the output looks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct DisplayArgs {
    /// Write control characters of messages as they are. By default they are escaped, also into a pipe or a file
    #[arg(long)]
    raw: bool,
    /// Use colours; `auto`: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    color: output::Color,
}

/// The wait for a cancelled query to be stopped on the service.
const CLEAN_UP: Duration = Duration::from_secs(3);

/// Runs a command until it ends or a signal interrupts it.
///
/// The command runs on a thread of the runtime and this thread waits for signals, so that Ctrl-C ends the program even while the
/// reader of a pipe does not read.
fn run<F>(command: impl FnOnce(CleanUp) -> F) -> Result<ExitCode, CliError>
where
    F: Future<Output = Result<(), ClientError>> + Send + 'static,
{
    let runtime = super::runtime()?;
    let clean_up = CleanUp::default();
    let result = runtime.block_on(async {
        let interrupted = interrupted()?;
        let running = tokio::spawn(command(clean_up.clone()));
        tokio::select! {
            ended = running => ended.unwrap_or_else(|error| Err(ClientError::Failed(error.to_string()))),
            signal = interrupted => {
                if let Some(work) = clean_up.take() {
                    let _in_time = tokio::time::timeout(CLEAN_UP, work).await;
                }
                Err(ClientError::Interrupted(signal))
            }
        }
    });
    // A blocked write to standard output must not hold up the end.
    runtime.shutdown_background();
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(CliError::Client(error)),
    }
}

/// Resolves with the number of the first signal that asks the program to end.
fn interrupted() -> Result<impl Future<Output = u8>, ClientError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error: std::io::Error| ClientError::Failed(format!("can't handle signals: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => 2,
                _ = terminate.recv() => 15,
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _received = tokio::signal::ctrl_c().await;
        2
    })
}

type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Work that is due if the command is interrupted.
#[derive(Clone, Default)]
struct CleanUp(std::sync::Arc<std::sync::Mutex<Option<Work>>>);

impl CleanUp {
    fn set(&self, work: Option<Work>) {
        if let Ok(mut slot) = self.0.lock() {
            *slot = work;
        }
    }

    fn take(&self) -> Option<Work> {
        self.0.lock().ok()?.take()
    }
}
