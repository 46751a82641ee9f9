//! Queries with hidden effects: the guard's answers must hold for every reading that CloudWatch could use.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use logmark_diagnostics::{Kind, Spanned};
use logmark_insights::ast::{
    BinaryOperator, CommandName, Expression, FieldPath, MatchOperator, MatchPattern, Name, Query, Regex, UnaryOperator,
};
use logmark_insights::reach::{Reach, Use};
use logmark_insights::rewrite::{Nested, Reason};

fn reach(text: &str) -> Reach {
    Reach::of(&Query::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}")))
}

fn field(name: &str) -> FieldPath {
    FieldPath::field(Name::new(name).unwrap())
}

#[test]
fn a_column_of_a_join_is_a_field_of_its_side_however_it_is_written() {
    let join = |sides: [&str; 2], behind: &str| {
        let [left, right] = sides;
        format!(
            "stats count(*) by k | join left={left} right={right} where {left}.k={right}.k (SOURCE 'g' | fields k) | {behind}"
        )
    };
    for (sides, behind) in [
        (["l", "r"], "fields r.secret"),
        (["l", "r"], "fields `r.secret`"),
        (["l", "r"], "fields `R.secret`"),
        (["l", "r"], "fields `l.secret`"),
        (["l", "r"], "fields `r.secret.part`"),
        (["l", "`x.y`"], "fields x.y.secret"),
        (["l", "`x.y`"], "fields `x.y`.secret"),
        (["l", "`x.y`"], "fields `x.y.secret`"),
        (["İ", "r"], "fields `i̇.secret`"),
    ] {
        let text = join(sides, behind);
        let reach = reach(&text);
        assert!(reach.reads_field(&field("secret")), "{text}");
        assert!(reach.uses_of(&field("secret")).contains(Use::Shown), "{text}");
        assert!(reach.fields().any(|reference| reference.what.may_hold(&field("secret"))), "{text}");
        assert!(!reach.reads_field(&field("other")), "{text}");
    }
}

#[test]
fn a_wildcard_behind_a_join_may_find_every_column_of_its_sides() {
    let text = "stats count(*) by k | join left=l right=r where l.k=r.k (SOURCE 'g' | fields k) | filldown r.se*";
    assert!(reach(text).uses_of(&field("secret")).contains(Use::Series));
}

#[test]
fn events_beside_computed_rows_bring_their_pointers() {
    for (text, shows) in [
        ("stats count(*) | appendcols (SOURCE g | fields a)", true),
        ("stats count(*) by k | join left=l right=r where l.k=r.k (SOURCE g)", true),
        ("stats count(*) | appendcols (SOURCE g | stats max(a))", false),
        ("stats count(*) | appendcols (SOURCE g | fields a) | stats count(*)", false),
    ] {
        assert_eq!(reach(text).shows_pointers(), shows, "{text}");
    }
}

#[test]
fn a_literal_that_could_go_on_over_the_next_one_is_refused() {
    for text in [
        r#"filter a = "x\\" | display "| $evil() # ""#,
        r#"filter a = 'x\\' | display '| $evil() # '"#,
        r#"filter a like /x\\/ | display "/ | $evil() # ""#,
        r#"parse @message "x\\" as b | fields "| $evil()""#,
        r"filter a = 'x\' | $evil() | filter b = '",
        r"fields `a\` | display `| $evil() # `",
        r"fields @`a\` | display `| $evil() # `",
        "filter a = \"#\" | filter b = '\n\" | $evil() | filter c = \"'",
        "fields `#` | parse a /\n| $evil() # (?<b>x)/",
    ] {
        let faults = Query::parse(text).expect_err(text);
        assert_eq!(faults[0].kind, Kind::Lexical, "{text}");
        assert!(faults[0].hint.is_some(), "{text}");
    }
    for text in [
        r#"filter path = "C:\\""#,
        r#"filter path = "C:\\" and b = 'x'"#,
        r#"filter a like "\"quoted\"" and b = "x""#,
        r"filter a like /\/path/ and b like /[\\]/ and c like /x/",
        r#"filter a = "it\'s""#,
        "parse a /x\ny#(?<b>z)/ | filter b = \"#\"",
        "filter a = \"#\"\n| filter b = \"#\" # \" \n",
    ] {
        let query = Query::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        assert_eq!(Query::parse(&query.to_text().unwrap()).unwrap(), query);
    }
}

#[test]
fn a_name_that_could_go_on_over_its_backtick_cannot_be_made() {
    assert!(Name::new("a\\").is_err());
    assert!(Name::new("a\\b").is_ok());
}

#[test]
fn a_condition_that_could_swallow_what_follows_is_put_in_front_of_nothing() {
    let query = Query::parse("fields \" or 1 = 1 # \"").unwrap();
    let value = || Box::new(Spanned::made(Expression::Field(field("tenant"))));
    let matching = |pattern| Expression::Match(MatchOperator::Like, value(), Spanned::made(pattern));
    let equal =
        |text: &str| Expression::Binary(BinaryOperator::Equal, value(), Box::new(Spanned::made(Expression::Text(text.into()))));
    for condition in [
        equal("a\\"),
        Expression::Unary(UnaryOperator::Not, Box::new(Spanned::made(equal("\\")))),
        matching(MatchPattern::Text("a\\".into())),
        matching(MatchPattern::Regex(Regex::new("a\\\\").unwrap())),
    ] {
        let refusal = query.with_first_filter(&condition, Nested::Refused).unwrap_err();
        assert_eq!(refusal.reason, Reason::NotACondition, "{condition}");
    }
    assert!(query.with_first_filter(&equal("a\\b"), Nested::Refused).is_ok());
}

#[test]
fn a_comment_ends_in_one_way_or_the_text_is_refused() {
    for line_break in ["\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
        let text = format!("fields a # one{line_break}| limit 5\n| sort a");
        let faults = Query::parse(&text).expect_err(&text);
        assert_eq!((faults.len(), faults[0].kind), (1, Kind::Lexical), "{text:?}");
    }
    for text in ["fields a # one\r\n| sort a", "# one\r\r\nfields a | sort a # \r", "fields a | sort a # é\u{a0}"] {
        assert_eq!(Query::parse(text).unwrap().to_string(), "fields a | sort a", "{text:?}");
    }
}

#[test]
fn the_name_of_what_is_read_has_no_escape_in_it() {
    for text in [
        r"SOURCE '/shop\x2fa'",
        r#"SOURCE "/shop\n""#,
        r"SOURCE logGroups(namePrefix: ['/sh\op'])",
        r"SOURCE logGroups(accountIdentifiers: ['1111\22223333'])",
        r"SOURCE dataSource(['amazon\_vpc.flow'])",
        r#"SOURCE logGroupTags([{"key": "a\b"}])"#,
        r#"SOURCE logGroupTags([{"key": "a", "values": ["a\b"]}])"#,
    ] {
        let faults = Query::parse(text).expect_err(text);
        assert_eq!((faults.len(), faults[0].kind), (1, Kind::Value), "{text}");
    }
}

#[test]
fn a_number_of_another_language_is_no_field() {
    for number in ["0x1F", "1_000", "10MB", "64KiB", "5k"] {
        let text = format!("filter size > {number}");
        let faults = Query::parse(&text).expect_err(&text);
        assert_eq!((faults.len(), faults[0].kind), (1, Kind::Value), "{text}");
    }
    for name in ["4xx", "`0x1F`", "0xyz", "a.0x1F"] {
        let text = format!("filter {name} > 1");
        assert!(Query::parse(&text).is_ok(), "{text}");
    }
}

#[test]
fn a_limit_before_a_lookup_bounds_no_rows() {
    for (text, command) in [
        ("limit 5 | lookup hosts host OUTPUT owner", CommandName::Lookup),
        ("limit 5 | cidrlookup networks host OUTPUT owner", CommandName::CidrLookup),
    ] {
        let refusal = Query::parse(text).unwrap().bound_limit(50).unwrap_err();
        assert_eq!(refusal.reason, Reason::LimitBefore(command), "{text}");
    }
    let bounded = Query::parse("lookup hosts host OUTPUT owner | limit 500").unwrap().bound_limit(50).unwrap();
    assert_eq!(bounded.to_string(), "lookup hosts host OUTPUT owner | limit 50");
}

#[test]
fn a_pattern_of_any_field_shows_samples_of_the_events() {
    for text in ["pattern level", "parse @logStream \"a*\" as b | pattern b", "pattern level | fields `@logSamples` as x"] {
        let reach = reach(text);
        assert!(reach.reads_whole_event() && reach.uses_of(&field("secret")).contains(Use::Shown), "{text}");
    }
}

#[test]
fn a_name_that_parse_makes_of_some_events_is_still_the_field_of_the_others() {
    for text in ["parse level \"zz*\" as secret | stats count(*) by secret", "parse level /(?<secret>z)/ | filter secret = 1"] {
        assert!(reach(text).reads_field(&field("secret")), "{text}");
        assert!(!reach(text).uses_of(&field("secret")).is_empty(), "{text}");
    }
}
