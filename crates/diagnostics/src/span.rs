//! Positions in a text.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;

/// A range of a text, in bytes from its beginning, the end not included. Both ends are at character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`, exclusive.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty span before a byte.
    #[must_use]
    pub const fn at(place: usize) -> Self {
        Self { start: place, end: place }
    }

    /// From the beginning of this span to the end of the other.
    #[must_use]
    pub const fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end }
    }

    /// The part of the text; empty when the span is not of this text.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The same bytes as a range.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A node of a syntax tree with its position.
///
/// Equality compares nodes only: positions have no meaning, and a tree that was printed and parsed again equals the first.
#[derive(Clone, Copy)]
pub struct Spanned<T> {
    /// The node.
    pub node: T,
    /// Its position; `0..0` for a node that a program made.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A node with its position.
    pub const fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }

    /// A node that a program made.
    pub const fn made(node: T) -> Self {
        Self { node, span: Span::at(0) }
    }

    /// Another node at the same position.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { node: change(self.node), span: self.span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: Hash> Hash for Spanned<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.node.hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
