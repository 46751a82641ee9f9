//! AWS User Guide, *filter* (matches and regular expressions), *Supported regular expressions (regex) syntax*; the documents of
//! Hyperscan and RE2 for the meaning of each construct.

use std::fmt::Write;

use logmark_engine::values::like::{Like, TextSet};
use logmark_engine::values::regex::{LARGEST_PROGRAM, LONGEST_PATTERN, Regex};
use logmark_insights::regex_syntax::RegexFault;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

#[test]
fn an_expression_means_what_it_means_in_perl() {
    // pattern, a text that it matches, a text that it does not match
    let rows = [
        ("Time", "at Time", "at time"),
        ("(?i)time", "at TIME", "tim"),
        (r"4\d\d", "status=404", "status=4x4"),
        ("T*", "", "\u{0}"),
        ("^a", "ab", "\na"),
        ("(?m)^a", "\na", "b"),
        ("a$", "ba", "ab"),
        ("a$", "a\n", "a\n\n"),
        (r"a\Z", "a\n", "a\n\n"),
        (r"a\z", "a", "a\n"),
        (r"\Aa", "a", "ba"),
        ("(?m)a$", "a\nb", "a b"),
        ("((?m)a$)b|c$", "xc", "a\nc\nd"),
        ("(?m:^a)|^b", "x\na", "x\nb"),
        ("a.b", "a-b", "a\nb"),
        ("(?s)a.b", "a\nb", "ab"),
        (r"\d", "7", "٧"),
        (r"\w", "_", "é"),
        (r"\bat\b", "éaté", "rate"),
        (r"\s", "\u{b}", "\u{a0}"),
        (r"[\w.-]+@x", "a.b-c@x", "é@x"),
        (r"[^\W\d]", "a", "1"),
        (r"[\D]", "a", "1"),
        ("[[:alpha:][:digit:]]", "7", "é"),
        ("[[:^digit:]]", "a", "7"),
        ("[]a]", "]", "b"),
        ("[^]a]", "b", "]"),
        ("[a[b]", "[", "]"),
        ("[a&&b]", "&", "-"),
        ("[a-c--e]", "-", "f"),
        ("[~~]", "~", "a"),
        (r"[\[\]\\]", "\\", "a"),
        (r"[\b]", "\u{8}", "b"),
        (r"a[\s\S]b", "a\nb", "ab"),
        (r"a[^\S\n]b", "a\tb", "a\nb"),
        ("[+-]", "-", ","),
        ("[-+]", "-", ","),
        (r"[\d-x]", "-", "a"),
        (r"\/api\/v1", "/api/v1", r"\/api"),
        ("/api", "/api", "api"),
        (r"\Qa.b*\E+", "a.b**", "aXb"),
        (r"\Q{[", "x{[", "x{"),
        (r#"{"id":"#, r#"{"id":7}"#, "id"),
        ("a{,2}", "a{,2}", "aa"),
        ("a{x}", "a{x}", "ax"),
        ("^a{2}$", "aa", "a"),
        ("^a{2,}$", "aaa", "a"),
        ("^a{1,2}?$", "aa", "aaa"),
        ("]}", "]}", "]"),
        (r"\x41\x{1F600}", "A😀", "a"),
        (r"\u00e9[\u0041-\u0043]", "éB", "éD"),
        (r"\0", "\0", "0"),
        (r"\t\n\r\f\a\e", "\t\n\r\u{c}\u{7}\u{1b}", "t"),
        (r"\p{Lu}\pN", "É²", "é2"),
        (r"\P{L}", "7", "é"),
        (r"\-\_\:\ \#\é", "-_: #é", "-"),
        ("(?<year>[0-9]+)(?P<month>-[0-9]+)(?'day'-)", "2026-01-", "x"),
        ("(?:a|b)c", "bc", "ab"),
        ("a(?#not b)c", "ac", "a"),
        ("(?i:A)b", "ab", "aB"),
        ("(?-i)a", "a", "A"),
        ("(a|)b", "b", "a"),
        ("<a>", "<a>", "a"),
        ("a # b", "a # b", "a"),
        ("~!@%&=;,'\"`", "~!@%&=;,'\"`", "~"),
    ];
    for (pattern, matching, other) in rows {
        let regex = Regex::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(regex.is_match(matching), Ok(true), "{pattern} {matching:?}");
        assert!(regex.is_match(other) == Ok(false) || pattern == "T*", "{pattern} {other:?}");
        assert_eq!(regex.source(), pattern);
    }
}

#[test]
fn what_no_engine_here_runs_is_named_in_its_place() {
    // Two spaces separate patterns.
    let split =
        |patterns: &'static str| patterns.split("  ").map(str::trim).filter(|pattern| !pattern.is_empty()).collect::<Vec<_>>();
    let refused = split(
        r"(?|a|b)  (?(1)a)  (a)[\1]  a(?R)  (?&n)  (?1)  (*UTF8)a  \Ka  \Ga  \X  \R  \C  (?x) a  (?u)a  (?)  (?i-)a  (?^a)",
    );
    let malformed = split(
        r"a(b  a)b  [a  [a-  [^  []  a\  [a\  *a  a|*  (+)  a**  a{2}{3}  a{3,2}  [b-a]  [a-\d]  (?<n  (?<>a)  (?<1>a)
          (?<a b>c)  (?<@>a)  (?<.a>b)  (?<a.>b)  (?<a-b>c)  (?  (?#a  \y  \x  \xg  \x{110000}  \x{41  \p  \p{
          \p{Nonsense}  [[:nope:]]  [[:  (?<n>a)(?<n>b)  a{4294967296}  \u004  \ud800  (?ii)a  (a)\2  \1  (a)\g{2}
          (a)\g{-2}  (a)\g{0}  (?<n>a)\k<m>  (?<n>a)\k<n  (?P<n>a)(?P=m)  (a)\k  a(?=b  (?<=a  (?=*)",
    );
    let mut drawn = String::new();
    for pattern in refused.iter().copied().chain(malformed) {
        let error = Regex::compile(pattern).err().unwrap_or_else(|| panic!("{pattern} compiles"));
        assert!(error.span.start < error.span.end && error.span.end <= pattern.len(), "{pattern} {:?}", error.span);
        let _written = writeln!(drawn, "{pattern:<16} {:<12} {error}", error.span.of(pattern));
        assert_eq!(matches!(error.fault, RegexFault::Unsupported(..)), refused.contains(&pattern), "{pattern} {error}");
    }
    insta::assert_snapshot!("refused_patterns", drawn);
}

#[test]
fn a_fault_is_placed_in_the_query_that_the_pattern_stands_in() {
    let fault = Regex::compile(r"é(?R)").unwrap_err().diagnostic(20);
    assert_eq!((fault.span.start, fault.span.end), (22, 25));
    insta::assert_snapshot!(fault, @"expected a regular expression, found the recursion `(?R` (no engine here runs this construct)");
    let fault = Regex::compile(r"a)").unwrap_err().diagnostic(0);
    insta::assert_snapshot!(fault, @"expected a regular expression, found one that cannot be read (no group is open here)");
}

#[test]
fn what_is_too_large_is_refused() {
    let long = "a".repeat(LONGEST_PATTERN + 1);
    let deep = "(".repeat(60) + &")".repeat(60);
    let wide = "(a)".repeat(201);
    let counted = ["((a{500}){500}){500}", r"a{1000002}", "(?:a{1001}b){1001}", "a{99999999999999999999}"].map(str::to_owned);
    let alternatives = r"\pL|".repeat(900);
    let backtracking = format!("(?=a){}", "b".repeat(4_000));
    for pattern in [long, deep, wide, alternatives, backtracking].into_iter().chain(counted) {
        let error = Regex::compile(&pattern).unwrap_err();
        assert!(matches!(error.fault, RegexFault::TooLarge(_)), "{error} {LARGEST_PROGRAM}");
    }
    for pattern in
        ["a{0}(?:a{30}){30}", ".{0,1000}", "a{1001}", "(?:a{1000,})+", "(?:abc)+x{,9999}", "a{600}b{600}", "(a{30}){35}"]
    {
        assert_eq!(Regex::compile(pattern).err().map(|error| error.to_string()), None, "{pattern}");
    }
}

#[test]
fn a_quoted_text_is_no_expression_and_a_set_holds_whole_texts() {
    let rows = [
        ("a.c", "abc", false),
        ("a.c", "xa.cx", true),
        ("%a%", "a", false),
        ("", "a", true),
        ("A", "a", false),
        ("*", "a*", true),
    ];
    for (substring, text, expected) in rows {
        assert_eq!(Like::substring(substring).is_match(text), Ok(expected), "{substring} {text}");
    }
    assert_eq!(Like::regex("T*").unwrap().is_match("x"), Ok(true));
    assert!(Like::regex("(").is_err());
    let set = TextSet::new(["orders"]);
    assert!(set.contains("orders") && !set.contains("order") && !set.contains(""));
}

proptest! {
    #[test]
    fn a_quoted_expression_finds_itself(text in ".{0,20}") {
        let text = text.replace(r"\E", "");
        let regex = Regex::compile(&format!(r"^\Q{text}\E$")).unwrap();
        prop_assert_eq!(regex.is_match(&text), Ok(true));
    }

    #[test]
    fn no_pattern_escapes_the_reader(pattern in r"([\\\[\](){}?*+|^$.:<>=!&~,#a-dPQEpkxz0-9é-]){0,16}") {
        match Regex::compile(&pattern) {
            Ok(regex) => prop_assert_eq!(regex.source(), &*pattern),
            Err(error) => {
                prop_assert!(error.span.end <= pattern.len() && pattern.is_char_boundary(error.span.start) && pattern.is_char_boundary(error.span.end));
                prop_assert!(error.span.start < error.span.end);
                // The reader detects every error itself, so that each has a position.
                let named = error.fault != RegexFault::Malformed("this is not a valid regular expression");
                prop_assert!(named, "{}", pattern);
            }
        }
    }
}

#[test]
fn groups_are_named_as_fields_are() {
    let regex = Regex::compile(r"(?<@kind>a)(?P<user.id>b)(?'_c'c)(d)(?<@@e.f_2>e)").unwrap();
    let named: Vec<_> = regex.named_groups().collect();
    assert_eq!(named, [(1, "@kind"), (2, "user.id"), (3, "_c"), (5, "@@e.f_2")]);
    assert_eq!(regex.groups(), 5);
    let renamed = Regex::compile(r"(?<kind>a)(?P<user.id>b)(?'_c'c)(d)(?<@@e.f_2>e)").unwrap();
    assert_ne!(regex, renamed);
}
