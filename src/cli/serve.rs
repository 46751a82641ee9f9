//! `logmark serve`: tracing → configuration → build → bind → announce → serve → signal → drain.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::configuration::{ConfigArgs, loader};
use super::{CliError, note, runtime};
use tokio::sync::Notify;

use crate::config::Config;
use crate::config::telemetry::LogFormat;
use crate::domain::time::SystemClock;
use crate::service::{Listeners, Service};
use crate::telemetry::log;

/// How long a panic waits until its log line is written.
const PANIC_FLUSH: Duration = Duration::from_millis(500);
/// The same for the second signal, which ends the process at once.
const SECOND_SIGNAL_FLUSH: Duration = Duration::from_millis(500);

/// Runs the service until a signal stops it.
///
/// # Errors
/// If it cannot be configured, built or bound.
pub fn run(args: &ConfigArgs) -> Result<ExitCode, CliError> {
    let mut loader = loader(args)?;
    let config = loader.load()?;
    config.check_development_issuer(crate::on_lambda()).map_err(|error| CliError::Preflight(error.to_string()))?;
    let _flushes = begin_log(&config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    runtime()?.block_on(async {
        let clock = Arc::new(SystemClock);
        // From here on the signal does not end the process.
        let hangups = hangups();
        let failed = |error| CliError::failed("can't start", error);
        #[cfg(feature = "lambda")]
        if crate::on_lambda() {
            let public_url = config.server.given_url.clone().unwrap_or_else(|| "https://localhost".to_owned());
            let service = Service::build(&config, public_url, clock).await.map_err(failed)?;
            let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
            let ended = crate::lambda::run(service, &config.lambda, &address).await;
            return ended.map_err(|error| CliError::failed("the function ended", error));
        }
        let listeners = Listeners::bind(&config).await.map_err(failed)?;
        let service = Service::build(&config, listeners.public_url.clone(), clock).await.map_err(failed)?;
        let (address, admin) = (listeners.address, listeners.admin_address);
        let stop = stop_signal();
        let requests = Arc::new(Notify::new());
        drop(tokio::spawn(forward(hangups, Arc::clone(&requests))));
        let service = service.with_reloading(loader, config, requests);
        for endpoint in &listeners.endpoint_addresses {
            tracing::info!(endpoint = %endpoint, "serving the CloudWatch Logs protocol on {endpoint}");
        }
        tracing::info!(listen = %address, admin_listen = %admin, "serving {} on {address}", listeners.public_url);
        listeners.serve(service, stop).await;
        tracing::info!("stopped");
        Ok::<(), CliError>(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Starts the log with the settings of the configuration. Keep the value until the command ends.
///
/// # Errors
/// If its filter is invalid.
pub fn begin_log(config: &Config) -> Result<log::FlushOnDrop, CliError> {
    let format = match config.telemetry.log_format {
        LogFormat::Json => log::Format::Json,
        LogFormat::Text => log::Format::Text,
    };
    std::panic::set_hook(Box::new(|panic| {
        // Only the location: the message may contain data of a request.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic at {place}");
        // The process may end now: a panic while another one unwinds aborts it.
        log::flush(PANIC_FLUSH);
    }));
    let delivery = if crate::on_lambda() { log::Delivery::Direct } else { log::Delivery::Queued };
    log::init(format, config.telemetry.log_level.as_str(), delivery)
        .map_err(|error| CliError::failed("can't start the log", error))
}

/// Resolves at SIGTERM or Ctrl-C. A second signal ends the process at once. Signals count from this call on, even before the
/// future is polled. Call it in the runtime.
pub fn stop_signal() -> impl Future<Output = ()> {
    let mut signals = Signals::new();
    async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            // A write to a standard error that no process reads would not return.
            if log::flush(SECOND_SIGNAL_FLUSH) {
                note("logmark: stopped at once by the second signal");
            }
            std::process::exit(130);
        });
    }
}

/// The SIGHUPs from now on. On Lambda and on other systems there are none.
#[cfg(unix)]
type Hangups = Option<tokio::signal::unix::Signal>;
#[cfg(not(unix))]
type Hangups = Option<std::convert::Infallible>;

#[cfg(unix)]
fn hangups() -> Hangups {
    let hangups = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
    hangups.inspect_err(|error| tracing::warn!(%error, "SIGHUP can't be handled: {error}")).ok()
}

#[cfg(not(unix))]
fn hangups() -> Hangups {
    None
}

/// Requests a reload at each SIGHUP.
async fn forward(hangups: Hangups, requests: Arc<Notify>) {
    #[cfg(unix)]
    if let Some(mut hangups) = hangups {
        while hangups.recv().await.is_some() {
            requests.notify_one();
        }
    }
    #[cfg(not(unix))]
    drop((hangups, requests));
}

/// Ignores SIGHUP, which closed terminals send, for a service whose configuration is fixed. Call it in the runtime.
pub fn ignore_hangups() {
    let requests = Arc::new(Notify::new());
    drop(tokio::spawn(forward(hangups(), Arc::clone(&requests))));
    drop(tokio::spawn(async move {
        loop {
            requests.notified().await;
            tracing::warn!("SIGHUP is ignored: the demo has no configuration of its own to reload");
        }
    }));
}

/// The signals that end the process.
struct Signals {
    #[cfg(unix)]
    unix: Vec<tokio::signal::unix::Signal>,
}

impl Signals {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            unix: {
                use tokio::signal::unix::{SignalKind, signal};
                [SignalKind::terminate(), SignalKind::interrupt()].into_iter().filter_map(|kind| signal(kind).ok()).collect()
            },
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        {
            let received: Vec<_> = self.unix.iter_mut().map(|signal| Box::pin(signal.recv())).collect();
            if received.is_empty() {
                // Signals are not available on this machine.
                return std::future::pending().await;
            }
            let _which = futures_util::future::select_all(received).await;
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
    }
}
