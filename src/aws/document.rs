//! One document, read from SSM Parameter Store or from S3: where a function's configuration may lie.
//!
//! Owns the two calls (`GetParameter`, `GetObject`), their bounds in bytes and time, and what is tried again. Never says what is
//! in a document, nor what AWS wrote in an error: a code of it that is known, and the status.

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

/// A configuration is some kilobytes. A parameter has 8 KB at most.
const LIMITS: Limits = Limits { deadline: Duration::from_secs(3), max_body: 1 << 20 };
/// Many containers that begin at once exceed Parameter Store's 40 calls a second.
const ATTEMPTS: u32 = 3;
/// Between attempts, twice as long each time. All of them fit into the 10 s that Lambda gives a function to begin.
const WAIT: Duration = Duration::from_millis(150);
const SSM: &str = "ssm";
/// What S3 leaves as it is in a key.
const IN_KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `ssm:/name/of/parameter`, with `:version` or `:label` behind it if wanted.
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

/// Not a location; another text may be a file's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// It begins like none.
    #[error("is neither `ssm:` nor `s3://`")]
    Other,
    /// It begins like a parameter.
    #[error("names no parameter: write `ssm:/logmark/config`")]
    Parameter,
    /// It begins like an object.
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

/// Why there is no document. Nothing of it is secret.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Nobody says which region.
    #[error("the region is not known: set `AWS_REGION`")]
    NoRegion,
    /// A variable that says where AWS answers is no endpoint.
    #[error("`{0}`: {1}")]
    Endpoint(&'static str, InvalidEndpoint),
    /// No credentials.
    #[error("no credentials: {0}")]
    Credentials(#[from] MissingCredentials),
    /// The request can't be made.
    #[error("{0}")]
    SigningError(#[from] SigningError),
    /// No answer.
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// It says no.
    #[error("{}status {status}", .code.map(|code| format!("{code}, ")).unwrap_or_default())]
    Refused {
        /// The answer's status.
        status: u16,
        /// AWS's code for it, one of those that we know, and what to look at.
        code: Option<&'static str>,
    },
    /// Not the answer to the question.
    #[error("the answer holds no text")]
    NoText,
}

impl DocumentError {
    /// May the next attempt bring more?
    fn is_passing(&self) -> bool {
        match self {
            Self::Outbound(error) => !matches!(error, OutboundError::TooLarge(_)),
            Self::Refused { status, code } => *status >= 500 || *status == 429 || *code == Some(THROTTLED),
            _ => false,
        }
    }
}

const THROTTLED: &str = "ThrottlingException";
/// The codes that say what an operator can do, and that in words.
const CODES: [(&str, &str); 9] = [
    ("ParameterNotFound", "ParameterNotFound: there is no such parameter in this region"),
    ("ParameterVersionNotFound", "ParameterVersionNotFound: the parameter has no such version or label"),
    ("NoSuchKey", "NoSuchKey: there is no such object"),
    ("NoSuchBucket", "NoSuchBucket: there is no such bucket"),
    ("PermanentRedirect", "PermanentRedirect: the bucket is in another region than `AWS_REGION`"),
    ("AccessDenied", "AccessDenied: the role needs `ssm:GetParameter` or `s3:GetObject` on it, and `kms:Decrypt` on its key"),
    ("ExpiredToken", "ExpiredToken: the credentials have run out"),
    ("InvalidKeyId", "InvalidKeyId: the key that the parameter is encrypted with can't be used"),
    (THROTTLED, THROTTLED),
];

/// Reads documents with the credentials that AWS's SDKs would find, in the region of `AWS_REGION`, from where
/// `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` say, as the SDKs do.
#[derive(Debug)]
pub struct Documents<'a> {
    /// The way out.
    pub outbound: Outbound,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The environment.
    pub variables: &'a BTreeMap<String, String>,
}

impl Documents<'_> {
    /// Reads the document.
    ///
    /// # Errors
    /// [`DocumentError`], after another attempt where that may help.
    pub async fn read(&self, location: &Location) -> Result<Vec<u8>, DocumentError> {
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| self.variables.get(*name));
        let region = region.filter(|region| is_region(region)).ok_or(DocumentError::NoRegion)?;
        let origin = CredentialSource::Chain { region: region.clone(), assume_role: None, external_id: None };
        let credentials = CredentialCache::new(origin).get(self.clock.now()).await?;
        let mut attempt = 1;
        loop {
            match self.attempt(location, region, &credentials).await {
                Err(error) if error.is_passing() && attempt < ATTEMPTS => {
                    tracing::debug!(%location, %error, attempt, "trying again");
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

    /// Where the service answers, and whether that is AWS's public endpoint.
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

/// An object's address: the bucket in the host's name, or in the path where that can't be (a name with dots has no certificate)
/// or the endpoint is not AWS's.
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
