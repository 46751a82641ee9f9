//! The format of lines without a template.

use crate::compile;
use crate::field::Field;
use crate::format::Format;
use crate::json_keys;
use crate::known::Known;
use crate::line::{Line, is_execution};
use crate::record::Record;
use crate::web;

/// The greatest number of lines that are looked at.
const MOST_LINES: usize = 1_000;

/// The format that more than half of the lines have. Lines of execution logs, comments and empty lines do not count.
///
/// ```
/// let line = r#"203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET /pets HTTP/1.1" 200 17"#;
/// let format = logmark_access_log::recognise([line]).unwrap();
/// assert_eq!(format.name(), "apache-common");
/// assert!(logmark_access_log::recognise(["hello", "world"]).is_none());
/// ```
#[must_use]
pub fn recognise<'l>(lines: impl IntoIterator<Item = &'l str>) -> Option<Format> {
    let all: Vec<&str> = lines.into_iter().take(MOST_LINES).collect();
    let columns = all.iter().rev().find_map(|line| line.strip_prefix("#Fields:"));
    let counted = |line: &&&str| !line.trim().is_empty() && !line.starts_with('#') && !is_execution(line);
    let lines: Vec<&str> = all.iter().filter(counted).copied().collect();
    if let Some(format) = columns.map(web::cloudfront).filter(|format| format.has(Field::Status) && is_majority(format, &lines)) {
        return Some(format);
    }
    let candidates = Known::ALL.iter().filter_map(|known| known.format()).filter(|format| !format.is_json());
    let counted = candidates.map(|format| (count(format, &lines), format));
    // The first of equal ones: the preferred formats are in front.
    let best = counted.rev().max_by_key(|(count, _)| *count);
    if let Some((count, format)) = best
        && count * 2 > lines.len()
    {
        return Some(format.clone());
    }
    json(&lines)
}

/// JSON lines: a known format with the same keys, or one that is made of the keys.
fn json(lines: &[&str]) -> Option<Format> {
    let keys = json_keys::Keys::of(lines);
    let known = Known::ALL.iter().filter_map(|known| known.format()).find(|format| keys.are_those_of(format));
    let format = known.cloned().or_else(|| Some(compile::json_keys(&keys.variables()?)))?;
    is_majority(&format, lines).then_some(format)
}

fn is_majority(format: &Format, lines: &[&str]) -> bool {
    count(format, lines) * 2 > lines.len()
}

/// The number of lines that are access lines with plausible values.
fn count(format: &Format, lines: &[&str]) -> usize {
    lines.iter().filter(|line| matches!(format.parse(line), Line::Access(record) if is_plausible(&record))).count()
}

/// Whether paths look like paths: a word of another format may be in their place.
fn is_plausible(record: &Record<'_, '_>) -> bool {
    let is_path = |text: &str| text.starts_with(['/', '(']) || text == "*" || text.contains("://");
    let paths = [Field::Path, Field::ResourcePath].into_iter().filter_map(|field| record.text(field)).all(|text| is_path(&text));
    // `GET /pets`, `$default`: a word alone is a method or an event of another format.
    let route =
        record.text(Field::RouteKey).is_none_or(|route| route.contains([' ', '$']) || record.text(Field::EventType).is_some());
    let event = record.text(Field::EventType).is_none_or(|event| ["CONNECT", "MESSAGE", "DISCONNECT"].contains(&&*event));
    paths
        && route
        && event
        && (record.time().is_some() || record.text(Field::RequestTime).is_none_or(|time| time.contains(['X', 'x'])))
}
