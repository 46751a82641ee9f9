//! The matches of each form of pattern, case by case: the examples of AWS's pages, with our own names and values, and the choices
//! where those pages are silent.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests, though no `#[test]` itself")]

use logmark_filter_pattern::{FilterPattern, Matcher};

fn matcher(pattern: &str) -> Matcher {
    let parsed: FilterPattern = pattern.parse().unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
    Matcher::new(&parsed).unwrap()
}

/// Each pattern with messages that match and messages that do not.
fn check(cases: &[(&str, &[&str], &[&str])]) {
    for (pattern, matching, others) in cases {
        let matcher = matcher(pattern);
        for message in *matching {
            assert!(matcher.matches(message), "{pattern} should match {message:?}");
        }
        for message in *others {
            assert!(!matcher.matches(message), "{pattern} should not match {message:?}");
        }
    }
}

/// "Using filter patterns to match terms in unstructured log events", and the older edition for words within words.
#[test]
fn terms_are_found_anywhere_in_the_same_case() {
    let (a, b, c) = ("[FAIL 17] LOW STOCK", "[FAIL 23] NO SUCH ITEM", "[FAIL 24] BAD ITEM");
    check(&[
        ("", &["", "x"], &[]),
        ("\" \"", &["", "x"], &[]),
        ("FAIL", &[a, b, c, "FAILURE", "reFAILed"], &["fail", "F AIL", ""]),
        ("FAIL ITEM", &[b, c, "ITEM FAIL"], &[a]),
        ("?FAIL ?ITEM", &[a, b, c, "ITEM"], &["STOCK"]),
        ("?FAIL ?ITEM STOCK", &[a, "STOCK"], &[b]),
        ("\"NO SUCH ITEM\"", &[b], &[c, "NO  SUCH ITEM", "NO SUCH"]),
        ("FAIL -ITEM", &[a], &[b, c, ""]),
        ("FAIL -\"BAD ITEM\"", &[a, b], &[c]),
        ("-FAIL", &["", "x"], &[a]),
        ("\"[FAIL\"", &[a, b], &["FAIL"]),
    ]);
}

/// The same page: "You can't combine the question mark with other filter patterns, such as include and exclude terms. If you
/// do, all question mark terms will be ignored."
#[test]
fn optional_terms_are_ignored_beside_excluded_ones_too() {
    check(&[("?FAIL ?ITEM -STOCK", &["neither", "FAIL"], &["FAIL STOCK", "STOCK"])]);
}

/// "Supported regular expressions (regex) syntax".
#[test]
fn expressions_search_anywhere() {
    check(&[
        ("%PAID%", &["UNPAID", "PAID"], &["paid"]),
        ("%^[bc]oat%", &["boat trip"], &["a boat"]),
        ("%[bc]oat$%", &["a coat"], &["coats", "coat\n"]),
        ("%flavou?r%", &["flavor", "flavour"], &["flavr"]),
        ("%^x{2,3}$%", &["xx", "xxx"], &["x", "xxxx"]),
        ("%^lo|hi%", &["low", "ahi"], &["alo"]),
        ("%\\[.\\]%", &["a[7]", "[é]"], &["[]", "[12]"]),
        ("%\\d\\s\\w%", &["1 a"], &["1a", "\u{661} a", "1\u{a0}a"]),
        ("%\\x2d\\x41%", &["-A"], &["-B"]),
        ("FAIL %[0-9]{2}% -%9$%", &["FAIL 17"], &["FAIL 19", "FAIL 1"]),
    ]);
}

const EVENT: &str = r#"{"kind": "Restock", "host": "10.1.7.9", "tags": ["red", "dark red"], "lines": [{"sku": "A1", "n": 1},
    {"sku": "B2", "n": 2}], "note": null, "rush": true, "gift": false, "ship.to": "x", "grid": [[0, 1], [4, 5]], "took": 1.5e3,
    "code": "404", "id": 9007199254740993, "empty": "", "esc\u0061ped": "tab\there \ud83d\ude00"}"#;

/// "Using filter patterns to match terms in JSON log events".
#[test]
fn json_properties_are_compared_with_strings_and_numbers() {
    check(&[
        ("{ $.kind = \"Restock\" }", &[EVENT], &["{}", "kind: Restock"]),
        ("{ $.kind = Restock }", &[EVENT], &[]),
        ("{ $.kind != Restock }", &[r#"{"kind":"restock"}"#], &[EVENT]),
        ("{ $.kind = Re* && $.kind = *ock && $.kind = *sto* }", &[EVENT], &[r#"{"kind":"Reock"}"#]),
        ("{ $.kind = \"Re*ck\" }", &[r#"{"kind":"Re*ck"}"#], &[EVENT]),
        ("{ $.host != 10.2.* }", &[EVENT], &[r#"{"host":"10.2.0.1"}"#]),
        ("{ $.tags[0] = \"red\" }", &[EVENT], &[r#"{"tags":"red"}"#, r#"{"tags":["dark","red"]}"#, r#"{"tags":{"0":"red"}}"#]),
        ("{ $.lines[1].n = 2 }", &[EVENT], &[r#"{"lines":[{"n":2}]}"#]),
        ("{ $.lines[*].sku = B2 }", &[EVENT], &[r#"{"lines":[]}"#, r#"{"lines":{"sku":"B2"}}"#]),
        ("{ $.* = %^10[.]1[.]% }", &[EVENT], &[r#"{"a":{"host":"10.1.7.9"}}"#]),
        ("{ $.tags[*] = %k.{2}ed% }", &[EVENT], &[]),
        ("{ $.['ship.to'] = x }", &[EVENT], &[r#"{"ship":{"to":"x"}}"#]),
        ("{ $.grid[1][0] >= 4 && $.grid[0][1] < 1.5 }", &[EVENT], &[]),
        ("{ $.took = 1500 }", &[EVENT], &[]),
        ("{ $.took = 15e2 && $.took > +1000 && $.took > 1e-3 }", &[EVENT], &[]),
        ("{ $.took = 1.5* }", &[EVENT], &[r#"{"took":1500}"#]),
        ("{ $.escaped = \"tab\there \u{1f600}\" }", &[EVENT], &[]),
        ("{ $.empty = \"\" }", &[EVENT], &["{}"]),
        ("{ $.id = 9007199254740993 && $.id != 9007199254740992 }", &[EVENT], &[]),
    ]);
}

#[test]
fn json_words_are_tested_with_is_and_not_compared() {
    check(&[
        ("{ $.note IS NULL }", &[EVENT], &["{}", r#"{"note":"null"}"#, r#"{"note":[]}"#]),
        ("{ $.rush IS TRUE && $.gift IS FALSE }", &[EVENT], &[r#"{"rush":"true","gift":false}"#]),
        ("{ $.absent NOT EXISTS }", &[EVENT, "{}"], &[r#"{"absent":null}"#, r#"{"absent":{}}"#, "text", "[]", ""]),
        ("{ $.rush = true }", &[r#"{"rush":"true"}"#], &[EVENT]),
        ("{ $.rush != x }", &[r#"{"rush":"true"}"#], &[EVENT]),
        ("{ $.v = * }", &[r#"{"v":""}"#, r#"{"v":0}"#, r#"{"v":false}"#, r#"{"v":null}"#], &["{}", r#"{"v":[]}"#, r#"{"v":{}}"#]),
    ]);
}

/// The older edition: "both `{$.users = 1}` and `{$.users != 1}` will fail to match a log event where users is an array".
#[test]
fn arrays_objects_and_missing_properties_satisfy_no_comparison() {
    let others: &[&str] = &[r#"{"v":[5]}"#, r#"{"v":{"v":5}}"#, "{}", r#"{"w":5}"#];
    for pattern in ["{ $.v = 5 }", "{ $.v != 5 }", "{ $.v < 9 }", "{ $.v != x }", "{ $.v = %5% }", "{ $.v != %x% }"] {
        check(&[(pattern, &[], others)]);
    }
}

#[test]
fn strings_of_digits_compare_as_numbers_and_numbers_as_texts() {
    check(&[
        ("{ $.v = 5 }", &[r#"{"v":5}"#, r#"{"v":5.0}"#, r#"{"v":"5"}"#, r#"{"v":"5.0"}"#], &[r#"{"v":"5x"}"#, r#"{"v":" 5"}"#]),
        ("{ $.v = \"5\" }", &[r#"{"v":5}"#, r#"{"v":"5"}"#], &[r#"{"v":"5.0"}"#, r#"{"v":5.0}"#]),
        ("{ $.v >= 400 }", &[r#"{"v":"404"}"#, r#"{"v":404}"#], &[r#"{"v":"-"}"#, r#"{"v":"Infinity"}"#]),
        ("{ $.v != 5 }", &[r#"{"v":"-"}"#, r#"{"v":6}"#], &[r#"{"v":"5"}"#, r#"{"v":5e0}"#]),
        ("{ $.v = 4* }", &[r#"{"v":404}"#, r#"{"v":"404"}"#], &[r#"{"v":-4}"#]),
    ]);
}

/// "Using compound expressions": `()` before `&&` before `||`.
#[test]
fn compound_conditions_bind_as_documented() {
    check(&[
        ("{ ($.lines[0].n = 1) && ($.lines[1].sku = \"B2\") }", &[EVENT], &[]),
        ("{ $.kind = Restock || $.host = no && $.tags[1] = no }", &[EVENT], &[]),
        ("{ ($.kind = Restock || $.host = no) && $.tags[1] = no }", &[], &[EVENT]),
        ("{ ($.took = 2 && $.kind = no) || $.tags[1] = red }", &[], &[EVENT]),
        ("{ $.lines[*].n = 1 && $.lines[*].sku = B2 }", &[EVENT], &[]),
    ]);
}

#[test]
fn a_message_is_one_valid_json_object_or_matches_no_json_pattern() {
    let deep = |depth: usize| format!("{{\"a\":1,\"b\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    check(&[(
        "{ $.a = 1 }",
        &[
            r#"{"a":1}"#,
            " \t\r\n{ \"a\" : 1 } \n",
            r#"{"\u0061":1}"#,
            r#"{"a":2,"a":1}"#,
            r#"{"b":"\ud83d\ude00","a":1}"#,
            &deep(127),
        ],
        &[
            r#"{"a":1,"a":2}"#,
            r#"{"a":1} x"#,
            r#"x {"a":1}"#,
            r#"{"a":1}{"a":1}"#,
            r#"[{"a":1}]"#,
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":1,"b":NaN}"#,
            r#"{"a":1,"b":1e400}"#,
            r#"{"a":1,"b":01}"#,
            r#"{"a":1,"b":"\ud800"}"#,
            "{\"a\":1,\"b\":\"\n\"}",
            "\u{feff}{\"a\":1}",
            &deep(128),
        ],
    )]);
    check(&[("{ $.a.b = 1 }", &[r#"{"a":{"c":1},"a":{"b":1}}"#], &[r#"{"a":{"b":1},"a":{"c":1}}"#, r#"{"a":{"b":1},"a":3}"#])]);
}

const LINE: &str = r#"10.0.0.7 web kim [18/Jun/2024:07:11:05 +0000] "GET /pay/page.html HTTP/1.1" 404 1733"#;

/// "Using filter patterns to match terms in space-delimited log events".
#[test]
fn fields_are_matched_in_their_places() {
    check(&[
        ("[ip=%10\\.0\\.0\\.[1-9]%, host, user, time, request =*.html*, status = 4*, bytes]", &[LINE], &["10.0.0.7"]),
        ("[..., request =*.html*, status = 4*, bytes]", &[LINE, "a.html 4 5"], &["4 5", "a 4 5", "a.html 4 5 6"]),
        ("[..., status = 404 || status = 410, bytes]", &[LINE, "410 0"], &["404 1 2", "404"]),
        ("[ip, ..., bytes > 1000]", &[LINE, "a 1001"], &["a 999", "1001", "a b"]),
        ("[ip, host, ...]", &[LINE, "a b"], &["a"]),
        ("[..., status,]", &[LINE, "a b"], &["a"]),
        ("[first=WARN, rest]", &["WARN 18/06 it went wrong", "WARN x"], &["INFO x", "WARN", "WARNING x"]),
        ("[first=WARN || first=FAIL, rest]", &["FAIL it", "WARN it"], &["INFO it"]),
        ("[first!=WARN && first!=FAIL, rest]", &["INFO it"], &["FAIL it", "WARN it"]),
        ("[level, url=%/item/[0-9]+$%, took]", &["INFO /item/7 12"], &["INFO /item/7/part 12"]),
        ("[time=*Z, id=\"*-*\", event]", &["18T07Z\ta-b\tpaid in full\n"], &["18T07Z\tab\tpaid\n"]),
        ("[all = \"a b\"]", &["a b", " a b\n", "\"a b\"", "[a b]"], &["a", "a b c"]),
        ("[status != 404, ...]", &["200 x", "- x"], &["404 x", "404.0 x"]),
    ]);
}

/// API reference, `TestMetricFilter`: the contents of `extractedValues`.
#[test]
fn fields_are_extracted_by_name_and_unnamed_ones_by_number() {
    let extracted = |pattern: &str, message: &str| -> Vec<(String, String)> {
        let matcher = matcher(pattern);
        let taken = matcher.extract(message).unwrap_or_else(|| panic!("{pattern} should match {message}"));
        taken.into_iter().map(|one| (one.name.into_owned(), one.value.into_owned())).collect()
    };
    for (pattern, message, expected) in [
        (
            "[..., request=*.html*, status=4*,]",
            LINE,
            vec![
                ("$1", "10.0.0.7"),
                ("$2", "web"),
                ("$3", "kim"),
                ("$4", "18/Jun/2024:07:11:05 +0000"),
                ("$request", "GET /pay/page.html HTTP/1.1"),
                ("$status", "404"),
                ("$7", "1733"),
            ],
        ),
        ("[a, , rest]", "x y z \"w\" ", vec![("$a", "x"), ("$2", "y"), ("$rest", "z \"w\"")]),
        ("[...]", "x [y z]", vec![("$1", "x"), ("$2", "y z")]),
        ("WARN", "WARN x", vec![]),
        (
            "{ $.kind = Restock && $.lines[*].n > 1 && $.note NOT EXISTS || $.rush IS TRUE && $.kind = R* }",
            EVENT,
            vec![("$.kind", "Restock"), ("$.lines[*].n", "1"), ("$.rush", "true")],
        ),
        (r#"{ $.a = * }"#, r#"{"a":"\u0041\n"}"#, vec![("$.a", "A\n")]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(extracted(pattern, message), expected, "{pattern}");
    }
    assert_eq!(matcher("[a = x]").extract("y"), None);
}

#[test]
fn hostile_messages_take_linear_time() {
    // Each would take hours if every part were compared with every other part.
    let many = 1 << 20;
    for (pattern, message) in [
        ("[..., a = x, b]", "[ ".repeat(many)),
        ("[..., a = x, b]", "\" [".repeat(many)),
        ("{ $.a[*].b = 1 }", format!("{{\"a\":{}", "[".repeat(many))),
        ("{ $.*.b = x }", format!("{{{}\"a\":1}}", "\"a\":{\"b\":\"\\u0041\"},".repeat(many / 16))),
        ("%a*a*a*a*b%", "a".repeat(many)),
    ] {
        assert!(!matcher(pattern).matches(&message), "{pattern}");
    }
}

#[test]
fn one_matcher_serves_many_threads() {
    let matcher = matcher("{ $.v = %^a+$% }");
    std::thread::scope(|scope| {
        for length in 1..9 {
            let matcher = &matcher;
            scope.spawn(move || assert!(matcher.matches(&format!("{{\"v\":\"{}\"}}", "a".repeat(length)))));
        }
    });
}
