//! `logmark query`: a Logs Insights query, and its rows.
//!
//! Starts the query, polls it, and stops it on the service if the command is interrupted. Rows are printed when the query is
//! complete, so a failed query never looks like a short answer.

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;

use ::http::Method;
use bytes::Bytes;
use clap::Args;
use indicatif::HumanCount;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::failure::ClientError;
use super::output::{Output, safe};
use super::progress::{Progress, human_bytes};
use super::retry::Repeatable;
use super::service::{Call, Path, Service};
use super::table::{RowFormat, Table, text_of};
use super::{CleanUp, ConnectionArgs, DisplayArgs, connection_help};
use crate::cli::{CliError, note};

/// Seconds that the first answer waits for the rows. It is short, since only the answer has the id with which the query can be stopped.
const FIRST_WAIT: u64 = 1;
/// Seconds of a later wait, with and without progress.
const PROGRESS_WAIT: u64 = 1;
const LONGEST_WAIT: u64 = 20;
/// The column with pointers to whole events. A table leaves it out: it is only for programs.
const POINTER: &str = "@ptr";

/// Arguments of `logmark query`.
#[derive(Debug, Args)]
#[command(after_help = concat!("\
The query is in Logs Insights QL. `-` reads it from standard input. A table on a terminal fits its width; use --wide, csv or ndjson
for whole values.

Examples:
  logmark query 'stats count(*) by status | sort status' --group /acme/api
  logmark query 'fields @timestamp, @message | filter status >= 500 | limit 20' --group /acme/api --start -1d
  logmark query 'stats count(*) as n by bin(5m)' -g /acme/api -g /acme/web --start -3h --format csv > n.csv
  logmark query - --group /acme/api < slow-routes.txt

", connection_help!()))]
pub struct QueryArgs {
    /// The query
    query: String,
    /// A log group; repeatable, at most 50
    #[arg(short, long = "group", required = true, value_name = "GROUP", num_args = 1..)]
    groups: Vec<String>,
    /// The start of the range: `-15m`, `-1h30m`, `-2d`, RFC 3339, or epoch
    #[arg(long, value_name = "TIME", default_value = "-1h", allow_hyphen_values = true)]
    start: String,
    /// The end of the range (exclusive), in the forms of --start [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    end: Option<String>,
    /// Rows at most [default: the limit in the query, or 10000]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// The form of the output
    #[arg(long, value_enum, default_value = "table", value_name = "FORMAT")]
    format: RowFormat,
    /// Do not shorten the cells of a table to the width of the terminal
    #[arg(long)]
    wide: bool,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The state of a query, and a page of its rows.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    query_id: String,
    status: String,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    results: Vec<Box<RawValue>>,
    statistics: Option<Statistics>,
    estimated_cost_usd: Option<f64>,
    next_cursor: Option<String>,
    failure: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Statistics {
    records_matched: u64,
    records_scanned: u64,
    bytes_scanned: u64,
}

/// Runs a query.
///
/// # Errors
/// If an argument is invalid, the service refuses the query, or the query fails.
pub fn run(args: QueryArgs) -> Result<ExitCode, CliError> {
    super::run(|clean_up| query(args, clean_up))
}

async fn query(mut args: QueryArgs, clean_up: CleanUp) -> Result<(), ClientError> {
    if args.query == "-" {
        args.query =
            std::io::read_to_string(std::io::stdin()).map_err(|error| ClientError::Failed(format!("standard input: {error}")))?;
    }
    let mut service = Service::new(&args.connection)?;
    let mut output = Output::new(&args.display);
    let progress = Progress::before_output();
    let complete = completed(&args, &mut service, &progress, &clean_up).await?;
    let statistics = complete.statistics;
    let cost = complete.estimated_cost_usd;
    let (fields, rows) = all_rows(complete, &mut service, &progress).await?;
    clean_up.set(None);
    let is_shown = progress.is_shown();
    progress.clear();
    write(fields, rows, &args, &mut output)?;
    output.flush()?;
    if let Some(statistics) = statistics.filter(|_| is_shown) {
        let cost = cost.map_or_else(String::new, |usd| format!(", about {usd:.4} USD"));
        note(format_args!("{}{cost}", scanned(statistics)));
    }
    Ok(())
}

/// Starts the query and polls it until it is complete.
async fn completed(
    args: &QueryArgs,
    service: &mut Service,
    progress: &Progress,
    clean_up: &CleanUp,
) -> Result<Page, ClientError> {
    let wait = if progress.is_shown() { PROGRESS_WAIT } else { LONGEST_WAIT };
    let mut body = json!({ "query": args.query, "logGroups": args.groups, "start": args.start });
    for (name, value) in [("end", args.end.clone().map(Value::from)), ("limit", args.limit.map(Value::from))] {
        if let (Some(value), Some(members)) = (value, body.as_object_mut()) {
            members.insert(name.to_owned(), value);
        }
    }
    progress.set("starting the query".to_owned());
    let prefer = |seconds: u64| vec![("prefer", format!("wait={seconds}"))];
    let start = Call {
        method: Method::POST,
        body: Bytes::from(body.to_string()),
        headers: prefer(FIRST_WAIT),
        repeatable: Repeatable::IfRefused,
        ..Call::get(Path::new(&["queries"]))
    };
    let mut page: Page = service.json(&start, progress).await?;
    let path = Path::new(&["queries", &page.query_id]);
    while matches!(page.status.as_str(), "Scheduled" | "Running") {
        clean_up.set(Some(stop(service.another(), path.clone())));
        let statistics = page.statistics.map_or_else(String::new, |statistics| format!(": {}", scanned(statistics)));
        progress.set(format!("{}{statistics}", safe(&page.status)));
        // A page of one row: the rows of a running query are not shown.
        let poll = Call { headers: prefer(wait), ..Call::get(path.clone().with("limit", "1")) };
        page = service.json(&poll, progress).await?;
        if page.status == "Complete" {
            page = service.json(&Call::get(path.clone()), progress).await?;
        }
    }
    if page.status == "Complete" {
        return Ok(page);
    }
    let reason = page.failure.map_or_else(String::new, |failure| format!(": {}", safe(&failure)));
    let advice = if page.status == "Timeout" { "; use a shorter range" } else { "" };
    Err(ClientError::Failed(format!("the query ended as {}{reason}{advice}", safe(&page.status))))
}

fn stop(mut service: Service, path: Path) -> super::Work {
    Box::pin(async move {
        let call = Call { method: Method::DELETE, accept: "", ..Call::get(path) };
        let _stopped_after_two_minutes_at_the_latest = service.send(&call).await;
    })
}

async fn all_rows(
    first: Page,
    service: &mut Service,
    progress: &Progress,
) -> Result<(Vec<String>, Vec<Box<RawValue>>), ClientError> {
    let path = Path::new(&["queries", &first.query_id]);
    let (mut fields, mut rows, mut next) = (first.fields, first.results, first.next_cursor);
    let mut seen = HashSet::new();
    while let Some(cursor) = next {
        if !seen.insert(cursor.clone()) {
            return Err(ClientError::Unexpected("the service returned the same cursor twice".to_owned()));
        }
        let page: Page = service.json(&Call::get(path.clone().with("cursor", &cursor)), progress).await?;
        let new: Vec<String> = page.fields.into_iter().filter(|field| !fields.contains(field)).collect();
        fields.extend(new);
        rows.extend(page.results);
        progress.set(format!("{} rows", HumanCount(rows.len() as u64)));
        next = page.next_cursor;
    }
    Ok((fields, rows))
}

fn write(fields: Vec<String>, rows: Vec<Box<RawValue>>, args: &QueryArgs, output: &mut Output) -> Result<(), ClientError> {
    match args.format {
        RowFormat::Json => {
            output.json(&serde_json::to_string(&rows).map_err(|error| ClientError::Failed(error.to_string()))?)?;
        }
        RowFormat::Ndjson => {
            for row in &rows {
                output.json(row.get())?;
            }
        }
        RowFormat::Csv if !fields.is_empty() => table(fields, &rows)?.write_csv(output)?,
        RowFormat::Csv => {}
        RowFormat::Table => {
            let fields: Vec<String> = fields.into_iter().filter(|field| field != POINTER).collect();
            if rows.is_empty() {
                note("no rows");
            } else if table(fields, &rows)?.write(output, args.wide)? {
                output.flush()?;
                note("some values are shortened: --wide, --format csv and --format ndjson show them whole");
            }
        }
    }
    Ok(())
}

fn table(fields: Vec<String>, rows: &[Box<RawValue>]) -> Result<Table, ClientError> {
    let unexpected = |error| ClientError::unexpected("the service sent a row that is not valid", error);
    let mut cells = Vec::with_capacity(rows.len());
    for row in rows {
        let values: HashMap<String, Value> = serde_json::from_str(row.get()).map_err(unexpected)?;
        cells.push(fields.iter().map(|name| text_of(values.get(name))).collect());
    }
    Ok(Table { header: fields, rows: cells })
}

fn scanned(statistics: Statistics) -> String {
    let Statistics { records_matched, records_scanned, bytes_scanned } = statistics;
    format!(
        "{} of {} events matched, {} scanned",
        HumanCount(records_matched),
        HumanCount(records_scanned),
        human_bytes(bytes_scanned)
    )
}
