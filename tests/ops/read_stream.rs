//! `GET /logs/{group}/{stream}`.

use serde_json::json;

use crate::world::World;

/// Ten events, a second apart, two of them in the same millisecond.
async fn world() -> World {
    let world = World::new().await;
    let events: Vec<(i64, String)> = (0..10).map(|i| (1_700_000_000_000 + (i - i % 2) * 1000, format!("event {i}"))).collect();
    let events: Vec<(i64, &str)> = events.iter().map(|(time, text)| (*time, text.as_str())).collect();
    world.put("/acme/api", "web-1", &events).await;
    world
}

fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|i| format!("event {i}")).collect()
}

#[tokio::test]
async fn a_page_holds_events_and_says_where_it_stands() {
    let world = world().await;
    let page = world.tenant("acme").get("/logs/:acme:api/web-1?from=head&limit=2").await.json();
    assert_eq!(page["logGroup"], "/acme/api");
    assert_eq!(page["logStream"], "web-1");
    assert_eq!(page["stopReason"], "limit");
    let event = &page["events"][0];
    assert_eq!(event["timestamp"], "2023-11-14T22:13:20.000Z");
    assert_eq!(event["ingestionTime"], "2023-11-14T22:13:20.500Z");
    assert_eq!(event["logStream"], "web-1");
    assert_eq!(event["message"], "event 0");
    assert!(page["nextCursor"].is_string() && page["previousCursor"].is_string(), "{page}");
}

#[tokio::test]
async fn without_start_the_newest_come_and_with_start_the_oldest() {
    let world = world().await;
    let acme = world.tenant("acme");
    assert_eq!(acme.get("/logs/:acme:api/web-1?limit=3").await.messages(), names(7..10));
    assert_eq!(acme.get("/logs/:acme:api/web-1?limit=3&start=0").await.messages(), names(0..3));
    assert_eq!(acme.get("/logs/:acme:api/web-1?limit=3&start=0&from=tail").await.messages(), names(7..10));
    assert_eq!(acme.get("/logs/:acme:api/web-1?limit=3&from=head").await.messages(), names(0..3));
}

#[tokio::test]
async fn following_the_cursor_reads_everything_once_whatever_the_page() {
    let world = world().await;
    let acme = world.tenant("acme");
    for limit in 1..=11 {
        let mut read = Vec::new();
        let mut target = format!("/logs/:acme:api/web-1?from=head&limit={limit}");
        loop {
            let answer = acme.get(&target).await;
            read.extend(answer.messages());
            let page = answer.json();
            if page["stopReason"] == "end" {
                break;
            }
            target = format!("/logs?limit={limit}&cursor={}", page["nextCursor"].as_str().unwrap());
        }
        assert_eq!(read, names(0..10), "limit {limit}");
    }
}

#[tokio::test]
async fn the_previous_cursor_leads_back_to_the_head() {
    let world = world().await;
    let acme = world.tenant("acme");
    let mut read: Vec<String> = Vec::new();
    let mut target = "/logs/:acme:api/web-1?limit=3".to_owned();
    loop {
        let answer = acme.get(&target).await;
        let mut page_messages = answer.messages();
        page_messages.extend(read);
        read = page_messages;
        let page = answer.json();
        if page["stopReason"] == "end" {
            break;
        }
        target = format!("/logs/:acme:api/web-1?limit=3&cursor={}", page["previousCursor"].as_str().unwrap());
    }
    assert_eq!(read, names(0..10));
}

#[tokio::test]
async fn the_next_cursor_of_the_end_is_where_new_events_appear() {
    let world = world().await;
    let acme = world.tenant("acme");
    for first in ["/logs/:acme:api/web-1", "/logs/:acme:api/web-1?start=0"] {
        let page = acme.get(first).await.json();
        assert_eq!(page["stopReason"], "end");
        let next = format!("/logs?cursor={}", page["nextCursor"].as_str().unwrap());
        assert_eq!(acme.get(&next).await.json()["events"], json!([]));
        let count = page["events"].as_array().unwrap().len();
        world.put("/acme/api", "web-1", &[(1_700_000_100_000 + i64::try_from(count).unwrap(), "new")]).await;
        let page = acme.get(&next).await;
        assert_eq!(page.messages(), ["new"]);
        assert_eq!(page.json()["stopReason"], "end");
    }
}

#[tokio::test]
async fn start_is_in_the_range_and_end_is_not() {
    let world = world().await;
    let acme = world.tenant("acme");
    let range = "start=1700000002000&end=1700000006000";
    assert_eq!(acme.get(&format!("/logs/:acme:api/web-1?{range}")).await.messages(), names(2..6));
    assert_eq!(
        acme.get("/logs/:acme:api/web-1?start=2023-11-14T22:13:22Z&end=2023-11-14T22:13:26Z").await.messages(),
        names(2..6)
    );
    assert_eq!(acme.get("/logs/:acme:api/web-1?start=1700000001.999&end=1700000002.001").await.messages(), names(2..4));
    assert_eq!(acme.get("/logs/:acme:api/web-1?start=1700000002.5&end=1700000004.0").await.messages(), names(0..0));
    assert_eq!(acme.get("/logs/:acme:api/web-1?start=1700000002&end=1700000006&from=tail&limit=1").await.messages(), names(5..6));
}

#[tokio::test]
async fn both_spellings_and_the_query_form_name_the_same_stream() {
    let world = World::new().await;
    let stream = "2026/11/20/[$LATEST]0f3c d?#%2F+é";
    world.put("/acme/lambda/x", stream, &[(1, "here")]).await;
    let acme = world.tenant("acme");
    let encoded = "2026%2F11%2F20%2F%5B%24LATEST%5D0f3c%20d%3F%23%252F%2B%C3%A9";
    let spelled = "2026:11:20:%5B$LATEST%5D0f3c%20d%3F%23%252F+%C3%A9";
    let in_query = "2026/11/20/[$LATEST]0f3c+d?%23%252F%2B%C3%A9";
    for target in [
        format!("/logs/%2Facme%2Flambda%2Fx/{encoded}"),
        format!("/logs/:acme:lambda:x/{spelled}"),
        format!("/logs/:acme%2Flambda%3Ax/{encoded}"),
        format!("/logs?group=/acme/lambda/x&stream={}", in_query.replace('[', "%5B").replace(']', "%5D")),
        format!("/logs?group=%2Facme%2Flambda%2Fx&stream={encoded}"),
        format!("/logs?group=:acme:lambda:x&stream={encoded}"),
    ] {
        let answer = acme.get(&target).await;
        assert_eq!(answer.messages(), ["here"], "{target}");
        assert_eq!(answer.json()["logStream"], stream, "{target}");
    }
    let listed = acme.get("/groups/:acme:lambda:x/streams").await.json();
    let path = listed["streams"][0]["path"].as_str().unwrap();
    assert_eq!(acme.get(path).await.messages(), ["here"], "{path}");
}

#[tokio::test]
async fn a_relative_start_stays_where_it_was_from_page_to_page() {
    let world = World::new().await;
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    world.put("/acme/api", "web-1", &[(now - 60_000, "a"), (now - 30_000, "b"), (now - 1000, "c")]).await;
    let acme = world.tenant("acme");
    let first = acme.get("/logs/:acme:api/web-1?start=-15m&limit=1").await;
    assert_eq!(first.messages(), ["a"]);
    let cursor = first.json()["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(acme.get(&format!("/logs/:acme:api/web-1?start=-15m&cursor={cursor}")).await.messages(), ["b", "c"]);
    assert_eq!(acme.get(&format!("/logs/:acme:api/web-1?start=-900s&cursor={cursor}")).await.messages(), ["b", "c"]);
    let other = acme.get(&format!("/logs/:acme:api/web-1?start=-16m&cursor={cursor}")).await;
    assert_eq!(other.problem(), "400 invalid_cursor");
}

#[tokio::test]
async fn a_page_ends_at_its_bytes_and_goes_on_behind_them() {
    let world =
        World::with(crate::world::Options { server: "limits = { page_bytes = 65536 }\n".into(), ..Default::default() }).await;
    let long = "x".repeat(30_000);
    let events: Vec<(i64, &str)> = (0..7).map(|i| (1000 + i, long.as_str())).collect();
    world.put("/acme/api", "web-1", &events).await;
    let acme = world.tenant("acme");
    let mut sizes = Vec::new();
    let mut target = "/logs/:acme:api/web-1?from=head".to_owned();
    let last = loop {
        let page = acme.get(&target).await.json();
        sizes.push(page["events"].as_array().unwrap().len());
        target = format!("/logs?cursor={}", page["nextCursor"].as_str().unwrap());
        if page["stopReason"] != "bytes" {
            break page;
        }
    };
    assert_eq!(last["stopReason"], "end");
    assert_eq!(sizes.iter().sum::<usize>(), 7, "{sizes:?}");
    assert!(sizes.len() > 2, "{sizes:?}");
}
