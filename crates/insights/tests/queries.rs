//! Queries that are parsed, printed, and parsed again.
//!
//! `corpus/*.txt` has queries modelled on the examples of the documentation: `# page: …`, then for each a line `-- what` and its
//! text to the next blank line; `corpus/invalid/*.txt` has queries that must be refused. `printed.txt` has queries and their
//! printed forms.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use logmark_insights::ast::Query;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The queries of all files of a folder, with their positions.
fn queries(name: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder(name)).unwrap();
    let mut queries: Vec<(String, String)> = Vec::new();
    for path in
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
    {
        let text = fs::read_to_string(&path).unwrap();
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with("-- ") {
                queries.push((format!("{}: {line}", path.display()), String::new()));
                inside = true;
            } else if line.trim().is_empty() {
                inside = false;
            } else if let Some((_, query)) = queries.last_mut().filter(|_| inside) {
                query.push_str(line);
                query.push('\n');
            }
        }
    }
    queries
}

fn parsed(what: &str, source: &str) -> Query {
    Query::parse(source)
        .unwrap_or_else(|faults| panic!("{what}\n{source}\n{}", logmark_diagnostics::Report::new("query", source, &faults)))
}

#[test]
fn every_query_of_the_documentation_is_parsed_and_printed_and_parsed_again() {
    let corpus = queries("corpus");
    assert!(corpus.len() > 400, "only {} queries", corpus.len());
    for (what, source) in corpus {
        let query = parsed(&what, &source);
        let printed = query.to_text().unwrap();
        let again = parsed(&what, &printed);
        assert_eq!(again, query, "{what}\n{printed}");
        assert_eq!(again.to_text().unwrap(), printed, "{what}");
    }
}

#[test]
fn every_query_of_the_documentation_can_be_sent_as_it_was_written() {
    for (what, source) in queries("corpus") {
        let kept = parsed(&what, &source).to_kept_text(&source).unwrap_or_else(|error| panic!("{what}: {error}"));
        if !source.contains('#') {
            assert_eq!(kept, source.trim().trim_end_matches(';'), "{what}");
        }
    }
}

#[test]
fn what_the_documentation_rules_out_is_refused() {
    let invalid = queries("corpus/invalid");
    assert!(invalid.len() > 40, "only {} texts", invalid.len());
    for (what, source) in invalid {
        assert!(Query::parse(&source).is_err(), "{what}\n{source}");
    }
}

#[test]
fn queries_are_printed_in_one_way() {
    let text = fs::read_to_string(folder("printed.txt")).unwrap();
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let mut count = 0;
    while let Some(source) = lines.next() {
        let expected =
            lines.next().and_then(|line| line.strip_prefix("=> ")).unwrap_or_else(|| panic!("nothing printed of {source}"));
        let expected = if expected == "the same" { source } else { expected };
        let query = parsed("printed.txt", source);
        assert_eq!(query.to_text().unwrap(), expected, "{source}");
        assert_eq!(parsed("printed.txt", expected), query, "{source}");
        count += 1;
    }
    assert!(count > 60, "only {count} queries");
}
