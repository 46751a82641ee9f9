//! Diagnostics drawn for a terminal and written as JSON.

use logmark_diagnostics::{Diagnostic, Kind, Report, Span, closest, quoted};

fn fault(start: usize, end: usize) -> Diagnostic {
    Diagnostic::new(Kind::Syntax, Span::new(start, end), "a value", "`!`")
}

#[track_caller]
fn drawn(source: &str, faults: &[Diagnostic]) -> String {
    Report::new("filter", source, faults).to_string()
}

#[test]
fn a_fault_is_drawn_under_its_line() {
    insta::assert_snapshot!(drawn("{ $.a = ! }", &[fault(8, 9).hint("write `!=` to compare")]), @r"
    error: expected a value, found `!`
     --> filter:1:9
      |
    1 | { $.a = ! }
      |         ^
      |
      = help: write `!=` to compare
    ");
}

#[test]
fn several_faults_are_drawn_each_under_its_own_line() {
    let source = "fields @message\n| filter !\n| sort !";
    insta::assert_snapshot!(drawn(source, &[fault(25, 26), fault(34, 35)]), @r"
    error: expected a value, found `!`
     --> filter:2:10
      |
    2 | | filter !
      |          ^

    error: expected a value, found `!`
     --> filter:3:8
      |
    3 | | sort !
      |        ^
    ");
}

#[test]
fn the_end_of_a_text_and_an_empty_one_have_a_place() {
    insta::assert_snapshot!(drawn("{ $.a =", &[fault(7, 7)]), @r"
    error: expected a value, found `!`
     --> filter:1:8
      |
    1 | { $.a =
      |        ^
    ");
    insta::assert_snapshot!(drawn("", &[fault(0, 0)]), @r"
    error: expected a value, found `!`
     --> filter:1:1
      |
    1 |
      | ^
    ");
    insta::assert_snapshot!(drawn("a\n", &[fault(2, 2)]), @r"
    error: expected a value, found `!`
     --> filter:2:1
      |
    2 |
      | ^
    ");
}

#[test]
fn characters_of_any_width_do_not_shift_the_mark() {
    insta::assert_snapshot!(drawn("\t日本 ü = !", &[fault(12, 13)]), @r"
    error: expected a value, found `!`
     --> filter:1:8
      |
    1 |     日本 ü = !
      |             ^
    ");
}

#[test]
fn a_span_over_several_lines_is_cut_at_its_first() {
    insta::assert_snapshot!(drawn("a 'b\nc\nd", &[fault(2, 8)]), @r"
    error: expected a value, found `!`
     --> filter:1:3
      |
    1 | a 'b
      |   ^^
    ");
}

#[test]
fn what_moves_a_terminals_cursor_never_reaches_it() {
    let source = "a \u{1b}[2J \u{202e}b\u{7} !";
    let drawn = drawn(source, &[fault(source.len() - 1, source.len()), fault(2, 3)]);
    for hidden in ['\u{1b}', '\u{7}', '\u{202e}', '\r'] {
        assert!(!drawn.contains(hidden), "{drawn:?}");
    }
}

#[test]
fn a_very_long_line_is_drawn_in_part() {
    let source = format!("{}!{}", "ä".repeat(9_999), "ö".repeat(100_000));
    insta::assert_snapshot!(drawn(&source, &[fault(19_998, 19_999)]), @r"
    error: expected a value, found `!`
     --> filter:1:10000
      |
    1 | ...ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää!ööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööö...
      |                                                                    ^
    ");
}

#[test]
fn a_span_of_another_text_is_drawn_somewhere() {
    for (start, end) in [(5, 9), (100, 200), (1, 2), (usize::MAX, usize::MAX)] {
        assert!(drawn("ää", &[fault(start, end)]).contains("expected a value"));
    }
}

#[test]
fn as_json_a_fault_has_its_place_in_bytes_lines_and_characters() {
    let source = "fields ü\n| filter !";
    let faults = [fault(19, 20).hint("write `!=`"), fault(0, 0)];
    insta::assert_json_snapshot!(Report::new("query", source, &faults), @r#"
    [
      {
        "kind": "syntax",
        "message": "expected a value, found `!`",
        "expected": "a value",
        "found": "`!`",
        "hint": "write `!=`",
        "start": 19,
        "end": 20,
        "line": 2,
        "column": 10
      },
      {
        "kind": "syntax",
        "message": "expected a value, found `!`",
        "expected": "a value",
        "found": "`!`",
        "start": 0,
        "end": 0,
        "line": 1,
        "column": 1
      }
    ]
    "#);
}

#[test]
fn what_was_found_is_one_readable_line() {
    for (found, expected) in [
        ("a", "`a`"),
        ("", "``"),
        ("\u{1b}[2J\n", r"`\u{1b}[2J\n`"),
        ("\u{202e}x\u{200b}", r"`\u{202e}x\u{200b}`"),
        ("ü日", "`ü日`"),
        ("0123456789012345678901234567890123456789", "`0123456789012345678901234567890123456789`"),
        ("01234567890123456789012345678901234567890", "`0123456789012345678901234567890123456789…`"),
    ] {
        assert_eq!(quoted(found), expected);
    }
}

#[test]
fn a_misspelt_word_is_recognised_and_another_one_is_not() {
    for (word, meant) in [
        ("stat", Some("stats")),
        ("STATS", Some("stats")),
        ("feilds", Some("fields")),
        ("limits", Some("limit")),
        ("x", None),
        ("select", None),
        ("", None),
    ] {
        assert_eq!(closest(word, ["fields", "stats", "limit", "sort"]), meant, "{word}");
    }
    assert_eq!(closest(&"a".repeat(1_000_000), ["stats"]), None);
}
