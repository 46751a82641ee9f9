//! Any text is a query that prints as itself, or has errors that can be rendered. Its reach does not depend on its spelling, and
//! a rewritten query is a valid query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmark_diagnostics::{Report, Span};
use logmark_insights::ast::{Command, Expression, Query};
use logmark_insights::NotKept;
use logmark_insights::reach::Reach;
use logmark_insights::rewrite::Nested;

fuzz_target!(|text: &str| {
    match Query::parse(text) {
        Ok(query) => {
            well_formed(&query);
            kept(&query, text);
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                assert!(text.get(fault.span.range()).is_some(), "{fault:?}");
            }
            let report = Report::new("query", text, &faults);
            assert!(!report.to_string().is_empty() && serde_json::to_string(&report).is_ok());
        }
    }
});

fn well_formed(query: &Query) {
    let Ok(printed) = query.to_text() else { return };
    let again = Query::parse(&printed).unwrap_or_else(|faults| panic!("{printed}: {}", faults[0]));
    assert_eq!(again, *query, "{printed}");

    let (reach, of_printed) = (Reach::of(query), Reach::of(&again));
    let beyond = |reach: &Reach| reach.beyond().iter().map(|one| one.node.to_string()).collect::<Vec<_>>();
    assert_eq!(beyond(&reach), beyond(&of_printed), "{printed}");
    assert_eq!(reach.fields().count(), of_printed.fields().count(), "{printed}");
    for one in of_printed.beyond() {
        assert!(one.span == Span::at(0) || printed.get(one.span.range()).is_some(), "{printed}: {one:?}");
    }

    let rewritten = [query.with_first_filter(&condition(), Nested::Refused), query.bound_limit(10)];
    for text in rewritten.into_iter().flatten().filter_map(|query| query.to_text().ok()) {
        if let Err(faults) = Query::parse(&text) {
            panic!("{text}: {}", faults[0]);
        }
    }
}

/// Rewriting keeps the original text, of the query alone and after a filter.
fn kept(query: &Query, text: &str) {
    let filtered = query.with_first_filter(&condition(), Nested::Refused);
    for rewritten in [Some(query.clone()), filtered.ok(), query.bound_limit(10).ok()].into_iter().flatten() {
        match rewritten.to_kept_text(text) {
            Ok(kept) => assert_eq!(Query::parse(&kept).as_ref(), Ok(&rewritten), "{kept}"),
            // White space that becomes a space can be part of a column's name, to which the text refers.
            Err(NotKept::Differs) => {
                let is_odd = |character: char| character.is_whitespace() && !" \t\n".contains(character);
                assert!(text.contains(is_odd), "{text}: {rewritten}");
            }
            Err(NotKept::TooLong(_)) => {}
        }
    }
}

/// `tenant = "a"`
fn condition() -> Expression {
    match Query::parse("filter tenant = \"a\"").map(|query| query.commands.into_iter().next().map(|command| command.node)) {
        Ok(Some(Command::Filter(filter))) => filter.condition.node,
        other => panic!("{other:?}"),
    }
}
