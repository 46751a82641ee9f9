//! The formats of the log groups of a report: configured, or recognised from lines that the caller may query.
//!
//! Lines are read by queries under the report's permit, from the newest hour, else the newest day, else the whole range: a query is
//! billed by the range that it scans. Without lines, or if a mask forbids to query whole messages, the format of the usage dashboard is
//! assumed.

use std::collections::HashMap;
use std::sync::Arc;

use logmark_access_log::{Format, recognise};
use logmark_event_rules::FieldMask;

use super::run::Computation;
use crate::domain::name::LogGroupName;
use crate::domain::query::operations::Row as Raw;
use crate::domain::rules::{EventMask, EventRules};
use crate::domain::time::Millis;
use crate::http::problem::ApiError;
use crate::reports::format::LogFormat;
use crate::reports::recognised::SeenGroup;
use crate::sources::SourceError;

/// Lines of all groups from which formats are recognised.
const SAMPLE: &str = "fields @log, @message | sort @timestamp desc | limit 200";
/// A line of each group that the sample does not have.
const LATEST: &str = "stats latest(@message) as line by @log";
/// The lengths of the ranges that are searched for lines, before the whole range.
const SEARCHED: [i64; 2] = [3_600_000, 24 * 3_600_000];

/// Groups of one format.
#[derive(Debug)]
pub(super) struct FormattedGroups {
    /// The format, without fields that a grant masks.
    pub(super) format: LogFormat,
    /// The groups, by their place in the operation.
    pub(super) groups: Vec<usize>,
}

/// The formats of a report's groups.
pub(super) async fn of(computation: &mut Computation<'_>) -> Result<Vec<FormattedGroups>, ApiError> {
    let permit = computation.permit;
    let names = permit.op().groups.clone();
    let seen: Vec<Option<SeenGroup>> = names.iter().map(|group| seen_group(computation, group)).collect();
    let known = &computation.run.app.recognised_formats;
    let configured = computation.run.app.configured_formats();
    let known = |(group, seen): (&LogGroupName, &Option<SeenGroup>)| configured.of(group).or_else(|| known.get(seen.as_ref()?));
    let mut formats: Vec<Option<Arc<Format>>> = names.iter().zip(&seen).map(known).collect();
    match search(computation, &names, &mut formats).await {
        Ok(()) => {}
        Err(ApiError::Source(SourceError::QueryMasked(_))) => {
            computation.note("your grant masks fields, so log lines were not examined: the usage dashboard's format is assumed");
        }
        Err(error) => return Err(error),
    }
    for (seen, format) in seen.into_iter().zip(&formats) {
        if let (Some(seen), Some(format)) = (seen, format)
            && configured.of(&seen.group).is_none()
        {
            computation.run.app.recognised_formats.insert(seen, Arc::clone(format));
        }
    }
    let assumed = LogFormat::assumed().ok_or_else(|| ApiError::Internal("the assumed log format does not compile".to_owned()))?;
    let rules: Vec<&EventRules> = permit.visibility().iter().filter_map(|visible| visible.rules.as_ref()).collect();
    let masks: Vec<&FieldMask> = rules.iter().flat_map(|rules| rules.masks()).map(EventMask::fields).collect();
    let mut found: Vec<(String, FormattedGroups)> = Vec::new();
    for (index, format) in formats.into_iter().enumerate() {
        let format = format.unwrap_or_else(|| Arc::clone(&assumed));
        // Formats are equal if they are read equally.
        let reading = format.query_prelude();
        match found.iter_mut().find(|(known, _)| *known == reading) {
            Some((_, same)) => same.groups.push(index),
            None => found.push((reading, FormattedGroups { format: LogFormat::new(format, &masks), groups: vec![index] })),
        }
    }
    Ok(found.into_iter().map(|(_, groups)| groups).collect())
}

fn seen_group(computation: &Computation<'_>, group: &LogGroupName) -> Option<SeenGroup> {
    let permit = computation.permit;
    let source = permit.sources().first()?.source.clone();
    Some(SeenGroup { tenant: permit.tenant().clone(), rules: permit.rules_fingerprint(), source, group: group.clone() })
}

/// Recognises the formats that are not known.
async fn search(
    computation: &mut Computation<'_>,
    names: &[LogGroupName],
    formats: &mut [Option<Arc<Format>>],
) -> Result<(), ApiError> {
    let (start, end) = (computation.request.start, computation.request.end);
    let starts = SEARCHED.into_iter().map(|length| Millis(end.0 - length)).filter(|begin| *begin > start).chain([start]);
    let mut is_open: Vec<bool> = formats.iter().map(Option::is_none).collect();
    for begin in starts {
        if !is_open.contains(&true) {
            return Ok(());
        }
        let rows = computation.examine(SAMPLE, (begin, end), &is_open).await?;
        recognise_all(computation, &lines_by_group(&rows, "@message"), names, (formats, &mut is_open));
    }
    if is_open.contains(&true) && names.len() > 1 {
        let rows = computation.examine(LATEST, (start, end), &is_open).await?;
        recognise_all(computation, &lines_by_group(&rows, "line"), names, (formats, &mut is_open));
    }
    Ok(())
}

/// The lines of each group. `@log` is an account and the group's name.
fn lines_by_group<'r>(rows: &'r [Raw], column: &str) -> HashMap<&'r str, Vec<&'r str>> {
    let mut lines: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in rows {
        let value = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if let (Some(log), Some(line)) = (value("@log"), value(column)) {
            lines.entry(log.rsplit(':').next().unwrap_or(log)).or_default().push(line);
        }
    }
    lines
}

/// Closes the groups that have lines. A group whose lines have no known format stays without one.
fn recognise_all(
    computation: &mut Computation<'_>,
    lines: &HashMap<&str, Vec<&str>>,
    names: &[LogGroupName],
    (formats, is_open): (&mut [Option<Arc<Format>>], &mut [bool]),
) {
    for ((name, format), is_open) in names.iter().zip(formats).zip(is_open) {
        let Some(lines) = lines.get(name.as_str()).filter(|_| *is_open) else { continue };
        *is_open = false;
        *format = recognise(lines.iter().copied()).map(Arc::new);
        if format.is_none() {
            computation
                .note(&format!("the format of the lines of `{name}` is not known: the usage dashboard's format is assumed"));
        }
    }
}
