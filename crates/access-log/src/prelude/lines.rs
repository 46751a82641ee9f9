//! Lines of literals and values: one regular expression over the message.
//!
//! The expression has no alternatives and no end sign where it can be without, because an engine runs such expressions without
//! an automaton: a last group takes the rest, which must be empty. A line that might have several readings is split twice,
//! with the shortest and with the longest values, and dropped if the two differ.

use super::{Prelude, computed, is_status, name, slots};
use crate::class::literal_regex;
use crate::field::Field;
use crate::format::Format;
use crate::sequence::{Check, Extent, Gap, Sequence};

pub(super) fn prelude(format: &Format, sequence: &Sequence, fields: &[Field]) -> Prelude {
    let needed: Vec<usize> = fields.iter().filter_map(|field| format.layout.source(*field)).flat_map(slots).collect();
    let is_exact = sequence.is_exact();
    let compared: Vec<&Gap> = sequence.gaps.iter().filter(|gap| !is_exact && !(gap.ends && gap.starts)).collect();
    let is_compared = |slot: usize| compared.iter().any(|gap| gap.slot == slot);
    let is_checked = |slot: usize| sequence.gaps.iter().any(|gap| gap.slot == slot && gap.check != Check::Any);
    let named = |slot: usize| {
        let is_named = needed.contains(&slot) || is_checked(slot) || is_compared(slot);
        is_named.then(|| name(format, slot, fields))
    };
    let regex = sequence.regex(&named, !is_exact);
    let mut conditions: Vec<String> = Vec::new();
    let mut commands = Vec::new();
    if is_exact && sequence.gaps.iter().filter(|gap| !gap.ends).count() <= 1 {
        commands.push(format!(r"parse @message /^{regex}(?<lm_rest>[\s\S]*)/"));
        conditions.push(r"lm_rest like /^[\r\n]*$/".to_owned());
    } else if is_exact {
        commands.push(format!(r"parse @message /^{regex}(?<lm_rest>[\r\n]*)$/"));
        conditions.push("ispresent(lm_rest)".to_owned());
    } else {
        let longest = |slot: usize| is_compared(slot).then(|| format!("lm_long_{slot}"));
        commands.push(format!(r"parse @message /^{regex}[\r\n]*$/"));
        commands.push(format!(r"parse @message /^{}[\r\n]*$/", sequence.regex(&longest, false)));
        conditions.extend(compared.iter().map(|gap| format!("{} = lm_long_{}", name(format, gap.slot, fields), gap.slot)));
    }
    conditions.extend(sequence.gaps.iter().filter_map(|gap| condition(gap, &name(format, gap.slot, fields))));
    commands.extend(computed(format, fields));
    Prelude { commands, is_access: conditions.join(" and ") }
}

/// What a value must be besides its characters.
fn condition(gap: &Gap, name: &str) -> Option<String> {
    match gap.check {
        Check::Any => None,
        Check::Number => Some(format!("(isNumeric({name}) or {name} = \"-\")")),
        Check::Status => Some(is_status(name)),
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
            regex += if gap.may_be_unclosed { "?" } else { "" };
        }
        regex
    }
}
