//! The environment of the tests, which describes the service.

use std::env;
use std::time::Duration;

use logmark_client::models::Event;
use logmark_client::{Client, ClientBuilder, Error, EventStream, Events, EventsRequest, Retry};

pub const BEGIN: &str = "2026-11-20T10:00:00Z";
pub const ODD_STREAM: &str = "2026/11/20/[$LATEST]a#b?c d é%2F+&=";
pub const SMALL: [&str; 3] = ["plain", r#"quotes " and \ and 'these'"#, "two lines\nof ünïcödé 🪵"];

pub fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: these tests are run by `cargo test --test integration sdk::`"))
}

pub fn token() -> String {
    variable("LOGMARK_TOKEN")
}

/// Tenant acme, all scopes.
pub fn acme() -> Client {
    with_token(&token(), Retry::default())
}

/// A client of acme without retries.
pub fn hasty() -> Client {
    with_token(&token(), Retry::NEVER)
}

pub fn with_token(token: &str, retry: Retry) -> Client {
    Client::builder(&variable("LOGMARK_URL")).token(token).retry(retry).build().unwrap()
}

/// The service through the faulty proxy, at one of its paths.
pub fn through(habit: &str) -> ClientBuilder {
    Client::builder(&format!("{}/{habit}/", variable("LOGMARK_FRONT_URL"))).token(&token())
}

pub fn retries(retries: u32) -> Retry {
    Retry { retries, max_wait: Duration::from_secs(60) }
}

/// Requests to the proxy so far that contain this text.
pub async fn seen(text: &str) -> Vec<String> {
    let answer = reqwest::get(format!("{}/seen", variable("LOGMARK_FRONT_URL"))).await.unwrap();
    let all: Vec<String> = answer.json().await.unwrap();
    all.into_iter().filter(|line| line.contains(text)).collect()
}

pub fn big() -> EventsRequest {
    EventsRequest { start: Some(BEGIN.into()), ..EventsRequest::stream("/acme/big", "web-1") }
}

pub fn small() -> EventsRequest {
    EventsRequest { start: Some(BEGIN.into()), ..EventsRequest::stream("/acme/small", ODD_STREAM) }
}

/// The messages of `/acme/big`.
pub fn all_of_big() -> Vec<String> {
    (0..10_000).map(|number| format!("event {number:05}")).collect()
}

pub async fn collect(events: &mut Events) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    while let Some(event) = events.next().await {
        found.push(event?.message);
    }
    Ok(found)
}

pub async fn collect_stream(stream: &mut EventStream) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    while let Some(event) = stream.next().await {
        found.push(event?.message);
    }
    Ok(found)
}

pub fn messages(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.message.as_str()).collect()
}

/// Status (0: none) and code.
pub fn summary(error: &Error) -> String {
    format!("{} {}", error.status().unwrap_or(0), error.code())
}
