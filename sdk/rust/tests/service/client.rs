//! The client's own checks, lists and times, and its printed output.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta};
use logmark_client::{Client, Error, EventsRequest, QueryRequest, StreamsRequest};

use crate::stage::{
    BEGIN, ODD_STREAM, SMALL, acme, collect, collect_stream, hasty, seen, small, summary, through, token, variable,
};

const GROUPS: &str = "api big down/502 down/503 down/504 endless failing java/orders many midway queried small";

fn names() -> Vec<String> {
    GROUPS.split(' ').map(|name| format!("/acme/{name}")).collect()
}

#[tokio::test]
async fn groups_streams_and_the_caller_are_listed() {
    let client = acme();
    let mut groups = client.groups(None);
    let found: Vec<String> = groups.all().await.unwrap().into_iter().map(|group| group.name).collect();
    assert_eq!(found, names());
    assert!(groups.incomplete().is_empty());
    let down = client.groups(Some("/acme/down/")).all().await.unwrap();
    assert_eq!(down.into_iter().map(|group| group.name).collect::<Vec<_>>(), names()[2..5]);
    let request = StreamsRequest { order_by: Some("lastEvent".into()), ..StreamsRequest::group("/acme/small") };
    let streams = client.streams(request).all().await.unwrap();
    assert_eq!(streams.into_iter().map(|stream| stream.name).collect::<Vec<_>>(), [ODD_STREAM]);
    let caller = client.me().await.unwrap();
    assert_eq!((caller.tenant.as_str(), caller.scopes), ("acme", vec!["logs:*:*".to_owned()]));
}

#[tokio::test]
async fn a_groups_name_goes_into_a_path_that_no_proxy_changes() {
    let client = through("plain").build().unwrap();
    client.streams(StreamsRequest::group("/acme/small")).all().await.unwrap();
    assert_eq!(seen("/plain/groups/%3Aacme%3Asmall/streams").await.len(), 1);
}

#[tokio::test]
async fn times_may_be_moments() {
    let begin = DateTime::parse_from_rfc3339(BEGIN).unwrap();
    let first =
        EventsRequest { start: Some(begin.into()), end: Some(SystemTime::from(begin + TimeDelta::seconds(1)).into()), ..small() };
    assert_eq!(collect(&mut acme().events(first.clone())).await.unwrap(), SMALL[..1]);
    assert_eq!(collect_stream(&mut acme().stream(first).await.unwrap()).await.unwrap(), SMALL[..1]);
    let request = QueryRequest {
        query: "fields status".into(),
        log_groups: vec!["/acme/queried".into()],
        start: (SystemTime::now() - Duration::from_secs(3600)).into(),
        end: Some(SystemTime::now().into()),
        ..QueryRequest::default()
    };
    assert!(acme().query(request).await.unwrap().next().await.is_some());
}

#[tokio::test]
async fn a_token_or_an_address_that_can_not_work_is_refused_at_once() {
    let url = variable("LOGMARK_URL");
    for (token, said) in [("", "empty"), (" \n", "empty"), ("Bearer e30", "pass only the token"), ("a b", "characters")] {
        let error = Client::new(&url, token).unwrap_err();
        assert_eq!(summary(&error), "0 invalid_request");
        assert!(error.detail().contains(said), "{error}");
    }
    for url in ["", "logs.example.com", "ftp://logs.example.com", "http://user:secret@127.0.0.1"] {
        let error = Client::new(url, "t").unwrap_err();
        assert_eq!(summary(&error), "0 invalid_request", "{url}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(Client::new(&url, &format!("{}\n", token())).unwrap().me().await.unwrap().tenant, "acme");
    let empty = Client::builder(&url).token_provider(|| async { Ok(String::new()) }).build().unwrap();
    assert_eq!(summary(&empty.me().await.unwrap_err()), "0 token_failed");
}

#[tokio::test]
async fn connection_errors_name_the_address_and_no_cursor() {
    let gone = Client::builder("http://127.0.0.1:1/prod/").token("t").retry(logmark_client::Retry::NEVER).build().unwrap();
    let page = gone.events(EventsRequest::cursor("made-up")).next().await.unwrap().unwrap_err();
    let stream = gone.stream(EventsRequest::cursor("made-up")).await.unwrap_err();
    for (error, path) in [(gone.me().await.unwrap_err(), "me"), (page, "logs"), (stream, "logs")] {
        assert_eq!(summary(&error), "0 connection_failed");
        assert!(error.detail().starts_with(&format!("no response from http://127.0.0.1:1/prod/{path}: ")), "{error}");
        assert!(!error.to_string().contains("made-up"), "{error}");
    }
}

#[tokio::test]
async fn the_address_of_something_else_is_said() {
    let page = through("page").build().unwrap().me().await.unwrap_err();
    assert_eq!(summary(&page), "200 unexpected_answer");
    assert!(page.detail().ends_with("/page/me responded with a page of HTML: is this the address of the service?"), "{page}");
    let hasty = through("html").retry(logmark_client::Retry::NEVER).build().unwrap();
    let other = hasty.groups(None).all().await.unwrap_err();
    assert!(other.detail().contains("/html/groups: <html>"), "{other}");
}

#[tokio::test]
async fn errors_say_every_fault_however_they_are_printed() {
    let request = EventsRequest { start: Some("yesterday".into()), page_size: Some(0), ..EventsRequest::group("/acme/big") };
    let error: Error = hasty().events(request).next().await.unwrap().unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.contains("\n  start: ") && text.contains("\n  limit: "), "{text}");
    }
    assert!(!format!("{:?}", acme()).contains(&token()));
}
