//! Row rules and masks, applied to the events of a page.
//!
//! Every source calls [`apply`] before it computes an end or a position, because both are shown to the caller. Response caches and
//! single flight lie before it: they are keyed by the call, and hold what the source returned.

use logmark_event_page::{Edit, EventRef, Events};
use logmark_event_rules::FieldMask;
use logmark_quota::{Rejected, Reservation};

use super::SourceError;
use super::page_pool::memory_error;
use crate::auth::permit::Permit;
use crate::domain::filter::EventFilter;
use crate::domain::operation::{ListStreams, StreamOrder};
use crate::domain::query::masked::{MaskedInput, refused_parts};
use crate::domain::query::operations::StartQuery;
use crate::domain::rules::{EventMask, EventRules, EventView};

/// Removes what the rules hide and what the caller's filter does not match, and replaces masked messages. The filter sees messages as
/// they are shown. A message that cannot be masked is withheld: it keeps its place until [`Events::take_withheld`], so that positions
/// count it once. With a filter it is removed, because it matches nothing.
pub(super) fn apply(events: &mut Events, rules: &EventRules, filter: Option<&EventFilter>) {
    if rules.masks_fields() {
        events.edit(|event| edit_of(event, rules, filter));
    } else {
        events.retain(|event| {
            let message = event.message();
            rules.admits(&event.stream(), &message) && filter.is_none_or(|filter| filter.matches(&message))
        });
    }
}

fn edit_of(event: EventRef<'_>, rules: &EventRules, filter: Option<&EventFilter>) -> Edit {
    let message = event.message();
    let view = rules.view(&event.stream(), &message);
    if filter.is_some_and(|filter| !view.matches(filter, &message)) {
        return Edit::Remove;
    }
    match view {
        EventView::Unchanged => Edit::Keep,
        EventView::Masked(masked) => Edit::Replace(masked),
        EventView::Withheld => Edit::Withhold,
        EventView::Hidden => Edit::Remove,
    }
}

/// Extends the reservation of a page to its masked copy, which may be longer than the messages that it replaces.
///
/// # Errors
/// [`SourceError::NoMemory`] if that memory is not free now.
pub(super) fn reserve_copy(memory: &mut Option<Reservation>, events: &Events) -> Result<(), SourceError> {
    let Some(memory) = memory else { return Ok(()) };
    let bytes = memory.bytes().max(events.heap_bytes() as u64);
    if memory.resize(bytes) { Ok(()) } else { Err(memory_error(Rejected::TenantLimit)) }
}

/// Refuses a list of streams by their last events if a row rule hides events: the order would tell when hidden events arrived.
///
/// # Errors
/// [`SourceError::Unsupported`].
pub(super) fn check_order(permit: &Permit<ListStreams>) -> Result<(), SourceError> {
    let by_event = permit.op().order == StreamOrder::LastEvent;
    if by_event && permit.rules().is_some_and(EventRules::limits_rows) {
        let detail =
            "cannot be `lastEvent` here: a row rule limits what you may see of this log group; list its log streams by name";
        return Err(SourceError::Unsupported { parameter: "orderBy", detail });
    }
    Ok(())
}

/// Refuses a query that uses masked fields, or whole messages before they are masked.
///
/// # Errors
/// [`SourceError::QueryMasked`].
pub(super) fn check_masks(permit: &Permit<StartQuery>, input: MaskedInput) -> Result<(), SourceError> {
    let rules = permit.visibility().iter().filter_map(|visible| visible.rules.as_ref());
    let masks: Vec<&FieldMask> = rules.flat_map(EventRules::masks).map(EventMask::fields).collect();
    let refused = refused_parts(&permit.op().query, &masks, input);
    if refused.is_empty() { Ok(()) } else { Err(SourceError::QueryMasked(refused)) }
}
