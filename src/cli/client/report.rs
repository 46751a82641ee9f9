//! `logmark report`: a report of access logs.
//!
//! Owns the arguments and the request. `table` prints rows, `chart` draws bars and time series in text.

mod chart;
mod rows;
mod table;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::failure::ClientError;
use super::output::{Output, safe};
use super::progress::Progress;
use super::service::{Call, Path, Service};
use super::table::Table;
use super::{ConnectionArgs, DisplayArgs, connection_help};
use crate::cli::{CliError, note};
use chart::Charts;
use rows::Report;

/// Arguments of `logmark report`.
#[derive(Debug, Args)]
#[command(after_help = concat!("\
A table on a terminal has small charts and fits the width; --wide, csv and json have whole values.
html is one page without other files, to read, to print, or to send by mail.

Examples:
  logmark report --list
  logmark report overview --group /acme/gateway --start -1d
  logmark report routes -g /acme/gateway --start -7d --status 5xx --sort=-errors5xx
  logmark report traffic -g /acme/gateway --start -1d --dimension status
  logmark report hours -g /acme/gateway --tz Europe/Berlin --ignore-bots
  logmark report compare --of routes -g /acme/gateway --start -7d
  logmark report customers -g /acme/gateway --format html > customers.html

", connection_help!()))]
pub struct ReportArgs {
    /// The report; --list shows the names
    #[arg(required_unless_present = "list", value_name = "NAME")]
    name: Option<String>,
    /// List the reports
    #[arg(long, conflicts_with = "name")]
    list: bool,
    /// A log group; repeatable, at most 50
    #[arg(short, long = "group", required_unless_present = "list", value_name = "GROUP", num_args = 1..)]
    groups: Vec<String>,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    filters: FilterArgs,
    /// The form of the output
    #[arg(long, value_enum, default_value = "table", value_name = "FORMAT")]
    format: ReportFormat,
    /// Draw charts in a table; `auto`: on a terminal
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    charts: Charts,
    /// Do not shorten the cells of a table to the width of the terminal
    #[arg(long)]
    wide: bool,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The range and the rows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Range and rows")]
struct RangeArgs {
    /// The start of the range: `-15m`, `-1h30m`, `-2d`, RFC 3339, or epoch [default: -30d]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    start: Option<String>,
    /// The end of the range (exclusive), in the forms of --start [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    end: Option<String>,
    /// The time zone of days and hours, such as `Europe/Berlin` [default: UTC]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// The period of a time series: `1m`, `5m`, `1h`, `1d`, … [default: by the range]
    #[arg(long, value_name = "PERIOD")]
    bin: Option<String>,
    /// What splits the time series of `traffic`: `domain`, `route`, `customer`, `plan`, `userAgent`, `status`, `method`, `stage`
    #[arg(long, value_name = "NAME")]
    dimension: Option<String>,
    /// The errors of `errors-by-route`: `4xx` or `5xx`
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// The report that `compare` compares with the period before
    #[arg(long, value_name = "REPORT")]
    of: Option<String>,
    /// The start of the period before, for `compare`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    previous_start: Option<String>,
    /// The measure or key to sort by; `-` before it sorts the largest first
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Rows at most [default: that of the report]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: Option<u16>,
    /// Cursor of an earlier answer, to continue `requests`
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

/// The filters. A request counts if it matches all of them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
struct FilterArgs {
    /// Only this domain name
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Only this status, such as `404`, or this class, such as `4xx`
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only this path
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Only this HTTP method
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// Only this stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Only this usage plan
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// Only this customer
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
    /// Only this address or network (CIDR)
    #[arg(long, value_name = "NETWORK")]
    ip: Option<String>,
    /// Leave out this address or network (CIDR)
    #[arg(long, value_name = "NETWORK")]
    exclude_ip: Option<String>,
    /// Only this IAM user: its id, ARN or caller
    #[arg(long, value_name = "USER")]
    iam_user: Option<String>,
    /// Only this subject of a token
    #[arg(long, value_name = "SUB")]
    sub: Option<String>,
    /// Only the request with this id
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Only user agents that contain this text
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// Leave out requests of bots
    #[arg(long)]
    ignore_bots: bool,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// Aligned columns; on a terminal with charts, and within its width
    Table,
    /// RFC 4180 with a header; cells that a spreadsheet would run are neutralised
    Csv,
    /// The answer of the service
    Json,
    /// One page without other files
    Html,
}

/// The list of reports.
#[derive(Debug, Deserialize)]
struct Reports {
    reports: Vec<Outline>,
}

#[derive(Debug, Deserialize)]
struct Outline {
    name: String,
    #[serde(default)]
    description: String,
}

/// Runs a report.
///
/// # Errors
/// If an argument is invalid, or the service refuses or fails the report.
pub fn run(args: ReportArgs) -> Result<ExitCode, CliError> {
    super::run(|_clean_up| report(args))
}

async fn report(args: ReportArgs) -> Result<(), ClientError> {
    let mut service = Service::new(&args.connection)?;
    let mut output = Output::new(&args.display);
    let progress = Progress::before_output();
    let result = match args.list {
        true => list(&args, &mut service, &progress, &mut output).await,
        false => read(&args, &mut service, &progress, &mut output).await,
    };
    progress.clear();
    result?;
    output.flush()?;
    Ok(())
}

/// The names of the reports, with what they answer.
async fn list(args: &ReportArgs, service: &mut Service, progress: &Progress, output: &mut Output) -> Result<(), ClientError> {
    let call = Call::get(Path::new(&["reports"]));
    if args.format == ReportFormat::Json {
        let body: Box<RawValue> = service.json(&call, progress).await?;
        return Ok(output.json(body.get())?);
    }
    let Reports { reports } = service.json(&call, progress).await?;
    let rows = reports.into_iter().map(|report| vec![report.name, report.description]).collect();
    let table = Table { header: vec!["name".to_owned(), "description".to_owned()], rows };
    progress.clear();
    match args.format {
        ReportFormat::Csv => table.write_csv(output)?,
        _ => {
            table.write(output, args.wide)?;
        }
    }
    Ok(())
}

async fn read(args: &ReportArgs, service: &mut Service, progress: &Progress, output: &mut Output) -> Result<(), ClientError> {
    progress.set("computing the report".to_owned());
    let call = Call::get(path(args));
    match args.format {
        ReportFormat::Json => {
            let body: Box<RawValue> = service.json(&call, progress).await?;
            progress.clear();
            output.json(body.get())?;
        }
        ReportFormat::Csv => text(&Call { accept: "text/csv", ..call }, service, progress, output).await?,
        ReportFormat::Html => text(&Call { accept: "text/html", ..call }, service, progress, output).await?,
        ReportFormat::Table => {
            let report: Report = service.json(&call, progress).await?;
            progress.clear();
            let is_shortened = table::write(&report, args.charts, args.wide, output)?;
            output.flush()?;
            remarks(&report, is_shortened);
        }
    }
    Ok(())
}

/// The path with all parameters that are given.
fn path(args: &ReportArgs) -> Path {
    let ReportArgs { name, groups, range, filters, .. } = args;
    let mut path = Path::new(&["reports", name.as_deref().unwrap_or_default()]);
    for group in groups {
        path = path.with("group", group);
    }
    let limit = range.limit.map(|limit| limit.to_string());
    let parameters = [
        ("start", &range.start),
        ("end", &range.end),
        ("tz", &range.tz),
        ("bin", &range.bin),
        ("dimension", &range.dimension),
        ("class", &range.class),
        ("report", &range.of),
        ("previousStart", &range.previous_start),
        ("sort", &range.sort),
        ("limit", &limit),
        ("cursor", &range.cursor),
        ("domain", &filters.domain),
        ("status", &filters.status),
        ("path", &filters.path),
        ("method", &filters.method),
        ("stage", &filters.stage),
        ("plan", &filters.plan),
        ("customer", &filters.customer),
        ("ip", &filters.ip),
        ("excludeIp", &filters.exclude_ip),
        ("iamUser", &filters.iam_user),
        ("sub", &filters.sub),
        ("requestId", &filters.request_id),
        ("userAgent", &filters.user_agent),
    ];
    for (name, value) in parameters {
        path = path.with_some(name, value.as_deref());
    }
    if filters.ignore_bots { path.with("ignoreBots", "true") } else { path }
}

/// Writes the body of an answer. Line ends stay, and other control characters are escaped unless the user wants them.
async fn text(call: &Call, service: &mut Service, progress: &Progress, output: &mut Output) -> Result<(), ClientError> {
    let body = service.bytes(call, progress).await?;
    progress.clear();
    let text = String::from_utf8_lossy(&body);
    for (index, line) in text.split("\r\n").enumerate() {
        if index > 0 {
            output.bytes(b"\r\n")?;
        }
        let line = output.escaped(line).into_owned();
        output.bytes(line.as_bytes())?;
    }
    Ok(())
}

/// What is to be known about the table, on standard error.
fn remarks(report: &Report, is_shortened: bool) {
    for line in report.meta.remarks() {
        note(safe(&line));
    }
    if let Some(cursor) = &report.next_cursor {
        note(format_args!("--cursor {} continues", safe(cursor)));
    }
    if is_shortened {
        note("some values are shortened: --wide, --format csv and --format json show them whole");
    }
}
