//! Two gateways that share limits in a real redis-server.

use std::time::Instant;

use serde_json::json;

use super::{put, tenants};
use crate::world::redis_server::RedisServer;
use crate::world::tail::Tail;
use crate::world::{Options, World};

/// A gateway of a deployment with this store. The machine may be busy, so the store's time limit is longer than the default.
pub async fn replica(server: &RedisServer, limits: &str) -> World {
    replica_with(&format!("store = \"{}\"\ntimeout = \"5s\"", server.url()), limits).await
}

pub async fn replica_with(section: &str, limits: &str) -> World {
    let tenants = format!("[limits]\n{section}\n{}", tenants(limits));
    World::with(Options { tenants: Some(tenants), ..Options::default() }).await
}

#[tokio::test]
async fn two_gateways_share_a_rate() {
    const RATE: f64 = 40.0;
    let server = RedisServer::start(&[]);
    let (one, two) = (replica(&server, "requests_per_second = 40").await, replica(&server, "requests_per_second = 40").await);
    let (acme_one, acme_two) = (one.tenant("acme"), two.tenant("acme"));
    let began = Instant::now();
    let requests = (0..200).map(|index| {
        let client = if index % 2 == 0 { acme_one.clone() } else { acme_two.clone() };
        async move { client.get("/me").await }
    });
    let answers = futures_util::future::join_all(requests).await;
    let most = RATE + RATE * began.elapsed().as_secs_f64();
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(admitted >= 40 && admitted as f64 <= most.ceil(), "{admitted} of at most {most}");
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem() == "429 rate_limited"));
}

#[tokio::test]
async fn two_gateways_share_the_places_of_tails_and_a_closed_one_is_free_for_both() {
    let server = RedisServer::start(&[]);
    let (one, two) = (replica(&server, "tails = 3").await, replica(&server, "tails = 3").await);
    for world in [&one, &two] {
        put(world, 1, 10).await;
    }
    let (acme_one, acme_two) = (one.tenant("acme"), two.tenant("acme"));
    let target = "/logs/:acme:api?follow=true";
    let first = Tail::open(&acme_one, target).await;
    let (_second, _third) = (Tail::open(&acme_one, target).await, Tail::open(&acme_two, target).await);
    for client in [&acme_one, &acme_two] {
        assert_eq!(Tail::open_with(client, target, &[]).await.unwrap_err().problem(), "429 rate_limited");
        assert_eq!(client.get("/me").await.json()["remaining"]["tails"], 0);
    }
    drop(first);
    while acme_two.get("/me").await.json()["remaining"]["tails"] != 1 {}
    let _fourth = Tail::open(&acme_two, target).await;
    assert_eq!(acme_one.get("/me").await.json()["remaining"]["tails"], 0);
}

#[tokio::test]
async fn two_gateways_share_the_bytes_of_a_day() {
    let server = RedisServer::start(&[]);
    let limits = "sent_gb_per_day = 0.0003, scanned_gb_per_day = 0.0001";
    let (one, two) = (replica(&server, limits).await, replica(&server, limits).await);
    for world in [&one, &two] {
        put(world, 40, 1000).await;
    }
    let (acme_one, acme_two) = (one.tenant("acme"), two.tenant("acme"));
    let requests = (0..60).map(|index| {
        let client = if index % 2 == 0 { acme_one.clone() } else { acme_two.clone() };
        async move { client.get("/logs/:acme:api?start=0&limit=20").await }
    });
    let answers = futures_util::future::join_all(requests).await;
    let sent: usize = answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.body.len()).sum();
    assert!(sent <= 300_000 && sent > 150_000, "{sent}");
    // Reservations are returned in the background.
    let left = (300_000.0 - sent as f64) / 1e9;
    for client in [&acme_one, &acme_two] {
        while (client.get("/me").await.json()["remaining"]["sentGbPerDay"].as_f64().unwrap() - left).abs() > 1e-12 {}
    }
}

#[tokio::test]
async fn two_gateways_share_the_bytes_that_queries_scan() {
    let server = RedisServer::start(&[]);
    let limits = "scanned_gb_per_day = 0.0001";
    let (one, two) = (replica(&server, limits).await, replica(&server, limits).await);
    for world in [&one, &two] {
        put(world, 40, 1000).await;
    }
    let body = json!({ "query": "stats count(*)", "logGroups": ["/acme/api"], "start": "-1h" });
    let starts = (0..12).map(|index| {
        let client = if index % 2 == 0 { one.tenant("acme") } else { two.tenant("acme") };
        let body = body.clone();
        async move { client.post("/queries", &body, &[("prefer", "wait=20")]).await }
    });
    let answers = futures_util::future::join_all(starts).await;
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.json()).collect();
    let scanned: f64 = done.iter().map(|query| query["statistics"]["bytesScanned"].as_f64().unwrap()).sum();
    assert!(!done.is_empty() && scanned <= 100_000.0, "{scanned} in {} queries", done.len());
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem() == "429 budget_exceeded"));
}

#[tokio::test]
async fn keys_have_the_prefix_and_expire_and_hold_no_token() {
    let server = RedisServer::start(&[]);
    let section = format!("store = \"{}\"\ntimeout = \"5s\"\nprefix = \"shop\"", server.url());
    let limits = "requests_per_second = 100, concurrent_requests = 9, concurrent_exports = 2, sent_gb_per_day = 1";
    let world = replica_with(&section, limits).await;
    put(&world, 10, 100).await;
    let acme = world.tenant("acme");
    assert_eq!(acme.get("/logs/:acme:api?start=0&format=csv").await.status, 200);
    let mut connection = server.connect();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    assert!(keys.iter().any(|key| key == "shop:{acme}:sent_gb_per_day"), "{keys:?}");
    for key in keys {
        assert!(key.starts_with("shop:"), "{key}");
        let expires: i64 = redis::cmd("PTTL").arg(&key).query(&mut connection).unwrap();
        assert!((-2..=172_800_000).contains(&expires) && expires != -1, "{key} expires in {expires}");
    }
}
