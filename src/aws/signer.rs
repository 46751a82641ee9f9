//! Signature Version 4 over one of our own requests.
//!
//! Owns the canonical request, which is simpler here than in general: no query, headers that are all ours, and the path `/`, but
//! for S3, where it is a key that is encoded already. Signed are the headers present when [`Signer::sign`] is called, plus
//! `host`, `x-amz-date` and the session token. Never signs anything that a caller wrote: host, path, region and service are the
//! configuration's, the target is a constant.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
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

/// S3's name in the credential scope.
pub const S3: &str = "s3";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
/// S3 wants the body's digest as a header too.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// A request that can't be signed: a fault of ours, as everything in it is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request could not be signed")]
pub struct SigningError;

/// Signs for one service in one region.
pub struct Signer {
    /// The service's name in the credential scope.
    service: &'static str,
    region: String,
    /// The key of a day: it takes as long to make as all the rest of a signature.
    key: Mutex<Option<DayKey>>,
}

struct DayKey {
    day: String,
    credentials: Credentials,
    key: Arc<[u8]>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({}, {})", self.service, self.region)
    }
}

impl Signer {
    /// For a service of AWS, by its name in the credential scope.
    #[must_use]
    pub fn new(service: &'static str, region: impl Into<String>) -> Self {
        Self { service, region: region.into(), key: Mutex::default() }
    }

    /// Adds the signature to `request`, whose body is `body`, as of `at`.
    ///
    /// # Errors
    /// [`SigningError`]: another kind of request than those that we make.
    pub fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &Bytes,
        credentials: &Credentials,
        at: Millis,
    ) -> Result<(), SigningError> {
        let (service, region) = (self.service, &self.region);
        let date = basic_format(at);
        let day = date.get(..8).ok_or(SigningError)?;
        request.headers_mut().insert(DATE, HeaderValue::try_from(&date).map_err(|_| SigningError)?);
        if service == S3 {
            request.headers_mut().insert(CONTENT_DIGEST, HeaderValue::try_from(sha256(body)).map_err(|_| SigningError)?);
        }
        if let Some(token) = credentials.session_token() {
            request.headers_mut().insert(TOKEN, secret(token)?);
        }
        let (canonical, signed) = canonical_request(service, request, body)?;
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let signature = calculate_signature(self.key(day, credentials, at)?, to_sign.as_bytes());
        let id = credentials.access_key_id();
        let authorization = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}");
        request.headers_mut().insert(AUTHORIZATION, secret(&authorization)?);
        Ok(())
    }

    /// The signing key of these credentials for the day.
    fn key(&self, day: &str, credentials: &Credentials, at: Millis) -> Result<Arc<[u8]>, SigningError> {
        let is_same = |kept: &Credentials| {
            kept.access_key_id() == credentials.access_key_id() && kept.secret_access_key() == credentials.secret_access_key()
        };
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.day == day && is_same(&kept.credentials)) {
            return Ok(Arc::clone(&kept.key));
        }
        let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).map_err(|_| SigningError)?);
        let key = generate_signing_key(credentials.secret_access_key(), time, &self.region, self.service);
        let key: Arc<[u8]> = key.as_ref().into();
        *kept = Some(DayKey { day: day.to_owned(), credentials: credentials.clone(), key: Arc::clone(&key) });
        Ok(key)
    }
}

/// The canonical request, and the names of the headers in it.
fn canonical_request(service: &str, request: &Request<Full<Bytes>>, body: &Bytes) -> Result<(String, String), SigningError> {
    let (method, path) = (request.method(), request.uri().path());
    let ours = if service == S3 { *method == Method::GET && is_encoded(path) } else { *method == Method::POST && path == "/" };
    if !ours || request.uri().query().is_some() {
        return Err(SigningError);
    }
    let mut headers = vec![("host", host(request.uri())?)];
    for (name, value) in request.headers() {
        headers.push((name.as_str(), value.to_str().map_err(|_| SigningError)?.trim()));
    }
    headers.sort_unstable();
    let signed = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut canonical = format!("{method}\n{path}\n\n");
    for (name, value) in headers {
        let _infallible = writeln!(canonical, "{name}:{value}");
    }
    let _infallible = write!(canonical, "\n{signed}\n{}", sha256(body));
    Ok((canonical, signed))
}

/// Is it a path as AWS writes it: unreserved characters, slashes, and all else as `%2A`?
fn is_encoded(path: &str) -> bool {
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'%' => bytes.next().is_some_and(|byte| hex(&byte)) && bytes.next().is_some_and(|byte| hex(&byte)),
            byte => byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte),
        };
        if !good {
            return false;
        }
    }
    path.starts_with('/')
}

/// The `Host` that hyper will send: the scheme's own port is left out.
fn host(uri: &Uri) -> Result<&str, SigningError> {
    let authority = uri.authority().ok_or(SigningError)?;
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
fn secret(text: &str) -> Result<HeaderValue, SigningError> {
    let mut value = HeaderValue::try_from(text).map_err(|_| SigningError)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use aws_sigv4::http_request::UriPathNormalizationMode;
    use aws_sigv4::http_request::{PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings};
    use aws_sigv4::sign::v4;
    use http::header::CONTENT_TYPE;

    use super::*;

    const AT: Millis = Millis(1_795_168_800_999);

    const LOGS: &str = "logs";

    fn signer(service: &'static str) -> Signer {
        Signer::new(service, "eu-west-1")
    }

    fn request(uri: &str) -> Request<Full<Bytes>> {
        let request = Request::post(uri).header(CONTENT_TYPE, "application/x-amz-json-1.1").header("x-amz-target", "Logs_1.Do");
        request.body(Full::default()).unwrap()
    }

    fn object(uri: &str) -> Request<Full<Bytes>> {
        Request::get(uri).body(Full::default()).unwrap()
    }

    /// The headers that aws-sigv4 adds, which knows every kind of request.
    fn theirs(
        signer: &Signer,
        request: &Request<Full<Bytes>>,
        body: &Bytes,
        credentials: &Credentials,
        at: Millis,
    ) -> Vec<(String, String)> {
        let identity = credentials.clone().into();
        let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap());
        let params = v4::SigningParams::builder().identity(&identity).region(&signer.region).name(signer.service).time(time);
        let mut settings = SigningSettings::default();
        if signer.service == S3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let params = params.settings(settings).build().unwrap().into();
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(body)).unwrap();
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
                    is_theirs(&signer(LOGS), AT, || request(uri), &body, &credentials);
                }
            }
        }
    }

    fn is_theirs(
        signer: &Signer,
        at: Millis,
        request: impl Fn() -> Request<Full<Bytes>>,
        body: &Bytes,
        credentials: &Credentials,
    ) {
        let (mut ours, before) = (request(), request());
        signer.sign(&mut ours, body, credentials, at).unwrap();
        let theirs = theirs(signer, &before, body, credentials, at);
        assert_eq!(ours.headers().len(), before.headers().len() + theirs.len());
        for (name, value) in theirs {
            assert_eq!(ours.headers()[&name], value, "{name} {}", before.uri());
        }
    }

    #[test]
    fn a_key_is_used_again_for_its_day_and_its_credentials_alone() {
        const DAY: i64 = 24 * 3600 * 1000;
        let signer = signer(LOGS);
        for at in [AT.0, AT.0 + 1, AT.0 + DAY, AT.0] {
            for secret in ["one", "other"] {
                let credentials = Credentials::new("AKIDEXAMPLE", secret, None, None, "test");
                is_theirs(&signer, Millis(at), || request("https://host/"), &Bytes::new(), &credentials);
            }
        }
    }

    #[test]
    fn an_object_of_s3_is_signed_as_aws_own_signer_does() {
        let host = "https://bucket.s3.eu-west-1.amazonaws.com";
        for path in ["/logmark.toml", "/a/b//c/../d.toml", "/a%20b/%C3%A9%25%2B.toml", "/~x_-.y"] {
            for token in [None, Some("a/session+token==".to_owned())] {
                let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token, None, "test");
                is_theirs(&signer(S3), AT, || object(&format!("{host}{path}")), &Bytes::new(), &credentials);
            }
        }
    }

    #[test]
    fn another_kind_of_request_is_not_signed() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", None, None, "test");
        for uri in ["https://host/path", "https://host/?query", "/"] {
            let signed = signer(LOGS).sign(&mut request(uri), &Bytes::new(), &credentials, AT);
            assert_eq!(signed, Err(SigningError), "{uri}");
        }
        for uri in ["https://host/a+b", "https://host/%2f", "https://host/a%2", "https://host/?x"] {
            let signed = signer(S3).sign(&mut object(uri), &Bytes::new(), &credentials, AT);
            assert_eq!(signed, Err(SigningError), "{uri}");
        }
        let to_s3 = signer(S3).sign(&mut request("https://host/"), &Bytes::new(), &credentials, AT);
        assert_eq!(to_s3, Err(SigningError), "a POST");
    }

    #[test]
    fn neither_key_nor_token_shows_in_a_debug_text() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", Some("token".to_owned()), None, "test");
        let mut request = request("https://host/");
        let signer = signer(LOGS);
        signer.sign(&mut request, &Bytes::new(), &credentials, AT).unwrap();
        let text = format!("{signer:?} {:?}", request.headers());
        assert!(!text.contains("AKIDEXAMPLE") && !text.contains("\"token\"") && !text.contains("wJalr"), "{text}");
    }
}
