//! Reads one document from SSM Parameter Store or S3: the configuration of a function.
//!
//! Owns the two calls (`GetParameter`, `GetObject`), their limits and their retries. Errors contain only the status and known
//! error codes of AWS, never the text of a document or of an error.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::header::USER_AGENT;
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::credentials::{CredentialCache, CredentialSource, MissingCredentials};
use super::endpoint::{InvalidEndpoint, endpoint_of, is_region};
use super::json_call::{AGENT, JsonCall};
use super::signer::{S3, Signer, SigningError};
use crate::domain::time::Clock;
use crate::outbound::{Limits, Outbound, OutboundError};

/// A configuration has a few kilobytes. A parameter has at most 8 KB.
const LIMITS: Limits = Limits { deadline: Duration::from_secs(3), max_body: 1 << 20 };
/// Many containers that start at once exceed the 40 calls per second of Parameter Store.
const ATTEMPTS: u32 = 3;
/// Delay before the first retry, doubled for each further one. All attempts fit into the 10 s that Lambda gives a function to
/// start.
const WAIT: Duration = Duration::from_millis(150);
const SSM: &str = "ssm";
/// The characters that S3 does not encode in a key.
const IN_KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The location of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `ssm:/name/of/parameter`, optionally with `:version` or `:label`.
    Parameter(String),
    /// `s3://bucket/key`.
    Object {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "ssm:{name}"),
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

/// Not a location of AWS. The text may be the path of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// Another prefix.
    #[error("is neither `ssm:` nor `s3://`")]
    Other,
    /// The prefix of a parameter without its name.
    #[error("names no parameter: write `ssm:/logmark/config`")]
    Parameter,
    /// The prefix of an object without bucket or key.
    #[error("names no object: write `s3://bucket/key`")]
    Object,
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        if let Some(name) = text.strip_prefix("ssm:") {
            let good = |c: char| c.is_ascii_alphanumeric() || "_.-/:".contains(c);
            let is_name = !name.is_empty() && name.len() <= 2048 && name.chars().all(good);
            return if is_name { Ok(Self::Parameter(name.to_owned())) } else { Err(InvalidLocation::Parameter) };
        }
        let path = text.strip_prefix("s3://").ok_or(InvalidLocation::Other)?;
        let (bucket, key) = path.split_once('/').ok_or(InvalidLocation::Object)?;
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        let is_bucket = (3..=63).contains(&bucket.len()) && bucket.chars().all(good);
        if !is_bucket || key.is_empty() || key.len() > 1024 {
            return Err(InvalidLocation::Object);
        }
        Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

/// Why the document cannot be read. Contains no secret.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The region is not configured.
    #[error("the region is not known: set `AWS_REGION`")]
    NoRegion,
    /// A variable with an endpoint is invalid.
    #[error("`{0}`: {1}")]
    Endpoint(&'static str, InvalidEndpoint),
    /// No credentials.
    #[error("no credentials: {0}")]
    Credentials(#[from] MissingCredentials),
    /// The request cannot be made.
    #[error("{0}")]
    SigningError(#[from] SigningError),
    /// No response.
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// An error response.
    #[error("{}status {status}", .code.map(|code| format!("{code}, ")).unwrap_or_default())]
    Refused {
        /// The status of the response.
        status: u16,
        /// The error code of AWS, if known, with its remedy.
        code: Option<&'static str>,
    },
    /// Unexpected response.
    #[error("the response contains no text")]
    NoText,
}

impl DocumentError {
    /// Whether a retry may succeed.
    fn is_passing(&self) -> bool {
        match self {
            Self::Outbound(error) => !matches!(error, OutboundError::TooLarge(_)),
            Self::Refused { status, code } => *status >= 500 || *status == 429 || *code == Some(THROTTLED),
            _ => false,
        }
    }
}

const THROTTLED: &str = "ThrottlingException";
/// The error codes that operators can fix, with their remedies.
const CODES: [(&str, &str); 9] = [
    ("ParameterNotFound", "ParameterNotFound: the parameter does not exist in this region"),
    ("ParameterVersionNotFound", "ParameterVersionNotFound: the parameter has no such version or label"),
    ("NoSuchKey", "NoSuchKey: the object does not exist"),
    ("NoSuchBucket", "NoSuchBucket: the bucket does not exist"),
    ("PermanentRedirect", "PermanentRedirect: the bucket is in another region than `AWS_REGION`"),
    ("AccessDenied", "AccessDenied: the role needs `ssm:GetParameter` or `s3:GetObject` on it, and `kms:Decrypt` on its key"),
    ("ExpiredToken", "ExpiredToken: the credentials have expired"),
    ("InvalidKeyId", "InvalidKeyId: the KMS key of the parameter cannot be used"),
    (THROTTLED, THROTTLED),
];

/// Reads documents as the SDKs of AWS do: with their credentials, in the region of `AWS_REGION`, from the endpoints in
/// `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL`.
#[derive(Debug)]
pub struct Documents<'a> {
    /// The HTTP client.
    pub outbound: Outbound,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The environment.
    pub variables: &'a BTreeMap<String, String>,
}

impl Documents<'_> {
    /// Reads the document.
    ///
    /// # Errors
    /// [`DocumentError`], after retries if they may help.
    pub async fn read(&self, location: &Location) -> Result<Vec<u8>, DocumentError> {
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| self.variables.get(*name));
        let region = region.filter(|region| is_region(region)).ok_or(DocumentError::NoRegion)?;
        let origin = CredentialSource::Chain { region: region.clone(), assume_role: None, external_id: None };
        let credentials = CredentialCache::new(origin).get(self.clock.now()).await?;
        let mut attempt = 1;
        loop {
            match self.attempt(location, region, &credentials).await {
                Err(error) if error.is_passing() && attempt < ATTEMPTS => {
                    tracing::debug!(%location, %error, attempt, "retrying");
                    tokio::time::sleep(WAIT * 2_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn attempt(&self, location: &Location, region: &str, credentials: &Credentials) -> Result<Vec<u8>, DocumentError> {
        match location {
            Location::Parameter(name) => {
                let (endpoint, _) = self.endpoint(SSM, "AWS_ENDPOINT_URL_SSM", region)?;
                let ask: Bytes = serde_json::json!({ "Name": name, "WithDecryption": true }).to_string().into();
                let call = JsonCall { endpoint: &endpoint, target: "AmazonSSM.GetParameter", body: &ask };
                let request = call.signed(&Signer::new(SSM, region), credentials, self.clock.now())?;
                let answer = self.send(request).await?;
                let answer: ParameterAnswer = serde_json::from_slice(&answer).map_err(|_| DocumentError::NoText)?;
                Ok(answer.parameter.value.into_bytes())
            }
            Location::Object { bucket, key } => {
                let (endpoint, is_public) = self.endpoint(S3, "AWS_ENDPOINT_URL_S3", region)?;
                let uri = object_uri(&endpoint, is_public, bucket, key).ok_or(SigningError)?;
                let mut request = Request::get(uri).body(Full::default()).map_err(|_| SigningError)?;
                Signer::new(S3, region).sign(&mut request, &Bytes::new(), credentials, self.clock.now())?;
                request.headers_mut().insert(USER_AGENT, AGENT);
                Ok(self.send(request).await?.into())
            }
        }
    }

    /// The endpoint of the service, and whether it is the public endpoint of AWS.
    fn endpoint(&self, service: &str, variable: &'static str, region: &str) -> Result<(Uri, bool), DocumentError> {
        const OF_ALL: &str = "AWS_ENDPOINT_URL";
        let given = [variable, OF_ALL].into_iter().find_map(|name| self.variables.get(name).map(|text| (name, text)));
        let Some((name, text)) = given else {
            let public = endpoint_of(service, region, None);
            return public.map(|uri| (uri, true)).map_err(|error| DocumentError::Endpoint("AWS_REGION", error));
        };
        let uri = text.parse().map_err(|_| DocumentError::Endpoint(name, InvalidEndpoint::Endpoint))?;
        let endpoint = endpoint_of(service, region, Some(uri)).map_err(|error| DocumentError::Endpoint(name, error))?;
        Ok((endpoint, false))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Bytes, DocumentError> {
        let answer = self.outbound.send(request, LIMITS).await?;
        if answer.status() == StatusCode::OK {
            return Ok(answer.into_body());
        }
        let text = String::from_utf8_lossy(answer.body());
        let code = CODES.iter().find(|(code, _)| text.contains(code)).map(|(_, words)| *words);
        Err(DocumentError::Refused { status: answer.status().as_u16(), code })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParameterAnswer {
    parameter: Parameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

/// The address of an object: the bucket is in the host name. For other endpoints, and for names with dots, which certificates do
/// not cover, it is in the path.
fn object_uri(endpoint: &Uri, is_public: bool, bucket: &str, key: &str) -> Option<Uri> {
    let (scheme, authority) = (endpoint.scheme_str()?, endpoint.authority()?);
    let key = utf8_percent_encode(key, IN_KEY);
    let text = if is_public && !bucket.contains('.') {
        format!("{scheme}://{bucket}.{authority}/{key}")
    } else {
        format!("{scheme}://{authority}/{bucket}/{key}")
    };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_written_alike() {
        for text in ["ssm:/logmark/config", "ssm:config:3", "s3://my-bucket/logmark.toml", "s3://a.b/c d/é.toml"] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
        for (text, error) in [
            ("logmark.toml", InvalidLocation::Other),
            ("https://host/x", InvalidLocation::Other),
            ("ssm:", InvalidLocation::Parameter),
            ("ssm:/a b", InvalidLocation::Parameter),
            ("s3://bucket", InvalidLocation::Object),
            ("s3://bucket/", InvalidLocation::Object),
            ("s3://Bucket/x", InvalidLocation::Object),
            ("s3:///x", InvalidLocation::Object),
        ] {
            assert_eq!(text.parse::<Location>(), Err(error), "{text}");
        }
    }

    #[test]
    fn an_object_has_its_bucket_in_the_host_where_that_can_be() {
        let public: Uri = "https://s3.eu-west-1.amazonaws.com/".parse().unwrap();
        let local: Uri = "http://127.0.0.1:5000/".parse().unwrap();
        for (endpoint, is_public, bucket, key, expected) in [
            (&public, true, "b-1", "a/b c.toml", "https://b-1.s3.eu-west-1.amazonaws.com/a/b%20c.toml"),
            (&public, true, "b.1", "a+é", "https://s3.eu-west-1.amazonaws.com/b.1/a%2B%C3%A9"),
            (&local, false, "b-1", "a", "http://127.0.0.1:5000/b-1/a"),
        ] {
            assert_eq!(object_uri(endpoint, is_public, bucket, key).unwrap().to_string(), expected);
        }
    }
}
