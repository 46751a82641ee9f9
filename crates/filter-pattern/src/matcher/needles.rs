//! Needles: characters that a message must contain to match, for a fast prefilter.
//!
//! Derives them from the conditions of a pattern. Never decides that a message matches.

use memchr::{memchr, memmem::Finder};

use super::json::holds_of_absence;
use super::number::Numeric;
use crate::ast::{Comparison, Condition, FieldTest, JsonPredicate, JsonTest, Operand, Operator, Step, Wildcard};

/// More searches than this cost more than they save.
const MAX_CLAUSES: usize = 3;
const MAX_ALTERNATIVES: usize = 8;

/// The needles of a pattern: a message must contain one of each clause.
#[derive(Debug)]
pub(super) struct Needles {
    clauses: Vec<Vec<Finder<'static>>>,
    /// Whether the characters can be written otherwise, with a backslash: the message is JSON.
    escapes: bool,
}

impl Needles {
    pub(super) fn of_json(condition: &Condition<JsonTest>) -> Self {
        Self::new(clauses(condition, &of_json_test), true)
    }

    /// The needles of conditions on fields, whose characters occur in the message unescaped.
    pub(super) fn of_fields<'c>(conditions: impl Iterator<Item = &'c Condition<FieldTest>>) -> Self {
        let all = conditions.flat_map(|condition| clauses(condition, &|test| of_comparison(&test.comparison, false)));
        Self::new(all.collect(), false)
    }

    fn new(mut clauses: Vec<Vec<String>>, escapes: bool) -> Self {
        // The longest are the rarest.
        clauses.sort_by_key(|clause| std::cmp::Reverse(clause.iter().map(String::len).min()));
        clauses.dedup();
        clauses.truncate(MAX_CLAUSES);
        let finders = |clause: Vec<String>| clause.iter().map(|needle| Finder::new(needle).into_owned()).collect();
        Self { clauses: clauses.into_iter().map(finders).collect(), escapes }
    }

    /// Characters that occur in each matching message, in any spelling; empty if none are known.
    pub(super) fn certain(&self) -> Vec<&Finder<'static>> {
        self.clauses.iter().filter(|_| !self.escapes).take(1).flatten().collect()
    }

    /// Whether the message may match; `false` is certain.
    pub(super) fn may_match(&self, message: &str) -> bool {
        let bytes = message.as_bytes();
        let held = |clause: &Vec<Finder<'_>>| clause.iter().any(|needle| needle.find(bytes).is_some());
        self.clauses.iter().all(held) || (self.escapes && memchr(b'\\', bytes).is_some())
    }
}

/// The clauses of a condition; none when nothing follows.
fn clauses<T>(condition: &Condition<T>, of: &dyn Fn(&T) -> Vec<String>) -> Vec<Vec<String>> {
    match condition {
        Condition::Test(test) => of(test).into_iter().map(|needle| vec![needle]).collect(),
        Condition::All(members) => members.iter().flat_map(|member| clauses(member, of)).collect(),
        Condition::Any(members) => {
            let rarest = |member| clauses(member, of).into_iter().max_by_key(|clause| clause.iter().map(String::len).min());
            let united: Option<Vec<_>> = members.iter().map(rarest).collect();
            let united: Option<Vec<_>> = united.map(|clauses| clauses.into_iter().flatten().collect());
            united.into_iter().filter(|clause| clause.len() <= MAX_ALTERNATIVES).collect()
        }
    }
}

fn of_json_test(test: &JsonTest) -> Vec<String> {
    if holds_of_absence(test) {
        return Vec::new();
    }
    // The name occurs in the message with its quotes, unless it is written with escapes.
    let names = test.selector.node.steps.iter().rev().filter_map(|step| match step {
        Step::Name(name) => Some(format!("\"{name}\"")),
        Step::Index(_) | Step::AnyIndex | Step::AnyName => None,
    });
    let value = match &test.predicate {
        JsonPredicate::Compare(comparison) => of_comparison(comparison, true),
        JsonPredicate::IsTrue => vec!["true".to_owned()],
        JsonPredicate::IsFalse => vec!["false".to_owned()],
        JsonPredicate::IsNull => vec!["null".to_owned()],
        JsonPredicate::NotExists => Vec::new(),
    };
    value.into_iter().chain(names.take(1)).collect()
}

fn of_comparison(comparison: &Comparison, quoted: bool) -> Vec<String> {
    if comparison.operator != Operator::Equal {
        return Vec::new();
    }
    // Numbers and expressions can be met in many spellings.
    let Operand::Text(Wildcard { open_start, text, open_end }) = &comparison.value.node else { return Vec::new() };
    let string = quoted && !open_start && !open_end && Numeric::parse(text).is_none();
    if string { vec![format!("\"{text}\"")] } else { Some(text.clone()).filter(|text| !text.is_empty()).into_iter().collect() }
}
