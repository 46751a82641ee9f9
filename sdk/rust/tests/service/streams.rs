//! Streams: one answer of any length, and an incomplete one never ends regularly.

use logmark_client::models::StopReason;
use logmark_client::{EventStream, EventsRequest};

use crate::stage::{ODD_STREAM, SMALL, acme, all_of_big, big, collect_stream, small, summary, through};

async fn open(request: EventsRequest) -> EventStream {
    acme().stream(request).await.unwrap()
}

#[tokio::test]
async fn a_stream_brings_everything_in_one_answer_and_says_where_it_ended() {
    let mut stream = open(big()).await;
    assert_eq!(collect_stream(&mut stream).await.unwrap(), all_of_big());
    assert_eq!(stream.stop_reason(), Some(StopReason::End));
    let mut later = open(EventsRequest::cursor(stream.cursor().unwrap())).await;
    assert_eq!(collect_stream(&mut later).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_limited_stream_says_where_it_goes_on() {
    let mut stream = open(EventsRequest { limit: Some(10), ..big() }).await;
    assert_eq!(stream.cursor(), None);
    assert_eq!(collect_stream(&mut stream).await.unwrap().len(), 10);
    assert_eq!(stream.stop_reason(), Some(StopReason::Limit));
    let next = EventsRequest { limit: Some(1), ..EventsRequest::cursor(stream.cursor().unwrap()) };
    assert_eq!(collect_stream(&mut open(next).await).await.unwrap(), ["event 00010"]);
}

#[tokio::test]
async fn names_and_messages_come_through_as_they_are() {
    assert_eq!(collect_stream(&mut open(small()).await).await.unwrap(), SMALL);
    let chosen = EventsRequest { streams: vec![ODD_STREAM.into()], ..EventsRequest::group("/acme/small") };
    assert_eq!(collect_stream(&mut open(chosen).await).await.unwrap(), SMALL);
}

#[tokio::test]
async fn a_stream_that_the_source_cuts_short_is_an_error() {
    let mut stream = open(EventsRequest::stream("/acme/midway", "web-1")).await;
    let mut numbers: Vec<usize> = Vec::new();
    let error = loop {
        match stream.next().await.expect("an incomplete stream must not end regularly") {
            Ok(event) => numbers.push(event.message.parse().unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert_eq!(summary(&error), "502 upstream_error");
    assert!(stream.next().await.is_none(), "the stream is over then");
    assert_eq!(stream.stop_reason(), None);
}

#[tokio::test]
async fn a_body_that_breaks_off_or_is_short_is_an_error() {
    for habit in ["cut", "short"] {
        let mut stream = through(habit).build().unwrap().stream(big()).await.unwrap();
        let error = collect_stream(&mut stream).await.unwrap_err();
        assert_eq!(summary(&error), "0 incomplete_body", "{habit}");
    }
}
