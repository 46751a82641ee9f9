//! Lines of literals and values: one regular expression over the message.
//!
//! The expression has no alternatives and no end sign where it can be without, because an engine runs such expressions without
//! an automaton: a last group takes the rest, which must be empty. A line that might have several readings is split twice,
//! with the shortest and with the longest values, and dropped if the two differ.

use super::{Names, canonical, is_status, slots};
use crate::class::literal_regex;
use crate::field::Field;
use crate::format::Format;
use crate::sequence::{Check, Extent, Gap, Sequence};

/// Groups by the numbers of the values.
struct Groups;

impl Names for Groups {
    fn name(&self, slot: usize) -> Option<String> {
        Some(format!("lm_{slot}"))
    }
}

pub(super) fn commands(format: &Format, sequence: &Sequence, fields: &[Field]) -> Vec<String> {
    let needed: Vec<usize> = fields.iter().filter_map(|field| format.layout.source(*field)).flat_map(slots).collect();
    let is_exact = sequence.is_exact();
    let is_compared = |gap: &Gap| !is_exact && !(gap.ends && gap.starts);
    let named = |slot: usize| {
        let gap = sequence.gaps.iter().find(|gap| gap.slot == slot);
        gap.filter(|gap| needed.contains(&slot) || gap.check != Check::Any || is_compared(gap)).map(|_| format!("lm_{slot}"))
    };
    let regex = sequence.regex(&named, !is_exact);
    let mut conditions: Vec<String> = Vec::new();
    let mut commands = Vec::new();
    if is_exact {
        commands.push(format!(r"parse @message /^{regex}(?<lm_rest>[\s\S]*)/"));
        conditions.push(r"lm_rest like /^[\r\n]*$/".to_owned());
    } else {
        let again =
            |slot: usize| sequence.gaps.iter().any(|gap| gap.slot == slot && is_compared(gap)).then(|| format!("lm_long_{slot}"));
        commands.push(format!(r"parse @message /^{regex}[\r\n]*$/"));
        commands.push(format!(r"parse @message /^{}[\r\n]*$/", sequence.regex(&again, false)));
        let compared = sequence.gaps.iter().filter(|gap| is_compared(gap));
        conditions.extend(compared.map(|gap| format!("lm_{0} = lm_long_{0}", gap.slot)));
    }
    conditions.extend(sequence.gaps.iter().filter_map(|gap| condition(gap, &format!("lm_{}", gap.slot))));
    commands.push(format!("filter {}", conditions.join(" and ")));
    commands.extend(canonical(format, fields, &Groups));
    commands
}

/// What a value must be besides its characters.
fn condition(gap: &Gap, name: &str) -> Option<String> {
    match gap.check {
        Check::Any => None,
        Check::Number => Some(format!("(isNumeric({name}) or {name} = \"-\")")),
        Check::Status => Some(format!("({})", is_status(name))),
    }
}

impl Sequence {
    /// The regular expression of a line, without anchors; values with a name are groups.
    pub(super) fn regex(&self, name: &dyn Fn(usize) -> Option<String>, is_lazy: bool) -> String {
        let mut regex = literal_regex(&self.first);
        for gap in &self.gaps {
            let value = match &gap.extent {
                Extent::Class(class) => class.regex(is_lazy && !gap.ends),
                Extent::Quoted => r#"(?:[^"\\\n]|\\[^\n])*"#.to_owned(),
            };
            match name(gap.slot) {
                Some(name) => regex += &format!("(?<{name}>{value})"),
                None => regex += &value,
            }
            regex += &literal_regex(&gap.after);
        }
        regex
    }
}
