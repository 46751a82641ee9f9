//! The case files, as `crates/engine/tests/engine/cases.rs` describes them, and a service with the events of a case.

use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::world::{Options, World};

/// The log group of queries.
pub(super) const GROUP: &str = "/shop/api";
/// The range of queries, in seconds since 1970: 2024-03-15, the whole day.
pub(super) const DAY: std::ops::Range<i64> = 1_710_460_800..1_710_547_200;

const TENANTS: &str = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"*\"]\nactions = [\"read\", \"query\"]\n";

/// What a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ordered,
    Unordered,
    /// Refused before it runs.
    Refused,
    /// Fails while it runs.
    Failed,
}

/// A query and its expected result.
#[derive(Debug)]
pub(super) struct Case {
    /// The file and the title.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) query: String,
    /// The columns; for the other kinds, the text of the error.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// The index of the events that it reads.
    pub(super) world: usize,
}

#[derive(Debug, Clone)]
struct StoredEvent {
    group: String,
    stream: String,
    timestamp: i64,
    message: String,
}

/// The events and tables of some cases.
#[derive(Debug, Clone, Default)]
pub(super) struct CaseWorld {
    events: Vec<StoredEvent>,
    tables: Vec<(String, String)>,
}

/// All cases, and the events that they read.
pub(super) fn all() -> (Vec<CaseWorld>, Vec<Case>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/engine/tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut worlds, mut cases) = (Vec::new(), Vec::new());
    for file in files {
        let text = format!("\n{}", std::fs::read_to_string(&file).unwrap());
        read(&file.file_name().unwrap().to_string_lossy(), &text, &mut worlds, &mut cases);
    }
    assert!(cases.len() > 150, "{} cases", cases.len());
    (worlds, cases)
}

fn read(file: &str, text: &str, worlds: &mut Vec<CaseWorld>, cases: &mut Vec<Case>) {
    let mut world = CaseWorld::default();
    for section in text.split("\n== ").skip(1) {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        let (kind, title) = head.split_once(' ').unwrap_or((head, ""));
        let lines: Vec<&str> = body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let kind = match kind {
            "events" => {
                if title.is_empty() {
                    world.events.clear();
                }
                let group = if title.is_empty() { GROUP } else { title };
                world.events.extend(lines.iter().map(|line| event(line, group)));
                worlds.push(world.clone());
                continue;
            }
            "table" => {
                world.tables.push((title.to_owned(), lines.join("\n")));
                worlds.push(world.clone());
                continue;
            }
            "query" => Kind::Ordered,
            "unordered" => Kind::Unordered,
            "refused" => Kind::Refused,
            "failed" => Kind::Failed,
            other => panic!("{file}: an unknown section `{other}`"),
        };
        let end = lines.iter().position(|line| *line == "--").unwrap_or_else(|| panic!("{file}: {title}: no `--`"));
        let cells = |line: &str| line.split(" | ").map(str::to_owned).collect::<Vec<_>>();
        let expected = &lines[end + 1..];
        let mut rows: Vec<Vec<String>> = expected.iter().skip(1).map(|line| cells(line)).collect();
        if rows == [["(no rows)"]] {
            rows.clear();
        }
        let columns = match kind {
            Kind::Ordered | Kind::Unordered => cells(expected[0]),
            Kind::Refused | Kind::Failed => vec![expected.join("\n")],
        };
        let (query, name) = (lines[..end].join("\n"), format!("{file}: {title}"));
        let kind = if name == UNMASK { Kind::Refused } else { kind };
        cases.push(Case { name, kind, query, columns, rows, world: worlds.len() - 1 });
    }
}

fn event(line: &str, group: &str) -> StoredEvent {
    let mut parts = line.splitn(4, ' ');
    let mut part = || parts.next().unwrap_or_else(|| panic!("an event needs date, time, stream, message: {line}"));
    let moment: DateTime = format!("{}T{}", part(), part()).parse().unwrap();
    let timestamp = moment.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond();
    let (stream, message) = (part().to_owned(), part().replace("\\n", "\n").replace("\\t", "\t"));
    StoredEvent { group: group.to_owned(), stream, timestamp, message }
}

/// A service that holds these events and tables, as an import of old events stores them.
pub(super) async fn service(case_world: &CaseWorld) -> World {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::with_endpoint() }).await;
    world.put(GROUP, "web-1", &[]).await;
    for event in &case_world.events {
        world.put(&event.group, &event.stream, &[(event.timestamp, &event.message)]).await;
    }
    let folder = world.folder.path().join("store/lookup");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in &case_world.tables {
        std::fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
    world
}

/// Rows as a service shows them: names and values, without those that are missing.
pub(super) type ShownRow = Vec<(String, String)>;

/// The case with the value of `now()` in the column `n`, which the engine's tests fix.
const NOW: (&str, &str) = ("select.test: functions of the query", "n");
/// The case that the engine runs and the service refuses: a query of a tenant must not unmask.
const UNMASK: &str = "select.test: unmask gives what is stored: nothing is masked here";

/// The difference between the rows and the case's rows, if any.
pub(super) fn difference(case: &Case, rows: &[ShownRow]) -> Option<String> {
    // These columns differ between runs: when and where an event was stored.
    let is_by_run = |column: &str| ["@ingestionTime", "@ptr"].contains(&column) || (case.name.as_str(), column) == NOW;
    let names_pointer = case.columns.iter().any(|column| column == "@ptr");
    let expected = case.rows.iter().map(|row| -> ShownRow {
        let cells = case.columns.iter().zip(row).filter(|(column, value)| *value != "~" && !is_by_run(column));
        cells.map(|(column, value)| (column.clone(), value.clone())).collect()
    });
    let shown = rows.iter().map(|row| -> ShownRow {
        let cells = row.iter().filter(|(name, _)| !is_by_run(name));
        cells.map(|(name, value)| (name.clone(), value.replace('\n', "\\n"))).collect()
    });
    let (mut expected, mut shown): (Vec<_>, Vec<_>) = (expected.collect(), shown.collect());
    if case.kind == Kind::Unordered {
        expected.sort();
        shown.sort();
    }
    let has_pointers = rows.iter().all(|row| row.iter().any(|(name, _)| name == "@ptr"));
    if names_pointer && !has_pointers {
        return Some("no pointers".to_owned());
    }
    (shown != expected).then(|| format!("got      {shown:?}\nexpected {expected:?}"))
}

/// Fails a test with all differences.
pub(super) fn report(faults: &[String], count: usize) {
    assert!(faults.is_empty(), "{} of {count} cases:\n\n{}", faults.len(), faults.join("\n\n"));
}
