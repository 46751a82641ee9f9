//! Faults of queries only: the number of running queries, the groups that they read, rows without end, abandoned queries.

use std::time::Duration;

use serde_json::{Value, json};

use super::environment::TestEnvironment;
use super::operations::{Cell, Form, Operation, operations};
use super::oracle::{Verdict, judge};
use crate::contract::subject::{Binary, KEEPS_NOTHING, KEYS, cloudwatch, now, tenants};
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::fake_cloudwatch::{Fake, Fault};

/// A text in each ListLogGroupsForQuery, and in no other call.
const LIST: &str = "\"maxResults\"";

fn operation(form: Form) -> &'static Operation {
    operations().find(|operation| operation.form == form).unwrap()
}

/// Waits until none of the cell's queries runs.
async fn until_none_runs(environment: &TestEnvironment, cell: &Cell) {
    let waiting = async {
        while cell.queries(&environment.fake).1 > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the queries still run");
}

#[tokio::test]
async fn as_many_queries_as_the_account_may_run_is_told_with_a_time_to_come_back() {
    let environment = TestEnvironment::usual().await;
    for form in [Form::Started { waits: false }, Form::Started { waits: true }] {
        let (operation, number) = (operation(form), if form == (Form::Started { waits: true }) { 1 } else { 0 });
        let cell = Cell::of(operation, number, &environment).await;
        environment.fake.state().queries.most = 0;
        let before = environment.fake.calls();
        let answer = operation.ask(&environment, &cell).await;
        assert_eq!(answer.problem(), "503 overloaded");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
        assert_eq!(judge(&environment, operation, &cell, &answer).await, Ok(Verdict::Problem));
        assert!(environment.fake.calls() - before <= 3, "{} calls", environment.fake.calls() - before);
        assert_eq!(cell.queries(&environment.fake), (0, 0));
        environment.fake.state().queries.most = 100;
        let answer = environment.settled_by(|| operation.ask(&environment, &cell)).await;
        assert_eq!(judge(&environment, operation, &cell, &answer).await, Ok(Verdict::Whole));
    }
    environment.assert_discreet();
}

#[tokio::test]
async fn a_query_without_a_permit_in_time_is_rejected_and_nothing_is_sent() {
    let fake = Fake::start(now()).await;
    fake.state().logs.add_stream("/f/api", "web");
    fake.state().queries.script.looks = usize::MAX;
    // One of the three places is reserved for tenants without a running query.
    let source =
        cloudwatch(&fake.endpoint(), KEEPS_NOTHING).replace("quotas = {", "reserve = 0\nquotas = { concurrent_queries = 3,");
    let limits = "limits = { request_timeout = \"3s\", work_time = \"1s\" }";
    let acme = Binary::with(&(source + &tenants("f")), limits, &KEYS).await;
    let (client, body) = (acme.acme(), json!({ "query": "fields @message", "logGroups": ["/f/api"], "start": "-1h" }));
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = client.post("/queries", &body, &[]).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        ids.push(answer.json()["queryId"].as_str().unwrap().to_owned());
    }
    let refused = client.post("/queries", &body, &[]).await;
    assert_eq!(refused.problem(), "429 rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    let started = fake.state().seen.iter().filter(|seen| seen.operation == "StartQuery").count();
    assert_eq!((started, fake.state().queries.running()), (2, 2));
    assert_eq!(client.delete(&format!("/queries/{}", ids[0])).await.status, 204);
    assert_eq!(client.post("/queries", &body, &[]).await.status, 202);
}

#[tokio::test]
async fn no_row_is_shown_before_the_groups_that_it_comes_from_are_known() {
    let environment = TestEnvironment::usual().await;
    let faults = [
        Fault::Error(400, "AccessDeniedException"),
        Fault::Error(400, "InvalidParameterException"),
        Fault::Error(400, "ResourceNotFoundException"),
        Fault::Error(500, "InternalFailure"),
        Fault::RetryAfter(400, "ThrottlingException", 0),
        Fault::Html(200),
        Fault::Empty,
        Fault::HalfJson,
        Fault::OtherJson,
        Fault::Truncated,
        Fault::Json("{}"),
        Fault::Json("[]"),
        Fault::Json(r#"{"logGroupIdentifiers":null}"#),
        Fault::Json(r#"{"logGroupIdentifiers":"/f/c0/api"}"#),
        Fault::Json(r#"{"logGroupIdentifiers":["/f/elsewhere"]}"#),
        // A list without an end, valid so far.
        Fault::Json(r#"{"logGroupIdentifiers":[],"nextToken":"t"}"#),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        for (half, form) in [Form::Rows, Form::RowsCsv].into_iter().enumerate() {
            let operation = operation(form);
            let cell = Cell::of(operation, 2 * number + half, &environment).await;
            environment.fake.state().plans.set(Plan::new(LIST, fault));
            let answer = operation.ask(&environment, &cell).await;
            assert!(environment.lift(LIST) > 0, "{fault:?}");
            // A missing group is a legitimate 404 for the caller.
            let is_problem = judge(&environment, operation, &cell, &answer).await == Ok(Verdict::Problem);
            assert!(is_problem || answer.status == 404, "{fault:?} {form:?}: {} {}", answer.status, answer.text());
            assert!(!answer.text().contains("status\":\"0\""), "{fault:?}: {}", answer.text());
            let answer = environment.settled_by(|| operation.ask(&environment, &cell)).await;
            assert_eq!(judge(&environment, operation, &cell, &answer).await, Ok(Verdict::Whole), "{fault:?} {form:?}");
        }
    }
    environment.assert_discreet();
}

#[tokio::test]
async fn a_token_of_rows_that_never_changes_is_no_end_of_them() {
    let environment = TestEnvironment::usual().await;
    let operation = operation(Form::Rows);
    let cell = Cell::of(operation, 0, &environment).await;
    let target = (operation.target)(&cell);
    let first = environment.acme.get_with(&format!("{target}?limit=10"), &[("prefer", "wait=20")]).await.json();
    let second = format!("{target}?limit=10&cursor={}", first["nextCursor"].as_str().unwrap());
    let numbers = |page: &Value| -> Vec<usize> {
        page["results"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap().parse().unwrap()).collect()
    };
    assert_eq!(numbers(&first), (0..10).collect::<Vec<_>>());

    environment.fake.state().plans.set(Plan::new(&cell.mark(), Fault::SameToken));
    let answer = environment.acme.get(&second).await;
    assert_eq!(answer.problem(), "502 upstream_error", "ten of fifteen rows");
    assert_eq!(environment.lift(&cell.mark()), 1);

    let page = environment.acme.get(&second).await.json();
    assert_eq!(numbers(&page), (10..20).collect::<Vec<_>>());
    let last = format!("{target}?limit=10&cursor={}", page["nextCursor"].as_str().unwrap());
    let page = environment.acme.get(&last).await.json();
    assert_eq!((numbers(&page), page.get("nextCursor")), ((20..25).collect(), None));
}

#[tokio::test]
async fn what_only_looks_like_an_answer_about_a_query_is_none() {
    let environment = TestEnvironment::usual().await;
    for (number, (form, text)) in [
        (Form::Rows, r#"{"status":"Complete"}"#),
        (Form::Rows, r#"{"status":"Complete","results":null,"statistics":{}}"#),
        (Form::Rows, r#"{"results":[],"statistics":{}}"#),
        (Form::RowsCsv, r#"{"status":"Complete"}"#),
        (Form::Stopped, "{}"),
        (Form::Stopped, "[]"),
        (Form::Stopped, r#"{"success":false}"#),
        (Form::List("fields"), "{}"),
        (Form::List("fields"), "[]"),
        (Form::Record, r#"{"logRecord":null}"#),
        (Form::Started { waits: false }, r#"{"queryId":""}"#),
    ]
    .into_iter()
    .enumerate()
    {
        let operation = operation(form);
        let cell = Cell::of(operation, number, &environment).await;
        environment.fake.state().plans.set(Plan::new(&cell.mark(), Fault::Json(text)));
        let answer = operation.ask(&environment, &cell).await;
        let hits = environment.lift(&cell.mark());
        let verdict = judge(&environment, operation, &cell, &answer).await;
        assert_eq!(verdict, Ok(Verdict::Problem), "{} {text}: {}", operation.name, answer.text());
        assert!(hits > 0);
        let answer = environment.settled_by(|| operation.ask(&environment, &cell)).await;
        assert_eq!(judge(&environment, operation, &cell, &answer).await, Ok(Verdict::Whole), "{} after {text}", operation.name);
    }
}

#[tokio::test]
async fn who_leaves_while_a_query_is_waited_for_leaves_none_though_stopping_it_fails_at_first() {
    let environment = TestEnvironment::usual().await;
    let operation = operation(Form::Started { waits: true });
    let cell = Cell::of(operation, 0, &environment).await;
    environment.fake.state().queries.scripts.get_mut(&cell.group("api")).unwrap().looks = usize::MAX;
    // StartQuery and one poll succeed; of the calls after it, which stop the query, three fail.
    environment.fake.state().plans.set(Plan::new(&cell.mark(), Fault::Html(400)).after(2).times(3));
    {
        let mut asking = Box::pin(operation.ask(&environment, &cell));
        let polled = async {
            while environment.fake.calls() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            answer = &mut asking => panic!("{}", answer.text()),
            () = polled => {}
        }
    }
    until_none_runs(&environment, &cell).await;
    assert_eq!(cell.queries(&environment.fake), (1, 0));
    let stops = environment.fake.state().seen.iter().filter(|seen| seen.operation == "StopQuery").count();
    assert_eq!((stops, environment.lift(&cell.mark())), (4, 3));
}

#[tokio::test]
async fn queries_through_faults_have_all_their_rows_or_a_problem_and_none_is_left() {
    const QUERIES: usize = 60;
    let environment = TestEnvironment::usual().await;
    let faults = [
        Fault::RetryAfter(400, "ThrottlingException", 0),
        Fault::Error(500, "InternalFailure"),
        Fault::Error(503, "ServiceUnavailableException"),
        Fault::Html(502),
        Fault::Html(200),
        Fault::HalfJson,
    ];
    let operation = operation(Form::Started { waits: true });
    let cell = Cell::of(operation, 0, &environment).await;
    // None of these faults starts a query, so the service knows every query that was started.
    environment.fake.state().plans.set(Plan::mixed(&cell.mark(), faults.to_vec()).at_rate(20, 7));
    let mut verdicts = Vec::new();
    for _ in 0..QUERIES / 6 {
        let asking = (0..6).map(|_| operation.ask(&environment, &cell));
        let answers: Vec<Answer> = futures_util::future::join_all(asking).await;
        for answer in answers {
            verdicts.push(
                judge(&environment, operation, &cell, &answer)
                    .await
                    .unwrap_or_else(|reason| panic!("{reason}: {}", answer.text())),
            );
        }
    }
    assert!(environment.lift(&cell.mark()) > QUERIES / 5, "there were faults");
    until_none_runs(&environment, &cell).await;
    let whole = verdicts.iter().filter(|verdict| **verdict == Verdict::Whole).count();
    assert!(whole > QUERIES / 3 && whole < QUERIES, "{whole} of {QUERIES}");
    let (begun, _) = cell.queries(&environment.fake);
    assert!((whole..=QUERIES).contains(&begun), "{begun} begun for {QUERIES}");
    environment.assert_discreet();
}
