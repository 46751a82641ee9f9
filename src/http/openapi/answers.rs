//! What several operations answer with when all is well.
//!
//! Owns the descriptions of the streamed formats. How they are written: [`crate::http::encode`].

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

use super::headers;

const EVENTS_NDJSON: &str = "One `Event` a line, as in a page; with `columns` an object with these members, without those \
    that an event does not have. When reading fails midway, the last line is `{\"error\": Problem}`. \
    With `trailer=line` the last line is `{\"cursor\": …, \"stopReason\": …}`; the trailer `Logmark-Cursor` says the cursor too.";
const EVENTS_CSV: &str = "RFC 4180 with the header `timestamp,ingestionTime,logStream,eventId,message`, or `columns`. A `'` stands \
    before what a spreadsheet would run as a formula, also behind a `;`, tab or line end within a cell, and before digits that it \
    would round. A JSON path that an event does not have is an empty cell. When reading fails midway, the body breaks off. The trailer `Logmark-Cursor` says where to go on.";
const EVENTS_TEXT: &str = "The messages alone, a line each; with `columns` these, separated by tabs, each event on one line. \
    Control characters other than tab and newline, and characters that reorder text, are escaped unless `raw=true`. When reading fails midway, the body breaks off. The trailer `Logmark-Cursor` says where to go on.";
const ROWS_NDJSON: &str =
    "One row a line: an object of strings by column. The header `Logmark-Cursor` says where the rows go on.";
const ROWS_CSV: &str = "RFC 4180 with a header of the columns; a cell that a spreadsheet would run begins with `'`. The header \
    `Logmark-Cursor` says where the rows go on.";

fn json(schema: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(schema)))
}

fn lines(description: &str) -> Content {
    Content::new(Some(ObjectBuilder::new().schema_type(Type::String).description(Some(description))))
}

fn answer(description: &str, content: Vec<(&str, Content)>, headers: &[&str]) -> RefOr<Response> {
    let mut response = ResponseBuilder::new().description(description).build();
    response.content = content.into_iter().map(|(media_type, content)| (media_type.to_owned(), content.into())).collect();
    response.headers.extend(headers::named(headers));
    response.into()
}

/// The answer, with where it leads: the operation, its parameter, and what of the answer that is.
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
        ];
        let whole = "A page of events as JSON; every event to the end of the range, or to `limit`, as NDJSON, CSV or text";
        BTreeMap::from([
            ("200".to_owned(), answer(whole, content, &["ETag", "Content-Disposition", "Trailer", "Vary"])),
            ("304".to_owned(), answer("It is the page that `If-None-Match` names", vec![], &["ETag", "Vary"])),
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
        let found = answer("Where the query stands, and what it has found", rows(), headers);
        BTreeMap::from([("200".to_owned(), leading(found, &[ROW_LINK]))])
    }
}

/// A query that was started.
#[derive(Debug)]
pub struct Started;

impl IntoResponses for Started {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let ended = &["Location", "Preference-Applied", "Content-Disposition", "Logmark-Cursor", "Vary"];
        let running = &["Location", "Retry-After", "Preference-Applied", "Vary"];
        let accepted = answer("It runs: `Location` says where", vec![("application/json", json("Query"))], running);
        BTreeMap::from([
            ("200".to_owned(), leading(answer("It has ended within the wait that was preferred", rows(), ended), &[ROW_LINK])),
            ("202".to_owned(), leading(accepted, &QUERY_LINKS)),
        ])
    }
}
