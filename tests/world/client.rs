//! An HTTP client that returns the whole answer: status, headers, body, trailers.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A client of the service, with or without a token.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
    http: HyperClient<HttpConnector, Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; complete unless `broken`.
    pub body: Bytes,
    /// The trailers.
    pub trailers: HeaderMap,
    /// The connection ended before the body was complete.
    pub broken: bool,
}

impl Client {
    /// A client of the service at `address`.
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token, http: HyperClient::builder(TokioExecutor::new()).build_http() }
    }

    /// A GET.
    pub async fn get(&self, target: &str) -> Answer {
        self.send(Method::GET, target, &[]).await
    }

    /// A GET with headers.
    pub async fn get_with(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, target, headers).await
    }

    /// A POST of JSON, with headers.
    pub async fn post(&self, target: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        self.send_body(Method::POST, target, &headers, body.to_string().into()).await
    }

    /// A DELETE.
    pub async fn delete(&self, target: &str) -> Answer {
        self.send(Method::DELETE, target, &[]).await
    }

    /// Any request without a body.
    pub async fn send(&self, method: Method, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.send_body(method, target, headers, Bytes::new()).await
    }

    /// Any request.
    pub async fn send_body(&self, method: Method, target: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        Self::read(self.begin(method, target, headers, body).await).await
    }

    /// Sends a request and returns the answer with its body unread.
    pub async fn begin(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> http::Response<hyper::body::Incoming> {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{target}", self.address)).header("te", "trailers");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.http.request(request.body(Full::new(body)).unwrap()).await.unwrap()
    }

    /// Reads an answer to its end.
    pub async fn read(response: http::Response<hyper::body::Incoming>) -> Answer {
        let (parts, mut body) = response.into_parts();
        let mut answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: Bytes::new(),
            trailers: HeaderMap::new(),
            broken: false,
        };
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(data)) => bytes.extend_from_slice(&data),
                Ok(Err(frame)) => answer.trailers.extend(frame.into_trailers().unwrap_or_default()),
                Err(error) => {
                    println!("the body is incomplete: {error:?}");
                    answer.broken = true;
                }
            }
        }
        answer.body = bytes.into();
        answer
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// A header's values, joined by commas; empty without the header.
    pub fn header(&self, name: &str) -> String {
        let values: Vec<_> = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        values.join(", ")
    }

    /// The code of the problem. Checks that the problem document is complete.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["instance"], self.header("x-request-id"));
        for member in ["type", "title", "detail", "code"] {
            assert!(problem[member].is_string(), "{member} is missing in {problem}");
        }
        problem["code"].as_str().unwrap().to_owned()
    }

    /// Status and code of a problem, as in `404 not_found`.
    pub fn problem(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.code())
    }

    /// The messages of a page of events; empty for any other answer.
    pub fn messages_if_any(&self) -> Vec<String> {
        if self.status == StatusCode::OK { self.messages() } else { Vec::new() }
    }

    /// The messages of a page of events.
    pub fn messages(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }
}
