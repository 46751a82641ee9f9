//! The body of `POST /queries`: a query, its log groups, its range and its limit.
//!
//! Owns its members and their rules. It keeps the faults of the query's text apart from those that the tenant's rules cause, since
//! the first are `400` and the second `422`.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::auth::policy;
use crate::domain::name::LogGroupName;
use crate::domain::operation::Operation as _;
use crate::domain::query::operations::{MAX_GROUP_BYTES, MAX_GROUPS, StartQuery};
use crate::domain::query::{LogQuery, MAX_CHARACTERS, MAX_ROWS, QueryError, QueryReach};
use crate::domain::time::{Millis, TimeSpec};
use crate::http::authorized::RequestContext;
use crate::http::body::Body;
use crate::http::field_error::{ErrorLocation, FieldError, FieldErrors, Language};
use crate::http::member::{AnyMember, GroupNames, Member, StringValue, Time, body_schema};
use crate::http::openapi::texts::BodyTime;
use crate::http::parameter::Example;
use crate::http::problem::ApiError;
use crate::http::value::Number;

/// The place of the query in the body.
pub(super) const QUERY_POINTER: ErrorLocation = ErrorLocation::Pointer(Cow::Borrowed("/query"));

const MISSING: &str = "is missing";

const QUERY: Member<StringValue> = Member::required(
    "query",
    StringValue { least: Some(1), most: Some(MAX_CHARACTERS) },
    MISSING,
    "The query, in Logs Insights QL, at most 10,000 characters. It reads the log groups and the range of this request. `SOURCE`, \
     `diff`, saved queries and `unmask` are refused. On a local source, queries inside the query may name log groups that you \
     may query, and lookup tables can be used; on CloudWatch both are refused.",
)
.example(Example::Text("filter status >= 500 | stats count(*) by bin(5m)"));
pub(super) const LOG_GROUPS: Member<GroupNames> = Member::required(
    "logGroups",
    GroupNames { most: MAX_GROUPS, most_characters: MAX_GROUP_BYTES },
    MISSING,
    "The log groups, 1 to 50, all in one source",
)
.example(Example::Text("/acme/api"));
const START: Member<Time> = Member::required(
    "start",
    Time,
    "is missing: a query needs a time range",
    "Start of the range: RFC 3339, epoch milliseconds, epoch seconds, or relative to now (`-15m`, `-2d`).",
);
const END: Member<Time> =
    Member::optional("end", Time, "End of the range (exclusive), in the same forms as `start`. Default: `now`.");
const LIMIT: Member<Number> = Member::optional(
    "limit",
    Number { least: 1, most: MAX_ROWS as usize },
    "Rows at most, 1 to 100000. Default: the limit in the query, or 10000.",
)
.example(Example::Number(1000));

const MEMBERS: [&dyn AnyMember; 5] = [&QUERY, &LOG_GROUPS, &START, &END, &LIMIT];
/// The members besides the query.
pub(super) const OTHER_MEMBERS: [&dyn AnyMember; 4] = [&LOG_GROUPS, &START, &END, &LIMIT];

/// The members of the body, as far as they are valid. [`crate::http::input::Input::finish`] reports the faults of the others.
#[derive(Debug)]
pub(super) struct NewQuery {
    query: Option<LogQuery>,
    groups: Option<Vec<LogGroupName>>,
    range: Option<(Millis, Millis)>,
    /// What the tenant's rules do not allow.
    forbidden: FieldErrors,
}

impl NewQuery {
    /// Reads the members, and notes their faults in the body.
    pub(super) fn read(body: &mut Body, context: RequestContext<'_>) -> Self {
        let mut forbidden = FieldErrors::default();
        let text = text(body);
        let groups = body.get(&LOG_GROUPS);
        let query = text.and_then(|text| within_reach(&text, groups.as_deref(), context, body, &mut forbidden));
        let range = range(body, context.now);
        let query = limited(query, body);
        Self { query, groups, range, forbidden }
    }

    /// The operation. Call it after [`crate::http::input::Input::finish`].
    ///
    /// # Errors
    /// [`ApiError::QueryForbidden`].
    pub(super) fn into_operation(self) -> Result<StartQuery, ApiError> {
        if !self.forbidden.is_empty() {
            return Err(ApiError::QueryForbidden(self.forbidden));
        }
        let (Some(query), Some(groups), Some((start, end))) = (self.query, self.groups, self.range) else {
            return Err(ApiError::Internal("a fault of the input that was not noted".to_owned()));
        };
        Ok(StartQuery::new(query, groups, start, end))
    }
}

impl PartialSchema for NewQuery {
    fn schema() -> RefOr<Schema> {
        body_schema("A query to start.", &MEMBERS)
    }
}

impl ToSchema for NewQuery {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("NewQuery")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((BodyTime::name().into_owned(), BodyTime::schema()));
    }
}

/// The query with the limit of the body.
pub(super) fn limited(query: Option<LogQuery>, body: &mut Body) -> Option<LogQuery> {
    let limit = body.get(&LIMIT).and_then(|limit| u32::try_from(limit).ok());
    let (Some(query), Some(limit)) = (query.clone(), limit) else { return query };
    let limited = query.with_limit(limit);
    limited
        .map_err(|reason| {
            body.error(LIMIT.pointer(), format!("can't be applied to this query: {reason}; write `| limit` in the query"));
        })
        .ok()
}

/// The text of the query, if it is valid. Its source decides what else it refuses, so that comes later.
fn text(body: &mut Body) -> Option<String> {
    let text = body.get(&QUERY)?;
    match LogQuery::parse_within(&text, QueryReach::NamedGroups) {
        Ok(_) | Err(QueryError::Forbidden(_)) => Some(text),
        Err(QueryError::Invalid(faults)) => {
            body.errors(FieldError::of_text(&QUERY_POINTER, Language::Query, &text, &faults));
            None
        }
    }
}

/// What queries of these groups may read besides the groups. The source is that of the first group by the tenant's own grants, so
/// that a refusal depends on nothing else.
pub(super) fn reach(groups: Option<&[LogGroupName]>, context: RequestContext<'_>) -> QueryReach {
    let first = groups.and_then(<[_]>::first);
    let source = first.and_then(|group| policy::default_source(context.caller, StartQuery::ACTION, group, None));
    source.map_or(QueryReach::Confined, |source| context.app.sources.query_reach(source))
}

/// The query, if it reads only data that its source allows queries to read.
fn within_reach(
    text: &str,
    groups: Option<&[LogGroupName]>,
    context: RequestContext<'_>,
    body: &mut Body,
    forbidden: &mut FieldErrors,
) -> Option<LogQuery> {
    let query = match LogQuery::parse_within(text, reach(groups, context)) {
        Ok(query) => query,
        Err(QueryError::Forbidden(faults) | QueryError::Invalid(faults)) => {
            *forbidden = FieldError::of_text(&QUERY_POINTER, Language::Query, text, &faults);
            return None;
        }
    };
    with_bounded_groups(query, groups.unwrap_or_default(), body)
}

/// The query, if it and the queries inside it read no more groups than a query can have.
pub(super) fn with_bounded_groups(query: LogQuery, groups: &[LogGroupName], body: &mut Body) -> Option<LogQuery> {
    let all = || groups.iter().chain(query.nested_groups().iter().filter(|group| !groups.contains(group)));
    let characters: usize = all().map(|group| group.as_str().len()).sum();
    if !query.nested_groups().is_empty() && (all().count() > MAX_GROUPS || characters > MAX_GROUP_BYTES) {
        let detail = format!(
            "names log groups besides `logGroups`; a query can have {MAX_GROUPS} in all, with names of {MAX_GROUP_BYTES} characters"
        );
        body.error(QUERY.pointer(), detail);
        return None;
    }
    Some(query)
}

/// The range of the body.
pub(super) fn range(body: &mut Body, now: Millis) -> Option<(Millis, Millis)> {
    let (start, end) = (body.get(&START), body.get(&END).unwrap_or(TimeSpec::Ago(0)));
    let mut resolve =
        |pointer: String, spec: TimeSpec| spec.resolve(now).map_err(|error| body.error(pointer, error.to_string())).ok();
    let (start, end) = (resolve(START.pointer(), start?)?, resolve(END.pointer(), end)?);
    if end <= start {
        body.error(END.pointer(), format!("`{end}` is not later than `start`, `{start}`"));
        return None;
    }
    Some((start, end))
}
