//! A proxy between Logmark and its upstream that forwards everything and records it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A recorded request with its answer.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The target.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The status of the answer.
    pub status: StatusCode,
    /// The answer's body.
    pub answer: Bytes,
}

impl Recorded {
    /// A header's value; empty without the header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The request with its answer, in the format of `tests/tools/check_requests.py`.
    pub fn with_answer(&self) -> Value {
        let mut exchange = self.to_json();
        exchange["status"] = self.status.as_u16().into();
        exchange["answer"] = BASE64_STANDARD.encode(&self.answer).into();
        exchange
    }

    /// The request in the format of `tests/tools/check_requests.py`.
    pub fn to_json(&self) -> Value {
        let url = format!("http://{}{}", self.header("host"), self.uri);
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        json!({ "method": self.method.as_str(), "url": url, "headers": headers, "body": BASE64_STANDARD.encode(&self.body) })
    }
}

/// A running proxy; ends with the tokio runtime.
#[derive(Debug)]
pub struct Recorder {
    /// Its address.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Recorded>>>,
}

impl Recorder {
    /// Starts a proxy before `upstream`.
    pub async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Recorded>>>::default();
        let response_cache = Arc::clone(&seen);
        let onward = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (response_cache, onward) = (Arc::clone(&response_cache), onward.clone());
                let pass = service_fn(move |request: Request<Incoming>| {
                    let (response_cache, onward) = (Arc::clone(&response_cache), onward.clone());
                    async move {
                        let (mut parts, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
                        let sent = body.clone();
                        parts.uri = format!("http://{upstream}{}", parts.uri).parse().unwrap();
                        let answer = onward.request(Request::from_parts(parts, Full::new(body))).await.unwrap();
                        let (parts, body) = answer.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let answer = body.clone();
                        response_cache.lock().unwrap().push(Recorded {
                            method,
                            uri,
                            headers,
                            body: sent,
                            status: parts.status,
                            answer,
                        });
                        Ok::<_, Infallible>(Response::from_parts(parts, Full::new(body)))
                    }
                });
                let serving = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                tokio::spawn(async move { serving.serve_connection(TokioIo::new(socket), pass).await });
            }
        });
        Self { address, seen }
    }

    /// The recorded exchanges so far.
    pub fn seen(&self) -> Vec<Recorded> {
        self.seen.lock().unwrap().clone()
    }
}
