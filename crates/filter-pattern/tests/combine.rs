//! Two patterns as one, or the reason why not.

#![expect(clippy::unwrap_used, reason = "a failure in a helper fails its test")]

use logmark_filter_pattern::{CannotCombine, FilterPattern, and};

fn parse(text: &str) -> FilterPattern {
    FilterPattern::parse(text).unwrap()
}

fn both(first: &str, second: &str) -> Result<String, CannotCombine> {
    and(&parse(first), &parse(second)).map(|pattern| pattern.to_string())
}

#[test]
fn what_both_match_is_one_pattern_where_the_language_has_it() {
    let cases = [
        ("", "ERROR", "ERROR"),
        ("{ $.a = 1 }", "\" \"", "{ $.a = 1 }"),
        ("ERROR", "timeout", "ERROR timeout"),
        ("ERROR -retry", "\"a b\" ERROR", "ERROR -retry \"a b\""),
        ("-a", "-b", "-a -b"),
        ("?a", "b", "a b"),
        ("?a ?a", "b", "a b"),
        ("?a ?b", "?a ?b", "?a ?b"),
        // Next to the required `c`, the optional terms have no effect.
        ("?a ?b c", "d", "c d"),
        ("%a|b%", "c", "%a|b% c"),
        ("{ $.a = 1 }", "{ $.b = 2 }", "{ $.a = 1 && $.b = 2 }"),
        ("{ $.a = 1 || $.b = 2 }", "{ $.c = 3 || $.d = 4 }", "{ ($.a = 1 || $.b = 2) && ($.c = 3 || $.d = 4) }"),
        ("{ $.a = 1 && $.b = 2 }", "{ $.b = 2 && $.c = 3 }", "{ $.a = 1 && $.b = 2 && $.c = 3 }"),
        (
            "{ $.a = 1 && ($.b = 2 || $.c = 3) }",
            "{ $.c = 3 || $.b = 2 }",
            "{ $.a = 1 && ($.b = 2 || $.c = 3) && ($.c = 3 || $.b = 2) }",
        ),
        ("{ $.a = 1 && $.a = 1 }", "{ $.a = 1 && $.b = 2 }", "{ $.a = 1 && $.b = 2 }"),
        ("a a", "b", "a b"),
        ("[a, b = 1]", "[a != x, b]", "[a != x, b = 1]"),
        ("[a = x || a = y, ...]", "[a != z, ...]", "[(a = x || a = y) && a != z, ...]"),
        ("[a,, c]", "[a = 1,, c > 2]", "[a = 1,, c > 2]"),
    ];
    for (first, second, expected) in cases {
        assert_eq!(both(first, second).as_deref(), Ok(expected), "{first} and {second}");
    }
}

#[test]
fn what_the_language_cannot_say_is_refused_with_the_reason() {
    let forms = |first, second| CannotCombine::DifferentForms { first, second };
    let cases = [
        ("ERROR", "{ $.a = 1 }", forms("terms", "JSON conditions")),
        ("[a]", "ERROR", forms("space-delimited fields", "terms")),
        ("?a ?b", "c", CannotCombine::OptionalTerms),
        ("?a ?b", "-c", CannotCombine::OptionalTerms),
        ("?a ?b", "?a", CannotCombine::OptionalTerms),
        ("?a -b", "c", CannotCombine::OptionalTerms),
        ("[a, b]", "[a]", CannotCombine::DifferentFields { position: 2 }),
        ("[a]", "[a, b]", CannotCombine::DifferentFields { position: 2 }),
        ("[a, b]", "[a, c]", CannotCombine::DifferentFields { position: 2 }),
        ("[a, ...]", "[..., a]", CannotCombine::DifferentFields { position: 1 }),
        ("[a,]", "[a, b]", CannotCombine::DifferentFields { position: 2 }),
    ];
    for (first, second, expected) in cases {
        assert_eq!(both(first, second), Err(expected), "{first} and {second}");
    }
}

#[test]
fn limits_hold_for_the_two_together() {
    let long = format!("\"{}\"", "a b".repeat(200));
    let other = format!("\"{}\"", "c d".repeat(200));
    let cases = [
        (long.as_str(), other.as_str(), "at most 1024 characters"),
        ("{ $.a = %x% && $.b = %y% }", "{ $.c = %z% }", "at most 2 regular expressions"),
        ("[a = %x%, b = %y%]", "[a = %z%, b]", "at most 2 regular expressions"),
        ("{ $.a[*] = 1 && $.b[*] = 1 }", "{ $.c[*] = 1 && $.d[*] = 1 }", "at most 3 selectors with a wildcard"),
    ];
    for (first, second, reason) in cases {
        let error = both(first, second).unwrap_err();
        assert!(matches!(error, CannotCombine::BeyondLimits(_)), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}
