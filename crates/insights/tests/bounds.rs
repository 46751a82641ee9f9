//! Expensive texts: each is refused or parsed with a bounded amount of work.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use logmark_diagnostics::Kind;
use logmark_insights::ast::{Command, Expression, Query};
use logmark_insights::{MAX_DEPTH, MAX_LENGTH};

fn kinds(source: &str) -> Vec<Kind> {
    Query::parse(source).expect_err("should be refused").iter().map(|fault| fault.kind).collect()
}

#[test]
fn a_megabyte_is_refused_by_its_length_alone() {
    for piece in [
        "(",
        "[",
        "\"",
        "`",
        "/",
        "|",
        "#\n",
        "a or ",
        "not ",
        "-",
        "a[0].",
        "count(",
        "\\",
        "filter a | ",
        "é",
        "\u{1f600}",
        "\0",
    ] {
        let source = piece.repeat(1_000_000 / piece.len());
        assert_eq!(kinds(&source), [Kind::Limit], "{piece:?}");
    }
}

#[test]
fn the_longest_text_is_counted_in_characters() {
    let fits = format!("filter a = \"{}\"", "é".repeat(MAX_LENGTH - 13));
    assert_eq!(fits.chars().count(), MAX_LENGTH);
    assert!(Query::parse(&fits).is_ok());
    assert_eq!(kinds(&format!("{fits} ")), [Kind::Limit]);
}

#[test]
fn nesting_is_bounded_whatever_nests() {
    let nested = |open: &str, close: &str, times: usize| format!("filter {}a{}", open.repeat(times), close.repeat(times));
    for (open, close) in
        [("(", ")"), ("not ", ""), ("!", ""), ("-", ""), ("abs(", ")"), ("a in [", "]"), ("1 ^ ", ""), ("a + (", ")")]
    {
        let times = (MAX_LENGTH - 8) / (open.len() + close.len());
        assert_eq!(kinds(&nested(open, close, times)), [Kind::Limit], "{open}");
        assert!(Query::parse(&nested(open, close, MAX_DEPTH / 3)).is_ok(), "{open}");
    }
}

#[test]
fn long_sums_are_bounded_as_nesting_is() {
    assert_eq!(kinds(&format!("filter a {}", "+ a ".repeat(2_000))), [Kind::Limit]);
    assert!(Query::parse(&format!("filter a {}", "+ a ".repeat(MAX_DEPTH - 1))).is_ok());
}

#[test]
fn many_conditions_are_one_flat_list() {
    let query = Query::parse(&format!("filter a {}", "or a ".repeat(1_900))).unwrap();
    let Command::Filter(filter) = &query.commands[0].node else { panic!("{query}") };
    let Expression::Or(parts) = &filter.condition.node else { panic!("{query}") };
    assert_eq!(parts.len(), 1_901);
    assert_eq!(Query::parse(&query.to_text().unwrap()).unwrap(), query);
}

#[test]
fn queries_in_queries_are_bounded() {
    let open = "filter a in (SOURCE 'g' | ".repeat(300);
    let faults = Query::parse(&open).unwrap_err();
    assert!(faults.iter().any(|fault| fault.kind == Kind::Limit), "{faults:?}");
}

#[test]
fn a_printed_query_that_has_grown_too_long_is_refused() {
    let source = format!("fields a{}", ",a".repeat((MAX_LENGTH - 8) / 2));
    let query = Query::parse(&source).unwrap();
    assert_eq!(query.to_text().unwrap(), source, "without needless spaces it fits");

    let source = format!("fields \"\"{}", "+\"\"".repeat(90)) + &",\"\"+\"\"".repeat((MAX_LENGTH - 300) / 6);
    let error = Query::parse(&source).unwrap().to_text().unwrap_err();
    assert!(error.length > MAX_LENGTH, "{error}");
}

#[test]
fn every_prefix_of_a_query_is_parsed_or_refused_within_its_text() {
    let source = "SOURCE logGroups(namePrefix: ['a']) start=-1d | parse @message /(?<a>x|y)/ | filter `b c` in [1, \"é\"] and not d like /z/ \
                  | join left=l right=r where l.a=r.a (SOURCE 'g' | fields a) | stats pct(e, 99.9) as f by bin(5m), g[0].h | sort f desc | limit 5";
    for end in (0..=source.len()).filter(|end| source.is_char_boundary(*end)) {
        for text in [&source[..end], &source[end..]] {
            match Query::parse(text) {
                Ok(query) => assert_eq!(Query::parse(&query.to_string()).unwrap(), query),
                Err(faults) => {
                    assert!(!faults.is_empty() && faults.iter().all(|fault| text.get(fault.span.range()).is_some()), "{text}")
                }
            }
        }
    }
}
