//! Lines, records, and queries over lines.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use logmark_access_log::{Field, Format, Known, Line, Values};
use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::plan::{Plan, PlanOptions};
use logmark_engine::run::{Owner, QueryLimits, QueryStatus, Runner};
use logmark_engine::values::call::QueryTimes;
use logmark_insights::ast::Query;

/// The format of a template that is correct.
pub(crate) fn format(template: &str) -> Format {
    Format::from_template(template).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(crate) fn known(known: Known) -> &'static Format {
    known.format().expect("known formats compile")
}

/// The values of an access line.
pub(crate) fn values(format: &Format, line: &str) -> Values {
    match format.parse(line) {
        Line::Access(record) => record.values(),
        other => panic!("{} of `{line}`", other.kind().name()),
    }
}

pub(crate) fn text(format: &Format, line: &str, field: Field) -> Option<String> {
    values(format, line).fields.get(&field).cloned()
}

pub(crate) fn kind(format: &Format, line: &str) -> &'static str {
    format.parse(line).kind().name()
}

/// A folder of log samples beside the project; absent in most checkouts.
pub(crate) fn samples(path: &str) -> Option<String> {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    let found = std::fs::read_to_string(&place).ok();
    if found.is_none() {
        println!("skipped: no {}", place.display());
    }
    found
}

/// The rows of a query over lines, each with the number of its line.
pub(crate) fn query(text: &str, lines: &[&str]) -> BTreeMap<usize, BTreeMap<String, String>> {
    let event = |(number, line): (usize, &&str)| MemoryEvent {
        timestamp: i64::try_from(number).unwrap(),
        ingestion_time: 0,
        stream: "s".into(),
        group: "/g".into(),
        message: (*line).to_owned(),
        pointer: number.to_string(),
    };
    let source = Arc::new(MemorySource::new(lines.iter().enumerate().map(event).collect(), 100));
    let parsed = Query::parse(text).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"));
    let times = QueryTimes { start: 0, end: i64::MAX, now: 0 };
    let plan =
        Plan::compile(&parsed, &PlanOptions { text, times, max_rows: 100_000 }).unwrap_or_else(|e| panic!("{text}\n{e:?}"));
    let runner = Runner::new(1, 512 << 20).unwrap();
    let handle = runner.start(&Owner::new("t", NonZeroU32::MIN), plan, source, QueryLimits::default(), || {});
    let status = handle.wait(Duration::from_secs(300));
    assert!(matches!(status, QueryStatus::Complete), "{text}\n{status:?}");
    let result = handle.rows();
    let row = |row: &logmark_engine::run::ResultRow| {
        let cells = result.columns.iter().zip(&row.values).filter(|(_, value)| !value.is_missing());
        cells.map(|(name, value)| (name.to_string(), value.to_string())).collect::<BTreeMap<_, _>>()
    };
    let numbered = result.rows.iter().map(row).map(|row| (row["number"].parse().unwrap(), row));
    numbered.collect()
}

/// The canonical fields of the access lines among some lines, by a query.
pub(crate) fn by_query(format: &Format, lines: &[&str]) -> BTreeMap<usize, BTreeMap<Field, String>> {
    let columns = format.fields().map(Field::name).collect::<Vec<_>>().join(", ");
    let text = format!("{} | fields toMillis(@timestamp) as number | display number, {columns}", format.query_prelude());
    let fields = |row: BTreeMap<String, String>| row.into_iter().filter_map(|(name, value)| Some((Field::named(&name)?, value)));
    let fields = |row| fields(row).filter(|(_, value)| value != "-").collect();
    query(&text, lines).into_iter().map(|(number, row)| (number, fields(row))).collect()
}

/// The canonical fields of the access lines among some lines, by the parser.
pub(crate) fn by_parser(format: &Format, lines: &[&str]) -> BTreeMap<usize, BTreeMap<Field, String>> {
    let record = |(number, line): (usize, &&str)| Some((number, format.parse(line).record()?.values().fields));
    lines.iter().enumerate().filter_map(record).collect()
}
