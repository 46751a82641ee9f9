//! Withdrawn access ends after a reload: cursors, tokens, tickets, tails, exports, queries. Everything else continues.

use serde_json::json;

use super::{world, world_with};
use crate::world::tail::Tail;
use crate::world::tokens::Issuer;
use crate::world::{Options, World};

const ACME_GRANT: &str = "groups = [\"/acme/*\"]";
const NO_GRANT: &str = "groups = [\"/nothing/*\"]";

async fn reload(world: &World, old: &str, new: &str) {
    let generation = world.config_report().await["generation"].as_u64().unwrap();
    world.edit(old, new);
    world.request_reload();
    world.generation(generation + 1).await;
}

#[tokio::test]
async fn a_cursor_ends_with_its_grant_and_works_again_when_the_grant_returns() {
    let world = world().await;
    let acme = world.tenant("acme");
    let mut targets = Vec::new();
    for target in ["/logs/:acme:api/s?start=0&limit=1", "/logs/:acme:api?start=0&limit=1", "/groups/:acme:api/streams?limit=1"] {
        let page = acme.get(target).await.json();
        let path = if target.starts_with("/logs") { "/logs" } else { "/groups/:acme:api/streams" };
        if let Some(cursor) = page["nextCursor"].as_str() {
            targets.push(format!("{path}?cursor={cursor}"));
        }
    }
    assert!(targets.len() >= 2);
    reload(&world, ACME_GRANT, NO_GRANT).await;
    for target in &targets {
        assert_eq!(acme.get(target).await.problem(), "404 not_found", "{target}");
    }
    reload(&world, NO_GRANT, ACME_GRANT).await;
    for target in &targets {
        assert_eq!(acme.get(target).await.status, 200, "{target}");
    }
}

#[tokio::test]
async fn a_tail_ends_with_its_grant_and_others_go_on() {
    let world = world().await;
    let mut acme = Tail::open(&world.tenant("acme"), "/logs/:acme:api?follow=true").await;
    let mut globex = Tail::open(&world.tenant("globex"), "/logs/:globex:api?follow=true").await;
    reload(&world, ACME_GRANT, NO_GRANT).await;
    let frame = acme.next().await.unwrap();
    assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"not_found".into()));
    assert_eq!(acme.frame().await, None, "the body ends");
    world.put("/globex/api", "s", &[(4000, "four")]).await;
    assert_eq!(globex.messages(1).await, ["four"]);
}

#[tokio::test]
async fn a_tail_whose_streams_change_is_told_to_come_again() {
    let world = world().await;
    let mut tail = Tail::open(&world.tenant("acme"), "/logs/:acme:api?follow=true").await;
    reload(&world, ACME_GRANT, "groups = [\"/acme/*\"]\nstreams = [\"s\"]").await;
    let frame = tail.next().await.unwrap();
    assert_eq!((frame.kind.as_str(), &frame.data["reason"]), ("reconnect", &"policy".into()));
}

/// Tokens are verified once and then cached. The issuer's rules apply to cached tokens too.
#[tokio::test]
async fn remembered_tokens_tickets_and_tails_end_with_their_issuer() {
    let world = world().await;
    let acme = world.tenant("acme");
    let globex = world.tenant("globex");
    for client in [&acme, &globex] {
        assert_eq!(client.get("/me").await.status, 200);
    }
    let ticket = acme.post("/tickets", &json!({ "url": "/logs/:acme:api?follow=true" }), &[]).await.json();
    let of_ticket = acme.post("/tickets", &json!({ "url": "/logs/:acme:api?follow=true" }), &[]).await.json();
    let mut by_token = Tail::open(&acme, "/logs/:acme:api?follow=true").await;
    let mut by_ticket = Tail::open(&world.anonymous(), of_ticket["url"].as_str().unwrap()).await;
    // The issuer may no longer name acme.
    reload(&world, "audiences = [\"logmark\"]", "audiences = [\"logmark\"]\ntenants = [\"globex\"]").await;
    assert_eq!(acme.get("/me").await.problem(), "401 invalid_token");
    assert_eq!(globex.get("/me").await.status, 200);
    assert_eq!(world.anonymous().get(ticket["url"].as_str().unwrap()).await.problem(), "401 invalid_ticket");
    for tail in [&mut by_token, &mut by_ticket] {
        let frame = tail.next().await.unwrap();
        assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"invalid_token".into()));
    }
    // With another audience, no token is for this service.
    reload(&world, "audiences = [\"logmark\"]", "audiences = [\"other\"]").await;
    assert_eq!(globex.get("/me").await.problem(), "401 invalid_token");
    reload(&world, "audiences = [\"other\"]\ntenants = [\"globex\"]", "audiences = [\"logmark\"]").await;
    assert_eq!((acme.get("/me").await.status, globex.get("/me").await.status), (http::StatusCode::OK, http::StatusCode::OK));
}

/// A ticket does not contain the token, so whether the token meets a new requirement cannot be told: tickets and their tails end.
#[tokio::test]
async fn tickets_and_their_tails_end_with_the_requirements_of_their_issuer() {
    let requirements = [
        ("required_claims = { tenant = [\"acme\", \"globex\"] }", true),
        ("required_claims = { azp = [\"portal\"] }", false),
        ("scope_claims = [\"scope\", \"scp\"]", true),
        ("leeway = \"30s\"", true),
    ];
    for (requirement, accepts_tokens) in requirements {
        let world = world().await;
        let acme = world.tenant("acme");
        let body = json!({ "url": "/logs/:acme:api?follow=true" });
        let [unused, of_tail] = [acme.post("/tickets", &body, &[]).await.json(), acme.post("/tickets", &body, &[]).await.json()];
        let mut by_ticket = Tail::open(&world.anonymous(), of_tail["url"].as_str().unwrap()).await;
        reload(&world, "audiences = [\"logmark\"]", &format!("audiences = [\"logmark\"]\n{requirement}")).await;
        assert_eq!(acme.get("/me").await.status == 200, accepts_tokens, "{requirement}");
        let ends = !requirement.starts_with("leeway");
        let used = Tail::open_with(&world.anonymous(), unused["url"].as_str().unwrap(), &[]).await;
        assert_eq!(used.err().map(|refused| refused.problem()), ends.then(|| "401 invalid_ticket".to_owned()), "{requirement}");
        if ends {
            let frame = by_ticket.next().await.unwrap();
            assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"invalid_token".into()), "{requirement}");
        }
    }
}

/// The keys of an issuer are a file, too: a withdrawn key ends what it has signed without a change of the configuration.
#[tokio::test]
async fn a_key_that_leaves_its_file_ends_its_tokens_and_tails() {
    let world = world().await;
    let acme = world.tenant("acme");
    let mut tail = Tail::open(&acme, "/logs/:acme:api?follow=true").await;
    let other = tempfile::tempdir().unwrap();
    let issuer = Issuer::new(other.path());
    let keys = std::fs::read(other.path().join("issuer.jwks.json")).unwrap();
    logmark::files::replace(&world.folder.path().join("issuer.jwks.json"), &keys, logmark::files::PUBLIC).unwrap();
    let frame = tail.next().await.unwrap();
    assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"invalid_token".into()));
    assert_eq!(acme.get("/me").await.problem(), "401 invalid_token");
    assert_eq!(world.with_token(&issuer.token("acme", "logs:*:*")).get("/me").await.status, 200);
}

/// 30 MB of events, more than a connection and its socket hold.
async fn put_much(world: &World) {
    let message = "x".repeat(1000);
    let events: Vec<(i64, &str)> = (0..30_000).map(|number| (10_000 + number, message.as_str())).collect();
    for part in events.chunks(2000) {
        world.put("/acme/api", "s", part).await;
    }
}

#[tokio::test]
async fn an_export_ends_with_its_grant_and_never_looks_complete() {
    let world = world().await;
    put_much(&world).await;
    let acme = world.tenant("acme");
    let mut begun = Vec::new();
    for format in ["ndjson", "csv", "text"] {
        let target = format!("/logs/:acme:api/s?start=0&format={format}");
        // The body is not read yet: the connection holds the first frames, and the rest waits in the service.
        begun.push((format, acme.begin(http::Method::GET, &target, &[], bytes::Bytes::new()).await));
    }
    reload(&world, ACME_GRANT, NO_GRANT).await;
    for (format, response) in begun {
        let answer = crate::world::client::Client::read(response).await;
        assert!(answer.body.len() < 20_000_000, "{format}: {} bytes after the withdrawal", answer.body.len());
        if format == "ndjson" {
            let text = answer.text();
            let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(last["error"]["code"], "not_found", "{last}");
        } else {
            assert!(answer.broken, "{format} looks complete");
        }
        assert!(answer.trailers.is_empty(), "{format}");
    }
}

/// An export that a reload does not affect continues to its end, also after its token has expired.
#[tokio::test]
async fn an_export_goes_on_over_a_reload_that_does_not_concern_it() {
    let clock = crate::world::HeldClock::new();
    let world = world_with(Options { clock: Some(clock.clone()), ..Options::default() }).await;
    put_much(&world).await;
    let response =
        world.tenant("acme").begin(http::Method::GET, "/logs/:acme:api/s?start=0&format=ndjson", &[], bytes::Bytes::new()).await;
    clock.advance(24 * 3_600_000);
    reload(&world, "groups = [\"/globex/*\"]", NO_GRANT).await;
    let answer = crate::world::client::Client::read(response).await;
    assert_eq!((answer.broken, answer.text().lines().count()), (false, 30_003));
    assert!(answer.trailers.contains_key("logmark-cursor"));
}

/// Tries about 2^14 ways for each event, so that the query runs until it is stopped.
const SLOW: &str = "filter @message like /^(a+)+\\1b/ | stats count(*) as n";

#[tokio::test]
async fn a_running_query_is_stopped_when_its_grant_is_withdrawn() {
    let limits = "[tenants.acme]\nlimits = { concurrent_queries = 1 }";
    let tenants = super::TENANTS.replace("[tenants.acme]", limits);
    let world = world_with(Options { tenants: Some(tenants), ..Options::default() }).await;
    let message = "a".repeat(14);
    let at = jiff::Timestamp::now().as_millisecond() - 60_000;
    let events: Vec<(i64, &str)> = (0..20_000).map(|number| (at + number, message.as_str())).collect();
    world.put("/acme/api", "slow", &events).await;
    let acme = world.tenant("acme");
    let start = async || acme.post("/queries", &json!({ "query": SLOW, "logGroups": ["/acme/api"], "start": "-1h" }), &[]).await;
    let id = start().await.json()["queryId"].as_str().unwrap().to_owned();
    assert_eq!(start().await.status, 429, "the first one runs");
    reload(&world, ACME_GRANT, NO_GRANT).await;
    assert_eq!(acme.get(&format!("/queries/{id}")).await.problem(), "404 not_found");
    // Its place is free again. No request has polled it, so only the withdrawal can have stopped it.
    reload(&world, NO_GRANT, ACME_GRANT).await;
    loop {
        let answer = acme.get(&format!("/queries/{id}")).await;
        match answer.json()["status"].as_str() {
            Some("Cancelled") => break,
            status => assert!(matches!(status, Some("Running" | "Scheduled")), "{}", answer.text()),
        }
    }
    let again = start().await;
    assert_eq!(again.status, 202, "{}", again.text());
    acme.delete(&format!("/queries/{}", again.json()["queryId"].as_str().unwrap())).await;
}

/// Pages of CloudWatch are cached. Permissions are checked before the cache, so a withdrawn permission hides cached pages too.
#[tokio::test]
async fn a_cached_page_is_not_shown_after_its_grant_was_withdrawn() {
    let fake = crate::world::fake_cloudwatch::Fake::start(jiff::Timestamp::now().as_millisecond()).await;
    let sources = format!(
        "[[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{}\"\nendpoint = \"{}\"\n",
        crate::world::fake_cloudwatch::REGION,
        fake.endpoint()
    );
    let folder = tempfile::tempdir().unwrap();
    Issuer::new(folder.path());
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[[auth.issuers]]\nissuer = \"test\"\n\
         audiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n{sources}{}",
        super::TENANTS
    );
    std::fs::write(folder.path().join("logmark.toml"), &text).unwrap();
    let issuer = Issuer::new(folder.path());
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", crate::world::fake_cloudwatch::SECRET)];
    let served = crate::world::process::Process::serve(&folder.path().join("logmark.toml"), &keys).await;
    let acme = crate::world::client::Client::new(served.address, Some(issuer.token("acme", "logs:*:*")));
    let begin = jiff::Timestamp::now().as_millisecond() - 5 * 3_600_000;
    fake.state().logs.put("/acme/api", "s", begin, "cached");
    let target = format!("/logs/:acme:api/s?start={begin}&end={}", begin + 1000);
    assert_eq!(acme.get(&target).await.messages(), ["cached"]);
    let calls = fake.calls();
    assert_eq!(acme.get(&target).await.messages(), ["cached"]);
    assert_eq!(fake.calls(), calls, "from the cache");
    std::fs::write(folder.path().join("logmark.toml"), text.replace(ACME_GRANT, NO_GRANT)).unwrap();
    while acme.get(&target).await.status == 200 {}
    assert_eq!(acme.get(&target).await.problem(), "404 not_found");
    assert_eq!(fake.calls(), calls, "no call was made");
}
