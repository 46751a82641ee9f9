//! The OpenAPI document: what the routes share, and the document's own head.
//!
//! Owns descriptions. The paths themselves stand on their handlers; `openapi/openapi.json` is this, printed.

use std::sync::LazyLock;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder};
use utoipa::{IntoParams, IntoResponses};

use super::fault::{FieldError, Position};
use super::problem::Problem;

/// Parameters of every event endpoint.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::events` reads it")]
pub struct EventsQuery {
    /// First moment: RFC 3339, epoch milliseconds, epoch seconds, or relative to now (`-15m`, `-1h30m`, `-2d`, `now`).
    #[param(example = "-15m")]
    start: Option<String>,
    /// First moment after the range (exclusive), in the same forms.
    #[param(example = "now")]
    end: Option<String>,
    /// Events in the page, 1 to 10000; 1000 when absent. Streamed formats have no limit unless one is given.
    #[param(minimum = 1, maximum = 10000, example = 100)]
    limit: Option<u32>,
    /// Begin at the oldest (`head`) or the newest (`tail`) events; `head` when there is a `start`, else `tail`.
    #[param(inline)]
    from: Option<FromWord>,
    /// Only events whose message matches this CloudWatch filter pattern: terms (`ERROR -timeout`), phrases, `%regex%`, JSON
    /// conditions (`{ $.status >= 500 }`), space-delimited fields (`[ip, user, ..., status = 5*]`). At most 1024 characters.
    #[param(example = "{ $.status >= 500 }", max_length = 1024)]
    filter: Option<String>,
    /// Go on where an earlier answer says. It carries its request; what is given beside it must be the same.
    cursor: Option<String>,
    /// In which of the operator's sources the group is, where several have one of that name; when absent, the first that the
    /// tenant's grants allow it in.
    #[param(max_length = 64, example = "eu")]
    source: Option<String>,
    /// The format, when the `Accept` header can't be set.
    #[param(inline)]
    format: Option<FormatWord>,
    /// Text only: leave control characters as they are.
    raw: Option<bool>,
    /// NDJSON only: `line` writes the cursor as a last line too.
    #[param(inline)]
    trailer: Option<TrailerWord>,
}

/// The parameter that chooses among groups of the same name.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; the operations on one group read it")]
pub struct SourceQuery {
    /// In which of the operator's sources the group is, where several have one of that name; when absent, the first that the
    /// tenant's grants allow it in. Lists say the sources.
    #[param(max_length = 64, example = "eu")]
    source: Option<String>,
}

/// Parameters that choose among the streams of a group.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::events` reads it")]
pub struct StreamsQuery {
    /// Only these streams; repeatable, at most 100.
    #[param(max_items = 100, example = json!(["web-1"]))]
    streams: Option<Vec<String>>,
    /// Only streams that begin so; not together with `streams`.
    #[param(example = "prod-")]
    stream_prefix: Option<String>,
}

/// Where reading begins.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum FromWord {
    Head,
    Tail,
}

/// A format.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum FormatWord {
    Json,
    Ndjson,
    Csv,
    Text,
}

/// How the cursor of a stream is told.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum TrailerWord {
    Line,
}

/// What every operation may answer with instead.
#[derive(Debug, IntoResponses)]
pub enum Failures {
    /// `missing_token` or `invalid_token`; see `WWW-Authenticate`
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// `insufficient_scope`: the tenant may, the token may not; names the scope that would do
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// `not_found`: it does not exist, or the caller may not know that it does
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// `not_acceptable`: none of the formats in `Accept` can be had here
    #[response(status = 406, content_type = "application/problem+json")]
    NotAcceptable(Problem),
    /// `query_forbidden`: well-formed, but the tenant's rules do not allow it
    #[response(status = 422, content_type = "application/problem+json")]
    Forbidden422(Problem),
    /// `rate_limited`; see `Retry-After`, `RateLimit` and `RateLimit-Policy`
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// `internal_error`
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// `upstream_error`
    #[response(status = 502, content_type = "application/problem+json")]
    BadGateway(Problem),
    /// `overloaded` or `keys_unavailable`; see `Retry-After`
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
    /// `upstream_timeout`
    #[response(status = 504, content_type = "application/problem+json")]
    Timeout(Problem),
}

/// What operations with parameters may answer with.
#[derive(Debug, IntoResponses)]
pub enum BadRequest {
    /// `invalid_parameter`, `invalid_filter` or `invalid_cursor`: says where, and what instead
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
}

/// What the operations are grouped by.
const TAGS: [(&str, &str); 4] = [
    ("events", "Log events: a page as JSON, or all of a range as NDJSON, CSV or text"),
    ("groups", "Log groups and their streams"),
    ("caller", "Who you are here, and what you may"),
    ("service", "What needs no token"),
];

/// The one format of answers that are not events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::list` reads it")]
pub struct JsonOnly {
    /// `json`, the one format there is here.
    #[param(inline)]
    format: Option<JsonWord>,
}

/// The one format.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the word for the OpenAPI document")]
enum JsonWord {
    Json,
}

/// The document's head; the router adds the paths.
#[must_use]
pub fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Logmark")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Your logs over HTTPS: events of the log groups and streams that your token and your tenant allow.\n\n\
             Names with slashes are one path segment, percent-encoded (`%2Facme%2Fapi`) or with `:` for `/` (`:acme:api`). \
             Lists are paged by an opaque `cursor`. Errors are RFC 9457 problem details.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .contact(Some(ContactBuilder::new().name(Some("The operator of this service")).build()))
        .build();
    let token = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A JWT of your identity provider with scopes such as `logs:read:/acme/*`"))
            .build(),
    );
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("this service")).build()]))
        .components(Some(
            ComponentsBuilder::new()
                .schema_from::<Problem>()
                .schema_from::<FieldError>()
                .schema_from::<Position>()
                .security_scheme("token", token)
                .build(),
        ))
        .tags(Some(TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())))
        .build()
}

/// The document as text, the same bytes each time.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let (_, document) = super::router::routes().split_for_parts();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});
