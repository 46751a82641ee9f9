//! `POST /queries/check` returns the columns of the results without running the query.

use serde_json::Value;

use super::cases::{Case, Kind};
use super::http::{body, judge_all};
use crate::world::client::Client;

async fn judge(client: &Client, case: &Case) -> Option<String> {
    let answer = client.post("/queries/check", &body(case), &[]).await;
    let check = answer.json();
    if case.kind == Kind::Refused {
        let is_refused =
            answer.status == 404 || check["diagnostics"] != serde_json::json!([]) || check["refusals"] != serde_json::json!([]);
        return (!is_refused).then(|| answer.text());
    }
    if case.kind == Kind::Failed {
        return (answer.status != 200 && answer.status != 404).then(|| answer.text());
    }
    let columns: Vec<Value> = case.columns.iter().filter(|name| *name != "@ptr").map(|name| name.as_str().into()).collect();
    let shape = check["shape"].as_str().unwrap_or_default();
    let told: Vec<Value> = check["columns"].as_array().into_iter().flatten().filter(|name| **name != "@ptr").cloned().collect();
    let is_right = told == columns && ["events", "table", "series"].contains(&shape);
    (!is_right).then(|| format!("{}\nexpected columns {columns:?}", answer.text()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_tells_the_columns_of_the_results() {
    judge_all(judge).await;
}
