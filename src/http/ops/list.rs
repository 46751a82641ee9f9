//! What the lists share: their parameters, their audit line, and the fault of a cursor beside other parameters.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::permit::Permit;
use crate::auth::policy;
use crate::auth::tenant::Caller;
use crate::domain::name::{LogGroupName, LogStreamName, SourceName, TenantId, to_url_spelling};
use crate::domain::operation::{Action, Operation};
use crate::domain::time::Millis;
use crate::http::App;
use crate::http::authorized::RequestContext;
use crate::http::encode::Format;
use crate::http::input::Input;
use crate::http::layers::RequestInfo;
use crate::http::packed_request::PackedRequest;
use crate::http::problem::{ApiError, CURSOR};
use crate::telemetry::audit::AuditLine;

/// Items in a page when the request does not say: a page of DescribeLogGroups and DescribeLogStreams.
const DEFAULT_LIMIT: usize = 50;
/// Items in a page at most.
const MAX_LIMIT: usize = 1000;

/// `limit` and `cursor`, read last: whatever else is left is refused.
pub(super) struct ListParameters {
    /// Items in the page.
    pub(super) limit: usize,
    /// Where to go on.
    pub(super) cursor: Option<String>,
}

impl ListParameters {
    /// Reads them, and ends the reading.
    pub(super) fn read(input: &mut Input, context: RequestContext<'_>) -> Result<Self, ApiError> {
        let limit = input.number("limit", 1, MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
        let cursor = input.take("cursor");
        json_only(input, context)?;
        Ok(Self { limit, cursor })
    }
}

/// Ends the reading of a request whose answer is JSON whatever is asked.
pub(super) fn json_only(input: &mut Input, context: RequestContext<'_>) -> Result<(), ApiError> {
    let chosen = input.choice("format", &[("json", Format::Json)]);
    input.finish()?;
    if chosen.is_none() {
        Format::negotiate(context.headers, &[Format::Json])?;
    }
    Ok(())
}

/// `source`: in which of the operator's sources the group is.
pub(super) fn source(input: &mut Input) -> Option<SourceName> {
    input.read("source", |text| SourceName::try_from(text))
}

/// Where events are, ready to be called: with the source, where without it another's group of that name would be found.
pub(super) fn path(caller: &Caller, source: &SourceName, group: &LogGroupName, stream: Option<&LogStreamName>) -> String {
    let mut path = format!("/logs/{}", to_url_spelling(group.as_str()));
    if let Some(stream) = stream {
        path += "/";
        path += &to_url_spelling(stream.as_str());
    }
    if policy::default_source(caller, Action::Read, group, stream).is_some_and(|usual| usual != source) {
        path += "?source=";
        path += source.as_str();
    }
    path
}

/// The cursor of a list: its request, and a place in the list.
pub(super) fn sealed<R: Serialize, P: Serialize>(
    app: &App,
    kind: &str,
    tenant: &TenantId,
    now: Millis,
    request: &R,
    place: &P,
) -> Result<String, ApiError> {
    let request =
        PackedRequest::pack(request).map_err(|error| ApiError::Internal(format!("a request with a next page {error}")))?;
    app.sealer.seal_position(kind, tenant, now, &request, place)
}

/// Opens what [`sealed`] made.
pub(super) fn opened<R: DeserializeOwned, P: DeserializeOwned>(
    kind: &str,
    context: RequestContext<'_>,
    text: &str,
) -> Result<(R, P), ApiError> {
    let (request, place): (PackedRequest, P) = context.app.sealer.open(kind, &context.caller.tenant.id, context.now, text)?;
    Ok((request.read().ok_or(ApiError::InvalidCursor(CURSOR.into()))?, place))
}

/// A parameter that is not what the cursor's request had.
pub(super) fn differs(parameter: &str) -> ApiError {
    ApiError::InvalidCursor(format!("`{parameter}` differs from the request that the cursor carries").into())
}

/// The audit line of a list.
pub(super) fn audit<Op: Operation>(app: &App, info: &RequestInfo, permit: &Permit<Op>, group: Option<&str>, items: usize) {
    if app.audit {
        AuditLine::new::<Op>(info.id(), info.audit_context(), permit, group, None).write(items as u64, 0, "end");
    }
}
