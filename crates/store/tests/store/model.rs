//! Random appends, flushes and reopenings, and every kind of reading, compared with a plain list.

use std::num::NonZeroUsize;
use std::sync::Arc;

use logmark_store::{
    Direction, Event, MessageFilter, Page, Position, ReadRequest, Scan, ScanRequest, Store, StreamPredicate, StreamSelection,
};
use proptest::prelude::*;

use super::world::{event, everything, options};

const GROUPS: [&str; 2] = ["a", "b"];
const STREAMS: [&str; 3] = ["x", "y", "z"];

#[derive(Clone, Debug)]
enum Action {
    Append {
        group: usize,
        stream: usize,
        timestamps: Vec<i64>,
        length: usize,
    },
    Flush,
    Reopen,
    Close,
    Walk(Walk),
    /// Starts a scan in a snapshot of this moment, which continues during other actions.
    Scan {
        walk: Walk,
        forward: bool,
    },
}

/// A read of several pages that changes direction.
#[derive(Clone, Debug)]
struct Walk {
    group: usize,
    streams: u8,
    selection: u8,
    start: Option<i64>,
    end: Option<i64>,
    /// Only messages whose length is divisible by the first number, with the second as the cost bound of a page; 0: all.
    every: usize,
    max_examined_bytes: usize,
    steps: Vec<(bool, usize, usize)>,
}

impl Walk {
    fn accepts(&self, message: &str) -> bool {
        self.every == 0 || message.len().is_multiple_of(self.every)
    }
}

fn timestamp() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..20i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => -5..0i64]
}

fn walk() -> impl Strategy<Value = Walk> {
    let steps = prop::collection::vec((any::<bool>(), 1..40usize, 1..400usize), 1..12);
    let bounds = (prop::option::of(timestamp()), prop::option::of(timestamp()));
    let filter = (0..5usize, 0..600usize);
    (0..2usize, 1..8u8, 0..3u8, bounds, filter, steps).prop_map(|(group, streams, selection, (start, end), filter, steps)| Walk {
        group,
        streams,
        selection,
        start,
        end,
        every: filter.0,
        max_examined_bytes: filter.1,
        steps,
    })
}

fn action() -> impl Strategy<Value = Action> {
    let append = (0..2usize, 0..3usize, prop::collection::vec(timestamp(), 1..30), 0..120usize);
    prop_oneof![
        6 => append.prop_map(|(group, stream, timestamps, length)| Action::Append { group, stream, timestamps, length }),
        2 => Just(Action::Flush),
        1 => Just(Action::Reopen),
        1 => Just(Action::Close),
        4 => walk().prop_map(Action::Walk),
        2 => (walk(), any::<bool>()).prop_map(|(walk, forward)| Action::Scan { walk, forward }),
    ]
}

/// Group, stream, timestamp, message, ingestion time; in the order of appends.
type Known = (usize, usize, i64, String, i64);

fn expected(known: &[Known], walk: &Walk) -> Vec<Known> {
    let mut found: Vec<Known> = known
        .iter()
        .filter(|(group, stream, timestamp, message, _)| {
            let selected = walk.selection == 0 || walk.streams & (1 << stream) != 0;
            *group == walk.group
                && selected
                && walk.accepts(message)
                && walk.start.is_none_or(|start| *timestamp >= start)
                && walk.end.is_none_or(|end| *timestamp < end)
        })
        .cloned()
        .collect();
    found.sort_by_key(|(_, _, timestamp, ..)| *timestamp);
    found
}

/// In each stream, events are numbered from one in the order of appends, independent of other streams.
fn check_ordinals(store: &Store, known: &[Known]) {
    for (group, group_name) in GROUPS.iter().enumerate() {
        let mut found = store.read(&everything(group_name)).unwrap().events;
        found.sort_by_key(|event| event.sequence);
        for (stream, stream_name) in STREAMS.iter().enumerate() {
            let of_stream = found.iter().filter(|event| &*event.stream == *stream_name);
            let numbered: Vec<_> = of_stream.map(|event| (event.ordinal, event.message.as_str())).collect();
            let written = known.iter().filter(|known| (known.0, known.1) == (group, stream)).map(|known| known.3.as_str());
            assert_eq!(numbered, (1..).zip(written).collect::<Vec<_>>());
        }
    }
}

fn same(event: &Event, known: &Known) -> bool {
    (&*event.stream, event.timestamp, &event.message, event.ingestion_time) == (STREAMS[known.1], known.2, &known.3, known.4)
}

fn check_walk(store: &Store, known: &[Known], walk: &Walk) {
    let expected = expected(known, walk);
    let names: Vec<&str> = (0..3).filter(|stream| walk.streams & (1 << stream) != 0).map(|s| STREAMS[s]).collect();
    let matches = |name: &str| names.contains(&name);
    let streams = match walk.selection {
        0 => StreamSelection::All,
        1 => StreamSelection::Named(&names),
        _ => StreamSelection::Matching(&matches),
    };
    let accepts = |stream: &str, message: &str| {
        assert!(matches(stream) || walk.selection == 0, "an event of the stream {stream}");
        walk.accepts(message)
    };
    let is_enough = |bytes| bytes >= walk.max_examined_bytes;
    let filter = MessageFilter { accepts: &accepts, is_enough: &is_enough };
    let filter = (walk.every > 0).then_some(filter);
    // The reader's place between events of the list, with the positions to continue.
    let mut stand: Option<(usize, usize, Position, Position)> = None;
    for (forward, limit, max_bytes) in &walk.steps {
        let direction = if *forward { Direction::Forward } else { Direction::Backward };
        let from = stand.map(|(_, _, next, previous)| if *forward { next } else { previous });
        let request = ReadRequest {
            group: GROUPS[walk.group],
            streams,
            filter,
            start: walk.start,
            end: walk.end,
            direction,
            from,
            limit: NonZeroUsize::new(*limit).unwrap(),
            max_bytes: *max_bytes,
        };
        let in_memory = store.read_from_memory(&request).unwrap().map(Page::into_owned);
        let page = store.read(&request).unwrap();
        // A page that ends at its filter's cost bound is left to the blocking read.
        assert!(in_memory.is_none_or(|in_memory| in_memory == page));
        // The data is in memory after the read.
        if filter.is_none() && walk.selection != 2 {
            assert_eq!(store.read_from_memory(&request).unwrap().map(Page::into_owned).as_ref(), Some(&page));
        }
        let count = page.events.len();
        let (low, high) = match (stand, forward) {
            (None, true) => (0, count),
            (None, false) => (expected.len() - count, expected.len()),
            (Some((_, high, ..)), true) => (high, high + count),
            (Some((low, ..)), false) => (low - count, low),
        };
        let wanted = &expected[low..high];
        assert!(page.events.iter().zip(wanted).all(|(event, known)| same(event, known)), "{page:?} {wanted:?}");
        assert!(page.events.is_sorted_by_key(Event::position));
        assert!(count <= *limit);
        let bytes: usize = page.events.iter().map(|event| event.message.len()).sum();
        assert!(bytes <= *max_bytes || count == 1);
        let exhausted = if *forward { high == expected.len() } else { low == 0 };
        if filter.is_none() {
            assert_eq!(page.at_end, exhausted);
            assert!(count > 0 || page.at_end);
        } else {
            assert!(exhausted || !page.at_end);
            assert!(
                count > 0
                    || page.at_end
                    || stand.is_none_or(|(_, _, next, previous)| page.next != next || page.previous != previous)
            );
        }
        let (low, high) = if count == 0 && !forward { (low, low) } else { (low, high) };
        stand = Some((low, high, page.next, page.previous));
        assert_eq!(page.next.to_string().parse(), Ok(page.next));
    }
}

/// A started scan, its expected events, and the events so far.
struct RunningScan {
    scan: Scan,
    expected: Vec<Known>,
    given: Vec<Event>,
    batches: std::vec::IntoIter<(usize, usize)>,
}

impl RunningScan {
    fn begin(store: &Store, known: &[Known], walk: Walk, forward: bool) -> Self {
        let walk = Walk { every: 0, start: walk.start.or(Some(i64::MIN)), end: walk.end.or(Some(i64::MAX)), ..walk };
        let mut expected = expected(known, &walk);
        if !forward {
            expected.reverse();
        }
        let names: Vec<&str> = (0..3).filter(|stream| walk.streams & (1 << stream) != 0).map(|s| STREAMS[s]).collect();
        let matches: StreamPredicate = Arc::new(move |name: &str| names.contains(&name));
        let scan = store.scan(ScanRequest {
            group: GROUPS[walk.group].to_owned(),
            streams: (walk.selection != 0).then_some(matches),
            start: walk.start.unwrap(),
            end: walk.end.unwrap(),
            direction: if forward { Direction::Forward } else { Direction::Backward },
            up_to: store.last_sequence(),
        });
        let batches = walk.steps.into_iter().map(|(_, limit, bytes)| (limit, bytes)).collect::<Vec<_>>().into_iter();
        Self { scan: scan.unwrap(), expected, given: Vec::new(), batches }
    }

    /// Reads one batch, and returns whether more may follow.
    fn step(&mut self) -> bool {
        let (limit, bytes) = self.batches.next().unwrap_or((7, 1000));
        let Some(batch) = self.scan.next_batch(NonZeroUsize::new(limit).unwrap(), bytes).unwrap() else { return false };
        assert!(batch.len() <= limit);
        self.given.extend(batch);
        true
    }

    fn finish(mut self) {
        while self.step() {}
        assert_eq!(self.given.len(), self.expected.len());
        assert!(self.given.iter().zip(&self.expected).all(|(event, known)| same(event, known)));
    }
}

fn check_figures(store: &Store, known: &[Known]) {
    for (group, group_name) in GROUPS.iter().enumerate() {
        let bytes = |events: &[&Known]| events.iter().map(|known| known.3.len() as u64).sum::<u64>();
        let of_group: Vec<&Known> = known.iter().filter(|known| known.0 == group).collect();
        assert_eq!(store.group(group_name).unwrap().unwrap().stored_bytes, bytes(&of_group));
        for (stream, stream_name) in STREAMS.iter().enumerate() {
            let events: Vec<&Known> = of_group.iter().copied().filter(|known| known.1 == stream).collect();
            let found = store.stream(group_name, stream_name).unwrap().unwrap();
            assert_eq!(found.first_event, events.iter().map(|known| known.2).min());
            assert_eq!(found.last_event, events.iter().map(|known| known.2).max());
            assert_eq!(found.last_ingestion, events.iter().map(|known| known.4).max());
            assert_eq!(found.stored_bytes, bytes(&events));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn it_reads_like_a_list(actions in prop::collection::vec(action(), 1..40), memtable in 1_000..40_000usize) {
        let directory = tempfile::tempdir().unwrap();
        let mut options = options();
        options.memtable_bytes = memtable;
        let mut store = Store::open(directory.path(), options.clone()).unwrap();
        for group in GROUPS {
            store.create_group(group, 0).unwrap();
            STREAMS.iter().for_each(|stream| store.create_stream(group, stream, 0).unwrap());
        }
        let mut known: Vec<Known> = Vec::new();
        let mut scans: Vec<RunningScan> = Vec::new();
        for (ingestion, action) in (0..).zip(actions) {
            scans.iter_mut().for_each(|scan| _ = scan.step());
            match action {
                Action::Append { group, stream, timestamps, length } => {
                    let message = |at: usize| format!("{ingestion}.{at} {}", "é".repeat(length));
                    let events = timestamps.iter().enumerate().map(|(at, time)| event(*time, message(at))).collect();
                    store.append_blocking(GROUPS[group], STREAMS[stream], events, ingestion).unwrap();
                    known.extend(timestamps.iter().enumerate().map(|(at, time)| {
                        (group, stream, *time, message(at), ingestion)
                    }));
                }
                Action::Flush => store.flush().unwrap(),
                Action::Scan { walk, forward } => scans.push(RunningScan::begin(&store, &known, walk, forward)),
                Action::Reopen | Action::Close => {
                    // Each scan ends in the store in which it started.
                    scans.drain(..).for_each(RunningScan::finish);
                    if matches!(action, Action::Close) { store.close().unwrap() } else { drop(store) }
                    store = Store::open(directory.path(), options.clone()).unwrap();
                }
                Action::Walk(walk) => check_walk(&store, &known, &walk),
            }
        }
        scans.into_iter().for_each(RunningScan::finish);
        check_figures(&store, &known);
        check_ordinals(&store, &known);
    }
}
