//! Converts the event of a front end to the request that the client sent.
//!
//! - REST API: `path` as sent and without the stage; the query decoded, so it is encoded again.
//! - HTTP API: `rawPath` decoded, with the stage before it unless that is `$default`; the query as sent. A `%2F` in a path is
//!   lost there: such a path matches no route, or names another group, which is authorized like any other.
//! - ALB: path and query as sent.
//! - Function URL: an HTTP API's event with the path as sent, and Lambda's own domain.
//!
//! Never takes an identity from an event. All values of a header are kept, wherever the event has them, so that two tokens never
//! become one. Headers in which front ends describe their context are dropped. Events do not show whether a response may be
//! streamed: the configuration does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::config::lambda::Streaming;
use crate::http::client_address::FrontDoorPeer;

/// The characters that a request target must encode, except `%`: most front ends pass on encoded paths.
const NOT_IN_TARGET: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Headers in which a front end, or a client in its place, describes the caller.
const CONTEXT_HEADERS: [&str; 3] = ["x-amzn-request-context", "x-apigateway-event", "x-apigateway-context"];

/// In the domain of every function URL: `<id>.lambda-url.<region>.on.aws`.
const URL_DOMAIN: &str = ".lambda-url.";

/// The form of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrontDoor {
    /// A REST API.
    Rest,
    /// An HTTP API.
    Http,
    /// A function URL.
    Url,
    /// A load balancer with headers of one value each.
    Alb,
    /// A load balancer with headers of many values.
    AlbMulti,
}

impl FrontDoor {
    /// Its name in the configuration key `streaming`; `None`: it cannot stream.
    pub(super) fn streaming(self) -> Option<Streaming> {
        match self {
            Self::Rest => Some(Streaming::RestApi),
            Self::Url => Some(Streaming::FunctionUrl),
            Self::Http | Self::Alb | Self::AlbMulti => None,
        }
    }
}

/// Why an event cannot be converted.
#[derive(Debug)]
pub enum EventError {
    /// The event is not from a front end, or contains what a request cannot contain.
    Malformed,
    /// The event has more headers than a request can have.
    TooManyHeaders,
}

/// The parts of an event that are read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    version: Option<String>,
    http_method: Option<String>,
    path: Option<String>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: Option<Context>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    stage: Option<String>,
    domain_name: Option<String>,
    http: Option<HttpContext>,
    elb: Option<IgnoredAny>,
    identity: Option<Identity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpContext {
    method: String,
    source_ip: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    source_ip: Option<String>,
}

impl Event {
    /// The front end that made it; `None`: not known.
    pub(super) fn front_door(&self) -> Option<FrontDoor> {
        let context = self.request_context.as_ref()?;
        if self.version.as_deref() == Some("2.0") {
            let is_url = context.domain_name.as_deref().is_some_and(|domain| domain.contains(URL_DOMAIN));
            let front_door = if is_url { FrontDoor::Url } else { FrontDoor::Http };
            return (self.raw_path.is_some() && context.http.is_some()).then_some(front_door);
        }
        if self.http_method.is_none() || self.path.is_none() {
            return None;
        }
        Some(match (&context.elb, &self.multi_value_headers) {
            (None, _) => FrontDoor::Rest,
            (Some(_), None) => FrontDoor::Alb,
            (Some(_), Some(_)) => FrontDoor::AlbMulti,
        })
    }

    /// The request that the client sent, for a front end that does not stream.
    ///
    /// # Errors
    /// If the event is not from a front end.
    pub fn request(self) -> Result<Request<Body>, EventError> {
        let front_door = self.front_door().ok_or(EventError::Malformed)?;
        self.into_request(front_door, false)
    }

    /// The request that the client sent.
    pub(super) fn into_request(self, front_door: FrontDoor, streams: bool) -> Result<Request<Body>, EventError> {
        let mut request = Request::new(Body::empty());
        if let Some(peer) = self.peer(front_door) {
            request.extensions_mut().insert(peer);
        }
        *request.method_mut() = self.method()?;
        *request.uri_mut() = self.target(front_door)?;
        *request.headers_mut() = self.header_map(front_door, streams)?;
        *request.body_mut() = match self.body {
            Some(text) if self.is_base64_encoded => Body::from(BASE64_STANDARD.decode(text).map_err(|_| EventError::Malformed)?),
            Some(text) => Body::from(text),
            None => Body::empty(),
        };
        Ok(request)
    }

    fn method(&self) -> Result<Method, EventError> {
        let of_http = self.request_context.as_ref().and_then(|context| context.http.as_ref()).map(|http| http.method.as_str());
        self.http_method.as_deref().or(of_http).unwrap_or_default().parse().map_err(|_| EventError::Malformed)
    }

    /// The address of the client, as the front end saw it. Load balancers only send it in a header that can be configured to keep
    /// the value of the client, so that header is not used.
    fn peer(&self, front_door: FrontDoor) -> Option<FrontDoorPeer> {
        let context = self.request_context.as_ref()?;
        let text = match front_door {
            FrontDoor::Rest => context.identity.as_ref()?.source_ip.as_ref(),
            FrontDoor::Http | FrontDoor::Url => context.http.as_ref()?.source_ip.as_ref(),
            FrontDoor::Alb | FrontDoor::AlbMulti => None,
        };
        text?.parse().ok().map(FrontDoorPeer)
    }

    fn target(&self, front_door: FrontDoor) -> Result<Uri, EventError> {
        let path = if matches!(front_door, FrontDoor::Http | FrontDoor::Url) {
            self.path_after_stage()
        } else {
            self.path.as_deref().unwrap_or_default()
        };
        let mut target = utf8_percent_encode(path, NOT_IN_TARGET).to_string();
        if !target.starts_with('/') {
            target.insert(0, '/');
        }
        let query = match front_door {
            FrontDoor::Http | FrontDoor::Url => self.raw_query_string.clone().unwrap_or_default(),
            FrontDoor::Rest => self.query(|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()),
            FrontDoor::Alb | FrontDoor::AlbMulti => self.query(str::to_owned),
        };
        if !query.is_empty() {
            let _infallible = write!(target, "?{}", utf8_percent_encode(&query, NOT_IN_TARGET));
        }
        target.parse().map_err(|_| EventError::Malformed)
    }

    /// The path of an HTTP API without its stage.
    fn path_after_stage(&self) -> &str {
        let path = self.raw_path.as_deref().unwrap_or_default();
        let stage = self.request_context.as_ref().and_then(|context| context.stage.as_deref());
        let Some(stage) = stage.filter(|stage| *stage != "$default") else { return path };
        let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path)
    }

    /// The query from a map, with all values if the event has them.
    fn query(&self, write: impl Fn(&str) -> String) -> String {
        let all: Vec<(&String, &String)> = match (&self.multi_value_query_string_parameters, &self.query_string_parameters) {
            (Some(many), _) => many.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value))).collect(),
            (None, Some(single)) => single.iter().collect(),
            (None, None) => Vec::new(),
        };
        let pairs: Vec<String> = all.into_iter().map(|(name, value)| format!("{}={}", write(name), write(value))).collect();
        pairs.join("&")
    }

    fn header_map(&self, front_door: FrontDoor, streams: bool) -> Result<HeaderMap, EventError> {
        let mut headers = HeaderMap::new();
        let many = self.multi_value_headers.iter().flatten();
        for (name, value) in many.flat_map(|(name, values)| values.iter().map(move |value| (name, value))) {
            let (name, value) = header(name, value)?;
            headers.try_append(name, value).map_err(|_| EventError::TooManyHeaders)?;
        }
        // A REST API sends each header in two maps, and only its last value in the second. Headers missing in the first are
        // added.
        for (name, value) in self.headers.iter().flatten() {
            let (name, value) = header(name, value)?;
            if self.multi_value_headers.is_none() || !headers.get_all(&name).iter().any(|known| known == value) {
                headers.try_append(name, value).map_err(|_| EventError::TooManyHeaders)?;
            }
        }
        CONTEXT_HEADERS.iter().for_each(|name| drop(headers.remove(*name)));
        if front_door == FrontDoor::Rest && !streams {
            // A REST API passes base64 to clients undecoded, unless all media types are configured as binary. It can compress itself.
            headers.remove(ACCEPT_ENCODING);
        }
        Ok(headers)
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), EventError> {
    let name = HeaderName::try_from(name).map_err(|_| EventError::Malformed)?;
    // Bytes: a client may write what is not ASCII.
    Ok((name, HeaderValue::from_bytes(value.as_bytes()).map_err(|_| EventError::Malformed)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The peer that the event's request carries.
    fn peer(event: serde_json::Value) -> Option<String> {
        let event: Event = serde_json::from_value(event).unwrap();
        let front_door = event.front_door().unwrap();
        let request = event.into_request(front_door, false).unwrap();
        request.extensions().get().map(|FrontDoorPeer(peer)| peer.to_string())
    }

    #[test]
    fn the_peer_is_the_one_that_the_front_door_saw_and_no_header() {
        let headers = json!({ "x-forwarded-for": "203.0.113.9" });
        let rest = |ip: serde_json::Value| json!({ "httpMethod": "GET", "path": "/me", "headers": headers, "requestContext": { "identity": { "sourceIp": ip } } });
        assert_eq!(peer(rest("192.0.2.7".into())), Some("192.0.2.7".to_owned()));
        assert_eq!(peer(rest("2001:db8::7".into())), Some("2001:db8::7".to_owned()));
        for not_an_address in [json!("test-invoke-source-ip"), json!(null)] {
            assert_eq!(peer(rest(not_an_address)), None);
        }
        let http = json!({
            "version": "2.0", "rawPath": "/me", "headers": headers,
            "requestContext": { "http": { "method": "GET", "sourceIp": "192.0.2.8" } },
        });
        assert_eq!(peer(http), Some("192.0.2.8".to_owned()));
        let alb = json!({ "httpMethod": "GET", "path": "/me", "headers": headers, "requestContext": { "elb": {} } });
        assert_eq!(peer(alb), None);
    }
}
