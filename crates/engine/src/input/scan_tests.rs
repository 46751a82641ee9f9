//! The scan against its definition, `fields::discover`.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Ended, load, special};
use crate::input::{FieldReader, Wanted};
use crate::row::Slot;
use crate::values::fields;
use crate::values::value::Value;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

const NAMES: [&str; 16] =
    ["a", "b", "a.b", "a.0", "a.b.0", "@@a", "a.@a", "", "a.", ".a", "é", "a\"", "a.0.b", "b.1.0", "a.b.c", "x"];

fn wanted(names: &[&str]) -> Wanted {
    let mut wanted = Wanted::default();
    for (place, name) in names.iter().enumerate() {
        wanted.add(name, || Slot(place));
    }
    wanted
}

fn reader(names: &[&str]) -> FieldReader {
    FieldReader::new(Arc::new(wanted(names)))
}

/// The wanted leaves by the definition; `None` where a wanted name is that of a list or map.
fn defined(message: &str, names: &[&str]) -> Vec<Value> {
    let mut values = vec![Value::Missing; names.len()];
    fields::discover(message, |name, leaf| {
        for (place, _) in names.iter().enumerate().filter(|(_, wanted)| **wanted == name) {
            values[place] = leaf.into();
        }
        ControlFlow::Continue(())
    });
    values
}

fn check(message: &str, names: &[&str]) {
    let mut values = vec![Value::Missing; names.len()];
    match load(message, &mut reader(names), &mut values) {
        Ok(()) => assert_eq!(values, defined(message, names), "{message}"),
        Err(Ended::Invalid) => assert_eq!(defined(message, names), vec![Value::Missing; names.len()], "{message}"),
        Err(Ended::AtStructure) => {}
    }
}

/// Reads messages one after another with the same reader, so that each is a guess for the next.
fn check_in_a_row(messages: &[String], names: &[&str]) {
    let mut reader = reader(names);
    for message in messages {
        let mut values = vec![Value::Missing; names.len()];
        match load(message, &mut reader, &mut values) {
            Ok(()) => assert_eq!(values, defined(message, names), "{message}"),
            Err(Ended::Invalid) => assert_eq!(defined(message, names), vec![Value::Missing; names.len()], "{message}"),
            Err(Ended::AtStructure) => assert!(has_structure(message, names), "{message}"),
        }
        reader.reclaim(&mut values);
    }
}

/// Whether a wanted name is that of a list or map, so that it begins the name of a leaf or is that of an empty one.
fn has_structure(message: &str, names: &[&str]) -> bool {
    let mut fresh = reader(names);
    load(message, &mut fresh, &mut vec![Value::Missing; names.len()]) == Err(Ended::AtStructure)
}

fn is_valid(message: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(message).is_ok() && message.trim_start().starts_with('{')
}

#[test]
fn messages_at_the_limits_have_the_defined_fields() {
    let deep = |depth: usize| format!("{{\"a\":{}{}{}}}", "[".repeat(depth), "1,{\"b\":2},3", "]".repeat(depth));
    let many = |count: usize| {
        let members: Vec<String> = (0..count).map(|number| format!("\"k{number}\":{number}")).collect();
        format!("{{{},\"a\":1,\"x\":{{\"y\":[null,2]}},\"b\":2}}", members.join(","))
    };
    let long =
        |length: usize| format!("{{\"{}\":{{\"b\":1}},\"a\":{{\"{}\":1}},\"b\":2}}", "k".repeat(length), "l".repeat(length));
    let mut messages = vec![
        r#"{"a":1e400,"b":-1e-400}"#.to_owned(),
        format!("{{\"a\":{}}}", "9".repeat(400)),
        r#"{"a":1,"a":null,"b":1,"b":"\ud800\n"}"#.to_owned(),
        "{\"a\":\"\u{1}\"}".to_owned(),
        r#"{"\u0061":1,"b":"\u00e9\/"}"#.to_owned(),
        "[1]".to_owned(),
        "{}".to_owned(),
        " {\"a\" : [ ] , \"b\":\t2 }\n".to_owned(),
        "\u{a0}{\"a\":1}".to_owned(),
    ];
    messages.extend([1, 125, 126, 127, 128, 129, 200, 5_000].map(deep));
    messages.extend([196, 197, 198, 199, 200, 201, 300].map(many));
    messages.extend([1_020, 1_021, 1_022, 1_023, 1_024, 1_025].map(long));
    for message in messages {
        for names in [&["a", "b"][..], &["b"], &["a.b", "b"], &["x.y.1", "b"], &["k7"], &["zz"]] {
            check(&message, names);
        }
    }
}

#[test]
fn a_message_is_read_by_the_layout_of_the_one_before_only_where_it_has_that_layout() {
    let messages = [
        r#"{"a":"x","b":1,"c":{"d":true}}"#,
        r#"{"a":"a longer one \" \u00e9","b":null,"c":{"d":"e"}}"#,
        r#"{"a":"x","b":1e400,"c":{"d":false}}"#,
        r#"{"a":"x","b":1,"c":{"d":true} }"#,
        r#"{"a":"x","b":1,"c":{"d":true}"#,
        r#"{"a":"x","b":1,"c":{"d":tru}}"#,
        r#"{"a":"x","b":[],"c":{"d":true}}"#,
        r#"{"a":"x","b":1,"c":{"e":true}}"#,
        r#"{"a":"x","B":1,"c":{"d":true}}"#,
        r#"{"a":"x","b":1,"c":{"d":true}}}"#,
        "{\"a\":\"x\u{1}\",\"b\":1,\"c\":{\"d\":true}}",
        r#"{"a":"x","b":1,"a":2,"b":null}"#,
        r#"{"a":"x","b":1,"a":null,"b":3}"#,
        "{}",
        "",
    ];
    let messages: Vec<String> = messages.into_iter().map(str::to_owned).collect();
    let of_each_pair: Vec<String> =
        messages.iter().flat_map(|first| messages.iter().flat_map(move |then| [first.clone(), then.clone()])).collect();
    for names in [&["a", "b", "c.d"][..], &["c.e", "a"], &["zz"], &["c", "b"]] {
        check_in_a_row(&of_each_pair, names);
    }
}

#[test]
fn a_message_at_the_limit_of_fields_is_no_guess_for_the_next() {
    let message = |value: &str| {
        let members: Vec<String> = (0..203).map(|number| format!("\"k{number}\":{value}")).collect();
        format!("{{{},\"a\":1}}", members.join(","))
    };
    check_in_a_row(&[message("null"), message("1"), message("null"), message("\"x\"")], &["a", "k0", "k202"]);
}

#[test]
fn the_first_special_byte_is_found_at_every_place() {
    for length in (0..40).chain(60..80) {
        for place in 0..length {
            for byte in [b'"', b'\\', 0x1f, 0] {
                let mut bytes = vec![b'x'; length];
                bytes[place] = byte;
                // Bytes that differ in one bit, or are beyond ASCII, are not special.
                bytes[..place]
                    .iter_mut()
                    .zip([b' ', 0xff, b'#', b']', 0x80, b'!'].iter().cycle())
                    .for_each(|(at, other)| *at = *other);
                assert_eq!(special::special(&bytes), place);
            }
        }
        assert_eq!(special::special(&vec![0x7f; length]), length);
    }
}

fn json() -> impl Strategy<Value = String> {
    let keys = || select(vec!["a", "b", "@a", "", "a.b", "é", "\\u0061", "a\\\"", "a\\u002eb", "0", "c", "x"]);
    let leaf = prop_oneof![
        select(vec![
            "1",
            "-0",
            "0.5",
            "1e3",
            "true",
            "false",
            "null",
            "\"\"",
            "\"t\"",
            "\"\\u00e9\\n\"",
            "\"a\\tb \\ud83d\\ude00 \\\"c\\\" d\"",
            "{}",
            "[]",
            "12345678901234567890"
        ])
        .prop_map(str::to_owned),
        // Also what is no JSON.
        select(vec!["01", "-", "1.", "\"\t\"", "\"\\x\"", "tru", "+1", ".5", "", "\"\\u12\"", "1 2", "'a'"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let space = || select(vec!["", "", " ", "\n\t"]);
        prop_oneof![
            (proptest::collection::vec((keys(), inner.clone(), space()), 0..4), space()).prop_map(|(members, end)| {
                let members: Vec<String> =
                    members.into_iter().map(|(key, value, space)| format!("{space}\"{key}\"{space}:{space}{value}")).collect();
                format!("{{{}{end}}}", members.join(","))
            }),
            proptest::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn a_scan_gives_the_defined_fields(message in json(), picked in proptest::collection::vec(0..NAMES.len(), 1..12)) {
        let mut names: Vec<&str> = picked.into_iter().map(|place| NAMES[place]).collect();
        names.sort_unstable();
        names.dedup();
        check(&message, &names);
        let scanned = load(&message, &mut reader(&["zz"]), &mut [Value::Missing]);
        prop_assert_eq!(scanned == Ok(()), is_valid(&message), "{}", message);
    }

    #[test]
    fn messages_in_a_row_have_the_defined_fields(messages in proptest::collection::vec(json(), 1..4), rounds in proptest::collection::vec((0..4_usize, any::<usize>(), prop_oneof![Just('"'), Just('\\'), Just('1'), Just('x')]), 1..12)) {
        // The same few messages again and again, some with a changed byte.
        let messages: Vec<String> = rounds.into_iter().map(|(which, place, byte)| {
            let mut characters: Vec<char> = messages[which % messages.len()].chars().collect();
            if place % 3 == 0 && let Some(changed) = (place / 3).checked_rem(characters.len()).and_then(|at| characters.get_mut(at)) {
                *changed = byte;
            }
            characters.into_iter().collect()
        }).collect();
        check_in_a_row(&messages, &["a", "b", "a.b", "a.0", "x"]);
    }

    #[test]
    fn a_changed_byte_makes_no_difference_to_that(message in json(), place in any::<usize>(), byte in prop_oneof![Just('"'), Just('\\'), Just('{'), Just(']'), Just(','), Just(':'), Just('0'), Just('\u{7}')]) {
        let mut characters: Vec<char> = message.chars().collect();
        if let Some(changed) = place.checked_rem(characters.len()).and_then(|place| characters.get_mut(place)) {
            *changed = byte;
        }
        let message: String = characters.into_iter().collect();
        let scanned = load(&message, &mut reader(&["zz"]), &mut [Value::Missing]);
        prop_assert_eq!(scanned == Ok(()), is_valid(&message), "{}", message);
    }
}
