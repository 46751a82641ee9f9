//! The store of shared limits is unreachable, slow, refusing, or without its data: limits always apply.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::put;
use super::replicas::{replica, replica_with};
use crate::world::World;
use crate::world::redis_server::RedisServer;
use crate::world::tail::Tail;

const TAIL: &str = "/logs/:acme:api?follow=true";

/// The check of the store in `/readyz`, which is 200 with or without it.
pub async fn check(world: &World) -> Value {
    let operator = world.operator();
    let mut ready = operator.get("/readyz").await;
    // At first the keys of the issuer are read.
    while ready.status != 200 && ready.text().contains("no keys after") {
        ready = operator.get("/readyz").await;
    }
    assert_eq!(ready.status, 200, "{}", ready.text());
    let ready = ready.json();
    ready["checks"].as_array().unwrap().iter().find(|check| check["name"] == "limit store").unwrap().clone()
}

pub async fn until(world: &World, is_up: bool) -> Value {
    loop {
        let check = check(world).await;
        if check["ok"] == is_up {
            return check;
        }
        tokio::task::yield_now().await;
    }
}

/// Opens tails until one is refused.
pub async fn open_all(world: &World) -> Vec<Tail> {
    let acme = world.tenant("acme");
    let mut open = Vec::new();
    loop {
        match Tail::open_with(&acme, TAIL, &[]).await {
            Ok(tail) => open.push(tail),
            Err(refused) => {
                assert_eq!(refused.problem(), "429 rate_limited");
                return open;
            }
        }
    }
}

#[tokio::test]
async fn a_store_that_dies_leaves_each_replica_its_share_and_takes_over_again() {
    let mut server = RedisServer::start(&[]);
    let (one, two) = (replica(&server, "tails = 8").await, replica(&server, "tails = 8").await);
    for world in [&one, &two] {
        put(world, 1, 10).await;
    }
    let held = Tail::open(&one.tenant("acme"), TAIL).await;
    server.kill();
    // Half of the eight places each, including the open one.
    let (of_one, of_two) = (open_all(&one).await, open_all(&two).await);
    assert_eq!((of_one.len() + 1, of_two.len()), (4, 4));
    let problem = check(&one).await["problem"].as_str().unwrap().to_owned();
    assert!(problem.ends_with("this replica allows 50% of each tenant limit by itself"), "{problem}");
    let metrics = one.operator().get("/metrics").await.text();
    assert!(metrics.contains("logmark_limit_store_up") && metrics.contains("logmark_limit_local_decisions_total"));
    server.restart();
    for world in [&one, &two] {
        assert_eq!(until(world, true).await.get("problem"), None);
    }
    // The replicas have reported all eight to the new server.
    for world in [&one, &two] {
        assert_eq!(world.tenant("acme").get("/me").await.json()["remaining"]["tails"], 0);
        assert!(open_all(world).await.is_empty());
    }
    drop((held, of_one));
    while two.tenant("acme").get("/me").await.json()["remaining"]["tails"] != 4 {}
    assert_eq!(open_all(&two).await.len(), 4);
}

#[tokio::test]
async fn bytes_of_the_day_survive_a_store_that_loses_them() {
    let mut server = RedisServer::start(&[]);
    let limits = "sent_gb_per_day = 0.0003";
    let (one, two) = (replica(&server, limits).await, replica(&server, limits).await);
    for world in [&one, &two] {
        put(world, 40, 1000).await;
    }
    let (mut sent, target) = (0, "/logs/:acme:api?start=0&limit=20");
    for world in [&one, &two, &one] {
        sent += world.tenant("acme").get(target).await.body.len();
    }
    // All keys are evicted, as by a server without memory.
    let _flushed: String = redis::cmd("FLUSHALL").query(&mut server.connect()).unwrap();
    sent += one.tenant("acme").get(target).await.body.len();
    sent += two.tenant("acme").get(target).await.body.len();
    let left = async |world: &World| world.tenant("acme").get("/me").await.json()["remaining"]["sentGbPerDay"].as_f64().unwrap();
    let expected = |sent: usize| (300_000.0 - sent as f64) / 1e9;
    for world in [&one, &two] {
        while (left(world).await - expected(sent)).abs() > 1e-12 {}
    }
    // While the store is unreachable, each replica may use half of the remaining places.
    server.kill();
    let mut alone = 0;
    for world in [&one, &two] {
        loop {
            let page = world.tenant("acme").get(target).await;
            if page.status != 200 {
                assert_eq!(page.problem(), "429 budget_exceeded");
                break;
            }
            alone += page.body.len();
        }
    }
    assert!(sent + alone <= 300_000 && alone > 0, "{sent} and {alone}");
    server.restart();
    for world in [&one, &two] {
        until(world, true).await;
        while (left(world).await - expected(sent + alone)).abs() > 1e-12 {}
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_leaves_the_share() {
    let server = RedisServer::start(&["--requirepass", "right-horse"]);
    let away = |password: &'static str, variable: &'static str| {
        let section = format!("store = \"{}\"\ntimeout = \"5s\"\npassword = \"env:{variable}\"", server.url());
        let tenants = format!("[limits]\n{section}\n{}", super::tenants("tails = 4"));
        let environment = vec![(variable, password)];
        World::with(crate::world::Options { tenants: Some(tenants), environment, ..Default::default() })
    };
    let wrong = away("wrong-horse", "WRONG").await;
    put(&wrong, 1, 10).await;
    let problem = until(&wrong, false).await["problem"].as_str().unwrap().to_owned();
    while !check(&wrong).await["problem"].as_str().unwrap().starts_with("the store refused the user or the password") {}
    assert!(!problem.contains("horse"), "{problem}");
    assert_eq!(open_all(&wrong).await.len(), 2);
    let right = away("right-horse", "RIGHT").await;
    put(&right, 1, 10).await;
    until(&right, true).await;
    assert_eq!(open_all(&right).await.len(), 4);
}

#[tokio::test]
async fn a_store_without_memory_for_writes_is_away_until_it_has_some() {
    let server = RedisServer::start(&[]);
    let world = replica(&server, "requests_per_second = 1000, tails = 4").await;
    put(&world, 1, 10).await;
    until(&world, true).await;
    let set = |value: &str| {
        let _ok: String = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(value).query(&mut server.connect()).unwrap();
    };
    set("1");
    let open = open_all(&world).await;
    assert_eq!(open.len(), 2);
    assert!(check(&world).await["problem"].as_str().unwrap().contains("OOM"));
    set("0");
    until(&world, true).await;
    assert_eq!(open_all(&world).await.len(), 2, "four in all");
}

/// Forwards bytes to the server, until a flag makes it hold back the answers.
async fn stalling_proxy(port: u16, stalls: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let stalls = Arc::clone(&stalls);
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let requests = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
                let mut answer = vec![0; 65536];
                while let Ok(length) = from_server.read(&mut answer).await {
                    if length == 0 || stalls.load(Ordering::Relaxed) {
                        // The connection stays open without an answer.
                        let _closed = requests.await;
                        return;
                    }
                    if to_client.write_all(&answer[..length]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    own
}

#[tokio::test]
async fn a_store_that_stalls_costs_one_timeout_and_not_one_for_each_request() {
    let server = RedisServer::start(&[]);
    let stalls = Arc::new(AtomicBool::new(false));
    let port = stalling_proxy(server.port, Arc::clone(&stalls)).await;
    let section = format!("store = \"redis://127.0.0.1:{port}\"\ntimeout = \"1s\"");
    let world = replica_with(&section, "requests_per_second = 1000, tails = 4").await;
    put(&world, 1, 10).await;
    until(&world, true).await;
    stalls.store(true, Ordering::Relaxed);
    let acme = world.tenant("acme");
    assert_eq!(acme.get("/me").await.status, 200);
    assert!(check(&world).await["problem"].as_str().unwrap().starts_with("no answer within 1000 ms"));
    let began = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(acme.get("/me").await.status, 200);
    }
    // With the store, a hundred requests would wait for a hundred seconds.
    assert!(began.elapsed().as_secs() < 50, "{:?}", began.elapsed());
    assert_eq!(open_all(&world).await.len(), 2);
    stalls.store(false, Ordering::Relaxed);
    until(&world, true).await;
    assert_eq!(acme.get("/me").await.json()["remaining"]["requestsPerSecond"], 999);
}
