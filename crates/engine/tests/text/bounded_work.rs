//! Hostile texts and patterns of one megabyte: every answer is right, and the work is linear in the length of the text. A
//! quadratic function would exceed the test's time.

use std::ops::ControlFlow;

use logmark_engine::values::parse_glob::Glob;
use logmark_engine::values::parse_regex::RegexFields;
use logmark_engine::values::regex::Regex;
use logmark_engine::values::replace::{Replacement, replace};
use logmark_engine::values::strings::{self, TrimSet};
use logmark_engine::values::{csv, encode, fields, ip, json, json_path, log_fields, logfmt, value::Value};

const MEGABYTE: usize = 1 << 20;

#[test]
fn globs_and_searches_read_their_text_once() {
    let text = "a".repeat(MEGABYTE);
    let literal = "a".repeat(5_000) + "b";
    assert!(!strings::contains(&text, &literal));
    assert_eq!(replace(&text, &literal, "").map(|text| text.len()), Some(MEGABYTE));
    let glob = Glob::compile(&format!("{}b", "*a".repeat(4_000)), 4_000).unwrap();
    assert_eq!(glob.captures(&text), None);
    let glob = Glob::compile(&"*a".repeat(4_000), 4_000).unwrap();
    assert_eq!(glob.captures(&text).map(|parts| parts.len()), Some(4_000));
    let characters: String = ('\u{100}'..'\u{2000}').collect();
    assert_eq!(TrimSet::of(&characters).trim(&"\u{1fff}".repeat(MEGABYTE / 3)), "");
}

#[test]
fn expressions_that_ruin_backtrackers_are_harmless() {
    let text = "a".repeat(MEGABYTE);
    for pattern in ["(a+)+$b", "(a|a)*b", "(a|aa)+b", "(.*)*x", "(a?){60}a{60}b", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
        assert_eq!(Regex::compile(pattern).unwrap().is_match(&text), Ok(false), "{pattern}");
    }
}

#[test]
fn the_matches_of_a_long_text_are_limited_and_those_of_a_short_one_are_not() {
    // Each search of this expression reads to the end of the text.
    let regex = Regex::compile("(?<a>.*[^A]|[A])").unwrap();
    let fields = RegexFields::new(regex.clone()).unwrap();
    let text = "A".repeat(100_000);
    let long = fields.all(&text).unwrap();
    assert_eq!((long.rows.len(), long.complete), ((1 << 28) / 100_000, false));
    let nothing = Replacement::compile("", &regex).unwrap();
    assert_eq!(nothing.apply(&text, &regex), None);
    let text = "A".repeat(10_000);
    let short = fields.all(&text).unwrap();
    assert_eq!((short.rows.len(), short.complete), (10_000, true));
    assert_eq!(nothing.apply(&text, &regex).as_deref(), Some(""));
}

#[test]
fn long_rubbish_is_read_once() {
    let pieces =
        ["{", "[", "{\"a\":", "\"", "\\", "=", "a=", "a=\"", ",", "\"\"", "%", "(", "`", ".", "[0]", ":", "é", "\0", "- "];
    for piece in pieces {
        let text = piece.repeat(MEGABYTE / piece.len());
        assert_eq!(json::parse(&text), Value::Missing, "{piece}");
        assert_eq!((fields::all(&text), fields::embedded(&text)), (vec![], None), "{piece}");
        assert!(!ip::is_valid(&text) && !ip::is_in_subnet(&text, &text) && !ip::is_public(&text));
        assert!(Regex::compile(&text).is_err());
        assert!(
            log_fields::vpc_flow(&text).is_empty()
                && log_fields::route53(&text).is_empty()
                && log_fields::lambda(&text).is_empty()
        );
        assert!(encode::hex_to_decimal(&text).is_none() && encode::base64_decode(&text).is_none());
        let read = csv::columns(&text).map(|column| column.len()).sum::<usize>() + logfmt::pairs(&text).count();
        assert!(read <= 2 * text.len() && json_path::parts(&text).is_none_or(|parts| parts.len() <= text.len()), "{piece}");
    }
}

#[test]
fn many_keys_are_many_only_once() {
    let keys: Vec<String> = (0..60_000).map(|number| format!("\"k{number}\":{number}")).collect();
    let object = format!("{{{}}}", keys.join(","));
    assert!(matches!(json::parse(&object), Value::Map(entries) if entries.len() == 60_000));
    let mut seen = 0;
    fields::discover(&object, |_, _| {
        seen += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(seen, 200);
    let pairs: Vec<String> = (0..60_000).map(|number| format!("k{number}={number}")).collect();
    assert!(matches!(logfmt::parse(&pairs.join(" ")), Some(Value::Map(entries)) if entries.len() == 60_000));
}
