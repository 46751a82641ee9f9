//! The matches of a regular expression, the same for both engines.
//!
//! Owns the start of the next search: after the last match. An empty match directly after the last match does not count.

use std::ops::Range;
use std::time::Instant;

use super::regex::{Program, Regex, SearchLimit};

/// One match: the spans of its groups in the text.
#[derive(Debug)]
pub struct Found<'t> {
    text: &'t str,
    groups: Groups<'t>,
}

#[derive(Debug)]
enum Groups<'t> {
    Linear(regex::Captures<'t>),
    /// Spans by group number, the whole match first.
    Backtracking(Vec<Option<Range<usize>>>),
}

/// See [`Regex::matches`].
#[derive(Debug)]
pub struct Matches<'r, 't> {
    regex: &'r Regex,
    text: &'t str,
    /// The start of the next search; `None` after the last match.
    next: Option<usize>,
    /// The end of the last match.
    last_end: Option<usize>,
    /// The start time of the first search, for a backtracking expression.
    begun: Option<Instant>,
}

impl<'t> Found<'t> {
    /// The text of a group, 0 for the whole match; `None` if the group did not take part.
    #[must_use]
    pub fn get(&self, group: usize) -> Option<&'t str> {
        self.range(group).and_then(|range| self.text.get(range))
    }

    /// The span of a group in the text, in bytes.
    #[must_use]
    pub fn range(&self, group: usize) -> Option<Range<usize>> {
        match &self.groups {
            Groups::Linear(captures) => captures.get(group).map(|found| found.range()),
            Groups::Backtracking(groups) => groups.get(group)?.clone(),
        }
    }
}

impl<'r, 't> Matches<'r, 't> {
    pub(super) const fn new(regex: &'r Regex, text: &'t str) -> Self {
        Self { regex, text, next: Some(0), last_end: None, begun: None }
    }

    /// The first match at or after a position.
    fn search(&mut self, from: usize) -> Result<Option<Found<'t>>, SearchLimit> {
        let groups = match self.regex.program() {
            Program::Linear(regex) => regex.captures_at(self.text, from).map(Groups::Linear),
            Program::Backtracking(program) => {
                let found = program.find(self.text, from, *self.begun.get_or_insert_with(Instant::now));
                found.map_err(|_| SearchLimit::of(self.regex.source(), self.text))?.map(Groups::Backtracking)
            }
        };
        Ok(groups.map(|groups| Found { text: self.text, groups }))
    }

    /// The position after the character at `place`; `None` at the end of the text.
    fn after(&self, place: usize) -> Option<usize> {
        self.text.get(place..)?.chars().next().map(|character| place + character.len_utf8())
    }
}

impl<'t> Iterator for Matches<'_, 't> {
    type Item = Result<Found<'t>, SearchLimit>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let from = self.next?;
            self.next = None;
            let found = match self.search(from) {
                Ok(found) => found?,
                Err(limit) => return Some(Err(limit)),
            };
            let Range { start, end } = found.range(0)?;
            if start == end && self.last_end == Some(end) {
                self.next = self.after(end);
                continue;
            }
            self.next = Some(end);
            self.last_end = Some(end);
            return Some(Ok(found));
        }
    }
}
