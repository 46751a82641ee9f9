//! The cases through `POST /queries`.

use serde_json::{Value, json};

use super::cases::{self, Case, DAY, GROUP, Kind, ShownRow};
use crate::world::World;
use crate::world::client::Client;

/// The body of `POST /queries` for a case.
pub(super) fn body(case: &Case) -> Value {
    json!({ "query": case.query, "logGroups": [GROUP], "start": DAY.start * 1000, "end": DAY.end * 1000 })
}

/// Calls `judge` with each case and a client of a service that has its events; fails with all errors.
pub(super) async fn judge_all(judge: impl AsyncFn(&Client, &Case) -> Option<String>) {
    let (worlds, cases) = cases::all();
    let mut service: Option<(usize, World)> = None;
    let mut faults = Vec::new();
    for case in &cases {
        if service.as_ref().is_none_or(|(number, _)| *number != case.world) {
            service = Some((case.world, cases::service(&worlds[case.world]).await));
        }
        let Some((_, world)) = &service else { unreachable!("it was made above") };
        if let Some(fault) = judge(&world.tenant("acme"), case).await {
            faults.push(format!("{}\n{}\n{fault}", case.name, case.query));
        }
    }
    cases::report(&faults, cases.len());
}

async fn judge(client: &Client, case: &Case) -> Option<String> {
    let answer = client.post("/queries", &body(case), &[("prefer", "wait=20")]).await;
    let page = answer.json();
    let text = case.columns[0].as_str();
    match case.kind {
        Kind::Refused if answer.status.is_success() => Some(answer.text()),
        // The service refuses some queries before the engine does, with its own text.
        Kind::Refused => match answer.problem().as_str() {
            "400 invalid_query" => (!answer.text().contains(&escaped(text))).then(|| answer.text()),
            "422 query_forbidden" | "404 not_found" => None,
            other => Some(other.to_owned()),
        },
        Kind::Failed => match page["status"].as_str() {
            Some("Failed") if page["failure"].as_str().unwrap().contains(text) => None,
            // The service reports an unknown group or table with its own text.
            Some("Failed") if page["failure"].as_str().unwrap().contains("cannot find the lookup table") => None,
            // An inner query reads a group that does not exist.
            None if answer.status == 404 => None,
            _ => Some(answer.text()),
        },
        Kind::Ordered | Kind::Unordered if page["status"] == "Complete" => {
            let names: Vec<&str> = page["fields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            // Columns are compared in the order of `fields`: JSON objects have no order. Missing values are absent.
            let place = |name: &str| case.columns.iter().position(|column| column == name);
            let unknown = names.iter().find(|name| place(name).is_none() && **name != "@ptr");
            if let Some(unknown) = unknown {
                return Some(format!("the column {unknown} is not expected"));
            }
            let row = |row: &Value| -> ShownRow {
                let cells = case.columns.iter().filter_map(|name| Some((name.clone(), row.get(name)?.as_str()?.to_owned())));
                cells.collect()
            };
            cases::difference(case, &page["results"].as_array().unwrap().iter().map(row).collect::<Vec<_>>())
        }
        Kind::Ordered | Kind::Unordered => Some(answer.text()),
    }
}

/// A text escaped as in a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_give_their_rows_through_post_queries() {
    judge_all(judge).await;
}
