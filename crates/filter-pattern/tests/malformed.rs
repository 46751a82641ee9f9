//! The errors of invalid patterns.
//!
//! `malformed.txt` is the table: a text after `> ` (after `>> ` with the escapes `\n`, `\t`, `\\` and `\u{…}`), below it each
//! error with its columns, kind and message, and its hint. `UPDATE_MALFORMED=1` writes it again from its texts. Review the
//! changes.

#![expect(clippy::unwrap_used, reason = "a failure in a helper fails its test")]

use std::collections::HashSet;
use std::fmt::Write as _;

use logmark_diagnostics::{Diagnostic, Report};
use logmark_filter_pattern::FilterPattern;

const TABLE: &str = include_str!("malformed.txt");

#[test]
fn every_mistake_is_placed_named_and_explained_as_the_table_says() {
    let rendered = render();
    if std::env::var_os("UPDATE_MALFORMED").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/malformed.txt");
        std::fs::write(path, &rendered).unwrap();
        return assert_eq!(std::fs::read_to_string(path).unwrap(), rendered);
    }
    for (line, (expected, found)) in TABLE.lines().zip(rendered.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", line + 1);
    }
    assert_eq!(rendered, TABLE);
}

#[test]
fn the_table_has_many_texts_and_each_once() {
    let texts: Vec<String> = texts().collect();
    let distinct: HashSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), texts.len());
    assert!(texts.len() >= 160, "{}", texts.len());
}

#[test]
fn every_fault_has_a_place_in_the_text_an_expectation_and_a_hint() {
    for text in texts() {
        let faults = FilterPattern::parse(&text).unwrap_err();
        assert!(!faults.is_empty(), "{text}");
        for Diagnostic { span, expected, found, hint, .. } in faults {
            assert!(span.start <= span.end && text.get(span.range()).is_some(), "{text}: {span:?}");
            assert!(!expected.is_empty() && !found.is_empty(), "{text}");
            assert!(hint.is_some_and(|hint| !hint.contains(['\n', '\r'])), "{text}");
        }
    }
}

fn texts() -> impl Iterator<Item = String> {
    TABLE.lines().filter_map(text)
}

fn text(line: &str) -> Option<String> {
    line.strip_prefix("> ").map(str::to_owned).or_else(|| line.strip_prefix(">> ").map(unescaped))
}

fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let (escaped, length) = match after.as_bytes()[0] {
            b'n' => ('\n', 1),
            b't' => ('\t', 1),
            b'u' => {
                let end = after.find('}').unwrap();
                (char::from_u32(u32::from_str_radix(&after[2..end], 16).unwrap()).unwrap(), end + 1)
            }
            _ => ('\\', 1),
        };
        text.push(escaped);
        rest = &after[length..];
    }
    text + rest
}

/// The table with the current errors.
fn render() -> String {
    let mut rendered = String::new();
    for line in TABLE.lines().filter(|line| !line.starts_with("  ")) {
        writeln!(rendered, "{line}").unwrap();
        let Some(text) = text(line) else { continue };
        match FilterPattern::parse(&text) {
            Ok(pattern) => writeln!(rendered, "  ACCEPTED {pattern}").unwrap(),
            Err(faults) => faults.iter().for_each(|fault| rendered += &fault_lines(&text, fault)),
        }
    }
    rendered
}

fn fault_lines(text: &str, fault: &Diagnostic) -> String {
    let faults = std::slice::from_ref(fault);
    let (line, column) = Report::new("filter", text, faults).position(fault.span);
    let width = fault.span.of(text).chars().count();
    let place = if line == 1 { format!("{column}+{width}") } else { format!("{line}:{column}+{width}") };
    let kind = serde_json::to_value(fault.kind).unwrap();
    let kind = kind.as_str().unwrap();
    let hint = fault.hint.as_deref().unwrap_or("-");
    format!("  {place} {kind}: {}\n     = {hint}\n", fault.message())
}
