//! The shared part of the lists: parameters, cursors, and audit lines.
//!
//! Owns [`ListParameters`] and the cursors of lists. Other JSON operations use [`json_only`], [`path`] and [`audit`] too.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::parameters::{JSON_FORMAT, LIST_CURSOR, LIST_LIMIT};
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
use crate::http::parameter::AnyParameter;
use crate::http::problem::{ApiError, INVALID_CURSOR};
use crate::telemetry::audit::AuditLine;

/// The default of `limit`: a page of DescribeLogGroups and DescribeLogStreams.
const DEFAULT_LIMIT: usize = 50;

/// The parameters of every list.
pub(super) const LIST: &[&dyn AnyParameter] = &[&LIST_LIMIT, &LIST_CURSOR, &JSON_FORMAT];

/// `limit` and `cursor`. They are read last, since reading them ends with [`Input::finish`].
pub(super) struct ListParameters {
    /// Items in the page.
    pub(super) limit: usize,
    /// The cursor.
    pub(super) cursor: Option<String>,
}

impl ListParameters {
    /// Reads them, and ends the reading.
    pub(super) fn read(input: &mut Input, context: RequestContext<'_>) -> Result<Self, ApiError> {
        let limit = input.get(&LIST_LIMIT).unwrap_or(DEFAULT_LIMIT);
        let cursor = input.get(&LIST_CURSOR);
        json_only(input, context)?;
        Ok(Self { limit, cursor })
    }
}

/// Ends the reading of a request whose answer is always JSON.
pub(super) fn json_only(input: &mut Input, context: RequestContext<'_>) -> Result<(), ApiError> {
    let chosen = input.get(&JSON_FORMAT);
    input.finish()?;
    if chosen.is_none() {
        Format::negotiate(context.headers, &[Format::Json])?;
    }
    Ok(())
}

/// The path of the events of a group or stream. It has the source if another source's group of this name is the default.
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

/// The cursor of a list: its request, and a position in the list.
pub(super) fn sealed<R: Serialize, P: Serialize>(
    app: &App,
    kind: &str,
    tenant: &TenantId,
    now: Millis,
    request: &R,
    place: &P,
) -> Result<String, ApiError> {
    let request = PackedRequest::pack(request)
        .map_err(|error| ApiError::Internal(format!("the request of a page with a next page {error}")))?;
    app.sealer.seal_position(kind, tenant, now, &request, place)
}

/// Opens a cursor that [`sealed`] made.
pub(super) fn opened<R: DeserializeOwned, P: DeserializeOwned>(
    kind: &str,
    context: RequestContext<'_>,
    text: &str,
) -> Result<(R, P), ApiError> {
    let (request, place): (PackedRequest, P) = context.app.sealer.open(kind, &context.caller.tenant.id, context.now, text)?;
    Ok((request.read().ok_or(ApiError::InvalidCursor(INVALID_CURSOR.into()))?, place))
}

/// The error for a parameter that differs from the request in the cursor.
pub(super) fn differs(parameter: &str) -> ApiError {
    ApiError::InvalidCursor(format!("`{parameter}` differs from the request in the cursor: leave it out").into())
}

/// The audit line of a list.
pub(super) fn audit<Op: Operation>(app: &App, info: &RequestInfo, permit: &Permit<Op>, group: Option<&str>, items: usize) {
    if app.audit.is_enabled() {
        AuditLine::new::<Op>(info.audit_context(), permit, group, None).write(items as u64, 0, "end");
    }
}
