//! Row rules as conditions of queries: their form, and the rules without one.

use logmark_event_rules::{UntranslatableReason, query_condition};
use logmark_filter_pattern::FilterPattern;
use logmark_insights::ast::{Command, Query};

#[test]
fn a_condition_can_be_written_into_a_query() {
    for rule in [
        "",
        "ERROR -\"a/b # \\\"c\\\"\" %x/y$%",
        "?a ?b",
        r#"{ $.tenant = "acme" }"#,
        "{ $.a.b >= -1.5 && $.e IS NULL }",
        "{ $.c[0].* = *x || $.d NOT EXISTS }",
    ] {
        let condition = query_condition(&FilterPattern::parse(rule).unwrap()).unwrap();
        let query =
            Query::parse(&format!("filter {condition}")).unwrap_or_else(|faults| panic!("{rule}\n{condition}\n{faults:?}"));
        let Some(Command::Filter(filter)) = query.commands.first().map(|command| &command.node) else { panic!("{condition}") };
        assert_eq!(filter.condition.node, condition, "{rule}");
    }
}

#[test]
fn a_part_without_an_equivalent_is_named() {
    for (rule, part, reason) in [
        ("[a, b = x]", "[a, b = x]", UntranslatableReason::Fields),
        ("{ $.a = 1 && $.b = %x% }", "$.b = %x%", UntranslatableReason::RegexOfMember),
        ("{ $.a[0] NOT EXISTS }", "$.a[0] NOT EXISTS", UntranslatableReason::AbsentElement),
        ("{ $.a[*] > 1 }", "$.a[*] > 1", UntranslatableReason::NumberOfElement),
        ("{ $.a[*] != x }", "$.a[*] != x", UntranslatableReason::DifferentElement),
        ("{ $.a = 1234567890123456 }", "$.a = 1234567890123456", UntranslatableReason::LongNumber),
        ("{ $.['a.b'] > 1 }", "$.['a.b'] > 1", UntranslatableReason::FieldName),
        ("{ $.a[10] = x }", "$.a[10] = x", UntranslatableReason::Index),
        ("a %b{1000}c{1000}%", "%b{1000}c{1000}%", UntranslatableReason::Regex),
        ("{ $.a.b.c.d.e.f.g.h = x }", "{ $.a.b.c.d.e.f.g.h = x }", UntranslatableReason::TooLong),
    ] {
        let refused = query_condition(&FilterPattern::parse(rule).unwrap()).unwrap_err();
        assert_eq!((refused.part.of(rule), refused.reason), (part, reason), "{rule}");
        assert_eq!(refused.to_string(), reason.text());
    }
}
