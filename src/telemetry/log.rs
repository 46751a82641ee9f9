//! The service log: one JSON object or one line of text per event, on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For machines.
    Json,
    /// For people.
    Text,
}

/// Libraries that log whole requests, signatures included, at the levels `debug` and `trace`: they log from `info`, unless the
/// filter names one of them.
const QUIET: &str = "aws_sigv4=info,aws_config=info,aws_smithy_runtime=info,aws_smithy_http_client=info,hyper=info,hyper_util=info,h2=info,rustls=info";

/// The log cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The text of the filter.
    #[error("invalid log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// `init` was called before.
    #[error("the log was started before")]
    Begun,
}

#[derive(Debug, Clone, Copy)]
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        // Microseconds keep the lines of one request in order in a collector that sorts by time.
        let now = jiff::Timestamp::now();
        write!(writer, "{now:.6}")
    }
}

/// Starts the log of the process.
///
/// # Errors
/// [`LogError`].
pub fn init(format: Format, filter: &str) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_timer(Utc).with_writer(BoxMakeWriter::new(std::io::stderr));
    let begun = match format {
        Format::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init_quietly(),
        Format::Text => builder.with_ansi(false).try_init_quietly(),
    };
    begun.map_err(|()| LogError::Begun)
}

trait TryInit {
    fn try_init_quietly(self) -> Result<(), ()>;
}

impl<N, E, F, W> TryInit for tracing_subscriber::fmt::SubscriberBuilder<N, E, F, W>
where
    tracing_subscriber::fmt::SubscriberBuilder<N, E, F, W>: Into<tracing::Dispatch>,
{
    fn try_init_quietly(self) -> Result<(), ()> {
        tracing::dispatcher::set_global_default(self.into()).map_err(|_| ())
    }
}
