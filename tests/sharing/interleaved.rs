//! Tenants that share caches, coalesced calls and tails, at once: no event, name or count of one tenant reaches another.
//!
//! Every event has a canary that names its tenant. Each answer must be what the same request of the same tenant got when it was
//! alone, and may contain no canary of another tenant anywhere. `LOGMARK_INTERLEAVED=100000` sets the number of requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::contract::subject::{Binary, KEYS, now};
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::{Fake, REGION};
use crate::world::tail::Tail;
use crate::world::{Options, World};

const TENANTS: usize = 6;
const GROUP: &str = "/shared/app";
/// Stored events for each tenant in each group.
const EVENTS: usize = 20;
/// Requests, unless the environment says otherwise.
const REQUESTS: usize = 5_000;
/// Requests at a time.
const CONCURRENT: usize = 32;
/// New events for each tenant while the requests run.
const NEW: usize = 50;
/// Targets of a tenant `T` in a world with another tenant `O`. Some are equal for several tenants, some come from the cache.
const TARGETS: [&str; 20] = [
    "/logs/:T:api?start=S&end=E",
    "/logs/:T:api/T-1?start=S&end=E",
    "/logs/:T:api?start=S&end=E&limit=7",
    "/logs/:T:api?start=S&end=E&format=ndjson",
    "/logs/:T:api?start=S&end=E&format=csv",
    "/logs/:shared:app?start=S&end=E",
    "/logs/:shared:app?start=S&end=E&limit=3",
    "/logs/:shared:app?start=S&end=E&format=ndjson",
    "/logs/:shared:app?start=S&end=E&format=text",
    "/logs/:shared:app/common?start=S&end=E",
    "/logs/:shared:app/common?start=S&end=E&from=tail&limit=4",
    "/logs/:shared:app?start=S&end=E&filter=canary",
    "/groups",
    "/groups?prefix=/",
    "/groups/:shared:app",
    "/groups/:shared:app/streams",
    "/groups/:T:api/streams",
    "/logs/:O:api?start=S&end=E",
    "/logs/:shared:app/O-1?start=S&end=E",
    "/groups/:O:api",
];

fn tenant(number: usize) -> String {
    format!("tenant{number}")
}

fn canary(tenant: usize, number: usize) -> String {
    format!("CANARY{tenant}N{number}X")
}

fn message(tenant: usize, number: usize) -> String {
    format!(r#"{{"canary":"{}","card":"{}","tenant":"tenant{tenant}"}}"#, canary(tenant, number), canary(tenant, number))
}

/// Each tenant has its own groups; in the shared group tenants have a row rule, a row rule with a mask, or streams.
fn tenants(source: &str) -> String {
    (0..TENANTS)
        .map(|number| {
            let name = tenant(number);
            let rule = match number % 3 {
                0 => format!("where = '{{ $.tenant = \"{name}\" }}'"),
                1 => format!("where = '{{ $.tenant = \"{name}\" }}'\nmask = [\"$.card\"]"),
                _ => format!("streams = [\"{name}-*\"]"),
            };
            let grant = |groups: &str, rule: &str| {
                format!(
                    "[[tenants.{name}.grants]]\nsource = \"{source}\"\ngroups = [\"{groups}\"]\nactions = [\"read\", \"tail\"]\n{rule}\n"
                )
            };
            grant(&format!("/{name}/*"), "") + &grant(GROUP, &rule)
        })
        .collect()
}

/// A group, a stream and its events: milliseconds and message.
type Stored = (String, String, Vec<(i64, String)>);

/// What is stored of each tenant before `begin`.
fn stored(begin: i64) -> Vec<Stored> {
    let mut stored = Vec::new();
    for number in 0..TENANTS {
        let name = tenant(number);
        let streams = [(format!("/{name}/api"), format!("{name}-1")), (GROUP.to_owned(), format!("{name}-1"))];
        for (part, (group, stream)) in streams.into_iter().chain([(GROUP.to_owned(), "common".to_owned())]).enumerate() {
            let at = |index: usize| begin + i64::try_from(index * TENANTS + number).unwrap();
            let events = (0..EVENTS).map(|index| (at(index), message(number, part * EVENTS + index))).collect();
            stored.push((group, stream, events));
        }
    }
    stored
}

enum Service {
    Local(World),
    CloudWatch(Fake, Binary),
}

impl Service {
    async fn local(begin: i64) -> Self {
        let world = World::with(Options { tenants: Some(tenants("disk")), ..Options::default() }).await;
        for (group, stream, events) in stored(begin) {
            let events: Vec<(i64, &str)> = events.iter().map(|(at, message)| (*at, message.as_str())).collect();
            world.put(&group, &stream, &events).await;
        }
        Self::Local(world)
    }

    /// With the cache of pages and lists, and with a quota that makes equal calls wait together.
    async fn cloudwatch(begin: i64) -> Self {
        let fake = Fake::start(now()).await;
        {
            let mut state = fake.state();
            state.has_system_clock = true;
            state.live.interval = Duration::from_millis(50);
            state.latency = Duration::from_millis(2);
            for (group, stream, events) in stored(begin) {
                events.iter().for_each(|(at, message)| state.logs.put(&group, &stream, *at, message));
            }
        }
        let quotas = "quotas = { FilterLogEvents = 500, GetLogEvents = 500, DescribeLogStreams = 500, DescribeLogGroups = 500 }";
        let config = format!(
            "[[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\n{quotas}\n{}",
            fake.endpoint(),
            tenants("aws")
        );
        let binary = Binary::with(&config, "", &KEYS).await;
        Self::CloudWatch(fake, binary)
    }

    fn client(&self, number: usize) -> Client {
        match self {
            Self::Local(world) => world.tenant(&tenant(number)),
            Self::CloudWatch(_, binary) => binary.tenant(&tenant(number)),
        }
    }

    async fn put(&self, stream: &str, at: i64, message: &str) {
        match self {
            Self::Local(world) => world.put_at(GROUP, stream, &[(at, message)], now()).await,
            Self::CloudWatch(fake, _) => {
                let mut state = fake.state();
                let now = state.tick();
                state.logs.put_at(GROUP, stream, (at, now), message);
            }
        }
    }
}

/// Fails if the text has a canary, a group or a hidden stream of another tenant than `number`.
fn assert_own(number: usize, about: &str, text: &str) {
    for other in (0..TENANTS).filter(|other| *other != number) {
        // A row rule does not hide the names of streams.
        let hidden = if number % 3 == 2 { tenant(other) } else { format!("/{}/", tenant(other)) };
        let has_foreign = text.contains(&format!("CANARY{other}N")) || text.contains(&hidden);
        assert!(!has_foreign, "{about} of {}: {text}", tenant(number));
    }
}

/// Removes handles, and figures that new events change.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for changing in ["nextCursor", "previousCursor", "instance", "lastEventAt", "lastIngestionAt", "storedBytes"] {
                members.remove(changing);
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What must be equal in answers to the same request: the status, and the data.
fn data(answer: &Answer) -> (u16, String) {
    let text = answer.text();
    let Ok(mut json) = serde_json::from_str::<Value>(&text) else { return (answer.status.as_u16(), text) };
    strip(&mut json);
    (answer.status.as_u16(), json.to_string())
}

/// The target of a tenant, and the tenant that it names beside it.
fn target(form: &str, number: usize, begin: i64) -> String {
    let other = tenant((number + 1) % TENANTS);
    let end = (begin + 100_000).to_string();
    form.replace(":T:", &format!(":{}:", tenant(number)))
        .replace("/T-1", &format!("/{}-1", tenant(number)))
        .replace(":O:", &format!(":{other}:"))
        .replace("/O-1", &format!("/{other}-1"))
        .replace("start=S", &format!("start={begin}"))
        .replace("end=E", &format!("end={end}"))
}

async fn request(client: &Client, number: usize, form: &str, begin: i64) -> (u16, String) {
    let target = target(form, number, begin);
    let answer = client.get(&target).await;
    assert!(!answer.broken, "{target}");
    let id = answer.header("x-request-id");
    let whole = format!("{:?}\n{:?}\n{}", answer.headers, answer.trailers, answer.text()).replace(&id, "");
    assert_own(number, &target, &whole);
    data(&answer)
}

/// Follows the shared group until all new events of the tenant have come, each once.
async fn follow(mut tail: Tail, number: usize) -> usize {
    let mut wanted: Vec<String> = (0..NEW).map(|index| canary(number, 1_000 + index)).collect();
    while !wanted.is_empty() {
        let event = tail.event().await.to_string();
        assert_own(number, "a tail", &event);
        let place = wanted.iter().position(|canary| event.contains(canary));
        wanted.swap_remove(place.unwrap_or_else(|| panic!("twice, or not new: {event}")));
    }
    NEW
}

async fn run(service: Service, requests: usize) {
    let begin = stored_begin();
    let clients: Arc<Vec<Client>> = Arc::new((0..TENANTS).map(|number| service.client(number)).collect());
    let mut alone = BTreeMap::new();
    for (number, client) in clients.iter().enumerate() {
        for form in TARGETS {
            alone.insert((number, form), request(client, number, form, begin).await);
        }
    }
    assert!(alone.values().filter(|(status, _)| *status == 200).count() >= TENANTS * 13, "{alone:?}");
    let mut tails = JoinSet::new();
    for number in (0..TENANTS).chain(0..TENANTS) {
        let tail = Tail::open(&clients[number], "/logs/:shared:app?follow=true").await;
        tails.spawn(follow(tail, number));
    }
    let one = |index: usize| {
        let (clients, alone, service) = (&clients, &alone, &service);
        async move {
            // Neighbouring requests are of different tenants, and often equal calls upstream.
            let (number, form) = (index % TENANTS, TARGETS[index / TENANTS % TARGETS.len()]);
            let step = requests / NEW;
            if index.is_multiple_of(step) && index / step < NEW {
                for number in 0..TENANTS {
                    let stream = if number % 3 == 2 { format!("{}-1", tenant(number)) } else { "common".to_owned() };
                    service.put(&stream, now(), &message(number, 1_000 + index / step)).await;
                }
            }
            let answer = request(&clients[number], number, form, begin).await;
            assert_eq!(&answer, &alone[&(number, form)], "{form} of {}", tenant(number));
        }
    };
    futures_util::stream::iter(0..requests).map(one).buffer_unordered(CONCURRENT).collect::<()>().await;
    let delivered: usize = tails.join_all().await.into_iter().sum();
    if let Service::CloudWatch(fake, _) = &service {
        println!("{} calls upstream", fake.calls());
        assert!(fake.calls() < requests, "{} calls for {requests} requests: nothing was shared", fake.calls());
    }
    println!("{requests} requests of {TENANTS} tenants, {delivered} events of tails");
}

fn stored_begin() -> i64 {
    1_750_000_000_000
}

fn requests() -> usize {
    std::env::var("LOGMARK_INTERLEAVED").ok().map_or(REQUESTS, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_of_a_local_source_crosses_between_tenants() {
    run(Service::local(stored_begin()).await, requests() / 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_of_a_cloudwatch_source_crosses_between_tenants() {
    run(Service::cloudwatch(stored_begin()).await, requests() / 2).await;
}
