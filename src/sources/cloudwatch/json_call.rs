//! A call to a service of AWS's that speaks JSON 1.1, as the request that is sent.
//!
//! Owns the request's form: a POST to `/` whose operation stands in `X-Amz-Target`, signed but for what proxies may change.
//! Never takes a host, a target or a header from a caller. What is signed, and how, is `signer`'s.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use super::signer::{NotSigned, Signer};

const CONTENT: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("logmark/", env!("CARGO_PKG_VERSION")));
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// One call, as it is to be signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonCall<'a> {
    /// Scheme, host and port, with the path `/`.
    pub(super) endpoint: &'a Uri,
    /// The protocol's prefix of the service, `.`, the operation.
    pub(super) target: &'a str,
    pub(super) body: &'a Bytes,
}

impl JsonCall<'_> {
    /// The request, signed.
    pub(super) fn signed(self, signer: Signer<'_>) -> Result<Request<Full<Bytes>>, NotSigned> {
        let mut post = Request::new(Full::new(self.body.clone()));
        *post.method_mut() = Method::POST;
        *post.uri_mut() = self.endpoint.clone();
        post.headers_mut().insert(CONTENT_TYPE, CONTENT);
        post.headers_mut().insert(TARGET, HeaderValue::try_from(self.target).map_err(|_| NotSigned)?);
        signer.sign(&mut post, self.body)?;
        post.headers_mut().insert(USER_AGENT, AGENT);
        Ok(post)
    }
}
