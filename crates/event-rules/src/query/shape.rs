//! Regular expressions that find a member of a JSON message by its path.
//!
//! They hold for messages that are one valid JSON object, which the condition tests separately. An expression begins at the
//! member and reads to the end of the message. So it is anchored at the end: what follows the member are the other members of
//! its object and `}`, and behind the outermost `}` is the end of the message.
//!
//! An expression may begin at any quote. INVARIANT: it does not match when it begins at a closing quote. Then it would read
//! the text within strings as the text between them and the reverse. The strings that it reads end where strings begin, and
//! between them it reads neither quotes nor backslashes, so it would have to read an odd number of quotes in pairs.

use logmark_filter_pattern::ast::Step;

use super::UntranslatableReason;
use super::spelling::{STRING, other_name, spelled};

/// The maximum nesting of the values beside the member. An event with deeper values there is hidden.
const MAX_NESTING: usize = 8;

/// The largest index that is translated: the elements before it are written out.
const MAX_INDEX: u32 = 9;

/// `true`, `false`, `null` or a number.
const WORD: &str = r#"[^"\\\[\]{},:\s]+"#;

/// Characters that are neither in strings nor brackets.
const BETWEEN: &str = r#"[^"\\\[\]{}]"#;

/// A string or a number.
pub(super) fn text_or_number() -> String {
    format!("(?:{STRING}|[-0-9]{WORD}|[0-9])")
}

/// A value that is not an object or an array.
pub(super) fn scalar() -> String {
    format!("(?:{STRING}|{WORD})")
}

/// Any value.
fn value() -> String {
    format!(r"(?:{WORD}|{STRING}|[\[{{]{}[\]}}])", nested())
}

/// What is in brackets.
fn nested() -> String {
    (1..MAX_NESTING).fold(format!("(?:{BETWEEN}|{STRING})*"), |inner, _| format!(r"(?:{BETWEEN}|{STRING}|[\[{{]{inner}[\]}}])*"))
}

/// The selector's path leads to a value that the expression `target` matches as a whole.
pub(super) fn reaches(steps: &[Step], target: &str) -> Result<String, UntranslatableReason> {
    let (first, rest) = steps.split_first().ok_or(UntranslatableReason::Regex)?;
    let value = value();
    let (key, others) = member(first, &value)?;
    Ok(format!(r"[,{{]\s*{key}\s*:\s*{}\s*(?:,\s*{others}\s*)*\}}\s*$", below(rest, target, &value)?))
}

/// The rest of a path, from a value.
fn below(steps: &[Step], target: &str, value: &str) -> Result<String, UntranslatableReason> {
    let Some((step, rest)) = steps.split_first() else { return Ok(target.to_owned()) };
    let inner = below(rest, target, value)?;
    Ok(match step {
        Step::Name(_) | Step::AnyName => {
            let (key, others) = member(step, value)?;
            let before = format!(r"(?:{STRING}\s*:\s*{value}\s*,\s*)*");
            format!(r"\{{\s*{before}{key}\s*:\s*{inner}\s*(?:,\s*{others}\s*)*\}}")
        }
        Step::Index(index) if *index > MAX_INDEX => return Err(UntranslatableReason::Index),
        Step::Index(index) => {
            let before = (0..*index).map(|_| format!(r"{value}\s*,\s*")).collect::<String>();
            format!(r"\[\s*{before}{inner}\s*(?:,\s*{value}\s*)*\]")
        }
        Step::AnyIndex => format!(r"\[\s*(?:{value}\s*,\s*)*{inner}\s*(?:,\s*{value}\s*)*\]"),
    })
}

/// The key of a step, and a member after it that does not replace it: the last of several members with one name counts.
fn member(step: &Step, value: &str) -> Result<(String, String), UntranslatableReason> {
    match step {
        Step::Name(name) => Ok((format!("\"{}\"", spelled(name)), without(name, value))),
        Step::AnyName => Ok((STRING.to_owned(), format!(r"{STRING}\s*:\s*{value}"))),
        // A message is an object, so nothing is at an index of it.
        Step::Index(_) | Step::AnyIndex => Err(UntranslatableReason::Regex),
    }
}

/// A member with another name.
fn without(name: &str, value: &str) -> String {
    format!(r#""{}"\s*:\s*{value}"#, other_name(name))
}

/// The expressions of which one matches when a path of names leads to nothing.
pub(super) fn reaches_nothing(names: &[&str]) -> Result<Vec<String>, UntranslatableReason> {
    let value = value();
    let lacks = |name: &str| format!(r"\{{(?:\s*{}\s*,?)*\s*\}}", without(name, &value));
    let other = format!(r"{STRING}|{WORD}|\[{}\]", nested());
    let mut ways = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let around: Vec<Step> = names.iter().take(place).map(|name| Step::Name((*name).to_owned())).collect();
        ways.push(match place {
            0 => format!(r"^\s*{}\s*$", lacks(name)),
            _ => reaches(&around, &format!("(?:{other}|{})", lacks(name)))?,
        });
    }
    Ok(ways)
}

/// A member in which the names of several steps of the path are joined by points, as in the name of its field.
pub(super) fn joined_names(names: &[&str]) -> Option<String> {
    let mut joined = Vec::new();
    for start in 0..names.len() {
        for end in start + 2..=names.len() {
            joined.push(spelled(&names.get(start..end)?.join(".")));
        }
    }
    (!joined.is_empty()).then(|| format!(r#"[,{{]\s*"(?:{})"\s*:"#, joined.join("|")))
}
