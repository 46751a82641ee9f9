//! Compiled patterns, which decide whether a message matches.
//!
//! Owns the meaning of patterns. A matcher is compiled once and used for many messages. It reads a message once, in time linear
//! in its length, and allocates nothing, except to compare a JSON string with escapes and to build the first states of a regular
//! expression's automaton.
//!
//! # Meaning
//!
//! UG: the User Guide's "Filter pattern syntax"; API: the API reference's `TestMetricFilter`; ours: a choice where AWS documents
//! nothing.
//!
//! ## Terms
//!
//! | pattern | a message matches | source |
//! |---|---|---|
//! | nothing, `""`, `" "` | always | UG |
//! | `ERROR`, `"two words"` | when it contains these characters, in this case, anywhere, also within a word | UG, its older edition, API |
//! | `%regex%` | when the expression matches anywhere in it; `\d \s \w` are ASCII classes, `.` is any character except a line feed, `$` is the end of the message | UG; ours |
//! | `A B -C` | when it contains A and B and not C | UG |
//! | `?A ?B` | when it contains one of them | UG |
//! | `?A B`, `?A -B` | like `B`, like `-B`: beside other terms, terms with `?` are ignored | UG |
//!
//! ## JSON
//!
//! | case | meaning | source |
//! |---|---|---|
//! | the message | must be one valid JSON object, optionally with blanks around it; with other text around it, an array or a scalar: no match, also for `NOT EXISTS` | ours |
//! | validity | RFC 8259; containers nest at most 127 deep, numbers are finite as `f64`, escaped surrogates come in pairs | ours: what `serde_json` accepts |
//! | a property twice | the last counts, with everything in it; under `.*` each counts | ours |
//! | a name with escapes | is compared with escapes resolved | JSON |
//! | the selector reaches an object or an array | no comparison holds, not even `!=`; it exists | UG |
//! | it reaches nothing | no comparison holds, not even `!=`; `NOT EXISTS` holds | UG for the latter; users' reports for the former |
//! | it reaches `true`, `false` or `null` | only `IS` and `= *` hold ("value nodes can be strings or numbers"): `= true` matches the string | UG; `= *` ours: AWS's CDK writes "exists" so |
//! | `[*]`, `.*` | a test holds when one of the elements of an array, or of the properties of an object, passes it; each test separately; `NOT EXISTS` when none is reached | UG; ours |
//! | `= text` with `*` at the ends | strings with escapes resolved, and numbers as written in the message: `4*` matches 404, `"5"` matches 5 | UG ("use the asterisk as a wild card to match numbers") |
//! | `= 5` and a number | by value: integers of up to 38 digits exactly, others as `f64` | UG; ours |
//! | `= 5` and a string | when written the same (digits need no quotes to be a string), or a number of that value; a string that is not a number differs, and is neither less nor greater | UG for unquoted strings; ours |
//! | `= %regex%` | strings and numbers as with text; unanchored | UG |
//!
//! ## Space-delimited
//!
//! | case | meaning | source |
//! |---|---|---|
//! | fields | are separated by any number of blanks (spaces, tabs, line ends) | UG; tabs: the console's preset for Lambda logs needs them |
//! | `[…]` and `"…"` at a field's beginning | one field, without the delimiters when a blank follows them; no nesting, no escapes | UG; ours |
//! | the last field, without `...` | is the rest of the message, as written; a single field without its delimiters | UG's `[w1=ERROR, w2]` on longer lines |
//! | `...` | any number of fields, also zero; fields after it are counted from the end of the message | UG, API |
//! | too few fields | no match; an empty field counts as one | UG |
//! | `[]`, which the parser refuses, and `[...]` | every message | API |
//! | comparisons | as for JSON strings; `!=` is the opposite of `=` | UG |

pub(crate) mod error;
pub(crate) mod expression;
pub(crate) mod number;
mod value;
mod formula;
mod needles;
mod terms;
mod fields;
mod bits;
mod selectors;
mod json;
mod properties;
pub(crate) mod lines;

use std::borrow::Cow;

use self::error::CompileError;
use self::fields::Delimited;
use self::json::Json;
use self::lines::Lines;
use self::properties::Properties;
use self::terms::Terms;
use crate::FilterPattern;
use crate::ast::Pattern;
use crate::extract::Extracted;

/// A compiled pattern.
#[derive(Debug)]
pub struct Matcher {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Everything,
    Terms(Terms),
    Json(Box<Json>, Properties),
    Fields(Delimited),
}

impl Matcher {
    /// Compiles a pattern. Takes microseconds to milliseconds, so keep the result.
    ///
    /// # Errors
    ///
    /// [`CompileError::Regex`] when a regular expression is too large to run in bounded memory.
    ///
    /// ```
    /// use logmark_filter_pattern::{FilterPattern, Matcher};
    ///
    /// let pattern: FilterPattern = r#"{ $.order.total > 99.5 && $.items[*].sku = "A*" }"#.parse()?;
    /// let matcher = Matcher::new(&pattern)?;
    /// assert!(matcher.matches(r#"{"order": {"total": 1e2}, "items": [{"sku": "B1"}, {"sku": "A7"}]}"#));
    /// assert!(!matcher.matches(r#"{"order": {"total": 1e2}, "items": [{"sku": "B1"}, {"sku": "A7"}]"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(pattern: &FilterPattern) -> Result<Self, CompileError> {
        Self::from_tree(pattern.ast())
    }

    /// Compiles a tree that a program made, also if it cannot be written as a pattern.
    ///
    /// # Errors
    ///
    /// As for [`Matcher::new`], and when the tree is larger than the tree of any pattern, or has several `...`.
    pub fn from_tree(pattern: &Pattern) -> Result<Self, CompileError> {
        Ok(Self {
            kind: match pattern {
                Pattern::Everything => Kind::Everything,
                Pattern::Terms(terms) => Kind::Terms(Terms::new(terms)?),
                Pattern::Json(condition) => Kind::Json(Box::new(Json::new(condition)?), Properties::new(condition)?),
                Pattern::Fields(fields) => Kind::Fields(Delimited::new(fields)?),
            },
        })
    }

    /// Whether the message matches the pattern.
    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        match &self.kind {
            Kind::Everything => true,
            Kind::Terms(terms) => terms.matches(message),
            Kind::Json(json, _) => json.matches(message),
            Kind::Fields(fields) => fields.matches(message),
        }
    }

    /// The lines of a text that match, each as a message of its own, without line feeds.
    ///
    /// Faster than a match for each line when the pattern requires certain characters and few lines contain them: the text is then
    /// searched at the speed of memory.
    ///
    /// ```
    /// use logmark_filter_pattern::{FilterPattern, Matcher};
    ///
    /// let pattern: FilterPattern = "refused -retry".parse()?;
    /// let matcher = Matcher::new(&pattern)?;
    /// let log = "card accepted\ncard refused\nrefused, will retry\n";
    /// assert_eq!(matcher.lines(log).collect::<Vec<_>>(), ["card refused"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lines<'a>(&'a self, text: &'a str) -> Lines<'a> {
        let needles = match &self.kind {
            Kind::Everything | Kind::Json(..) => Vec::new(),
            Kind::Terms(terms) => terms.needles(),
            Kind::Fields(fields) => fields.needles(),
        };
        Lines::new(self, needles, text)
    }

    /// The values that the pattern extracts from the message, in the order of the message or the pattern; `None` when it does not
    /// match.
    ///
    /// A space-delimited pattern extracts every field of the message, by its name or by its number from 1 (API reference,
    /// `TestMetricFilter`). A JSON pattern extracts the named properties that are strings, numbers or booleans in the message; for a
    /// wildcard, the first selected element. Terms extract nothing. AWS itself reports nothing for JSON patterns here, but a
    /// metric's value may be any such property.
    ///
    /// ```
    /// use logmark_filter_pattern::{FilterPattern, Matcher};
    ///
    /// let pattern: FilterPattern = "[time = *Z, request, message]".parse()?;
    /// let matcher = Matcher::new(&pattern)?;
    /// let taken = matcher.extract("2024-06-18T07:11:05Z\t6f1c\tcard was refused\n").unwrap_or_default();
    /// let taken: Vec<_> = taken.iter().map(|one| (&*one.name, &*one.value)).collect();
    /// assert_eq!(taken, [("$time", "2024-06-18T07:11:05Z"), ("$request", "6f1c"), ("$message", "card was refused")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn extract<'a>(&'a self, message: &'a str) -> Option<Vec<Extracted<'a>>> {
        if !self.matches(message) {
            return None;
        }
        Some(match &self.kind {
            Kind::Everything | Kind::Terms(_) => Vec::new(),
            Kind::Json(_, properties) => properties.extract(message),
            Kind::Fields(fields) => {
                let mut extracted = Vec::new();
                fields.extract(message, |name, number, value| {
                    let name = name.map_or_else(|| format!("${number}"), |name| format!("${name}"));
                    extracted.push(Extracted { name: Cow::Owned(name), value: Cow::Borrowed(value) });
                });
                extracted
            }
        })
    }
}
