//! The cases through boto3 at the endpoint: StartQuery and GetQueryResults. botocore's model validates each answer.

use serde_json::{Value, json};

use super::cases::{self, Case, DAY, GROUP, Kind, ShownRow};
use crate::aws_protocol::support::Stage;

async fn judge(stage: &Stage, case: &Case) -> Option<String> {
    let query = json!({
        "logGroupName": GROUP, "queryString": case.query,
        // `endTime` includes its whole second.
        "startTime": DAY.start, "endTime": DAY.end - 1,
    });
    let started = match (stage.call("start_query", query).await, case.kind) {
        (Err(error), Kind::Refused) => {
            let known = ["MalformedQueryException: ", "ResourceNotFoundException: "];
            return (!known.iter().any(|code| error.starts_with(code))).then_some(error);
        }
        // An inner query reads a group that does not exist.
        (Err(error), Kind::Failed) => return (!error.starts_with("ResourceNotFoundException: ")).then_some(error),
        (Err(error), _) => return Some(error),
        (Ok(started), Kind::Refused) => return Some(started.to_string()),
        (Ok(started), _) => started,
    };
    let id = json!({ "queryId": started["queryId"] });
    let results = loop {
        let results = stage.ok("get_query_results", id.clone()).await;
        if !["Scheduled", "Running"].contains(&results["status"].as_str().unwrap()) {
            break results;
        }
        tokio::task::yield_now().await;
    };
    match (results["status"].as_str().unwrap(), case.kind) {
        ("Failed", Kind::Failed) => None,
        ("Complete", Kind::Ordered | Kind::Unordered) => {
            let cell = |cell: &Value| {
                let (name, value) = (cell["field"].as_str().unwrap(), cell["value"].as_str().unwrap());
                // The endpoint writes the account before the group, as CloudWatch does.
                let value = if name == "@log" { value.split_once(':').unwrap().1 } else { value };
                (name.to_owned(), value.to_owned())
            };
            let row = |row: &Value| -> ShownRow { row.as_array().unwrap().iter().map(cell).collect() };
            cases::difference(case, &results["results"].as_array().unwrap().iter().map(row).collect::<Vec<_>>())
        }
        _ => Some(results.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_give_their_rows_through_boto3() {
    let (worlds, cases) = cases::all();
    let mut stage: Option<(usize, Stage)> = None;
    let mut faults = Vec::new();
    for case in &cases {
        if stage.as_ref().is_none_or(|(number, _)| *number != case.world) {
            stage = Some((case.world, Stage::over(cases::service(&worlds[case.world]).await)));
        }
        let Some((_, stage)) = &stage else { unreachable!("it was made above") };
        if let Some(fault) = judge(stage, case).await {
            faults.push(format!("{}\n{}\n{fault}", case.name, case.query));
        }
    }
    cases::report(&faults, cases.len());
}
