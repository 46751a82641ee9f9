//! The row rule and the mask of a grant: `where`, `mask` and `mask_with`.
//!
//! Refuses rules that would silently show nothing, or more than their author meant, and rules that a query of the grant cannot have.
//! Never decides on an event: [`crate::domain::rules`] does.

use std::fmt::Write as _;

use logmark_diagnostics::Diagnostic;
use logmark_event_rules::{FieldMask, MaskPath, Replacement, query_condition};
use logmark_filter_pattern::FilterPattern;
use serde::Deserializer;

use super::pattern::{self, Braces};
use super::validation::Key;
use super::values;
use crate::domain::filter::EventFilter;
use crate::domain::name::TenantId;
use crate::domain::operation::Action;
use crate::domain::rules::EventMask;
use crate::domain::tenant_filter::{TenantPlace, for_tenant, places};

/// The word that removes masked members.
const REMOVE: &str = "remove";
/// Characters of a replacement: every masked member of each event contains it.
const MAX_REPLACEMENT: usize = 64;
/// Characters of the longest tenant id.
const LONGEST_ID: usize = 128;

/// The keys as written.
pub(super) struct RawRules {
    pub(super) rows: Option<EventFilter>,
    pub(super) mask: Option<Vec<MaskPath>>,
    pub(super) mask_with: Option<Replacement>,
}

/// Reads `where`.
pub(super) fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EventFilter>, D::Error> {
    values::text(deserializer, |text| match EventFilter::parse(text) {
        Ok(Some(filter)) => Ok(Some(filter)),
        Ok(None) => Err("matches every event: remove the key if the grant has no row rule".to_owned()),
        Err(faults) => Err(faults_of(text, &faults)),
    })
}

/// The faults of a pattern in one line.
fn faults_of(text: &str, faults: &[Diagnostic]) -> String {
    let mut line = "is not a filter pattern: ".to_owned();
    for (index, fault) in faults.iter().enumerate() {
        let character = text.get(..fault.span.start).map_or(0, |before| before.chars().count()) + 1;
        let separator = if index == 0 { "" } else { "; " };
        // Writing to a string cannot fail.
        let _written = write!(line, "{separator}at character {character} {fault}");
    }
    line
}

/// Reads `mask`.
pub(super) fn mask<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<MaskPath>>, D::Error> {
    let path = |text: &str| MaskPath::parse(text).map_err(|error| format!("is not a path of a mask: {error}"));
    values::list(deserializer, Some("the grant would mask nothing; remove the key"), path).map(Some)
}

/// Reads `mask_with`.
pub(super) fn replacement<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Replacement>, D::Error> {
    values::text(deserializer, |text| match text {
        REMOVE => Ok(Some(Replacement::Remove)),
        text if text.chars().count() > MAX_REPLACEMENT => Err(format!("is longer than {MAX_REPLACEMENT} characters")),
        text if text.chars().any(char::is_control) => Err("contains control characters".to_owned()),
        text => Ok(Some(Replacement::Text(text.to_owned()))),
    })
}

/// Checks the rules of the grant at `key`. `None`: there are errors, and the grant must not be used without its rules.
pub(super) fn validate(
    raw: RawRules,
    key: &Key<'_>,
    actions: &[Action],
    braces: Braces,
) -> Option<(Option<EventFilter>, Option<EventMask>)> {
    let RawRules { rows, mask, mask_with } = raw;
    let where_key = key.key("where");
    if let Some(rows) = &rows {
        check_tenant(rows, &where_key, braces);
        if actions.iter().any(|action| action.implies(Action::Query)) {
            check_query(rows, &where_key);
        }
    }
    let mask_key = key.key("mask");
    if mask_with.is_some() && !mask_key.is_set() {
        key.key("mask_with").error("has no effect without `mask`: list the paths to mask, such as `[\"$.card\"]`");
    }
    let mask = match mask {
        Some(paths) => match FieldMask::new(&paths, mask_with.unwrap_or_default()) {
            Ok(fields) => Some(EventMask::new(fields)),
            Err(error) => {
                mask_key.error(format_args!("is too large: {error}"));
                None
            }
        },
        None => None,
    };
    let is_complete = (rows.is_some() || !where_key.is_set()) && (mask.is_some() || !mask_key.is_set());
    is_complete.then_some((rows, mask))
}

/// Checks the places of `{tenant}`.
fn check_tenant(rows: &EventFilter, key: &Key<'_>, braces: Braces) {
    let places = places(rows);
    if braces == Braces::Literal {
        if !places.is_empty() {
            key.error("has `{tenant}`, which is only replaced in [tenant_template]: write the tenant's id");
        }
        return;
    }
    for (place, _) in &places {
        match place {
            TenantPlace::Value(text) if pattern::overlaps(text) => key.warn(format_args!(
                "has `*` next to `{{tenant}}` in `{text}`: a tenant whose id begins or ends like another tenant's id may see that \
                 tenant's rows; put a `/` between them"
            )),
            TenantPlace::Value(_) => {}
            TenantPlace::Term => key.error(
                "has `{tenant}` in a term, which also matches inside of another tenant's id: compare a field, such as \
                 `{ $.tenant = \"{tenant}\" }`",
            ),
            TenantPlace::Regex => key.error("has `{tenant}` in a regular expression: compare with a text"),
            TenantPlace::Name => key.error("has `{tenant}` in the name of a field: only values are replaced"),
        }
    }
    if places.is_empty() {
        key.warn("has no `{tenant}`: every tenant without its own section may see the same rows");
    }
    let longest = TenantId::try_from("t".repeat(LONGEST_ID).as_str());
    if longest.is_ok_and(|longest| for_tenant(rows, &longest).is_none()) {
        key.error(format_args!("is too long for a tenant id of {LONGEST_ID} characters in the place of `{{tenant}}`"));
    }
}

/// Refuses a rule that queries cannot have, for sources of every kind, so that a grant can move from one to another.
fn check_query(rows: &EventFilter, key: &Key<'_>) {
    // Parsed again, so that positions are those of the canonical text.
    let Ok(pattern) = FilterPattern::parse(rows.pattern().as_str()) else { return };
    if let Err(error) = query_condition(&pattern) {
        let part = error.part.of(pattern.as_str());
        key.error(format_args!(
            "cannot be applied to queries: `{part}`: {}; change the rule, or remove `query` from `actions`",
            error.reason.text()
        ));
    }
}
