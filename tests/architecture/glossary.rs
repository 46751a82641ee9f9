//! The glossary: terms are unique and sorted, and every name of the code in it exists.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

const GLOSSARY: &str = include_str!("../../docs/GLOSSARY.md");

fn add_sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = path.file_stem().unwrap().to_string_lossy();
            write!(sources, " {module} {}", std::fs::read_to_string(&path).unwrap()).unwrap();
        }
    }
}

/// The cells of the glossary's rows, without table headers.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = GLOSSARY.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.filter(|row| !row.starts_with("term |")).map(|row| row.split(" | ").collect())
}

#[test]
fn each_term_is_listed_once_and_in_order() {
    let mut terms = BTreeSet::new();
    for section in GLOSSARY.split("\n## ").skip(1) {
        let listed: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
            .filter(|term| *term != "term")
            .collect();
        assert!(listed.is_sorted(), "not in order: {listed:?}");
        for term in listed {
            assert!(terms.insert(term), "`{term}` is listed twice");
        }
    }
    assert!(terms.len() > 50, "{}", terms.len());
}

#[test]
fn every_name_of_the_code_in_the_glossary_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::from(" logmark_quota quota cloudwatch http lambda ");
    for folder in ["src", "crates/quota/src"] {
        add_sources(&root.join(folder), &mut sources);
    }
    let known: BTreeSet<&str> = sources.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    for row in rows() {
        let [_, _, place] = row[..] else { panic!("not three cells: {row:?}") };
        let spans = place.split('`').skip(1).step_by(2);
        // Keys of the configuration and paths of tests are not names of the code.
        for name in spans.filter(|span| !span.contains(['[', '/'])).flat_map(|span| span.split("::")) {
            assert!(known.contains(name), "`{name}` in {row:?} is not in the code");
        }
    }
}
