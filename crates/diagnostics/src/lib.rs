//! Errors with positions: the common form of the errors of filter patterns and queries.
//!
//! Owns [`Span`], [`Diagnostic`] and their two renderings: the `Display` of [`Report`] draws for a terminal, its `Serialize`
//! writes for an API. Knows no language: the parsers create the diagnostics.
//!
//! ```
//! use logmark_diagnostics::{Diagnostic, Kind, Report, Span};
//!
//! let source = "stat count(*)";
//! let faults = [Diagnostic::new(Kind::UnknownName, Span::new(0, 4), "a command", "`stat`").hint("did you mean `stats`?")];
//! assert_eq!(faults[0].message(), "expected a command, found `stat`");
//! let report = Report::new("query", source, &faults);
//! assert!(report.to_string().starts_with("error: expected a command, found `stat`"));
//! ```

mod span;
mod diagnostic;
mod report;

pub use diagnostic::{Diagnostic, Kind, quoted};
pub use report::Report;
pub use span::{Span, Spanned};

/// The candidate that is most similar to a misspelt word, compared without case; `None` when none is similar enough.
///
/// ```
/// assert_eq!(logmark_diagnostics::closest("stat", ["sort", "stats"]), Some("stats"));
/// assert_eq!(logmark_diagnostics::closest("frobnicate", ["sort", "stats"]), None);
/// ```
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Keywords are shorter, and the comparison is quadratic.
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    // A third of the letters may be wrong, as rustc allows.
    let allowed = (word.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
    let near = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    near.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}
