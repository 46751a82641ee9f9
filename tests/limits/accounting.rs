//! The accounting of several replicas under random orders of work, against a real redis-server.

use std::sync::Arc;

use logmark::domain::name::TenantId;
use logmark::domain::time::SystemClock;
use logmark::limits::lease::{ByteReservation, Lease};
use logmark::limits::limit::{Budget, Work};
use logmark::limits::settings::LimitStore;
use logmark::limits::{Need, StoreState, TenantLimits};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::world::redis_server::RedisServer;

const REPLICAS: usize = 3;
const BYTES: u64 = 1_000_000;
const PLACES: u32 = 4;

#[derive(Debug, Clone)]
enum Step {
    Reserve {
        replica: usize,
        least: u64,
        more: u64,
    },
    /// Uses a part of a reservation, in percent.
    Use {
        which: usize,
        percent: u64,
    },
    /// Ends a reservation.
    End {
        which: usize,
    },
    Begin {
        replica: usize,
    },
    Finish {
        which: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..64_usize;
    prop_oneof![
        6 => (0..REPLICAS, 0..400_000_u64, 0..1_000_000_u64).prop_map(|(replica, least, more)| Step::Reserve { replica, least, more }),
        6 => (which.clone(), 0..=100_u64).prop_map(|(which, percent)| Step::Use { which, percent }),
        3 => which.clone().prop_map(|which| Step::End { which }),
        4 => (0..REPLICAS).prop_map(|replica| Step::Begin { replica }),
        3 => which.prop_map(|which| Step::Finish { which }),
    ]
}

fn store(server: &RedisServer, prefix: &str) -> LimitStore {
    LimitStore {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        database: 0,
        tls: false,
        ca: None,
        username: None,
        password: None,
        prefix: prefix.to_owned(),
        timeout: std::time::Duration::from_secs(5),
        fallback_share: 0.5,
    }
}

async fn replicas(server: &RedisServer, prefix: &str, count: usize) -> Vec<TenantLimits> {
    let mut replicas = Vec::new();
    for _ in 0..count {
        let limits = TenantLimits::new(Arc::new(SystemClock), Some(&store(server, prefix))).unwrap();
        limits.connect().await;
        while limits.store_state() != StoreState::Shared {
            tokio::task::yield_now().await;
        }
        replicas.push(limits);
    }
    replicas
}

fn acme() -> TenantId {
    TenantId::try_from("acme").unwrap()
}

/// The gigabytes that a replica's account has left.
async fn left(limits: &TenantLimits) -> u64 {
    let left = limits.left(&acme(), Budget::Scanned, Some(BYTES as f64 / 1e9)).await.unwrap();
    (left * 1e9).round() as u64
}

async fn run(replicas: &[TenantLimits], steps: Vec<Step>) {
    let (mut held, mut used): (Vec<ByteReservation>, u64) = (Vec::new(), 0);
    let mut running: Vec<Lease> = Vec::new();
    for step in steps {
        match step {
            Step::Reserve { replica, least, more } => {
                let need = Need { least, most: least + more };
                let granted = replicas[replica].reserve(&acme(), Budget::Scanned, Some(BYTES), need).await;
                held.extend(granted.ok());
                let reserved: u64 = held.iter().map(ByteReservation::left).sum();
                assert!(used + reserved <= BYTES, "{used} used and {reserved} reserved");
            }
            Step::Use { which, percent } if !held.is_empty() => {
                let count = held.len();
                let reservation = &mut held[which % count];
                let bytes = reservation.left() * percent / 100;
                reservation.note(bytes);
                used += bytes;
            }
            Step::End { which } if !held.is_empty() => drop(held.swap_remove(which % held.len())),
            Step::Begin { replica } => {
                running.extend(replicas[replica].begin(&acme(), Work::Queries, Some(PLACES)).await.ok());
                assert!(running.len() <= PLACES as usize);
            }
            Step::Finish { which } if !running.is_empty() => drop(running.swap_remove(which % running.len())),
            Step::Use { .. } | Step::End { .. } | Step::Finish { .. } => {}
        }
    }
    drop((held, running));
    // Ends are reported in the background.
    for replica in replicas {
        while left(replica).await != BYTES - used {
            tokio::task::yield_now().await;
        }
        let mut places = Vec::new();
        while places.len() < PLACES as usize {
            places.extend(replica.begin(&acme(), Work::Queries, Some(PLACES)).await.ok());
        }
        assert!(replica.begin(&acme(), Work::Queries, Some(PLACES)).await.is_err());
    }
}

#[test]
fn replicas_never_exceed_a_limit_and_nothing_leaks() {
    let server = RedisServer::start(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    runner
        .run(&proptest::collection::vec(step(), 1..60), |steps| {
            case.set(case.get() + 1);
            runtime.block_on(async {
                let replicas = replicas(&server, &format!("case{}", case.get()), REPLICAS).await;
                run(&replicas, steps).await;
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn what_a_dead_replica_held_is_freed_or_counts_as_used() {
    let server = RedisServer::start(&[]);
    let mut both = replicas(&server, "dead", 2).await;
    let (alive, dead) = (both.pop().unwrap(), both.pop().unwrap());
    let lease = dead.begin(&acme(), Work::Queries, Some(1)).await.unwrap();
    let reserved = dead.reserve(&acme(), Budget::Scanned, Some(BYTES), Need::exactly(600_000)).await.unwrap();
    assert!(alive.begin(&acme(), Work::Queries, Some(1)).await.is_err());
    assert_eq!(left(&alive).await, 400_000);
    // The replica dies: the store is not informed. Its clock advances by thirty seconds.
    std::mem::forget((lease, reserved));
    let mut connection = server.connect();
    let places: Vec<String> =
        redis::cmd("ZRANGE").arg("dead:{acme}:concurrent_queries").arg(0).arg(-1).query(&mut connection).unwrap();
    for place in &places {
        let _changed: i64 =
            redis::cmd("ZADD").arg("dead:{acme}:concurrent_queries").arg(1).arg(place).query(&mut connection).unwrap();
    }
    let fields: std::collections::HashMap<String, String> =
        redis::cmd("HGETALL").arg("dead:{acme}:scanned_gb_per_day").query(&mut connection).unwrap();
    let (field, value) = fields.iter().find(|(name, _)| name.starts_with("r:")).unwrap();
    assert!(value.starts_with("600000:"), "{value}");
    let _set: i64 = redis::cmd("HSET")
        .arg("dead:{acme}:scanned_gb_per_day")
        .arg(&[field.as_str(), "600000:1", "sweep", "1"])
        .query(&mut connection)
        .unwrap();
    let place = alive.begin(&acme(), Work::Queries, Some(1)).await;
    assert!(place.is_ok(), "its place is free");
    assert_eq!(left(&alive).await, 400_000, "its bytes count as used");
    let fields: std::collections::HashMap<String, String> =
        redis::cmd("HGETALL").arg("dead:{acme}:scanned_gb_per_day").query(&mut connection).unwrap();
    assert_eq!((fields["total"].as_str(), fields["reserved"].as_str()), ("600000", "0"));
}

#[tokio::test]
async fn a_day_begins_again_with_the_work_that_runs() {
    let server = RedisServer::start(&[]);
    let limits = replicas(&server, "day", 1).await.pop().unwrap();
    let mut running = limits.reserve(&acme(), Budget::Scanned, Some(BYTES), Need::exactly(600_000)).await.unwrap();
    running.note(200_000);
    assert_eq!(left(&limits).await, 400_000);
    // For the store, these bytes are of yesterday.
    let key = "day:{acme}:scanned_gb_per_day";
    let mut connection = server.connect();
    let day: i64 = redis::cmd("HGET").arg(key).arg("day").query(&mut connection).unwrap();
    let _set: i64 = redis::cmd("HSET").arg(key).arg("day").arg(day - 1).query(&mut connection).unwrap();
    let other = replicas(&server, "day", 1).await.pop().unwrap();
    assert_eq!(left(&other).await, 600_000, "the 400,000 that are reserved count on this day");
}
