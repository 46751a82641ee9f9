//! The rules for answers while the upstream fails. Only this module classifies answers.
//!
//! An answer is one of four: complete and right; a problem document of Logmark; a page that says that it is not the end, with a
//! cursor that leads to exactly the rest; or a stream that visibly failed after a right beginning. Every other answer is an
//! error, above all a short one that looks complete.

use std::time::Duration;

use serde_json::Value;

use super::environment::TestEnvironment;
use super::operations::{Cell, Form, Operation};
use super::query_operations::{self, target_of};
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::{CANARY, SECRET};

/// The class of a correct answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Complete and right.
    Whole,
    /// 429, 502, 503 or 504.
    Problem,
    /// A page that is not the last.
    Paused,
    /// A stream that failed visibly.
    Broken,
}

/// The stop reasons of pages before the last.
const PAUSES: [&str; 4] = ["limit", "bytes", "time", "throttled"];
/// More pages than any read here takes.
const MAX_PAGES: usize = 500;

/// Judges the answer to the cell's request, after the fault is over.
pub async fn judge(
    environment: &TestEnvironment,
    operation: &Operation,
    cell: &Cell,
    answer: &Answer,
) -> Result<Verdict, String> {
    discreet(answer)?;
    if !answer.status.is_success() {
        return problem(answer);
    }
    let model = (operation.model)(cell, &environment.fake);
    let items = operation.items(answer)?;
    match (operation.form, answer.status.as_u16()) {
        (Form::Started { waits }, 202) => match query(environment, answer, &items, &model).await? {
            // The request did not ask for a longer wait.
            Verdict::Paused if !waits => Ok(Verdict::Whole),
            verdict => Ok(verdict),
        },
        (Form::Started { waits: true } | Form::Rows, 200) => query(environment, answer, &items, &model).await,
        (Form::Stopped, 204) => stopped(environment, cell),
        (Form::Started { waits: false } | Form::Stopped, _) | (_, 201..) => {
            Err(format!("{} is not a status of the operation", answer.status))
        }
        (Form::One | Form::Record | Form::RowsNdjson | Form::RowsCsv, _) if answer.header("logmark-cursor").is_empty() => {
            whole(&items, &model)
        }
        (Form::One | Form::Record | Form::RowsNdjson | Form::RowsCsv, _) => Err("the answer is not the last page".to_owned()),
        (Form::Head | Form::Tail | Form::List(_), _) => page(environment, operation, cell, answer, &model).await,
        (Form::Ndjson | Form::Csv | Form::Text, _) => stream(operation, answer, &items, &model),
        (Form::Started { waits: true } | Form::Rows, _) => Err(format!("{} is not a status of the operation", answer.status)),
    }
}

/// The answer contains nothing of the upstream: no text, ARN, key or error name.
fn discreet(answer: &Answer) -> Result<(), String> {
    let told = format!("{}{:?}{:?}", answer.text(), answer.headers, answer.trailers);
    let secrets = [
        CANARY,
        SECRET,
        "arn:aws",
        "123456789012",
        // Whole ids, because four letters occur by chance in cursors, which look random.
        "AKIDTEST",
        "AKIDOLD",
        "AKIDNEW",
        "<html",
        "Exception",
        "InternalFailure",
        "__type",
        "12ab3456",
        "raw-pointer",
    ];
    match secrets.iter().find(|secret| told.contains(**secret)) {
        Some(secret) => Err(format!("it holds `{secret}`")),
        None => Ok(()),
    }
}

fn problem(answer: &Answer) -> Result<Verdict, String> {
    if answer.broken || answer.header("content-type") != "application/problem+json" {
        return Err("not a problem document".to_owned());
    }
    let problem: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let lawful = is_lawful(&problem) && problem["status"] == answer.status.as_u16();
    if [429, 503].contains(&answer.status.as_u16()) && answer.header("retry-after").parse::<u32>().is_err() {
        return Err("no time for a retry".to_owned());
    }
    if lawful && problem["instance"] == answer.header("x-request-id") && problem["detail"].is_string() {
        return Ok(Verdict::Problem);
    }
    Err("not a problem that an upstream may cause".to_owned())
}

fn is_lawful(problem: &Value) -> bool {
    let code = match problem["status"].as_u64() {
        Some(429) => "rate_limited",
        Some(502) => "upstream_error",
        Some(503) => "overloaded",
        Some(504) => "upstream_timeout",
        _ => return false,
    };
    problem["code"] == code
}

fn whole(items: &[String], model: &[String]) -> Result<Verdict, String> {
    if items == model {
        return Ok(Verdict::Whole);
    }
    Err(format!("it looks whole with {} of {} items: {}", items.len(), model.len(), difference(items, model)))
}

fn difference(items: &[String], model: &[String]) -> String {
    let index = items.iter().zip(model).position(|(item, expected)| item != expected).unwrap_or(items.len().min(model.len()));
    format!("at {index} {:?} instead of {:?}", items.get(index), model.get(index))
}

/// Judges a page and all pages that its cursors lead to.
async fn page(
    environment: &TestEnvironment,
    operation: &Operation,
    cell: &Cell,
    answer: &Answer,
    model: &[String],
) -> Result<Verdict, String> {
    let mut read: Vec<String> = Vec::new();
    let mut answer = answer.clone();
    for number in 0..MAX_PAGES {
        let items = operation.items(&answer)?;
        let index = if operation.form == Form::Tail { 0..0 } else { read.len()..read.len() };
        read.splice(index, items).for_each(drop);
        let Some(target) = onward(operation, cell, &answer)? else {
            whole(&read, model)?;
            return Ok(if number == 0 { Verdict::Whole } else { Verdict::Paused });
        };
        answer = environment.settled(&target).await;
        discreet(&answer)?;
        if answer.status != 200 {
            return Err(format!("its cursor leads to {} {}", answer.status, answer.text()));
        }
    }
    Err("its cursors lead to no end".to_owned())
}

/// Judges a query that was started or read, with all its rows.
async fn query(environment: &TestEnvironment, answer: &Answer, items: &[String], model: &[String]) -> Result<Verdict, String> {
    if is_complete(answer) {
        return whole(items, model);
    }
    if !model.starts_with(items) {
        return Err(format!("its first rows are no rows of it: {}", difference(items, model)));
    }
    let target = target_of(answer)?;
    let later = environment.settled_by(|| environment.acme.get_with(&target, &[("prefer", "wait=20")])).await;
    discreet(&later)?;
    if later.status != 200 || !is_complete(&later) {
        return Err(format!("its id leads to {} {}", later.status, later.text()));
    }
    whole(&query_operations::items(Form::Rows, &later.text())?, model)?;
    Ok(Verdict::Paused)
}

/// Whether the answer says that these are all rows.
fn is_complete(answer: &Answer) -> bool {
    let page = answer.json();
    page["status"] == "Complete" && page.get("nextCursor").is_none()
}

/// Judges a stop: the query must not run.
fn stopped(environment: &TestEnvironment, cell: &Cell) -> Result<Verdict, String> {
    match cell.queries(&environment.fake) {
        (_, 0) => Ok(Verdict::Whole),
        (_, running) => Err(format!("{running} run on")),
    }
}

/// Judges how many queries a failed start left behind. `lost`: the upstream's answer may have been lost.
pub async fn begun(
    environment: &TestEnvironment,
    cell: &Cell,
    before: usize,
    verdict: Verdict,
    lost: bool,
) -> Result<(), String> {
    let (all, running) = cell.queries(&environment.fake);
    match (all - before, verdict) {
        (1, Verdict::Whole | Verdict::Paused) | (0, Verdict::Problem) => Ok(()),
        // The service cannot know of this query.
        (1, Verdict::Problem) if lost || running == 0 => Ok(()),
        (1, Verdict::Problem) => {
            let stopping = async {
                while cell.queries(&environment.fake).1 > 0 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), stopping)
                .await
                .map_err(|_| "the query still runs, and no client has its id".to_owned())
        }
        (begun, _) => Err(format!("{begun} queries were begun: {verdict:?}")),
    }
}

/// The cursor of a page that is not the last.
fn onward(operation: &Operation, cell: &Cell, answer: &Answer) -> Result<Option<String>, String> {
    let page = answer.json();
    let cursor = |name: &str| page[name].as_str().map(str::to_owned);
    if let Form::List(_) = operation.form {
        let target = (operation.target)(cell);
        let path = target.split('?').next().unwrap_or_default();
        return Ok(cursor("nextCursor").map(|cursor| format!("{path}?limit=1000&cursor={cursor}")));
    }
    let name = if operation.form == Form::Tail { "previousCursor" } else { "nextCursor" };
    match page["stopReason"].as_str() {
        Some("end") if cursor("nextCursor").is_some() => Ok(None),
        Some(reason) if PAUSES.contains(&reason) => {
            let cursor = cursor(name).ok_or(format!("it ended of `{reason}` and has no {name}"))?;
            Ok(Some(format!("/logs?limit=1000&cursor={cursor}")))
        }
        reason => Err(format!("it ended of {reason:?}")),
    }
}

fn stream(operation: &Operation, answer: &Answer, items: &[String], model: &[String]) -> Result<Verdict, String> {
    let text = answer.text();
    let last = text.lines().last().unwrap_or_default();
    let error = serde_json::from_str::<Value>(last).ok().and_then(|line| line.get("error").cloned());
    let failed = match (operation.form, error) {
        (Form::Ndjson, Some(error)) if is_lawful(&error) => true,
        (Form::Ndjson, Some(error)) => return Err(format!("it ended in {error}")),
        _ => answer.broken,
    };
    if !failed {
        whole(items, model)?;
        return match answer.trailers.contains_key("logmark-cursor") {
            true => Ok(Verdict::Whole),
            false => Err("it ended without a cursor".to_owned()),
        };
    }
    if !answer.trailers.is_empty() {
        return Err("it failed and has a cursor".to_owned());
    }
    // After the last item too: a failure there comes before the reader knows that it was the last.
    if model.starts_with(items) {
        return Ok(Verdict::Broken);
    }
    Err(format!("it failed, but after {} of {} items: {}", items.len(), model.len(), difference(items, model)))
}
