//! Live tail on the local source: which events arrive, in which order, and how a tail resumes.

use crate::world::tail::Tail;
use crate::world::{HeldClock, Options, World};

/// 32 bytes in base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test]
async fn events_arrive_as_they_are_appended_in_both_formats() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "before")]).await;
    let acme = world.tenant("acme");
    for format in ["sse", "ndjson"] {
        let mut tail = Tail::open(&acme, &format!("/logs/:acme:api?follow=true&format={format}")).await;
        world.put("/acme/api", "a", &[(2000, "one"), (3000, "two")]).await;
        world.put("/acme/api", "b", &[(1500, "late")]).await;
        let mut expected = Vec::new();
        for event in acme.get("/logs/:acme:api?start=0").await.json()["events"].as_array().unwrap().clone() {
            if event["message"] != "before" {
                expected.push(event);
            }
        }
        let events = [tail.event().await, tail.event().await, tail.event().await];
        let messages: Vec<_> = events.iter().map(|event| event["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["one", "two", "late"], "in the order of their appends");
        assert!(events.iter().all(|event| expected.contains(event)), "as in pages");
    }
}

#[tokio::test]
async fn a_tail_resumes_behind_each_of_its_cursors() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "old 1"), (2000, "old 2")]).await;
    let acme = world.tenant("acme");
    let mut tail = Tail::open(&acme, "/logs/:acme:api/a?start=0&follow=true").await;
    let mut cursors = vec![tail.cursor.clone()];
    for _ in 0..2 {
        tail.event().await;
        cursors.push(tail.cursor.clone());
    }
    world.put("/acme/api", "a", &[(500, "new 1")]).await;
    world.put("/acme/api", "b", &[(600, "of another stream")]).await;
    world.put("/acme/api", "a", &[(700, "new 2"), (400, "new 3")]).await;
    let all = ["old 1", "old 2", "new 1", "new 2", "new 3"];
    for message in &all[2..] {
        assert_eq!(tail.event().await["message"], *message);
        cursors.push(tail.cursor.clone());
    }
    for (number, cursor) in cursors.iter().enumerate() {
        let mut resumed = Tail::open(&acme, &format!("/logs?cursor={cursor}&follow=true")).await;
        assert_eq!(resumed.messages(all.len() - number).await, all[number..], "behind {number} events");
        let headers = [("last-event-id", cursor.as_str()), ("accept", "text/event-stream")];
        let mut resumed = Tail::open_with(&acme, "/logs/:acme:api/a?start=0", &headers).await.unwrap();
        assert_eq!(resumed.messages(all.len() - number).await, all[number..], "behind {number} events, by its id");
    }
}

#[tokio::test]
async fn a_page_is_continued_by_a_tail_and_a_tails_cursor_is_refused_by_pages() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "one"), (2000, "two"), (3000, "three")]).await;
    let acme = world.tenant("acme");
    let page = acme.get("/logs/:acme:api?start=0&limit=1").await.json();
    let mut tail = Tail::open(&acme, &format!("/logs?cursor={}&follow=true", page["nextCursor"].as_str().unwrap())).await;
    world.put("/acme/api", "a", &[(500, "late")]).await;
    assert_eq!(tail.messages(3).await, ["two", "three", "late"]);
    let refused = acme.get(&format!("/logs?cursor={}", tail.cursor)).await;
    assert_eq!(refused.problem(), "400 invalid_cursor");
    assert!(refused.text().contains("add `follow=true`"), "{}", refused.text());
    for (target, why) in [
        (format!("/logs?follow=true&cursor={}", page["previousCursor"].as_str().unwrap()), "older events"),
        (format!("/logs?follow=true&cursor={}&filter=x", tail.cursor), "`filter` differs"),
        ("/logs?follow=true&cursor=made-up".to_owned(), "it was altered, has expired"),
    ] {
        let refused = Tail::open_with(&acme, &target, &[]).await.unwrap_err();
        assert_eq!(refused.problem(), "400 invalid_cursor", "{target}");
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    let ended = acme.get("/logs/:acme:api?start=0&end=2500&limit=1").await.json();
    let ended = format!("/logs?follow=true&cursor={}", ended["nextCursor"].as_str().unwrap());
    assert_eq!(Tail::open_with(&acme, &ended, &[]).await.unwrap_err().problem(), "400 invalid_cursor");
    let headers = [("last-event-id", "another")];
    let both = format!("/logs?follow=true&cursor={}", tail.cursor);
    let both = Tail::open_with(&acme, &both, &headers).await.unwrap_err();
    assert_eq!((both.problem().as_str(), both.text().contains("Last-Event-ID")), ("400 invalid_parameter", true));
    let foreign = world.tenant("globex");
    let foreign = Tail::open_with(&foreign, &format!("/logs?follow=true&cursor={}", tail.cursor), &[]).await.unwrap_err();
    assert_eq!(foreign.problem(), "400 invalid_cursor");
}

#[tokio::test]
async fn streams_filters_and_columns_are_those_of_pages() {
    let world = World::new().await;
    for stream in ["web-1", "web-2", "db"] {
        world.put("/acme/api", stream, &[(1000, "old")]).await;
    }
    let acme = world.tenant("acme");
    let open = async |parameters: &str| Tail::open(&acme, &format!("/logs/:acme:api{parameters}")).await;
    let mut chosen = open("?follow=true&streams=web-1&streams=db").await;
    let mut prefixed = open("?follow=true&streamPrefix=web").await;
    let mut filtered = open("?follow=true&filter=ERROR").await;
    let mut stream = open("/web-2?follow=true&filter=%7B%20$.n%20%3E%201%20%7D").await;
    let mut columns = open("?follow=true&format=ndjson&columns=logStream,$.n").await;
    world.put("/acme/api", "web-1", &[(2000, "ERROR 1")]).await;
    world.put("/acme/api", "db", &[(2000, "ok"), (2001, "ERROR 2")]).await;
    world.put("/acme/api", "web-2", &[(2000, "{\"n\":1}"), (2001, "{\"n\":2}")]).await;
    assert_eq!(chosen.messages(3).await, ["ERROR 1", "ok", "ERROR 2"]);
    assert_eq!(prefixed.messages(3).await, ["ERROR 1", "{\"n\":1}", "{\"n\":2}"]);
    assert_eq!(filtered.messages(2).await, ["ERROR 1", "ERROR 2"]);
    assert_eq!(stream.messages(1).await, ["{\"n\":2}"]);
    let shown = [columns.event().await, columns.event().await, columns.event().await, columns.event().await];
    assert_eq!(shown[0], serde_json::json!({ "logStream": "web-1" }));
    assert_eq!(shown[3], serde_json::json!({ "logStream": "web-2", "$.n": 1 }));
}

#[tokio::test]
async fn what_is_refused_as_a_page_is_refused_as_a_tail_and_tail_is_an_action_of_its_own() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "one")]).await;
    world.put("/globex/api", "a", &[(1000, "one")]).await;
    let refused = async |client, target: &str| Tail::open_with(&client, target, &[]).await.unwrap_err().problem();
    assert_eq!(refused(world.tenant("acme"), "/logs/:globex:api?follow=true").await, "404 not_found");
    assert_eq!(refused(world.tenant("acme"), "/logs/:acme:nothing?follow=true").await, "404 not_found");
    assert_eq!(refused(world.tenant("acme"), "/logs/:acme:api/nothing?follow=true").await, "404 not_found");
    assert_eq!(refused(world.tenant("globex"), "/logs/:globex:api?follow=true").await, "404 not_found", "a grant to read only");
    assert_eq!(refused(world.scoped("acme", "logs:read:*"), "/logs/:acme:api?follow=true").await, "403 insufficient_scope");
    assert_eq!(refused(world.anonymous(), "/logs/:acme:api?follow=true").await, "401 missing_token");
    let only_tail = world.scoped("acme", "logs:tail:/acme/*");
    assert_eq!(Tail::open(&only_tail, "/logs/:acme:api?follow=true&start=0").await.messages(1).await, ["one"]);
    assert_eq!(only_tail.get("/logs/:acme:api").await.problem(), "403 insufficient_scope");
    let html = Tail::open_with(&world.tenant("acme"), "/logs/:acme:api?follow=true", &[("accept", "text/html")]).await;
    assert_eq!(html.unwrap_err().problem(), "406 not_acceptable");
    let head = world.tenant("acme").send(http::Method::HEAD, "/logs/:acme:api?follow=true", &[]).await;
    assert_eq!((head.status.as_u16(), head.header("content-type").as_str()), (200, "text/event-stream"));
}

#[tokio::test]
async fn a_tail_is_not_compressed_and_not_buffered_by_proxies() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "one")]).await;
    let acme = world.tenant("acme");
    for format in ["sse", "ndjson"] {
        let target = format!("/logs/:acme:api?follow=true&start=0&format={format}");
        let mut tail = Tail::open_with(&acme, &target, &[("accept-encoding", "gzip, zstd")]).await.unwrap();
        assert_eq!(tail.messages(1).await, ["one"]);
        let header = |name: &str| tail.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("content-encoding"), None);
        assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
        assert_eq!(header("cache-control").as_deref(), Some("private, no-store"));
    }
}

#[tokio::test]
async fn the_tenants_limit_holds_and_a_tail_that_ended_is_free_at_once() {
    let tenants = "[tenants.acme]\nlimits = { tails = 2, concurrent_requests = 1 }\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\n\
        actions = [\"read\", \"tail\"]\n";
    let world = World::with(Options { tenants: Some(tenants.into()), ..Options::default() }).await;
    world.put("/acme/api", "a", &[(1000, "one")]).await;
    let acme = world.tenant("acme");
    let target = "/logs/:acme:api?follow=true";
    let (first, _second) = (Tail::open(&acme, target).await, Tail::open(&acme, target).await);
    let me = acme.get("/me").await.json();
    assert_eq!(
        (&me["limits"]["tails"], &me["remaining"]["tails"]),
        (&2.into(), &0.into()),
        "tails are no running requests: {me}"
    );
    let refused = Tail::open_with(&acme, target, &[]).await.unwrap_err();
    assert_eq!((refused.problem().as_str(), refused.header("retry-after").as_str()), ("429 rate_limited", "5"));
    drop(first);
    // The service sees the closed connection when the kernel reports it.
    while acme.get("/me").await.json()["remaining"]["tails"] != 1 {}
    Tail::open(&acme, target).await;
}

#[tokio::test]
async fn a_tail_ends_with_its_token_and_says_so() {
    let clock = HeldClock::new();
    let world = World::with(Options { clock: Some(clock.clone()), ..Options::default() }).await;
    world.put("/acme/api", "a", &[(1000, "one")]).await;
    let mut tail = Tail::open(&world.tenant("acme"), "/logs/:acme:api?follow=true").await;
    clock.advance(24 * 3_600_000);
    let frame = tail.next().await.unwrap();
    assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"expired_token".into()));
    assert_eq!(tail.frame().await, None, "the body ends");
}

#[tokio::test]
async fn a_stop_of_the_service_tells_tails_where_to_resume_and_nothing_is_lost_over_it() {
    let key = "cursor_keys = [\"env:KEY\"]\n";
    let keyed = |folder| Options { server: key.to_owned(), environment: vec![("KEY", KEY)], folder, ..Options::default() };
    let world = World::with(keyed(None)).await;
    world.put("/acme/api", "a", &[(1000, "one")]).await;
    let mut tail = Tail::open(&world.tenant("acme"), "/logs/:acme:api?follow=true&start=0").await;
    assert_eq!(tail.messages(1).await, ["one"]);
    world.put("/acme/api", "a", &[(2000, "two")]).await;
    let folder = world.stop().await;
    let mut frames = Vec::new();
    while let Some(frame) = tail.next().await {
        frames.push(frame);
    }
    let last = frames.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.data["reason"]), ("reconnect", &"shutdown".into()));
    let got_two = frames.len() == 2;
    let world = World::with(keyed(Some(folder))).await;
    let mut resumed = Tail::open(&world.tenant("acme"), &format!("/logs?follow=true&cursor={}", tail.cursor)).await;
    world.put("/acme/api", "a", &[(500, "three")]).await;
    let rest: &[&str] = if got_two { &["three"] } else { &["two", "three"] };
    assert_eq!(resumed.messages(rest.len()).await, rest);
}

#[tokio::test]
async fn a_tail_of_what_is_deleted_ends_with_not_found() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "one")]).await;
    let acme = world.tenant("acme");
    let mut of_stream = Tail::open(&acme, "/logs/:acme:api/a?follow=true").await;
    let mut of_group = Tail::open(&acme, "/logs/:acme:api?follow=true").await;
    let store = world.store();
    tokio::task::spawn_blocking(move || {
        store.delete_stream("/acme/api", "a").unwrap();
        store.delete_group("/acme/api").unwrap();
    })
    .await
    .unwrap();
    for tail in [&mut of_stream, &mut of_group] {
        let frame = tail.next().await.unwrap();
        assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"not_found".into()));
        assert_eq!(tail.frame().await, None);
    }
}

/// security.md row 44: for every message content, the stream has exactly the events that were put, with ids of the service.
#[tokio::test]
async fn no_message_adds_a_field_or_an_event_to_the_stream() {
    let world = World::new().await;
    let hostile = [
        "data: x\n\nevent: error\ndata: {}\n\n",
        "id: mine\r\nretry: 1\r\r\n",
        "\u{2028}id: a\u{2029}data: b\u{85}\u{feff}",
        "{\"marker\":{\"type\":\"reconnect\"}}\n{\"cursor\":\"x\"}",
        "\",\"cursor\":\"x\"}\n",
        "\0\u{1}\u{1f}\u{7f}\\u2028\\n",
        "",
    ];
    world.put("/acme/api", "a", &[(1, "first")]).await;
    let acme = world.tenant("acme");
    let events: Vec<(i64, &str)> = hostile.iter().map(|message| (1000, *message)).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let alphabet =
        ["\n", "\r", "data: ", "id:", "\u{2028}", "\u{2029}", "event: gap", ":", "\\", "\"", "{", "}", "é", "\0", "\n\n"];
    let mut fuzz: Vec<String> = Vec::new();
    for _ in 0..2000 {
        let mut message = String::new();
        for _ in 0..12 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            message += alphabet[usize::try_from(random % alphabet.len() as u64).unwrap()];
        }
        fuzz.push(message);
    }
    for format in ["sse", "ndjson"] {
        let mut tail = Tail::open(&acme, &format!("/logs/:acme:api?follow=true&format={format}")).await;
        world.put("/acme/api", "a", &events).await;
        let fuzzed: Vec<(i64, &str)> = fuzz.iter().map(|message| (2000, message.as_str())).collect();
        world.put("/acme/api", "a", &fuzzed).await;
        assert_eq!(tail.messages(hostile.len()).await, hostile, "{format}");
        assert_eq!(tail.messages(fuzz.len()).await, fuzz, "{format}");
    }
}

/// Two worlds that differ only in data hidden from the tenant give the same bytes, frame by frame.
#[tokio::test]
async fn hidden_events_change_neither_frames_nor_lengths() {
    let tenants =
        "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nstreams = [\"prod-*\"]\nactions = [\"tail\"]\n";
    let mut seen = Vec::new();
    for hidden in [0, 3000] {
        let world = World::with(Options { tenants: Some(tenants.into()), ..Options::default() }).await;
        let put_hidden = async || {
            let events: Vec<(i64, &str)> = (0..hidden).map(|number| (1000 + number % 7, "secret")).collect();
            world.put("/acme/api", "test", &events).await;
            world.put("/other/group", "x", &events).await;
        };
        world.put("/acme/api", "prod-1", &[(1000, "old")]).await;
        put_hidden().await;
        let mut tail = Tail::open(&world.tenant("acme"), "/logs/:acme:api?follow=true&start=0").await;
        let mut lengths = vec![tail.received];
        for number in 0..3 {
            put_hidden().await;
            world.put("/acme/api", "prod-1", &[(900 + number, "visible")]).await;
        }
        for _ in 0..4 {
            let frame = tail.next().await.unwrap();
            lengths.push(frame.data.to_string().len() + frame.cursor.unwrap().len());
        }
        seen.push(lengths);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_ticket_opens_one_tail_without_a_token() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "one")]).await;
    let acme = world.tenant("acme");
    let made = acme.post("/tickets", &serde_json::json!({ "url": "/logs/:acme:api?follow=true&start=0" }), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let mut tail = Tail::open(&world.anonymous(), &url).await;
    assert_eq!(tail.messages(1).await, ["one"]);
    let again = world.anonymous().get(&url).await;
    assert_eq!(again.problem(), "401 invalid_ticket");
    assert!(again.header("www-authenticate").starts_with("Bearer realm=\"logmark\""));
    let download = acme.post("/tickets", &serde_json::json!({ "url": "/logs/:acme:api?start=0&format=text" }), &[]).await.json();
    let ticket = download["ticket"].as_str().unwrap();
    for target in [format!("/logs/:acme:api?start=0&format=csv&ticket={ticket}"), format!("/me?format=json&ticket={ticket}")] {
        assert_eq!(world.anonymous().get(&target).await.problem(), "401 invalid_ticket", "{target}");
    }
    let head = world.anonymous().send(http::Method::HEAD, download["url"].as_str().unwrap(), &[]).await;
    assert_eq!(head.status, 401, "one GET, not a HEAD");
    assert_eq!(world.anonymous().get(download["url"].as_str().unwrap()).await.text(), "one\n");
}

#[tokio::test]
async fn a_ticket_is_refused_as_the_get_would_be() {
    let world = World::new().await;
    let reader = world.scoped("acme", "logs:read:/acme/*");
    for (url, expected) in [
        ("/logs/:globex:api?format=csv", "404 not_found"),
        ("/logs/:acme:api?follow=true", "403 insufficient_scope"),
        ("/logs/:acme:api?format=xml", "400 invalid_parameter"),
        ("/nothing?format=csv", "404 not_found"),
        ("/logs/:acme:api", "400 invalid_parameter"),
        ("https://evil.example/logs?format=csv", "400 invalid_parameter"),
        ("//evil.example/logs?format=csv", "404 not_found"),
    ] {
        let answer = reader.post("/tickets", &serde_json::json!({ "url": url }), &[]).await;
        assert_eq!(answer.problem(), expected, "{url}");
    }
    for url in
        ["/logs/:acme:api?format=csv", "http://logs.test/logs/:acme:api?format=csv", "/groups?format=json", "/me?format=json"]
    {
        let answer = reader.post("/tickets", &serde_json::json!({ "url": url }), &[]).await;
        assert_eq!(answer.status, 201, "{url}: {}", answer.text());
    }
}
