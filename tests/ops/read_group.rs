//! `GET /logs/{group}`.

use crate::world::World;

async fn world() -> World {
    let world = World::new().await;
    world.put("/acme/api", "prod-1", &[(1000, "p1 a"), (3000, "p1 b"), (5000, "p1 c")]).await;
    world.put("/acme/api", "prod-2", &[(2000, "p2 a"), (3000, "p2 b"), (6000, "p2 c")]).await;
    world.put("/acme/api", "test-1", &[(2500, "t1 a")]).await;
    world.put("/limited/x", "prod-1", &[(1000, "seen")]).await;
    world.put("/limited/x", "test-1", &[(1001, "hidden")]).await;
    world
}

#[tokio::test]
async fn all_streams_come_in_order_of_time() {
    let world = world().await;
    let answer = world.tenant("acme").get("/logs/:acme:api?start=0").await;
    assert_eq!(answer.messages(), ["p1 a", "p2 a", "t1 a", "p1 b", "p2 b", "p1 c", "p2 c"]);
    let page = answer.json();
    assert_eq!(page["logGroup"], "/acme/api");
    assert_eq!(page.get("logStream"), None);
    assert_eq!(page["events"][1]["logStream"], "prod-2");
    assert!(page["events"][0]["eventId"].is_string());
}

#[tokio::test]
async fn streams_are_chosen_by_name_or_by_prefix() {
    let world = world().await;
    let acme = world.tenant("acme");
    for (query, expected) in [
        ("streams=prod-1", vec!["p1 a", "p1 b", "p1 c"]),
        ("streams=prod-1&streams=test-1", vec!["p1 a", "t1 a", "p1 b", "p1 c"]),
        ("streamPrefix=prod-", vec!["p1 a", "p2 a", "p1 b", "p2 b", "p1 c", "p2 c"]),
        ("streamPrefix=none", vec![]),
    ] {
        assert_eq!(acme.get(&format!("/logs/:acme:api?start=0&{query}")).await.messages(), expected, "{query}");
        assert_eq!(acme.get(&format!("/logs?group=/acme/api&start=0&{query}")).await.messages(), expected, "{query}");
    }
}

#[tokio::test]
async fn the_tail_and_pages_in_both_directions_agree() {
    let world = world().await;
    let acme = world.tenant("acme");
    let all = acme.get("/logs/:acme:api?start=0").await.messages();
    for limit in 1..=8 {
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        for (from, link) in [("head", "nextCursor"), ("tail", "previousCursor")] {
            let mut target = format!("/logs/:acme:api?from={from}&limit={limit}");
            loop {
                let answer = acme.get(&target).await;
                let mut messages = answer.messages();
                if from == "head" {
                    forward.append(&mut messages);
                } else {
                    messages.append(&mut backward);
                    backward = messages;
                }
                let page = answer.json();
                if page["stopReason"] == "end" {
                    break;
                }
                target = format!("/logs/:acme:api?limit={limit}&cursor={}", page[link].as_str().unwrap());
            }
        }
        assert_eq!(forward, all, "forward, limit {limit}");
        assert_eq!(backward, all, "backward, limit {limit}");
    }
}

#[tokio::test]
async fn streams_that_the_tenant_may_not_see_are_not_there() {
    let world = world().await;
    let acme = world.tenant("acme");
    assert_eq!(acme.get("/logs/:limited:x?start=0").await.messages(), ["seen"]);
    assert_eq!(acme.get("/logs/:limited:x?start=0&format=text").await.text(), "seen\n");
    let hidden = acme.get("/logs/:limited:x?start=0&streams=test-1").await;
    let missing = acme.get("/logs/:limited:x?start=0&streams=prod-missing").await;
    assert_eq!(hidden.problem(), "404 not_found");
    assert_eq!(missing.problem(), "404 not_found");
    assert_eq!(hidden.json()["detail"], missing.json()["detail"]);
    assert_eq!(acme.get("/logs/:limited:x/test-1").await.problem(), "404 not_found");
    assert_eq!(acme.get("/logs/:limited:x?streams=prod-1&streams=test-1").await.problem(), "404 not_found");
    let streams = acme.get("/groups/:limited:x/streams").await.json();
    assert_eq!(streams["streams"].as_array().unwrap().len(), 1, "{streams}");
}
