//! The whole service against an independent oracle: policies, tokens, events and requests by chance, on both kinds of sources.
//!
//! Every event, field, group and stream has a canary. No answer, header or error may contain one that the oracle does not allow,
//! and no log line or metric any of an event. Lists, pages, counts and rows must be exactly the oracle's. A failure prints its
//! seed: `LOGMARK_MODEL_SEED=7` repeats that world.

mod check;
mod oracle;
mod queries;
mod random;
mod reads;
mod upstream;
mod world;

use futures_util::StreamExt as _;

use self::check::{Caller, Case, canaries};
use self::random::Random;
use self::world::World;
use super::support::{Binary, Setup};
use crate::world::client::Client;
use crate::world::{Options, World as Service};

/// Answers that are compared in one run, for both sources together.
const DECISIONS: usize = 20_000;
/// Requests to one world.
const REQUESTS: u64 = 400;
/// Requests at a time.
const CONCURRENT: usize = 4;
const CALLERS: usize = 18;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Sends the requests of one world, and gives the number of compared answers.
async fn requests(world: &World, seed: u64, client: impl Fn(&str, &str) -> Client) -> usize {
    let mut random = Random::new(seed, 1);
    let callers: Vec<Caller<'_>> = (0..CALLERS)
        .map(|_| {
            let tenant = &world.tenants[random.below(world.tenants.len())];
            let scopes = world::scopes(&mut random);
            let client = client(&tenant.name, &world::scope_claim(&scopes));
            Caller { tenant, scopes, client }
        })
        .collect();
    let callers = &callers;
    let one = |number: u64| async move {
        let mut random = Random::new(seed, number + 2);
        let caller = &callers[random.below(callers.len())];
        let about = format!("LOGMARK_MODEL_SEED={seed}, request {number} of {}", caller.tenant.name);
        let mut case = Case { about, world, caller, others: callers, random, decisions: 0 };
        match case.random.below(20) {
            0..9 => case.events().await,
            9..14 => case.query().await,
            14 => case.fields().await,
            15 => case.groups().await,
            16 => case.one_group().await,
            17 => case.streams().await,
            18 if case.random.one_in(3) => case.tail().await,
            18 => case.checks().await,
            _ => case.explained().await,
        }
        case.decisions
    };
    futures_util::stream::iter(0..REQUESTS)
        .map(one)
        .buffer_unordered(CONCURRENT)
        .fold(0, async |sum, decisions| sum + decisions)
        .await
}

/// Worlds until enough answers were compared. `run` gives the number of one.
async fn worlds(run: impl AsyncFn(u64) -> usize) {
    if let Some(seed) = setting("LOGMARK_MODEL_SEED") {
        println!("{} decisions", run(seed).await);
        return;
    }
    let wanted = setting("LOGMARK_MODEL_DECISIONS").map_or(DECISIONS, |wanted| usize::try_from(wanted).unwrap()) / 2;
    let (mut decisions, mut seed) = (0, 0);
    while decisions < wanted {
        decisions += run(seed).await;
        seed += 1;
        if seed.is_multiple_of(50) {
            println!("{decisions} decisions in {seed} worlds so far");
        }
    }
    println!("{decisions} decisions in {seed} worlds");
}

/// Canaries of events, of which no log line and no metric may contain one.
fn of_events(text: &str) -> Vec<String> {
    canaries(text).into_iter().filter(|one| !one.starts_with("GROUPN") && !one.starts_with("STREAM")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_source_shows_what_the_oracle_allows() {
    worlds(async |seed| {
        let world = World::new(seed);
        let service = Service::with(Options { tenants: Some(world.config("disk")), ..Options::default() }).await;
        for group in &world.groups {
            for stream in &group.streams {
                let of_stream = group.events.iter().filter(|event| event.stream == *stream);
                service
                    .put(&group.name, stream, &of_stream.map(|event| (event.time, event.message.as_str())).collect::<Vec<_>>())
                    .await;
            }
        }
        let decisions = requests(&world, seed, |tenant, scope| service.scoped(tenant, scope)).await;
        let metrics = service.operator().get("/metrics").await.text();
        assert_eq!(of_events(&metrics), Vec::<String>::new(), "LOGMARK_MODEL_SEED={seed}");
        service.stop().await;
        decisions
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloudwatch_source_shows_what_the_oracle_allows() {
    worlds(async |seed| {
        let world = World::new(seed);
        let telemetry = "log_level = \"trace\"\n".to_owned();
        let binary = Binary::start(Setup { tenants: world.config("aws"), telemetry, quotas: true, ..Setup::default() }).await;
        {
            let mut state = binary.fake.state();
            let crate::world::fake_cloudwatch::State { logs, queries, .. } = &mut *state;
            upstream::fill(&world, logs, queries);
            if seed % 2 == 1 {
                // Pages that are cut short, or empty.
                logs.partial = seed | 0x5eed_0001;
            }
        }
        let decisions = requests(&world, seed, |tenant, scope| binary.with_token(&binary.issuer.token(tenant, scope))).await;
        let metrics = Client::new(binary.admin, None).get("/metrics").await.text();
        let written = binary.end().await;
        assert_eq!(of_events(&metrics), Vec::<String>::new(), "LOGMARK_MODEL_SEED={seed}");
        assert_eq!(of_events(&written), Vec::<String>::new(), "LOGMARK_MODEL_SEED={seed}");
        decisions
    })
    .await;
}
