//! Refused queries, the scope condition in front of a query, and the names of columns.

use super::*;
use crate::domain::name::LogGroupName;
use crate::domain::pattern::Pattern;
use crate::domain::rules::{Clause, Visibility};
use crate::domain::time::Millis;

fn forbidden(text: &str) -> Vec<String> {
    match LogQuery::parse(text) {
        Err(QueryError::Forbidden(faults)) => faults.into_iter().map(|fault| fault.found).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_leaves_the_groups_the_time_or_the_mask_is_forbidden_by_its_word() {
    for (text, word) in [
        ("SOURCE logGroups() | fields @message", "`SOURCE`"),
        ("sOuRcE 'other' | limit 1", "`SOURCE`"),
        ("# fields a\nsource logGroups(namePrefix: ['x'])", "`SOURCE`"),
        ("filter a in (SOURCE 'g' | fields a)", "`in`"),
        ("join type=left left=a right=b where a.k=b.k (SOURCE 'g')", "`join`"),
        ("stats count(*) | appendcols ( SOURCE lg | stats count(*) )", "`appendcols`"),
        ("fields unmask(@message)", "`unmask`"),
        ("FIELDS UnMask ( @message )", "`unmask`"),
        ("pattern @message | diff", "`diff`"),
        ("pattern @message | DIFF previousWeek", "`diff`"),
        ("logcompare timeshift 7d", "`logcompare`"),
        ("lookup users id OUTPUT name", "`lookup`"),
        ("cidrlookup nets ip OUTPUT name", "`cidrlookup`"),
        ("$saved(a = \"b\")", "`$`"),
    ] {
        let found = forbidden(text);
        assert!(found.iter().any(|found| found == word), "{text}: {found:?}");
    }
}

#[test]
fn handles_and_the_account_show_in_no_disguise() {
    for text in [
        "fields @ptr as p",
        "fields concat(@ptr, '') as p",
        "stats latest(@ptr) by @logStream",
        "stats count(*) by @ptr",
        "filter @PTR like 'x'",
        "parse @ptr '*a' as b",
        "fields @aws.account",
        "fields @entity",
        "fields @entity.KeyAttributes",
        "fields @entity.KeyAttributes.AwsAccountId",
        "fields @`entity.KeyAttributes.AwsAccountId` as a",
        "fields @entity.KeyAttributes.Identifier",
        "stats count(*) by @entity.Attributes.RoleArn",
        "fields @entity.KeyAttributes[0]",
        "stats count(*) by @aws.account as who",
        "parse @log '*:*' as account, group",
        "fields replace(@log, ':', '-')",
        "fields substr(@log, 0, 12) as account | display account",
    ] {
        assert_eq!(forbidden(text).len(), 1, "{text}");
    }
    for text in [
        "fields @timestamp, @message, @ptr",
        "fields @log, @logStream | sort @log",
        "stats count(*) by @log",
        "stats count(*) as n by @log, @logStream | sort n desc | limit 5",
        "filter @log like /api/",
        "filterIndex requestId = 'x' | fields @message",
        "fields @message | filter @message like /SOURCE unmask diff/ # SOURCE",
        "fields @entity.KeyAttributes.Name, @entity.Attributes.EKS.Cluster as cluster | filter cluster = 'a'",
        "stats count(*) by @entity.Attributes.PlatformType, tolower(@`entity.KeyAttributes.Environment`)",
        "filter @entity.KeyAttributes.AwsAccountId = 'x' | fields @message",
    ] {
        assert!(LogQuery::parse(text).is_ok(), "{text}: {:?}", LogQuery::parse(text));
    }
}

fn pattern_list(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::try_from(*text).unwrap()).collect()
}

fn of_streams(streams: Option<Vec<Pattern>>) -> Visibility {
    Visibility::of(vec![Clause::new(streams, None, None)])
}

fn sent(query: &str, rules: &[(&str, Option<&[&str]>)], start: i64, end: i64) -> (String, (i64, i64)) {
    let visible = |patterns: &Option<&[&str]>| of_streams(patterns.map(pattern_list));
    let groups: Vec<_> =
        rules.iter().map(|(group, patterns)| (LogGroupName::try_from(*group).unwrap(), visible(patterns))).collect();
    let query = LogQuery::parse(query).unwrap();
    let scope = QueryScope {
        groups: groups.iter().map(|(group, visible)| (group, visible)).collect(),
        start: Millis(start),
        end: Millis(end),
        upstream: query.reads(),
    };
    (query.within(&scope).unwrap(), scope.seconds())
}

#[test]
fn a_query_that_may_read_an_earlier_period_sees_none_of_it() {
    let all: &[(&str, Option<&[&str]>)] = &[("/a", None)];
    let query = "stats count(*) by bin(5m) offset 1d";
    let filter = "filter toMillis(@timestamp) >= 1000 and toMillis(@timestamp) < 3000";
    assert_eq!(sent(query, all, 1000, 3000), (format!("{filter} | {query}"), (1, 3)));
}

#[test]
fn the_sent_query_is_the_callers_text_behind_the_scope_condition() {
    let all: &[(&str, Option<&[&str]>)] = &[("/a", None)];
    for text in [
        "filter not (a = 1)",
        "fields 2 ^ (3 ^ 2) as p",
        "fields regex_replace(@message, \"[0-9]+\", \"N\") as m",
        "STATS COUNT(*) AS hits GROUP BY path|SORT hits DESC",
        "filter a == 1 and b in (1, 2)\n| parse @message XML '/a/b' as c",
        "stats count(*) by bin(@timestamp, 1h)",
    ] {
        assert_eq!(sent(text, all, 0, 1000).0, format!("filter toMillis(@timestamp) < 1000 | {text}"));
    }
}

#[test]
fn the_time_is_cut_to_the_millisecond() {
    let all: &[(&str, Option<&[&str]>)] = &[("/a", None)];
    for (start, end, filter, seconds) in [
        (1000, 3000, "toMillis(@timestamp) < 3000", (1, 3)),
        (1000, 3001, "toMillis(@timestamp) < 3001", (1, 4)),
        (1001, 3000, "toMillis(@timestamp) >= 1001 and toMillis(@timestamp) < 3000", (1, 3)),
        (1999, 2001, "toMillis(@timestamp) >= 1999 and toMillis(@timestamp) < 2001", (1, 3)),
    ] {
        let expected = (format!("filter {filter} | fields a"), seconds);
        assert_eq!(sent("fields a", all, start, end), expected, "{start} {end}");
    }
}

#[test]
fn the_scope_condition_limits_streams_group_by_group() {
    let prefix = "filter toMillis(@timestamp) < 1000 and ";
    for (rules, expected) in [
        (vec![("/a", Some(&["web 1", "it's"][..]))], r#"@logStream in ["web 1", "it's"]"#),
        (vec![("/a", Some(&["prod-*"][..]))], r"@logStream like /^prod-/ and @logStream not like /[\r\n]/"),
        (
            vec![("/a", Some(&["*.[x]/*z", "one"][..]))],
            r#"(@logStream in ["one"] or @logStream like /\.\[x\]\/.*z$/) and @logStream not like /[\r\n]/"#,
        ),
        (vec![("/a", Some(&[][..]))], "false"),
        (vec![("/a", Some(&["one"][..])), ("/b", Some(&["one"][..]))], r#"@logStream in ["one"]"#),
        (
            vec![("/a", None), ("/b.c", Some(&["one"][..])), ("/d", None)],
            r#"(@log like /^(?:[0-9]+:)?\/a$/ or @log like /^(?:[0-9]+:)?\/d$/ or @log like /^(?:[0-9]+:)?\/b\.c$/ and @logStream in ["one"])"#,
        ),
    ] {
        assert_eq!(sent("fields a", &rules, 0, 1000).0, format!("{prefix}{expected} | fields a"));
    }
    for rules in [vec![("/a", None)], vec![("/a", Some(&["x", "*"][..]))], vec![("/a", None), ("/b", Some(&["**"][..]))]] {
        assert_eq!(sent("fields a", &rules, 0, 1000).0, "filter toMillis(@timestamp) < 1000 | fields a");
    }
}

#[test]
fn the_scope_condition_precedes_every_command_that_counts() {
    let rules: &[(&str, Option<&[&str]>)] = &[("/a", Some(&["one"]))];
    for (query, rest) in [
        ("stats COUNT(*)", "stats COUNT(*)"),
        ("limit 5 | filter a = 1", "limit 5 | filter a = 1"),
        ("dedup a", "dedup a"),
        (
            "fields @logStream as x, 'y' as @logStream | filter @logStream = 'y'",
            "fields @logStream as x, 'y' as @logStream | filter @logStream = 'y'",
        ),
    ] {
        let expected = format!(r#"filter toMillis(@timestamp) < 1000 and @logStream in ["one"] | {rest}"#);
        assert_eq!(sent(query, rules, 0, 1000).0, expected);
    }
}

#[test]
fn the_length_that_counts_is_that_of_the_callers_text_as_long_as_blanks_can_be_left_out() {
    let group = LogGroupName::try_from("/a").unwrap();
    let all = Visibility::default();
    let scope = QueryScope { groups: vec![(&group, &all)], start: Millis(0), end: Millis(1), upstream: UpstreamRange::Exact };
    let within = |text: &str| LogQuery::parse(text).unwrap().within(&scope);
    let list: Vec<String> = (0..1_600).map(|number: u32| format!("{number:04}")).collect();
    let spaced = format!("filter id in [{}]{}", list.join(", "), " ".repeat(387));
    assert_eq!(spaced.len(), 10_000);
    assert_eq!(within(&spaced).unwrap(), format!("filter toMillis(@timestamp) < 1 | {}", spaced.trim_end()));

    let spaced = format!("filter id in [{}]{}", list.join(", "), " and a = 1".repeat(38));
    assert_eq!(spaced.len(), 9_993);
    let compact = format!("filter toMillis(@timestamp)<1|filter id in [{}]{}", list.join(","), " and a=1".repeat(38));
    assert_eq!(within(&spaced).unwrap(), compact);

    let long = format!("filter a = \"{}\"", "x".repeat(9_980));
    assert_eq!(within(&long), Err(UnsendableQuery::TooLong { length: 10_021 }));
    let said = within(&long).unwrap_err().to_string();
    assert_eq!(said, "with the scope condition the query has 10021 characters; 10000 are allowed");
}

#[test]
fn a_limit_bounds_the_rows_or_says_why_it_cannot() {
    let rules: &[(&str, Option<&[&str]>)] = &[("/a", None)];
    let limited = |text: &str, rows| {
        LogQuery::parse(text).unwrap().with_limit(rows).map(|query| {
            let group = LogGroupName::try_from(rules[0].0).unwrap();
            let all = Visibility::default();
            let scope =
                QueryScope { groups: vec![(&group, &all)], start: Millis(0), end: Millis(1000), upstream: UpstreamRange::Exact };
            let text = query.within(&scope).unwrap();
            (text.replace("filter toMillis(@timestamp) < 1000 | ", ""), query.rows())
        })
    };
    assert_eq!(limited("fields a", 7), Ok(("fields a | limit 7".to_owned(), None)));
    assert_eq!(limited("fields a | limit 5", 7), Ok(("fields a | limit 5".to_owned(), None)));
    assert_eq!(limited("fields a | limit 50", 7), Ok(("fields a | limit 7".to_owned(), None)));
    assert_eq!(limited("fields a", 50_000), Ok(("fields a".to_owned(), Some(50_000))));
    assert_eq!(limited("fields a | limit 20000", 50_000), Ok(("fields a | limit 20000".to_owned(), None)));
    assert!(limited("limit 50 | stats count(*)", 7).unwrap_err().contains("`stats` comes after a `limit`"));
}

#[test]
fn columns_keep_the_names_that_their_writer_gave_them() {
    let headings = |text: &str| -> Vec<(String, String)> {
        let query = LogQuery::parse(text).unwrap();
        query.headings().iter().map(|heading| (heading.printed.clone(), heading.written.clone())).collect()
    };
    let pair = |printed: &str, written: &str| (printed.to_owned(), written.to_owned());
    assert_eq!(
        headings("stats COUNT( * ), max(a) as m by BIN(5m), b"),
        [pair("count(*)", "COUNT( * )"), pair("bin(5m)", "BIN(5m)")]
    );
    assert_eq!(headings("fields a+1, `b`, @message"), [pair("a + 1", "a+1")]);
    assert_eq!(headings("stats count(*) by bin(5m)"), []);
    assert_eq!(headings("fields a+1, a + 1"), [], "the second is the name of another column");
}

mod scope_and_permit {
    use super::*;
    use logmark_diagnostics::Spanned;
    use logmark_engine::evaluate::evaluate;
    use logmark_engine::values::call::{Context, QueryTimes};
    use logmark_engine::values::value::Value;
    use logmark_insights::ast::FieldPath;
    use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, proptest};
    use proptest::sample::select;

    fn names() -> impl Strategy<Value = String> {
        proptest::collection::vec(select(vec!["a", "b", "/", ".", "[", "$", "é", "\n", "-"]), 1..6)
            .prop_map(|parts| parts.concat())
    }

    fn rule() -> impl Strategy<Value = Option<Vec<Pattern>>> {
        let pattern = proptest::collection::vec(select(vec!["a", "b", "/", ".", "[", "$", "é", "-", "*", "*"]), 1..6);
        let pattern = pattern.prop_map(|parts| Pattern::try_from(parts.concat().as_str()).unwrap());
        proptest::option::of(proptest::collection::vec(pattern, 0..3))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn events_in_the_query_scope_are_those_that_the_permit_allows(
            rules in proptest::collection::vec(rule(), 1..4),
            stream in names(),
            group in 0..4_usize,
            account in any::<bool>(),
            time in 995..1010_i64,
            start in 998..1002_i64,
            length in 1..5_i64,
        ) {
            let groups: Vec<_> = (0..rules.len()).map(|index| LogGroupName::try_from(format!("/g.{index}").as_str()).unwrap()).collect();
            let visible: Vec<Visibility> = rules.iter().cloned().map(of_streams).collect();
            let scope = QueryScope {
                groups: groups.iter().zip(&visible).collect(),
                start: Millis(start),
                end: Millis(start + length),
                upstream: UpstreamRange::Exact,
            };
            let (first, last) = scope.seconds();
            let log = format!("{}/g.{group}", if account { "123456789012:" } else { "" });
            let event = |field: &FieldPath| match field.flat_name().as_str() {
                "@timestamp" => Value::Timestamp(time),
                "@logStream" => Value::from(stream.as_str()),
                "@log" => Value::from(log.as_str()),
                _ => Value::Missing,
            };
            let context = Context::of_query(QueryTimes { start: 0, end: 0, now: 0 });
            let passes = evaluate(&Spanned::made(scope.condition().unwrap()), &event, &context) == Ok(Value::Boolean(true));
            // The upstream reads only the requested groups and seconds.
            let is_read = group < rules.len() && (first * 1000..=last * 1000 + 999).contains(&time);
            let may_see = rules.get(group).is_some_and(|rule| {
                rule.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(&stream)))
            });
            let of_line = !stream.contains('\n') || rules.get(group).is_some_and(|rule| {
                rule.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.as_str().bytes().all(|byte| byte == b'*')))
            });
            let expected = is_read && may_see && (start..start + length).contains(&time);
            // The scope condition may treat a name with a line break as a name outside of the permit.
            if of_line {
                prop_assert_eq!(is_read && passes, expected);
            } else {
                prop_assert_eq!(is_read && passes && !expected, false);
            }
        }
    }
}

#[test]
fn a_source_that_checks_them_takes_inner_queries_and_tables_and_nothing_else() {
    let within = |text: &str| LogQuery::parse_within(text, QueryReach::NamedGroups);
    for (text, groups) in [
        ("filter a in (SOURCE '/acme/users' | fields a)", vec!["/acme/users"]),
        ("join type=left left=a right=b where a.k=b.k (SOURCE 'g' | fields k)", vec!["g"]),
        ("stats count(*) | appendcols ( SOURCE lg | stats count(*) )", vec!["lg"]),
        ("filter a in (SOURCE 'g' | fields a) or b in (SOURCE 'g' | fields b)", vec!["g"]),
        ("lookup users id OUTPUT name", vec![]),
        ("cidrlookup nets ip OUTPUT name", vec![]),
        ("fields a", vec![]),
    ] {
        let query = within(text).unwrap();
        let named: Vec<&str> = query.nested_groups().iter().map(LogGroupName::as_str).collect();
        assert_eq!(named, groups, "{text}");
        assert_eq!(query.is_confined(), text == "fields a", "{text}");
        assert_eq!(LogQuery::parse(text).is_ok(), text == "fields a", "{text}");
    }
    assert!(within("filter a in (SOURCE '/acme/users' | fields a)").is_ok() && within("lookup users id OUTPUT name").is_ok());
    for text in [
        "SOURCE 'g' | fields a",
        "SOURCE 'g' | filter a in (SOURCE 'h' | fields a)",
        "filter a in (SOURCE logGroups() | fields a)",
        "filter a in (SOURCE logGroups(namePrefix: ['x']) | fields a)",
        "filter a in (SOURCE 'arn:aws:logs:eu-west-1:123456789012:log-group:g' | fields a)",
        "filter a in (SOURCE 'g' start=-1d end=now | fields a)",
        "filter a in (SOURCE 'g' | fields unmask(a))",
        "filter a in (SOURCE 'g' | fields @ptr)",
        "fields unmask(a)",
        "$saved()",
        "pattern @message | diff previousWeek",
    ] {
        assert!(matches!(within(text), Err(QueryError::Forbidden(_) | QueryError::Invalid(_))), "{text}");
    }
}
