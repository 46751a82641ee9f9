//! `GET /groups`: the log groups that the caller can see (DescribeLogGroups).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::describe_group::GroupBody;
use super::list::{self, LIST, ListParameters};
use super::parameters;
use crate::domain::name::SourceName;
use crate::domain::operation::ListGroups;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidListRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::parameter::{Parameter, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::http::value::Text;
use crate::sources::merged::{MergeCursor, MergedPage};

const KIND: &str = "groups";

const PREFIX: Parameter<Text<String>> =
    Parameter::query("prefix", parameters::PREFIX, "Only groups whose names begin with this text, such as `/acme/`.");

/// The request in a cursor, before its [`MergeCursor`].
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    prefix: Option<String>,
}

/// The rest of the request.
#[derive(Debug)]
pub struct ListGroupsRequest {
    limit: usize,
    cursor: Option<MergeCursor>,
}

impl RequestParameters for ListGroupsRequest {
    const PARAMETERS: ParameterList = &[&[&PREFIX], LIST];
}

impl ParseRequest for ListGroupsRequest {
    type Op = ListGroups;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ListGroups, Self), ApiError> {
        let given = input.get(&PREFIX);
        let ListParameters { limit, cursor } = ListParameters::read(input, context)?;
        let Some(text) = cursor else {
            return Ok((ListGroups { prefix: given }, Self { limit, cursor: None }));
        };
        let (Request { prefix }, cursor) = list::opened(KIND, context, &text)?;
        if given.is_some() && given != prefix {
            return Err(list::differs(PREFIX.name));
        }
        Ok((ListGroups { prefix }, Self { limit, cursor: Some(cursor) }))
    }
}

/// A page of groups.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GroupPage)]
pub struct GroupsBody {
    groups: Vec<GroupBody>,
    /// The operator's sources that did not answer. Their groups are missing from this page and all later ones; a new list asks
    /// the sources again. Absent if all answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["eu"]))]
    incomplete: Vec<SourceName>,
    /// Cursor to the next page. Absent if the list is complete.
    #[schema(example = "exampleNextCursor")]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List log groups
///
/// Lists the groups of all of the operator's sources, ascending by name. A page may be short or empty without being the last:
/// the list is complete when `nextCursor` is absent.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "listGroups",
    tag = "groups",
    params(ParametersOf<ListGroupsRequest>),
    responses(
        (status = 200, description = "Groups", body = GroupsBody),
        InvalidListRequest,
        Negotiated,
        TokenFailures,
        SourceFailures,
        CommonFailures,
    ),
    security(("token" = ["logs:describe:<groups>"])),
)]
pub(crate) async fn list_groups(
    State(app): State<AppState>,
    Authorized { caller, permit, request, now, info }: Authorized<ListGroupsRequest>,
) -> Result<Json<GroupsBody>, ApiError> {
    let deadline = info.work_until(app.limits.work_time);
    let MergedPage { groups, incomplete, next } =
        app.sources.list_groups(&permit, request.cursor, request.limit, deadline).await?;
    let request = Request { prefix: permit.op().prefix.clone() };
    let next_cursor = next.map(|cursor| list::sealed(&app, KIND, permit.tenant(), now, &request, &cursor)).transpose()?;
    list::audit(&app, &info, &permit, None, groups.len());
    let groups = groups.into_iter().map(|(source, group)| GroupBody::new(&caller, source, group)).collect();
    Ok(Json(GroupsBody { groups, incomplete, next_cursor }))
}
