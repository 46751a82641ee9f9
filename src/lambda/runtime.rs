//! Lambda's Runtime API: the next event, and the answer to it.
//!
//! Owns the one connection to it, which is on the same machine, and the form of both. Never looks into an event or an answer.
//! Why it is ours: docs/decisions/006.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, TRAILER, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const VERSION: &str = "2018-06-01";
/// An event has 6 MB at most.
const MOST_EVENT: usize = 16 << 20;
/// In a streamed answer's trailers, and the headers of an error: what went wrong.
pub(super) const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
/// The same in words: JSON, in base64.
pub(super) const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
const STREAMED: HeaderValue = HeaderValue::from_static("application/vnd.awslambda.http-integration-response");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("logmark/", env!("CARGO_PKG_VERSION")));

/// The Runtime API can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// `AWS_LAMBDA_RUNTIME_API` is no address.
    #[error("`AWS_LAMBDA_RUNTIME_API` is no address: `{0}`")]
    Address(String),
    /// No connection.
    #[error("the Runtime API can't be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    /// The connection broke.
    #[error("the Runtime API broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// An answer that is none.
    #[error("the Runtime API answered {0}")]
    Answer(String),
}

/// One event to be answered.
#[derive(Debug)]
pub(super) struct Invocation {
    /// Lambda's id for it.
    pub(super) id: String,
    /// When the function is stopped: epoch milliseconds.
    pub(super) deadline_millis: u64,
    /// The event.
    pub(super) event: Bytes,
}

/// The answer to an event.
#[derive(Debug)]
pub(super) enum Reply {
    /// One JSON value.
    Whole(Vec<u8>),
    /// A head and a body, in the form of [`super::streamed`].
    Streamed(Body),
    /// It was no event that we know.
    NoEvent,
    /// The answer failed by a bug.
    Failed,
}

/// The Runtime API.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    /// Host and port.
    authority: String,
    /// What stands before all paths; mostly nothing.
    base: String,
    connection: Option<SendRequest<Body>>,
}

impl RuntimeApi {
    /// At the address in `AWS_LAMBDA_RUNTIME_API`: host and port; emulators write a URL.
    pub(super) fn at(address: &str) -> Result<Self, RuntimeError> {
        let bare = address.strip_prefix("http://").unwrap_or(address).trim_end_matches('/');
        let (authority, base) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
        if authority.is_empty() || HeaderValue::try_from(authority).is_err() {
            return Err(RuntimeError::Address(address.to_owned()));
        }
        // Without a port it is that of HTTP.
        let port = if authority.contains(':') { "" } else { ":80" };
        Ok(Self { authority: format!("{authority}{port}"), base: base.to_owned(), connection: None })
    }

    /// Waits for the next event.
    pub(super) async fn next(&mut self) -> Result<Invocation, RuntimeError> {
        let response = self.send(self.request(Method::GET, "next", Body::empty())?).await?;
        let (head, body) = response.into_parts();
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let missing = |name: &str| RuntimeError::Answer(format!("{} without `{name}`", head.status));
        if head.status != StatusCode::OK {
            return Err(RuntimeError::Answer(head.status.to_string()));
        }
        let (id, deadline) = ("lambda-runtime-aws-request-id", "lambda-runtime-deadline-ms");
        let deadline_millis = text(deadline).and_then(|text| text.parse().ok()).ok_or_else(|| missing(deadline))?;
        let id = text(id).filter(|id| is_id(id)).ok_or_else(|| missing(id))?.to_owned();
        let event = Limited::new(body, MOST_EVENT).collect().await.map_err(|error| RuntimeError::Answer(error.to_string()))?;
        Ok(Invocation { id, deadline_millis, event: event.to_bytes() })
    }

    /// Sends the answer. What goes wrong concerns this one alone: it is logged, and the next event is asked for.
    pub(super) async fn answer(&mut self, invocation: &Invocation, reply: Reply) {
        let id = &invocation.id;
        let request = match reply {
            Reply::Whole(json) => self.request(Method::POST, &format!("{id}/response"), json.into()),
            Reply::Streamed(body) => self.request(Method::POST, &format!("{id}/response"), body).map(|mut request| {
                let headers = request.headers_mut();
                headers.insert(CONTENT_TYPE, STREAMED);
                headers.insert(RESPONSE_MODE, HeaderValue::from_static("streaming"));
                headers.append(TRAILER, HeaderValue::from_static(ERROR_TYPE_NAME));
                headers.append(TRAILER, HeaderValue::from_static(ERROR_BODY_NAME));
                request
            }),
            Reply::NoEvent => self.error(id, NO_EVENT, "Logmark.NoEvent"),
            Reply::Failed => self.error(id, FAILED, "Logmark.Failed"),
        };
        let sent = match request {
            Ok(request) => self.send(request).await,
            Err(error) => Err(error),
        };
        let taken = match sent {
            Ok(response) => {
                let status = response.status();
                // The connection is used again when its answer has been read.
                drop(Limited::new(response.into_body(), MOST_EVENT).collect().await);
                if status.is_success() { Ok(()) } else { Err(RuntimeError::Answer(status.to_string())) }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            tracing::error!(invocation.id = id, error = %error, "an answer was not taken: {error}");
        }
    }

    fn error(&self, id: &str, body: &'static str, kind: &'static str) -> Result<Request<Body>, RuntimeError> {
        self.request(Method::POST, &format!("{id}/error"), body.into()).map(|mut request| {
            request.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(kind));
            request
        })
    }

    fn request(&self, method: Method, path: &str, body: Body) -> Result<Request<Body>, RuntimeError> {
        let target = format!("{}/{VERSION}/runtime/invocation/{path}", self.base);
        let request = Request::builder().method(method).uri(target).header(HOST, &self.authority).header(USER_AGENT, AGENT);
        let request = request.header(CONTENT_TYPE, JSON).body(body);
        request.map_err(|error| RuntimeError::Address(format!("{}: {error}", self.authority)))
    }

    async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, RuntimeError> {
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => self.connect().await?,
        };
        // The other side may close what it has not used for a while.
        if connection.ready().await.is_err() {
            connection = self.connect().await?;
        }
        let response = connection.send_request(request).await?;
        self.connection = Some(connection);
        Ok(response)
    }

    async fn connect(&self) -> Result<SendRequest<Body>, RuntimeError> {
        let socket = TcpStream::connect(&self.authority).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        // It ends with the sender, and says there what went wrong.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}

const ERROR_TYPE_NAME: &str = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY_NAME: &str = "Lambda-Runtime-Function-Error-Body";
/// The error for something that no front door sends.
const NO_EVENT: &str = "{\"errorType\":\"Logmark.NoEvent\",\"errorMessage\":\"this is no event of API Gateway, of a load \
    balancer or of a function URL\"}";

/// The error for a bug.
const FAILED: &str = "{\"errorType\":\"Logmark.Failed\",\"errorMessage\":\"the answer failed by a bug; see the function's log\"}";

/// An id goes into a path.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port_or_a_url() {
        for (address, authority, base) in [
            ("127.0.0.1:9001", "127.0.0.1:9001", ""),
            ("169.254.100.1", "169.254.100.1:80", ""),
            ("http://127.0.0.1:9000/.rt", "127.0.0.1:9000", "/.rt"),
            ("http://localhost:9000/", "localhost:9000", ""),
        ] {
            let api = RuntimeApi::at(address).unwrap();
            assert_eq!((api.authority.as_str(), api.base.as_str()), (authority, base));
        }
        for address in ["", "/x", "http://", "a\nb"] {
            assert!(matches!(RuntimeApi::at(address), Err(RuntimeError::Address(_))), "{address}");
        }
    }
}
