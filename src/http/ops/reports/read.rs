//! `GET /reports/{name}`: a report of access logs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use tokio::time::Instant;

use super::parameters::{self, CURSOR, FILTERS, FORMAT, GROUP, NAME, REPORTS};
use super::response::{self, ReportFormat};
use super::run::{Computation, has_periods};
use crate::domain::name::LogGroupName;
use crate::domain::query::operations::{MAX_GROUP_BYTES, ReadReport};
use crate::domain::time::{Millis, TimeSpec};
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext, credential_of};
use crate::http::input::Input;
use crate::http::openapi::answers::Reported;
use crate::http::openapi::failures::{
    CommonFailures, InvalidListRequest, Negotiated, NotSupported, QueryIncomplete, SourceFailures, TokenFailures,
};
use crate::http::ops::list;
use crate::http::ops::queries::run::Run;
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::reports::bins::{Bin, MOST_BINS};
use crate::reports::catalogue;
use crate::reports::compare;
use crate::reports::definition::{Definition, Key, RequestOrder, Shape};
use crate::reports::filters::Filters;
use crate::reports::html::Page;
use crate::reports::measures::SORTABLE;
use crate::reports::request::{Dimension, ReportRequest, Sort};
use crate::reports::single::Passed;

/// The kind of a sealed cursor of requests.
const REQUESTS: &str = "report requests";
/// The range without `start`: that of the usage dashboard.
const DEFAULT_MILLIS: i64 = 30 * 24 * 3600 * 1000;

/// The rest of the request.
#[derive(Debug)]
pub struct ReadReportRequest {
    definition: &'static Definition,
    request: ReportRequest,
    passed: Option<Passed>,
    format: ReportFormat,
    /// The `Authorization` of the request, to check it again while queries run.
    credential: Option<HeaderValue>,
    until: Instant,
}

impl RequestParameters for ReadReportRequest {
    const PARAMETERS: ParameterList = &[REPORTS, FILTERS];
}

impl ParseRequest for ReadReportRequest {
    type Op = ReadReport;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ReadReport, Self), ApiError> {
        let name = input.get(&NAME).unwrap_or_default();
        let given = Given::read(input);
        let cursor = input.get(&CURSOR);
        let format = match input.get(&FORMAT) {
            Some(format) => Ok(format),
            None => ReportFormat::accepted(context.headers),
        };
        input.finish()?;
        let definition = catalogue::find(&name).ok_or(ApiError::NoSuchReport)?;
        let (request, passed) = match cursor {
            Some(text) => {
                if definition.shape != Shape::Requests(RequestOrder::Newest) {
                    return Err(ApiError::parameter(CURSOR.name, "is for the report `requests`"));
                }
                let (request, passed) = list::opened(REQUESTS, context, &text)?;
                (given.resumed(request, context)?, Some(passed))
            }
            None => (given.request(definition, context)?, None),
        };
        check(definition, &request)?;
        let op = ReadReport { groups: request.groups.clone(), start: request.start, end: request.end };
        let credential = credential_of(context.headers);
        let until = Instant::now() + context.work_time;
        Ok((op, Self { definition, request, passed, format: format?, credential, until }))
    }
}

/// The parameters of a request, as far as they are given.
#[derive(Debug)]
struct Given {
    groups: Vec<LogGroupName>,
    start: Option<TimeSpec>,
    end: Option<TimeSpec>,
    previous_start: Option<TimeSpec>,
    /// The rest. Its groups and times are not set.
    rest: ReportRequest,
}

impl Given {
    fn read(input: &mut Input) -> Self {
        let (groups, start, end) = (input.get_all(&GROUP), input.get(&parameters::START), input.get(&parameters::END));
        let rest = ReportRequest {
            report: String::new(),
            groups: Vec::new(),
            start: Millis(0),
            end: Millis(0),
            bin: input.get(&parameters::BIN),
            limit: input.get(&parameters::LIMIT),
            sort: input.get(&parameters::SORT),
            zone: input.get(&parameters::TZ),
            dimension: input.get(&parameters::DIMENSION),
            class: input.get(&parameters::CLASS),
            compared: input.get(&parameters::REPORT),
            previous_start: None,
            filters: filters(input),
        };
        Self { groups, start, end, previous_start: input.get(&parameters::PREVIOUS_START), rest }
    }

    fn request(self, definition: &Definition, context: RequestContext<'_>) -> Result<ReportRequest, ApiError> {
        if self.groups.is_empty() {
            return Err(ApiError::parameter(GROUP.name, "is missing: name a log group"));
        }
        if self.groups.iter().map(|group| group.as_str().len()).sum::<usize>() > MAX_GROUP_BYTES {
            return Err(ApiError::parameter(GROUP.name, format!("has names of more than {MAX_GROUP_BYTES} characters together")));
        }
        let end = resolved(parameters::END.name, self.end, context)?.unwrap_or(context.now);
        let start = match resolved(parameters::START.name, self.start, context)? {
            Some(start) => start,
            None => Millis(end.0.saturating_sub(default_range(context)).max(0)),
        };
        if end <= start {
            return Err(ApiError::parameter(parameters::END.name, format!("`{end}` is not later than `start`, `{start}`")));
        }
        let previous_start = resolved(parameters::PREVIOUS_START.name, self.previous_start, context)?;
        Ok(ReportRequest { report: definition.name.to_owned(), groups: self.groups, start, end, previous_start, ..self.rest })
    }

    /// The request of a cursor, if what is given beside it is the same. `limit` may change.
    fn resumed(self, request: ReportRequest, context: RequestContext<'_>) -> Result<ReportRequest, ApiError> {
        let same_time = |name: &'static str, given: Option<TimeSpec>, known: Millis| match resolved(name, given, context)? {
            Some(time) if time != known => Err(list::differs(name)),
            _ => Ok(()),
        };
        same_time(parameters::START.name, self.start, request.start)?;
        same_time(parameters::END.name, self.end, request.end)?;
        if !self.groups.is_empty() && self.groups != request.groups {
            return Err(list::differs(GROUP.name));
        }
        let unset =
            |given: bool, is_same: bool, name: &'static str| if given && !is_same { Err(list::differs(name)) } else { Ok(()) };
        let (given, known) = (&self.rest, &request);
        unset(given.sort.is_some(), given.sort == known.sort, parameters::SORT.name)?;
        unset(given.zone.is_some(), given.zone == known.zone, parameters::TZ.name)?;
        unset(given.filters != Filters::default(), given.filters == known.filters, "filters")?;
        Ok(ReportRequest { limit: given.limit.or(request.limit), ..request })
    }
}

fn resolved(name: &'static str, spec: Option<TimeSpec>, context: RequestContext<'_>) -> Result<Option<Millis>, ApiError> {
    let resolved = spec.map(|spec| spec.resolve(context.now)).transpose();
    resolved.map_err(|error| ApiError::parameter(name, error.to_string()))
}

/// The length of a range without `start`.
fn default_range(context: RequestContext<'_>) -> i64 {
    let most = context.caller.tenant.limits.max_range.and_then(|most| i64::try_from(most.as_millis()).ok());
    most.map_or(DEFAULT_MILLIS, |most| most.min(DEFAULT_MILLIS))
}

fn filters(input: &mut Input) -> Filters {
    Filters {
        domain: input.get(&parameters::DOMAIN),
        status: input.get(&parameters::STATUS),
        path: input.get(&parameters::PATH),
        plan: input.get(&parameters::PLAN),
        customer: input.get(&parameters::CUSTOMER),
        ip: input.get(&parameters::IP),
        exclude_ip: input.get(&parameters::EXCLUDE_IP),
        iam_user: input.get(&parameters::IAM_USER),
        sub: input.get(&parameters::SUB),
        request_id: input.get(&parameters::REQUEST_ID),
        method: input.get(&parameters::METHOD),
        stage: input.get(&parameters::STAGE),
        user_agent: input.get(&parameters::USER_AGENT),
        ignore_bots: input.get(&parameters::IGNORE_BOTS).unwrap_or(false),
    }
}

/// Refuses parameters that the report does not have: without them the answer would be to another request.
fn check(definition: &Definition, request: &ReportRequest) -> Result<(), ApiError> {
    let computed = match definition.shape {
        Shape::Compare => compare::compared(request),
        _ => definition,
    };
    let refuse = |name: &'static str, detail: String| Err(ApiError::parameter(name, detail));
    if let Some(name) = request.filters.too_long(parameters::MAX_FILTERS) {
        return refuse(name, format!("is too long: all filters together have at most {} characters", parameters::MAX_FILTERS));
    }
    let is_compare = definition.shape == Shape::Compare;
    if let Some(name) = &request.compared {
        match catalogue::find(name) {
            _ if !is_compare => return refuse(parameters::REPORT.name, format!("is for the report `{}`", catalogue::COMPARE)),
            Some(report) if compare::is_comparable(report) => {}
            Some(_) => return refuse(parameters::REPORT.name, format!("`{name}` is a report whose rows cannot be compared")),
            None => return refuse(parameters::REPORT.name, format!("`{name}` is not a report: `GET /reports` lists them")),
        }
    }
    if request.previous_start.is_some() && !is_compare {
        return refuse(parameters::PREVIOUS_START.name, format!("is for the report `{}`", catalogue::COMPARE));
    }
    let fits = match request.dimension {
        None => true,
        Some(Dimension::Weekday) => computed.keys.contains(&Key::Hour),
        Some(_) => computed.keys.contains(&Key::Time) && computed.keys.contains(&Key::Dimension),
    };
    if !fits {
        return refuse(parameters::DIMENSION.name, format!("has no such value in the report `{}`", computed.name));
    }
    if request.class.is_some() && computed.name != catalogue::ERRORS_BY_ROUTE {
        return refuse(parameters::CLASS.name, format!("is for the report `{}`", catalogue::ERRORS_BY_ROUTE));
    }
    if let Some(Sort { by, .. }) = &request.sort
        && !SORTABLE.contains(&by.as_str())
        && !computed.keys.iter().any(|key| key.name(None) == by || ["path", "resourcePath", "routeKey"].contains(&by.as_str()))
    {
        return refuse(
            parameters::SORT.name,
            format!("`{by}` is neither a measure nor a key of the report: use {}", SORTABLE.join(", ")),
        );
    }
    check_bin(computed, request)
}

fn check_bin(definition: &Definition, request: &ReportRequest) -> Result<(), ApiError> {
    let Some(bin) = request.bin.filter(|_| has_periods(definition)) else { return Ok(()) };
    if (request.end.0 - request.start.0) / bin.millis() < MOST_BINS {
        return Ok(());
    }
    let shortest = Bin::shortest(request.start, request.end).as_str();
    let detail = format!("`{}` gives more than {MOST_BINS} periods in this range: use `{shortest}` or longer", bin.as_str());
    Err(ApiError::parameter(parameters::BIN.name, detail))
}

/// Whether the report needs usage plans or customers, which may have to be read first.
fn needs_plans(definition: &Definition, request: &ReportRequest) -> bool {
    let computed = match definition.shape {
        Shape::Compare => compare::compared(request),
        _ => definition,
    };
    let by_key = computed.keys.iter().any(|key| matches!(key, Key::Plan | Key::Customer));
    by_key || request.filters.needs_customer() || matches!(request.dimension, Some(Dimension::Plan | Dimension::Customer))
}

/// Get a report
///
/// Computes a report of access logs with Logs Insights queries over the log groups, so it needs the action `query` on each, and
/// grants, row rules, masks and budgets hold as for queries. All reports have one shape: rows with `keys` and measures. Keys have the
/// names of the fields of the log; measures that the log format does not have are absent.
#[utoipa::path(
    get,
    path = "/reports/{name}",
    operation_id = "readReport",
    tag = "reports",
    params(ParametersOf<ReadReportRequest>),
    responses(
        Reported,
        InvalidListRequest,
        Negotiated,
        TokenFailures,
        SourceFailures,
        QueryIncomplete,
        NotSupported,
        CommonFailures,
    ),
    security(("token" = ["logs:query:<groups>"])),
)]
pub(crate) async fn read_report(
    State(app): State<AppState>,
    Authorized { caller, permit, request, now, info }: Authorized<ReadReportRequest>,
) -> Result<Response, ApiError> {
    let ReadReportRequest { definition, request, passed, format, credential, until } = request;
    let run = Run { app: &app, caller: &caller, info: &info, credential: credential.as_ref(), until };
    let additions = app.enricher().for_report(needs_plans(definition, &request)).await;
    let request = Arc::new(request);
    let computation = Computation::new(run, &permit, (Arc::clone(&request), definition), additions);
    let (mut report, next) = computation.report(passed).await?;
    if let Some(next) = next {
        report.next_cursor = Some(list::sealed(&app, REQUESTS, permit.tenant(), now, &*request, &next)?);
    }
    let groups: Vec<&str> = request.groups.iter().map(LogGroupName::as_str).collect();
    list::audit(&app, &info, &permit, Some(&groups.join(",")), report.rows.len());
    let page = Page { report: &report, definition, request: &request, made_at: now };
    response::encoded(&page, format)
}
