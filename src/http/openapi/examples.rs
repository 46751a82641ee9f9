//! Recorded answers of the service, with their requests, as examples.
//!
//! Owns the list of examples. `make examples` writes the files (tests/openapi/examples.rs), and every test run compares them with
//! the answers of the service.

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;

/// An example of an answer.
struct ExampleResponse {
    operation: &'static str,
    status: &'static str,
    media_type: &'static str,
    file: &'static str,
    text: &'static str,
}

macro_rules! answer {
    ($operation:literal, $status:literal, $media_type:literal, $file:literal) => {
        ExampleResponse {
            operation: $operation,
            status: $status,
            media_type: $media_type,
            file: $file,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/examples/", $file)),
        }
    };
}

const RESPONSES: [ExampleResponse; 35] = [
    answer!("readStream", "200", "application/json", "readStream.json"),
    answer!("readStream", "200", "application/x-ndjson", "readStream.ndjson"),
    answer!("readStream", "200", "text/csv", "readStream.csv"),
    answer!("readStream", "200", "text/plain", "readStream.txt"),
    answer!("readGroup", "200", "application/json", "readGroup.json"),
    answer!("readGroup", "200", "application/x-ndjson", "readGroup.ndjson"),
    answer!("readGroup", "200", "text/csv", "readGroup.csv"),
    answer!("readGroup", "200", "text/plain", "readGroup.txt"),
    answer!("readLogs", "200", "application/json", "readLogs.json"),
    answer!("readLogs", "200", "application/x-ndjson", "readLogs.ndjson"),
    answer!("readLogs", "200", "text/csv", "readLogs.csv"),
    answer!("readLogs", "200", "text/plain", "readLogs.txt"),
    answer!("createTicket", "201", "application/json", "createTicket.json"),
    answer!("checkFilter", "200", "application/json", "checkFilter.json"),
    answer!("listGroups", "200", "application/json", "listGroups.json"),
    answer!("describeGroup", "200", "application/json", "describeGroup.json"),
    answer!("listStreams", "200", "application/json", "listStreams.json"),
    answer!("describeFields", "200", "application/json", "describeFields.json"),
    answer!("startQuery", "202", "application/json", "startQuery.running.json"),
    answer!("startQuery", "200", "application/json", "startQuery.json"),
    answer!("startQuery", "200", "application/x-ndjson", "startQuery.ndjson"),
    answer!("startQuery", "200", "text/csv", "startQuery.csv"),
    answer!("readQuery", "200", "application/json", "readQuery.json"),
    answer!("readQuery", "200", "application/x-ndjson", "readQuery.ndjson"),
    answer!("readQuery", "200", "text/csv", "readQuery.csv"),
    answer!("readRecord", "200", "application/json", "readRecord.json"),
    answer!("checkQuery", "200", "application/json", "checkQuery.json"),
    answer!("queryLanguage", "200", "application/json", "queryLanguage.json"),
    answer!("listReports", "200", "application/json", "listReports.json"),
    answer!("readReport", "200", "application/json", "readReport.json"),
    answer!("readReport", "200", "text/csv", "readReport.csv"),
    answer!("me", "200", "application/json", "me.json"),
    answer!("explain", "200", "application/json", "explain.json"),
    answer!("index", "200", "application/json", "index.json"),
    answer!("resourceMetadata", "200", "application/json", "resourceMetadata.json"),
];

/// The bodies of the requests for these answers, by operation.
const REQUESTS: [(&str, &str); 4] = [
    ("startQuery", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/examples/startQuery.request.json"))),
    ("createTicket", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/examples/createTicket.request.json"))),
    ("checkQuery", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/examples/checkQuery.request.json"))),
    ("checkFilter", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/examples/checkFilter.request.json"))),
];

/// Adds the examples to the operation.
pub(super) fn apply_to(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    for example in RESPONSES.iter().filter(|example| example.operation == id) {
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(example.status)
            && let Some(RefOr::T(content)) = response.content.get_mut(example.media_type)
        {
            let is_json = example.media_type == "application/json";
            let value = if is_json { json(example.text) } else { Value::from(example.text) };
            let built = ExampleBuilder::new().summary("An answer").value(Some(value)).build();
            content.examples.insert(name(example.file).to_owned(), built.into());
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(RefOr::T(content)) = body.content.get_mut("application/json")
        && let Some((_, text)) = REQUESTS.iter().find(|(operation, _)| *operation == id)
    {
        let example = ExampleBuilder::new().summary("A request").value(Some(json(text))).build();
        content.examples.insert("request".to_owned(), example.into());
    }
}

/// The name of an example: the file's name without its extension.
fn name(file: &str) -> &str {
    file.split('.').next().unwrap_or(file)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
