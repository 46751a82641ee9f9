//! Runs the function on the Lambda runtime of `lambda_http`, and posts streamed responses.
//!
//! Owns the layer that posts streamed responses, and the checks of the variables that the runtime needs. Never parses an event or
//! a response. docs/decisions/006 says why streamed responses bypass the runtime.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{CONTENT_TYPE, TRAILER, USER_AGENT};
use http::uri::{Authority, InvalidUri};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::lambda_runtime::{Diagnostic, LambdaInvocation, Runtime};
use lambda_http::tower::layer::layer_fn;
use lambda_http::{Error, Service};

use super::function::Function;

const VERSION: &str = "2018-06-01";
/// Ties a response to one delivery of an event. Lambda refuses a late response of an invocation that timed out, so that the next
/// caller does not receive it.
const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
/// The type of the error, in the trailers of a streamed response.
pub(super) const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
/// The same as JSON, in base64.
pub(super) const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
const STREAMED: HeaderValue = HeaderValue::from_static("application/vnd.awslambda.http-integration-response");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("logmark/", env!("CARGO_PKG_VERSION")));
/// Maximum bytes that are read of the reply to a posted response, so that the connection can be used again.
const MAX_REPLY: usize = 64 << 10;
/// Replaces an event that no front end sends, so that the runtime's deserializer does not log pieces of it.
const UNKNOWN_EVENT: Bytes = Bytes::from_static(b"null");
/// The variables that the runtime reads at its start; it panics if one is missing.
const REQUIRED: [&str; 3] = ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", MEMORY_SIZE];
const MEMORY_SIZE: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// The function could not start, or the runtime ended.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// `AWS_LAMBDA_RUNTIME_API` is not host and port, nor a URL.
    #[error("`AWS_LAMBDA_RUNTIME_API` is not an address: `{0}`")]
    Address(String),
    /// A variable that Lambda sets is missing or malformed.
    #[error("the environment variable `{0}`, which Lambda sets, is missing or malformed")]
    Environment(&'static str),
    /// The Runtime API can't be reached, or broke its protocol.
    #[error("the Lambda runtime ended: {0}")]
    Ended(Error),
}

/// Receives events and posts answers until the Runtime API at `address` can no longer be reached.
pub(super) async fn run(function: Function, address: &str) -> Result<(), RuntimeError> {
    check_environment()?;
    let poster = ResponsePoster::new(address)?;
    let layer = layer_fn(|inner| StreamedResponses { inner, function: function.clone(), poster: poster.clone() });
    Runtime::new(function.clone()).layer(layer).run().await.map_err(RuntimeError::Ended)
}

fn check_environment() -> Result<(), RuntimeError> {
    let value = |name| std::env::var(name).map_err(|_| RuntimeError::Environment(name));
    REQUIRED.into_iter().try_for_each(|name| value(name).map(drop))?;
    value(MEMORY_SIZE)?.parse::<i32>().map(drop).map_err(|_| RuntimeError::Environment(MEMORY_SIZE))
}

/// Handles the events of front ends that stream, and passes all others to the runtime.
struct StreamedResponses<S> {
    inner: S,
    function: Function,
    poster: ResponsePoster,
}

impl<S> Service<LambdaInvocation> for StreamedResponses<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let Ok(event) = serde_json::from_slice(&invocation.body) else {
            invocation.body = UNKNOWN_EVENT;
            return Box::pin(self.inner.call(invocation));
        };
        if !self.function.streams(&event) {
            return Box::pin(self.inner.call(invocation));
        }
        let (function, poster) = (self.function.clone(), self.poster.clone());
        Box::pin(async move {
            // A panic is a bug. It fails this event, and does not end the function.
            match AssertUnwindSafe(function.stream(event, &invocation.context)).catch_unwind().await {
                Ok(Ok(body)) => poster.post(&invocation, body).await,
                Ok(Err(no_request)) => poster.refuse(&invocation, &no_request.into()).await,
                Err(_panic) => poster.refuse(&invocation, &failed()).await,
            }
            Ok(())
        })
    }
}

/// The error for a response that failed because of a bug.
fn failed() -> Diagnostic {
    Diagnostic {
        error_type: "Logmark.Failed".to_owned(),
        error_message: "the function failed because of a bug: see its log".to_owned(),
    }
}

/// Posts responses to the Runtime API.
#[derive(Debug, Clone)]
struct ResponsePoster {
    /// Scheme, host, port, and the path prefix.
    base: String,
    client: Client<HttpConnector, Body>,
}

impl ResponsePoster {
    /// For the address in `AWS_LAMBDA_RUNTIME_API`: host and port; emulators write a URL.
    fn new(address: &str) -> Result<Self, RuntimeError> {
        let bare = address.strip_prefix("http://").unwrap_or(address).trim_end_matches('/');
        let authority: Result<Authority, InvalidUri> = bare[..bare.find('/').unwrap_or(bare.len())].parse();
        authority.map_err(|_| RuntimeError::Address(address.to_owned()))?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { base: format!("http://{bare}"), client })
    }

    /// Posts a streamed response. A failure only affects this response: it is logged, and the next event is read.
    async fn post(&self, invocation: &LambdaInvocation, body: Body) {
        let request = self.request(invocation, "response", body).map(|mut request| {
            let headers = request.headers_mut();
            headers.insert(CONTENT_TYPE, STREAMED);
            headers.insert(RESPONSE_MODE, HeaderValue::from_static("streaming"));
            headers.append(TRAILER, HeaderValue::from_static("Lambda-Runtime-Function-Error-Type"));
            headers.append(TRAILER, HeaderValue::from_static("Lambda-Runtime-Function-Error-Body"));
            request
        });
        self.send(invocation, request).await;
    }

    /// Posts an error instead of a response.
    async fn refuse(&self, invocation: &LambdaInvocation, error: &Diagnostic) {
        let body = serde_json::to_vec(error).unwrap_or_default();
        let request = self.request(invocation, "error", body.into()).map(|mut request| {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if let Ok(kind) = HeaderValue::try_from(&error.error_type) {
                request.headers_mut().insert(ERROR_TYPE, kind);
            }
            request
        });
        self.send(invocation, request).await;
    }

    fn request(&self, invocation: &LambdaInvocation, verb: &str, body: Body) -> Result<Request<Body>, http::Error> {
        let uri = format!("{}/{VERSION}/runtime/invocation/{}/{verb}", self.base, invocation.context.request_id);
        let mut request = Request::builder().method(Method::POST).uri(uri).header(USER_AGENT, AGENT).body(body)?;
        if let Some(id) = invocation.parts.headers.get(INVOCATION_ID) {
            request.headers_mut().insert(INVOCATION_ID, id.clone());
        }
        Ok(request)
    }

    async fn send(&self, invocation: &LambdaInvocation, request: Result<Request<Body>, http::Error>) {
        let failure = match request {
            Ok(request) => match self.client.request(request).await {
                Ok(response) => {
                    let status = response.status();
                    drop(Limited::new(response.into_body(), MAX_REPLY).collect().await);
                    if status.is_success() { None } else { Some(format!("the Runtime API answered {status}")) }
                }
                Err(error) => Some(error.to_string()),
            },
            Err(error) => Some(error.to_string()),
        };
        if let Some(failure) = failure {
            let id = &invocation.context.request_id;
            tracing::error!(invocation.id = id, error = failure, "a streamed response could not be posted: {failure}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port_or_a_url() {
        for (address, base) in [
            ("127.0.0.1:9001", "http://127.0.0.1:9001"),
            ("169.254.100.1", "http://169.254.100.1"),
            ("http://127.0.0.1:9000/.rt", "http://127.0.0.1:9000/.rt"),
            ("http://localhost:9000/", "http://localhost:9000"),
        ] {
            assert_eq!(ResponsePoster::new(address).unwrap().base, base);
        }
        for address in ["", "/x", "http://", "a\nb"] {
            assert!(matches!(ResponsePoster::new(address), Err(RuntimeError::Address(_))), "{address}");
        }
    }
}
