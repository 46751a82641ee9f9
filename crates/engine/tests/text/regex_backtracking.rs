//! Expressions that need backtracking: they mean what they mean in Perl and Java, and their work is bounded.
//!
//! Pages: AWS User Guide, *filter* and *parse*, which name no engine; queries in use have look-around and back-references.

use logmark_engine::values::parse_regex::RegexFields;
use logmark_engine::values::regex::{Regex, SearchLimit};
use logmark_engine::values::regex_matches::Found;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

/// The first match: the whole match, then its groups.
fn first<'t>(regex: &Regex, text: &'t str) -> Result<Option<Vec<Option<&'t str>>>, SearchLimit> {
    Ok(regex.find(text)?.map(|found| (0..=regex.groups()).map(|group| found.get(group)).collect()))
}

#[test]
fn an_expression_that_backtracks_means_what_it_means_in_perl() {
    // pattern, a text, the match and its groups; `-` for a group without a match, `none` for no match
    let rows = [
        (r"^(?!.*(START|END|REPORT)).*$", "INFO ok", "INFO ok|-"),
        (r"^(?!.*(START|END|REPORT)).*$", "x REPORT y", "none"),
        (r"(?<=user=)(?<user>\w+)(?=;)", "user=ann;", "ann|ann"),
        (r"(?<=user=)(?<user>\w+)(?=;)", "user=ann", "none"),
        (r"(?<!user=)\bbob", "user=bob", "none"),
        (r"(?<=a|bcd)x", "bcdx", "x"),
        (r"(?<=\[\d{1,3}\] )\w+", "[42] up", "up"),
        (r"foo(?!bar)", "foobar foobaz", "foo"),
        (r"(\w)\1", "hello", "ll|l"),
        (r#"(?<q>['"])(.*?)\k<q>"#, r#"a "it's" b"#, r#""it's"|"|it's"#),
        (r"(?P<a>x+)-(?P=a)", "xx-xxx", "xx-xx|xx"),
        (r"(a)(b)\g{-2}\g{-1}", "abab", "abab|a|b"),
        (r"(a)(b)\g2\g{1}", "abba", "abba|a|b"),
        (r"(?'n'a)\k'n'\k{n}", "aaa", "aaa|a"),
        (r"(a)\10", "aa0", "aa0|a"),
        (r"(a)(b)?\2c", "ac abbc", "abbc|a|b"),
        (r"(?i)(ab)\1", "aBAb", "aBAb|aB"),
        (r"(?>a+)ab", "aaab", "none"),
        (r"(?>a+|b)c", "aac", "aac"),
        (r"a++b", "aab", "aab"),
        (r"a*+a", "aaa", "none"),
        (r"x?+x", "x", "none"),
        (r"(?:ab){1,2}+ab", "ababab", "ababab"),
        (r"(?:ab){1,3}+ab", "ababab", "none"),
        (r"(?=a)*b", "b", "b"),
        (r"(?=b)+b", "b", "b"),
        (r"(?!a){2}b", "ab", "b"),
        (r"\b*(?=b)b", "b", "b"),
        (r"(?=x)?\Bb(?=$)", "ab\n", "b"),
        (r"b(?=$)", "b\n\n", "none"),
        (r"(?m)(?<=^)a$", "b\na\nc", "a"),
        (r"(?<=\A)a\Z", "a\n", "a"),
        (r"(?s)(?<=a)..(?=b)", "a\n\nb", "\n\n"),
        (r"(?=(\d+))\1-", "12-", "12-|12"),
        (r"(?i)É(?=x)", "éX", "é"),
        (r"(?<=é)\w", "éa", "a"),
        (r"[]a](?=\])", "a]", "a"),
        (r"\Qa.b\E(?=c)", "a.bc", "a.b"),
        (r"(?<=<)\w+(?=>)", "<b>", "b"),
        (r"(?=[\w.-]+@)[^@]+", "a.b-c@x", "a.b-c"),
        (r"(?U)a+(?=b)", "aab", "aa"),
        (r"(?=a(?i)b)aB", "aB", "aB"),
        (r"(?:(?=a)a|b){3}", "abab", "aba"),
        (r"\d(?=(?:\d{3})+$)", "1234567", "1"),
        (r"a{2,4}(?=a)", "aaaa", "aaa"),
        (r"\p{Lu}(?=\p{Ll})", "AÉé", "É"),
        (r"(?<=[[:space:]])x", "\tx", "x"),
        (r"c{1,5000}d", "ccd", "ccd"),
        (r"^[0-9a-f]{2000}$", "0f", "none"),
        (r"(?:ab){1002}", "ab", "none"),
        (r"(x{1,40}y){30,}?z", "xyz", "none"),
    ];
    for (pattern, text, expected) in rows {
        let regex = Regex::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let got = first(&regex, text).unwrap().map_or_else(
            || "none".to_owned(),
            |groups| groups.into_iter().map(|group| group.unwrap_or("-")).collect::<Vec<_>>().join("|"),
        );
        assert_eq!(got, expected, "{pattern} {text:?}");
        assert!(regex.backtracks(), "{pattern}");
    }
    let long = format!("{}d", "c".repeat(5_001));
    let counted = Regex::compile("^c{1,5000}d").unwrap();
    assert_eq!(counted.is_match(&long), Ok(false));
    assert_eq!(counted.is_match(&long[1..]), Ok(true));
}

#[test]
fn matches_follow_each_other_as_on_the_linear_engine() {
    let rows = [
        (r"(?<n>\d)(?=\D|$)", "1a23", vec!["1", "3"]),
        (r"(?<n>b*)(?=.|$)", "abc", vec!["", "b", ""]),
        (r"(?<n>)(?=a)", "éaa", vec!["", ""]),
        (r"(?<n>a)(?<=\Aa)", "aa", vec!["a"]),
    ];
    for (pattern, text, expected) in rows {
        let fields = RegexFields::new(Regex::compile(pattern).unwrap()).unwrap();
        for filler in ["", "\n"] {
            // Long texts are matched differently from short ones.
            let text = format!("{text}{}", filler.repeat(5_000));
            let rows = fields.all(&text).unwrap().rows;
            let got: Vec<&str> = rows.iter().filter_map(|row| row[0]).collect();
            assert_eq!(got[..expected.len()], expected, "{pattern} {}", text.len());
        }
    }
}

#[test]
fn a_long_text_is_searched_from_every_place() {
    let text = format!("{} user=ann;", "x=y, ".repeat(20_000));
    for (pattern, expected) in
        [(r"(?<=user=)\w+(?=;)", Some("ann")), (r"^(?!.*REPORT).*$", Some(&*text)), (r"^(?!.*user).*$", None)]
    {
        let regex = Regex::compile(pattern).unwrap();
        assert_eq!(regex.find(&text).unwrap().and_then(|found| found.get(0)), expected, "{pattern}");
    }
}

#[test]
fn a_search_that_takes_too_many_steps_is_an_error_and_no_mismatch() {
    let many = "a".repeat(2_000);
    let long = "a".repeat(200_000);
    let longer = "a".repeat(300_000);
    for (pattern, text) in [
        (r"(a|aa)+(?=b)\1", &many),
        (r"(\w+)+\1b", &many),
        (r"(?:(?=.*b)|a)+c", &many),
        (r"(a|aa)+(?=b)\1", &long),
        (r"(?=.*b)", &long),
        (r"(?:a{1,900}){1,900}(?=b)", &long),
        (r"(?=b)", &longer),
    ] {
        let error = Regex::compile(pattern).unwrap().is_match(text).expect_err(pattern);
        assert!(error.to_string().contains("took too many steps"), "{error}");
        assert_eq!(error.text_length, text.len());
    }
}

#[test]
fn the_replacements_of_regex_replace_stay_those_of_re2() {
    for pattern in ["a(?=b)", r"(a)\1", "a++", "(?>a)", "a{1,5000}"] {
        assert!(Regex::compile(pattern).is_ok() && Regex::compile_re2(pattern).is_err(), "{pattern}");
    }
}

proptest! {
    /// The empty look-ahead only selects the other engine.
    #[test]
    fn both_engines_agree_on_what_both_run(
        pattern in r"(a|b|.|\(|\)|\||\[ab\]|\[\^a\]|\*|\+|\?|\{2\}|\{1,3\}|\\b|\\B|\\w|\^|\$|\(\?i\)|\(\?m\)|\(\?:|\\n|é){0,9}",
        text in "[abAé_ \n]{0,12}",
    ) {
        let (Ok(linear), Ok(backtracking)) = (Regex::compile(&pattern), Regex::compile(&format!("(?=)(?:{pattern})"))) else {
            return Ok(());
        };
        prop_assert!(backtracking.backtracks());
        if linear.backtracks() {
            return Ok(());
        }
        // In the linear engine, `$` includes a last line break.
        let text = text.trim_end_matches('\n');
        let groups = |found: Option<Found<'_>>| {
            let found = found?;
            Some((0..=linear.groups()).map(|group| found.range(group)).collect::<Vec<_>>())
        };
        prop_assert_eq!(groups(linear.find(text).unwrap()), groups(backtracking.find(text).unwrap()), "{}", pattern);
    }

    #[test]
    fn no_pattern_escapes_the_reader(pattern in r"(\(\?=|\(\?<!|\(\?>|\\1|\\k<n>|\(\?<n>|[\\\[\](){}?*+|^$.:<>=!&~,#a-dPQEpkgxuz0-9é-]){0,14}") {
        let pattern = format!("(?=){pattern}");
        if let Err(error) = Regex::compile(&pattern) {
            prop_assert!(error.span.start < error.span.end && error.span.end <= pattern.len());
            prop_assert!(pattern.is_char_boundary(error.span.start) && pattern.is_char_boundary(error.span.end));
            // The reader detects every error itself, so that each has a position.
            prop_assert!(error.to_string() != "this is not a valid regular expression", "{}", pattern);
        }
    }
}
