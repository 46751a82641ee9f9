//! The body of `POST /queries` and `POST /queries/check`: a query, its log groups, its range and its limit.
//!
//! Owns its members and their rules. It keeps the faults of the query's text apart from those that the tenant's rules cause, since
//! the first are `400` and the second `422`.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::domain::name::LogGroupName;
use crate::domain::query::operations::{MAX_GROUP_BYTES, MAX_GROUPS, StartQuery};
use crate::domain::query::{LogQuery, MAX_CHARACTERS, MAX_ROWS, QueryError};
use crate::domain::time::{Millis, TimeSpec};
use crate::http::body::Body;
use crate::http::field_error::{ErrorLocation, FieldError, FieldErrors, Language};
use crate::http::member::{AnyMember, GroupNames, Member, StringValue, Time, body_schema};
use crate::http::openapi::texts::BodyTime;
use crate::http::parameter::Example;
use crate::http::problem::ApiError;
use crate::http::value::Number;

const MISSING: &str = "is missing";

const QUERY: Member<StringValue> = Member::required(
    "query",
    StringValue { least: Some(1), most: Some(MAX_CHARACTERS) },
    MISSING,
    "The query, in Logs Insights QL, at most 10,000 characters. It reads only the log groups and the range of this request, so \
     `SOURCE`, `join`, `diff`, lookup tables, saved queries and `unmask` are refused.",
)
.example(Example::Text("filter status >= 500 | stats count(*) by bin(5m)"));
const LOG_GROUPS: Member<GroupNames> = Member::required(
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
    pub(super) fn read(body: &mut Body, now: Millis) -> Self {
        let mut forbidden = FieldErrors::default();
        let query = query(body, &mut forbidden);
        let groups = body.get(&LOG_GROUPS);
        let range = range(body, now);
        let query = match (query, body.get(&LIMIT).and_then(|limit| u32::try_from(limit).ok())) {
            (Some(query), Some(limit)) => query
                .with_limit(limit)
                .map_err(|reason| {
                    body.error(
                        LIMIT.pointer(),
                        format!("can't be applied to this query: {reason}; write `| limit` in the query"),
                    );
                })
                .ok(),
            (query, _) => query,
        };
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
        Ok(StartQuery { query, groups, start, end })
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

fn query(body: &mut Body, forbidden: &mut FieldErrors) -> Option<LogQuery> {
    let text = body.get(&QUERY)?;
    let location = ErrorLocation::Pointer(QUERY.pointer().into());
    match LogQuery::parse(&text) {
        Ok(query) => return Some(query),
        Err(QueryError::Invalid(faults)) => body.errors(FieldError::of_text(&location, Language::Query, &text, &faults)),
        Err(QueryError::Forbidden(faults)) => *forbidden = FieldError::of_text(&location, Language::Query, &text, &faults),
    }
    None
}

fn range(body: &mut Body, now: Millis) -> Option<(Millis, Millis)> {
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
