//! The OpenAPI document: its head, and the descriptions that several operations share.
//!
//! Owns these descriptions. Paths are described at their handlers, parameters by their constants ([`super::parameter`]).
//! `openapi/openapi.json` is the document as a file. Reading order: [`texts`] and [`event`] (schemas), [`answers`] and [`failures`]
//! (responses), `headers`, `examples` (recorded answers), `samples` (calls in several languages).

pub mod texts;
pub mod event;
pub mod answers;
pub mod failures;
mod error_location;
mod problems;
mod nullable;
mod headers;
mod examples;
mod samples;

use std::sync::LazyLock;

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder};

use self::event::EventSchema;
use super::encode::json::PageBody;
use super::field_error::{ErrorLocation, FieldError, TextPosition};
use super::ops::queries::response::{QueryBody, StatisticsBody};
use super::problem::Problem;
use crate::domain::event::StopReason;
use crate::reports::measures::{Classes, Latency, Measures};
use crate::reports::report::{Meta, Report, Row};

/// The groups of operations.
const TAGS: [(&str, &str); 6] = [
    ("events", "Log events: a page as JSON, or a whole range as NDJSON, CSV or text"),
    ("groups", "Log groups and their streams"),
    ("queries", "Logs Insights queries, their rows, and the fields that they can use"),
    ("reports", "Reports of access logs"),
    ("caller", "Your identity and your permissions"),
    ("service", "Operations that need no token"),
];

/// The head of the document. The router adds the paths.
#[must_use]
pub fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Logmark")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Your logs over HTTPS: the events of the log groups and streams that your token and your tenant's grants allow.\n\n\
             **Names** with slashes are one path segment, percent-encoded (`%2Facme%2Fapi`) or with `:` for `/` (`:acme:api`).\n\n\
             **Pages** have the reason for their end (`stopReason`) and a cursor to the next page (`nextCursor`). A cursor contains \
             its request.\n\n\
             **Times** in answers are RFC 3339 in UTC with milliseconds; `end` is always exclusive.\n\n\
             **Errors** are RFC 9457 problem details with a stable `code`. `instance` is the request id, and `type` is the URL of a page \
             with the meaning, the cause and the fix of the code (`/problems` lists all). Errors that several operations share are \
             described once, under `components/responses`.\n\n\
             **HEAD** works wherever GET does, and returns no body.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .contact(Some(ContactBuilder::new().name(Some("The operator of this service")).build()))
        .build();
    let token = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "A JWT of your identity provider. Its scopes are `logs:<action>:<group pattern>`, such as `logs:read:/acme/*`, where \
                 `*` matches any characters and the action is `read`, `query`, `describe` or `*`. A request is allowed when a scope \
                 and a grant of the tenant both allow it; each operation names the scope that it needs.",
            ))
            .build(),
    );
    let components = ComponentsBuilder::new()
        .schema_from::<Problem>()
        .schema_from::<FieldError>()
        .schema_from::<ErrorLocation>()
        .schema_from::<TextPosition>()
        .schema_from::<PageBody<'_>>()
        .schema_from::<EventSchema>()
        .schema_from::<StopReason>()
        .schema_from::<QueryBody<'_>>()
        .schema_from::<StatisticsBody>()
        .schema_from::<Report>()
        .schema_from::<Meta>()
        .schema_from::<Row>()
        .schema_from::<Measures>()
        .schema_from::<Classes>()
        .schema_from::<Latency>()
        .security_scheme("token", token)
        .build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("This service")).build()]))
        .components(Some(components))
        .tags(Some(TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())))
        .build()
}

/// The document as text. It is made once.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let (_, mut document) = super::router::routes().split_for_parts();
    if let Some(components) = &mut document.components {
        components.schemas.values_mut().for_each(nullable::never_null);
        problems::describe_codes(components);
        components.responses.extend(failures::components().map(|(name, response)| (name.to_owned(), response.into())));
        components.headers.extend(headers::components().map(|(name, header)| (name.to_owned(), header.into())));
        components.examples.extend(failures::examples().map(|(name, example)| (name.to_owned(), example.into())));
    }
    headers::apply_to_all(&mut document);
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        examples::apply_to(operation);
        samples::apply_to(operation);
    }
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// The operations of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten()
}
