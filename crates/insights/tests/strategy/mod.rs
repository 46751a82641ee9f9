//! Random valid queries over the whole language.
//!
//! A query is read from a tape of numbers: each choice consumes one, and an empty tape gives the simplest choice. So a failing
//! case shrinks by shrinking its tape. The queries keep the rules of the parser.

mod command;
mod expression;
mod words;

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{Column, Command, CommandName, Expression, FieldPath, Query, Selector, Source, Stats};
use proptest::prelude::{Strategy, any};

/// The allowed parts of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// Everything.
    Everything,
    /// Only parts that read the events with which the query was started.
    ItsOwnEvents,
}

/// Any valid query.
pub(crate) fn query() -> impl Strategy<Value = Query> {
    query_within(Within::Everything)
}

/// Any valid query with only these parts.
pub(crate) fn query_within(within: Within) -> impl Strategy<Value = Query> {
    tape().prop_map(move |tape| Maker::new(tape, within).query(0))
}

/// Any condition of a filter, without inner queries.
pub(crate) fn condition() -> impl Strategy<Value = Expression> {
    tape().prop_map(|tape| Maker::new(tape, Within::ItsOwnEvents).expression(3).node)
}

fn tape() -> impl Strategy<Value = Vec<u16>> {
    proptest::collection::vec(any::<u16>(), 0..120)
}

/// Makes a query from a tape.
pub(crate) struct Maker {
    tape: std::vec::IntoIter<u16>,
    within: Within,
    /// The number of queries around the current one.
    nesting: usize,
    /// After a `stats`: its columns, the only fields of a second `stats`.
    given: Option<Vec<FieldPath>>,
    /// In a second `stats`: the existing fields.
    known: Option<Vec<FieldPath>>,
}

impl Maker {
    pub(crate) fn new(tape: Vec<u16>, within: Within) -> Self {
        Self { tape: tape.into_iter(), within, nesting: 0, given: None, known: None }
    }

    /// The next choice of this many.
    fn below(&mut self, many: usize) -> usize {
        self.tape.next().map_or(0, |number| usize::from(number) % many)
    }

    /// Whether the next choice is yes; no when the tape is empty.
    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// At least one, at most four.
    fn some<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = [1, 1, 2, 1, 3, 4][self.below(6)];
        (0..count).map(|_| one(self)).collect()
    }

    fn maybe<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.yes() { Some(one(self)) } else { None }
    }

    fn may_reach(&self) -> bool {
        self.within == Within::Everything
    }

    /// A query nested in this many others.
    fn query(&mut self, nesting: usize) -> Query {
        let outer = (std::mem::replace(&mut self.nesting, nesting), self.given.take(), self.known.take());
        let mut commands = Vec::new();
        if nesting > 0 || (self.may_reach() && self.below(6) == 5) {
            commands.push(Command::Source(self.source()));
        }
        let count = self.below(7) + usize::from(commands.is_empty());
        for _ in 0..count {
            let command = self.command();
            if may_follow(&commands, &command) {
                if let Command::Stats(stats) = &command {
                    self.given = Some(given_by(stats));
                }
                commands.push(command);
            }
        }
        if commands.is_empty() {
            commands.push(Command::Limit(self.limit()));
        }
        (self.nesting, self.given, self.known) = outer;
        Query { commands: commands.into_iter().map(Spanned::made).collect() }
    }

    fn source(&mut self) -> Source {
        let selectors = if self.yes() {
            let mut selectors = self.some(|maker| Spanned::made(maker.selector()));
            selectors.retain(|selector| !matches!(selector.node, Selector::Group(_)));
            selectors
        } else {
            Vec::new()
        };
        let group = Spanned::made(Selector::Group(self.group()));
        let selectors = if selectors.is_empty() { vec![group] } else { selectors };
        let start = self.maybe(Self::time_point);
        let end = self.maybe(Self::time_point);
        Source { selectors, start, end }
    }
}

/// Whether the rules of order allow a command after the others.
fn may_follow(commands: &[Command], command: &Command) -> bool {
    let count = |name| commands.iter().filter(|before| before.name() == name).count();
    let has = |name| count(name) > 0;
    let name = command.name();
    if has(CommandName::Estimate) || (has(CommandName::Dedup) && name != CommandName::Limit) {
        return false;
    }
    match name {
        CommandName::Stats if has(CommandName::Stats) => {
            count(CommandName::Stats) < 10 && !has(CommandName::Sort) && !has(CommandName::Limit)
        }
        CommandName::Anomaly | CommandName::Diff => has(CommandName::Pattern),
        CommandName::Pattern => !has(CommandName::Sort),
        CommandName::Join => !has(CommandName::Join),
        _ => true,
    }
}

/// The fields that a `stats` defines with a name.
fn given_by(stats: &Stats) -> Vec<FieldPath> {
    let name = |column: &Column| match (&column.alias, &column.expression.node) {
        (Some(alias), _) => Some(alias.node.clone()),
        (None, Expression::Field(field)) => Some(field.clone()),
        (None, _) => None,
    };
    stats.aggregates.iter().chain(&stats.by).filter_map(name).collect()
}
