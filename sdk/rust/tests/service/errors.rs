//! Every kind of failure, as the error for it.

use logmark_client::apis::caller_api::me;
use logmark_client::apis::groups_api::{DescribeGroupParams, ListGroupsParams, describe_group, list_groups};
use logmark_client::apis::queries_api::{StartQueryParams, start_query};
use logmark_client::models::{NewQuery, Query};
use logmark_client::{Client, Error, EventsRequest, Retry};

use crate::stage::{BEGIN, acme, big, collect, hasty, retries, seen, small, summary, through, token, variable, with_token};

async fn start(client: &Client, group: &str, query: &str) -> Result<Query, Error> {
    let new_query = NewQuery::new(vec![group.into()], query.into(), "-1h".into());
    Ok(start_query(client.configuration(), StartQueryParams { new_query, prefer: None }).await?)
}

async fn list(client: &Client, prefix: &str) -> Result<usize, Error> {
    let params = ListGroupsParams { prefix: Some(prefix.into()), limit: None, cursor: None };
    Ok(list_groups(client.configuration(), params).await?.groups.len())
}

async fn caller(client: &Client) -> Result<String, Error> {
    Ok(me(client.configuration()).await?.tenant)
}

async fn events(client: &Client, request: EventsRequest) -> Result<Vec<String>, Error> {
    collect(&mut client.events(request)).await
}

fn from_begin(group: &str) -> EventsRequest {
    EventsRequest { start: Some(BEGIN.into()), ..EventsRequest::stream(group, "web-1") }
}

#[tokio::test]
async fn what_is_wrong_with_the_input_is_said_fault_by_fault() {
    let request = EventsRequest { start: Some("yesterday".into()), page_size: Some(0), ..EventsRequest::group("/acme/big") };
    let error = events(&acme(), request).await.unwrap_err();
    assert_eq!(summary(&error), "400 invalid_parameter");
    let mut parameters: Vec<_> = error.errors().iter().filter_map(|fault| fault.parameter.as_deref()).collect();
    parameters.sort_unstable();
    assert_eq!(parameters, ["limit", "start"]);
    assert_eq!(error.request_id().map(str::len), Some(32));
    assert!(!error.title().is_empty() && error.to_string().contains(error.detail()));

    let in_body = start(&acme(), "/acme/queried", "stat count(*)").await.unwrap_err();
    assert_eq!(summary(&in_body), "400 invalid_query");
    assert_eq!(in_body.errors()[0].pointer.as_deref(), Some("/query"));
    assert!(in_body.errors()[0].position.is_some());

    let made_up = events(&acme(), EventsRequest::cursor("made-up")).await.unwrap_err();
    assert_eq!(summary(&made_up), "400 invalid_cursor");
}

#[tokio::test]
async fn a_token_is_refused_with_its_reason() {
    let expired = with_token(&variable("LOGMARK_TOKEN_EXPIRED"), Retry::default());
    assert_eq!(summary(&caller(&expired).await.unwrap_err()), "401 expired_token");
    let narrow = with_token(&variable("LOGMARK_TOKEN_NARROW"), Retry::default());
    assert_eq!(events(&narrow, small()).await.unwrap().len(), 3);
    let error = events(&narrow, big()).await.unwrap_err();
    assert_eq!(summary(&error), "403 insufficient_scope");
    assert!(error.detail().contains("logs:read:/acme/big"), "{error}");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed() {
    for group in ["/acme/gone", "/other/x"] {
        let error = acme().stream(EventsRequest::group(group)).await.unwrap_err();
        assert_eq!(summary(&error), "404 not_found", "{group}");
    }
    let params = DescribeGroupParams { group: "/other/x".into(), source: None };
    let error: Error = describe_group(acme().configuration(), params).await.unwrap_err().into();
    assert_eq!(summary(&error), "404 not_found");
    let error = start(&acme(), "/acme/queried", "SOURCE 'x' | fields a").await.unwrap_err();
    assert_eq!(summary(&error), "422 query_forbidden");
    let error = start(&acme(), "/acme/small", "pattern @message | anomaly").await.unwrap_err();
    assert_eq!(summary(&error), "400 invalid_query");
    let large = format!("fields a | filter b = \"{}\"", "x".repeat(5000));
    let error = start(&acme(), "/acme/queried", &large).await.unwrap_err();
    assert_eq!(summary(&error), "413 body_too_large");
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let client = with_token(&variable("LOGMARK_TOKEN_LIMITED"), Retry::NEVER);
    let error = loop {
        let (first, second) = tokio::join!(caller(&client), caller(&client));
        if let Some(error) = first.err().or(second.err()) {
            break error;
        }
    };
    assert_eq!(summary(&error), "429 rate_limited");
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(1));
}

#[tokio::test]
async fn the_upstream_fails_in_each_of_its_ways() {
    let error = events(&hasty(), from_begin("/acme/down/502")).await.unwrap_err();
    assert_eq!(summary(&error), "502 upstream_error");
    let error = events(&hasty(), from_begin("/acme/down/503")).await.unwrap_err();
    assert_eq!(summary(&error), "503 overloaded");
    assert!(error.retry_after().unwrap().as_secs() >= 1);
    let error = events(&hasty(), from_begin("/acme/down/504")).await.unwrap_err();
    assert_eq!(summary(&error), "504 upstream_timeout");
}

#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_again() {
    let client = through("cut").retry(retries(1)).build().unwrap();
    assert_eq!(summary(&list(&client, "/acme/s").await.unwrap_err()), "0 connection_failed");
    assert_eq!(seen("/cut/groups?prefix=%2Facme%2Fs").await.len(), 2);
}

#[tokio::test]
async fn connections_that_fail_are_tried_again_but_no_query_is_started_twice() {
    let client = through("flaky").build().unwrap();
    assert_eq!(list(&client, "/acme/big").await.unwrap(), 1);
    assert_eq!(seen("GET /flaky/groups?prefix=%2Facme%2Fbig").await.len(), 3);
    let error = start(&client, "/acme/queried", "fields a").await.unwrap_err();
    assert_eq!(summary(&error), "0 connection_failed");
    assert_eq!(seen("POST /flaky/queries").await.len(), 1);
}

#[tokio::test]
async fn retries_are_bounded_in_number_and_in_time() {
    let gone = through("gone").retry(retries(2)).build().unwrap();
    assert_eq!(summary(&caller(&gone).await.unwrap_err()), "0 connection_failed");
    assert_eq!(seen("GET /gone/me").await.len(), 3);
    let later = caller(&through("later").build().unwrap()).await.unwrap_err();
    assert_eq!(summary(&later), "429 rate_limited");
    assert_eq!(later.retry_after().map(|wait| wait.as_secs()), Some(3600));
    assert_eq!(seen("GET /later/me").await.len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_the_services_is_an_error_too() {
    let client = through("html").retry(retries(1)).build().unwrap();
    let error = caller(&client).await.unwrap_err();
    assert_eq!(summary(&error), "502 http_error");
    assert!(error.detail().contains("Bad gateway"), "{error}");
    assert_eq!(seen("GET /html/me").await.len(), 2);
    let nobody = Client::builder("http://127.0.0.1:1").token(&token()).retry(Retry::NEVER).build().unwrap();
    let error = caller(&nobody).await.unwrap_err();
    assert_eq!(summary(&error), "0 connection_failed");
    assert!(error.detail().contains("refused"), "{error}");
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused_before_it_is_sent() {
    let limited = events(&acme(), EventsRequest { limit: Some(1), ..big() }).await.unwrap_err();
    assert_eq!(summary(&limited), "0 invalid_request");
    let paged = acme().stream(EventsRequest { page_size: Some(1), ..big() }).await.unwrap_err();
    assert_eq!(summary(&paged), "0 invalid_request");
    for url in ["logs.example.com", "ftp://logs.example.com"] {
        assert_eq!(Client::new(url, "t").unwrap_err().code(), "invalid_request", "{url}");
    }
}
