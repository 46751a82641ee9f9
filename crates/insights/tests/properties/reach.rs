//! The reach of a query is exactly what its tree contains.
//!
//! The oracle is independent of the walk over the tree: it searches the tree's `Debug` text.

use std::collections::{BTreeMap, BTreeSet};

use logmark_diagnostics::{Span, Spanned};
use logmark_insights::MAX_LENGTH;
use logmark_insights::ast::{Period, Query};
use logmark_insights::reach::{Beyond, Reach, Referent};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;

use crate::strategy::{self, Within};

/// The words of the language, and their form in the tree's `Debug` text.
const SIGNS: &[(&str, &str)] = &[
    ("SOURCE", "Source(Source {"),
    ("SOURCE", "Group(Text {"),
    ("logGroups", "LogGroups(LogGroups {"),
    ("logGroupTags", "Tags(["),
    ("dataSource", "DataSources(["),
    ("accountIdentifiers", "account_identifiers: [Text {"),
    ("start", "start: Some("),
    ("end", "end: Some("),
    ("diff", "Diff(Diff {"),
    ("logcompare", "LogCompare(LogCompare {"),
    ("offset", "offset: Some("),
    ("lookup", "Lookup(Lookup {"),
    ("cidrlookup", "CidrLookup(CidrLookup {"),
    ("$", "SavedQuery(SavedQuery {"),
    ("join", "Join(Join {"),
    ("appendcols", "AppendCols(AppendCols {"),
    ("in", ", Query(Query {"),
    ("filterIndex", "FilterIndex(FilterIndex {"),
    ("unmask", "function: Unmask,"),
];

fn expected(query: &Query) -> BTreeMap<&'static str, usize> {
    let debug = format!("{query:?}");
    let mut words = BTreeMap::new();
    for (word, sign) in SIGNS {
        let count = debug.matches(sign).count();
        if count > 0 {
            *words.entry(*word).or_default() += count;
        }
    }
    words
}

fn found(reach: &Reach) -> BTreeMap<&'static str, usize> {
    let mut words = BTreeMap::new();
    for beyond in reach.beyond() {
        *words.entry(beyond.node.word()).or_default() += 1;
    }
    words
}

/// Whether the text at a span is the word of the entry.
fn is_at(beyond: &Spanned<Beyond>, text: &str) -> bool {
    let at = beyond.span.of(text);
    let begins = |word: &str| at.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match &beyond.node {
        Beyond::LogGroup { .. } | Beyond::OtherAccounts { .. } => at.starts_with(['\'', '"']),
        Beyond::LogGroups { .. } | Beyond::LogGroupTags { .. } | Beyond::DataSources { .. } => {
            begins(beyond.node.word()) && at.ends_with(')')
        }
        Beyond::TimeRange(_) => match beyond.node.word() {
            "start" | "end" => at == "now" || at.starts_with('-') || at.parse::<u64>().is_ok(),
            "offset" => Period::parse(at).is_ok(),
            word => at.eq_ignore_ascii_case(word),
        },
        Beyond::OtherQuery(_) if beyond.node.word() == "in" => at.starts_with('(') && at.ends_with(')'),
        Beyond::SavedQuery { name } => at.trim_matches('`') == name || at.replace('`', "") == *name,
        _ => at.eq_ignore_ascii_case(beyond.node.word()),
    }
}

/// The text with the case of some letters of the word at this position changed, chosen by the numbers.
fn in_other_case(text: &mut String, span: Span, numbers: u32) {
    let turned: String = text[span.range()]
        .char_indices()
        .map(|(place, letter)| {
            if numbers >> (place % 32) & 1 == 0 {
                letter
            } else if letter.is_ascii_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect();
    text.replace_range(span.range(), &turned);
}

fn parsed(text: &str) -> Result<Query, TestCaseError> {
    Query::parse(text).map_err(|faults| TestCaseError::fail(format!("{text}: {faults:?}")))
}

/// All parts of the `Debug` text from a beginning to the end of its brackets.
fn parts<'a>(debug: &'a str, beginning: &str) -> BTreeSet<&'a str> {
    let end = |rest: &str| {
        let mut depth = 0;
        let mut in_text = false;
        let mut escaped = false;
        for (place, character) in rest.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' if in_text => escaped = true,
                '"' => in_text = !in_text,
                '(' | '{' | '[' if !in_text => depth += 1,
                ')' | '}' | ']' if !in_text => {
                    depth -= 1;
                    if depth == 0 {
                        return place + 1;
                    }
                }
                _ => {}
            }
        }
        rest.len()
    };
    debug.match_indices(beginning).map(|(place, _)| &debug[place..place + end(&debug[place..])]).collect()
}

proptest! {
    #![proptest_config(crate::cases(20_000))]

    #[test]
    fn whatever_a_query_reaches_is_named_once_and_nothing_else(query in strategy::query()) {
        prop_assert_eq!(found(&Reach::of(&query)), expected(&query), "{}", query);
    }

    #[test]
    fn everything_that_is_reached_is_shown_at_its_place(query in strategy::query(), numbers in any::<u32>()) {
        let mut text = query.to_string();
        if text.chars().count() <= MAX_LENGTH {
            let reach = Reach::of(&parsed(&text)?);
            let mut before = 0;
            for beyond in reach.beyond() {
                prop_assert!(is_at(beyond, &text), "{:?} at `{}` of {}", beyond.node, beyond.span.of(&text), text);
                prop_assert!(beyond.span.start >= before, "{:?} is listed before an earlier one: {}", beyond.node, text);
                before = beyond.span.start;
            }
            for beyond in reach.beyond() {
                if beyond.span.of(&text).eq_ignore_ascii_case(beyond.node.word()) {
                    in_other_case(&mut text, beyond.span, numbers);
                }
            }
            prop_assert_eq!(Reach::of(&parsed(&text)?), reach, "{}", text);
        }
    }

    #[test]
    fn a_query_that_reaches_nothing_is_within_its_bounds(query in strategy::query_within(Within::ItsOwnEvents)) {
        let reach = Reach::of(&query);
        prop_assert_eq!(reach.beyond(), []);
        prop_assert!(reach.is_within_its_groups() && reach.stays_in_its_time_range());
    }

    #[test]
    fn every_name_of_a_query_is_reported(query in strategy::query()) {
        let reach = Reach::of(&query);
        let debug = format!("{query:?}");
        let referents = reach.references().map(|reference| match &reference.what {
            Referent::Field(path) => format!("{path:?}"),
            Referent::Like(wildcard) => format!("{wildcard:?}"),
            Referent::All => String::new(),
        });
        let names = reach.names().map(|name| format!("{:?}", name.name));
        let reported: BTreeSet<String> = referents.chain(names).collect();
        for written in parts(&debug, "FieldPath {").into_iter().chain(parts(&debug, "Wildcard(\"")) {
            prop_assert!(reported.contains(written), "{} of {}", written, query);
        }
    }

    #[test]
    fn every_name_of_a_parsed_query_is_reported_where_it_stands(query in strategy::query()) {
        let text = query.to_string();
        if let Ok(query) = Query::parse(&text) {
            for reference in Reach::of(&query).references() {
                prop_assert!(reference.span.end <= text.len() && text.is_char_boundary(reference.span.start), "{:?}", reference);
            }
        }
    }
}
