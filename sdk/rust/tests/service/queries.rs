//! Queries: waited for, paged, and stopped when their caller no longer waits.

use std::time::Duration;

use logmark_client::apis::queries_api::{CheckQueryParams, ReadQueryParams, check_query, query_language, read_query};
use logmark_client::models::{QueryCheck, QueryToCheck};
use logmark_client::{Client, Error, QueryRequest, Row};

use crate::stage::{acme, seen, summary, through};

fn query(group: &str) -> QueryRequest {
    QueryRequest {
        query: "fields status, n".into(),
        log_groups: vec![group.into()],
        start: "-1h".into(),
        ..QueryRequest::default()
    }
}

async fn rows(client: &Client, request: QueryRequest) -> Result<Vec<Row>, Error> {
    let mut rows = client.query(request).await?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().await {
        found.push(row?);
    }
    Ok(found)
}

#[tokio::test]
async fn a_query_is_waited_for() {
    let mut rows = acme().query(query("/acme/queried")).await.unwrap();
    assert_eq!(rows.fields(), ["status"]);
    assert_eq!(rows.statistics().unwrap().bytes_scanned, 2_000_000_000);
    assert_eq!(rows.estimated_cost_usd(), Some(0.01));
    for status in ["0", "1", "2"] {
        assert_eq!(rows.next().await.unwrap().unwrap(), Row::from([("status".to_owned(), status.to_owned())]));
    }
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn more_rows_than_a_page_holds_come_all() {
    let rows = rows(&acme(), QueryRequest { limit: Some(20_000), ..query("/acme/many") }).await.unwrap();
    let numbers: Vec<usize> = rows.iter().map(|row| row["n"].parse().unwrap()).collect();
    assert_eq!(numbers, (0..12_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_query_that_fails_is_an_error() {
    let error = rows(&acme(), query("/acme/failing")).await.unwrap_err();
    assert_eq!((error.code(), error.detail()), ("query_failed", "the query ended as `Failed`"));
}

/// Waits until the proxy has seen this many queries stopped, and returns the status of the last one.
async fn stopped(count: usize) -> String {
    let id = loop {
        let deleted = seen("DELETE /plain/queries/").await;
        assert!(deleted.len() <= count, "{deleted:?}");
        if deleted.len() == count {
            break deleted[count - 1].rsplit('/').next().unwrap().to_owned();
        }
        tokio::task::yield_now().await;
    };
    let client = acme();
    let params = |id: String| ReadQueryParams { id, limit: None, cursor: None, prefer: Some("wait=2".into()) };
    read_query(client.configuration(), params(id)).await.unwrap().status
}

/// One test, because both parts count requests to the proxy.
#[tokio::test]
async fn a_query_that_nobody_waits_for_is_stopped() {
    let client = through("plain").build().unwrap();
    let late = QueryRequest { timeout: Some(Duration::from_secs(3)), ..query("/acme/endless") };
    assert_eq!(rows(&client, late).await.unwrap_err().code(), "query_timeout");
    assert_eq!(stopped(1).await, "Cancelled");

    let looks = seen("GET /plain/queries/").await.len();
    let abandoned = tokio::spawn(async move { client.query(query("/acme/endless")).await.map(|_| ()) });
    while seen("GET /plain/queries/").await.len() == looks {
        tokio::task::yield_now().await;
    }
    abandoned.abort();
    assert!(abandoned.await.unwrap_err().is_cancelled());
    assert_eq!(stopped(2).await, "Cancelled");
}

async fn checked(group: &str, text: &str) -> Result<QueryCheck, Error> {
    let query_to_check = QueryToCheck::new(vec![group.to_owned()], text.to_owned(), "-1h".to_owned());
    Ok(check_query(acme().configuration(), CheckQueryParams { query_to_check }).await?)
}

#[tokio::test]
async fn a_check_tells_columns_and_faults_and_starts_nothing() {
    let good = checked("/acme/api", "stats count(*) as n by status").await.unwrap();
    assert_eq!((good.columns, good.shape.as_deref()), (vec!["status".to_owned(), "n".to_owned()], Some("table")));
    assert!(good.diagnostics.is_empty() && good.refusals.is_empty());
    assert!(["exact", "stored", "unknown"].contains(&good.estimate.basis.as_str()));
    let bad = checked("/acme/api", "fields status\n| stat count(*)").await.unwrap();
    let fault = &bad.diagnostics[0];
    assert_eq!((fault.severity.as_str(), fault.line, fault.column, fault.fix.as_deref()), ("error", 2, 3, Some("stats")));
    assert!(!checked("/acme/api", "SOURCE '/other'").await.unwrap().refusals[0].detail.is_empty());
    assert_eq!(summary(&checked("/other/x", "fields status").await.unwrap_err()), "404 not_found");
}

#[tokio::test]
async fn the_language_lists_commands_and_functions() {
    let language = query_language(acme().configuration()).await.map_err(Error::from).unwrap();
    for name in ["fields", "filter", "stats", "parse"] {
        assert!(language.commands.iter().any(|command| command.name == name), "{name}");
    }
    assert!(language.commands.iter().all(|command| !command.description.is_empty() && !command.example.is_empty()));
    for name in ["count", "pct"] {
        assert!(language.functions.iter().any(|function| function.name == name), "{name}");
    }
}
