//! Words, phrases and regular expressions anywhere in a message.

use memchr::memmem::Finder;
use regex::Regex as Automaton;

use super::error::CompileError;
use super::expression;
use crate::ast::{Sign, Term, TermText};

/// The terms of a pattern by their signs.
#[derive(Debug)]
pub(super) struct Terms {
    required: Vec<Search>,
    /// Empty unless every term is of this sign: "if you combine `?` with other filter patterns, all question mark terms
    /// will be ignored", include and exclude terms alike (User Guide, "Match terms in unstructured log events").
    optional: Vec<Search>,
    excluded: Vec<Search>,
}

impl Terms {
    pub(super) fn new(terms: &[Term]) -> Result<Self, CompileError> {
        let of = |sign| -> Result<Vec<_>, _> {
            terms.iter().filter(|term| term.sign == sign).map(|term| Search::new(&term.text)).collect()
        };
        let (required, excluded, mut optional) = (of(Sign::Required)?, of(Sign::Excluded)?, of(Sign::Optional)?);
        if !required.is_empty() || !excluded.is_empty() {
            optional.clear();
        }
        Ok(Self { required, optional, excluded })
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let found = |search: &Search| search.finds(message);
        self.required.iter().all(found)
            && (self.optional.is_empty() || self.optional.iter().any(found))
            && !self.excluded.iter().any(found)
    }
}

impl Terms {
    /// Characters that occur in each matching message; empty if none are known.
    pub(super) fn needles(&self) -> Vec<&Finder<'static>> {
        // The longest is the rarest.
        match self.required.iter().filter_map(Search::literal).max_by_key(|finder| finder.needle().len()) {
            Some(longest) => vec![longest],
            None => self.optional.iter().map(Search::literal).collect::<Option<_>>().unwrap_or_default(),
        }
    }
}

#[derive(Debug)]
enum Search {
    Literal(Box<Finder<'static>>),
    Regex(Automaton),
}

impl Search {
    fn new(text: &TermText) -> Result<Self, CompileError> {
        Ok(match text {
            TermText::Literal(text) => Self::Literal(Box::new(Finder::new(text).into_owned())),
            TermText::Regex(regex) => Self::Regex(expression::compile(regex)?),
        })
    }

    fn literal(&self) -> Option<&Finder<'static>> {
        match self {
            Self::Literal(finder) => Some(finder),
            Self::Regex(_) => None,
        }
    }

    fn finds(&self, message: &str) -> bool {
        match self {
            Self::Literal(finder) => finder.find(message.as_bytes()).is_some(),
            Self::Regex(automaton) => automaton.is_match(message),
        }
    }
}
