//! `logmark import`: log lines from files or standard input into the local source.
//!
//! Owns the command: which files go into which store, the batches, the progress and the count at the end. How bytes become
//! events is [`read`]'s, how a line tells its time [`timestamp`]'s; `lines` knows where a line ends, `unpack` gzip.

pub mod read;
pub mod summary;
mod lines;
pub mod unpack;
pub mod timestamp;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use logmark_store::{CatalogueError, NewEvent, OpenError, Options as StoreOptions, Store};

use super::configuration::load_from;
use super::{CliError, DEMO_DIRECTORY, note};
use crate::config::source::{Source, SourceKind};
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::time::{Clock, SystemClock};
use read::{Missing, Options, Reading};
use summary::Summary;
use timestamp::Timestamps;
use timestamp::format::TimestampFormat;

/// Events and bytes in one append: what PutLogEvents takes in one call.
const BATCH: (usize, usize) = (10_000, 1 << 20);

/// Arguments of `logmark import`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each line becomes an event. Its time is found in it: RFC 3339, common log format, epoch, syslog, and the \
    usual fields of JSON lines. A line without one (a stack trace) takes the time of the line before it.\n\n\
    Examples:\n  logmark import --group /web/shop --stream prod access.log access.log.1.gz\n  \
    zcat old.gz | logmark import --config logmark.toml --group /web/shop --stream old\n  \
    logmark import --group /app --stream a --timestamp-format '%d.%m.%Y %H:%M:%S' app.log\n\n\
    The store must not be in use by a running service."
)]
pub struct ImportArgs {
    /// The configuration file that names the source [default: logmark.toml, if there is one; else the demo's]
    #[arg(long, value_name = "FILE", env = "LOGMARK_CONFIG")]
    config: Option<PathBuf>,
    /// Which local source, when the configuration has several
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The log group; made when it does not exist
    #[arg(long)]
    group: String,
    /// The log stream; made when it does not exist
    #[arg(long)]
    stream: String,
    /// How a time looks: a strptime format, or `rfc3339`, `clf`, `epoch`, `epoch-ms` or `syslog` [default: found out]
    #[arg(long, value_name = "FORMAT")]
    timestamp_format: Option<TimestampFormat>,
    /// Lines before the first one with a time get the time of now, instead of being reported
    #[arg(long)]
    now: bool,
    /// The files; none or `-` is standard input
    files: Vec<PathBuf>,
}

/// Imports the files.
///
/// # Errors
/// When an argument is wrong, the store can't be used, or a file can't be read. Lines that could not be imported are
/// reported, and make the exit code 1.
pub fn run(args: &ImportArgs) -> Result<ExitCode, CliError> {
    let group = LogGroupName::try_from(args.group.as_str())
        .map_err(|error| CliError::failed(format!("--group `{}`", args.group), error))?;
    let stream = LogStreamName::try_from(args.stream.as_str())
        .map_err(|error| CliError::failed(format!("--stream `{}`", args.stream), error))?;
    let inputs = open_all(&args.files)?;
    let directory = store_directory(args)?;
    let store = Store::open(&directory, StoreOptions::default()).map_err(|error| match error {
        OpenError::InUse { .. } => CliError::failed(error, "stop the service that uses it, import, and start it again"),
        other => CliError::Failed(other.to_string()),
    })?;
    let target = Target::prepare(&store, &group, &stream)?;
    let bar = progress_bar(inputs.iter().map(|input| input.length).sum());
    let mut total = Summary::default();
    let mut failure = None;
    for input in inputs {
        bar.set_message(input.name.clone());
        let (summary, ended) = match read::read(&input.name, input.bytes, options(args)) {
            Ok(reading) => target.fill(reading, &bar),
            Err(error) => (Summary::default(), Err(CliError::Failed(error.to_string()))),
        };
        total.add(summary, read::DEFAULT_EXAMPLES);
        if let Err(error) = ended {
            failure = Some(error);
            break;
        }
    }
    bar.finish_and_clear();
    report(&total, &group, &stream);
    store.close().map_err(|error| CliError::failed("the store", error))?;
    match failure {
        Some(error) => Err(error),
        None => Ok(if total.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

fn options(args: &ImportArgs) -> Options {
    let now = SystemClock.now().0;
    let timestamps = match &args.timestamp_format {
        Some(format) => Timestamps::in_format(format.clone(), now),
        None => Timestamps::detect(now),
    };
    let missing = if args.now { Missing::InheritOr(now) } else { Missing::Inherit };
    Options { timestamps, missing, max_line: read::MAX_LINE_BYTES, examples: read::DEFAULT_EXAMPLES }
}

/// An input that could be opened.
struct Input {
    name: String,
    /// Bytes, when it is a file.
    length: u64,
    bytes: Box<dyn Read + Send>,
}

/// Opens all before anything is imported, so that a mistyped name costs nothing.
fn open_all(files: &[PathBuf]) -> Result<Vec<Input>, CliError> {
    let stdin = || Input { name: "standard input".to_owned(), length: 0, bytes: Box::new(std::io::stdin()) };
    if files.is_empty() {
        return Ok(vec![stdin()]);
    }
    files
        .iter()
        .map(|path| {
            if path.as_os_str() == "-" {
                return Ok(stdin());
            }
            let failed = |error| CliError::failed(path.display(), error);
            let file = File::open(path).map_err(failed)?;
            let data = file.metadata().map_err(failed)?;
            if data.is_dir() {
                return Err(CliError::failed(path.display(), "is a folder; name the files in it"));
            }
            Ok(Input { name: path.display().to_string(), length: data.len(), bytes: Box::new(file) })
        })
        .collect()
}

/// The folder of the local source: the configuration's, or the demo's.
fn store_directory(args: &ImportArgs) -> Result<PathBuf, CliError> {
    let config = args.config.clone().or_else(|| Some(PathBuf::from("logmark.toml")).filter(|path| path.exists()));
    let config = config.or_else(|| Some(super::demo::config_path(Path::new(DEMO_DIRECTORY))).filter(|path| path.exists()));
    let Some(config) = config else {
        super::demo::prepare(Path::new(DEMO_DIRECTORY))?;
        note(format_args!("no logmark.toml here: importing into the demo's store in {DEMO_DIRECTORY}; `logmark demo` serves it"));
        return Ok(super::demo::store_path(Path::new(DEMO_DIRECTORY)));
    };
    let config = load_from(&config)?;
    let locals: Vec<(&Source, &PathBuf)> = config
        .sources
        .iter()
        .filter_map(|source| match &source.kind {
            SourceKind::Local { path } => Some((source, path)),
            SourceKind::CloudWatch(_) => None,
        })
        .filter(|(source, _)| args.source.as_deref().is_none_or(|name| source.name.as_str() == name))
        .collect();
    match locals.as_slice() {
        [(_, path)] => Ok((*path).clone()),
        [] => Err(CliError::Failed("the configuration has no such source of kind `local`".to_owned())),
        _ => Err(CliError::Failed("the configuration has several local sources: choose one with --source".to_owned())),
    }
}

/// Where the events go.
struct Target<'a> {
    store: &'a Store,
    group: &'a LogGroupName,
    stream: &'a LogStreamName,
}

impl<'a> Target<'a> {
    fn prepare(store: &'a Store, group: &'a LogGroupName, stream: &'a LogStreamName) -> Result<Self, CliError> {
        ensure_stream(store, group.as_str(), stream.as_str(), SystemClock.now().0)
            .map_err(|error| CliError::failed("the store", error))?;
        Ok(Self { store, group, stream })
    }

    /// Stores a reading batch by batch. What was stored before a failure stays, and is counted.
    fn fill(&self, mut reading: Reading<'_>, bar: &ProgressBar) -> (Summary, Result<(), CliError>) {
        let stored = self.store_all(&mut reading, bar);
        (reading.into_summary(), stored)
    }

    fn store_all(&self, reading: &mut Reading<'_>, bar: &ProgressBar) -> Result<(), CliError> {
        let position = reading.bytes_read();
        let before = bar.position();
        let mut batch: Vec<NewEvent> = Vec::new();
        let mut bytes = 0;
        loop {
            let next = reading.next();
            let full = batch.len() >= BATCH.0 || bytes >= BATCH.1;
            if (full || !matches!(next, Some(Ok(_)))) && !batch.is_empty() {
                self.append(std::mem::take(&mut batch))?;
                bytes = 0;
                bar.set_position(before + position.get());
            }
            match next {
                Some(Ok(line)) => {
                    bytes += line.message.len();
                    batch.push(NewEvent { timestamp: line.timestamp, message: line.message });
                }
                Some(Err(error)) => return Err(CliError::Failed(error.to_string())),
                None => return Ok(()),
            }
        }
    }

    fn append(&self, events: Vec<NewEvent>) -> Result<(), CliError> {
        let now = SystemClock.now().0;
        let appended = self.store.append_blocking(self.group.as_str(), self.stream.as_str(), events, now);
        appended.map_err(|error| CliError::failed("the store", error))
    }
}

/// Makes a stream and its group, unless they are there.
///
/// # Errors
/// When the store fails.
pub fn ensure_stream(store: &Store, group: &str, stream: &str, now: i64) -> Result<(), CatalogueError> {
    let there = |made: Result<(), CatalogueError>| match made {
        Err(CatalogueError::GroupExists { .. } | CatalogueError::StreamExists { .. }) => Ok(()),
        other => other,
    };
    there(store.create_group(group, now))?;
    there(store.create_stream(group, stream, now))
}

fn progress_bar(total: u64) -> ProgressBar {
    const SHOWN: &str = "{spinner} {bytes}/{total_bytes} {wide_bar} {eta} {msg}";
    const UNKNOWN: &str = "{spinner} {bytes} {msg}";
    let (bar, shape) = if total > 0 { (ProgressBar::new(total), SHOWN) } else { (ProgressBar::new_spinner(), UNKNOWN) };
    bar.enable_steady_tick(Duration::from_millis(200));
    match ProgressStyle::with_template(shape) {
        Ok(style) => bar.with_style(style),
        Err(_template_is_ours) => bar,
    }
}

fn report(total: &Summary, group: &LogGroupName, stream: &LogStreamName) {
    note(format_args!("{} events from {} lines into {group}, stream {stream}", total.events, total.lines));
    for (count, what) in [
        (total.inherited, "took the time of the line before them"),
        (total.assumed, "took the time of now"),
        (total.empty, "lines were empty and left out"),
        (total.rejected, "lines could not be imported:"),
    ] {
        if count > 0 {
            note(format_args!("  {count} {what}"));
        }
    }
    for example in &total.examples {
        note(format_args!("    {example}"));
    }
    let unnamed = total.rejected.saturating_sub(total.examples.len() as u64);
    if unnamed > 0 {
        note(format_args!("    and {unnamed} more"));
    }
}
