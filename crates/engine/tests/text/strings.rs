//! AWS User Guide, *Boolean, comparison, numeric, datetime, and other functions*, section *String functions*.

use logmark_engine::values::strings::{self, LONGEST_TEXT, MOST_PARTS, TrimSet};
use logmark_engine::values::value::Value;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

#[test]
fn a_missing_field_is_empty_and_blank() {
    let rows = [(None, true, true), (Some(""), true, true), (Some(" \u{a0}\n"), false, true), (Some("\u{200b}"), false, false)];
    for (text, empty, blank) in rows {
        assert_eq!((strings::is_empty(text), strings::is_blank(text)), (empty, blank), "{text:?}");
    }
}

#[test]
fn trimming_characters_replaces_trimming_white_space() {
    // text, characters, left, right, both: first the page's three examples with other letters.
    let rows = [
        ("abCabbarabC", "abC", "rabC", "abCabbar", "r"),
        ("qrSqrdoorqrS", "qrS", "doorqrS", "qrSqrdoo", "doo"),
        (" x ", "x", " x ", " x ", " x "),
        ("xx", "x", "", "", ""),
        ("", "x", "", "", ""),
        ("x", "", "x", "x", "x"),
        ("éàxàé", "àé", "xàé", "éàx", "x"),
    ];
    for (text, characters, left, right, both) in rows {
        let set = TrimSet::of(characters);
        assert_eq!((set.left(text), set.right(text), set.trim(text)), (left, right, both), "{text:?} {characters:?}");
    }
}

#[test]
fn a_part_of_a_text_is_counted_in_code_points_from_zero() {
    let rows = [
        ("qrSdoorqrS", 3, Some(4), Some("door")),
        ("qrSdoor", 3, None, Some("door")),
        ("a😀b", 1, Some(1), Some("😀")),
        ("abc", 3, Some(1), Some("")),
        ("abc", 4, None, Some("")),
        ("abc", i64::MAX, Some(i64::MAX), Some("")),
        ("abc", 0, Some(0), Some("")),
        ("abc", 1, Some(i64::MAX), Some("bc")),
        ("abc", -1, None, None),
        ("abc", i64::MIN, None, None),
        ("abc", 0, Some(-1), None),
        ("", 0, None, Some("")),
    ];
    for (text, start, length, expected) in rows {
        assert_eq!(strings::substring(text, start, length), expected, "{text} {start} {length:?}");
    }
}

#[test]
fn search_regards_case_unless_it_is_told_not_to() {
    let rows = [
        ("Disk FULL", "FULL", true, true),
        ("Disk FULL", "full", false, true),
        ("Disk", "", true, true),
        ("", "x", false, false),
        ("ÉTÉ", "été", false, true),
        ("a", "aa", false, false),
    ];
    for (text, searched, exact, folded) in rows {
        let found = (strings::contains(text, searched), strings::contains_ignoring_case(text, searched));
        assert_eq!(found, (exact, folded), "{text} {searched}");
    }
    assert!(strings::starts_with("abc", "") && !strings::starts_with("abc", "AB") && strings::ends_with("abc", "bc"));
}

#[test]
fn splitting_keeps_empty_parts_and_knows_no_expressions() {
    let rows: [(&str, &str, &[&str]); 6] = [
        ("a.b", ".", &["a", "b"]),
        ("a.b", "", &["a.b"]),
        ("", ",", &[""]),
        (",", ",", &["", ""]),
        ("aaa", "aa", &["", "a"]),
        ("a, b", ", ", &["a", "b"]),
    ];
    for (text, separator, parts) in rows {
        assert_eq!(strings::split(text, separator).collect::<Vec<_>>(), parts, "{text} {separator}");
    }
    let most = ",".repeat(MOST_PARTS - 1);
    assert!(matches!(strings::split_list(&most, ","), Value::List(parts) if parts.len() == MOST_PARTS));
    assert_eq!(strings::split_list(&(most + ","), ","), Value::Missing);
}

#[test]
fn joining_stops_at_the_longest_text() {
    let half = "x".repeat(LONGEST_TEXT / 2);
    assert_eq!(strings::concat([&*half, &*half]).map(|text| text.len()), Some(LONGEST_TEXT));
    assert_eq!(strings::concat([&*half, &*half, "x"]), None);
    assert_eq!(strings::concat([]).as_deref(), Some(""));
    // Each of these grows by half in upper case.
    assert_eq!(strings::to_upper(&"ΐ".repeat(LONGEST_TEXT / 2)), None);
}

proptest! {
    #[test]
    fn trimming_takes_nothing_but_the_characters_from_the_ends(text in ".{0,30}", characters in ".{0,5}") {
        let set = TrimSet::of(&characters);
        let trimmed = set.trim(&text);
        prop_assert!(text.contains(trimmed));
        prop_assert!(!trimmed.starts_with(|each| characters.contains(each)));
        prop_assert!(!trimmed.ends_with(|each| characters.contains(each)));
        prop_assert_eq!(set.left(set.right(&text)), trimmed);
        prop_assert_eq!(set.trim(trimmed), trimmed);
        prop_assert_eq!(TrimSet::white_space().trim(&text), text.trim());
    }

    #[test]
    fn parts_joined_again_are_the_text(text in "[ab,;]{0,20}", separator in "[,;]{1,2}") {
        let parts: Vec<&str> = strings::split(&text, &separator).collect();
        prop_assert_eq!(parts.join(&separator), &*text);
        prop_assert!(parts.iter().all(|part| !part.contains(&separator)));
    }

    #[test]
    fn the_part_and_the_rest_are_the_text(text in ".{0,20}", at in 0_i64..25) {
        let joined = [strings::substring(&text, 0, Some(at)), strings::substring(&text, at, None)].map(Option::unwrap_or_default).concat();
        prop_assert_eq!(joined, text);
    }
}
