//! The operations of queries for the matrix: those that start, read and stop a query, and two more.
//!
//! Owns the fake's rows, the handles of prepared queries, and the parsing of query answers.

use http::Method;
use serde_json::{Value, json};

use super::environment::TestEnvironment;
use super::operations::{Cell, Form, Operation};
use crate::contract::subject::segment;
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::queries::{ACCOUNT, Queries, Script};

/// Rows of each query.
const ROWS: usize = 25;
/// Waits for the end of a query.
const WAIT: &str = "wait=20";

/// A started query and a pointer of one of its rows; empty where the operation does not need them.
#[derive(Debug, Clone, Default)]
pub struct Handles {
    query: String,
    pointer: String,
}

/// The table.
pub const QUERY_OPERATIONS: &[Operation] = &[
    Operation { name: "startQuery", form: Form::Started { waits: false }, target: |_| "/queries".to_owned(), model: rows },
    Operation {
        name: "startQuery that waits",
        form: Form::Started { waits: true },
        target: |_| "/queries".to_owned(),
        model: rows,
    },
    Operation { name: "readQuery", form: Form::Rows, target: query, model: rows },
    Operation { name: "readQuery as NDJSON", form: Form::RowsNdjson, target: |cell| query(cell) + "?format=ndjson", model: rows },
    Operation { name: "readQuery as CSV", form: Form::RowsCsv, target: |cell| query(cell) + "?format=csv", model: rows },
    Operation { name: "stopQuery", form: Form::Stopped, target: query, model: |_, _| Vec::new() },
    Operation {
        name: "describeFields",
        form: Form::List("fields"),
        target: |cell| format!("/groups/{}/fields", segment(&cell.group("api"))),
        model: |_, fake| fake.state().queries.fields.iter().map(|(name, _)| (*name).to_owned()).collect(),
    },
    Operation {
        name: "readRecord",
        form: Form::Record,
        target: |cell| format!("/records/{}", cell.handles.pointer),
        model: |cell, _| {
            record(cell).map(|(name, value)| format!("{name} {}", value.replace(&format!("{ACCOUNT}:"), ""))).to_vec()
        },
    },
];

fn query(cell: &Cell) -> String {
    format!("/queries/{}", cell.handles.query)
}

fn rows(cell: &Cell, _: &crate::world::fake_cloudwatch::Fake) -> Vec<String> {
    (0..ROWS).map(|number| format!("{} {number}", cell.group("api"))).collect()
}

fn record(cell: &Cell) -> [(String, String); 3] {
    let log = format!("{ACCOUNT}:{}", cell.group("api"));
    [("@log", log.as_str()), ("@logStream", "web"), ("@message", "web 000")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// The cell's rows and record, with ids and pointers that contain its mark.
pub fn fill(cell: &Cell, queries: &mut Queries) {
    let mark = cell.group("");
    let row = |number: usize| {
        [
            ("@log", format!("{ACCOUNT}:{}", cell.group("api"))),
            ("status", number.to_string()),
            ("@ptr", format!("{mark}raw-pointer-{number}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    };
    queries.records.insert(format!("{mark}raw-pointer-0"), record(cell).to_vec());
    let script = Script { rows: (0..ROWS).map(row).collect(), mark, ..Script::default() };
    queries.scripts.insert(cell.group("api"), script);
}

/// The handles that an operation of this form needs.
pub async fn prepare(form: Form, cell: &Cell, environment: &TestEnvironment) -> Handles {
    if !matches!(form, Form::Rows | Form::RowsNdjson | Form::RowsCsv | Form::Record | Form::Stopped) {
        return Handles::default();
    }
    let answer = environment.acme.post("/queries", &body(cell), &[]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let query = id(&answer).unwrap();
    let pointer = if form == Form::Record { first_pointer(&query, environment).await } else { String::new() };
    Handles { query, pointer }
}

/// The pointer of the query's first row. Before any fault, but on a loaded machine the upstream may answer too late: then the
/// client waits as told and tries again.
async fn first_pointer(query: &str, environment: &TestEnvironment) -> String {
    const ATTEMPTS: usize = 5;
    let mut page = Value::Null;
    for _ in 0..ATTEMPTS {
        let answer = environment.acme.get_with(&format!("/queries/{query}"), &[("prefer", WAIT)]).await;
        page = answer.json();
        if answer.status != 503 {
            break;
        }
        let seconds = answer.header("retry-after").parse().unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    }
    page["results"][0]["@ptr"].as_str().unwrap_or_else(|| panic!("a row without a pointer: {page}")).to_owned()
}

fn body(cell: &Cell) -> Value {
    json!({ "query": "fields @log, status", "logGroups": [cell.group("api")], "start": "-3h" })
}

fn id(answer: &Answer) -> Result<String, String> {
    answer.json()["queryId"].as_str().map(str::to_owned).ok_or(format!("no id: {}", answer.text()))
}

/// The target of the query that an answer names.
pub fn target_of(answer: &Answer) -> Result<String, String> {
    let target = format!("/queries/{}", id(answer)?);
    match answer.status.as_u16() {
        202 if answer.header("location") != target => Err(format!("its location is {}", answer.header("location"))),
        _ => Ok(target),
    }
}

/// Sends the request in the form's method.
pub async fn ask(environment: &TestEnvironment, form: Form, cell: &Cell, target: &str) -> Answer {
    match form {
        Form::Started { waits } => {
            let headers: &[(&str, &str)] = if waits { &[("prefer", WAIT)] } else { &[] };
            environment.acme.post(target, &body(cell), headers).await
        }
        Form::Stopped => environment.acme.send(Method::DELETE, target, &[]).await,
        Form::Rows | Form::RowsNdjson | Form::RowsCsv => environment.acme.get_with(target, &[("prefer", WAIT)]).await,
        _ => environment.acme.get(target).await,
    }
}

/// The items of an answer with status 200 or 202.
pub fn items(form: Form, text: &str) -> Result<Vec<String>, String> {
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("{error}: {text}"));
    let row = |row: &Value| {
        let cell = |name: &str| row[name].as_str().ok_or(format!("no {name}: {row}"));
        cell("@ptr").and(Ok(format!("{} {}", cell("@log")?, cell("status")?)))
    };
    match form {
        Form::RowsNdjson => text.lines().map(|line| row(&json(line)?)).collect(),
        Form::RowsCsv => text.lines().skip(1).map(of_csv).collect(),
        Form::Record => {
            let record = json(text)?["record"].as_object().cloned().ok_or(format!("no record: {text}"))?;
            Ok(record.iter().map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or_default())).collect())
        }
        Form::Stopped if text.is_empty() => Ok(Vec::new()),
        Form::Stopped => Err(format!("it says {text}")),
        _ => match &json(text)?["results"] {
            Value::Null => Ok(Vec::new()),
            results => results.as_array().ok_or(format!("no rows: {text}"))?.iter().map(row).collect(),
        },
    }
}

fn of_csv(line: &str) -> Result<String, String> {
    match line.split(',').collect::<Vec<_>>().as_slice() {
        [log, status, _pointer] => Ok(format!("{log} {status}")),
        _ => Err(format!("no row: {line}")),
    }
}
