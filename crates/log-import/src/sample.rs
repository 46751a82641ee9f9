//! Detects a file's format from its first lines.
//!
//! See also: `profile` for the rules.

use crate::civil::{Date, Kind, Shape};
use crate::fields;
use crate::place::{self, Place};
use crate::profile::{Format, Profile, Source, chosen_anywhere};

/// A time format in the first lines.
struct Seen {
    source: Source,
    shape: Shape,
    lines: u64,
}

/// Completes a profile that has the caller's choices.
pub(crate) fn recognise<'a>(profile: Profile, lines: impl Iterator<Item = &'a [u8]> + Clone) -> Profile {
    if profile.chosen.is_some() {
        return with_chosen(profile, lines);
    }
    let mut known: Vec<Seen> = Vec::new();
    let mut elsewhere: Vec<Seen> = Vec::new();
    let mut flow = None;
    for (index, line) in lines.enumerate() {
        if index == 0
            && let Some(column) = flow_header(line)
        {
            flow = Some(column);
        }
        match candidate(&profile, line, known.is_empty() && elsewhere.is_empty()) {
            Some((source, shape, true)) => add(&mut known, source, shape),
            Some((source, shape, false)) => add(&mut elsewhere, source, shape),
            None => {}
        }
    }
    if let Some(index) = flow {
        let source = Source::Text(Place::Column { index, lead: Vec::new() });
        return with_primary(profile, vec![Seen { source, shape: Shape::of(Kind::Count), lines: 1 }]);
    }
    elsewhere.sort_by_key(|seen| std::cmp::Reverse(seen.lines));
    elsewhere.truncate(1);
    let of_known: u64 = known.iter().map(|seen| seen.lines).sum();
    let prefers_elsewhere = elsewhere.first().is_some_and(|seen| seen.lines > 2 * of_known);
    let ranked = if prefers_elsewhere { elsewhere.into_iter().chain(known).collect() } else { known };
    with_primary(profile, ranked)
}

/// The line's candidate, and whether its position is known.
fn candidate(profile: &Profile, line: &[u8], is_first: bool) -> Option<(Source, Shape, bool)> {
    let record = records(profile, line).and_then(|records| records.first().copied()).unwrap_or(line);
    if record.first() == Some(&b'{')
        && let Some(own) = profile.record(record)
    {
        return Some((Source::Json(own.key.to_vec()), own.stamp.shape, true));
    }
    if is_record(line) {
        return None;
    }
    if place::is_continuation(line) {
        // Consul and other programs indent every line.
        let stamp = place::at_start(line.trim_ascii_start()).filter(|_| is_first)?;
        return Some((Source::Text(Place::Indented), stamp.shape, true));
    }
    let is_known = place::known(line);
    let is_count = |shape: Shape| shape.kind == Kind::Count;
    match is_known {
        // A count after other times cannot become the file's format, because it may be an id.
        Some(found) if !is_count(found.stamp.shape) || is_first => Some((Source::Text(found.place), found.stamp.shape, true)),
        Some(_) => None,
        None => place::anywhere(line).map(|found| (Source::Text(found.place), found.stamp.shape, false)),
    }
}

/// In a complete JSON record, a date in one of its values is not its time.
fn is_record(line: &[u8]) -> bool {
    crate::json::Members::of(line).is_some_and(|mut members| members.by_ref().count() > 0 && members.is_complete())
}

fn add(all: &mut Vec<Seen>, source: Source, shape: Shape) {
    const MOST_FORMS: usize = 16;
    let is_record = matches!(source, Source::Json(_));
    match all.iter().position(|seen| seen.source == source && (is_record || seen.shape.is_variant_of(shape))) {
        Some(index) => all[index].lines += 1,
        None if all.len() < MOST_FORMS => all.push(Seen { source, shape, lines: 1 }),
        None => {}
    }
}

/// The first becomes the file's own format.
fn with_primary(profile: Profile, ranked: Vec<Seen>) -> Profile {
    let first = ranked.first().map_or(0, |seen| seen.lines);
    let formats: Vec<Format> = ranked
        .into_iter()
        .map(|seen| Format { source: seen.source, shape: seen.shape, lines: 0, is_trusted: seen.lines * 10 >= first })
        .collect();
    let primary = (!formats.is_empty()).then_some(0);
    Profile { formats, primary, ..profile }
}

fn with_chosen<'a>(profile: Profile, lines: impl Iterator<Item = &'a [u8]> + Clone) -> Profile {
    let place = lines.clone().find_map(|line| {
        let format = profile.chosen.as_ref()?;
        let opening = place::opening(line);
        if format.at(line).is_some() || format.at(&line[opening..]).is_some() {
            return Some(Place::Start);
        }
        if place::is_continuation(line) {
            return format.at(line.trim_ascii_start()).map(|_| Place::Indented);
        }
        chosen_anywhere(line, format).map(|(index, _)| Place::Column { index, lead: Vec::new() })
    });
    let place = place.unwrap_or(Place::Column { index: 0, lead: Vec::new() });
    let format = Format { source: Source::Text(place), shape: Shape::of(Kind::Chosen), lines: 0, is_trusted: true };
    Profile { formats: vec![format], primary: Some(0), ..profile }
}

/// The column of `start` by the header of VPC flow records.
fn flow_header(line: &[u8]) -> Option<usize> {
    let names: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let is_name = |name: &&[u8]| !name.is_empty() && name.iter().all(|byte| byte.is_ascii_lowercase() || b"-".contains(byte));
    let has = |wanted: &[u8]| names.contains(&wanted);
    let is_header = names.iter().all(is_name) && has(b"end") && (has(b"srcaddr") || has(b"interface-id") || has(b"action"));
    is_header.then(|| names.iter().position(|name| *name == b"start")).flatten()
}

/// A table header or a comment, which belongs to the records after it.
pub(crate) fn is_heading(line: &[u8], is_first: bool) -> bool {
    if line.first() == Some(&b'#') {
        return true;
    }
    let separators = line.iter().filter(|byte| b",;\t".contains(byte)).count();
    let is_table = separators >= 2 && !line.iter().any(u8::is_ascii_digit) && !line.first().is_some_and(u8::is_ascii_whitespace);
    is_first && (is_table || flow_header(line).is_some())
}

/// Whether the whole file must be surveyed before its times can be determined.
pub(crate) fn needs_survey(profile: &Profile, lines: impl Iterator<Item = impl AsRef<[u8]>>) -> bool {
    let mut lines = lines;
    lines.any(|line| {
        let stamp = profile.primary_stamp(line.as_ref());
        stamp.is_some_and(|stamp| matches!(stamp.date, Date::NoYear { .. } | Date::Numeric(_)))
    })
}

/// The wrapped records of a line: the elements of a one-line array, or of `{"Records":[…]}`, if each has its own time.
///
/// In a text file such a line belongs to the previous event.
pub(crate) fn records<'a>(profile: &Profile, line: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    profile.is_of_records().then_some(())?;
    let array = match line.first()? {
        b'[' if line.get(crate::json::white(line, 1)) == Some(&b'{') => line.trim_ascii_end(),
        b'{' if crate::array::wraps(line) && fields::own(line).is_none() => {
            let mut members = crate::json::Members::of(line)?;
            members.find(|(key, _)| crate::array::RECORD_KEYS.iter().any(|known| known.as_bytes() == *key))?.1
        }
        _ => return None,
    };
    let elements = crate::json::elements(array)?;
    let all_timed = !elements.is_empty() && elements.iter().all(|element| profile.record(element).is_some());
    all_timed.then_some(elements)
}
