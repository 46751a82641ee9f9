//! The ways in which a query uses a field.

use std::fmt;

/// One way to use a field. Several can apply: a field after `by` is also shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Its value, or something computed from it, is part of the result.
    Shown,
    /// A function or an operator computes something from it.
    Computed,
    /// It decides which events are in the result.
    Filtered,
    /// `parse`, `json`: its text is parsed.
    Parsed,
    /// `stats … by`
    Grouped,
    /// `stats`, `countFrequent`: an aggregate is computed from it.
    Aggregated,
    /// `sort`
    Sorted,
    /// `dedup`
    Deduplicated,
    /// `expand`, `unnest`: its elements become rows.
    Expanded,
    /// `pattern`, `anomaly`, `diff`, `logcompare`, `relevantfields`: its values are compared.
    Compared,
    /// `lookup`, `cidrlookup`: it is searched in a table.
    LookedUp,
    /// `join … where`
    Joined,
    /// A command over the rows of the result: `filldown`, `fillmissing`, `addtotals`, `accum`, `autoregress`, `outlier`,
    /// `sessionize`.
    Series,
}

/// The set of uses of a field. An empty set: it is read without effect (`fields a | stats count(*)`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Uses(u16);

/// The uses of a field that a command compares over all rows.
pub(crate) const COMPARED: Uses = Uses::of(Use::Compared).and(Uses::of(Use::Shown));

/// The uses of a field from which a command computes a series over the rows.
pub(crate) const SERIES: Uses = Uses::of(Use::Series).and(Uses::of(Use::Shown));

impl Use {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Shown,
        Self::Computed,
        Self::Filtered,
        Self::Parsed,
        Self::Grouped,
        Self::Aggregated,
        Self::Sorted,
        Self::Deduplicated,
        Self::Expanded,
        Self::Compared,
        Self::LookedUp,
        Self::Joined,
        Self::Series,
    ];
}

impl Uses {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// All of them.
    pub(crate) fn all() -> Self {
        Use::ALL.into_iter().fold(Self::NONE, |all, one| all.and(Self::of(one)))
    }

    /// A set of one use.
    #[must_use]
    pub const fn of(one: Use) -> Self {
        Self(1 << one as u16)
    }

    /// The union.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set contains the use.
    #[must_use]
    pub const fn contains(self, one: Use) -> bool {
        self.0 & Self::of(one).0 != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The uses in the set.
    pub fn iter(self) -> impl Iterator<Item = Use> {
        Use::ALL.into_iter().filter(move |one| self.contains(*one))
    }
}

impl fmt::Debug for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
