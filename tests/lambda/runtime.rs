//! The Lambda Runtime API for the function: returns the next event, and receives an answer, in one piece or as a stream, or an
//! error.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::world::binary::{Binary, ServiceDirectory, logmark};

/// The function's POST.
#[derive(Debug)]
pub enum Posted {
    /// One JSON value.
    Whole(Value),
    /// A head, a body, and the trailers with the error of an incomplete stream.
    Streamed { head: Value, body: Bytes, trailers: HeaderMap },
    /// An error.
    Failed(Value),
    /// A body that ended early or was too large for Lambda.
    #[expect(dead_code, reason = "read by Debug, when a test fails of it")]
    Refused(String),
}

struct Invocation {
    event: Value,
    time: Duration,
    answer: oneshot::Sender<Posted>,
}

/// An event under way.
struct Running {
    answer: oneshot::Sender<Posted>,
    /// The largest answer in one piece.
    most: usize,
    /// Must be in the answer; otherwise the answer belongs to another invocation.
    invocation_id: String,
}

struct Api {
    waiting: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    running: Mutex<HashMap<String, Running>>,
    number: AtomicUsize,
}

/// The Runtime API, and the means to invoke the function that polls it.
#[derive(Debug)]
pub struct Lambda {
    pub address: SocketAddr,
    events: mpsc::Sender<Invocation>,
}

/// The binary, running as a function.
pub struct Function {
    process: Binary,
    lambda: Lambda,
}

/// The function's answer as a front end interprets it.
#[derive(Debug)]
pub struct Reply {
    pub status: u64,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the answer was streamed.
    pub streamed: bool,
    /// In one piece: the answer as posted.
    pub raw: Value,
    /// Streamed: the error trailers; empty after a regular end.
    pub trailers: HeaderMap,
}

/// The time for an event, unless a test sets another one.
const TIME: Duration = Duration::from_secs(28);

impl Lambda {
    /// Starts the API.
    pub async fn start() -> Self {
        let (events, waiting) = mpsc::channel(1);
        let api = Arc::new(Api { waiting: waiting.into(), running: Mutex::default(), number: AtomicUsize::new(1) });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(api);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router));
        Self { address, events }
    }

    /// Invokes the function with any event and this time limit.
    pub async fn invoke_any(&self, event: Value, time: Duration) -> Posted {
        let (answer, answered) = oneshot::channel();
        self.events.send(Invocation { event, time, answer }).await.unwrap();
        tokio::time::timeout(Duration::from_secs(60), answered).await.expect("the function answers").unwrap()
    }

    /// Invokes the function with a front end's event.
    pub async fn invoke(&self, event: Value) -> Reply {
        self.invoke_for(event, TIME).await
    }

    /// Invokes the function with a front end's event and this time limit.
    pub async fn invoke_for(&self, event: Value, time: Duration) -> Reply {
        match self.invoke_any(event, time).await {
            Posted::Whole(raw) => Reply::whole(raw),
            Posted::Streamed { head, body, trailers } => Reply::streamed(&head, body, trailers),
            posted => panic!("{posted:?}"),
        }
    }
}

impl Function {
    /// Starts the function without arguments, as Lambda does.
    pub async fn start(directory: &ServiceDirectory) -> Self {
        Self::with(directory, &[("LOGMARK_CONFIG", "logmark.toml")]).await
    }

    /// Starts the function with one or two streaming front ends.
    pub async fn streaming(directory: &ServiceDirectory, doors: &str) -> Self {
        Self::with(directory, &[("LOGMARK_CONFIG", "logmark.toml"), ("LOGMARK__LAMBDA__STREAMING", doors)]).await
    }

    /// Starts the function with these variables.
    pub async fn with(directory: &ServiceDirectory, variables: &[(&str, &str)]) -> Self {
        let lambda = Lambda::start().await;
        let mut command = logmark(directory.path());
        command
            .env("AWS_LAMBDA_RUNTIME_API", lambda.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "logmark")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .envs(variables.iter().copied());
        Self { process: Binary::start(command), lambda }
    }

    /// Ends the function, so that another can take its place.
    pub async fn end(self) {
        self.process.kill().await;
    }

    pub async fn invoke_any(&self, event: Value) -> Posted {
        self.lambda.invoke_any(event, TIME).await
    }

    pub async fn invoke(&self, event: Value) -> Reply {
        self.lambda.invoke(event).await
    }

    pub async fn invoke_for(&self, event: Value, time: Duration) -> Reply {
        self.lambda.invoke_for(event, time).await
    }
}

impl Reply {
    pub fn whole(raw: Value) -> Self {
        let mut headers = HeaderMap::new();
        match raw["multiValueHeaders"].as_object().filter(|headers| !headers.is_empty()) {
            Some(many) => many.iter().for_each(|(name, values)| {
                values.as_array().unwrap().iter().for_each(|value| add(&mut headers, name, value));
            }),
            None => raw["headers"].as_object().unwrap().iter().for_each(|(name, value)| add(&mut headers, name, value)),
        }
        let text = raw["body"].as_str().unwrap();
        let body =
            if raw["isBase64Encoded"] == true { BASE64_STANDARD.decode(text).unwrap().into() } else { text.to_owned().into() };
        let status = raw["statusCode"].as_u64().unwrap();
        Self { status, headers, body, streamed: false, raw, trailers: HeaderMap::new() }
    }

    fn streamed(head: &Value, body: Bytes, trailers: HeaderMap) -> Self {
        let mut headers = HeaderMap::new();
        head["headers"].as_object().unwrap().iter().for_each(|(name, value)| add(&mut headers, name, value));
        let status = head["statusCode"].as_u64().unwrap();
        Self { status, headers, body, streamed: true, raw: Value::Null, trailers }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn messages(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Status and code of a problem, as in `404 not_found`.
    pub fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        format!("{} {}", self.status, problem["code"].as_str().unwrap())
    }

    /// The last line, which is JSON.
    pub fn last_line(&self) -> Value {
        serde_json::from_str(self.text().lines().last().unwrap()).unwrap()
    }

    /// The error trailers of an incomplete stream; `None` after a regular end.
    pub fn broke_off(&self) -> Option<Value> {
        let body = self.trailers.get("lambda-runtime-function-error-body")?;
        assert_eq!(self.trailers["lambda-runtime-function-error-type"], "Logmark.StreamBrokenOff");
        Some(serde_json::from_slice(&BASE64_STANDARD.decode(body).unwrap()).unwrap())
    }
}

fn add(headers: &mut HeaderMap, name: &str, value: &Value) {
    headers.append(name.parse::<http::HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap());
}

async fn serve(listener: tokio::net::TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
            let _gone = server.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
        });
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let Some(Invocation { event, time, answer }) = api.waiting.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let number = api.number.fetch_add(1, Ordering::SeqCst);
    let (id, invocation_id) = (format!("8476a536-e9f4-11e8-9739-{number:012x}"), format!("delivery-{number}"));
    let most = if event.pointer("/requestContext/elb").is_some() { MOST_BYTES_OF_ALB } else { MOST_BYTES };
    let running = Running { answer, most, invocation_id: invocation_id.clone() };
    api.running.lock().unwrap().insert(id.clone(), running);
    let deadline = std::time::UNIX_EPOCH.elapsed().unwrap() + time;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        (INVOCATION_ID, invocation_id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:logmark".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

/// The limits of answers in one piece: Lambda's, and a load balancer's.
const MOST_BYTES: usize = 6_291_556;
const MOST_BYTES_OF_ALB: usize = 1_000_000;

const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

impl Api {
    /// The event that these headers answer. As Lambda does, refuses an answer without the invocation's id.
    fn answered(&self, id: &str, headers: &HeaderMap) -> Option<(oneshot::Sender<Posted>, usize)> {
        let Running { answer, most, invocation_id } = self.running.lock().unwrap().remove(id).unwrap();
        if headers.get(INVOCATION_ID).is_some_and(|id| id == invocation_id.as_str()) {
            return Some((answer, most));
        }
        let _gone = answer.send(Posted::Refused(format!("the answer does not carry `{invocation_id}`: {headers:?}")));
        None
    }
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> StatusCode {
    let Some((answer, most)) = api.answered(&id, &headers) else { return StatusCode::GONE };
    let collected = match body.collect().await {
        Ok(collected) => collected,
        Err(error) => {
            let _gone = answer.send(Posted::Refused(error.to_string()));
            return StatusCode::BAD_REQUEST;
        }
    };
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let body = collected.to_bytes();
    let is_streamed = headers.get("lambda-runtime-function-response-mode").is_some();
    let (status, posted) = if is_streamed {
        (StatusCode::ACCEPTED, streamed(&headers, &body, trailers))
    } else if body.len() > most {
        (StatusCode::PAYLOAD_TOO_LARGE, Posted::Refused(format!("{} bytes are too many", body.len())))
    } else {
        (StatusCode::ACCEPTED, Posted::Whole(serde_json::from_slice(&body).unwrap()))
    };
    let _gone = answer.send(posted);
    status
}

/// A stream as Lambda and its front ends interpret it: they look for the delimiter in its first bytes.
fn streamed(headers: &HeaderMap, body: &Bytes, trailers: HeaderMap) -> Posted {
    assert_eq!(headers["lambda-runtime-function-response-mode"], "streaming");
    assert_eq!(headers["content-type"], "application/vnd.awslambda.http-integration-response");
    assert_eq!(headers["transfer-encoding"], "chunked");
    let announced: Vec<_> = headers.get_all("trailer").iter().map(|value| value.to_str().unwrap().to_ascii_lowercase()).collect();
    assert_eq!(announced, ["lambda-runtime-function-error-type", "lambda-runtime-function-error-body"]);
    let at = memchr::memmem::find(body, &[0; 8]).expect("a delimiter");
    assert!(at < 16 * 1024, "the head is too long: {at}");
    Posted::Streamed { head: serde_json::from_slice(&body[..at]).unwrap(), body: body.slice(at + 8..), trailers }
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some((answer, _)) = api.answered(&id, &headers) else { return StatusCode::GONE };
    assert!(headers.contains_key("lambda-runtime-function-error-type"));
    let _gone = answer.send(Posted::Failed(serde_json::from_slice(&body).unwrap()));
    StatusCode::ACCEPTED
}
