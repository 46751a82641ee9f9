//! `GET /queries/language`: the commands and functions of Logs Insights QL, for editors that complete queries.
//!
//! Owns the form of the answer. [`crate::domain::query::language`] has the lists. The answer is the same for every caller.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;

use crate::domain::query::language::{self, CommandInfo, FunctionInfo};
use crate::http::AppState;
use crate::http::assets::Asset;
use crate::http::authorized::{Authenticated, RequestContext};
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, TokenFailures};
use crate::http::ops::list;
use crate::http::ops::parameters::JSON_FORMAT;
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;

static ANSWER: LazyLock<Asset> = LazyLock::new(|| {
    let body = serde_json::to_vec(&LanguageBody::new()).unwrap_or_default();
    Asset::new(HeaderValue::from_static("application/json"), Bytes::from(body))
});

/// The request, which has no parameters of its own.
#[derive(Debug)]
pub struct QueryLanguageRequest;

impl RequestParameters for QueryLanguageRequest {
    const PARAMETERS: ParameterList = &[&[&JSON_FORMAT]];
}

/// The commands and functions of Logs Insights QL.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = QueryLanguage)]
pub struct LanguageBody {
    /// The commands. `POST /queries/check` tells whether a query may use one.
    commands: Vec<CommandBody>,
    /// The functions.
    functions: Vec<FunctionBody>,
}

/// A command.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = QueryCommand)]
pub struct CommandBody {
    /// The name, as the documentation spells it. Names are found in upper and lower case.
    #[schema(example = "filter")]
    name: &'static str,
    /// Other names of the command.
    #[schema(value_type = Vec<String>, example = json!(["where"]))]
    aliases: &'static [&'static str],
    /// An example.
    #[schema(example = "filter c")]
    example: &'static str,
    /// What the command does.
    #[schema(example = "the events for which a condition holds.")]
    description: &'static str,
}

/// A function.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueryFunction)]
pub struct FunctionBody {
    /// The name, as the documentation spells it. Names are found in upper and lower case.
    #[schema(example = "round")]
    name: &'static str,
    /// Other names of the function.
    #[schema(value_type = Vec<String>, example = json!([]))]
    aliases: &'static [&'static str],
    /// `scalar`: allowed in every expression. `aggregate`: allowed in `stats`. `either`: in `stats`, also after `by`.
    #[schema(example = "scalar")]
    kind: &'static str,
    /// The function with its parameters, optional ones in brackets.
    #[schema(example = "round(number[, digits])")]
    signature: String,
    /// The names of the parameters in order. `…` stands for further ones.
    #[schema(example = json!(["number", "digits"]))]
    parameters: Vec<&'static str>,
    /// Arguments at least.
    #[schema(example = 1)]
    min_arguments: usize,
    /// Arguments at most. Absent if only the length of a query limits them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    max_arguments: Option<usize>,
    /// An example.
    #[schema(example = "round(a, digits)")]
    example: &'static str,
    /// The value of the function.
    #[schema(example = "rounded, to a number of digits after the point.")]
    description: &'static str,
}

impl LanguageBody {
    fn new() -> Self {
        Self {
            commands: language::commands().map(CommandBody::from).collect(),
            functions: language::functions().map(FunctionBody::from).collect(),
        }
    }
}

impl From<CommandInfo> for CommandBody {
    fn from(CommandInfo { name, aliases, example, description }: CommandInfo) -> Self {
        Self { name, aliases, example, description }
    }
}

impl From<FunctionInfo> for FunctionBody {
    fn from(function: FunctionInfo) -> Self {
        let FunctionInfo { name, aliases, kind, signature, parameters, min_arguments, max_arguments, example, description } =
            function;
        Self { name, aliases, kind, signature, parameters, min_arguments, max_arguments, example, description }
    }
}

/// List the commands and functions of the query language
///
/// Returns the commands and functions of Logs Insights QL with signatures, examples and one-line descriptions, for completion in an
/// editor. The answer is the same for every caller and changes only with the version of the service: it has an `ETag`.
#[utoipa::path(
    get,
    path = "/queries/language",
    operation_id = "queryLanguage",
    tag = "queries",
    params(ParametersOf<QueryLanguageRequest>),
    responses(
        (status = 200, description = "The language", body = LanguageBody),
        InvalidParameter,
        Negotiated,
        TokenFailures,
        CommonFailures,
    ),
    security(("token" = [])),
)]
pub(crate) async fn query_language(
    State(app): State<AppState>,
    headers: HeaderMap,
    Authenticated { caller, input, now, .. }: Authenticated,
) -> Result<Response, ApiError> {
    let mut input = input.accepting(QueryLanguageRequest::PARAMETERS);
    let context = RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time };
    list::json_only(&mut input, context)?;
    ANSWER.respond(&headers).await
}
