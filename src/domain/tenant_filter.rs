//! `{tenant}` in the row rule of a template.
//!
//! Owns the places where it may stand: values that a property or a field is compared with. The tenant's id replaces it in the tree of
//! the pattern, not in its text, so an id is never syntax, and never a wildcard.

use logmark_diagnostics::Span;
use logmark_filter_pattern::ast::{Comparison, Condition, Field, Operand, Pattern, Step, TermText};

use super::filter::EventFilter;
use super::name::TenantId;

/// The placeholder of the id.
pub const PLACEHOLDER: &str = "{tenant}";

/// A part of a pattern that has the placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantPlace {
    /// A value that is compared with a property or a field. Written with its wildcards.
    Value(String),
    /// A term, which matches anywhere in a message, so also inside another tenant's id.
    Term,
    /// A regular expression.
    Regex,
    /// The name of a property or a field.
    Name,
}

/// The parts of the filter with the placeholder, each with its position.
#[must_use]
pub fn places(filter: &EventFilter) -> Vec<(TenantPlace, Span)> {
    let mut found = Vec::new();
    let has = |text: &str| text.contains(PLACEHOLDER);
    match filter.pattern().ast() {
        Pattern::Everything => {}
        Pattern::Terms(terms) => {
            for term in terms {
                match &term.text {
                    TermText::Literal(text) if has(text) => found.push((TenantPlace::Term, term.span)),
                    TermText::Regex(regex) if has(&regex.0) => found.push((TenantPlace::Regex, term.span)),
                    TermText::Literal(_) | TermText::Regex(_) => {}
                }
            }
        }
        Pattern::Json(condition) => each_test(condition, &mut |test| {
            let is_named = |step: &Step| matches!(step, Step::Name(name) if has(name));
            if test.selector.node.steps.iter().any(is_named) {
                found.push((TenantPlace::Name, test.selector.span));
            }
            if let logmark_filter_pattern::ast::JsonPredicate::Compare(comparison) = &test.predicate {
                found.extend(place_of(comparison));
            }
        }),
        Pattern::Fields(fields) => {
            for field in &fields.fields {
                let Field::Named(named) = field else { continue };
                if has(&named.name.node) {
                    found.push((TenantPlace::Name, named.name.span));
                }
                if let Some(condition) = &named.condition {
                    each_test(condition, &mut |test| found.extend(place_of(&test.comparison)));
                }
            }
        }
    }
    found
}

fn each_test<T>(condition: &Condition<T>, see: &mut impl FnMut(&T)) {
    match condition {
        Condition::Test(test) => see(test),
        Condition::All(members) | Condition::Any(members) => members.iter().for_each(|member| each_test(member, see)),
    }
}

fn place_of(comparison: &Comparison) -> Option<(TenantPlace, Span)> {
    let place = match &comparison.value.node {
        Operand::Text(value) if value.text.contains(PLACEHOLDER) => {
            let star = |is_open| if is_open { "*" } else { "" };
            TenantPlace::Value(format!("{}{}{}", star(value.open_start), value.text, star(value.open_end)))
        }
        Operand::Regex(regex) if regex.0.contains(PLACEHOLDER) => TenantPlace::Regex,
        Operand::Text(_) | Operand::Number(_) | Operand::Regex(_) => return None,
    };
    Some((place, comparison.value.span))
}

/// The filter with the id in the place of the placeholder; `None` if the pattern would be longer than a pattern can be.
#[must_use]
pub fn for_tenant(filter: &EventFilter, tenant: &TenantId) -> Option<EventFilter> {
    if !filter.pattern().as_str().contains(PLACEHOLDER) {
        return Some(filter.clone());
    }
    let mut tree = filter.pattern().ast().clone();
    let fill = |comparison: &mut Comparison| {
        if let Operand::Text(value) = &mut comparison.value.node {
            value.text = value.text.replace(PLACEHOLDER, tenant.as_str());
        }
    };
    match &mut tree {
        Pattern::Everything | Pattern::Terms(_) => {}
        Pattern::Json(condition) => each_test_mut(condition, &mut |test| {
            if let logmark_filter_pattern::ast::JsonPredicate::Compare(comparison) = &mut test.predicate {
                fill(comparison);
            }
        }),
        Pattern::Fields(fields) => {
            for field in &mut fields.fields {
                if let Field::Named(named) = field
                    && let Some(condition) = &mut named.condition
                {
                    each_test_mut(condition, &mut |test| fill(&mut test.comparison));
                }
            }
        }
    }
    EventFilter::of_tree(tree)
}

fn each_test_mut<T>(condition: &mut Condition<T>, change: &mut impl FnMut(&mut T)) {
    match condition {
        Condition::Test(test) => change(test),
        Condition::All(members) | Condition::Any(members) => {
            members.iter_mut().for_each(|member| each_test_mut(member, change));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> EventFilter {
        EventFilter::parse(text).unwrap().unwrap()
    }

    fn filled(text: &str, tenant: &str) -> String {
        for_tenant(&filter(text), &TenantId::try_from(tenant).unwrap()).unwrap().to_string()
    }

    #[test]
    fn an_id_is_a_text_and_never_a_number_syntax_or_wildcard() {
        for (text, tenant, message, expected) in [
            (r#"{ $.tenant = "{tenant}" }"#, "acme", r#"{"tenant":"acme"}"#, true),
            (r#"{ $.tenant = "{tenant}" }"#, "acme", r#"{"tenant":"acme2"}"#, false),
            (r#"{ $.tenant = "{tenant}" }"#, "42", r#"{"tenant":"42"}"#, true),
            (r#"{ $.tenant = "{tenant}" }"#, "1e3", r#"{"tenant":"1000"}"#, false),
            (r#"{ $.tenant = "{tenant}" }"#, "a.c-e", r#"{"tenant":"a.c-e"}"#, true),
            (r#"{ $.tenant = "{tenant}" }"#, "a.c-e", r#"{"tenant":"abc-e"}"#, false),
            (r#"{ $.path = "/c/{tenant}/*" }"#, "acme", r#"{"path":"/c/acme/x"}"#, true),
            (r#"{ $.path = "/c/{tenant}/*" }"#, "acme", r#"{"path":"/c/acme2/x"}"#, false),
            (r#"{ $.a = 1 && ($.b = "{tenant}" || $.c = "{tenant}") }"#, "acme", r#"{"a":1,"c":"acme"}"#, true),
            (r#"[ip, tenant = "{tenant}", ...]"#, "acme", "1.2.3.4 acme rest", true),
            (r#"[ip, tenant = "{tenant}", ...]"#, "acme", "1.2.3.4 acm rest", false),
        ] {
            let made = for_tenant(&filter(text), &TenantId::try_from(tenant).unwrap()).unwrap();
            assert_eq!(made.matches(message), expected, "{text} for {tenant}: {made} on {message}");
        }
        assert_eq!(filled("{ $.a = 1 }", "acme"), "{ $.a = 1 }");
    }

    #[test]
    fn every_place_of_the_placeholder_is_found() {
        let value = |text: &str| TenantPlace::Value(text.to_owned());
        for (text, expected) in [
            ("ERROR", vec![]),
            (r#""{tenant}""#, vec![TenantPlace::Term]),
            ("%a{tenant}%", vec![TenantPlace::Regex]),
            (r#"{ $.a = "{tenant}" && $.b != "x-{tenant}*" }"#, vec![value("{tenant}"), value("x-{tenant}*")]),
            (r#"{ $.['{tenant}'] = 1 }"#, vec![TenantPlace::Name]),
            ("{ $.a = %{tenant}% }", vec![TenantPlace::Regex]),
            (r#"[a = "{tenant}", b]"#, vec![value("{tenant}")]),
        ] {
            let Ok(Some(filter)) = EventFilter::parse(text) else { continue };
            let found: Vec<_> = places(&filter).into_iter().map(|(place, _)| place).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_pattern_that_an_id_makes_too_long_is_refused() {
        let text = format!(r#"{{ $.a = "{{tenant}}" && $.b = "{}" }}"#, "x".repeat(960));
        let id = TenantId::try_from("t".repeat(128).as_str()).unwrap();
        assert!(for_tenant(&filter(&text), &id).is_none());
    }
}
