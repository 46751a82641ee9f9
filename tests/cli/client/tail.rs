//! `logmark tail`.

use super::environment::{Cutter, answer, command, lies, recorded_lies, token, url};
use crate::world::World;
use crate::world::binary::{Binary, ServiceDirectory, logmark};

const START: i64 = 1_795_168_800_000;
const KEYS: (&str, &str) = ("CURSOR_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");

fn messages(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("event {number:06}")).collect()
}

async fn put(world: &World, numbers: std::ops::Range<usize>) {
    let texts = messages(numbers.clone());
    let times = numbers.map(|number| START + i64::try_from(number).unwrap());
    let events: Vec<(i64, &str)> = times.zip(texts.iter().map(String::as_str)).collect();
    world.put("/acme/api", "web-1", &events).await;
}

fn tail(url: &str, token: &str, arguments: &[&str]) -> Binary {
    let folder = tempfile::tempdir().unwrap();
    let mut command = logmark(folder.path());
    command.args(["tail", "/acme/api"]).args(arguments).env("NO_PROXY", "*").env("LOGMARK_URL", url).env("LOGMARK_TOKEN", token);
    Binary::start(command)
}

fn assert_messages(output: &str, expected: &[String]) {
    let shown: Vec<&str> =
        output.lines().map(|line| line.rsplit_once("event").map_or(line, |(before, _)| &line[before.len()..])).collect();
    assert_eq!(shown.len(), expected.len());
    assert!(shown.iter().eq(expected.iter()), "{shown:?}");
}

#[tokio::test]
async fn history_and_then_new_events_are_shown() {
    let world = World::new().await;
    put(&world, 0..3).await;
    let mut tail = tail(&url(world.address), &token(&world), &["--since", "2026-11-20T10:00:00Z", "--limit", "5"]);
    let history = tail.wait_for_output("event 000002").await;
    assert!(history.starts_with("2026-11-20T10:00:00.000Z web-1 event 000000\n"), "{history}");
    put(&world, 3..5).await;
    let all = tail.wait_for_output("event 000004").await;
    assert_messages(&all, &messages(0..5));
    assert_eq!(tail.ended().await.code(), Some(0));
    assert_eq!(tail.log(), "");
}

#[tokio::test]
async fn cut_connections_lose_no_event_and_repeat_none() {
    let world = World::new().await;
    put(&world, 0..8_000).await;
    let cutter = Cutter::before(world.address, &[100, 2_000, 300_000, 20_000, 800_000, 1]).await;
    let mut tail = tail(&url(cutter.address), &token(&world), &["--since", "2026-11-20T10:00:00Z", "--columns", "message"]);
    tail.wait_for_output("event 007999").await;
    put(&world, 8_000..8_100).await;
    let all = tail.wait_for_output("event 008099").await;
    assert_messages(&all, &messages(0..8_100));
    assert!(cutter.connections() > 5, "{}", cutter.connections());
    assert!(tail.log().contains("the connection is lost: trying again"), "{}", tail.log());
    tail.signal("INT").await;
    assert_eq!(tail.ended().await.code(), Some(130));
}

#[tokio::test]
async fn a_cut_before_the_first_event_is_resumed_from_the_first_frame() {
    let stream = |body: &str| answer("200 OK", "text/event-stream", body);
    let refused = "event: error\ndata: {\"status\":403,\"code\":\"insufficient_scope\",\"title\":\"t\"}\n\n";
    let (url, requests) = recorded_lies(vec![stream("retry: 2000\n: keep-alive\nid: first\n\n"), stream(refused)]).await;
    let said = command(&url, "a.b.c", &["tail", "/a", "--since", "5m"]).await;
    assert_eq!(said.code, 5, "{}", said.err);
    let requests = requests.lock().unwrap();
    assert!(requests[0].starts_with("GET /logs?group=%2Fa&start=-5m&follow=true "), "{}", requests[0]);
    assert!(requests[1].starts_with("GET /logs?cursor=first&follow=true "), "{}", requests[1]);
}

#[tokio::test]
async fn it_outlives_restarts_of_the_service() {
    let directory = ServiceDirectory::new("cursor_keys = [\"env:CURSOR_KEY\"]\n");
    let event = |number: usize| (START + i64::try_from(number).unwrap(), format!("event {number:06}"));
    directory.put("/acme/api", "web-1", (0..500).map(event));
    let first = directory.serve_with(&[KEYS]).await;
    let cutter = Cutter::before(first.address, &[]).await;
    let token = directory.issuer.token("acme", "logs:*:*");
    let mut tail = tail(&url(cutter.address), &token, &["--since", "2026-11-20T10:00:00Z", "--columns", "message"]);
    tail.wait_for_output("event 000499").await;
    first.process.signal("TERM").await;
    let mut process = first.process;
    process.ended().await;
    directory.put("/acme/api", "web-1", (500..1000).map(event));
    let second = directory.serve_with(&[KEYS]).await;
    cutter.lead_to(second.address);
    let all = tail.wait_for_output("event 000999").await;
    assert_messages(&all, &messages(0..1000));
    second.process.kill().await;
    directory.put("/acme/api", "web-1", (1000..1001).map(event));
    let third = directory.serve_with(&[KEYS]).await;
    cutter.lead_to(third.address);
    let all = tail.wait_for_output("event 001000").await;
    assert_messages(&all, &messages(0..1001));
}

#[tokio::test]
async fn a_tail_is_resumed_by_its_cursor_in_another_process() {
    let world = World::new().await;
    put(&world, 0..10).await;
    let mut claims = crate::world::tokens::Issuer::claims("acme", "logs:*:*");
    // The leeway is 60 s, so the token is refused eight seconds later.
    claims["exp"] = (crate::contract::subject::now() / 1000 - 52).into();
    let mut first =
        tail(&url(world.address), &world.issuer.mint(&claims), &["--since", "2026-11-20T10:00:00Z", "--columns", "message"]);
    assert_eq!(first.ended().await.code(), Some(3), "{}", first.log());
    let said = first.wait_for_log("--cursor ").await;
    assert!(said.contains("expired_token (401)"), "{said}");
    let cursor = said.split_whitespace().last().unwrap().to_owned();
    put(&world, 10..12).await;
    let arguments = ["tail", "/acme/api", "--cursor", &cursor, "--columns", "message", "--limit", "2"];
    let said = command(&url(world.address), &token(&world), &arguments).await;
    assert_messages(&said.out, &messages(10..12));
}

#[tokio::test]
async fn a_renewed_token_file_lets_it_continue() {
    let world = World::new().await;
    put(&world, 0..1).await;
    let mut claims = crate::world::tokens::Issuer::claims("acme", "logs:*:*");
    claims["exp"] = (crate::contract::subject::now() / 1000 - 52).into();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, world.issuer.mint(&claims)).unwrap();
    let mut command = logmark(folder.path());
    command.args(["tail", "/acme/api", "--since", "2026-11-20T10:00:00Z", "--token-file", "token"]);
    command.env("NO_PROXY", "*").env("LOGMARK_URL", url(world.address));
    let mut tail = Binary::start(command);
    tail.wait_for_output("event 000000").await;
    std::fs::write(&file, token(&world)).unwrap();
    tail.wait_for_log("the token was renewed: resuming").await;
    put(&world, 1..2).await;
    let all = tail.wait_for_output("event 000001").await;
    assert_messages(&all, &messages(0..2));
}

#[tokio::test]
async fn json_lines_and_filters() {
    let world = World::new().await;
    put(&world, 0..10).await;
    let arguments = ["tail", "/acme/api", "--since", "2026-11-20T10:00:00Z", "--filter", "000007", "--limit", "1", "--json"];
    let said = command(&url(world.address), &token(&world), &arguments).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let event: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(event["message"], "event 000007");
    let foreign = command(&url(world.address), &token(&world), &["tail", "/globex/api"]).await;
    assert_eq!(foreign.code, 4, "{}", foreign.err);
}

/// Markers are printed on standard error; false answers are errors.
#[tokio::test]
async fn markers_and_lies() {
    let event = |id: &str, message: &str| {
        format!("event: event\nid: {id}\ndata: {{\"timestamp\":\"t\",\"logStream\":\"s\",\"message\":\"{message}\"}}\n\n")
    };
    let first = format!(
        ": keep-alive\nid: a\n\n{}event: gap\nid: c\ndata: {{\"from\":\"10:00\\u001b\",\"to\":\"10:01\",\"reason\":\"dropped\",\"recovered\":false}}\n\n\
         event: sampled\ndata: {{\"above\":500}}\n\nevent: later\ndata: {{}}\n\nevent: reconnect\nid: d\ndata: {{}}\n\n",
        event("b", "one\\u001b[2J")
    );
    let second = format!(
        "{}event: error\ndata: {{\"status\":403,\"code\":\"insufficient_scope\",\"title\":\"t\"}}\n\n",
        event("e", "two")
    );
    let stream = |body: &str| answer("200 OK", "text/event-stream", body);
    let said = command(&lies(vec![stream(&first), stream(&second)]).await, "a.b.c", &["tail", "/a"]).await;
    assert_eq!(said.code, 5);
    assert_eq!(said.out, "t s one\\x1b[2J\nt s two\n");
    let expected = "gap: 10:00\\u{1b} to 10:01 (dropped): events may be missing\nsampled: the source shows only a part of the events at this \
                    rate; the rest follows\nlogmark: t\n  insufficient_scope (403)\nresume this tail with --cursor e\n";
    assert_eq!(said.err, expected);
    for (body, text) in [
        ("event: event\ndata: nonsense\n\n", "not valid"),
        ("event: error\ndata: nonsense\n\n", "not valid"),
        ("event: gap\ndata: 1\n\n", "not valid"),
    ] {
        let said = command(&lies(vec![stream(body)]).await, "a.b.c", &["tail", "/a"]).await;
        assert!(said.code == 1 && said.err.contains(text), "{body}: {}", said.err);
    }
    let html = lies(vec![answer("200 OK", "text/html", "<html>")]).await;
    assert_eq!(command(&html, "a.b.c", &["tail", "/a"]).await.code, 1);
}
