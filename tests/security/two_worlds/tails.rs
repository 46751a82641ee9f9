//! Live tails of both services: the same frames with ids of the same length, in the same order, regardless of hidden events.

use super::{STREAMS, Side, WrittenEvent, binary, forms, is_visible, local_worlds, normalised, tenant, write};
use crate::contract::subject::now;
use crate::security::support::Binary;
use crate::world::tail::{Tail, TailFrame};

/// A target: its parameters, and whether it selects a stream.
type Target = (&'static str, fn(&str) -> bool);

/// After `/logs/:{tenant}:api`.
const TARGETS: [Target; 6] = [
    ("?follow=true&start=1749999999000", |_| true),
    ("?follow=true&start=1749999999000&format=ndjson", |_| true),
    ("?follow=true&start=1749999999000&filter=needle", |_| true),
    ("?follow=true&filter=s3cr3t", |_| true),
    ("?follow=true&streamPrefix=prod", |stream| stream.starts_with("prod")),
    ("/prod-1?follow=true&start=1749999999000", |stream| stream == "prod-1"),
];

/// The last event of each stream, which every filter accepts.
const LAST: &str = "the last one: needle s3cr3t";

/// Rounds of new events.
const ROUNDS: usize = 5;

/// A frame without the parts that may differ: the cursor's text, the time of receipt, and the event id, which only a sweep has.
fn shown(mut frame: TailFrame) -> (String, Option<usize>, String) {
    if let Some(members) = frame.data.as_object_mut() {
        members.remove("ingestionTime");
        members.remove("eventId");
    }
    (frame.kind, frame.cursor.map(|cursor| cursor.len()), frame.data.to_string())
}

/// A tail of the same target with both services.
struct Pair {
    about: String,
    tails: [Tail; 2],
    /// The streams that the caller sees and has selected: each ends with [`LAST`].
    streams: usize,
}

impl Pair {
    /// Opens both tails, which answer alike; `None`: both refuse.
    async fn open(sides: &[Side; 2], form: &[Vec<String>], path: &str, target: &Target) -> Option<Self> {
        let about = format!("{form:?}: {path}{}", target.0);
        let mut opened = Vec::new();
        let mut refused = Vec::new();
        for side in sides {
            match Tail::open_with(&side.client, &format!("{path}{}", target.0), &[]).await {
                Ok(tail) => opened.push(tail),
                Err(answer) => refused.push(normalised(&answer)),
            }
        }
        if let [one, other] = refused.as_slice() {
            assert_eq!(one, other, "{about}");
            return None;
        }
        let tails: [Tail; 2] = opened.try_into().unwrap_or_else(|_| panic!("{about}: only one is refused: {refused:?}"));
        assert_eq!((tails[0].received, tails[0].cursor.len()), (tails[1].received, tails[1].cursor.len()), "{about}");
        let streams = STREAMS.iter().filter(|stream| is_visible(form, stream) && target.1(stream)).count();
        Some(Self { about, tails, streams })
    }

    /// Reads both to the last event and compares all frames; returns a cursor of each from the middle.
    async fn compare(&mut self) -> Option<[String; 2]> {
        let mut seen = Vec::new();
        let mut middle = Vec::new();
        for tail in &mut self.tails {
            let (mut frames, mut cursors, mut ended) = (Vec::new(), vec![tail.cursor.clone()], 0);
            while ended < self.streams {
                let frame = tail.next().await.unwrap();
                assert_eq!(frame.kind, "event", "{}: {frame:?}", self.about);
                cursors.extend(frame.cursor.clone());
                ended += usize::from(frame.data["message"] == LAST);
                frames.push(shown(frame));
            }
            middle.push(cursors.swap_remove(cursors.len() / 2));
            seen.push(frames);
        }
        assert_eq!(seen[0], seen[1], "{}", self.about);
        (seen[0].len() > 1).then(|| middle.try_into().unwrap())
    }
}

/// New events of a round, in the order of their times: visible ones, and in the second service hidden ones before, between and after.
fn round(number: usize, form: &[Vec<String>], round: usize, begin: i64, is_second: bool) -> Vec<WrittenEvent> {
    let group = format!("/{}/api", tenant(number));
    let mut events = Vec::new();
    for (index, stream) in STREAMS.iter().enumerate() {
        let at = begin + i64::try_from(round * 20 + index).unwrap();
        let text = ["plain", "needle", "s3cr3t"][(round + index) % 3];
        let message = if round == ROUNDS - 1 { LAST.to_owned() } else { format!("{text} {round} {index}") };
        if is_visible(form, stream) {
            events.push((group.clone(), (*stream).to_owned(), at, message));
        } else if is_second {
            events.extend((0..80).map(|_| (group.clone(), (*stream).to_owned(), at, super::SECRET.to_owned())));
        }
    }
    events
}

async fn open_all(sides: &[Side; 2], form: &[Vec<String>], path: &str) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for target in &TARGETS {
        pairs.extend(Pair::open(sides, form, path, target).await);
    }
    pairs
}

/// Resumes both tails in the middle, and compares the rest.
async fn compare_resumed(sides: &[Side; 2], pair: &Pair, middle: [String; 2]) {
    let mut tails = Vec::new();
    for (side, cursor) in sides.iter().zip(middle) {
        tails.push(Tail::open(&side.client, &format!("/logs?follow=true&cursor={cursor}")).await);
    }
    let about = format!("{}, resumed", pair.about);
    let mut resumed = Pair { about, tails: tails.try_into().unwrap(), streams: 1 };
    resumed.compare().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_source_tails_alike_whatever_is_hidden() {
    let forms = forms();
    let worlds = local_worlds(&forms).await;
    let begin = now();
    for (number, form) in forms.iter().enumerate() {
        let name = tenant(number);
        let sides = [0, 1].map(|side| Side { client: worlds[side].tenant(&name), calls: Box::new(Vec::new) });
        let mut pairs = open_all(&sides, form, &format!("/logs/:{name}:api")).await;
        for number_of_round in 0..ROUNDS {
            for (is_second, world) in [false, true].into_iter().zip(&worlds) {
                write(world, &round(number, form, number_of_round, begin, is_second)).await;
            }
        }
        for pair in &mut pairs {
            if let Some(middle) = pair.compare().await {
                compare_resumed(&sides, pair, middle).await;
            }
        }
    }
}

/// So many hidden events that CloudWatch's session returns a sample.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloudwatch_source_tails_alike_whatever_is_hidden() {
    let forms: Vec<_> = forms().into_iter().take(8).collect();
    let worlds = [binary(&forms, false, 0).await, binary(&forms, true, 0).await];
    for world in &worlds {
        let mut state = world.fake.state();
        state.has_system_clock = true;
        state.live.interval = std::time::Duration::from_millis(100);
    }
    let begin = now();
    let mut opened = Vec::new();
    for (number, form) in forms.iter().enumerate() {
        let name = tenant(number);
        let sides = [0, 1].map(|side| Side { client: worlds[side].tenant(&name), calls: Box::new(Vec::new) });
        let pairs = open_all(&sides, form, &format!("/logs/:{name}:api")).await;
        opened.push((sides, pairs));
    }
    for number_of_round in 0..ROUNDS {
        for (is_second, world) in [false, true].into_iter().zip(&worlds) {
            for (number, form) in forms.iter().enumerate() {
                put(world, &round(number, form, number_of_round, begin, is_second));
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    for (sides, pairs) in &mut opened {
        for pair in pairs {
            if let Some(middle) = pair.compare().await {
                compare_resumed(sides, pair, middle).await;
            }
        }
    }
}

/// Puts events that the source receives at this moment.
fn put(world: &Binary, events: &[WrittenEvent]) {
    let mut state = world.fake.state();
    let now = state.tick();
    events.iter().for_each(|(group, stream, at, message)| state.logs.put_at(group, stream, (*at, now), message));
}
