//! Handles: every handle of an answer is accepted again, and its length does not depend on the position inside.

use serde_json::json;

use super::support::{Binary, Setup, text_of};
use crate::contract::subject::now;
use crate::ops::queries::rows;
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::{Options, World};

/// The usual limit of a proxy for a request line.
const REQUEST_LINE: usize = 8 * 1024;

/// Names of several lengths, few and many: the cursor is accepted, or the request was refused at once with a reason.
#[tokio::test]
async fn a_cursor_of_many_long_names_is_taken_back_or_the_request_is_refused() {
    let world = World::new().await;
    let names = |count: usize, length: usize, salt: u64| -> Vec<String> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ salt;
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[(state >> 58) as usize])
        };
        (0..count).map(|number| format!("{number:03}-{}", (0..length).map(|_| letter()).collect::<String>())).collect()
    };
    let acme = world.tenant("acme");
    let (mut taken, mut refused) = (0, 0);
    for (count, length) in
        [(1, 500), (5, 500), (8, 500), (20, 200), (30, 300), (41, 100), (60, 150), (100, 32), (100, 50), (100, 120)]
    {
        let names = names(count, length, count as u64);
        for name in &names {
            world.put("/acme/api", name, &[(1000, "a"), (2000, "b")]).await;
        }
        let streams: String = names.iter().map(|name| format!("&streams={name}")).collect();
        for form in ["", "&format=ndjson"] {
            let answer = acme.get(&format!("/logs/:acme:api?start=0&limit=1{streams}{form}")).await;
            if answer.status == 400 {
                assert_eq!(answer.code(), "invalid_parameter");
                assert_eq!(answer.json()["errors"][0]["parameter"], "streams");
                let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains("too long for a cursor") && detail.contains("streamPrefix"), "{detail}");
                refused += 1;
                continue;
            }
            assert_eq!(answer.status, 200, "{}", answer.text());
            let cursor = if form.is_empty() {
                text_of(&answer, "/nextCursor")
            } else {
                answer.trailers["logmark-cursor"].to_str().unwrap().to_owned()
            };
            let target = format!("/logs?limit=1&cursor={cursor}");
            assert!(format!("GET {target} HTTP/1.1").len() <= REQUEST_LINE, "{count} names of {length}: {}", cursor.len());
            let next = acme.get(&target).await;
            assert_eq!(next.status, 200, "{count} names of {length}: {}", next.text());
            taken += 1;
        }
    }
    assert!(taken >= 10 && refused >= 4, "{taken} taken, {refused} refused");
}

/// Lambda's stream names, as many as a request may have.
#[tokio::test]
async fn a_hundred_of_lambdas_streams_are_read_page_by_page() {
    let world = World::new().await;
    let names: Vec<String> = (0..100_u64)
        .map(|number| {
            let digits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!("2026/11/20/[$LATEST]{digits:016x}{:016x}", digits.rotate_left(29).wrapping_mul(0x2545_f491_4f6c_dd1d))
        })
        .collect();
    for (number, name) in names.iter().enumerate() {
        world.put("/acme/api", name, &[(i64::try_from(number).unwrap(), "x")]).await;
    }
    let encoded = |name: &String| name.replace('/', ":").replace('[', "%5B").replace(']', "%5D").replace('$', "%24");
    let streams: String = names.iter().map(|name| format!("&streams={}", encoded(name))).collect();
    let acme = world.tenant("acme");
    let mut page = acme.get(&format!("/logs/:acme:api?start=0&limit=40{streams}")).await;
    let mut events = page.messages().len();
    for _ in 0..3 {
        page = acme.get(&format!("/logs?limit=40&cursor={}", text_of(&page, "/nextCursor"))).await;
        events += page.messages().len();
    }
    assert_eq!(events, 100);
}

/// The longest request: a long group, a long stream, a long filter.
#[tokio::test]
async fn long_names_and_filters_have_cursors_that_fit() {
    let group = format!("/acme/{}", "g".repeat(500));
    let world = World::new().await;
    let acme = world.tenant("acme");
    for letter in ["s", "é", "日"] {
        let stream = letter.repeat(512);
        world.put(&group, &stream, &[(1000, "needle a"), (2000, "needle b")]).await;
        let encoded: String = stream.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let filter = "x".repeat(900);
        for target in [
            format!("/logs/{}/{encoded}?start=0&limit=1", group.replace('/', ":")),
            format!("/logs/{}/{encoded}?start=0&limit=1&filter=-{filter}", group.replace('/', ":")),
            format!("/groups/{}/streams?limit=1", group.replace('/', ":")),
        ] {
            let answer = acme.get(&target).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            if let Some(cursor) = answer.json()["nextCursor"].as_str() {
                let path = if target.starts_with("/groups") { target.split('?').next().unwrap() } else { "/logs" };
                let next = acme.get(&format!("{path}?limit=1&cursor={cursor}")).await;
                assert_eq!(next.status, 200, "{}", next.text());
            }
        }
    }
}

const TENANTS: &str = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\", \"query\"]\n";

/// A query over fifty groups: its id is accepted, and a row's pointer is short regardless of the number of groups.
#[tokio::test]
async fn a_query_over_fifty_groups_has_an_id_that_fits_and_pointers_that_are_short() {
    let binary = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    let groups: Vec<String> = (0..50).map(|number| format!("/acme/{number:02}-{}", "g".repeat(50))).collect();
    for group in &groups {
        binary.fake.state().logs.put(group, "s", now(), "x");
    }
    let acme = binary.tenant("acme");
    let mut lengths = Vec::new();
    for count in [1, 50] {
        let mut found = rows(5);
        for (_, value) in found.iter_mut().flatten().filter(|(name, _)| name == "@log") {
            *value = format!("123456789012:{}", groups[0]);
        }
        binary.fake.state().queries.script = Script { rows: found, looks: 0, ..Script::default() };
        let record = [("@log", format!("123456789012:{}", groups[0])), ("@logStream", "s".to_owned())];
        let record = record.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        binary.fake.state().queries.records.insert("raw-pointer-0".to_owned(), record);
        let body = json!({ "query": "fields status", "logGroups": groups[..count], "start": "-1h" });
        let started = acme.post("/queries", &body, &[]).await;
        assert_eq!(started.status, 202, "{}", started.text());
        let id = text_of(&started, "/queryId");
        assert!(id.len() <= 7547, "{}", id.len());
        let page = acme.get(&format!("/queries/{id}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let pointer = text_of(&page, "/results/0/@ptr");
        assert_eq!(acme.get(&format!("/records/{pointer}")).await.status, 200);
        lengths.push(pointer.len());
    }
    assert!(lengths[1] <= 560, "{lengths:?}");
}

/// The length of a cursor is the same on every page of a request.
#[tokio::test]
async fn every_page_of_a_request_has_cursors_of_one_length() {
    let world = World::with(Options::default()).await;
    let events: Vec<(i64, String)> = (0..40).map(|number| (number * number * 1000, format!("{number}"))).collect();
    let events: Vec<(i64, &str)> = events.iter().map(|(at, message)| (*at, message.as_str())).collect();
    world.put("/acme/api", "web-1", &events).await;
    let acme = world.tenant("acme");
    for first in ["/logs/:acme:api?start=0&limit=7", "/logs/:acme:api?limit=7", "/logs/:acme:api/web-1?limit=7&start=0"] {
        let mut page = acme.get(first).await;
        let mut lengths = Vec::new();
        for _ in 0..7 {
            lengths.extend(["/nextCursor", "/previousCursor"].map(|name| text_of(&page, name).len()));
            page = acme.get(&format!("/logs?limit=7&cursor={}", text_of(&page, "/nextCursor"))).await;
        }
        lengths.dedup();
        assert_eq!(lengths.len(), 1, "{first}: {lengths:?}");
    }
}
