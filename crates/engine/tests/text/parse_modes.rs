//! AWS User Guide, *parse*: globs, expressions, `multi`, logfmt, CSV.

use logmark_engine::values::parse_glob::Glob;
use logmark_engine::values::parse_regex::RegexFields;
use logmark_engine::values::regex::Regex;
use logmark_engine::values::{csv, logfmt, value::Value};
use proptest::prelude::{Strategy, prop_assert_eq, proptest};

/// The texts of the groups, when there is a match.
type Expected<'t> = Option<&'t [Option<&'t str>]>;

const LINE: &str = "11 Jan 2026 08:15:02,113 [WARN] {size=3, name=cart} The cause was: StockMissing";

#[test]
fn a_glob_takes_the_least_text_between_its_literals() {
    let rows: [(&str, &str, Option<&[&str]>); 22] = [
        ("[*] * The cause was: *", LINE, Some(&["WARN", "{size=3, name=cart}", "StockMissing"])),
        ("user=*, verb:*, took := *", "at 8 user=ann, verb:PUT, took := 12 ms", Some(&["ann", "PUT", "12 ms"])),
        ("*/*/*/*", "eu/shop/web/0", Some(&["eu", "shop", "web", "0"])),
        ("*/*/*/*", "eu/shop/web/0/9", Some(&["eu", "shop", "web", "0/9"])),
        ("*/*/*/*", "eu/shop/web", None),
        ("url=*", "x url=/v/1/y", Some(&["/v/1/y"])),
        ("/v/*/y", "url=/v/1/y/z", Some(&["1"])),
        ("'a': '*', 'b': ['*']", "{'a': 'one', 'b': ['two, three']}", Some(&["one", "two, three"])),
        ("a*a", "aa", Some(&[""])),
        ("a*a", "a", None),
        ("a*b", "a1a2b3b", Some(&["1a2"])),
        ("*", "", Some(&[""])),
        ("*", "all\nof it", Some(&["all\nof it"])),
        ("**", "text", Some(&["", "text"])),
        ("*b", "ab b", Some(&["a"])),
        ("b*", "", None),
        ("x=* y", "x=  y", Some(&[" "])),
        ("x = *", "x=1", None),
        (".*", "a.b", Some(&["b"])),
        ("X*", "x1", None),
        (r"\*", r"a\b", Some(&["b"])),
        ("é*é", "aébéc", Some(&["b"])),
    ];
    for (glob, text, expected) in rows {
        let compiled = Glob::compile(glob, glob.matches('*').count()).unwrap();
        assert_eq!(compiled.captures(text).as_deref(), expected, "{glob} {text}");
    }
}

#[test]
fn a_glob_has_as_many_wildcards_as_aliases() {
    for (glob, aliases) in [("*", 0), ("*", 2), ("a", 0), ("a", 1), ("", 0), ("* *", 1)] {
        assert!(Glob::compile(glob, aliases).is_err(), "{glob} {aliases}");
    }
    let glob = Glob::compile("a=* b=*", 2).unwrap();
    let mut parts = vec!["before"];
    assert!(!glob.captures_into("a=1 c=2", &mut parts));
    assert_eq!((parts, glob.wildcards()), (vec!["before"], 2));
}

#[test]
fn the_named_groups_of_an_expression_are_the_fields() {
    let rows: [(&str, &str, Expected<'_>); 6] = [
        (
            r"\[(?<level>\S+)\]\s+(?<detail>\{.*\})\s+The cause was: (?<cause>\S+)",
            LINE,
            Some(&[Some("WARN"), Some("{size=3, name=cart}"), Some("StockMissing")]),
        ),
        ("(?<card>net-.*?) ", "2 9 net-0b7 10.0.0.1", Some(&[Some("net-0b7")])),
        ("(?<a>x)|(?<b>y)", "zy", Some(&[None, Some("y")])),
        ("(no)(?<b>.)", "nob", Some(&[Some("b")])),
        ("(?<rest>.*)$", "a b\n", Some(&[Some("a b")])),
        ("(?<a>x)", "y", None),
    ];
    for (pattern, text, expected) in rows {
        let fields = RegexFields::new(Regex::compile(pattern).unwrap()).unwrap();
        assert_eq!(fields.first(text).unwrap().as_deref(), expected, "{pattern} {text}");
        assert_eq!(fields.all(text).unwrap().rows.first().map(Vec::as_slice), expected, "{pattern} {text}");
    }
    assert!(RegexFields::new(Regex::compile("(a)").unwrap()).is_err());
}

#[test]
fn multi_gives_a_row_for_every_match() {
    let fields = RegexFields::new(Regex::compile(r"(?<key>\w)=(?<value>\d*)").unwrap()).unwrap();
    let rows = fields.all("a=1,b=,c=33").unwrap();
    assert!(rows.complete);
    assert_eq!(rows.rows, [[Some("a"), Some("1")], [Some("b"), Some("")], [Some("c"), Some("33")]]);
    assert!(fields.all("none").unwrap().rows.is_empty());
}

#[test]
fn columns_are_those_of_one_record() {
    let rows: [(&str, &[&str]); 17] = [
        ("10,eu,cart", &["10", "eu", "cart"]),
        ("", &[]),
        (",", &["", ""]),
        ("a,", &["a", ""]),
        ("a, b ,c", &["a", " b ", "c"]),
        ("\"a,b\",c", &["a,b", "c"]),
        ("\"a \"\"b\"\"\",c", &["a \"b\"", "c"]),
        ("\"\",\"\"\"\"", &["", "\""]),
        ("\"a\nb\",c\nd,e", &["a\nb", "c"]),
        ("a,b\r\nc", &["a", "b"]),
        ("a\rb,c", &["a\rb", "c"]),
        ("a,b\n", &["a", "b"]),
        ("a\"b,c", &["a\"b", "c"]),
        ("\"a\"b,c", &["ab", "c"]),
        ("\"a,b", &["a,b"]),
        (" \"a,b\"", &[" \"a", "b\""]),
        ("é;ü,ß", &["é;ü", "ß"]),
    ];
    for (text, expected) in rows {
        assert_eq!(csv::columns(text).collect::<Vec<_>>(), expected, "{text:?}");
    }
}

#[test]
fn logfmt_is_pairs_between_white_space() {
    let rows: [(&str, &[(&str, &str)]); 18] = [
        ("level=warn took=12ms", &[("level", "warn"), ("took", "12ms")]),
        (r#"msg="out of stock" n=3"#, &[("msg", "out of stock"), ("n", "3")]),
        (r#"msg="say \"no\" \\ \n\t\/" n=3"#, &[("msg", "say \"no\" \\ \n\t/"), ("n", "3")]),
        (r#"m="\u00e9\u00" n="\q""#, &[("m", r"é\u00"), ("n", r"\q")]),
        (r#"m="\ud83d""#, &[("m", r"\ud83d")]),
        ("a=1 a=2 b=3 a=4", &[("a", "4"), ("b", "3")]),
        ("retry a=1 dry", &[("retry", "true"), ("a", "1"), ("dry", "true")]),
        ("a= b=\"\"", &[("a", ""), ("b", "")]),
        ("  a=1\t\nb=2  ", &[("a", "1"), ("b", "2")]),
        ("a=b=c", &[("a", "b=c")]),
        ("=x a=1", &[("x", "true"), ("a", "1")]),
        ("a=\"open b=2", &[("a", "open b=2")]),
        ("a=\"open\\", &[("a", "open\\")]),
        ("a=\"1\"b=2", &[("a", "1"), ("b", "2")]),
        ("a.b@c-d=1", &[("a.b@c-d", "1")]),
        ("a=x\"y z=1", &[("a", "x\"y"), ("z", "1")]),
        ("ü=é", &[("ü", "é")]),
        ("a = 1", &[("a", "true"), ("1", "true")]),
    ];
    for (text, expected) in rows {
        let map = expected.iter().map(|(key, value)| ((*key).to_owned(), Value::Text((*value).to_owned()))).collect();
        let matched = text != "a = 1";
        assert_eq!(logfmt::parse(text), matched.then_some(Value::Map(map)), "{text:?}");
    }
    for text in ["", "  ", "a line of words", "\"a=1", "=", "=="] {
        assert_eq!(logfmt::parse(text).is_some(), text == "\"a=1", "{text:?}");
    }
}

/// Matches the glob by trying every position of every literal.
fn naive<'t>(literals: &[&str], text: &'t str) -> Option<Vec<&'t str>> {
    let (first, rest) = literals.split_first()?;
    text.match_indices(first).map(|(place, _)| &text[place + first.len()..]).find_map(|text| naive_rest(rest, text))
}

fn naive_rest<'t>(literals: &[&str], text: &'t str) -> Option<Vec<&'t str>> {
    let Some((literal, rest)) = literals.split_first() else { return Some(Vec::new()) };
    let ends = (0..=text.len()).filter(|end| !(rest.is_empty() && literal.is_empty()) || *end == text.len());
    ends.filter(|end| text[*end..].starts_with(literal)).find_map(|end| {
        let mut parts = naive_rest(rest, &text[end + literal.len()..])?;
        parts.insert(0, &text[..end]);
        Some(parts)
    })
}

proptest! {
    #[test]
    fn a_glob_finds_what_trying_everything_finds(glob in "[ab]{0,2}(\\*[ab]{0,2}){1,3}", text in "[abc]{0,12}") {
        let literals: Vec<&str> = glob.split('*').collect();
        let compiled = Glob::compile(&glob, literals.len() - 1).unwrap();
        prop_assert_eq!(compiled.captures(&text), naive(&literals, &text));
    }

    #[test]
    fn a_record_that_was_written_is_read(columns in proptest::collection::vec("[a,\"\n é]{0,6}", 1..5)) {
        let quote = |column: &String| format!("\"{}\"", column.replace('"', "\"\""));
        let written = columns.iter().map(quote).collect::<Vec<_>>().join(",");
        prop_assert_eq!(csv::columns(&written).collect::<Vec<_>>(), columns);
    }

    #[test]
    fn pairs_that_were_written_are_read(pairs in proptest::collection::btree_map("[a-z@.é]{1,4}", "[a=\"\\\\\n é]{0,6}", 1..6)) {
        let pairs: Vec<(String, String)> = pairs.into_iter().collect();
        let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let written = pairs.iter().map(|(key, value)| format!("{key}=\"{}\"", escape(value))).collect::<Vec<_>>().join(" ");
        let map = pairs.into_iter().map(|(key, value)| (key, Value::Text(value))).collect();
        prop_assert_eq!(logfmt::parse(&written), Some(Value::Map(map)));
    }

    #[test]
    fn reading_ends_for_every_text(text in proptest::collection::vec("[ab=\",\\\\\n\r é\u{0}]", 0..30).prop_map(|parts| parts.concat())) {
        let columns = csv::columns(&text).count();
        prop_assert_eq!(columns == 0, text.is_empty());
        prop_assert_eq!(logfmt::parse(&text).is_some(), logfmt::pairs(&text).any(|(_, value)| value.is_some()));
    }
}
