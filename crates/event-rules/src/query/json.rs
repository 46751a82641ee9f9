//! Conditions of the properties of a JSON message.

use logmark_filter_pattern::ast::{Comparison, Condition, JsonPredicate, JsonTest, Operand, Operator, Selector, Step, Wildcard};
use logmark_insights::ast::Expression;

use super::expression::{all, any, is_json_object, like, not_like};
use super::spelling::{CHARACTERS, REST, literal, spelled};
use super::{Untranslatable, UntranslatableReason, numbers, shape};

/// Every `\u` escape of a surrogate is in a pair. Filter patterns match no other messages.
const PAIRED_SURROGATES: &str = r"^(?:[^\\]|\\[^u]|\\u(?:[^dD].|[dD][0-7])..|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)*$";

/// A number outside of strings that may be beyond `f64`. Filter patterns match no message with a number beyond it.
const LARGE_NUMBER: &str = r#"^(?:[^"]|"(?:[^"\\]|\\.)*")*[0-9](?:\.?[eE]\+?[0-9]{3}|[0-9]{299})"#;

/// Characters of a number.
const NUMBER_CHARACTERS: &str = "[-+0-9.eE]";

/// The condition of a JSON pattern: the message is one valid JSON object, and the tests hold.
pub(super) fn condition(condition: &Condition<JsonTest>) -> Result<Expression, Untranslatable> {
    let fault = |reason| Untranslatable { part: span(condition), reason };
    let guards = [is_json_object(), like(PAIRED_SURROGATES), not_like(LARGE_NUMBER)];
    let mut parts = guards.into_iter().collect::<Result<Vec<_>, _>>().map_err(fault)?;
    parts.push(of(condition)?);
    Ok(all(parts))
}

fn span(condition: &Condition<JsonTest>) -> logmark_diagnostics::Span {
    match condition {
        Condition::Test(test) => test.span,
        Condition::All(members) | Condition::Any(members) => match members.as_slice() {
            [first, .., last] => span(first).to(span(last)),
            [only] => span(only),
            [] => logmark_diagnostics::Span::at(0),
        },
    }
}

fn of(condition: &Condition<JsonTest>) -> Result<Expression, Untranslatable> {
    let each = |members: &[Condition<JsonTest>]| members.iter().map(of).collect::<Result<Vec<_>, _>>();
    Ok(match condition {
        Condition::Test(one) => test(one).map_err(|reason| Untranslatable { part: one.span, reason })?,
        Condition::All(members) => all(each(members)?),
        Condition::Any(members) => any(each(members)?),
    })
}

fn test(test: &JsonTest) -> Result<Expression, UntranslatableReason> {
    let selector = &test.selector.node;
    if matches!(selector.steps.first(), Some(Step::Index(_) | Step::AnyIndex)) {
        return Err(UntranslatableReason::Index);
    }
    let reaches = |target: &str| like(&shape::reaches(&selector.steps, target)?);
    match &test.predicate {
        JsonPredicate::IsTrue => reaches("true"),
        JsonPredicate::IsFalse => reaches("false"),
        JsonPredicate::IsNull => reaches("null"),
        JsonPredicate::NotExists => {
            let names = names(selector).ok_or(UntranslatableReason::AbsentElement)?;
            let ways = shape::reaches_nothing(&names)?;
            Ok(any(ways.iter().map(|way| like(way)).collect::<Result<_, _>>()?))
        }
        JsonPredicate::Compare(Comparison { operator, value }) => match &value.node {
            Operand::Regex(_) => Err(UntranslatableReason::RegexOfMember),
            Operand::Number(number) => {
                let names = names(selector).ok_or(UntranslatableReason::NumberOfElement)?;
                numbers::condition(&selector.steps, &names, *operator, number)
            }
            Operand::Text(wanted) if *operator == Operator::Equal => reaches(&equal(wanted)),
            Operand::Text(wanted) => different(selector, wanted),
        },
    }
}

/// The names of a selector that has only names.
fn names(selector: &Selector) -> Option<Vec<&str>> {
    let name = |step: &'_ Step| matches!(step, Step::Name(_));
    if !selector.steps.iter().all(name) {
        return None;
    }
    let names = selector.steps.iter().filter_map(|step| match step {
        Step::Name(name) => Some(name.as_str()),
        Step::Index(_) | Step::AnyIndex | Step::AnyName => None,
    });
    Some(names.collect())
}

/// A string or a number that is another text.
fn different(selector: &Selector, wanted: &Wildcard) -> Result<Expression, UntranslatableReason> {
    if is_anything(wanted) {
        // Nothing differs from everything.
        return not_like("^");
    }
    if selector.steps.iter().any(|step| matches!(step, Step::AnyIndex | Step::AnyName)) {
        return Err(UntranslatableReason::DifferentElement);
    }
    let exists = like(&shape::reaches(&selector.steps, &shape::text_or_number())?)?;
    let equals = not_like(&shape::reaches(&selector.steps, &equal(wanted))?)?;
    Ok(all(vec![exists, equals]))
}

const fn is_anything(Wildcard { open_start, text, open_end }: &Wildcard) -> bool {
    text.is_empty() && (*open_start || *open_end)
}

/// A string that is the text after its escapes are resolved, or a number that is written like the text.
fn equal(wanted: &Wildcard) -> String {
    if is_anything(wanted) {
        return shape::scalar();
    }
    let Wildcard { open_start, text, open_end } = wanted;
    let (start, end) = (if *open_start { CHARACTERS } else { "" }, if *open_end { REST } else { "" });
    let string = format!("\"{start}{}{end}\"", spelled(text));
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"-+.eE".contains(&byte));
    if !is_number || text.is_empty() {
        return string;
    }
    let more = |open: bool| if open { format!("{NUMBER_CHARACTERS}*") } else { String::new() };
    format!("(?:{string}|{}{}{})", more(*open_start), literal(text), more(*open_end))
}

/// A string that queries read as a number and filter patterns do not: `.5`, `5.`.
pub(super) fn string_with_bare_point() -> String {
    const DIGIT: &str = r"(?:[0-9]|\\u003[0-9])";
    const POINT: &str = r"(?:\.|\\u002[eE])";
    const SIGN: &str = r"(?:[-+]|\\u002[bBdD])?";
    const EXPONENT: &str = r"(?:[eE]|\\u00[46]5)";
    format!("\"{SIGN}(?:{POINT}{DIGIT}+|{DIGIT}+{POINT})(?:{EXPONENT}{SIGN}{DIGIT}+)?\"")
}

#[cfg(test)]
mod tests {
    use super::super::spelling::STRING;
    use super::{LARGE_NUMBER, PAIRED_SURROGATES};

    #[test]
    fn the_guards_are_made_of_the_same_parts() {
        assert!(LARGE_NUMBER.contains(STRING));
        assert!(PAIRED_SURROGATES.starts_with('^') && PAIRED_SURROGATES.ends_with('$'));
    }
}
