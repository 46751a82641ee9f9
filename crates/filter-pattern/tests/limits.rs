//! Long, deep and many: refused, with work bounded by the length.

#![expect(clippy::unwrap_used, reason = "a failure in a helper fails its test")]

use logmark_diagnostics::Span;
use logmark_diagnostics::{Kind, Spanned};
use logmark_filter_pattern::FilterPattern;
use logmark_filter_pattern::ast::{
    Comparison, Condition, JsonPredicate, JsonTest, Number, Operand, Operator, Pattern, Selector, Step,
};
use logmark_filter_pattern::limits::{MAX_CHARACTERS, MAX_DEPTH};

fn kinds(text: &str) -> Vec<Kind> {
    FilterPattern::parse(text).unwrap_err().into_iter().map(|fault| fault.kind).collect()
}

#[test]
fn a_megabyte_of_anything_is_one_fault_at_the_limit() {
    let pieces = [
        "a", " ", "\"", "%", "\\", "(", "{", "[", "{(", "[(a=", "{$.a", "-", "?", ",", "ä", "日", "a ", "{$.a=1&&", "...", "%[",
        "\"\\", "\0",
    ];
    for piece in pieces {
        let text = piece.repeat((1 << 20) / piece.len());
        let faults = FilterPattern::parse(&text).unwrap_err();
        assert_eq!(faults.len(), 1, "{piece}");
        assert_eq!(faults[0].kind, Kind::Limit, "{piece}");
        assert_eq!(text[..faults[0].span.start].chars().count(), MAX_CHARACTERS, "{piece}");
        assert_eq!(faults[0].span.end, text.len());
    }
}

#[test]
fn the_limit_counts_characters_not_bytes() {
    let phrase = |letters: usize| format!("\"{}\"", "ö".repeat(letters));
    assert!(FilterPattern::parse(&phrase(MAX_CHARACTERS - 2)).is_ok());
    assert_eq!(kinds(&phrase(MAX_CHARACTERS - 1)), [Kind::Limit]);
}

#[test]
fn a_full_length_pattern_is_printed_within_the_limit() {
    let mut text = "{$.a=1".to_owned();
    while text.len() + 7 < MAX_CHARACTERS {
        text.push_str("&&$.b=2");
    }
    text.push('}');
    let pattern = FilterPattern::parse(&text).unwrap();
    assert_eq!(pattern.as_str(), text, "without the spaces that do not fit");
    let fields = format!("[{}]", ["a=1"; 255].join(","));
    assert_eq!(FilterPattern::parse(&fields).unwrap().as_str(), fields);
}

#[test]
fn nesting_is_refused_at_its_limit_in_every_form() {
    let json = |depth: usize| format!("{{{}$.a=1{}}}", "(".repeat(depth), ")".repeat(depth));
    let fields = |depth: usize| format!("[{}a=1{}]", "(".repeat(depth), ")".repeat(depth));
    for nested in [&json as &dyn Fn(usize) -> String, &fields] {
        assert!(FilterPattern::parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(kinds(&nested(MAX_DEPTH + 1)), [Kind::Limit]);
        assert_eq!(kinds(&nested(400)), [Kind::Limit]);
    }
    assert_eq!(kinds(&format!("{{{}", "(".repeat(MAX_CHARACTERS - 1))), [Kind::Limit]);
}

#[test]
fn alternating_lists_nest_as_deep_as_their_parentheses_may() {
    let nested = |depth: usize| format!("{{{}$.z=1{}}}", "$.a=1&&($.b=2||".repeat(depth), ")".repeat(depth));
    let pattern = FilterPattern::parse(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(FilterPattern::try_from(pattern.ast().clone()).as_ref(), Ok(&pattern));
    assert_eq!(kinds(&nested(MAX_DEPTH + 1)), [Kind::Limit]);
}

#[test]
fn a_text_full_of_mistakes_reports_a_bounded_number() {
    assert_eq!(kinds(&"! ".repeat(500)).len(), 20);
    assert_eq!(kinds(&format!("%{}%", "!".repeat(1000))).len(), 20);
    assert_eq!(kinds(&format!("[{}]", "a==1,".repeat(200))).len(), 20);
    assert_eq!(kinds(&format!("{{ {} }}", ["$.a==1"; 90].join(" && "))).len(), 20);
}

fn test(value: Operand) -> Condition<JsonTest> {
    let selector = Spanned::made(Selector { steps: vec![Step::Name("a".to_owned())] });
    let comparison = Comparison { operator: Operator::Equal, value: Spanned::made(value) };
    Condition::Test(JsonTest { selector, predicate: JsonPredicate::Compare(comparison), span: Span::at(0) })
}

fn number(value: f64, text: &str) -> Condition<JsonTest> {
    test(Operand::Number(Number { value, text: text.to_owned() }))
}

fn refusal(condition: Condition<JsonTest>) -> Kind {
    FilterPattern::try_from(Pattern::Json(condition)).unwrap_err()[0].kind
}

#[test]
fn trees_that_the_language_cannot_say_are_refused() {
    assert_eq!(refusal(Condition::All(vec![number(1.0, "1")])), Kind::Value, "a list of one");
    assert_eq!(refusal(Condition::Any(Vec::new())), Kind::Syntax, "a list of none");
    let nested = Condition::All(vec![number(1.0, "1"), Condition::All(vec![number(2.0, "2"), number(3.0, "3")])]);
    assert_eq!(refusal(nested), Kind::Value, "a list in a list of its kind");
    assert_eq!(refusal(number(2.0, "1")), Kind::Value, "a number whose text says another");
    assert_eq!(refusal(number(f64::INFINITY, "inf")), Kind::Value, "no finite number");
    assert_eq!(refusal(number(1.0, "1 || $.b = 1")), Kind::Value, "a condition in a number's text");
    assert_eq!(FilterPattern::try_from(Pattern::Terms(Vec::new())).unwrap_err()[0].kind, Kind::Value, "no terms");
}

#[test]
fn huge_trees_are_refused_before_they_are_printed_whole() {
    let many = Condition::Any(vec![number(1.0, "1"); 100_000]);
    assert_eq!(refusal(many), Kind::Limit);
    assert_eq!(refusal(number(1.0, &"1".repeat(10_000_000))), Kind::Limit);
    let mut deep = number(1.0, "1");
    for level in 0..1000 {
        let pair = vec![number(2.0, "2"), deep];
        deep = if level % 2 == 0 { Condition::All(pair) } else { Condition::Any(pair) };
    }
    assert_eq!(refusal(deep), Kind::Limit);
}

/// Found by fuzzing: the language does not treat a vertical tab as a space.
#[test]
fn odd_white_space_at_the_end_has_a_place() {
    for odd in ["\u{b}", "\n\u{b}\n", "\u{2028}", "\u{a0}\u{85}"] {
        for pattern in ["[a]", "{ $.a = 1 }", "a", "%a%", "\"a\""] {
            let text = format!("{pattern}{odd}");
            for fault in FilterPattern::parse(&text).err().unwrap_or_default() {
                assert!(!fault.span.of(&text).is_empty(), "{text:?}: {fault:?}");
            }
        }
    }
}
