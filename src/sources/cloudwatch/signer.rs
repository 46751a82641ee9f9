//! Signature Version 4 over one of our own requests.
//!
//! Owns the canonical request, which is simpler here than in general: a POST to `/` without a query, whose headers are all
//! ours. Signed are those present when [`Signer::sign`] is called, plus `host`, `x-amz-date` and the session token. Never
//! signs anything that a caller wrote: host, region and service are the configuration's, the target is a constant. What is
//! signed is made by `json_call`.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use crate::domain::time::Millis;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// A request that can't be signed: a fault of ours, as everything in it is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request could not be signed")]
pub(super) struct NotSigned;

/// Who signs, for which service and region, and as of when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signer<'a> {
    /// The service's name in the credential scope.
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) credentials: &'a Credentials,
    pub(super) at: Millis,
}

impl Signer<'_> {
    /// Adds the signature to `request`, whose body is `body`.
    pub(super) fn sign(&self, request: &mut Request<Full<Bytes>>, body: &Bytes) -> Result<(), NotSigned> {
        let Self { service, region, credentials, at } = *self;
        let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).map_err(|_| NotSigned)?);
        let date = basic_format(at);
        let day = date.get(..8).ok_or(NotSigned)?;
        request.headers_mut().insert(DATE, HeaderValue::try_from(&date).map_err(|_| NotSigned)?);
        if let Some(token) = credentials.session_token() {
            request.headers_mut().insert(TOKEN, secret(token)?);
        }
        let (canonical, signed) = canonical_request(request, body)?;
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let key = generate_signing_key(credentials.secret_access_key(), time, region, service);
        let signature = calculate_signature(key, to_sign.as_bytes());
        let id = credentials.access_key_id();
        let authorization = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}");
        request.headers_mut().insert(AUTHORIZATION, secret(&authorization)?);
        Ok(())
    }
}

/// The canonical request, and the names of the headers in it.
fn canonical_request(request: &Request<Full<Bytes>>, body: &Bytes) -> Result<(String, String), NotSigned> {
    if request.method() != Method::POST || request.uri().path() != "/" || request.uri().query().is_some() {
        return Err(NotSigned);
    }
    let mut headers = vec![("host", host(request.uri())?)];
    for (name, value) in request.headers() {
        headers.push((name.as_str(), value.to_str().map_err(|_| NotSigned)?.trim()));
    }
    headers.sort_unstable();
    let signed = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut canonical = "POST\n/\n\n".to_owned();
    for (name, value) in headers {
        let _infallible = writeln!(canonical, "{name}:{value}");
    }
    let _infallible = write!(canonical, "\n{signed}\n{}", sha256(body));
    Ok((canonical, signed))
}

/// The `Host` that hyper will send: the scheme's own port is left out.
fn host(uri: &Uri) -> Result<&str, NotSigned> {
    let authority = uri.authority().ok_or(NotSigned)?;
    let own_port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    Ok(if authority.port_u16() == Some(own_port) { authority.host() } else { authority.as_str() })
}

/// The time as in `20261120T100000Z`.
fn basic_format(at: Millis) -> String {
    let mut text: String = at.to_string().chars().take_while(|c| *c != '.').filter(|c| !"-:".contains(*c)).collect();
    text.push('Z');
    text
}

fn sha256(bytes: &[u8]) -> String {
    let sum = digest(&SHA256, bytes);
    let digits = sum.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// A value that no `Debug` shows.
fn secret(text: &str) -> Result<HeaderValue, NotSigned> {
    let mut value = HeaderValue::try_from(text).map_err(|_| NotSigned)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
    use aws_sigv4::sign::v4;
    use http::header::CONTENT_TYPE;

    use super::*;

    const AT: Millis = Millis(1_795_168_800_999);

    fn request(uri: &str) -> Request<Full<Bytes>> {
        let request = Request::post(uri).header(CONTENT_TYPE, "application/x-amz-json-1.1").header("x-amz-target", "Logs_1.Do");
        request.body(Full::default()).unwrap()
    }

    fn sign(request: &mut Request<Full<Bytes>>, body: &Bytes, credentials: &Credentials) -> Result<(), NotSigned> {
        Signer { service: "logs", region: "eu-west-1", credentials, at: AT }.sign(request, body)
    }

    /// The headers that aws-sigv4 adds, which knows every kind of request.
    fn theirs(request: &Request<Full<Bytes>>, body: &Bytes, credentials: &Credentials) -> Vec<(String, String)> {
        let identity = credentials.clone().into();
        let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(AT.0).unwrap());
        let params = v4::SigningParams::builder().identity(&identity).region("eu-west-1").name("logs").time(time);
        let params = params.settings(SigningSettings::default()).build().unwrap().into();
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let uri = request.uri().to_string();
        let signable = SignableRequest::new("POST", uri, headers, SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = aws_sigv4::http_request::sign(signable, &params).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn what_is_added_is_what_aws_own_signer_adds() {
        for uri in ["https://logs.eu-west-1.amazonaws.com/", "https://host:443/", "http://host:80/", "http://127.0.0.1:4566/"] {
            for token in [None, Some("a/session+token==".to_owned())] {
                for body in ["", "{\"logGroupName\":\"/acme/api\"}"] {
                    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token.clone(), None, "test");
                    let body = Bytes::from_static(body.as_bytes());
                    let (mut ours, before) = (request(uri), request(uri));
                    sign(&mut ours, &body, &credentials).unwrap();
                    let theirs = theirs(&before, &body, &credentials);
                    assert_eq!(ours.headers().len(), before.headers().len() + theirs.len());
                    for (name, value) in theirs {
                        assert_eq!(ours.headers()[&name], value, "{name} {uri}");
                    }
                }
            }
        }
    }

    #[test]
    fn another_kind_of_request_is_not_signed() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", None, None, "test");
        for uri in ["https://host/path", "https://host/?query", "/"] {
            assert_eq!(sign(&mut request(uri), &Bytes::new(), &credentials), Err(NotSigned), "{uri}");
        }
    }

    #[test]
    fn neither_key_nor_token_shows_in_a_debug_text() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", Some("token".to_owned()), None, "test");
        let mut request = request("https://host/");
        sign(&mut request, &Bytes::new(), &credentials).unwrap();
        let text = format!("{:?}", request.headers());
        assert!(!text.contains("AKIDEXAMPLE") && !text.contains("\"token\""), "{text}");
    }
}
