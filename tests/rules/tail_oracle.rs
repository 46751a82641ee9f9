//! Live tails under row rules, masks and stream rules, on both kinds of sources: each tail delivers exactly the events that pages show,
//! over many resumes, and nothing else.
//!
//! The oracle is the page of the same caller, filter and time range, which other tests compare with the rules. In addition no frame
//! may contain hidden text. `LOGMARK_TAIL_DELIVERIES=100000` runs as many rounds as that takes.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::reads::urlencoded;
use super::{FOREIGN, SECRET};
use crate::contract::subject::now;
use crate::security::support::{Binary, Setup};
use crate::world::client::Client;
use crate::world::random::Random;
use crate::world::tail::Tail;
use crate::world::{Options, World};

const GROUP: &str = "/shared/app";
const STREAMS: [&str; 3] = ["web-1", "web-2", "db-1"];
const TENANTS: [&str; 7] = ["acme", "rows", "masked", "removed", "streams", "several", "whole"];
/// Parameters of a tail and of its pages.
const FILTERS: [&str; 3] = ["", "&filter={ $.n > 3 }", "&streamPrefix=web"];
/// Events of a round, whose timestamps are in a range of their own.
const EVENTS: usize = 40;
const ROUND_MILLIS: i64 = 100;
/// How long before their ingestion events are written.
const AGE_MILLIS: i64 = 60_000;
/// Deliveries to all tails, unless the environment says otherwise.
const DELIVERIES: usize = 3_000;

/// [`super::tenants`], and two whose grants limit streams.
fn tenants(source: &str) -> String {
    let grant = |tenant: &str, rules: &str| {
        format!(
            "[[tenants.{tenant}.grants]]\nsource = \"{source}\"\ngroups = [\"{GROUP}\"]\nactions = [\"read\", \"tail\"]\n{rules}\n"
        )
    };
    [
        super::tenants(source),
        grant("streams", "streams = [\"web-*\"]\nwhere = '{ $.tenant = \"acme\" }'"),
        grant("several", "streams = [\"web-1\"]\nmask = [\"$.card\"]"),
        grant("several", "where = '{ $.tenant = \"acme\" }'\nmask = [\"$.card\", \"$.user\"]"),
    ]
    .concat()
}

enum Service {
    Local(Box<World>),
    CloudWatch(Box<Binary>),
}

impl Service {
    async fn local() -> Self {
        let world = World::with(Options { tenants: Some(tenants("disk")), ..Options::default() }).await;
        Self::Local(Box::new(world))
    }

    async fn cloudwatch(has_sessions: bool) -> Self {
        let binary = Binary::start(Setup { tenants: tenants("aws"), quotas: true, ..Setup::default() }).await;
        let mut state = binary.fake.state();
        state.has_system_clock = true;
        state.live.interval = std::time::Duration::from_millis(30);
        state.live.refusal = (!has_sessions).then_some((400, "AccessDeniedException"));
        drop(state);
        Self::CloudWatch(Box::new(binary))
    }

    fn client(&self, tenant: &str) -> Client {
        match self {
            Self::Local(world) => world.tenant(tenant),
            Self::CloudWatch(binary) => binary.tenant(tenant),
        }
    }

    /// Puts events that the source receives at this moment.
    async fn put(&self, stream: &str, events: &[(i64, String)]) {
        match self {
            Self::Local(world) => {
                let events: Vec<(i64, &str)> = events.iter().map(|(at, message)| (*at, message.as_str())).collect();
                world.put_at(GROUP, stream, &events, now()).await;
            }
            Self::CloudWatch(binary) => {
                let mut state = binary.fake.state();
                let now = state.tick();
                events.iter().for_each(|(at, message)| state.logs.put_at(GROUP, stream, (*at, now), message));
            }
        }
    }
}

/// An event: of the tenant or of another one, with masked members, or not JSON. `number` makes it unique.
fn message(random: &mut Random, number: usize) -> String {
    let own = format!(r#""card":"{SECRET}-{number}","id":{number},"n":{}"#, random.below(8));
    match random.below(8) {
        0 | 1 => format!(r#"{{{own},"note":"{FOREIGN}","tenant":"globex"}}"#),
        2 => format!("plain {SECRET} {FOREIGN} {number}"),
        3 => format!(r#"{{"id":{number},"tenant":"acme","user":{{"email":"{SECRET}@x","name":"Ann"}}}}"#),
        4 => format!(r#"{{"id":{number},"items":[{{"pan":"{SECRET}"}}],"n":{},"tenant":"acme""#, random.below(8)),
        5 => format!(r#"{{"id":{number},"items":[{{"pan":"{SECRET}"}}],"n":{},"tenant":"acme"}}"#, random.below(8)),
        _ => format!(r#"{{{own},"tenant":"acme"}}"#),
    }
}

/// One viewer, and what it has received.
struct Follower {
    tenant: &'static str,
    client: Client,
    /// Path and parameters, without `follow` and the time range.
    path: String,
    parameters: String,
    tail: Tail,
    random: Random,
    received: usize,
    resumes: usize,
}

impl Follower {
    async fn open(service: &Service, tenant: &'static str, (path, filter): (String, &str), begin: i64, seed: usize) -> Self {
        let client = service.client(tenant);
        let (name, value) = filter.split_once('=').unwrap_or_default();
        let parameters = if name.is_empty() { String::new() } else { format!("{name}={}", urlencoded(value)) };
        let tail = Tail::open(&client, &format!("{path}?follow=true&start={begin}{parameters}")).await;
        let random = Random(0x9e37_79b9_7f4a_7c15 ^ seed as u64);
        Self { tenant, client, path, parameters, tail, random, received: 0, resumes: 0 }
    }

    /// The events of a time range as pages show them.
    async fn pages(&self, start: i64, end: i64) -> Vec<String> {
        let mut target = format!("{}?start={start}&end={end}&limit=25{}", self.path, self.parameters);
        let mut events = Vec::new();
        loop {
            let answer = self.client.get(&target).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
            let page = answer.json();
            events.extend(page["events"].as_array().unwrap().iter().map(shown));
            if page["stopReason"] == "end" {
                return events;
            }
            target = format!("/logs?limit=25&cursor={}", page["nextCursor"].as_str().unwrap());
        }
    }

    /// Receives the events of the range, each once, and resumes now and then.
    async fn follow(&mut self, start: i64, end: i64) {
        let about = format!("{} {}{}", self.tenant, self.path, self.parameters);
        let mut wanted: BTreeSet<String> = self.pages(start, end).await.into_iter().collect();
        while !wanted.is_empty() {
            if self.random.below(10) == 0 {
                self.tail = Tail::open(&self.client, &format!("/logs?follow=true&cursor={}", self.tail.cursor)).await;
                self.resumes += 1;
            }
            let event = shown(&self.tail.event().await);
            let hides_rows = !["whole", "masked", "removed", "several"].contains(&self.tenant);
            assert!(!hides_rows || !event.contains(FOREIGN), "{about}: {event}");
            assert!(
                ["whole", "rows", "streams", "several"].contains(&self.tenant) || !event.contains(SECRET),
                "{about}: {event}"
            );
            assert!(wanted.remove(&event), "{about}: not in pages, or twice: {event}");
            self.received += 1;
        }
    }
}

/// What every source knows of an event when it arrives.
fn shown(event: &serde_json::Value) -> String {
    format!("{} {} {}", event["timestamp"], event["logStream"], event["message"])
}

async fn run(service: &Service, deliveries: usize) {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let begin = now() - AGE_MILLIS;
    let group = "/logs/:shared:app".to_owned();
    let mut followers = Vec::new();
    let (mut rounds, mut number, mut start) = (0, 0, begin);
    while followers.iter().map(|follower: &Follower| follower.received).sum::<usize>() < deliveries {
        for stream in STREAMS {
            let mut event = || {
                number += 1;
                (start + i64::try_from(random.below(100)).unwrap(), message(&mut random, number))
            };
            let events: Vec<(i64, String)> = (0..EVENTS / STREAMS.len()).map(|_| event()).collect();
            service.put(stream, &events).await;
        }
        if followers.is_empty() {
            // The first round is the history of each tail.
            let targets = FILTERS.map(|filter| (group.clone(), filter)).into_iter().chain([(format!("{group}/web-1"), "")]);
            for (seed, target) in targets.enumerate() {
                for tenant in TENANTS {
                    // Words in whole messages cannot be searched under a mask; members can.
                    followers.push(Follower::open(service, tenant, target.clone(), begin, seed * 31 + 1).await);
                }
            }
        }
        join_all(followers.iter_mut().map(|follower| follower.follow(start, start + ROUND_MILLIS))).await;
        rounds += 1;
        // A tail finds events that are not later than the source promises, however long the rounds take.
        start = (start + ROUND_MILLIS).max(now() - AGE_MILLIS);
    }
    let resumes: usize = followers.iter().map(|follower| follower.resumes).sum();
    let received: usize = followers.iter().map(|follower| follower.received).sum();
    println!("{received} deliveries to {} tails in {rounds} rounds, {resumes} resumes", followers.len());
    assert!(resumes > received / 20);
}

fn deliveries() -> usize {
    std::env::var("LOGMARK_TAIL_DELIVERIES").ok().map_or(DELIVERIES, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tails_of_a_local_source_deliver_what_pages_show() {
    run(&Service::local().await, deliveries()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tails_of_a_cloudwatch_source_deliver_what_pages_show() {
    run(&Service::cloudwatch(true).await, deliveries()).await;
}

/// Without sessions a round takes seconds, so these are fewer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polled_tails_of_a_cloudwatch_source_deliver_what_pages_show() {
    run(&Service::cloudwatch(false).await, deliveries().min(1_500)).await;
}
