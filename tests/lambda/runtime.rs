//! The Lambda Runtime API as the function sees it: it asks for the next event, and posts an answer or an error.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::world::binary::{Binary, Place, logmark};

type Outcome = Result<Value, Value>;
type Invocation = (Value, oneshot::Sender<Outcome>);

struct Api {
    waiting: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    running: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

/// The binary, running as a function.
pub struct Function {
    pub process: Binary,
    events: mpsc::Sender<Invocation>,
}

/// What a front door would make of the function's answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u64,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The answer as it was posted.
    pub raw: Value,
}

impl Function {
    /// Starts it without arguments, as Lambda does.
    pub async fn start(place: &Place) -> Self {
        let (events, waiting) = mpsc::channel(1);
        let api = Arc::new(Api { waiting: waiting.into(), running: Mutex::default() });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .layer(DefaultBodyLimit::disable())
            .with_state(api);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut command = logmark(place.path());
        command
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "logmark")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("LOGMARK_CONFIG", "logmark.toml");
        tokio::spawn(serve(listener, router));
        Self { process: Binary::start(command), events }
    }

    /// Invokes it with any event: what it posted as its answer, or as its error.
    pub async fn invoke_any(&self, event: Value) -> Outcome {
        let (answer, answered) = oneshot::channel();
        self.events.send((event, answer)).await.unwrap();
        let outcome = tokio::time::timeout(Duration::from_secs(30), answered).await;
        outcome.unwrap_or_else(|_| panic!("no answer\n{}", self.process.log())).unwrap()
    }

    /// Invokes it with a front door's event.
    pub async fn invoke(&self, event: Value) -> Reply {
        let raw = self.invoke_any(event).await.unwrap_or_else(|error| panic!("{error}\n{}", self.process.log()));
        let mut headers = HeaderMap::new();
        let mut add = |name: &String, value: &Value| {
            headers.append(name.parse::<http::HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap());
        };
        match raw["multiValueHeaders"].as_object().filter(|headers| !headers.is_empty()) {
            Some(many) => {
                many.iter().for_each(|(name, values)| values.as_array().unwrap().iter().for_each(|value| add(name, value)))
            }
            None => raw["headers"].as_object().unwrap().iter().for_each(|(name, value)| add(name, value)),
        }
        let text = raw["body"].as_str().unwrap_or("");
        let body = if raw["isBase64Encoded"] == true {
            base64::prelude::BASE64_STANDARD.decode(text).unwrap().into()
        } else {
            Bytes::from(text.to_owned())
        };
        Reply { status: raw["statusCode"].as_u64().unwrap(), headers, body, raw }
    }
}

impl Reply {
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
    let Some((event, answer)) = api.waiting.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let id = format!("{:032x}", api.running.lock().unwrap().len() + event.to_string().len());
    api.running.lock().unwrap().insert(id.clone(), answer);
    let deadline = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() + 28_000;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:logmark".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

/// Lambda's own bound for a buffered answer.
const MOST_BYTES: usize = 6_291_556;

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let answer = api.running.lock().unwrap().remove(&id).unwrap();
    if body.len() > MOST_BYTES {
        let _gone = answer.send(Err(Value::from(format!("{} bytes are too many", body.len()))));
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    let _gone = answer.send(Ok(serde_json::from_slice(&body).unwrap()));
    StatusCode::ACCEPTED
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let answer = api.running.lock().unwrap().remove(&id).unwrap();
    let _gone = answer.send(Err(serde_json::from_slice(&body).unwrap()));
    StatusCode::ACCEPTED
}
