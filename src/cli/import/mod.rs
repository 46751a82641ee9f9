//! `logmark import`: log lines from files or standard input into the local source.
//!
//! Owns the command: which files go into which store, the batches, the progress and the report at the end. How bytes become
//! events is the library `logmark_log_import`'s.

mod inputs;
mod preview;
mod remote;
mod report;
mod visibility;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use logmark_log_import::{DEFAULT_EXAMPLES, Missing, Multiline, Options, Reading, Summary, TimestampFormat, read};
use logmark_store::{CatalogueError, NewEvent, OpenError, Options as StoreOptions, Store};

use super::configuration::load_from;
use super::{CliError, DEMO_DIRECTORY, note};
use crate::config::Config;
use crate::config::endpoint::Endpoint;
use crate::config::source::{Source, SourceKind};
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::time::{Clock, SystemClock};
use inputs::open_all;
use remote::Service;

/// Events and bytes in one append: what PutLogEvents takes in one call.
const BATCH: (usize, usize) = (10_000, 1 << 20);

/// Arguments of `logmark import`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
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
    /// How a time looks: a strptime format, or `rfc3339`, `clf`, `epoch`, `epoch-ms`, `epoch-us`, `epoch-ns` or `syslog`
    /// [default: recognised from the first lines of each file]
    #[arg(long, value_name = "FORMAT")]
    timestamp_format: Option<TimestampFormat>,
    /// The field of JSON records that holds their time, with dots for nested ones: `meta.at` [default: the usual names]
    #[arg(long, value_name = "PATH")]
    time_field: Option<String>,
    /// The zone of times without one, and of ambiguous abbreviations such as CST: `Europe/Berlin`, `+01:00` [default: UTC]
    #[arg(long, value_name = "ZONE", value_parser = logmark_log_import::timezone)]
    timezone: Option<TimeZone>,
    /// The year of the first line of each file, for times without a year [default: backwards from when the file was changed]
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1970..=9999))]
    year: Option<i16>,
    /// Join the lines of one event: `auto` (lines without a time belong to the one before), `indent` (indented lines do), or
    /// `start-regex` (a line that matches --start-regex begins an event)
    #[arg(long, value_name = "auto|indent|start-regex")]
    multiline: Option<MultilineMode>,
    /// What the first line of an event looks like
    #[arg(long, value_name = "REGEX", requires = "multiline")]
    start_regex: Option<String>,
    /// Lines before the first one with a time get the time of now, instead of being reported
    #[arg(long)]
    now: bool,
    /// Show what would be imported of the first lines of each file, and import nothing
    #[arg(long)]
    dry_run: bool,
    /// The files (plain, gzip, zstd, bzip2, xz); none or `-` is standard input
    files: Vec<PathBuf>,
}

const HELP: &str = "\
Each line becomes an event. The time format of a file is recognised from its first lines and used for all of it; a line without a
time (a stack trace) takes the time of the line before it. The report at the end names the format found, and what is not certain.

Examples:
  logmark import --group /web/shop --stream prod access.log access.log.1.gz
  logmark import --group /web/shop --stream prod --dry-run app.log       show the times that would be used
  logmark import --group /app --stream a --multiline auto app.log        one event for each stack trace
  logmark import --group /app --stream a --timezone Europe/Berlin app.log
  logmark import --group /app --stream a --timestamp-format '%d.%m.%Y %H:%M:%S' app.log
  logmark import --group /app --stream a --time-field meta.at app.ndjson
  zcat old.gz | logmark import --config logmark.toml --group /web/shop --stream old

Exit codes: 0 all lines are imported, 1 something is not (the report says what), 2 the arguments are wrong,
64 the configuration is wrong.

While a service runs on the store, the events go through the `endpoint` of its source. Without one, stop the service first.";

/// `--multiline`.
#[derive(Debug, Clone)]
enum MultilineMode {
    Known(Multiline),
    /// By the expression of `--start-regex`.
    ByRegex,
}

impl std::str::FromStr for MultilineMode {
    type Err = logmark_log_import::MultilineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "start-regex" { Ok(Self::ByRegex) } else { text.parse().map(Self::Known) }
    }
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
    let options = options(args)?;
    let inputs = open_all(&args.files)?;
    if args.dry_run {
        return preview::run(inputs, &options);
    }
    let import_target = import_target(args)?;
    visibility::warn(&import_target, &group, &stream);
    let target = Target::prepare(open(&import_target)?, &group, &stream)?;
    let bar = progress_bar(inputs.iter().map(|input| input.length).sum());
    let mut total = Summary::default();
    let mut failure = None;
    for input in inputs {
        bar.set_message(input.name.clone());
        let (summary, ended) = match read(&input.name, input.bytes, options.clone()) {
            Ok(reading) => target.fill(reading, &bar),
            Err(error) => (Summary::default(), Err(CliError::Failed(error.to_string()))),
        };
        total.add(summary, DEFAULT_EXAMPLES);
        if let Err(error) = ended {
            failure = Some(error);
            break;
        }
    }
    bar.finish_and_clear();
    report::print(&total, &group, &stream);
    target.close()?;
    match failure {
        Some(error) => Err(error),
        None => Ok(if total.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// The store itself, or the service that holds it.
fn open(target: &ImportTarget) -> Result<Sink, CliError> {
    let error = match Store::open(&target.folder, StoreOptions::default()) {
        Ok(store) => return Ok(Sink::Store(store)),
        Err(error) => error,
    };
    match (&error, &target.endpoint) {
        (OpenError::InUse { .. }, Some(endpoint)) => {
            note(format_args!("a running service holds the store: importing through its endpoint, {}", endpoint.listen));
            Ok(Sink::Service(Box::new(Service::new(endpoint)?)))
        }
        (OpenError::InUse { .. }, None) => Err(CliError::failed(
            error,
            "a running service holds the store, and its source has no `endpoint` to import through; add one to the configuration, \
             or stop the service, import, and start it again",
        )),
        _ => Err(CliError::Failed(error.to_string())),
    }
}

fn options(args: &ImportArgs) -> Result<Options, CliError> {
    let now = SystemClock.now().0;
    let multiline = match (&args.multiline, &args.start_regex) {
        (Some(MultilineMode::Known(_)), Some(_)) => {
            return Err(CliError::Failed(
                "--start-regex belongs to `--multiline start-regex`: drop it or change --multiline".to_owned(),
            ));
        }
        (Some(MultilineMode::Known(multiline)), None) => Some(multiline.clone()),
        (Some(MultilineMode::ByRegex), Some(expression)) => {
            let multiline = format!("start-regex={expression}").parse::<Multiline>();
            Some(multiline.map_err(|error| CliError::failed(format!("--start-regex `{expression}`"), error))?)
        }
        (Some(MultilineMode::ByRegex), None) => {
            return Err(CliError::Failed("--multiline start-regex needs --start-regex, for example '^\\d{4}-'".to_owned()));
        }
        (None, _) => None,
    };
    Ok(Options {
        format: args.timestamp_format.clone(),
        time_field: args.time_field.clone(),
        timezone: args.timezone.clone(),
        year: args.year,
        missing: if args.now { Missing::InheritOr(now) } else { Missing::Inherit },
        multiline,
        ..Options::detect(now)
    })
}

/// Where the events go: a local source, and the configuration that names it.
struct ImportTarget {
    folder: PathBuf,
    /// Where a running service takes events for it.
    endpoint: Option<Box<Endpoint>>,
    /// Absent in a demo that was only just made.
    config: Option<(Config, crate::domain::name::SourceName)>,
}

/// The local source: the configuration's, or the demo's.
fn import_target(args: &ImportArgs) -> Result<ImportTarget, CliError> {
    let config = args.config.clone().or_else(|| Some(PathBuf::from("logmark.toml")).filter(|path| path.exists()));
    let config = config.or_else(|| Some(super::demo::config_path(Path::new(DEMO_DIRECTORY))).filter(|path| path.exists()));
    let Some(config) = config else {
        super::demo::prepare(Path::new(DEMO_DIRECTORY))?;
        note(format_args!("no logmark.toml here: importing into the demo's store in {DEMO_DIRECTORY}; `logmark demo` serves it"));
        let folder = super::demo::store_path(Path::new(DEMO_DIRECTORY));
        return Ok(ImportTarget { folder, endpoint: None, config: None });
    };
    let config = load_from(&config)?;
    let locals: Vec<(&Source, &PathBuf, &Option<Box<Endpoint>>)> = config
        .sources
        .iter()
        .filter_map(|source| match &source.kind {
            SourceKind::Local { path, endpoint, .. } => Some((source, path, endpoint)),
            SourceKind::CloudWatch(_) => None,
        })
        .filter(|(source, ..)| args.source.as_deref().is_none_or(|name| source.name.as_str() == name))
        .collect();
    let (folder, endpoint, name) = match locals.as_slice() {
        [(source, path, endpoint)] => ((*path).clone(), (*endpoint).clone(), source.name.clone()),
        [] => return Err(CliError::Failed("the configuration has no such source of kind `local`".to_owned())),
        _ => return Err(CliError::Failed("the configuration has several local sources: choose one with --source".to_owned())),
    };
    Ok(ImportTarget { folder, endpoint, config: Some((config, name)) })
}

/// What takes the events.
enum Sink {
    Store(Store),
    Service(Box<Service>),
}

/// Where the events go.
struct Target<'a> {
    sink: Sink,
    group: &'a LogGroupName,
    stream: &'a LogStreamName,
}

impl<'a> Target<'a> {
    fn prepare(sink: Sink, group: &'a LogGroupName, stream: &'a LogStreamName) -> Result<Self, CliError> {
        match &sink {
            Sink::Store(store) => ensure_stream(store, group.as_str(), stream.as_str(), SystemClock.now().0)
                .map_err(|error| CliError::failed("the store", error))?,
            Sink::Service(service) => service.ensure_stream(group, stream)?,
        }
        Ok(Self { sink, group, stream })
    }

    fn close(self) -> Result<(), CliError> {
        match self.sink {
            Sink::Store(store) => store.close().map_err(|error| CliError::failed("the store", error)),
            Sink::Service(_) => Ok(()),
        }
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
        match &self.sink {
            Sink::Store(store) => {
                let now = SystemClock.now().0;
                let appended = store.append_blocking(self.group.as_str(), self.stream.as_str(), events, now);
                appended.map_err(|error| CliError::failed("the store", error))
            }
            Sink::Service(service) => service.append(self.group, self.stream, &events),
        }
    }
}

/// Creates a stream and its group if they are missing.
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
