//! A readable reference interpreter of patterns: it builds a tree of everything, without optimisation.
//!
//! The matcher must agree with it on every pattern and message. `serde_json` decides what is valid JSON. Regular expressions use
//! the matcher's own engine; the tables of `meaning` test that engine.

use std::fmt;

use logmark_diagnostics::Span;
use logmark_filter_pattern::Matcher;
use logmark_filter_pattern::ast::{
    Comparison, Condition, Field, FieldTest, Fields, JsonPredicate, JsonTest, Number, Operand, Operator, Pattern, Selector, Sign,
    Step, Term, TermText, Wildcard,
};
use regex::Regex;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Whether the message matches, and the values that the pattern extracts.
pub(crate) fn extract(pattern: &Pattern, message: &str) -> Option<Vec<(String, String)>> {
    match pattern {
        Pattern::Everything => Some(Vec::new()),
        Pattern::Terms(terms) => has_terms(terms, message).then(Vec::new),
        Pattern::Json(condition) => json(condition, message),
        Pattern::Fields(fields) => delimited(fields, message),
    }
}

/// The result of a pattern with only this expression.
fn finds(regex: &logmark_filter_pattern::ast::Regex, text: &str) -> bool {
    let term = Term { sign: Sign::Required, text: TermText::Regex(regex.clone()), span: Span::at(0) };
    Matcher::from_tree(&Pattern::Terms(vec![term])).unwrap().matches(text)
}

fn has_terms(terms: &[Term], message: &str) -> bool {
    let found = |term: &Term| match &term.text {
        TermText::Literal(text) => message.contains(text),
        TermText::Regex(regex) => finds(regex, message),
    };
    if terms.iter().all(|term| term.sign == Sign::Optional) {
        return terms.is_empty() || terms.iter().any(found);
    }
    terms.iter().all(|term| match term.sign {
        Sign::Required => found(term),
        Sign::Excluded => !found(term),
        Sign::Optional => true,
    })
}

/// An object's members in the order of the text, with duplicates.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn json(condition: &Condition<JsonTest>, message: &str) -> Option<Vec<(String, String)>> {
    serde_json::from_str::<serde_json::Map<_, _>>(message).ok()?;
    let whole: Box<RawValue> = serde_json::from_str(message).unwrap();
    let passes = |test: &JsonTest| {
        let values = reached(&whole, &test.selector.node.steps);
        match &test.predicate {
            JsonPredicate::NotExists => values.is_empty(),
            predicate => values.iter().any(|value| passes_json(predicate, value.get())),
        }
    };
    if !holds(condition, &passes) {
        return None;
    }
    let mut extracted: Vec<(String, String)> = Vec::new();
    let mut known: Vec<&Selector> = Vec::new();
    for test in tests(condition) {
        let selector = &test.selector.node;
        let value = reached(&whole, &selector.steps).iter().find_map(|value| text(value.get()));
        if let Some(value) = value.filter(|_| !known.contains(&selector)) {
            extracted.push((name(selector), value));
            known.push(selector);
        }
    }
    Some(extracted)
}

/// The text of a scalar other than null.
fn text(raw: &str) -> Option<String> {
    match raw.as_bytes()[0] {
        b'{' | b'[' | b'n' => None,
        b'"' => Some(serde_json::from_str(raw).unwrap()),
        _ => Some(raw.to_owned()),
    }
}

fn name(selector: &Selector) -> String {
    let mut name = "$".to_owned();
    for step in &selector.steps {
        name += &match step {
            Step::Name(step) if step.bytes().all(|byte| byte.is_ascii_alphanumeric()) => format!(".{step}"),
            Step::Name(step) if name == "$" => format!(".['{step}']"),
            Step::Name(step) => format!("['{step}']"),
            Step::Index(index) => format!("[{index}]"),
            Step::AnyIndex => "[*]".to_owned(),
            Step::AnyName => ".*".to_owned(),
        };
    }
    name
}

fn reached(value: &RawValue, steps: &[Step]) -> Vec<Box<RawValue>> {
    let Some((step, rest)) = steps.split_first() else { return vec![value.to_owned()] };
    let next: Vec<Box<RawValue>> = match step {
        Step::Name(name) => {
            let Ok(Members(members)) = serde_json::from_str(value.get()) else { return Vec::new() };
            members.into_iter().rfind(|(key, _)| key == name).map(|(_, value)| value).into_iter().collect()
        }
        Step::AnyName => {
            let Ok(Members(members)) = serde_json::from_str(value.get()) else { return Vec::new() };
            members.into_iter().map(|(_, value)| value).collect()
        }
        Step::Index(_) | Step::AnyIndex => {
            let Ok(elements) = serde_json::from_str::<Vec<Box<RawValue>>>(value.get()) else { return Vec::new() };
            let chosen = |index: usize| *step == Step::AnyIndex || *step == Step::Index(u32::try_from(index).unwrap());
            elements.into_iter().enumerate().filter(|(index, _)| chosen(*index)).map(|(_, value)| value).collect()
        }
    };
    next.iter().flat_map(|value| reached(value, rest)).collect()
}

fn passes_json(predicate: &JsonPredicate, raw: &str) -> bool {
    match predicate {
        JsonPredicate::IsTrue => raw == "true",
        JsonPredicate::IsFalse => raw == "false",
        JsonPredicate::IsNull => raw == "null",
        JsonPredicate::NotExists => unreachable!(),
        JsonPredicate::Compare(comparison) => match raw.as_bytes()[0] {
            b'{' | b'[' => false,
            b't' | b'f' | b'n' => comparison.operator == Operator::Equal && is_any(&comparison.value.node),
            _ => passes_text(comparison, &text(raw).unwrap()),
        },
    }
}

fn is_any(operand: &Operand) -> bool {
    matches!(operand, Operand::Text(Wildcard { open_start, text, open_end }) if text.is_empty() && (*open_start || *open_end))
}

fn passes_text(comparison: &Comparison, value: &str) -> bool {
    let equal = match &comparison.value.node {
        Operand::Regex(regex) => finds(regex, value),
        Operand::Text(Wildcard { open_start, text, open_end }) => match (open_start, open_end) {
            (false, false) => value == text,
            (false, true) => value.starts_with(text),
            (true, false) => value.ends_with(text),
            (true, true) => value.contains(text),
        },
        Operand::Number(number) => return passes_number(comparison.operator, number, value),
    };
    equal == (comparison.operator == Operator::Equal)
}

fn passes_number(operator: Operator, number: &Number, value: &str) -> bool {
    let form = Regex::new(r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$").unwrap();
    let numeric = form.is_match(value) && value.parse::<f64>().unwrap().is_finite();
    if value != number.text && !numeric {
        return operator == Operator::NotEqual;
    }
    let exact = |text: &str| text.parse::<i128>().ok().filter(|number| number.unsigned_abs() < 10_u128.pow(38));
    let order = match (exact(value), exact(&number.text)) {
        (Some(value), Some(wanted)) => value.cmp(&wanted),
        _ => value.parse::<f64>().unwrap().partial_cmp(&number.text.parse::<f64>().unwrap()).unwrap(),
    };
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
    }
}

fn holds<T>(condition: &Condition<T>, passes: &dyn Fn(&T) -> bool) -> bool {
    match condition {
        Condition::Test(test) => passes(test),
        Condition::All(members) => members.iter().all(|member| holds(member, passes)),
        Condition::Any(members) => members.iter().any(|member| holds(member, passes)),
    }
}

fn tests<T>(condition: &Condition<T>) -> Vec<&T> {
    match condition {
        Condition::Test(test) => vec![test],
        Condition::All(members) | Condition::Any(members) => members.iter().flat_map(tests).collect(),
    }
}

/// The fields of a message: the start and end of each, and its text without delimiters.
fn split(message: &str) -> Vec<(usize, usize, &str)> {
    let blank = |byte: u8| b" \t\r\n".contains(&byte);
    let mut fields = Vec::new();
    let mut start = 0;
    while start < message.len() {
        let rest = &message[start..];
        if blank(rest.as_bytes()[0]) {
            start += 1;
            continue;
        }
        let close = match rest.as_bytes()[0] {
            b'[' => rest.find(']'),
            b'"' => rest[1..].find('"').map(|place| place + 1),
            _ => None,
        };
        let from = close.map_or(0, |close| close + 1);
        let length = rest.bytes().skip(from).position(blank).map_or(rest.len(), |place| from + place);
        let text = if close.is_some_and(|close| close + 1 == length) { &rest[1..length - 1] } else { &rest[..length] };
        fields.push((start, start + length, text));
        start += length;
    }
    fields
}

fn delimited(pattern: &Fields, message: &str) -> Option<Vec<(String, String)>> {
    let places = &pattern.fields;
    let mut found = split(message);
    let ellipsis = places.iter().position(|place| matches!(place, Field::Ellipsis(_)));
    let named: Vec<Option<&Field>> = match ellipsis {
        None if places.is_empty() => vec![None; found.len()],
        Some(before) => {
            let after = places.len() - before - 1;
            let between = found.len().checked_sub(before + after)?;
            let middle = std::iter::repeat_n(None, between);
            places[..before].iter().map(Some).chain(middle).chain(places[before + 1..].iter().map(Some)).collect()
        }
        None => {
            let last = places.len() - 1;
            if found.len() < places.len() {
                return None;
            }
            if found.len() > places.len() {
                let (start, end) = (found[last].0, found[found.len() - 1].1);
                found.truncate(last);
                found.push((start, end, &message[start..end]));
            }
            places.iter().map(Some).collect()
        }
    };
    let mut extracted = Vec::new();
    for (index, ((_, _, text), place)) in found.into_iter().zip(named).enumerate() {
        let mut name = format!("${}", index + 1);
        if let Some(Field::Named(field)) = place {
            let passes = |test: &FieldTest| passes_text(&test.comparison, text);
            if field.condition.as_ref().is_some_and(|condition| !holds(condition, &passes)) {
                return None;
            }
            name = format!("${}", field.name.node);
        }
        extracted.push((name, text.to_owned()));
    }
    Some(extracted)
}
