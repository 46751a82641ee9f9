//! Proves the chains of audit lines, line by line, in constant memory.
//!
//! Owns what counts as a fault: a line that was changed, removed, inserted or moved, or whose `mac` is wrong. Lines of several chains may
//! be mixed. What it cannot prove: lines cut from the end of a chain, unless its last hash (the head) is known; and a chain that someone
//! with write access has computed again from a line on, unless its lines have a `mac`.

mod fault;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::Deserialize;

pub use fault::{ChainSummary, Fault, Place, Verdict};

use super::chain::{LineHash, MacKey, VERSION, parse_hex};

/// Distinguishable chains. A replica that writes to standard output has one for each start.
const MAX_CHAINS: usize = 100_000;
/// Faults, gaps and unreadable lines that are kept. More are counted.
const MAX_KEPT: usize = 1000;

/// The members of a line that matter here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ParsedLine<'a> {
    version: u64,
    #[serde(borrow)]
    chain: Cow<'a, str>,
    seq: u64,
    #[serde(borrow)]
    previous_hash: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    torn_hash: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    mac: Option<Cow<'a, str>>,
}

/// The chain and the number of the line, for the order of files. `None`: not an audit line.
#[must_use]
pub fn position(line: &[u8]) -> Option<(String, u64)> {
    let parsed: ParsedLine<'_> = serde_json::from_slice(line).ok()?;
    Some((parsed.chain.into_owned(), parsed.seq))
}

/// A line of a chain.
#[derive(Debug, Clone)]
struct Seen {
    place: Place,
    seq: u64,
    hash: LineHash,
}

/// What was read of a chain.
#[derive(Debug)]
struct ChainState {
    last: Seen,
    /// The line before the last one.
    before: Option<Seen>,
    /// Another line with the number of the last one. The next line says which belongs to the chain.
    rival: Option<Seen>,
    /// Numbers that were skipped, with the lines before which they were.
    gaps: Vec<(Range<u64>, Place)>,
    summary: ChainSummary,
}

/// What to check besides the chains.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The key of the lines' `mac`.
    pub key: Option<MacKey>,
    /// Hashes of lines that must be there.
    pub heads: Vec<LineHash>,
    /// Whether the lines are part of a mixed output: lines that are not audit lines are skipped, and a chain may begin anywhere.
    pub is_mixed: bool,
}

/// Proves lines in the order in which they are given.
#[derive(Debug)]
pub struct Verifier {
    options: Options,
    chains: HashMap<String, ChainState>,
    /// Lines that are not audit lines, until the next audit line identifies them.
    unreadable: Vec<(Place, LineHash)>,
    faults: BTreeMap<(Place, usize), Fault>,
    fault_count: u64,
    lines: u64,
    skipped: u64,
    unchecked_macs: u64,
    missing_heads: Vec<LineHash>,
}

impl Verifier {
    /// A verifier that has read nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let missing_heads = options.heads.clone();
        Self {
            options,
            chains: HashMap::new(),
            unreadable: Vec::new(),
            faults: BTreeMap::new(),
            fault_count: 0,
            lines: 0,
            skipped: 0,
            unchecked_macs: 0,
            missing_heads,
        }
    }

    /// Faults so far, for the progress.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.fault_count
    }

    /// Reads the next line, without its line feed.
    pub fn line(&mut self, place: &Place, line: &[u8]) {
        self.lines += 1;
        let hash = LineHash::of(line);
        let parsed = serde_json::from_slice::<ParsedLine<'_>>(line).ok();
        let linked = parsed.and_then(|parsed| Some((LineHash::parse(&parsed.previous_hash)?, parsed)));
        let Some((previous, parsed)) = linked.filter(|(_, parsed)| parsed.version == VERSION) else {
            return self.other_line(place, hash);
        };
        self.missing_heads.retain(|head| *head != hash);
        self.check_mac(place, line, parsed.mac.as_deref());
        let torn = parsed.torn_hash.as_deref().and_then(LineHash::parse);
        let seen = Seen { place: place.clone(), seq: parsed.seq, hash };
        match self.chains.remove(&*parsed.chain) {
            None => self.first_of_chain(&parsed, seen, previous, torn),
            Some(mut state) => {
                let unreadable = self.take_unreadable(torn, &mut state.summary);
                self.next_of_chain(&mut state, &parsed, seen, previous, unreadable);
                self.chains.insert(parsed.chain.into_owned(), state);
            }
        }
    }

    /// A line that is not an audit line. If the next one shows that it was one, it was changed.
    fn other_line(&mut self, place: &Place, hash: LineHash) {
        if self.options.is_mixed {
            self.skipped += 1;
        } else if self.unreadable.len() < MAX_KEPT {
            self.unreadable.push((place.clone(), hash));
        } else {
            self.fault(place.clone(), Fault::Foreign);
        }
    }

    fn check_mac(&mut self, place: &Place, line: &[u8], mac: Option<&str>) {
        let Some(key) = &self.options.key else {
            self.unchecked_macs += u64::from(mac.is_some());
            return;
        };
        let fault = match mac.map(parse_hex) {
            None => Some("missing"),
            Some(None) => Some("malformed"),
            Some(Some(mac)) => {
                // The writer puts it at the end: `,"mac":"…64 digits…"}`.
                let signed = line.len().checked_sub(r#","mac":""}"#.len() + 64).and_then(|end| line.split_at_checked(end));
                let is_genuine =
                    signed.is_some_and(|(signed, rest)| rest.starts_with(br#","mac":""#) && key.verifies(signed, &mac));
                (!is_genuine).then_some("wrong")
            }
        };
        if let Some(fault) = fault {
            self.fault(place.clone(), Fault::Mac(fault));
        }
    }

    /// The unreadable lines before this one, without a line that a killed process left.
    fn take_unreadable(&mut self, torn: Option<LineHash>, summary: &mut ChainSummary) -> Vec<(Place, LineHash)> {
        let mut unreadable = std::mem::take(&mut self.unreadable);
        if let (Some(torn), Some((_, last))) = (torn, unreadable.last())
            && torn == *last
        {
            unreadable.pop();
            summary.torn_lines += 1;
        }
        unreadable
    }

    fn first_of_chain(&mut self, parsed: &ParsedLine<'_>, seen: Seen, previous: LineHash, torn: Option<LineHash>) {
        let chain = parsed.chain.clone().into_owned();
        let mut summary = ChainSummary {
            chain: chain.clone(),
            lines: 1,
            first_seq: parsed.seq,
            first_time: parsed.time.clone().into_owned(),
            last_seq: parsed.seq,
            last_time: String::new(),
            head: String::new(),
            unclean_ends: 0,
            ends_with_stop: false,
            torn_lines: 0,
        };
        for (place, _) in self.take_unreadable(torn, &mut summary) {
            self.fault(place, Fault::Foreign);
        }
        if self.chains.len() >= MAX_CHAINS {
            return self.fault(seen.place, Fault::TooManyChains);
        }
        if parsed.seq == 0 && previous != LineHash::NONE {
            self.fault(seen.place.clone(), Fault::FirstChanged { chain: chain.clone() });
        } else if parsed.seq > 0 && seen.place.line > 1 && !self.options.is_mixed {
            self.fault(seen.place.clone(), Fault::BeginMissing { chain: chain.clone(), seq: parsed.seq });
        }
        summary.follow(parsed, seen.hash);
        self.chains.insert(chain, ChainState { last: seen, before: None, rival: None, gaps: Vec::new(), summary });
    }

    fn next_of_chain(
        &mut self,
        state: &mut ChainState,
        parsed: &ParsedLine<'_>,
        seen: Seen,
        previous: LineHash,
        unreadable: Vec<(Place, LineHash)>,
    ) {
        let chain = || state.summary.chain.clone();
        let (last, skipped) = (state.last.clone(), seen.seq.checked_sub(state.last.seq).and_then(|more| more.checked_sub(1)));
        // As many unreadable lines as numbers are missing: they were lines of this chain.
        let were_lines = skipped == Some(unreadable.len() as u64) && !unreadable.is_empty();
        for (place, _) in unreadable {
            let fault = if were_lines { Fault::Changed { chain: chain() } } else { Fault::Foreign };
            self.fault(place, fault);
        }
        state.summary.lines += 1;
        match skipped {
            Some(0) => {
                let rival = state.rival.take();
                if let Some(rival) = rival {
                    // Two lines had this number. The one that this line names is the genuine one.
                    let forged = if previous == rival.hash { last } else { rival };
                    self.fault(forged.place, Fault::Inserted { chain: chain(), seq: forged.seq });
                } else if previous != last.hash {
                    self.fault(last.place, Fault::Changed { chain: chain() });
                }
            }
            Some(_) if were_lines => {}
            Some(_) => {
                if state.gaps.len() < MAX_KEPT {
                    state.gaps.push((last.seq + 1..seen.seq, seen.place.clone()));
                } else {
                    self.fault_count += 1;
                }
            }
            None => return self.earlier_number(state, parsed, seen, previous),
        }
        state.rival = None;
        state.before = Some(std::mem::replace(&mut state.last, seen));
        state.summary.follow(parsed, state.last.hash);
    }

    /// A line with a number that is not above the one before it.
    fn earlier_number(&mut self, state: &mut ChainState, parsed: &ParsedLine<'_>, seen: Seen, previous: LineHash) {
        let (chain, last) = (state.summary.chain.clone(), state.last.clone());
        let before = state.before.as_ref();
        if seen.seq == last.seq && before.is_some_and(|before| before.hash == previous) {
            // Both fit the line before. The next line shows which of them belongs to the chain.
            state.rival = Some(std::mem::replace(&mut state.last, seen));
            state.summary.follow(parsed, state.last.hash);
        } else if before.is_some_and(|before| seen.seq.checked_sub(2) == Some(before.seq) && last.seq > seen.seq) {
            // The line before has a number that was changed, too.
            state.gaps.retain(|(_, place)| *place != last.place);
            self.fault(last.place, Fault::Changed { chain });
            state.before = Some(std::mem::replace(&mut state.last, seen));
            state.summary.follow(parsed, state.last.hash);
        } else if let Some(index) = state.gaps.iter().position(|(gap, _)| gap.contains(&seen.seq)) {
            let (gap, place) = state.gaps.swap_remove(index);
            let parts = [gap.start..seen.seq, seen.seq + 1..gap.end];
            state.gaps.extend(parts.into_iter().filter(|part| !part.is_empty()).map(|part| (part, place.clone())));
            self.fault(seen.place, Fault::Moved { chain, seq: seen.seq, after: last.seq });
        } else {
            self.fault(seen.place, Fault::Inserted { chain, seq: seen.seq });
        }
    }

    fn fault(&mut self, place: Place, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < MAX_KEPT {
            self.faults.insert((place, self.faults.len()), fault);
        }
    }

    /// The result, after the last line.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        for (place, _) in std::mem::take(&mut self.unreadable) {
            self.fault(place, Fault::Foreign);
        }
        let mut chains = Vec::new();
        for (chain, state) in std::mem::take(&mut self.chains) {
            for (gap, place) in state.gaps {
                let count = gap.end - gap.start;
                self.fault(place, Fault::Removed { chain: chain.clone(), from: gap.start, to: gap.end - 1, count });
            }
            if let Some(rival) = state.rival {
                self.fault(rival.place, Fault::Inserted { chain, seq: rival.seq });
            }
            chains.push(state.summary);
        }
        chains.sort_by(|one, other| (&one.first_time, &one.chain).cmp(&(&other.first_time, &other.chain)));
        let Self { faults, fault_count, lines, skipped, missing_heads, unchecked_macs, .. } = self;
        let faults = faults.into_iter().map(|((place, _), fault)| (place, fault)).collect();
        Verdict { chains, faults, fault_count, lines, skipped, missing_heads, unchecked_macs }
    }
}

#[cfg(test)]
mod tests;
