//! The reach of queries: attacks on a guard, and implicit fields.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{Command, Expression, FieldPath, Filter, Name, Query, Segment, UnaryOperator};
use logmark_insights::reach::{Beyond, Reach, Referent, Use};
use logmark_insights::rewrite::{Nested, Reason};

fn reach(text: &str) -> Reach {
    Reach::of(&Query::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}")))
}

fn path(name: &str) -> FieldPath {
    let mut steps = name.split('.').map(|step| Name::new(step).unwrap());
    let head = steps.next().unwrap();
    FieldPath { head, rest: steps.map(Segment::Name).collect() }
}

/// All that a query reaches beyond its own events, as words, each with the text at its span.
fn beyond(text: &str) -> Vec<String> {
    reach(text).beyond().iter().map(|beyond| format!("{} at {}", beyond.node.word(), beyond.span.of(text))).collect()
}

/// The fields of the events that a query refers to.
fn fields(text: &str) -> Vec<String> {
    let name = |referent: &Referent| match referent {
        Referent::Field(path) => path.flat_name(),
        Referent::Like(wildcard) => wildcard.as_str().to_owned(),
        Referent::All => "all".to_owned(),
    };
    reach(text).fields().map(|reference| name(&reference.what)).collect()
}

#[test]
fn whatever_reads_more_than_the_query_was_started_with_is_named_at_its_word() {
    for (text, expected) in [
        ("fields @timestamp | filter level = \"ERROR\" | limit 20", vec![]),
        ("SOURCE logGroups()", vec!["SOURCE at SOURCE", "logGroups at logGroups()"]),
        ("# all\r\nsOuRcE\n\tLogGroups ( ) | fields a", vec!["SOURCE at sOuRcE", "logGroups at LogGroups ( )"]),
        (
            "SOURCE logGroups(accountIdentifiers: ['111122223333', '444455556666'], namePrefix: ['x'])",
            vec![
                "SOURCE at SOURCE",
                "logGroups at logGroups(accountIdentifiers: ['111122223333', '444455556666'], namePrefix: ['x'])",
                "accountIdentifiers at '111122223333', '444455556666'",
            ],
        ),
        (
            "SOURCE dataSource(['amazon_vpc.flow']) logGroups(namePrefix: ['p'])",
            vec![
                "SOURCE at SOURCE",
                "dataSource at dataSource(['amazon_vpc.flow'])",
                "logGroups at logGroups(namePrefix: ['p'])",
            ],
        ),
        (
            "SOURCE logGroupTags([{key: \"env\", values: [\"!dev\"]}])",
            vec!["SOURCE at SOURCE", "logGroupTags at logGroupTags([{key: \"env\", values: [\"!dev\"]}])"],
        ),
        (
            "SOURCE lg end=now start=-1d | logcompare timeshift 7d",
            vec!["SOURCE at SOURCE", "SOURCE at lg", "end at now", "start at -1d", "logcompare at logcompare"],
        ),
        ("pattern @message | DIFF previousWeek", vec!["diff at DIFF"]),
        ("stats count(*) by bin(5m) offset 1h", vec!["offset at 1h"]),
        ("lookup users id OUTPUT name", vec!["lookup at lookup"]),
        ("cidrlookup nets src OUTPUT owner", vec!["cidrlookup at cidrlookup"]),
        ("$`All errors`(level = \"x\") | limit 5", vec!["$ at `All errors`"]),
        ("filterIndex id = \"x\"", vec!["filterIndex at filterIndex"]),
        ("fields a, concat(\"x\", UNMASK(@message)) as b", vec!["unmask at UNMASK"]),
        (
            "sort if(a in (SOURCE 'other' | fields k), 1, 2)",
            vec!["in at (SOURCE 'other' | fields k)", "SOURCE at SOURCE", "SOURCE at 'other'"],
        ),
        (
            "filter x = 1 | join type=left left=a right=b where a.k=b.k (SOURCE 'other' start=-9d)",
            vec!["join at join", "SOURCE at SOURCE", "SOURCE at 'other'", "start at -9d"],
        ),
        (
            "stats count(*) by k | appendcols max=5 ( source other | stats count(*) )",
            vec!["appendcols at appendcols", "SOURCE at source", "SOURCE at other"],
        ),
        // Texts that only look like it.
        ("filter @message like \"SOURCE logGroups()\" # | SOURCE logGroups()", vec![]),
        ("fields `SOURCE`, `lookup`, diff, unmask | filter x = 'unmask(@message)' | sort `join` desc", vec![]),
    ] {
        assert_eq!(beyond(text), expected, "{text}");
    }
}

#[test]
fn fields_that_nobody_writes_are_read_as_well() {
    for (text, expected) in [
        ("limit 5", vec!["@timestamp", "@message"]),
        ("filter a = 1", vec!["a", "@timestamp", "@message"]),
        ("fields a", vec!["a"]),
        ("stats count(*)", vec![]),
        ("stats count() by bin(5m)", vec!["@timestamp"]),
        ("parse \"x=*\" as x | display x", vec!["@message"]),
        ("parse a \"x=*\" as x | display x", vec!["a"]),
        ("json \"a.b\" as x | display x", vec!["@message"]),
        ("fields messageSize() as n", vec!["@message"]),
        ("fields jsonParse(@message) as j | fields j.user.email", vec!["@message"]),
        ("pattern @message | anomaly", vec!["@message", "@message", "all"]),
        ("pattern level | diff", vec!["level", "@message", "all"]),
        ("relevantfields where duration > 5", vec!["all", "duration"]),
        ("fields a | addtotals", vec!["a", "all"]),
        ("fields a | addtotals a", vec!["a", "a"]),
        ("fields a | filldown", vec!["a", "all"]),
        ("fields a | filldown cpu*", vec!["a", "cpu*"]),
        ("stats earliest(a)", vec!["@timestamp", "a"]),
        ("sessionize user | display session_id", vec!["user", "@timestamp"]),
        ("lookup users id OUTPUT name | display name", vec!["id"]),
        ("lookup users id as uid OUTPUTNEW name | display name", vec!["uid", "name"]),
        ("$A() | display a", vec!["all", "a"]),
    ] {
        assert_eq!(fields(text), expected, "{text}");
    }
}

#[test]
fn a_field_cannot_be_read_behind_another_name() {
    let email = path("user.email");
    for (text, uses) in [
        ("fields user.email", vec![Use::Shown]),
        ("fields user.email as x | stats count(*) by x | filter x like /a/", vec![Use::Filtered, Use::Grouped]),
        ("display `user.email`", vec![Use::Shown]),
        ("display `user`.`email`", vec![Use::Shown]),
        ("display USER.Email", vec![Use::Shown]),
        ("display user", vec![Use::Shown]),
        ("display user.email.domain", vec![Use::Shown]),
        ("display @message", vec![Use::Shown]),
        ("display @`message`", vec![Use::Shown]),
        ("display @ptr", vec![Use::Shown]),
        ("limit 1", vec![Use::Shown]),
        ("fields a | filldown us*", vec![Use::Series]),
        ("fields a | filldown *l", vec![Use::Series]),
        ("fields strlen(user.email) as n | sort n", vec![Use::Shown, Use::Computed, Use::Sorted]),
        ("fields coalesce(a, user.email) as `x y` | filter `x y` = 1", vec![Use::Filtered]),
        ("stats max(user.email) | filter `max(user.email)` = 1", vec![Use::Aggregated, Use::Filtered]),
        ("fields user.email as x | fields x as y | dedup y", vec![Use::Deduplicated]),
        ("fields user.email as a.b | filter a = 1", vec![Use::Filtered]),
        ("fields jsonParse(@message) as j | filter j.user.email = 1", vec![Use::Filtered]),
        ("parse @message /(?<mail>\\S+@\\S+)/ | filter mail = 1 | display b", vec![Use::Parsed, Use::Filtered]),
        ("fields 1 as user.email | display user.email", vec![Use::Shown]),
        ("parse x \"*\" as user.email | display user.email", vec![Use::Shown]),
        ("fields a, user.email as b, b as c | sort c", vec![Use::Sorted]),
        ("autoregress user.email as e p=1-3 | filter e_p2 = 1 | display a", vec![Use::Series, Use::Filtered]),
        ("countFrequent user.email | filter _approxcount > 5", vec![Use::Aggregated, Use::Filtered]),
        (
            "fields a | join left=l right=r where l.k=r.k (SOURCE 'g' | fields k, user.email) | filter r.user.email = 1",
            vec![Use::Filtered],
        ),
        ("fields a | join left=l right=r where l.k=r.k (SOURCE 'g' | fields k) | filter l.user.email = 1", vec![Use::Filtered]),
        ("fields a | join left=l right=r where l.k=r.user.email (SOURCE 'g' | fields k)", vec![Use::Joined]),
        (
            "stats count(*) as n by k | appendcols (SOURCE 'g' | stats max(user.email) as m by k) | filter m = 1",
            vec![Use::Filtered],
        ),
        ("filter a in (SOURCE 'g' | fields user.email)", vec![Use::Filtered]),
        ("fields b | filter \"x\" in user.email", vec![Use::Filtered]),
        ("$A()", vec![Use::Filtered, Use::Shown]),
    ] {
        let reach = reach(text);
        assert!(reach.reads_field(&email), "{text}");
        for one in uses {
            assert!(reach.uses_of(&email).contains(one), "{one:?} in {text}: {:?}", reach.uses_of(&email));
        }
    }
}

#[test]
fn other_fields_are_not_the_field() {
    let email = path("user.email");
    for text in [
        "fields @timestamp, level, user.name | filter user.emails = 1 or email = 1 | sort @timestamp",
        "stats count(*) by bin(5m), users.email",
        "parse a \"x=*\" as x | stats count(*) by x | sort x",
        "fields a | filldown cpu*",
    ] {
        assert!(!reach(text).reads_field(&email), "{text}: {:?}", fields(text));
    }
}

#[test]
fn a_name_that_the_query_defines_is_no_field_of_the_events() {
    for (text, expected) in [
        ("fields a as b | filter b = 1", vec!["a"]),
        ("fields a as b | display b.c", vec!["a"]),
        ("filter b = 1 | fields a as b", vec!["b", "a"]),
        ("parse a \"*\" as b | stats count(*) by b | sort b", vec!["a"]),
        ("stats sum(a) as s by k | filter s > 1 and k = 2", vec!["a", "k"]),
        // AWS does not document whether an alias can be used in the command that defines it.
        ("fields a as b, b as c", vec!["a", "b"]),
        // After `stats` only its own names exist; CloudWatch refuses others.
        ("fields a as b | stats count(*) as n by k | filter b = 1", vec!["a", "k", "b"]),
        // AWS does not document whether a field of CloudWatch can be replaced.
        ("fields a as @message | display @message", vec!["a", "@message"]),
    ] {
        assert_eq!(fields(text), expected, "{text}");
    }
}

#[test]
fn rows_that_are_events_have_pointers() {
    for (text, expected) in [
        ("fields a", true),
        ("display a | sort a", true),
        ("stats count(*)", false),
        ("pattern @message", false),
        ("countFrequent a", false),
        ("estimate", false),
    ] {
        assert_eq!(reach(text).shows_pointers(), expected, "{text}");
    }
}

#[test]
fn fields_that_name_accounts_are_told() {
    for (text, expected) in
        [("fields @log", true), ("fields @aws.account", true), ("fields a | filldown @*", true), ("fields log", false)]
    {
        assert_eq!(reach(text).fields().any(|reference| reference.what.names_account()), expected, "{text}");
    }
}

#[test]
fn a_tree_too_deep_to_be_looked_at_reaches_everything() {
    // Built, walked and dropped by loops, so that recursion over the tree cannot overflow the stack of the test.
    let mut expression = Expression::Boolean(true);
    for _ in 0..100_000 {
        expression = Expression::Unary(UnaryOperator::Not, Box::new(Spanned::made(expression)));
    }
    let filter = Command::Filter(Filter { condition: Spanned::made(expression) });
    let mut query = Query { commands: vec![Spanned::made(filter)] };
    let reach = Reach::of(&query);
    assert_eq!(reach.beyond().iter().map(|beyond| beyond.node.clone()).collect::<Vec<_>>(), [Beyond::TooDeep]);
    assert!(!reach.is_within_its_groups() && !reach.stays_in_its_time_range() && reach.reads_whole_event());
    let refusal = query.with_first_filter(&Expression::Boolean(true), Nested::Filtered).unwrap_err();
    assert_eq!(refusal.reason, Reason::TooDeep);
    let Some(Spanned { node: Command::Filter(filter), .. }) = query.commands.pop() else { panic!("it is the filter") };
    let mut rest = Some(filter.condition.node);
    while let Some(expression) = rest {
        rest = match expression {
            Expression::Unary(_, operand) => Some(operand.node),
            _ => None,
        };
    }
}

#[test]
fn the_walk_takes_every_part_of_the_tree_apart() {
    let source = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)).unwrap();
    for path in ["reach/fields.rs", "reach/expression.rs", "reach/beyond.rs"] {
        assert!(!source(path).contains(".. }"), "{path}: `..` would hide a new part of the tree");
    }
    for command in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands")).unwrap() {
        let path = command.unwrap().path();
        if path.is_file() {
            let source = fs::read_to_string(&path).unwrap();
            assert!(!source.contains(".. }"), "{}: `..` would hide a new part of the tree", path.display());
        }
    }
}

#[test]
fn the_groups_of_a_regular_expression_are_names_however_they_are_written() {
    for (pattern, names) in [
        (r"/(?<a>\d)(?P<b>\d)/", vec!["a", "b"]),
        (r"/(?'a'\d)/", vec!["a"]),
        (r"/\Q(?<no>\E(?<a>\d)/", vec!["a"]),
        (r"/[]a](?<a>\d)/", vec!["a"]),
        (r"/[[:alpha:](](?<a>\d)[(?<no>]/", vec!["a"]),
        (r"/\((?<a>\d)\)/", vec!["a"]),
    ] {
        let reach = reach(&format!("parse @message {pattern} | display a"));
        let found: Vec<String> = reach.names().map(|name| name.name.flat_name()).collect();
        assert_eq!(found, names, "{pattern}");
        let origins: Vec<bool> = reach.origins(&path("a")).iter().map(|origin| origin.what.is_whole_event()).collect();
        assert_eq!(origins, [true], "{pattern}");
    }
}
