//! Calls of boto3, and raw requests signed by AWS's own code.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::contract::subject::now;
use crate::world::fake_cloudwatch::SECRET;
use crate::world::python::Helper;
use crate::world::{Options, World};

pub(super) const KEY: &str = "AKIDTEST";

/// A service with an endpoint, and boto3 as its client.
pub(crate) struct Stage {
    pub(super) world: World,
    boto: Helper,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::over(World::with(Options::with_endpoint()).await)
    }

    /// boto3 as the client of this service.
    pub(crate) fn over(world: World) -> Self {
        let boto = Helper::start("aws_client.py", &[&world.endpoint(), KEY, SECRET]);
        Self { world, boto }
    }

    /// Calls CloudWatch Logs with boto3: the response, or `Code: message`.
    pub(crate) async fn call(&self, operation: &str, parameters: Value) -> Result<Value, String> {
        self.order(json!({ "service": "logs", "operation": operation, "parameters": parameters })).await
    }

    /// Any call of the tool.
    pub(super) async fn order(&self, order: Value) -> Result<Value, String> {
        let answer = tokio::task::block_in_place(|| self.boto.ask(&order));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer.get("fault").is_none(), "{order}: {answer}");
        match answer.get("answer") {
            Some(answer) => Ok(answer.clone()),
            None => Err(format!("{}: {}", answer["code"].as_str().unwrap(), answer["message"].as_str().unwrap())),
        }
    }

    /// Calls CloudWatch Logs with boto3 and requires success.
    pub(crate) async fn ok(&self, operation: &str, parameters: Value) -> Value {
        self.call(operation, parameters).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// Creates a group and a stream.
    pub(super) async fn stream(&self, group: &str, stream: &str) {
        let _exists = self.call("create_log_group", json!({ "logGroupName": group })).await;
        self.ok("create_log_stream", json!({ "logGroupName": group, "logStreamName": stream })).await;
    }
}

/// A request before it is sent.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) method: String,
    pub(super) target: String,
    /// In the order sent; without `Host` and `Content-Length`.
    pub(super) headers: Vec<(String, String)>,
    pub(super) host: String,
    pub(super) body: Vec<u8>,
    /// The access key that signs the request.
    pub(super) key: String,
    pub(super) secret: String,
    pub(super) service: String,
    /// Epoch milliseconds.
    pub(super) at: i64,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and exception.
    pub(super) fn refusal(&self) -> String {
        format!("{} {}", self.status, self.json()["__type"].as_str().unwrap_or("no type"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Raw {
    /// An operation of CloudWatch Logs, in the form that an SDK sends.
    pub(super) fn logs(world: &World, operation: &str, body: &Value) -> Self {
        Self {
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target".to_owned(), format!("Logs_20140328.{operation}")),
            ],
            host: world.endpoints[0].to_string(),
            body: body.to_string().into_bytes(),
            key: KEY.to_owned(),
            secret: SECRET.to_owned(),
            service: "logs".to_owned(),
            at: now(),
        }
    }

    /// Adds a header, which is signed too.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds date and signature.
    pub(super) fn signed(mut self) -> Self {
        let credentials = Credentials::new(&self.key, &self.secret, None, None, "test").into();
        let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(self.at).unwrap());
        let params = v4::SigningParams::builder().identity(&credentials).region("eu-west-1").name(&self.service).time(time);
        let params = params.settings(SigningSettings::default()).build().unwrap().into();
        let uri = format!("http://{}{}", self.host, self.target);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(&self.method, uri, headers, SignableBody::Bytes(&self.body)).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let added: Vec<_> = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.headers.extend(added);
        self
    }

    /// The head and the body as sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.target, self.host).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()).into_bytes());
        bytes.extend(&self.body);
        bytes
    }

    pub(super) async fn send(&self, world: &World) -> Got {
        exchange(world, &self.bytes()).await.expect("an answer")
    }
}

/// Sends the bytes and reads to the end; `None`: the connection was closed without an answer.
pub(super) async fn exchange(world: &World, bytes: &[u8]) -> Option<Got> {
    let mut stream = TcpStream::connect(world.endpoints[0]).await.unwrap();
    // A response may arrive before everything is sent.
    let _refused_early = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Got { status, head, body: answer[end + 4..].to_vec() })
}
