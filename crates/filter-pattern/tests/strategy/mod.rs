//! Trees of patterns that the language can express, for properties: `pattern()`.

use logmark_diagnostics::{Span, Spanned};
use logmark_filter_pattern::ast::{
    Comparison, Condition, Field, FieldTest, Fields, JsonPredicate, JsonTest, NamedField, Number, Operand, Operator, Pattern,
    Regex, Selector, Sign, Step, Term, TermText, Wildcard,
};
use logmark_filter_pattern::limits::{MAX_REGEXES, MAX_WILDCARDS};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

const NOWHERE: Span = Span::at(0);

/// Any pattern within the limits of the language.
pub(crate) fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        1 => Just(Pattern::Everything),
        4 => vec(term(), 1..6).prop_map(Pattern::Terms),
        6 => condition(json_test()).prop_map(Pattern::Json),
        4 => fields().prop_map(Pattern::Fields),
    ]
    .prop_filter("more regular expressions or wildcards than allowed", within_limits)
}

fn term() -> impl Strategy<Value = Term> {
    let sign = prop_oneof![Just(Sign::Required), Just(Sign::Optional), Just(Sign::Excluded)];
    let text = prop_oneof![
        4 => text().prop_filter("blank", |text| !text.trim().is_empty()).prop_map(TermText::Literal),
        1 => regex().prop_map(TermText::Regex),
    ];
    (sign, text).prop_map(|(sign, text)| Term { sign, text, span: NOWHERE })
}

/// Text of all kinds: words, text that looks like other syntax, any characters.
fn text() -> impl Strategy<Value = String> {
    let like_something =
        ["IS", "NOT", "404", "-1.5", "1e3", "5.", "...", "%a%", "$.a", "{", "]", "a,b", "\"", "\\", "\\\"", "&&", "and", "a b"];
    prop_oneof![
        "[A-Za-z0-9_]{1,8}",
        "[a-z0-9.*+-]{1,8}",
        "[ -~]{1,12}",
        "\\PC{1,6}",
        proptest::sample::select(like_something.map(str::to_owned).to_vec()),
    ]
}

fn regex() -> impl Strategy<Value = Regex> {
    let piece = prop_oneof![
        "[A-Za-z0-9_ :#=@/;,-]",
        Just(".".to_owned()),
        Just("[a-f0-9_-]".to_owned()),
        Just("[^ab]".to_owned()),
        "\\\\[dDsSwW.*+?|^$]",
        Just("\\x2F".to_owned()),
    ];
    let repeated = (piece, option::of(proptest::sample::select(vec!["*", "+", "?", "{2}", "{1,}", "{,3}", "{1,3}", "+?"])));
    let branch = vec(repeated.prop_map(|(piece, repetition)| piece + repetition.unwrap_or_default()), 1..5)
        .prop_map(|pieces| pieces.concat());
    (any::<bool>(), vec(branch, 1..3), any::<bool>()).prop_map(|(start, branches, end)| {
        let (start, end) = (if start { "^" } else { "" }, if end { "$" } else { "" });
        Regex(format!("{start}{}{end}", branches.join("|")))
    })
}

/// Conditions in their normal form: lists of two or more, none directly in a list of its own kind.
fn condition<T: Clone + std::fmt::Debug + 'static>(
    test: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Condition<T>> {
    let leaf = test.prop_map(Condition::Test);
    leaf.prop_recursive(3, 8, 3, |inner| {
        let list = vec(inner, 2..4);
        (any::<bool>(), list).prop_map(|(all, members)| if all { all_of(members) } else { any_of(members) })
    })
}

fn all_of<T>(members: Vec<Condition<T>>) -> Condition<T> {
    Condition::All(
        members.into_iter().flat_map(|member| if let Condition::All(inside) = member { inside } else { vec![member] }).collect(),
    )
}

fn any_of<T>(members: Vec<Condition<T>>) -> Condition<T> {
    Condition::Any(
        members.into_iter().flat_map(|member| if let Condition::Any(inside) = member { inside } else { vec![member] }).collect(),
    )
}

fn json_test() -> impl Strategy<Value = JsonTest> + Clone {
    let predicate = prop_oneof![
        6 => comparison().prop_map(JsonPredicate::Compare).boxed(),
        1 => Just(JsonPredicate::IsTrue).boxed(),
        1 => Just(JsonPredicate::IsFalse).boxed(),
        1 => Just(JsonPredicate::IsNull).boxed(),
        1 => Just(JsonPredicate::NotExists).boxed(),
    ];
    let test = (selector(), predicate).prop_map(|(selector, predicate)| JsonTest {
        selector: Spanned::made(selector),
        predicate,
        span: NOWHERE,
    });
    test.boxed()
}

fn selector() -> impl Strategy<Value = Selector> {
    let name = prop_oneof!["[A-Za-z0-9_-]{1,6}", "[a-z .@\"$äλ]{1,6}"].prop_map(Step::Name);
    let first = prop_oneof![9 => name.clone(), 1 => Just(Step::AnyName)];
    let next =
        prop_oneof![6 => name, 2 => any::<u32>().prop_map(Step::Index), 1 => Just(Step::AnyIndex), 1 => Just(Step::AnyName)];
    let steps =
        (first, vec(next, 0..4)).prop_map(|(first, rest)| Selector { steps: std::iter::once(first).chain(rest).collect() });
    steps.prop_filter("two wildcards", |selector| wildcards(selector) <= 1)
}

fn wildcards(selector: &Selector) -> usize {
    selector.steps.iter().filter(|step| matches!(step, Step::AnyIndex | Step::AnyName)).count()
}

fn comparison() -> impl Strategy<Value = Comparison> {
    let equality = prop_oneof![Just(Operator::Equal), Just(Operator::NotEqual)];
    let order =
        prop_oneof![Just(Operator::Less), Just(Operator::LessOrEqual), Just(Operator::Greater), Just(Operator::GreaterOrEqual)];
    let value = prop_oneof![
        4 => wildcard().prop_map(Operand::Text).boxed(),
        2 => number().prop_map(Operand::Number).boxed(),
        1 => regex().prop_map(Operand::Regex).boxed(),
    ];
    let made = |(operator, value)| Comparison { operator, value: Spanned::made(value) };
    prop_oneof![3 => (equality, value).prop_map(made), 1 => (order, number().prop_map(Operand::Number)).prop_map(made)]
}

fn number() -> impl Strategy<Value = Number> {
    let text = prop_oneof!["[+-]?[0-9]{1,6}", "[+-]?[0-9]{1,4}\\.[0-9]{1,4}", "[+-]?[0-9]{1,3}(\\.[0-9])?[eE][+-]?[0-9]{1,2}"];
    text.prop_map(|text| Number { value: text.parse().unwrap_or(f64::NAN), text })
}

/// Text with `*` at its ends, in its parsed form: the first `*` at either end is the wildcard, others are characters.
fn wildcard() -> impl Strategy<Value = Wildcard> {
    (any::<bool>(), prop_oneof![4 => text(), 1 => Just(String::new())], any::<bool>()).prop_map(|(open_start, text, open_end)| {
        let everything = text.is_empty() && (open_start || open_end);
        let text = if open_start { text } else { text.trim_start_matches('*').to_owned() };
        let text = if open_end { text } else { text.trim_end_matches('*').to_owned() };
        let everything = everything || (text.is_empty() && (open_start || open_end));
        Wildcard { open_start: open_start || everything, text, open_end: open_end || everything }
    })
}

fn fields() -> impl Strategy<Value = Fields> {
    let field = prop_oneof![6 => named().prop_map(Field::Named).boxed(), 1 => Just(Field::Empty(NOWHERE)).boxed()];
    let only_empty = |fields: &Vec<Field>| !matches!(fields.as_slice(), [Field::Empty(_)]);
    (vec(field, 1..6).prop_filter("one empty field", only_empty), option::of(any::<proptest::sample::Index>())).prop_map(
        |(mut fields, ellipsis)| {
            if let Some(place) = ellipsis {
                fields.insert(place.index(fields.len() + 1), Field::Ellipsis(NOWHERE));
            }
            Fields { fields, span: NOWHERE }
        },
    )
}

fn named() -> impl Strategy<Value = NamedField> {
    let test = comparison().prop_map(|comparison| FieldTest { comparison, span: NOWHERE }).boxed();
    ("[A-Za-z0-9_][A-Za-z0-9_-]{0,5}", option::of(condition(test)))
        .prop_map(|(name, condition)| NamedField { name: Spanned::made(name), condition })
}

fn within_limits(pattern: &Pattern) -> bool {
    let mut regexes = 0;
    let mut selectors = 0;
    match pattern {
        Pattern::Everything | Pattern::Terms(_) => {}
        Pattern::Json(condition) => each(condition, &mut |test| {
            selectors += wildcards(&test.selector.node);
            if let JsonPredicate::Compare(comparison) = &test.predicate {
                regexes += usize::from(matches!(comparison.value.node, Operand::Regex(_)));
            }
        }),
        Pattern::Fields(fields) => {
            for field in &fields.fields {
                if let Field::Named(NamedField { condition: Some(condition), .. }) = field {
                    each(condition, &mut |test| regexes += usize::from(matches!(test.comparison.value.node, Operand::Regex(_))));
                }
            }
        }
    }
    regexes <= MAX_REGEXES && selectors <= MAX_WILDCARDS
}

fn each<T>(condition: &Condition<T>, visit: &mut impl FnMut(&T)) {
    match condition {
        Condition::Test(test) => visit(test),
        Condition::All(members) | Condition::Any(members) => members.iter().for_each(|member| each(member, visit)),
    }
}
