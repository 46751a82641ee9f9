//! Random schedules of puts, faults, viewers and resumes: each event is delivered exactly once, or named in a gap.
//!
//! The service is simulated: events are ingested late, sessions sample, drop, end and are refused, sweeps show events only some
//! time after their ingestion. Viewers of different filters leave at any event and come back, to the same feed or to another.
//! `TAIL_CASES` sets the number of cases.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use logmark_tail_merge::{Bounds, Feed, Mark, Merge, Pace, PaceSettings, Seen, Swept, Viewer};
use proptest::prelude::*;

const BOUNDS: Bounds = Bounds { lateness: 150_000, settling: 15_000 };
const START: i64 = 1_795_168_800_000;
/// Every event is in the feed this long after its ingestion: settling, and the longest interval of deep sweeps and faults.
const DRAIN: i64 = 120_000;

#[derive(Debug, Clone)]
struct Event {
    number: usize,
    stream: u8,
    timestamp: i64,
    ingestion: i64,
    /// When a session shows it, and when sweeps do.
    live: i64,
    visible: i64,
    content: u128,
}

impl Event {
    fn seen(&self) -> Seen<(usize, u8)> {
        Seen {
            fingerprint: self.content,
            timestamp: self.timestamp,
            ingestion: self.ingestion,
            event: (self.number, self.stream),
        }
    }
}

/// What happens in one second.
#[derive(Debug, Clone, Copy)]
struct Second {
    puts: u8,
    fault: u8,
    seed: u64,
}

fn seconds() -> impl Strategy<Value = Vec<Second>> {
    let puts = prop_oneof![4 => 0..6_u8, 1 => 20..60_u8];
    let second = (puts, 0..40_u8, any::<u64>()).prop_map(|(puts, fault, seed)| Second { puts, fault, seed });
    prop::collection::vec(second, 20..120)
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// The events of the schedule. Some are late, some have the content of an earlier one, some share all their times.
fn events(schedule: &[Second]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (second, plan) in (0..).zip(schedule) {
        let mut seed = plan.seed;
        for _ in 0..plan.puts {
            let number = events.len();
            let ingestion = START + second * 1000 + (random(&mut seed) % 8) as i64 * 125;
            let lateness = [0, 200, 3_000, 119_000][(random(&mut seed) % 16 / 5) as usize];
            let lateness = if lateness == 119_000 && !random(&mut seed).is_multiple_of(4) { 100 } else { lateness };
            let mut timestamp = ingestion - lateness;
            let mut content = (number as u128 + 1) * 0x9e37_79b9_7f4a_7c15_f39c_0c5b;
            let mut stream = (random(&mut seed) % 3) as u8;
            // A twin: the same content, so the same timestamp too.
            if let Some(earlier) = events.last().filter(|_| random(&mut seed).is_multiple_of(8))
                && ingestion - earlier.timestamp < 120_000
            {
                (timestamp, content, stream) = (earlier.timestamp, earlier.content, earlier.stream);
            }
            let live = ingestion + 300 + (random(&mut seed) % 1_200) as i64;
            let visible = ingestion + [500, 2_000, 14_000][(random(&mut seed) % 9 / 4) as usize];
            events.push(Event { number, stream, timestamp, ingestion, live, visible, content });
        }
    }
    events
}

/// A feed in one process, with its session.
struct Hub {
    merge: Merge<(usize, u8)>,
    pace: Pace,
    session: bool,
    recent: Vec<Seen<(usize, u8)>>,
    kept_from: i64,
    next: i64,
    /// When the last sweep began.
    begun: i64,
}

impl Hub {
    fn new(now: i64) -> Self {
        let origin = now - BOUNDS.settling;
        Self {
            merge: Merge::new(BOUNDS, origin),
            pace: Pace::new(BOUNDS, PaceSettings::default()),
            session: false,
            recent: Vec::new(),
            kept_from: origin,
            next: now,
            begun: 0,
        }
    }

    /// One second of the hub's life; returns what the feed shows.
    fn second(&mut self, now: i64, plan: Second, events: &[Event]) -> Vec<Seen<(usize, u8)>> {
        let mut shown = Vec::new();
        match plan.fault {
            0 | 1 => self.session = false,
            _ if !self.session && plan.fault > 6 => {
                self.session = true;
                self.merge.session_began(now);
            }
            _ => {}
        }
        if self.session {
            let in_second = |event: &&Event| (now - 1000..now).contains(&event.live);
            let mut seed = plan.seed ^ 1;
            // An update is dropped, or sampled, or an event of it is left out without a word.
            let is_dropped = plan.fault == 2;
            let is_sampled = plan.puts >= 20 && plan.fault < 20;
            let is_shown = |_: &&Event| !(is_dropped || is_sampled && random(&mut seed).is_multiple_of(2));
            let update = events.iter().filter(in_second).filter(is_shown).map(Event::seen).collect();
            shown.extend(self.merge.update(now, update, is_sampled));
        }
        // Sweeps are refused for some seconds now and then.
        if now - self.begun >= self.pace.interval(self.session, self.merge.wants_sweep()) && !(3..6).contains(&plan.fault) {
            self.begun = now;
            let sweep = self.pace.begin(now);
            let is_visible = |event: &&Event| event.visible <= now && event.timestamp >= sweep.from;
            let swept: Vec<_> =
                events.iter().filter(is_visible).map(|event| Swept { seen: event.seen(), id: event.number as u64 }).collect();
            let calls = 1 + (swept.len() / 50) as u32;
            events.iter().for_each(|event| self.pace.observe(event.ingestion - event.timestamp));
            let mut fresh = Vec::new();
            for part in swept.chunks(20) {
                fresh.extend(self.merge.swept(now, part.to_vec()));
            }
            shown.extend(self.merge.sweep_ended(now, now, Some(sweep.from), fresh));
            self.pace.ended(sweep, now, calls);
        }
        self.recent.extend(shown.iter().cloned());
        self.next = now;
        // Memory for the latest events is short at times.
        if plan.seed.is_multiple_of(11) {
            let from = now - BOUNDS.settling - (plan.seed % 20_000) as i64;
            self.recent.retain(|seen| seen.ingestion > from);
            self.kept_from = self.kept_from.max(from);
        }
        shown
    }
}

/// A viewer that sees some streams.
struct Watcher {
    streams: u8,
    mark: Mark,
    viewer: Option<Viewer>,
    received: BTreeMap<usize, usize>,
    contents: BTreeMap<u128, usize>,
    gaps: Vec<(i64, i64)>,
    hub: usize,
}

impl Watcher {
    fn sees(&self, seen: &Seen<(usize, u8)>) -> bool {
        self.streams & (1 << seen.event.1) != 0
    }

    /// Delivers, and leaves after so many events. Positions increase from event to event.
    fn deliver(&mut self, events: Vec<Seen<(usize, u8)>>, mut leave_after: usize) {
        for seen in events {
            let Some(viewer) = &mut self.viewer else { return };
            if leave_after == 0 {
                self.viewer = None;
                return;
            }
            leave_after -= 1;
            let mark = viewer.delivered(seen.ingestion, seen.fingerprint);
            let order = |mark: &Mark| (mark.through, mark.sums.count);
            assert!(order(&mark) > order(&self.mark) || seen.ingestion <= mark.through, "positions increase");
            self.mark = mark;
            *self.received.entry(seen.event.0).or_default() += 1;
            *self.contents.entry(seen.fingerprint).or_default() += 1;
        }
    }

    fn join(&mut self, now: i64, hub: &Hub, events: &[Event], leave_after: usize) {
        let recent = hub.recent.iter().filter(|seen| self.sees(seen)).cloned().collect();
        let feed = Feed { recent, through: hub.merge.through() };
        let has_all = self.mark.through >= hub.kept_from;
        let reading = (!has_all).then(|| {
            let from = self.mark.through - BOUNDS.lateness;
            let is_read = |event: &&Event| event.visible <= now && event.timestamp >= from && event.ingestion > self.mark.through;
            events.iter().filter(is_read).map(Event::seen).filter(|seen| self.sees(seen)).collect()
        });
        match Viewer::join(&self.mark, reading, feed) {
            Ok(joined) => {
                self.viewer = Some(joined.viewer);
                self.deliver(joined.events, leave_after);
            }
            // What was delivered may still become visible.
            Err(_) if now <= self.mark.last + BOUNDS.settling => {}
            Err(_) => {
                self.gaps.push((self.mark.through, self.mark.last));
                self.mark = Mark::starting(self.mark.last);
                self.join(now, hub, events, leave_after);
            }
        }
    }
}

fn run(schedule: &[Second]) {
    let events = events(schedule);
    let end = START + schedule.len() as i64 * 1000;
    let mut hubs = [Hub::new(START), Hub::new(START)];
    let watcher = |streams| Watcher {
        streams,
        mark: Mark::starting(START - 1000),
        viewer: None,
        received: BTreeMap::new(),
        contents: BTreeMap::new(),
        gaps: Vec::new(),
        hub: 0,
    };
    let mut watchers = [watcher(0b111), watcher(0b001), watcher(0b110)];
    let quiet = Second { puts: 0, fault: 30, seed: 1 };
    for second in 0.. {
        let now = START + second * 1000;
        if now > end + DRAIN {
            break;
        }
        let plan = schedule.get(second as usize).copied().unwrap_or(quiet);
        let known: Vec<Event> = events.iter().filter(|event| event.ingestion <= now).cloned().collect();
        for (index, hub) in hubs.iter_mut().enumerate() {
            let other = Second { seed: plan.seed.rotate_left(7 * index as u32), ..plan };
            let shown = hub.second(now, if index == 0 { plan } else { other }, &known);
            for (number, watcher) in watchers.iter_mut().enumerate().filter(|(_, watcher)| watcher.hub == index) {
                let mut seed = plan.seed.wrapping_add(number as u64);
                let leave_after =
                    if random(&mut seed).is_multiple_of(12) { (random(&mut seed) % 30) as usize } else { usize::MAX };
                if watcher.viewer.is_none() {
                    watcher.join(now, hub, &known, leave_after);
                } else {
                    let mut wanted: Vec<_> = shown.iter().filter(|seen| watcher.sees(seen)).cloned().collect();
                    let viewer = watcher.viewer.as_mut().unwrap();
                    wanted.retain(|seen| viewer.wants(seen.ingestion, seen.fingerprint));
                    watcher.deliver(wanted, leave_after);
                }
                if let Some(viewer) = &mut watcher.viewer {
                    viewer.advance(hub.merge.through());
                    watcher.mark = viewer.mark();
                } else if random(&mut seed).is_multiple_of(2) {
                    watcher.hub = 1 - index;
                }
            }
        }
    }
    for watcher in &watchers {
        let wanted = events.iter().filter(|event| watcher.streams & (1 << event.stream) != 0);
        let mut expected: BTreeMap<u128, Vec<&Event>> = BTreeMap::new();
        wanted.for_each(|event| expected.entry(event.content).or_default().push(event));
        for (content, twins) in &expected {
            let received = watcher.contents.get(content).copied().unwrap_or(0);
            let in_gap = |event: &&&Event| watcher.gaps.iter().any(|(from, to)| (*from..=*to).contains(&event.ingestion));
            let named = twins.iter().filter(in_gap).count();
            let twins_count = twins.len();
            assert!(received <= twins_count, "{received} of {twins_count} delivered: {twins:?}");
            assert!(received + named >= twins_count, "{received} of {twins_count} delivered, {named} in gaps: {twins:?}");
        }
        assert!(watcher.contents.keys().all(|content| expected.contains_key(content)), "only what the viewer may see");
    }
}

fn cases() -> u32 {
    std::env::var("TAIL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_is_delivered_once_or_named_in_a_gap(schedule in seconds()) {
        run(&schedule);
    }
}
