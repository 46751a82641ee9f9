//! The limits of an answer: the bytes that a function may return, and its time.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::events::FrontDoor;
use super::runtime::Function;
use super::streams::says_time;
use crate::contract::subject::{KEEPS_NOTHING, KEYS, cloudwatch, now};
use crate::world::binary::ServiceDirectory;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::fake_cloudwatch::{Fake, Fault};

/// A configuration of the function with a fake CloudWatch that injects faults.
pub struct Upstream {
    pub directory: ServiceDirectory,
    fake: Fake,
    group: String,
}

impl Upstream {
    /// Starts the fake with one group for `acme`.
    pub async fn start(name: &str) -> Self {
        let fake = Fake::start(now()).await;
        let directory = ServiceDirectory::new("");
        let group = format!("/acme/{name}");
        let text = std::fs::read_to_string(directory.path().join("logmark.toml")).unwrap();
        let local = "[[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n";
        assert!(text.contains(local));
        let text = text.replace(local, &cloudwatch(&fake.endpoint(), KEEPS_NOTHING));
        std::fs::write(directory.path().join("logmark.toml"), text).unwrap();
        Self { directory, fake, group }
    }

    /// Puts events, which are read in pages of ten.
    pub fn put(&self, events: i64) {
        let mut state = self.fake.state();
        state.logs.page_events = Some(10);
        let begin = (now() / 1000 - 600) * 1000;
        (0..events).for_each(|i| state.logs.put(&self.group, "s", begin + i, &format!("event {i}")));
    }

    /// After this many calls, all calls fail; the count starts anew.
    pub fn wrong_from(&self, good: usize, fault: Fault) {
        self.fake.state().plans.lift(&self.group);
        self.fake.state().plans.set(Plan::new(&self.group, fault).after(good));
    }

    /// Ends the faults.
    pub fn mend(&self) {
        self.fake.state().plans.lift(&self.group);
    }

    /// The event of a request for all events.
    pub fn ask(&self, door: FrontDoor, query: &str) -> Value {
        let token = self.directory.issuer.token("acme", "logs:read:*");
        let group = self.group.replace('/', ":");
        door.get(&format!("/logs/{group}/s?start=-1h&{query}"), Some(&token))
    }

    /// The function, with credentials that the fake accepts.
    pub async fn function(&self, streaming: &str) -> Function {
        let variables = [&KEYS[..], &[("LOGMARK_CONFIG", "logmark.toml"), ("LOGMARK__LAMBDA__STREAMING", streaming)]].concat();
        Function::with(&self.directory, &variables).await
    }
}

/// Two seconds of work.
const TIME: Duration = Duration::from_secs(4);

#[tokio::test]
async fn work_ends_two_seconds_before_the_functions_time_does() {
    let upstream = Upstream::start("time").await;
    upstream.put(40);
    let function = upstream.function("[\"function_url\"]").await;
    for door in [FrontDoor::Rest, FrontDoor::Url, FrontDoor::Alb] {
        upstream.wrong_from(2, Fault::Hang);
        let begun = Instant::now();
        let page = function.invoke_for(upstream.ask(door, "limit=1000"), TIME).await;
        let took = begun.elapsed();
        assert!(Duration::from_millis(1500) < took && took < TIME, "{door:?}: {took:?}");
        assert_eq!((page.messages().len(), page.json()["stopReason"].as_str().unwrap()), (20, "time"), "{door:?}");
        upstream.mend();
        let token = upstream.directory.issuer.token("acme", "logs:read:*");
        let next = format!("/logs?limit=1000&cursor={}", page.json()["nextCursor"].as_str().unwrap());
        assert_eq!(function.invoke(door.get(&next, Some(&token))).await.messages().len(), 20, "{door:?}");
    }
}

#[tokio::test]
async fn a_stream_ends_honestly_before_the_functions_time_does() {
    let upstream = Upstream::start("stream-time").await;
    upstream.put(40);
    let function = upstream.function("[\"function_url\"]").await;
    let token = upstream.directory.issuer.token("acme", "logs:read:*");
    for door in [FrontDoor::Url, FrontDoor::Http] {
        upstream.wrong_from(2, Fault::Hang);
        let reply = function.invoke_for(upstream.ask(door, "format=ndjson&trailer=line"), TIME).await;
        let cursor = says_time(&reply);
        assert_eq!(reply.text().lines().count(), 21, "{door:?}");
        upstream.mend();
        let rest =
            function.invoke(door.get(&format!("/logs?limit=1000&cursor={}", cursor.as_str().unwrap()), Some(&token))).await;
        assert_eq!(rest.messages().len(), 20, "{door:?}");

        for format in if door == FrontDoor::Url { &["ndjson", "csv"][..] } else { &["text"][..] } {
            upstream.wrong_from(2, Fault::Hang);
            let reply = function.invoke_for(upstream.ask(door, &format!("format={format}")), TIME).await;
            match (door, format) {
                (FrontDoor::Url, &"ndjson") => {
                    assert_eq!(reply.last_line()["error"]["code"], "upstream_timeout", "{}", reply.text())
                }
                (FrontDoor::Url, _) => assert!(reply.broke_off().is_some(), "{format}: a regular end\n{}", reply.text()),
                _ => assert_eq!(reply.problem(), "504 upstream_timeout", "{format}"),
            }
            if door == FrontDoor::Url && *format == "ndjson" {
                assert!(reply.last_line()["error"]["detail"].as_str().unwrap().contains("`trailer=line`"), "{}", reply.text());
            }
        }
    }
}

#[tokio::test]
async fn a_source_that_says_nothing_at_all_is_an_answer_in_time() {
    let upstream = Upstream::start("silence").await;
    upstream.put(1);
    let function = upstream.function("[\"function_url\"]").await;
    for door in [FrontDoor::Url, FrontDoor::Rest, FrontDoor::Alb] {
        upstream.wrong_from(0, Fault::Hang);
        let begun = Instant::now();
        let reply = function.invoke_for(upstream.ask(door, "limit=10"), TIME).await;
        assert_eq!(reply.problem(), "504 upstream_timeout", "{door:?}");
        assert!(begun.elapsed() < TIME, "{door:?}: {:?}", begun.elapsed());
    }
    upstream.mend();
    assert_eq!(
        function.invoke(upstream.ask(FrontDoor::Url, "limit=10")).await.messages(),
        ["event 0"],
        "the function still runs"
    );
    let late = function.invoke_for(upstream.ask(FrontDoor::Url, "limit=10"), Duration::ZERO).await;
    assert!([200, 504].contains(&late.status), "a request without time left is answered: {}", late.text());
}

/// Messages whose sizes grow differently in JSON, and again in the function's JSON.
const MESSAGES: [(&str, &str, usize); 4] = [
    ("plain", "the quick brown fox jumps over the lazy dog", 20),
    ("quoted", "\"\\", 500),
    ("control", "\u{1b}\u{1}", 500),
    ("wide", "\u{65e5}\u{672c}\"", 150),
];

#[tokio::test]
async fn pages_end_below_what_a_function_may_return_and_lose_nothing() {
    const EVENTS: usize = 6000;
    let directory = ServiceDirectory::new("");
    for (group, text, times) in MESSAGES {
        let message = text.repeat(times);
        directory.put(&format!("/acme/{group}"), "s", (0..EVENTS as i64).map(|i| (1_700_000_000_000 + i, message.clone())));
    }
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    let doors = [FrontDoor::Rest, FrontDoor::Http, FrontDoor::Url, FrontDoor::HttpStage];
    let all = MESSAGES.into_iter().zip(doors).chain([(MESSAGES[1], FrontDoor::Alb), (MESSAGES[2], FrontDoor::AlbMulti)]);
    for ((group, text, times), door) in all {
        let (least, most) =
            if [FrontDoor::Alb, FrontDoor::AlbMulti].contains(&door) { (350_000, 720_000) } else { (2_500_000, 4_700_000) };
        let message = text.repeat(times);
        let mut read = 0;
        let mut sizes = Vec::new();
        let mut target = format!("/logs/:acme:{group}/s?from=head&limit=10000");
        loop {
            // The Runtime API refuses an answer that is too large.
            let reply = function.invoke(door.get(&target, Some(&token))).await;
            let messages = reply.messages();
            assert!(messages.iter().all(|read| *read == message));
            read += messages.len();
            sizes.push(reply.raw.to_string().len());
            let page = reply.json();
            match page["stopReason"].as_str().unwrap() {
                "end" => break,
                stop => assert!(["bytes", "limit"].contains(&stop), "{group}: {stop}"),
            }
            target = format!("/logs?limit=10000&cursor={}", page["nextCursor"].as_str().unwrap());
        }
        assert_eq!(read, EVENTS, "{group}");
        // All but the last page are as full as the size estimate allows.
        let full = &sizes[..sizes.len() - 1];
        assert!(full.iter().all(|size| *size > least && *size < most), "{door:?} {group}: {sizes:?}");
    }
}

#[tokio::test]
async fn lines_end_with_a_cursor_where_they_can_say_so_and_are_refused_elsewhere() {
    const EVENTS: usize = 12_000;
    let directory = ServiceDirectory::new("");
    let message = "\"\\".repeat(300);
    directory.put("/acme/large", "s", (0..EVENTS as i64).map(|i| (1_700_000_000_000 + i, format!("{i} {message}"))));
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    for packed in [&[][..], &[("accept-encoding", "gzip")][..]] {
        let mut read = Vec::new();
        let mut target = "/logs/:acme:large/s?format=ndjson&trailer=line".to_owned();
        loop {
            let reply = function.invoke(FrontDoor::Http.request("GET", &target, Some(&token), packed)).await;
            assert_eq!(reply.status, 200, "{:?}", reply.body);
            let mut text = String::new();
            if packed.is_empty() {
                text.push_str(reply.text());
            } else {
                std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&reply.body[..]), &mut text).unwrap();
            }
            let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let last = lines.pop().unwrap();
            assert_eq!(reply.headers["logmark-cursor"], last["cursor"].as_str().unwrap());
            read.extend(lines.into_iter().map(|event| event["message"].as_str().unwrap().to_owned()));
            match last["stopReason"].as_str().unwrap() {
                "end" => break,
                stop => assert_eq!(stop, "bytes"),
            }
            target = format!("/logs?format=ndjson&trailer=line&cursor={}", last["cursor"].as_str().unwrap());
        }
        assert_eq!(read.len(), EVENTS);
        assert!(read.iter().enumerate().all(|(i, read)| *read == format!("{i} {message}")));
    }
    for (format, way_out) in [("ndjson", "`trailer=line`"), ("csv", "JSON page by page"), ("text", "JSON page by page")] {
        let whole = function.invoke(FrontDoor::Rest.get(&format!("/logs/:acme:large/s?format={format}"), Some(&token))).await;
        assert_eq!(whole.problem(), "400 invalid_parameter", "{format}");
        let detail = whole.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("`limit`") && detail.contains(way_out), "{format}: {detail}");
        let few =
            function.invoke(FrontDoor::Rest.get(&format!("/logs/:acme:large/s?format={format}&limit=500"), Some(&token))).await;
        assert_eq!(few.status, 200, "{format}");
    }
}
