//! Live tails: every event once, through every fault of the connections.

use logmark_client::{Client, Error, Retry, Tail, TailItem, TailRequest};

use crate::stage::{BEGIN, acme, all_of_big, summary, through, token, variable, with_token};

fn big() -> TailRequest {
    TailRequest { start: Some(BEGIN.into()), ..TailRequest::stream("/acme/big", "web-1") }
}

/// The messages of the next `count` events.
async fn take(tail: &mut Tail, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < count {
        match tail.next().await.unwrap().unwrap() {
            TailItem::Event(event) => found.push(event.message),
            other => panic!("{other:?}"),
        }
    }
    found
}

async fn error(mut tail: Tail) -> Error {
    let error = tail.next().await.unwrap().unwrap_err();
    assert!(tail.next().await.is_none(), "the tail is over then");
    error
}

#[tokio::test]
async fn a_tail_begins_with_its_history_and_outlives_cuts() {
    let mut tail = through("live").build().unwrap().tail(big());
    assert_eq!(take(&mut tail, 10_000).await, all_of_big());
}

#[tokio::test]
async fn a_tail_outlives_cuts_at_any_byte_and_buffers_that_are_lost() {
    for habit in ["ragged", "buffered"] {
        let mut tail = through(habit).build().unwrap().tail(big());
        assert!(take(&mut tail, 10_000).await == all_of_big(), "{habit}");
    }
}

#[tokio::test]
async fn nothing_is_lost_where_idle_connections_are_closed() {
    let client = through("idle").token(&variable("LOGMARK_TOKEN_WATCHER")).build().unwrap();
    let found = take(&mut client.tail(TailRequest::group("/watched/ticks")), 6).await;
    let first: usize = found[0].strip_prefix("tick ").unwrap().parse().unwrap();
    let expected: Vec<String> = (first..first + 6).map(|number| format!("tick {number}")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_tail_is_resumed_by_its_cursor() {
    let mut first = acme().tail(big());
    let mut found = take(&mut first, 100).await;
    found.extend(take(&mut acme().tail(TailRequest::cursor(first.cursor().unwrap())), 100).await);
    assert_eq!(found, all_of_big()[..200]);
}

#[tokio::test]
async fn every_kind_of_item_has_its_type_and_a_refusal_ends_it() {
    let mut tail = through("items").build().unwrap().tail(TailRequest::group("/acme/big"));
    let mut found = Vec::new();
    let error = loop {
        match tail.next().await.unwrap() {
            Ok(TailItem::Event(event)) => found.push(event.message),
            Ok(TailItem::Gap(gap)) => {
                let (from, to) = (gap.from.unwrap().to_rfc3339(), gap.to.unwrap().to_rfc3339());
                found.push(format!("{from} {to} {} {}", gap.reason, gap.recovered));
            }
            Ok(other) => found.push(format!("{other:?}")),
            Err(error) => break error,
        }
    };
    let expected = [
        "one",
        "2026-11-20T10:00:00+00:00 2026-11-20T10:00:01+00:00 dropped true",
        "Sampled { above: Some(500) }",
        "Notice { mode: \"sweeps\" }",
        "two",
    ];
    assert_eq!(found, expected);
    assert_eq!(summary(&error), "403 insufficient_scope");
    assert_eq!(tail.cursor(), Some("e"));
}

#[tokio::test]
async fn a_refused_tail_is_an_error_at_once() {
    let expired = with_token(&variable("LOGMARK_TOKEN_EXPIRED"), Retry::NEVER);
    assert_eq!(summary(&error(acme().tail(TailRequest::group("/acme/none"))).await), "404 not_found");
    assert_eq!(summary(&error(expired.tail(big())).await), "401 expired_token");
    let html = through("html").retry(Retry::NEVER).build().unwrap();
    assert_eq!(summary(&error(html.tail(big())).await), "502 http_error");
}

#[tokio::test]
async fn a_renewed_token_lets_it_begin() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let provider = move || {
        let is_first = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        let chosen = if is_first { variable("LOGMARK_TOKEN_EXPIRED") } else { token() };
        async move { Ok(chosen) }
    };
    let client = Client::builder(&variable("LOGMARK_URL")).token_provider(provider).build().unwrap();
    assert_eq!(take(&mut client.tail(big()), 1).await, ["event 00000"]);
}
