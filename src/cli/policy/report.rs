//! The result of `logmark policy test`: for people, for programs, and as JUnit XML.

use std::fmt::Write as _;

use serde_json::json;

use crate::cli::{note, say};
use crate::config::error::Location;

/// A test and its expectations.
pub(super) struct CheckedTest {
    pub(super) name: String,
    pub(super) location: Location,
    pub(super) expectations: Vec<Checked>,
}

/// An expectation that was compared with the policy.
pub(super) struct Checked {
    pub(super) location: Location,
    /// `may read /acme/api`.
    pub(super) expected: String,
    pub(super) holds: bool,
    /// What decides.
    pub(super) because: String,
}

impl CheckedTest {
    /// Whether all expectations hold.
    pub(super) fn holds(&self) -> bool {
        self.expectations.iter().all(|checked| checked.holds)
    }
}

/// Prints each test, and each expectation that fails; with `explains` every expectation.
pub(super) fn print(tests: &[CheckedTest], explains: bool) {
    for test in tests {
        say(format_args!("{}  {}", if test.holds() { "ok  " } else { "FAIL" }, test.name));
        for Checked { location, expected, holds, because } in &test.expectations {
            if !holds {
                say(format_args!("      {location}: {expected}: {because}"));
            } else if explains {
                say(format_args!("      {expected}: {because}"));
            }
        }
    }
    let failed = tests.iter().filter(|test| !test.holds()).count();
    let expectations = tests.iter().map(|test| test.expectations.len()).sum::<usize>();
    let summary = format!("{}, {}", counted(tests.len(), "test"), counted(expectations, "expectation"));
    if failed == 0 {
        say(format_args!("{summary}: all hold"));
    } else {
        note(format_args!("{summary}: {} failed", counted(failed, "test")));
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The file and the line.
fn place(location: &Location) -> (&str, usize) {
    match location {
        Location::Point { file, line, .. } => (file, *line),
        Location::Document(file) => (file, 1),
        Location::Nowhere | Location::Variable { .. } => ("", 0),
    }
}

/// Prints the result as one JSON object.
pub(super) fn print_json(tests: &[CheckedTest]) {
    let expectation = |checked: &Checked| {
        let (file, line) = place(&checked.location);
        json!({ "file": file, "line": line, "expected": checked.expected, "holds": checked.holds, "because": checked.because })
    };
    let test = |test: &CheckedTest| {
        let (file, line) = place(&test.location);
        let expectations: Vec<_> = test.expectations.iter().map(expectation).collect();
        json!({ "name": test.name, "file": file, "line": line, "holds": test.holds(), "expectations": expectations })
    };
    let holds = tests.iter().all(CheckedTest::holds);
    say(json!({ "holds": holds, "tests": tests.iter().map(test).collect::<Vec<_>>() }));
}

/// The result as JUnit XML: a case for each expectation.
pub(super) fn junit(tests: &[CheckedTest]) -> String {
    let all = tests.iter().flat_map(|test| &test.expectations);
    let (count, failed) = (all.clone().count(), all.filter(|checked| !checked.holds).count());
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{count}\" failures=\"{failed}\">\n");
    for test in tests {
        let failed = test.expectations.iter().filter(|checked| !checked.holds).count();
        let (name, count) = (escaped(&test.name), test.expectations.len());
        let _infallible = writeln!(xml, "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\">");
        for checked in &test.expectations {
            let ((file, line), expected) = (place(&checked.location), escaped(&checked.expected));
            let (file, because) = (escaped(file), escaped(&checked.because));
            let _infallible =
                write!(xml, "    <testcase classname=\"{name}\" name=\"{expected}\" file=\"{file}\" line=\"{line}\"");
            xml += &match checked.holds {
                true => "/>\n".to_owned(),
                false => format!("><failure message=\"{because}\"/></testcase>\n"),
            };
        }
        xml += "  </testsuite>\n";
    }
    xml + "</testsuites>\n"
}

/// Text as the value of an attribute. Controls are not allowed in XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
