//! AWS User Guide, *Boolean, comparison, numeric, datetime, and other functions*: `replace`, `regexReplace`.

use logmark_engine::values::regex::Regex;
use logmark_engine::values::replace::{Replacement, replace};
use logmark_engine::values::strings::LONGEST_TEXT;
use proptest::prelude::{prop_assert_eq, proptest};

#[test]
fn every_occurrence_is_replaced_from_the_left() {
    let rows = [
        ("smoke_run/smoke_run", "smoke_run", "Check", "Check/Check"),
        ("aaa", "aa", "b", "ba"),
        ("aaa", "a", "aa", "aaaaaa"),
        ("a.c", ".", "$1", "a$1c"),
        ("abc", "", "x", "abc"),
        ("abc", "b", "", "ac"),
        ("", "a", "b", ""),
        ("été", "é", "e", "ete"),
    ];
    for (text, searched, replacement, expected) in rows {
        assert_eq!(replace(text, searched, replacement).as_deref(), Some(expected), "{text} {searched}");
    }
}

#[test]
fn a_replacement_names_groups_in_either_form() {
    let rows = [
        (r"(\d+)-(\d+)", "7-8 9-10", r"\2-\1", "8-7 10-9"),
        (r"(\d+)-(\d+)", "7-8", "$2-$1", "8-7"),
        (r"(\d+)-(\d+)", "7-8", "${2}0", "80"),
        (r"(\d+)-(\d+)", "7-8", "$20", "80"),
        (r"(\d+)-(\d+)", "7-8", r"\20", "80"),
        (r"(?<n>\d)", "7", "<${n}>", "<7>"),
        (r"\d", "7", r"<\0$0${0}>", "<777>"),
        (r"\d", "7", r"$$1 \\1 $x \x $", r"$1 \1 $x \x $"),
        (r"\d", "7", r"a\", r"a\"),
        (r"(a)|b", "b", "<$1>", "<>"),
        ("x*", "ab", "-", "-a-b-"),
        ("$", "a\n", "!", "a\n!"),
        (r"\s+", "a \t b", " ", "a b"),
        ("z", "abc", "!", "abc"),
        ("é", "été", "e", "ete"),
    ];
    for (pattern, text, written, expected) in rows {
        let regex = Regex::compile_re2(pattern).unwrap();
        let replacement = Replacement::compile(written, &regex).unwrap();
        assert_eq!(replacement.apply(text, &regex).as_deref(), Some(expected), "{pattern} {written}");
    }
}

#[test]
fn a_group_that_is_not_there_is_refused() {
    let regex = Regex::compile_re2(r"(a)").unwrap();
    for written in ["$2", r"\2", "${2}", "${name}", "${}", "price $9.50"] {
        let error = Replacement::compile(written, &regex).unwrap_err();
        assert!(written.get(error.place.clone()).is_some_and(|place| place.starts_with(['$', '\\'])), "{written} {error:?}");
    }
}

#[test]
fn growth_stops_at_the_longest_text() {
    let text = "a".repeat(4_096);
    let long = "x".repeat(LONGEST_TEXT / 4_096);
    assert_eq!(replace(&text, "a", &long).map(|text| text.len()), Some(LONGEST_TEXT));
    assert_eq!(replace(&text, "a", &(long.clone() + "x")), None);
    let regex = Regex::compile_re2("a").unwrap();
    let whole =
        |replacement: &str| Replacement::compile(replacement, &regex).unwrap().apply(&text, &regex).map(|text| text.len());
    assert_eq!((whole(&long), whole(&(long.clone() + "x"))), (Some(LONGEST_TEXT), None));
}

proptest! {
    #[test]
    fn both_functions_agree_on_plain_text(text in "[ab$ ]{0,20}", searched in "[ab]{1,2}", replacement in "[abc ]{0,3}") {
        let regex = Regex::compile_re2(&searched).unwrap();
        let compiled = Replacement::compile(&replacement, &regex).unwrap();
        prop_assert_eq!(compiled.apply(&text, &regex), replace(&text, &searched, &replacement));
        prop_assert_eq!(replace(&text, &searched, &replacement), Some(text.replace(&searched, &replacement).into()));
    }
}
