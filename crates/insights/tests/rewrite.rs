//! Rewritten queries as text: a filter in front, a limit of the rows, and refusals.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use logmark_insights::ast::{Command, Expression, Query};
use logmark_insights::rewrite::{Nested, Refusal};

fn parsed(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

fn condition(text: &str) -> Expression {
    match parsed(&format!("filter {text}")).commands.swap_remove(0).node {
        Command::Filter(filter) => filter.condition.node,
        other => panic!("{other}"),
    }
}

fn said(rewritten: Result<Query, Refusal>, text: &str) -> String {
    match rewritten {
        Ok(query) => query.to_string(),
        Err(refusal) => format!("{refusal}: `{}`", refusal.span.of(text)),
    }
}

#[test]
fn a_filter_in_front_stands_before_all_that_it_can_stand_before() {
    for (text, expected) in [
        ("stats count(*)", "filter tenant = \"a\" | stats count(*)"),
        ("filter x or y", "filter tenant = \"a\" | filter x or y"),
        ("SOURCE logGroups() | limit 5", "SOURCE logGroups() | filter tenant = \"a\" | limit 5"),
        ("filterIndex k = 1 | fields k", "filterIndex k = 1 | filter tenant = \"a\" | fields k"),
        ("fields k | filterIndex k = 1", "filter tenant = \"a\" | fields k | filterIndex k = 1"),
        ("fields \"b\" as tenant", "filter tenant = \"a\" | fields \"b\" as tenant"),
        ("$A(x = 1) | limit 5", "the effect of a saved query is not known: `A`"),
        ("filter k in (SOURCE 'g' | fields k)", "the query after `in` reads events of its own: `(SOURCE 'g' | fields k)`"),
    ] {
        assert_eq!(said(parsed(text).with_first_filter(&condition("tenant = \"a\""), Nested::Refused), text), expected);
    }
    let nested = "filter k in (SOURCE 'g' | fields k)";
    let filtered = parsed(nested).with_first_filter(&condition("tenant = \"a\""), Nested::Filtered);
    let expected = "filter tenant = \"a\" | filter k in (SOURCE 'g' | filter tenant = \"a\" | fields k)";
    assert_eq!(said(filtered, nested), expected);
}

#[test]
fn only_what_can_be_asked_of_an_event_is_put_in_front() {
    for text in ["unmask(@message) like \"x\"", "k in (SOURCE 'g' | fields k)"] {
        let refused = parsed("limit 5").with_first_filter(&condition(text), Nested::Filtered);
        let expected = "the condition has an aggregate, another query, `unmask`, or `\\` at the end of a literal in it: ``";
        assert_eq!(said(refused, ""), expected, "{text}");
    }
}

#[test]
fn a_bound_is_put_only_where_it_changes_nothing_else() {
    for (text, expected) in [
        ("fields a", "fields a | limit 50"),
        ("fields a | limit 20", "fields a | limit 20"),
        ("fields a | limit 200", "fields a | limit 50"),
        ("fields a | limit any 200", "fields a | limit any 50"),
        ("dedup a", "dedup a | limit 50"),
        ("estimate", "estimate"),
        ("limit 200 | limit 20", "limit 50 | limit 20"),
        ("limit 20 | sort a | limit 200", "limit 20 | sort a | limit 50"),
        ("limit 200 | fields a as b", "limit 50 | fields a as b"),
        ("limit 20 | filter a = 1", "limit 20 | filter a = 1"),
        ("stats count(*) by a", "stats count(*) by a | limit 50"),
        ("limit 200 | sort a", "`sort` comes after a `limit`: `sort a`"),
        ("limit 200 | filter a", "`filter` comes after a `limit`: `filter a`"),
        ("limit 20 | stats count(*) by a", "`stats` comes after a `limit`: `stats count(*) by a`"),
        ("limit 20 | unnest a into b", "`unnest` comes after a `limit`: `unnest a into b`"),
        ("limit 20 | parse a /(?<b>x)/ multi", "`parse` comes after a `limit`: `parse a /(?<b>x)/ multi`"),
        ("fields a | addtotals col=true", "a limit would cut off the row of sums of `addtotals`: `addtotals col=true`"),
        ("$A()", "the effect of a saved query is not known: `$A()`"),
    ] {
        assert_eq!(said(parsed(text).bound_limit(50), text), expected);
    }
    assert_eq!(said(parsed("fields a").bound_limit(0), ""), "a limit is at least 1: ``");
    assert_eq!(said(parsed("fields a").bound_limit(100_000), ""), "fields a | limit 10000");
}
