//! The errors of invalid queries.
//!
//! `malformed/*.txt` has the texts, one mistake each: a line that begins with `-- ` names it, the text follows. The snapshots
//! have the errors. Review them when they change: an unclear message is a bug of the parser.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use logmark_diagnostics::{Diagnostic, Kind, Report};
use logmark_insights::ast::Query;

/// The cases of a file: the mistake and the text.
fn cases(file: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/malformed").join(file);
    let text = fs::read_to_string(path).unwrap();
    let parts = text.split("\n-- ").skip(1);
    parts
        .map(|part| part.split_once('\n').unwrap_or((part, "")))
        .map(|(what, query)| (what.to_owned(), query.trim_end().to_owned()))
        .collect()
}

fn faults(source: &str) -> Vec<Diagnostic> {
    Query::parse(source).expect_err(source)
}

/// The errors of every text of a file.
fn said_of(file: &str) -> String {
    let mut said = String::new();
    for (what, source) in cases(file) {
        let faults = faults(&source);
        let report = Report::new("query", &source, &faults);
        writeln!(said, "-- {what}\n{source}").unwrap();
        for fault in &faults {
            let (line, column) = report.position(fault.span);
            let kind = serde_json::to_string(&fault.kind).unwrap();
            let marked = fault.span.of(&source).escape_debug();
            writeln!(said, "    {line}:{column} ⟨{marked}⟩ {}: {}", kind.trim_matches('"'), fault.message()).unwrap();
            if let Some(hint) = &fault.hint {
                writeln!(said, "        {hint}").unwrap();
            }
        }
        said.push('\n');
    }
    said
}

#[test]
fn every_mistake_is_named_where_it_is() {
    for file in ["lexical", "commands", "expressions", "functions", "stats", "extract", "source", "series", "dialects"] {
        insta::assert_snapshot!(file, said_of(&format!("{file}.txt")));
    }
}

#[test]
fn every_fault_lies_within_its_text_between_characters() {
    for file in ["lexical", "commands", "expressions", "functions", "stats", "extract", "source", "series", "dialects"] {
        for (what, source) in cases(&format!("{file}.txt")) {
            for fault in faults(&source) {
                assert!(source.get(fault.span.range()).is_some(), "{what}: {:?}", fault.span);
                assert!(!fault.expected.is_empty() && !fault.found.is_empty(), "{what}");
            }
        }
    }
}

#[test]
fn faults_are_drawn_under_their_lines() {
    let drawn = |source: &str| Report::new("query", source, &faults(source)).to_string();
    insta::assert_snapshot!("drawn", DRAWN.map(drawn).join("\n\n"));
}

#[test]
fn faults_are_written_as_json() {
    let written = DRAWN.map(|source| serde_json::to_value(Report::new("query", source, &faults(source))).unwrap());
    insta::assert_json_snapshot!("json", written);
}

const DRAWN: [&str; 12] = [
    "stat count(*) by bin(5m)",
    "fields @timestamp, @message\n| filter @message like timeout\n| sort @timestamp desc",
    "filter level <> \"ERROR\"",
    "fields @message | flter a = 1 | limt 5",
    "stats count(*) by bin(@ingestionTime, 5m)",
    "fields substr(name)",
    "parse @message \"user=* id=*\" as user",
    "filter @message like \"timeout",
    "SOURCE logGroups(namePrefx: ['a'])",
    "filter größe > 5 and “x” = 1",
    "SELECT * FROM logs",
    "stats count(*) as n by a | sort n | stats max(n)",
];

#[test]
fn at_most_so_many_faults_are_reported_as_are_asked_for() {
    let source = vec!["frobnicate"; 100].join(" | ");
    assert_eq!(faults(&source).len(), 20);
    assert!(faults(&source).iter().all(|fault| fault.kind == Kind::UnknownName));
}
