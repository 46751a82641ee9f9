//! AWS User Guide, *Boolean, comparison, numeric, datetime, and other functions*: JSON functions and structure types.

use logmark_engine::values::json_path::{lookup, parts};
use logmark_engine::values::{json, value::Value};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn only_maps_and_lists_are_parsed() {
    for none in [
        "",
        "x",
        "17",
        "\"x\"",
        "null",
        "true",
        "{",
        "{]",
        "{} x",
        "[1,]",
        "{'a':1}",
        "[01]",
        "[+1]",
        "[\"\\u12\"]",
        "[\"\n\"]",
        "[nul]",
        "[\"\\q\"]",
        "{a:1}",
    ] {
        assert_eq!(json::parse(none), Value::Missing, "{none}");
    }
    assert_eq!(json::parse(" {}\n"), Value::Map(vec![]));
    let numbers = json::parse("[9223372036854775807, -9223372036854775808, 9223372036854775808, 1.0, 1e2, -0]");
    let [largest, smallest] = [i64::MAX, i64::MIN].map(Value::Integer);
    let above = Value::Double(9_223_372_036_854_775_808.0);
    let expected = vec![largest, smallest, above, Value::Double(1.0), Value::Double(100.0), Value::Integer(0)];
    assert_eq!(numbers, Value::List(expected));
}

#[test]
fn texts_and_numbers_are_read_whatever_they_hold() {
    let rows = [
        (r#"["\"\\\/\b\f\n\r\t"]"#, text("\"\\/\u{8}\u{c}\n\r\t")),
        (r#"["\u00e9\ud83d\ude00x"]"#, text("é😀x")),
        (r#"["a\ud83d"]"#, text("a\u{fffd}")),
        (r#"["\ud83d\u0041"]"#, text("\u{fffd}A")),
        (r#"["\ude00\ud83d\ude00"]"#, text("\u{fffd}😀")),
        (r#"["é, : ] } \\"]"#, text("é, : ] } \\")),
        ("[1e999]", Value::Missing),
        ("[-1e999]", Value::Missing),
        ("[0.1]", Value::Double(0.1)),
        ("[-12E-1]", Value::Double(-1.2)),
        ("[ \r\n\tfalse , 1]", Value::Boolean(false)),
    ];
    for (json, expected) in rows {
        let Value::List(items) = json::parse(json) else { panic!("{json}") };
        assert_eq!(items.first(), Some(&expected), "{json}");
    }
}

#[test]
fn keys_keep_their_order_and_the_last_double_counts() {
    let map = json::parse(r#"{"z":1,"a":2,"z":{"k":null}}"#);
    let inner = Value::Map(vec![("k".to_owned(), Value::Missing)]);
    assert_eq!(map, Value::Map(vec![("z".to_owned(), inner), ("a".to_owned(), Value::Integer(2))]));
    assert_eq!(json::stringify(&map).as_deref(), Some(r#"{"z":{"k":null},"a":2}"#));
}

#[test]
fn writing_is_for_structures_only() {
    let rows = [
        (Value::Missing, None),
        (text("x"), None),
        (Value::Integer(1), None),
        (Value::List(vec![]), Some("[]")),
        (Value::Map(vec![]), Some("{}")),
        (json::parse(r#"[true, 1.50, "a\"\u00e9\n", [[]], {}]"#), Some(r#"[true,1.5,"a\"é\n",[[]],{}]"#)),
    ];
    for (value, expected) in rows {
        assert_eq!(json::stringify(&value).as_deref(), expected, "{value:?}");
    }
    let long = Value::List(vec![text(&"x".repeat(1 << 20)), text(&"x".repeat(1 << 20))]);
    assert_eq!(json::stringify(&long), None);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(matches!(json::parse(&nested(128)), Value::List(_)));
    assert_eq!((json::parse(&nested(129)), json::parse(&nested(500_000))), (Value::Missing, Value::Missing));
    assert_eq!(json::stringify(&json::parse(&nested(128))), Some(nested(128)));
    let deeper = Value::List(vec![Value::List(vec![json::parse(&nested(128))])]);
    assert_eq!(json::stringify(&deeper), None);
}

#[test]
fn a_list_is_asked_as_a_list_and_as_a_text() {
    let list = r#"["eu", "us", 3, "4", 2.0, true, null, [1], {"a": 1}, 9007199254740993]"#;
    let rows = [
        (text("eu"), true),
        (text("EU"), false),
        (text("e"), false),
        (Value::Integer(3), true),
        (text("3"), true),
        (Value::Integer(4), true),
        (text("4.0"), false),
        (Value::Double(4.0), true),
        (Value::Integer(2), true),
        (Value::Boolean(true), true),
        (text("true"), true),
        (Value::Boolean(false), false),
        (Value::Integer(1), true),
        (Value::Integer(0), false),
        (text("null"), false),
        (Value::Missing, false),
        (Value::List(vec![Value::Integer(1)]), true),
        (json::parse(r#"{"a":1}"#), true),
        (Value::Integer(9_007_199_254_740_993), true),
        (Value::Integer(9_007_199_254_740_992), false),
        (text(""), false),
    ];
    for (item, expected) in rows {
        assert_eq!(json::array_contains(&text(list), &item), Some(expected), "{item:?}");
        assert_eq!(json::array_contains(&json::parse(list), &item), Some(expected), "{item:?}");
    }
    for none in [text("{}"), text("x"), Value::Missing, Value::Integer(1), Value::Map(vec![])] {
        assert_eq!((json::array_size(&none), json::array_contains(&none, &text("x"))), (None, None), "{none:?}");
    }
    assert_eq!((json::array_size(&text(list)), json::array_size(&text("[]"))), (Some(10), Some(0)));
}

#[test]
fn a_way_leads_through_maps_and_lists() {
    let value = json::parse(r#"{"status": 404, "users": [{"act": "Put"}, {"act": null}], "first-name": {"a.b": 1}, "0": "key"}"#);
    let rows = [
        ("status", Some(Value::Integer(404))),
        ("users[0].act", Some(text("Put"))),
        ("users.0.act", Some(text("Put"))),
        ("users[1].act", None),
        ("users[2].act", None),
        ("users[0]", Some(json::parse(r#"{"act":"Put"}"#))),
        ("`first-name`.`a.b`", Some(Value::Integer(1))),
        ("`first-name`.a.b", None),
        ("0", Some(text("key"))),
        ("status.0", None),
        ("Status", None),
    ];
    for (way, expected) in rows {
        let parts = parts(way).unwrap();
        assert_eq!(lookup(&value, parts.iter().map(String::as_str)), expected.as_ref(), "{way}");
    }
    for none in ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[-1]", "a[01]", "a[1", "a]b[1]c", "`", "``", "a`b`", "[0]", "a[0]b"]
    {
        assert!(parts(none).is_none() || none == "a]b[1]c" && parts(none).is_none(), "{none}");
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Missing),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        (-1e9..1e9_f64).prop_map(Value::Double),
        ".{0,6}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let map = proptest::collection::btree_map("[a-c.@]{0,3}", inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::List),
            map.prop_map(|map| Value::Map(map.into_iter().collect()))
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(value in values()) {
        match json::stringify(&value) {
            Some(written) => prop_assert_eq!(json::parse(&written), value),
            None => prop_assert_eq!(matches!(value, Value::Map(_) | Value::List(_)), false),
        }
    }
}

proptest! {
    #[test]
    fn what_is_json_is_what_another_reader_says(text in proptest::collection::vec(
        proptest::sample::select(vec!["{", "}", "[", "]", "\"", ",", ":", "1", "-", ".5", "e3", " ", "\\n", "\"a\":", "true", "null", "\"b\"", "{\"k\":[", "]}"]),
        0..9,
    )) {
        let text = text.concat();
        let other = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|value| value.is_array() || value.is_object());
        let written = json::stringify(&json::parse(&text));
        prop_assert_eq!(written.is_some(), other);
        let reread = written.map(|written| json::stringify(&json::parse(&written)) == Some(written));
        prop_assert_eq!(reread, other.then_some(true));
    }
}
