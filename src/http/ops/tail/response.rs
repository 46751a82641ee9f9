//! The head of a tail's answer: everything that can refuse the request is done before it is sent.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::HeaderName;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use super::body::{TailBody, TailContext};
use super::frames::FrameWriter;
use crate::auth::permit::Permit;
use crate::domain::name::LogStreamName;
use crate::domain::time::Millis;
use crate::http::AppState;
use crate::http::authority::Authority;
use crate::http::authorized::RequestLease;
use crate::http::encode::Format;
use crate::http::encode::compress::Uncompressed;
use crate::http::layers::RequestInfo;
use crate::http::listener_load::LongLived;
use crate::http::ops::events::tail_request::{LiveFormat, TailRequest};
use crate::http::problem::ApiError;
use crate::sources::SourceError;
use crate::sources::tail::FollowEvents;
use crate::telemetry::audit::AuditLine;

/// Answers a request for a tail.
#[derive(Debug)]
pub struct TailResponder {
    /// The service's state.
    pub app: AppState,
    /// The request.
    pub request: TailRequest,
    /// When it began.
    pub now: Millis,
    /// Its id, trace and limits.
    pub info: Arc<RequestInfo>,
    /// The caller's permission.
    pub authority: Authority,
}

impl TailResponder {
    /// Opens the tail.
    ///
    /// # Errors
    /// A limit of tails, or the source's error.
    pub async fn respond<Op: FollowEvents>(self, permit: Permit<Op>) -> Result<Response, ApiError> {
        let Self { app, request, info, authority, .. } = self;
        let source = permit.sources().first().map(|rule| rule.source.clone()).ok_or(SourceError::NotFound)?;
        let tail = app.sources.tail(&permit)?;
        let guard = app.tails.open(&app.tenant_limits, &authority.caller().tenant).await?;
        let reader = Op::follow(tail, &permit, request.start.clone()).await?;
        // A tail is counted as a tail, and not as a running request too.
        info.release::<RequestLease>();
        let audit = app.audit.is_enabled().then(|| {
            let (group, stream) = (&request.cursor_request.group, &request.cursor_request.stream);
            let stream = stream.as_ref().map(LogStreamName::as_str);
            let line = AuditLine::new::<Op>(info.audit_context(), &permit, Some(group.as_str()), stream);
            line.write_begin();
            line
        });
        let format = request.format;
        let writer = FrameWriter::new(format, request.columns.clone());
        let draining = app.tails.draining();
        let budget = info.response_budget();
        let sent = info.take_sent();
        let permit_share = permit.share().clone();
        let context = TailContext { app, request, info, source, permit_share, operation: Op::NAME, audit, guard, sent };
        let body = TailBody::new(context, reader, writer, authority, draining, budget);
        Ok(with_headers(body.into_body().into_response(), format))
    }
}

fn with_headers(mut response: Response, format: LiveFormat) -> Response {
    let content_type = match format {
        LiveFormat::EventStream => Format::EventStream.content_type(),
        LiveFormat::Ndjson => Format::Ndjson.content_type(),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // nginx and proxies like it send each event at once.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response.extensions_mut().insert(Uncompressed);
    response.extensions_mut().insert(LongLived);
    response
}
