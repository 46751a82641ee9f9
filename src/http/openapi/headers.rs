//! The response headers.
//!
//! Owns their descriptions. [`crate::http::layers`], [`crate::http::problem`] and the operations set them.

use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Header, OpenApi, Ref, RefOr, Response};

/// Headers of every answer.
const ALWAYS: &[&str] = &["X-Request-Id", "Cache-Control"];
/// Headers of every answer to an authenticated caller.
const KNOWN_CALLER: &[&str] = &["RateLimit", "RateLimit-Policy"];

/// Name, type, description, example.
type Described = (&'static str, Type, &'static str, Value);

fn described() -> [Described; 13] {
    use Type::{Integer, String};
    [
        (
            "X-Request-Id",
            String,
            "The request's id, as in a problem's `instance` and in the operator's log",
            json!("0192f3c1a5b87e43b6e0c9d2f1a4e857"),
        ),
        (
            "Cache-Control",
            String,
            "`private, no-store`, or `private, max-age=3600` for a page that cannot change any more",
            json!("private, no-store"),
        ),
        (
            "ETag",
            String,
            "The validator of a page that cannot change any more, for `If-None-Match`",
            json!("W/\"5d2f8f0c3b7a4e1296d0c3a58b1f7e42\""),
        ),
        ("Retry-After", Integer, "Seconds to wait before the next request", json!(1)),
        (
            "RateLimit",
            String,
            "For each limit of the tenant that applies to the request: what is left (`r`), and the seconds until more is left (`t`)",
            json!("\"requests\";r=19;t=1"),
        ),
        (
            "RateLimit-Policy",
            String,
            "For each limit of the tenant that applies to the request: its value (`q`), its unit unless requests (`qu`), and its window in \
             seconds (`w`)",
            json!("\"requests\";q=20;w=1"),
        ),
        ("Location", String, "The path of the query", json!("/queries/AbCd")),
        ("Preference-Applied", String, "The wait that was applied, if the request preferred one", json!("wait=20")),
        (
            "WWW-Authenticate",
            String,
            "What is wrong with the token, and the URL of the metadata with the issuers (RFC 6750, RFC 9728)",
            json!(
                "Bearer realm=\"logmark\", resource_metadata=\"https://logs.example.com/.well-known/oauth-protected-resource\""
            ),
        ),
        ("Content-Disposition", String, "A file name, for CSV and NDJSON", json!("attachment; filename=\"acme_api.csv\"")),
        (
            "Trailer",
            String,
            "`logmark-cursor` for NDJSON, CSV and text: the trailer after the body, with the cursor for the next request. Under a mask also `logmark-withheld`",
            json!("logmark-cursor"),
        ),
        ("Logmark-Cursor", String, "The cursor to the next rows, for CSV and NDJSON. Absent if there are no more", json!("AbCd")),
        ("Vary", String, "The request headers that the answer depends on", json!("Authorization, Accept")),
    ]
}

/// All headers, for the document's components.
pub(super) fn components() -> impl Iterator<Item = (&'static str, Header)> {
    described().into_iter().map(|(name, kind, description, example)| {
        let mut header = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(kind)))
            .description(Some(description))
            .example(Some(example))
            .build();
        if ALWAYS.contains(&name) {
            // utoipa's `Header` has no field for it.
            header.extensions = Some(Extensions::from_iter([("required", true)]));
        }
        (name, header)
    })
}

/// References to the headers with these names.
pub(super) fn named<'a>(names: &'a [&'a str]) -> impl Iterator<Item = (String, RefOr<Header>)> + 'a {
    names.iter().map(|name| ((*name).to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))))
}

/// Adds the headers of every answer to every described answer.
pub(super) fn apply_to_all(document: &mut OpenApi) {
    let shared = document.components.iter_mut().flat_map(|components| components.responses.iter_mut());
    for (name, response) in shared {
        // A caller that is not authenticated has no rate limit of its own.
        apply_to(response, !["Unauthorized", "BodyTooLarge", "TargetTooLong", "HeadersTooLarge"].contains(&name.as_str()));
    }
    for operation in document.paths.paths.values_mut().flat_map(super::operations) {
        let needs_token = operation.tags.iter().flatten().all(|tag| tag != "service");
        operation.responses.responses.values_mut().for_each(|response| apply_to(response, needs_token));
    }
}

fn apply_to(response: &mut RefOr<Response>, known_caller: bool) {
    if let RefOr::T(response) = response {
        response.headers.extend(named(ALWAYS));
        if known_caller {
            response.headers.extend(named(KNOWN_CALLER));
        }
    }
}
