//! The request of a call to an AWS service with the JSON 1.1 protocol.
//!
//! Owns the form of the request: a POST to `/` with the operation in `X-Amz-Target`. `signer` signs it. Headers that proxies may
//! change are added after signing. Never takes a host, a target or a header from a caller of the API.

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use super::signer::{Signer, SigningError};
use crate::domain::time::Millis;

const CONTENT: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
/// The user agent in calls to AWS.
pub const AGENT: HeaderValue = HeaderValue::from_static(concat!("logmark/", env!("CARGO_PKG_VERSION")));
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct JsonCall<'a> {
    /// Scheme, host and port, with the path `/`.
    pub endpoint: &'a Uri,
    /// The target prefix of the service, `.`, and the operation.
    pub target: &'a str,
    /// The body, in JSON.
    pub body: &'a Bytes,
}

impl JsonCall<'_> {
    /// The request, signed as of `at`.
    ///
    /// # Errors
    /// [`SigningError`]: the target or the endpoint is invalid.
    pub fn signed(self, signer: &Signer, credentials: &Credentials, at: Millis) -> Result<Request<Full<Bytes>>, SigningError> {
        let mut post = Request::new(Full::new(self.body.clone()));
        *post.method_mut() = Method::POST;
        *post.uri_mut() = self.endpoint.clone();
        post.headers_mut().insert(CONTENT_TYPE, CONTENT);
        post.headers_mut().insert(TARGET, HeaderValue::try_from(self.target).map_err(|_| SigningError)?);
        signer.sign(&mut post, self.body, credentials, at)?;
        post.headers_mut().insert(USER_AGENT, AGENT);
        Ok(post)
    }
}
