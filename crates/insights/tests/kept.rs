//! A rewritten query keeps the original text of the user's commands.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use logmark_insights::ast::{Command, Expression, Query};
use logmark_insights::rewrite::Nested;
use logmark_insights::{MAX_LENGTH, NotKept};

fn parsed(source: &str) -> Query {
    Query::parse(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"))
}

/// `tenant = "a"`
fn guard() -> Expression {
    let Command::Filter(filter) = parsed("filter tenant = \"a\"").commands.remove(0).node else { panic!("no filter") };
    filter.condition.node
}

fn guarded(source: &str) -> String {
    parsed(source).with_first_filter(&guard(), Nested::Refused).unwrap().to_kept_text(source).unwrap()
}

#[test]
fn brackets_spellings_and_cases_stay_as_they_were_written() {
    for source in [
        "filter not (a = 1)",
        "fields 2 ^ (3 ^ 2) as p, (2 ^ 3) ^ 2, ((a))",
        "filter (a = 1) or ((b = 2) and c = 3) and not (d in (1, 2))",
        "fields regex_replace(@message, \"[0-9]+\", 'N') as m, strftime(t, \"%Y\")",
        "FIELDS @timestamp,@message|WHERE level==\"ERROR\"|HEAD 20",
        "stats COUNT( * ),sumOverTime(a) by BIN (5m) , host | order by `COUNT( * )` desc",
        "stats count(*) as hits group by path | sort by hits desc",
        "stats count(*) by bin(@timestamp, 1h) offset 5m",
        "stats count_over_time(*) by bin(1h) | sort bin(1h)",
        "parse @message XML '/event/level' as level | countFrequent level",
        "filter grün = 1 and `b` = 2 and @`c` like /x/ and 5xx > 1",
        "filter a in [ 1,2 ]  and\tb = 3\n| limit any 5",
        "fields csv, source, `offset` as 'x'".trim_end_matches(" as 'x'"),
        "filter @message like /(?<=a=)(x)\\1{1,5000}/",
    ] {
        assert_eq!(guarded(source), format!("filter tenant = \"a\" | {source}"));
        assert_eq!(parsed(source).to_kept_text(source).unwrap(), source);
    }
}

#[test]
fn comments_a_last_semicolon_and_odd_blanks_are_left_out() {
    for (source, kept) in [
        ("# first\nfields a # second\n  # third\n| limit 5 ; # last", "fields a \n  \n| limit 5"),
        ("  fields\u{a0}a,\u{2003}b\r\n| limit 5  ", "fields a, b \n| limit 5"),
        ("filter a = \"#\"\n| filter b = \"x\"\n", "filter a = \"#\" | filter b = \"x\""),
        ("fields `a#`\n| limit 5 # |\n", "fields `a#` | limit 5"),
        ("filter a like /#/\n\n| limit 5", "filter a like /#/  | limit 5"),
    ] {
        assert_eq!(parsed(source).to_kept_text(source).unwrap(), kept, "{source:?}");
    }
}

#[test]
fn only_what_a_rewriting_made_is_printed() {
    let source = "filterIndex a in ('x') | FIELDS b==1 | LIMIT 500";
    let rewritten = parsed(source).bound_limit(50).unwrap().with_first_filter(&guard(), Nested::Refused).unwrap();
    let text = "filterIndex a in ('x') | filter tenant = \"a\" | FIELDS b==1 | limit 50";
    assert_eq!(rewritten.to_kept_text(source).unwrap(), text);

    let source = "filter a in (SOURCE 'g' | FIELDS k) | FIELDS a";
    let filtered = parsed(source).with_first_filter(&guard(), Nested::Filtered).unwrap();
    let text = "filter tenant = \"a\" | filter a in (SOURCE 'g' | filter tenant = \"a\" | fields k) | FIELDS a";
    assert_eq!(filtered.to_kept_text(source).unwrap(), text);
}

#[test]
fn a_text_that_would_be_too_long_loses_the_blanks_that_separate_nothing() {
    let blanks = |gap: &str, count: usize| format!("filter id in [{}]", vec!["1"; count].join(gap));
    // 10,000 characters as written, and more with the guard.
    let source = blanks(", ", 3_328) + " ";
    assert!(source.chars().count() <= MAX_LENGTH);
    let text = guarded(&source);
    assert_eq!(text, format!("filter tenant=\"a\"|{}", blanks(",", 3_328)));

    // A column without an alias is named by its text, including spaces.
    let source =
        format!("stats max( a ) by concat( b , 'x' ) | filter `max( a )` > 1 | filter id in [{}]", vec!["1"; 3_305].join(", "));
    let text = guarded(&source);
    assert!(
        text.starts_with("filter tenant=\"a\"|stats max( a ) by concat( b , 'x' )|filter `max( a )`>1|filter id in [1,1"),
        "{text}"
    );

    // No text is left to remove.
    let source = format!("filter id in [{}]", vec!["12"; 3_327].join(","));
    let length = source.chars().count() + "filter tenant=\"a\"|".len();
    let rewritten = parsed(&source).with_first_filter(&guard(), Nested::Refused).unwrap();
    assert!(source.chars().count() <= MAX_LENGTH && length > MAX_LENGTH);
    let Err(NotKept::TooLong(error)) = rewritten.to_kept_text(&source) else { panic!("it fits") };
    assert_eq!(error.length, length);
}

#[test]
fn no_text_is_given_that_would_be_read_as_another_query() {
    let query = parsed("fields a | limit 5");
    assert_eq!(query.to_kept_text("fields b | limit 5"), Err(NotKept::Differs));
    assert_eq!(query.to_kept_text("x"), Err(NotKept::Differs));
}
