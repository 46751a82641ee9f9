//! `GET /groups`: the log groups that the caller may see (DescribeLogGroups).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::describe_group::GroupBody;
use super::list::{self, ListParameters};
use crate::domain::name::SourceName;
use crate::domain::operation::ListGroups;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidListRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::{JsonOnly, ListQuery};
use crate::http::problem::ApiError;
use crate::sources::merged::{MergeCursor, MergedPage};

const KIND: &str = "groups";

/// The request that a cursor carries, before its [`MergeCursor`].
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    prefix: Option<String>,
}

/// What the request says besides its operation.
#[derive(Debug)]
pub struct ListGroupsRequest {
    limit: usize,
    cursor: Option<MergeCursor>,
}

impl ParseRequest for ListGroupsRequest {
    type Op = ListGroups;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ListGroups, Self), ApiError> {
        let given = input.take("prefix").map(|text| crate::domain::name::from_url_spelling(&text));
        let ListParameters { limit, cursor } = ListParameters::read(input, context)?;
        let Some(text) = cursor else {
            return Ok((ListGroups { prefix: given }, Self { limit, cursor: None }));
        };
        let (Request { prefix }, cursor) = list::opened(KIND, context, &text)?;
        if given.is_some() && given != prefix {
            return Err(list::differs("prefix"));
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
    /// The operator's sources that did not answer: their groups are missing, in this page and in all that follow it. A list
    /// that is begun anew asks them again. Absent: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["eu"]))]
    incomplete: Vec<SourceName>,
    /// Where the list goes on; absent: it is complete.
    #[schema(example = "exampleNextCursor")]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The log groups you may see
///
/// Of all of the operator's sources together, ascending by name. A page may be short, even empty, without being the last:
/// only a missing `nextCursor` says that the list is complete.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "listGroups",
    tag = "groups",
    params(
        ("prefix" = Option<String>, Query, description = "Only groups that begin so, such as `/acme/`"),
        ListQuery,
        JsonOnly,
    ),
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
