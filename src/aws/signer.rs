//! Signature Version 4 for calls to AWS, by `aws-sigv4`.
//!
//! Signs the headers that are present when [`Signer::sign`] is called, and `host`, `x-amz-date` and the session token, which it
//! adds. Host, path, region and service come from the configuration; callers of the API never influence them.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;

use crate::domain::time::Millis;

/// The name of S3 in the credential scope.
pub const S3: &str = "s3";

/// The request cannot be signed. This is a bug or a wrong credential: no part of the request comes from a caller of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request could not be signed")]
pub struct SigningError;

/// Signs requests to one service in one region.
#[derive(Debug)]
pub struct Signer {
    /// The name in the credential scope.
    service: &'static str,
    region: String,
}

impl Signer {
    /// A signer for a service, by its name in the credential scope.
    #[must_use]
    pub fn new(service: &'static str, region: impl Into<String>) -> Self {
        Self { service, region: region.into() }
    }

    /// Adds the signature to `request` with `body`, dated `at`.
    ///
    /// # Errors
    /// [`SigningError`]: the URI has no host, or a header or the credentials contain characters that headers cannot have.
    pub fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &Bytes,
        credentials: &Credentials,
        at: Millis,
    ) -> Result<(), SigningError> {
        let identity = credentials.clone().into();
        let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).map_err(|_| SigningError)?);
        let params = v4::SigningParams::builder().identity(&identity).region(&self.region).name(self.service).time(time);
        let params = params.settings(self.settings()).build().map_err(|_| SigningError)?.into();
        if request.uri().authority().is_none() || request.headers().values().any(|value| value.to_str().is_err()) {
            return Err(SigningError);
        }
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let (method, uri) = (request.method().as_str(), request.uri().to_string());
        let signable = SignableRequest::new(method, uri, headers, SignableBody::Bytes(body)).map_err(|_| SigningError)?;
        let (instructions, _signature) = sign(signable, &params).map_err(|_| SigningError)?.into_parts();
        let (added, _query) = instructions.into_parts();
        for header in added {
            let mut value = HeaderValue::try_from(header.value()).map_err(|_| SigningError)?;
            // No `Debug` of the request shows the access key or the token.
            value.set_sensitive(header.sensitive() || header.name() == http::header::AUTHORIZATION);
            request.headers_mut().insert(header.name(), value);
        }
        Ok(())
    }

    /// Paths are signed as sent: S3 requires it, and the other services are called at `/`. All headers are ours, so none is
    /// excluded. S3 also requires the digest of the body as a header.
    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.excluded_headers = None;
        if self.service == S3 {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use aws_lc_rs::hmac;
    use http::HeaderMap;
    use http::header::{AUTHORIZATION, CONTENT_TYPE};

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

    fn hex(bytes: impl AsRef<[u8]>) -> String {
        bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The value of `Authorization` for the signed request, computed step by step as in "Create a signed AWS API request" in the
    /// IAM User Guide. `date` is `x-amz-date`; the path is in its canonical form, and the request has no query.
    fn authorization(
        signer: &Signer,
        request: &Request<Full<Bytes>>,
        host: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> String {
        let mut headers: Vec<(&str, &str)> = vec![("host", host)];
        let own = request.headers().iter().filter(|(name, _)| **name != AUTHORIZATION);
        headers.extend(own.map(|(name, value)| (name.as_str(), value.to_str().unwrap())));
        headers.sort_unstable();
        let signed = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (method, path) = (request.method(), request.uri().path());
        let canonical = format!("{method}\n{path}\n\n{headers}\n{signed}\n{}", hex(digest(&SHA256, body)));
        let date = request.headers()["x-amz-date"].to_str().unwrap();
        let scope = [&date[..8], &signer.region, signer.service, "aws4_request"];
        let first = format!("AWS4{}", credentials.secret_access_key()).into_bytes();
        let hmac =
            |key: Vec<u8>, text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes()).as_ref().to_vec();
        let key = scope.into_iter().fold(first, hmac);
        let scope = scope.join("/");
        let signature =
            hex(hmac(key, &format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(digest(&SHA256, canonical.as_bytes())))));
        let id = credentials.access_key_id();
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}")
    }

    /// Signs the request and checks every header that the signer adds.
    fn check(
        signer: &Signer,
        at: Millis,
        mut request: Request<Full<Bytes>>,
        host: &str,
        body: &Bytes,
        credentials: &Credentials,
    ) {
        let before: HeaderMap = request.headers().clone();
        signer.sign(&mut request, body, credentials, at).unwrap();
        let added = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(added("x-amz-security-token"), credentials.session_token());
        let digest = (signer.service == S3).then(|| hex(digest(&SHA256, body)));
        assert_eq!(added("x-amz-content-sha256"), digest.as_deref());
        let expected = authorization(signer, &request, host, body, credentials);
        assert_eq!(added("authorization"), Some(expected.as_str()), "{}", request.uri());
        let optional = usize::from(credentials.session_token().is_some()) + usize::from(digest.is_some());
        assert_eq!(request.headers().len(), before.len() + optional + 2);
    }

    #[test]
    fn a_post_is_signed_as_aws_documents_it() {
        for (uri, host) in [
            ("https://logs.eu-west-1.amazonaws.com/", "logs.eu-west-1.amazonaws.com"),
            ("https://host:443/", "host"),
            ("http://host:80/", "host"),
            ("http://127.0.0.1:4566/", "127.0.0.1:4566"),
        ] {
            for token in [None, Some("a/session+token==".to_owned())] {
                for body in ["", "{\"logGroupName\":\"/acme/api\"}"] {
                    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token.clone(), None, "test");
                    check(&signer(LOGS), AT, request(uri), host, &Bytes::from_static(body.as_bytes()), &credentials);
                }
            }
        }
    }

    /// The signature does not change with a release of the library.
    #[test]
    fn a_signature_is_the_one_of_this_vector() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", None, None, "test");
        let mut request = request("https://logs.eu-west-1.amazonaws.com/");
        signer(LOGS).sign(&mut request, &Bytes::from_static(b"{}"), &credentials, AT).unwrap();
        assert_eq!(request.headers()["x-amz-date"], "20261120T100000Z");
        let signature = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/eu-west-1/logs/aws4_request, \
                         SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=1468f8d5fbe47a0be4f856456a02a2c4373acc541b6df73091b961d272f3bc52";
        assert_eq!(request.headers()[AUTHORIZATION], signature);
    }

    #[test]
    fn each_day_and_each_credential_has_its_own_signature() {
        const DAY: i64 = 24 * 3600 * 1000;
        let signer = signer(LOGS);
        for at in [AT.0, AT.0 + 1, AT.0 + DAY, AT.0] {
            for secret in ["one", "other"] {
                let credentials = Credentials::new("AKIDEXAMPLE", secret, None, None, "test");
                check(&signer, Millis(at), request("https://host/"), "host", &Bytes::new(), &credentials);
            }
        }
    }

    #[test]
    fn the_path_of_an_object_is_signed_as_sent() {
        let host = "bucket.s3.eu-west-1.amazonaws.com";
        for path in ["/logmark.toml", "/a/b//c/../d.toml", "/a%20b/%C3%A9%25%2B.toml", "/~x_-.y"] {
            for token in [None, Some("a/session+token==".to_owned())] {
                let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token, None, "test");
                check(&signer(S3), AT, object(&format!("https://{host}{path}")), host, &Bytes::new(), &credentials);
            }
        }
    }

    #[test]
    fn a_request_that_cannot_be_signed_is_an_error() {
        let good = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", None, None, "test");
        assert_eq!(signer(LOGS).sign(&mut request("/"), &Bytes::new(), &good, AT), Err(SigningError), "no host");
        let mut odd = request("https://host/");
        odd.headers_mut().insert("x-odd", HeaderValue::from_bytes(&[0xff]).unwrap());
        assert_eq!(signer(LOGS).sign(&mut odd, &Bytes::new(), &good, AT), Err(SigningError), "a header that is not text");
        for (id, token) in [("AKID\nEXAMPLE", None), ("AKIDEXAMPLE", Some("a\ntoken".to_owned()))] {
            let bad = Credentials::new(id, "wJalrXUtnFEMI", token, None, "test");
            assert_eq!(signer(LOGS).sign(&mut request("https://host/"), &Bytes::new(), &bad, AT), Err(SigningError), "{id}");
        }
        assert_eq!(signer(LOGS).sign(&mut request("https://host/"), &Bytes::new(), &good, Millis(-1)), Err(SigningError));
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
