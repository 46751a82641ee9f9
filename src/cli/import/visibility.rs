//! Warns of an import that no tenant would see.

use super::ImportTarget;
use crate::auth::tenant::Grant;
use crate::cli::note;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::pattern::Pattern;

/// Warns when no tenant of the configuration may read the group, or the stream in it.
pub(super) fn warn(import_target: &ImportTarget, group: &LogGroupName, stream: &LogStreamName) {
    let Some((config, source)) = &import_target.config else { return };
    let named = config.tenants.named.values().flat_map(|tenant| &tenant.grants).map(|grant| (grant, false));
    let template = config.tenants.template.iter().flat_map(|template| &template.grants).map(|grant| (grant, true));
    let of_source: Vec<_> = named.chain(template).filter(|(grant, _)| grant.source == *source).collect();
    let covers = |pattern: &Pattern, is_template: bool, name: &str| {
        if is_template { template_matches(pattern, name) } else { pattern.matches(name) }
    };
    let covers_group =
        |(grant, is_template): &&(&Grant, bool)| grant.groups.iter().any(|pattern| covers(pattern, *is_template, group.as_str()));
    let covers_stream = |(grant, is_template): &&(&Grant, bool)| {
        let of_stream = |pattern: &Pattern| covers(pattern, *is_template, stream.as_str());
        grant.streams.as_ref().is_none_or(|patterns| patterns.iter().any(of_stream))
    };
    let of_group: Vec<_> = of_source.iter().filter(covers_group).copied().collect();
    if of_group.is_empty() {
        note(format_args!(
            "warning: no tenant may see {group}: no grant of the configuration covers it (see `tenants.<id>.grants`)"
        ));
    } else if !of_group.iter().any(|grant| covers_stream(&grant)) {
        note(format_args!(
            "warning: no tenant may see the stream {stream} of {group}: every grant is limited to other `streams`"
        ));
    }
}

/// Could the template's pattern match the name for some tenant? An id has no `*` and at least one character, and is the same in
/// each place; the latter is not tried, so the answer may be yes too often.
fn template_matches(pattern: &Pattern, name: &str) -> bool {
    let wide = pattern.as_str().replace("{tenant}", "*");
    Pattern::try_from(wide.as_str()).is_ok_and(|pattern| pattern.matches(name))
}
