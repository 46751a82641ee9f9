//! The filter pattern of a FilterLogEvents call for a caller with row rules.
//!
//! INVARIANT: the caller's filter is never evaluated on events or fields that the rules hide. If it were, the number of pages, their ends
//! and their tokens would reveal the contents of hidden events. So the call has the rule, and the caller's filter only together with the
//! rule. Logmark applies the rest to the response.

use logmark_filter_pattern::and;
use logmark_filter_pattern::ast::Pattern;

use super::position::fingerprint;
use crate::auth::permit::Permit;
use crate::domain::filter::EventFilter;
use crate::domain::operation::{Operation, ReadGroup};
use crate::domain::rules::{Clause, EventRules};
use crate::sources::SourceError;

/// The filter of a group's events.
#[derive(Debug, Clone)]
pub(super) struct GroupFilter<'a> {
    /// `filterPattern` of the call.
    pub(super) upstream: Option<String>,
    /// Whether that pattern has all row rules, so that most events of a response are visible.
    pub(super) upstream_has_rules: bool,
    /// The rules to apply to the response.
    pub(super) rules: Option<&'a EventRules>,
    /// The filter of the caller, to apply to the response with the rules.
    pub(super) of_caller: Option<&'a EventFilter>,
}

impl<'a> GroupFilter<'a> {
    /// # Errors
    /// As [`check_whole_message`].
    pub(super) fn of(permit: &'a Permit<ReadGroup>) -> Result<Self, SourceError> {
        let of_caller = permit.op().filter.as_ref();
        let Some(rules) = permit.rules() else {
            let upstream = of_caller.map(ToString::to_string);
            return Ok(Self { upstream, upstream_has_rules: true, rules: None, of_caller });
        };
        check_whole_message(permit)?;
        let (upstream, upstream_has_rules) = match rules.clauses() {
            [Clause { rows: Some(rows), .. }] => (Some(combined(rows, of_caller)), true),
            [Clause { rows: None, .. }] => (of_caller.map(ToString::to_string), true),
            // A pattern that one of several clauses requires would remove what the others admit.
            _ if rules.limits_rows() => (None, false),
            // Without row rules every event of these streams is visible, so the filter may be evaluated on it.
            _ => (of_caller.map(ToString::to_string), true),
        };
        Ok(Self { upstream, upstream_has_rules, rules: Some(rules), of_caller })
    }

    /// The fingerprint of the call's streams and of its pattern. A token is only used for the same call.
    pub(super) fn fingerprint(&self, of_streams: u64) -> u64 {
        match (&self.rules, &self.upstream) {
            (Some(_), Some(pattern)) => fingerprint([of_streams.to_string().as_str(), pattern]),
            (Some(_), None) | (None, _) => of_streams,
        }
    }
}

/// The rule together with the caller's filter, if one pattern can have both; else the rule.
fn combined(rows: &EventFilter, of_caller: Option<&EventFilter>) -> String {
    let both = of_caller.and_then(|filter| and(rows.pattern(), filter.pattern()).ok());
    both.unwrap_or_else(|| rows.pattern().clone()).to_string()
}

/// Refuses a filter that searches whole messages under a mask: CloudWatch would search the masked values too.
///
/// # Errors
/// [`SourceError::QueryForbidden`].
pub(super) fn check_whole_message<Op: Operation>(permit: &Permit<Op>) -> Result<(), SourceError> {
    let Some(mask) = permit.rules().and_then(|rules| rules.masks().next()) else { return Ok(()) };
    let reads_whole = |filter: &EventFilter| !matches!(filter.pattern().ast(), Pattern::Json(_));
    if !permit.op().filter().is_some_and(reads_whole) {
        return Ok(());
    }
    let path = mask.fields().paths().first().map(ToString::to_string).unwrap_or_default();
    Err(SourceError::QueryForbidden(format!(
        "The filter searches whole messages, and your grant masks fields such as `{path}` in them. Use a JSON condition on other \
         fields, such as `{{ $.level = \"error\" }}`."
    )))
}
