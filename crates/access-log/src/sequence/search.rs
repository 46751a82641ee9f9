//! The only way to read a part of a line, if there is one.
//!
//! From right to left it finds, for each gap, the places where the gap may begin so that everything behind it fits. From left
//! to right it then takes the shortest values, and again the longest. These are the first and the last of all readings in the
//! order of their places, so if both are equal, the reading is unique. Time and memory are linear in gaps times bytes.

use super::{Extent, Gap, Place};

/// The greatest number of places that are tried, gaps times bytes. A longer line is not read.
const MOST_PLACES: usize = 1 << 22;

/// For one gap: the next place at or behind each place where it may end; `NOWHERE` for a gap that cannot end.
type Ends = Vec<u32>;

const NOWHERE: u32 = u32::MAX;

/// The places of the values in `region`, which starts at `begin` of the line; `None` without or with several readings.
pub(super) fn only_way(gaps: &[Gap], region: &str, begin: usize, places: &mut [Place]) -> Option<()> {
    if gaps.len().saturating_mul(region.len()) > MOST_PLACES {
        return None;
    }
    let ends = all_ends(gaps, region)?;
    let shortest = reading(gaps, &ends, region, false)?;
    let longest = reading(gaps, &ends, region, true)?;
    if shortest != longest {
        return None;
    }
    for (gap, (start, end)) in gaps.iter().zip(shortest) {
        *places.get_mut(gap.slot)? = Some((begin + start, begin + end));
    }
    Some(())
}

/// The possible ends of each gap.
fn all_ends(gaps: &[Gap], region: &str) -> Option<Vec<Ends>> {
    let length = region.len();
    let mut ends = vec![Vec::new(); gaps.len()];
    // Where the gap behind the current one may begin.
    let mut begins = vec![false; length + 1];
    for (index, gap) in gaps.iter().enumerate().rev() {
        let is_last = index + 1 == gaps.len();
        let literal = if is_last { "" } else { &*gap.after };
        let fits = |at: usize| {
            let behind = at + literal.len();
            let is_possible = if is_last { at == length } else { begins.get(behind).copied().unwrap_or_default() };
            is_possible && region.is_char_boundary(at) && region.as_bytes().get(at..behind) == Some(literal.as_bytes())
        };
        let mut next = vec![NOWHERE; length + 1];
        let mut nearest = NOWHERE;
        for at in (0..=length).rev() {
            if fits(at) {
                nearest = u32::try_from(at).ok()?;
            }
            *next.get_mut(at)? = nearest;
        }
        begins = possible_begins(gap, region, &next)?;
        *ends.get_mut(index)? = next;
    }
    Some(ends)
}

/// The places where a gap may begin, from the places where it may end.
fn possible_begins(gap: &Gap, region: &str, next: &Ends) -> Option<Vec<bool>> {
    let Extent::Class(class) = &gap.extent else { return None };
    let bytes = region.as_bytes();
    let mut begins = vec![false; bytes.len() + 1];
    let mut run_end = bytes.len();
    for at in (0..=bytes.len()).rev() {
        if bytes.get(at).is_some_and(|byte| !class.has(*byte)) {
            run_end = at;
        }
        let end = next.get(at.saturating_add(class.least)).copied().unwrap_or(NOWHERE);
        let furthest = run_end.min(at.saturating_add(class.most));
        *begins.get_mut(at)? = region.is_char_boundary(at) && usize::try_from(end).is_ok_and(|end| end <= furthest);
    }
    Some(begins)
}

/// The reading with the shortest or the longest values, from the left.
fn reading(gaps: &[Gap], ends: &[Ends], region: &str, is_longest: bool) -> Option<Vec<(usize, usize)>> {
    let mut places = Vec::with_capacity(gaps.len());
    let mut at = 0;
    for (gap, next) in gaps.iter().zip(ends) {
        let Extent::Class(class) = &gap.extent else { return None };
        let run = class.run(region.as_bytes().get(at..)?);
        let (least, furthest) = (at.saturating_add(class.least), at + run.min(class.most));
        let nearest = usize::try_from(*next.get(least)?).ok().filter(|end| *end <= furthest)?;
        let is_end = |end: &usize| next.get(*end).is_some_and(|found| usize::try_from(*found) == Ok(*end));
        let end = if is_longest { (nearest..=furthest).rev().find(is_end)? } else { nearest };
        places.push((at, end));
        at = end + gap.after.len();
    }
    Some(places)
}
