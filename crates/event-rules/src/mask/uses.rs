//! What a caller may name under a mask: in filter patterns, and as fields of queries.
//!
//! A name is refused when it reaches a masked value, a value below one, or a value that contains one: the answer would depend on
//! what the mask hides.

use std::fmt;

use logmark_filter_pattern::FilterPattern;
use logmark_filter_pattern::ast::{Condition, JsonTest, Pattern, Selector, Step};
use logmark_insights::ast::FieldPath;

use super::tree::State;
use super::{FieldMask, MaskPath};

/// Why a filter pattern must not be evaluated on messages that a mask hides a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden<'m> {
    /// A selector reaches this path.
    Path(&'m MaskPath),
    /// Terms search the whole message.
    Terms,
    /// The fields of a space-delimited pattern are parts of the whole message.
    Fields,
}

impl fmt::Display for Forbidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "`{path}` is masked"),
            Self::Terms => f.write_str("terms search the whole message, of which a part is masked"),
            Self::Fields => f.write_str("a space-delimited pattern reads the whole message, of which a part is masked"),
        }
    }
}

impl FieldMask {
    /// Why the pattern must not be evaluated on unmasked messages; `None` when its result does not depend on a masked value.
    ///
    /// ```
    /// use logmark_event_rules::{FieldMask, Forbidden, MaskPath, Replacement};
    /// use logmark_filter_pattern::FilterPattern;
    ///
    /// let path = MaskPath::parse("$.user.email")?;
    /// let mask = FieldMask::new(&[path.clone()], Replacement::default())?;
    /// let forbids = |text| mask.forbids(&FilterPattern::parse(text).unwrap());
    /// assert_eq!(forbids("{ $.user.id = 7 }"), None);
    /// assert_eq!(forbids("{ $.id = 7 && $.user NOT EXISTS }"), Some(Forbidden::Path(&path)));
    /// assert_eq!(forbids("ERROR"), Some(Forbidden::Terms));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn forbids(&self, pattern: &FilterPattern) -> Option<Forbidden<'_>> {
        if self.is_empty() {
            return None;
        }
        match pattern.ast() {
            Pattern::Everything => None,
            Pattern::Terms(_) => Some(Forbidden::Terms),
            Pattern::Fields(_) => Some(Forbidden::Fields),
            Pattern::Json(condition) => self.touched_by(condition).map(Forbidden::Path),
        }
    }

    fn touched_by(&self, condition: &Condition<JsonTest>) -> Option<&MaskPath> {
        match condition {
            Condition::Test(test) => self.touches_selector(&test.selector.node),
            Condition::All(members) | Condition::Any(members) => members.iter().find_map(|member| self.touched_by(member)),
        }
    }

    /// The path that a selector reaches: it selects a masked value, a value below one, or a value that contains one.
    #[must_use]
    pub fn touches_selector(&self, selector: &Selector) -> Option<&MaskPath> {
        let (mut state, mut hiding) = (self.tree.start(), None);
        for step in &selector.steps {
            // Whether the value is an array is not known here, so both readings count.
            let (value, wrapping) = self.tree.unwrapped(&state);
            hiding = hiding.or(wrapping);
            let (next, path) = match step {
                Step::Name(name) => self.tree.member(&value, name),
                Step::Index(index) => self.tree.element(&value, u64::from(*index)),
                Step::AnyIndex => self.tree.any_element(&value),
                // One member may have a name of several pieces: any path that leads further counts.
                Step::AnyName => {
                    let touched = self.tree.touched(&value);
                    let path = hiding.or_else(|| self.tree.path_in(&value)).filter(|_| touched);
                    return path.and_then(|path| self.paths.get(path));
                }
            };
            hiding = hiding.or(path);
            state = next;
        }
        self.touched_path(&state, hiding)
    }

    fn touched_path(&self, state: &State, hiding: Option<usize>) -> Option<&MaskPath> {
        if self.is_empty() {
            return None;
        }
        let (value, wrapping) = self.tree.unwrapped(state);
        let path = hiding.or(wrapping).or_else(|| self.tree.path_in(&value));
        path.filter(|_| self.tree.touched(&value)).and_then(|path| self.paths.get(path))
    }

    /// The path that hides a field that Logs Insights discovers in messages, by its flattened name (`user.email`,
    /// `items.0.card`, `@@id` for the member `@id`). For lists of discovered fields.
    ///
    /// ```
    /// use logmark_event_rules::{FieldMask, MaskPath, Replacement};
    ///
    /// let path = MaskPath::parse("$.items[*].card")?;
    /// let mask = FieldMask::new(&[path.clone()], Replacement::default())?;
    /// assert_eq!(mask.hides_field("items.0.card.number"), Some(&path));
    /// assert_eq!(mask.hides_field("items"), None);
    /// assert_eq!(mask.touches_field("items"), Some(&path));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn hides_field(&self, name: &str) -> Option<&MaskPath> {
        let (state, hiding) = self.field(name);
        let (value, wrapping) = self.tree.unwrapped(&state);
        let hidden = !self.is_empty() && self.tree.hides(&value);
        hiding.or(wrapping).or_else(|| self.tree.path_in(&state)).filter(|_| hidden).and_then(|path| self.paths.get(path))
    }

    /// The path that a query reaches by a field's flattened name: the field is masked, is below a masked value, or contains one.
    /// For every name in a query.
    #[must_use]
    pub fn touches_field(&self, name: &str) -> Option<&MaskPath> {
        let (state, hiding) = self.field(name);
        self.touched_path(&state, hiding)
    }

    /// As [`FieldMask::touches_field`], for a path in the tree of a query.
    #[must_use]
    pub fn touches_path(&self, path: &FieldPath) -> Option<&MaskPath> {
        self.touches_field(&path.flat_name())
    }

    fn field(&self, name: &str) -> (State, Option<usize>) {
        // The member `@id` is discovered as `@@id`.
        let name = name.strip_prefix('@').filter(|rest| rest.starts_with('@')).unwrap_or(name);
        self.tree.member(&self.tree.start(), name)
    }
}
