//! `GET /groups`: the log groups that the caller may see (DescribeLogGroups).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::describe_group::GroupBody;
use super::list::{self, ListParameters};
use crate::domain::event::Position;
use crate::domain::name::SourceName;
use crate::domain::operation::ListGroups;
use crate::http::AppState;
use crate::http::authorized::{Ask, Authorized, Setting};
use crate::http::input::Input;
use crate::http::openapi::{BadRequest, Failures, JsonOnly};
use crate::http::problem::{ApiError, CURSOR};

const KIND: &str = "groups";

/// A place in the list: sources one after the other, in the order of the grants.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    prefix: Option<String>,
    source: SourceName,
    position: Option<Position>,
}

/// What the request says besides its operation.
#[derive(Debug)]
pub struct GroupsAsk {
    limit: usize,
    place: Option<(SourceName, Option<Position>)>,
}

impl Ask for GroupsAsk {
    type Op = ListGroups;

    fn read(input: &mut Input, setting: Setting<'_>) -> Result<(ListGroups, Self), ApiError> {
        let given = input.take("prefix").map(|text| crate::domain::name::from_url_spelling(&text));
        let ListParameters { limit, cursor } = ListParameters::read(input, setting)?;
        let Some(text) = cursor else {
            return Ok((ListGroups { prefix: given }, Self { limit, place: None }));
        };
        let cursor: Cursor = setting.app.sealer.open(KIND, &setting.caller.tenant.id, setting.now, &text)?;
        if given.is_some() && given != cursor.prefix {
            return Err(list::differs("prefix"));
        }
        Ok((ListGroups { prefix: cursor.prefix }, Self { limit, place: Some((cursor.source, cursor.position)) }))
    }
}

/// A page of groups.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GroupPage)]
pub struct GroupsBody {
    groups: Vec<GroupBody>,
    /// Where the list goes on; absent: it is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The log groups you may see
///
/// Ascending by name within each of the operator's sources. A page may be short, even empty, without being the last:
/// only a missing `nextCursor` says that the list is complete.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "listGroups",
    tag = "groups",
    params(
        ("prefix" = Option<String>, Query, description = "Only groups that begin so", example = "/acme/"),
        ("limit" = Option<u32>, Query, description = "Groups in the page, 1 to 1000; 50 when absent", example = 50),
        ("cursor" = Option<String>, Query, description = "Go on where an earlier page says"),
        JsonOnly,
    ),
    responses((status = 200, description = "Groups", body = GroupsBody), BadRequest, Failures),
    security(("token" = ["logs:describe:<groups>"])),
)]
pub(crate) async fn list_groups(
    State(app): State<AppState>,
    Authorized { permit, ask, now, context, .. }: Authorized<GroupsAsk>,
) -> Result<Json<GroupsBody>, ApiError> {
    let rules = permit.sources();
    let (first, mut position) = match &ask.place {
        Some((source, position)) => {
            let index = rules.iter().position(|rule| rule.source == *source).ok_or(ApiError::InvalidCursor(CURSOR.into()))?;
            (index, position.clone())
        }
        None => (0, None),
    };
    let mut groups = Vec::new();
    let mut next = None;
    for rule in &rules[first.min(rules.len())..] {
        if groups.len() >= ask.limit {
            next = Some((rule.source.clone(), None));
            break;
        }
        let source = app.sources.named(&permit, &rule.source)?;
        let page = source.list_groups(&permit, position.take().as_ref(), ask.limit - groups.len()).await?;
        groups.extend(page.items.into_iter().map(GroupBody::from));
        if page.next.is_some() {
            next = Some((rule.source.clone(), page.next));
            break;
        }
    }
    let seal = |(source, position)| {
        let cursor = Cursor { prefix: permit.op().prefix.clone(), source, position };
        app.sealer.seal(KIND, permit.tenant(), now, &cursor)
    };
    let next_cursor = next.map(seal).transpose()?;
    list::audit(&app, &context, &permit, None, groups.len());
    Ok(Json(GroupsBody { groups, next_cursor }))
}
