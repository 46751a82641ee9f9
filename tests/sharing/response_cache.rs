//! Cached answers are returned without a call, only to callers who may see them, and only while they are fresh.

use crate::contract::subject::{Binary, KEYS, group_path, now, stream_path};
use crate::world::fake_cloudwatch::{Fake, REGION};

const HOUR: i64 = 3_600_000;

/// Two tenants on one source; `wide` may see everything, `narrow` the streams `prod-*`.
async fn shared(cache: &str) -> (Fake, Binary) {
    let fake = Fake::start(now()).await;
    let config = format!(
        "[[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\ncache = {cache}\n\
         [[tenants.wide.grants]]\ngroups = [\"/s/*\"]\nactions = [\"read\"]\n\
         [[tenants.narrow.grants]]\ngroups = [\"/s/*\"]\nstreams = [\"prod-*\", \"*-prod\"]\nactions = [\"read\"]\n",
        fake.endpoint()
    );
    let binary = Binary::with(&config, "", &KEYS).await;
    (fake, binary)
}

#[tokio::test]
async fn a_page_of_the_past_is_read_once_for_all_and_shown_to_each_by_its_rules() {
    let (fake, binary) = shared("{}").await;
    let begin = now() - 5 * HOUR;
    for number in 0..20 {
        let stream = ["prod-1", "test"][number % 2];
        fake.state().logs.put("/s/api", stream, begin + number as i64, &format!("{stream} {number}"));
    }
    let target = format!("{}?start={begin}&end={}", group_path("/s/api"), begin + HOUR);
    let whole = binary.tenant("wide").get(&target).await;
    assert_eq!(whole.messages().len(), 20);
    // Its page has other streams and so comes from another call: it does not contain hidden streams.
    assert_eq!(binary.tenant("narrow").get(&target).await.messages().len(), 10);
    assert_eq!(fake.state().seen.last().unwrap().body["logStreamNames"], serde_json::json!(["prod-1"]));
    let calls = fake.calls();
    for _ in 0..3 {
        assert_eq!(binary.tenant("wide").get(&target).await.messages(), whole.messages());
        let narrow = binary.tenant("narrow").get(&target).await.messages();
        assert_eq!(narrow.len(), 10);
        assert!(narrow.iter().all(|message| message.starts_with("prod-1")), "{narrow:?}");
    }
    assert_eq!(fake.calls(), calls, "kept");
    for limit in [1, 7, 99] {
        let mut read = Vec::new();
        let mut target = format!("{target}&limit={limit}");
        loop {
            let page = binary.tenant("wide").get(&target).await;
            read.extend(page.messages());
            let page = page.json();
            if page["stopReason"] == "end" {
                break;
            }
            target = format!("/logs?limit={limit}&cursor={}", page["nextCursor"].as_str().unwrap());
        }
        assert_eq!(read, whole.messages(), "in pages of {limit}");
    }
    assert!(fake.calls() <= calls + 1, "small pages are parts of large ones");
}

#[tokio::test]
async fn the_present_is_looked_at_again_when_it_has_passed() {
    let (fake, binary) = shared("{ live = \"1ms\", lists = \"1ms\" }").await;
    let (acme, target) = (binary.tenant("wide"), stream_path("/s/api", "prod-1"));
    for number in 0..5 {
        fake.state().logs.put("/s/api", "prod-1", now(), &format!("event {number}"));
        let mut tries = 0;
        while acme.get(&target).await.messages().last() != Some(&format!("event {number}")) {
            tries += 1;
            assert!(tries < 100, "the millisecond has passed");
        }
        let streams = acme.get("/groups/:s:api/streams").await;
        assert_eq!(streams.json()["streams"].as_array().unwrap().len(), 1, "{}", streams.text());
    }
}

#[tokio::test]
async fn equal_requests_at_the_same_time_are_one_call() {
    let (fake, binary) = shared("{}").await;
    fake.state().logs.put("/s/api", "prod-1", now(), "event");
    let clients = [binary.tenant("wide"), binary.tenant("narrow")];
    let target = stream_path("/s/api", "prod-1");
    let answers = futures_util::future::join_all((0..100).map(|number| clients[number % 2].get(&target))).await;
    assert!(answers.iter().all(|answer| answer.messages() == ["event"]));
    // The newest page, and the page before it, which shows that no older event exists.
    assert!(fake.calls() <= 2, "{}", fake.calls());
}

#[tokio::test]
async fn a_disabled_cache_keeps_nothing() {
    let (fake, binary) = shared("{ bytes = 0 }").await;
    let begin = now() - 5 * HOUR;
    fake.state().logs.put("/s/api", "prod-1", begin, "event");
    let target = format!("{}?start={begin}&end={}", group_path("/s/api"), begin + HOUR);
    for calls in 1..4 {
        assert_eq!(binary.tenant("wide").get(&target).await.messages(), ["event"]);
        assert_eq!(fake.calls(), calls);
    }
}

#[tokio::test]
async fn a_page_of_the_past_has_a_validator_and_the_present_has_none() {
    let (fake, binary) = shared("{}").await;
    let begin = now() - 5 * HOUR;
    for number in 0..3 {
        fake.state().logs.put("/s/api", "prod-1", begin + number, &format!("event {number}"));
    }
    let acme = binary.tenant("wide");
    let target = format!("{}?start={begin}&end={}", group_path("/s/api"), begin + HOUR);
    let page = acme.get(&target).await;
    assert_eq!(page.header("cache-control"), "private, max-age=3600");
    assert!(page.header("vary").contains("Authorization, Accept"));
    let tag = page.header("etag");
    for known in [tag.clone(), tag.trim_start_matches("W/").to_owned(), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = acme.get_with(&target, &[("if-none-match", &known)]).await;
        assert_eq!((answer.status.as_u16(), answer.body.len(), answer.header("etag")), (304, 0, tag.clone()), "{known}");
    }
    let other = acme.get_with(&target, &[("if-none-match", "\"x\"")]).await;
    assert_eq!(other.messages(), page.messages());
    // A part of the range is another page, and a caller with less access has another ETag.
    assert_ne!(acme.get(&format!("{target}&limit=2")).await.header("etag"), tag);
    fake.state().logs.put("/s/other", "test", begin, "hidden");
    let foreign = format!("{}?start={begin}&end={}", group_path("/s/other"), begin + HOUR);
    let seen = acme.get(&foreign).await.header("etag");
    let answer = binary.tenant("narrow").get_with(&foreign, &[("if-none-match", &seen)]).await;
    assert!(answer.messages().is_empty(), "not 304: it would reveal hidden events");
    for live in [format!("{}?start=-6h&end=-1h", group_path("/s/api")), group_path("/s/api"), "/groups".to_owned()] {
        let answer = acme.get(&live).await;
        assert_eq!(
            (answer.header("cache-control"), answer.header("etag")),
            ("private, no-store".to_owned(), String::new()),
            "{live}"
        );
    }
}
