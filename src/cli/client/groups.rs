//! `logmark groups`: log groups, one log group, or the streams of one.

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::failure::ClientError;
use super::output::{Output, safe};
use super::progress::{Progress, human_bytes};
use super::service::{Call, Path, Service};
use super::table::{RowFormat, Table, text_of};
use super::{ConnectionArgs, DisplayArgs, connection_help};
use crate::cli::{CliError, note};

/// Items in a page: the service's limit.
const PAGE: &str = "1000";

/// Arguments of `logmark groups`.
#[derive(Debug, Args)]
#[command(after_help = concat!("\
Examples:
  logmark groups                                   the log groups that you may see
  logmark groups --prefix /acme/                   those with this prefix
  logmark groups /acme/api                         one group
  logmark groups /acme/api --streams               its streams, by name
  logmark groups /acme/api --streams --order-by last-event --limit 10
  logmark groups --format ndjson | jq -r .name

", connection_help!()))]
pub struct GroupsArgs {
    /// Show only this log group
    group: Option<String>,
    /// List the streams of the group
    #[arg(long, requires = "group")]
    streams: bool,
    /// Only names that begin with this text
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// The order of streams
    #[arg(long, value_enum, value_name = "ORDER", requires = "streams")]
    order_by: Option<StreamOrder>,
    /// Items at most [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// The source of the group, if several sources have a group of this name
    #[arg(long, value_name = "NAME", requires = "group")]
    source: Option<String>,
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

/// `--order-by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StreamOrder {
    /// By name
    Name,
    /// The newest event first
    LastEvent,
}

/// A page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(alias = "groups", alias = "streams")]
    items: Vec<Box<RawValue>>,
    #[serde(default)]
    incomplete: Vec<String>,
    next_cursor: Option<String>,
}

/// A group or a stream.
struct Item {
    /// As the service sent it, with its members in order.
    json: Box<RawValue>,
    members: HashMap<String, Value>,
}

impl Item {
    fn read(json: Box<RawValue>) -> Result<Self, ClientError> {
        let members = serde_json::from_str(json.get());
        let members = members.map_err(|error| ClientError::unexpected("the service sent an item that is not valid", error))?;
        Ok(Self { json, members })
    }
}

/// A column of the table: its header, and the member with its value.
type Column = (&'static str, &'static str);

const GROUP_COLUMNS: [Column; 5] =
    [("GROUP", "name"), ("STORED", "storedBytes"), ("RETENTION", "retentionDays"), ("CLASS", "class"), ("CREATED", "createdAt")];
const STREAM_COLUMNS: [Column; 4] =
    [("STREAM", "name"), ("FIRST EVENT", "firstEventAt"), ("LAST EVENT", "lastEventAt"), ("CREATED", "createdAt")];

/// Lists groups or streams.
///
/// # Errors
/// If an argument is invalid, or the service refuses the request.
pub fn run(args: GroupsArgs) -> Result<ExitCode, CliError> {
    super::run(|_| list(args))
}

async fn list(args: GroupsArgs) -> Result<(), ClientError> {
    let mut service = Service::new(&args.connection)?;
    let mut output = Output::new(&args.display);
    let progress = Progress::before_output();
    let (items, columns) = match (&args.group, args.streams) {
        (None, _) => (pages(&args, &mut service, &progress, Path::new(&["groups"])).await?, &GROUP_COLUMNS[..]),
        (Some(group), true) => {
            let path = Path::new(&["groups", group, "streams"]).with_some("source", args.source.as_deref());
            let path = path.with_some(
                "orderBy",
                args.order_by.map(|order| match order {
                    StreamOrder::Name => "name",
                    StreamOrder::LastEvent => "lastEvent",
                }),
            );
            (pages(&args, &mut service, &progress, path).await?, &STREAM_COLUMNS[..])
        }
        (Some(group), false) => {
            if args.prefix.is_some() {
                return Err(ClientError::Usage("--prefix with a group needs --streams".to_owned()));
            }
            let path = Path::new(&["groups", group]).with_some("source", args.source.as_deref());
            (vec![Item::read(service.json(&Call::get(path), &progress).await?)?], &GROUP_COLUMNS[..])
        }
    };
    progress.clear();
    write(&items, columns, &args, &mut output)?;
    Ok(output.flush()?)
}

async fn pages(args: &GroupsArgs, service: &mut Service, progress: &Progress, path: Path) -> Result<Vec<Item>, ClientError> {
    let mut items = Vec::new();
    let mut seen = HashSet::new();
    let mut call = Call::get(path.clone().with("limit", PAGE).with_some("prefix", args.prefix.as_deref()));
    loop {
        let page: Page = service.json(&call, progress).await?;
        for item in page.items {
            items.push(Item::read(item)?);
            if args.limit.is_some_and(|limit| items.len() as u64 >= limit) {
                return Ok(items);
            }
        }
        if !page.incomplete.is_empty() {
            let names: Vec<String> = page.incomplete.iter().map(|name| safe(name)).collect();
            note(format_args!("warning: the list is incomplete, since these sources did not answer: {}", names.join(", ")));
        }
        let Some(cursor) = page.next_cursor else { return Ok(items) };
        if !seen.insert(cursor.clone()) {
            return Err(ClientError::Unexpected("the service returned the same cursor twice".to_owned()));
        }
        call = Call::get(path.clone().with("limit", PAGE).with("cursor", &cursor));
    }
}

fn write(items: &[Item], columns: &[Column], args: &GroupsArgs, output: &mut Output) -> Result<(), ClientError> {
    match args.format {
        RowFormat::Ndjson => {
            for item in items {
                output.json(item.json.get())?;
            }
        }
        RowFormat::Json => {
            let all: Vec<&RawValue> = items.iter().map(|item| &*item.json).collect();
            output.json(&serde_json::to_string(&all).map_err(|error| ClientError::Failed(error.to_string()))?)?;
        }
        RowFormat::Csv => {
            let header = columns.iter().map(|(_, name)| (*name).to_owned()).collect();
            let rows =
                items.iter().map(|item| columns.iter().map(|(_, name)| text_of(item.members.get(*name))).collect()).collect();
            Table { header, rows }.write_csv(output)?;
        }
        RowFormat::Table => {
            // A column without any value is left out.
            let columns: Vec<_> =
                columns.iter().filter(|(_, name)| items.iter().any(|item| item.members.contains_key(*name))).collect();
            let header = columns.iter().map(|(header, _)| (*header).to_owned()).collect();
            let rows =
                items.iter().map(|item| columns.iter().map(|(_, name)| shown(name, item.members.get(*name))).collect()).collect();
            if items.is_empty() {
                note(if args.streams { "no streams" } else { "no log groups" });
            } else {
                Table { header, rows }.write(output, args.wide)?;
            }
        }
    }
    Ok(())
}

/// A value for people.
fn shown(name: &str, value: Option<&Value>) -> String {
    match (name, value) {
        ("storedBytes", Some(Value::Number(bytes))) => bytes.as_u64().map_or_else(|| bytes.to_string(), human_bytes),
        ("retentionDays", Some(Value::Number(days))) => format!("{days} days"),
        ("retentionDays", None) => "unlimited".to_owned(),
        (_, value) => text_of(value),
    }
}
