//! The successful responses that several operations share.
//!
//! Owns the descriptions of the streamed formats. [`crate::http::encode`] writes them.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

use super::headers;

const EVENTS_NDJSON: &str = "One `Event` per line, as in a page. With `columns` one object with these members per line; members that the \
    event does not have are absent. If reading fails midway, the last line is `{\"error\": Problem}`. With `trailer=line` the last \
    line is `{\"cursor\": …, \"stopReason\": …}`, with `withheld` if your grant has a mask. The trailer `Logmark-Cursor` has the cursor too. With `follow=true` a live tail: each event has its `cursor`, and the \
    events of `text/event-stream` that are not log events are lines `{\"marker\": {\"type\": …}}`.";
const EVENTS_CSV: &str = "RFC 4180 with the header `timestamp,ingestionTime,logStream,eventId,message`, or `columns`. A `'` is \
    put before text that a spreadsheet would run as a formula, also after a `;`, tab or line end within a cell, and before digits \
    that it would round. A JSON path that an event does not have is an empty cell. If reading fails midway, the body is aborted. \
    The trailer `Logmark-Cursor` has the cursor to continue from. The trailer `Logmark-Withheld` has the number of withheld events if \
    your grant has a mask.";
const EVENTS_TEXT: &str = "One message per line. With `columns` one line per event, with the columns separated by tabs. \
    Control characters other than tab and newline, and characters that reorder text, are escaped unless `raw=true`. If reading fails midway, the \
    body is aborted. The trailer `Logmark-Cursor` has the cursor to continue from, and `Logmark-Withheld` the number of withheld events if your \
    grant has a mask.";
const EVENTS_TAIL: &str = "A live tail as Server-Sent Events, until the client leaves. `event`: an `Event`; its `id` is the cursor behind it. \
    `gap`: events of a time range are missing, or were missing and were given later: `from`, `to`, `reason`, `recovered`. `sampled`: the \
    source gives a sample, and the rest follows. `notice`: `mode` is `live` or `polling`. `reconnect`: a planned end; resume with the `id`. \
    `error`: the end, with a `Problem`. A comment every 15 seconds keeps the connection open; the `id` beside it is the newest cursor.";
const TAIL_EXAMPLE: &str = "event: event\nid: exampleCursor\ndata: {\"timestamp\":\"2026-11-20T10:00:00.123Z\",\
    \"ingestionTime\":\"2026-11-20T10:00:00.500Z\",\"logStream\":\"web-1\",\"message\":\"GET /orders 200\"}\n\n\
    : keep-alive\nid: exampleCursor\n\n";
const ROWS_NDJSON: &str =
    "One row per line, as an object of strings by column. The header `Logmark-Cursor` has the cursor to the next rows.";
const ROWS_CSV: &str = "RFC 4180 with a header of the columns. A `'` is put before a cell that a spreadsheet would run. The header \
    `Logmark-Cursor` has the cursor to the next rows.";

const REPORT_CSV: &str = "RFC 4180: a line per row, with the columns of the keys and of the measures (`latency.p95`). A `'` is put before a \
    cell that a spreadsheet would run. The header `Logmark-Cursor` has the cursor to the next rows.";

fn json(schema: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(schema)))
}

fn lines(description: &str) -> Content {
    Content::new(Some(ObjectBuilder::new().schema_type(Type::String).description(Some(description))))
}

/// A page is not described further: it is for readers.
fn page() -> Content {
    lines("A page to read, mail and print, without scripts and other files.")
}

fn tail() -> Content {
    let mut content = lines(EVENTS_TAIL);
    let example = ExampleBuilder::new().summary("A live tail").value(Some(TAIL_EXAMPLE.into())).build();
    content.examples.insert("tail".to_owned(), example.into());
    content
}

fn answer(description: &str, content: Vec<(&str, Content)>, headers: &[&str]) -> RefOr<Response> {
    let mut response = ResponseBuilder::new().description(description).build();
    response.content = content.into_iter().map(|(media_type, content)| (media_type.to_owned(), content.into())).collect();
    response.headers.extend(headers::named(headers));
    response.into()
}

/// The answer with links: the operation, its parameter, and the value in the answer.
fn leading(answer: RefOr<Response>, links: &[(&str, &str, &str)]) -> RefOr<Response> {
    match answer {
        RefOr::T(mut response) => {
            for (operation, parameter, value) in links {
                let link = LinkBuilder::new().operation_id(*operation).parameter(*parameter, *value).build();
                response.links.insert((*operation).to_owned(), link.into());
            }
            response.into()
        }
        reference @ RefOr::Ref(_) => reference,
    }
}

/// The operations on a query, by the id in the answer.
const QUERY_LINKS: [(&str, &str, &str); 2] =
    [("readQuery", "id", "$response.body#/queryId"), ("stopQuery", "id", "$response.body#/queryId")];

/// The operation on a row, by its pointer.
const ROW_LINK: (&str, &str, &str) = ("readRecord", "pointer", "$response.body#/results/0/@ptr");

/// Events: a page, or a stream.
#[derive(Debug)]
pub struct Events;

impl IntoResponses for Events {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = vec![
            ("application/json", json("EventPage")),
            ("application/x-ndjson", lines(EVENTS_NDJSON)),
            ("text/csv", lines(EVENTS_CSV)),
            ("text/plain", lines(EVENTS_TEXT)),
            ("text/event-stream", tail()),
        ];
        let whole = "A page of events as JSON; every event to the end of the range, or to `limit`, as NDJSON, CSV or text";
        BTreeMap::from([
            ("200".to_owned(), answer(whole, content, &["ETag", "Content-Disposition", "Trailer", "Vary"])),
            ("304".to_owned(), answer("The page is still the one in `If-None-Match`", vec![], &["ETag", "Vary"])),
        ])
    }
}

fn rows() -> Vec<(&'static str, Content)> {
    vec![("application/json", json("Query")), ("application/x-ndjson", lines(ROWS_NDJSON)), ("text/csv", lines(ROWS_CSV))]
}

/// Rows of a query.
#[derive(Debug)]
pub struct Rows;

impl IntoResponses for Rows {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let headers = &["Preference-Applied", "Content-Disposition", "Logmark-Cursor", "Vary"];
        let found = answer("The status and the rows of the query", rows(), headers);
        BTreeMap::from([("200".to_owned(), leading(found, &[ROW_LINK]))])
    }
}

/// A report.
#[derive(Debug)]
pub struct Reported;

impl IntoResponses for Reported {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = vec![("application/json", json("Report")), ("text/csv", lines(REPORT_CSV)), ("text/html", page())];
        let found = answer("The report", content, &["Content-Disposition", "Logmark-Cursor", "Vary"]);
        BTreeMap::from([("200".to_owned(), found)])
    }
}

/// A started query.
#[derive(Debug)]
pub struct Started;

impl IntoResponses for Started {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let ended = &["Location", "Preference-Applied", "Content-Disposition", "Logmark-Cursor", "Vary"];
        let running = &["Location", "Retry-After", "Preference-Applied", "Vary"];
        let accepted = answer("The query runs. `Location` has its path", vec![("application/json", json("Query"))], running);
        BTreeMap::from([
            ("200".to_owned(), leading(answer("The query has ended within the preferred wait", rows(), ended), &[ROW_LINK])),
            ("202".to_owned(), leading(accepted, &QUERY_LINKS)),
        ])
    }
}
