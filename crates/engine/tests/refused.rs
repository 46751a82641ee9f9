//! Unsupported features are refused by name, at their position, before any event is read.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use logmark_diagnostics::{Kind, Span};
use logmark_engine::evaluate::evaluate;
use logmark_engine::values::call::{Context, QueryTimes};
use logmark_engine::values::value::Value;
use logmark_insights::ast::{Command, FieldPath, Query};
use logmark_insights::support::unsupported_parse_mode;

fn parsed(source: &str) -> Query {
    Query::parse(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"))
}

#[test]
fn an_expression_that_only_cloudwatch_runs_is_refused_by_name_when_it_is_evaluated_here() {
    for (regex, kind, found) in [
        ("a(?R)b", Kind::Unsupported, "the recursion `(?R`"),
        ("(?|a|b)", Kind::Unsupported, "the branch reset `(?|`"),
        ("a(?(1)b|c)", Kind::Unsupported, "the condition `(?(`"),
        ("a{1,5000000}", Kind::Limit, "one that is too large"),
    ] {
        let source = format!("filter a like /{regex}/");
        let Command::Filter(filter) = parsed(&source).commands.remove(0).node else { panic!("no filter") };
        let context = Context::of_query(QueryTimes { start: 0, end: 0, now: 0 });
        let fault = evaluate(&filter.condition, &|_: &FieldPath| Value::Missing, &context).unwrap_err();
        assert_eq!((fault.kind, fault.found.as_str()), (kind, found), "{source}");
    }
}

#[test]
fn a_mode_of_parse_is_refused_by_name() {
    let fault = unsupported_parse_mode("xml", Span::new(0, 5));
    assert_eq!(
        fault.to_string(),
        "expected a mode of `parse` that is supported here, found `xml` (CloudWatch has it; this service does not run it)"
    );
}
