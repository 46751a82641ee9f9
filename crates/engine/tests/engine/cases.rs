//! Queries with their events and expected rows, as data files: `tests/cases/*.test`.
//!
//! A file has sections, each of which begins with a line of `== <kind> <title>`. Lines that begin with `#` are comments.
//!
//! - `== events [group]`: events, one per line: date, time, stream, message. They belong to the queries below, until the next
//!   `== events` without a group. With a group they are added to the others in that group, which queries read only by its name.
//! - `== table NAME`: a lookup table, as CSV with a header.
//! - `== query TITLE`: a query, a line `--`, the columns, and the rows in order. Values are separated by ` | `; `~` is a missing
//!   value, `\n` a line end. `(no rows)` means an empty result.
//! - `== unordered TITLE`: the same, the rows in any order.
//! - `== refused TITLE`: a query that is refused before it runs, `--`, and a text that the diagnostics contain.
//! - `== failed TITLE`: a query that fails while it runs, `--`, and a text that the error contains.
//!
//! Each query runs with blocks of 1, 3 and 1,000 events, which must not change the result.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use logmark_engine::input::Table;
use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::values::{csv, time};

use super::support::{Outcome, run, shown};

const OWN_GROUP: &str = "/shop/api";

#[derive(Debug, Default, Clone)]
struct World {
    events: Vec<MemoryEvent>,
    tables: Vec<(String, Table)>,
}

impl World {
    fn source(&self, block: usize) -> MemorySource {
        let source = MemorySource::new(self.events.clone(), block).started_with([Arc::from(OWN_GROUP)]);
        self.tables.iter().fold(source, |source, (name, table)| source.with_table(name.as_str(), table.clone()))
    }
}

fn event(line: &str, group: &str, number: usize) -> MemoryEvent {
    let mut parts = line.splitn(4, ' ');
    let mut part = || parts.next().unwrap_or_else(|| panic!("an event needs date, time, stream, message: {line}"));
    let moment = format!("{} {}", part(), part());
    let stream = part().into();
    let timestamp = time::parse_timestamp(&moment).unwrap_or_else(|| panic!("no time: {line}"));
    MemoryEvent {
        timestamp,
        ingestion_time: timestamp + 500,
        stream,
        group: group.into(),
        message: part().replace("\\n", "\n").replace("\\t", "\t"),
        pointer: format!("{group}#{number}"),
    }
}

fn table(lines: &[&str]) -> Table {
    let row = |line: &&str| csv::columns(line).map(|column| column.into_owned()).collect::<Vec<_>>();
    let mut rows = lines.iter().map(row);
    let mut table = Table::new(rows.next().unwrap_or_default());
    rows.for_each(|row| table.push(row).unwrap());
    table
}

/// The error of a case, if any.
fn judge(kind: &str, world: &World, query: &str, expected: &[&str]) -> Option<String> {
    [1, 3, 1_000].into_iter().find_map(|block| {
        let fault = judge_once(kind, run(query, world.source(block)), expected)?;
        Some(format!("blocks of {block}: {fault}"))
    })
}

fn judge_once(kind: &str, outcome: Outcome, expected: &[&str]) -> Option<String> {
    let wanted = expected.join("\n");
    match (kind, outcome) {
        ("refused", Outcome::Refused(diagnostics)) => {
            let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            (!said.join("\n").contains(&wanted)).then(|| said.join("\n"))
        }
        ("failed", Outcome::Failed(error)) => (!error.to_string().contains(&wanted)).then(|| error.to_string()),
        ("query" | "unordered", Outcome::Rows(result, _)) => {
            let (columns, rows) = shown(&result);
            let line = |values: &Vec<String>| values.join(" | ").replace('\n', "\\n");
            let mut got: Vec<String> = rows.iter().map(line).collect();
            let mut wanted: Vec<String> = expected.iter().skip(1).map(|row| (*row).to_owned()).collect();
            if wanted == ["(no rows)"] {
                wanted.clear();
            }
            if kind == "unordered" {
                got.sort();
                wanted.sort();
            }
            let is_right = line(&columns) == expected.first().copied().unwrap_or_default() && got == wanted;
            (!is_right).then(|| format!("{}\n{}", line(&columns), got.join("\n")))
        }
        (_, other) => Some(format!("{other:?}")),
    }
}

/// The number of cases and the errors of a file.
fn judged(file: &str, text: &str) -> (usize, Vec<String>) {
    let mut world = World::default();
    let (mut count, mut faults) = (0, Vec::new());
    for section in text.split("\n== ").skip(1) {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        let (kind, title) = head.split_once(' ').unwrap_or((head, ""));
        let lines: Vec<&str> = body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        match kind {
            "events" => {
                if title.is_empty() {
                    world = World { events: Vec::new(), tables: world.tables };
                }
                let group = if title.is_empty() { OWN_GROUP } else { title };
                world.events.extend(lines.iter().enumerate().map(|(number, line)| event(line, group, number)));
            }
            "table" => world.tables.push((title.to_owned(), table(&lines))),
            _ => {
                count += 1;
                let end = lines.iter().position(|line| *line == "--").unwrap_or_else(|| panic!("{file}: {title}: no `--`"));
                let query = lines[..end].join("\n");
                if let Some(fault) = judge(kind, &world, &query, &lines[end + 1..]) {
                    faults.push(format!("{file}: {title}\n{query}\n-- got\n{fault}"));
                }
            }
        }
    }
    (count, faults)
}

#[test]
fn every_case_has_its_rows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut faults) = (0, Vec::new());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let (cases, wrong) = judged(&name, &format!("\n{}", fs::read_to_string(&file).unwrap()));
        count += cases;
        faults.extend(wrong);
    }
    assert!(faults.is_empty(), "{} of {count} cases:\n\n{}", faults.len(), faults.join("\n\n"));
    assert!(count > 50, "{count} cases");
}
