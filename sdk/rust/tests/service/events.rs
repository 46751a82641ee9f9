//! Lists and pages: every event once, in order, and continued from any page.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logmark_client::apis::events_api::{ReadStreamParams, read_stream};
use logmark_client::apis::groups_api::{DescribeGroupParams, ListGroupsParams, describe_group, list_groups};
use logmark_client::{Client, EventsRequest, Retry};

use crate::stage::{
    BEGIN, ODD_STREAM, SMALL, acme, all_of_big, big, collect, messages, seen, small, through, token, variable, with_token,
};

#[tokio::test]
async fn groups_are_listed_to_the_end() {
    let client = acme();
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let page = list_groups(client.configuration(), ListGroupsParams { cursor, prefix: None, limit: Some(4) }).await.unwrap();
        names.extend(page.groups.into_iter().map(|group| group.name));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected = "api big down/502 down/503 down/504 endless failing java/orders many midway queried small";
    assert_eq!(names, expected.split(' ').map(|name| format!("/acme/{name}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn events_come_once_and_in_order_over_many_pages() {
    let mut events = acme().events(EventsRequest { page_size: Some(777), ..big() });
    assert_eq!(collect(&mut events).await.unwrap(), all_of_big());
    let mut later = acme().events(EventsRequest::cursor(events.cursor().unwrap()));
    assert_eq!(collect(&mut later).await.unwrap(), Vec::<String>::new(), "there is nothing more");
}

#[tokio::test]
async fn too_many_requests_are_waited_out() {
    let client = with_token(&variable("LOGMARK_TOKEN_LIMITED"), Retry::default());
    let mut events = client.events(EventsRequest { page_size: Some(1000), ..big() });
    assert_eq!(collect(&mut events).await.unwrap(), all_of_big());
}

#[tokio::test]
async fn reading_goes_on_where_it_was_left() {
    let client = acme();
    let mut first = client.events(EventsRequest { page_size: Some(500), ..big() });
    let mut found = Vec::new();
    while found.len() < 2000 {
        let page = first.next_page().await.unwrap().unwrap();
        found.extend(page.events.into_iter().map(|event| event.message));
    }
    let from = EventsRequest { page_size: Some(3000), ..EventsRequest::cursor(first.cursor().unwrap()) };
    found.extend(collect(&mut client.events(from)).await.unwrap());
    assert_eq!(found, all_of_big());
}

#[tokio::test]
async fn within_a_page_the_cursor_stays_before_it() {
    let client = acme();
    let mut events = client.events(EventsRequest { page_size: Some(100), ..big() });
    let mut cursors = Vec::new();
    for _ in 0..200 {
        events.next().await.unwrap().unwrap();
        cursors.push(events.cursor().map(str::to_owned));
    }
    assert_eq!(cursors[98], None);
    assert_eq!(cursors[99], cursors[198]);
    assert_ne!(cursors[198], cursors[199]);
    let next = client.events(EventsRequest::cursor(cursors[199].as_ref().unwrap())).next().await;
    assert_eq!(next.unwrap().unwrap().message, "event 00200");
}

#[tokio::test]
async fn following_goes_on_beyond_the_end() {
    let client = through("plain").build().unwrap();
    let mut events = client.events(EventsRequest { follow: Some(Duration::from_millis(50)), ..small() });
    let mut found = Vec::new();
    for _ in SMALL {
        found.push(events.next().await.unwrap().unwrap().message);
    }
    assert_eq!(found, SMALL);
    for _ in 0..2 {
        assert_eq!(messages(&events.next_page().await.unwrap().unwrap().events), Vec::<&str>::new());
    }
    assert!(seen("/plain/logs?cursor=").await.len() >= 2);
}

#[tokio::test]
async fn names_are_put_in_safely() {
    let client = acme();
    assert_eq!(collect(&mut client.events(small())).await.unwrap(), SMALL);
    for (group, stream) in [("/acme/small", ODD_STREAM.to_owned()), (":acme:small", ODD_STREAM.replace('/', ":"))] {
        let params = ReadStreamParams {
            group: group.into(),
            stream,
            start: Some(BEGIN.into()),
            end: None,
            limit: None,
            from: None,
            filter: None,
            cursor: None,
            source: None,
            columns: None,
            bom: None,
            follow: None,
            last_event_id: None,
        };
        let page = read_stream(client.configuration(), params).await.unwrap();
        assert_eq!(messages(&page.events), SMALL);
        let params = DescribeGroupParams { group: group.into(), source: None };
        assert_eq!(describe_group(client.configuration(), params).await.unwrap().name, "/acme/small");
    }
}

#[tokio::test]
async fn a_token_is_asked_for_before_each_request_and_once_more_when_it_is_refused() {
    let tokens = VecDeque::from([variable("LOGMARK_TOKEN_EXPIRED"), token(), token()]);
    let tokens = Arc::new(Mutex::new(tokens));
    let left = Arc::clone(&tokens);
    let provider = move || {
        let next = tokens.lock().unwrap().pop_front();
        async move { next.ok_or_else(|| "there are no more tokens".into()) }
    };
    let client = Client::builder(&variable("LOGMARK_URL")).token_provider(provider).build().unwrap();
    assert_eq!(collect(&mut client.events(small())).await.unwrap(), SMALL);
    assert_eq!(left.lock().unwrap().len(), 1);
    let page = list_groups(client.configuration(), ListGroupsParams { cursor: None, prefix: None, limit: None }).await;
    assert!(!page.unwrap().groups.is_empty());
    let error = collect(&mut client.events(small())).await.unwrap_err();
    assert_eq!((error.code(), error.detail()), ("token_failed", "there are no more tokens"));
}
