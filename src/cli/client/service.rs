//! Requests to the service: their URLs, headers, retries, and the check that an answer is one of this API.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::response::Parts;
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use super::ConnectionArgs;
use super::connection::Connection;
use super::exchange::{Http, connection_headers, target};
use super::failure::ClientError;
use super::output::safe;
use super::problem::{ServiceError, shown};
use super::progress::Progress;
use super::retry::{Repeatable, Retry};

/// Everything but RFC 3986's unreserved characters is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Limit for the head of an answer: a query waits for 20 s, and a busy source retries for longer.
const HEAD_TIMEOUT: Duration = Duration::from_secs(100);
/// Limit for the wait for more of a body. A tail has a sign of life every 15 s.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of an answer that is read as a whole at most. A page has at most 10,000 rows.
const MAX_JSON: usize = 256 * 1024 * 1024;
/// Bytes of an error's body that are read.
const MAX_ERROR: usize = 256 * 1024;

/// A path of the API with its parameters.
#[derive(Debug, Clone)]
pub(super) struct Path(String);

impl Path {
    /// The names, each as one segment.
    pub(super) fn new(segments: &[&str]) -> Self {
        Self(segments.iter().map(|segment| format!("/{}", utf8_percent_encode(segment, ENCODED))).collect())
    }

    /// Adds a parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ENCODED));
        self
    }

    /// Adds a parameter that may be absent.
    pub(super) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) body: Bytes,
    /// The media type that the answer must have.
    pub(super) accept: &'static str,
    /// More headers.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) repeatable: Repeatable,
}

impl Call {
    /// A GET of JSON.
    pub(super) fn get(path: Path) -> Self {
        let (body, accept) = (Bytes::new(), "application/json");
        Self { method: Method::GET, path, body, accept, headers: Vec::new(), repeatable: Repeatable::Yes }
    }
}

/// The service, with a separate connection.
#[derive(Debug)]
pub(super) struct Service {
    connection: Arc<Connection>,
    http: Http,
}

impl Service {
    /// Checks the arguments. Nothing is sent.
    pub(super) fn new(args: &ConnectionArgs) -> Result<Self, ClientError> {
        Ok(Self { connection: Arc::new(Connection::new(args)?), http: Http::default() })
    }

    /// The same service over another connection.
    pub(super) fn another(&self) -> Self {
        Self { connection: Arc::clone(&self.connection), http: Http::default() }
    }

    /// The value of `Authorization` now.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, ClientError> {
        self.connection.authorization()
    }

    /// Sends a request once. The answer has a success status and the media type of the request.
    pub(super) async fn send(&mut self, call: &Call) -> Result<(Parts, Incoming), ClientError> {
        let url = format!("{}{}", self.connection.base, call.path.0);
        let authority = self.connection.origin.authority().to_owned();
        let sending = async {
            let request = self.request(call, &url)?;
            let (head, body) = self.http.send(&self.connection, request).await?.into_parts();
            // Without the query string, which contains cursors.
            let shown_url = safe(url.split('?').next().unwrap_or_default());
            if !head.status.is_success() {
                let body = collect(body, MAX_ERROR).await.unwrap_or_default();
                return Err(ClientError::Service(Box::new(ServiceError::new(&head, &body, &shown_url))));
            }
            let media_type = head.headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            let essence = media_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
            if !call.accept.is_empty() && !essence.eq_ignore_ascii_case(call.accept) {
                let body = collect(body, MAX_ERROR).await.unwrap_or_default();
                return Err(ClientError::Unexpected(format!(
                    "{shown_url} answered with `{}` instead of `{}`: is this the URL of the service?{}",
                    safe(essence),
                    call.accept,
                    shown(&body)
                )));
            }
            Ok((head, body))
        };
        tokio::time::timeout(HEAD_TIMEOUT, sending).await.unwrap_or_else(|_elapsed| {
            Err(ClientError::Unavailable(format!("{authority} gave no answer within {} s", HEAD_TIMEOUT.as_secs())))
        })
    }

    fn request(&self, call: &Call, url: &str) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut builder = Request::builder().method(call.method.clone()).uri(target(&self.connection, url)?);
        builder = connection_headers(&self.connection, builder)
            .header(ACCEPT, if call.accept.is_empty() { "*/*" } else { call.accept })
            .header(USER_AGENT, concat!("logmark/", env!("CARGO_PKG_VERSION")));
        if let Some(value) = self.connection.authorization()? {
            builder = builder.header(AUTHORIZATION, value);
        }
        if !call.body.is_empty() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in &call.headers {
            builder = builder.header(*name, value);
        }
        builder
            .body(Full::new(call.body.clone()))
            .map_err(|error| ClientError::Usage(format!("can't send this request: {error}")))
    }

    /// Sends a request until it succeeds or fails for good.
    pub(super) async fn open(
        &mut self,
        call: &Call,
        retry: &mut Retry,
        progress: &Progress,
    ) -> Result<(Parts, Incoming), ClientError> {
        loop {
            match self.send(call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => progress.wait(retry, error, call.repeatable).await?,
            }
        }
    }

    /// Sends a request and reads its JSON.
    pub(super) async fn json<T: DeserializeOwned>(&mut self, call: &Call, progress: &Progress) -> Result<T, ClientError> {
        let body = self.bytes(call, progress).await?;
        serde_json::from_slice(&body).map_err(|error| ClientError::unexpected("the service gave an unexpected answer", error))
    }

    /// Sends a request and reads its body.
    pub(super) async fn bytes(&mut self, call: &Call, progress: &Progress) -> Result<Bytes, ClientError> {
        let mut retry = Retry::default();
        loop {
            let (_, body) = self.open(call, &mut retry, progress).await?;
            match collect(body, MAX_JSON).await {
                Ok(body) => return Ok(body),
                Err(error) => progress.wait(&mut retry, error, call.repeatable).await?,
            }
        }
    }
}

/// Reads a body of at most `most` bytes.
async fn collect(mut body: Incoming, most: usize) -> Result<Bytes, ClientError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = next_frame(&mut body).await? {
        if bytes.len() + frame.len() > most {
            return Err(ClientError::Unexpected(format!("the answer is longer than {most} bytes")));
        }
        bytes.extend_from_slice(&frame);
    }
    Ok(bytes.freeze())
}

/// More of a body; `None` at its end. Trailers are left out.
pub(super) async fn next_frame(body: &mut Incoming) -> Result<Option<Bytes>, ClientError> {
    loop {
        let frame = tokio::time::timeout(IDLE_TIMEOUT, body.frame()).await;
        let frame =
            frame.map_err(|_elapsed| ClientError::Unavailable(format!("the answer stopped for {} s", IDLE_TIMEOUT.as_secs())))?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => return Err(ClientError::Unavailable(format!("the answer was cut off: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_segment_and_values_are_encoded() {
        let path = Path::new(&["groups", "/acme/api", "streams"]).with("prefix", "a&b=c d").with_some("cursor", None);
        assert_eq!(path.0, "/groups/%2Facme%2Fapi/streams?prefix=a%26b%3Dc%20d");
    }
}
