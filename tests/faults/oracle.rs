//! What an answer may be while the upstream fails: one of four things, told apart here and nowhere else.
//!
//! Owns the judgement. An answer is whole and right; or a problem document of ours; or a page that says that it is not the
//! end, with a cursor that leads to exactly the rest; or a stream that was seen to fail, with a beginning that is right. A
//! short answer that looks whole is none of these.

use serde_json::Value;

use super::operations::{Cell, Form, Operation};
use super::stage::Stage;
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::{CANARY, SECRET};

/// What a lawful answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything, right.
    Whole,
    /// 429, 502, 503 or 504.
    Problem,
    /// A page that goes on.
    Paused,
    /// A stream that failed where it can be seen.
    Broken,
}

/// Why a page may end that is not the last.
const PAUSES: [&str; 4] = ["limit", "bytes", "time", "throttled"];
/// More pages than any walk here takes.
const MOST_PAGES: usize = 500;

/// Judges the answer to the cell's request; the fault is over.
pub async fn judge(stage: &Stage, operation: &Operation, cell: &Cell, answer: &Answer) -> Result<Verdict, String> {
    discreet(answer)?;
    if answer.status != 200 {
        return problem(answer);
    }
    let model = (operation.model)(cell, &stage.fake);
    let items = operation.items(answer)?;
    match operation.form {
        Form::One => whole(&items, &model),
        Form::Head | Form::Tail | Form::List(_) => page(stage, operation, cell, answer, &model).await,
        Form::Ndjson | Form::Csv | Form::Text => stream(operation, answer, &items, &model),
    }
}

/// Nothing of the upstream's own is in the answer: no text, no ARN, no key, no name of an error.
fn discreet(answer: &Answer) -> Result<(), String> {
    let told = format!("{}{:?}{:?}", answer.text(), answer.headers, answer.trailers);
    let secrets = [CANARY, SECRET, "arn:aws", "123456789012", "AKID", "<html", "Exception", "InternalFailure", "__type"];
    match secrets.iter().find(|secret| told.contains(**secret)) {
        Some(secret) => Err(format!("it holds `{secret}`")),
        None => Ok(()),
    }
}

fn problem(answer: &Answer) -> Result<Verdict, String> {
    if answer.broken || answer.header("content-type") != "application/problem+json" {
        return Err("it is no problem document".to_owned());
    }
    let problem: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let lawful = is_lawful(&problem) && problem["status"] == answer.status.as_u16();
    if lawful && problem["instance"] == answer.header("x-request-id") && problem["detail"].is_string() {
        return Ok(Verdict::Problem);
    }
    Err("it is no problem that an upstream may cause".to_owned())
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
    let place = items.iter().zip(model).position(|(item, expected)| item != expected).unwrap_or(items.len().min(model.len()));
    format!("at {place} {:?} instead of {:?}", items.get(place), model.get(place))
}

/// A page, and with it all that its cursors lead to.
async fn page(stage: &Stage, operation: &Operation, cell: &Cell, answer: &Answer, model: &[String]) -> Result<Verdict, String> {
    let mut read: Vec<String> = Vec::new();
    let mut answer = answer.clone();
    for number in 0..MOST_PAGES {
        let items = operation.items(&answer)?;
        let place = if operation.form == Form::Tail { 0..0 } else { read.len()..read.len() };
        read.splice(place, items).for_each(drop);
        let Some(target) = onward(operation, cell, &answer)? else {
            whole(&read, model)?;
            return Ok(if number == 0 { Verdict::Whole } else { Verdict::Paused });
        };
        answer = stage.settled(&target).await;
        discreet(&answer)?;
        if answer.status != 200 {
            return Err(format!("its cursor leads to {} {}", answer.status, answer.text()));
        }
    }
    Err("its cursors lead to no end".to_owned())
}

/// Where a page says that it goes on.
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
    // After the last item too: whoever fails there does not know yet that it was the last.
    if model.starts_with(items) {
        return Ok(Verdict::Broken);
    }
    Err(format!("it failed, but after {} of {} items: {}", items.len(), model.len(), difference(items, model)))
}
