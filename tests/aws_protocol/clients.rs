//! The unmodified AWS CLI and awslogs.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use super::support::{KEY, Stage};
use crate::contract::subject::now;
use crate::world::binary::Binary;
use crate::world::fake_cloudwatch::live_tail::{SessionEnd, SessionPlan};
use crate::world::fake_cloudwatch::{Fake, SECRET};

/// A program of the tests' Python environment, configured for an endpoint.
fn tool(endpoint: &str, home: &Path, program: &str, arguments: &[&str]) -> Command {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin").join(program);
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home);
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_DEFAULT_REGION", "eu-west-1");
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_EC2_METADATA_DISABLED", "true");
    // The host of live tail is `stream-` and the endpoint's host, which does not exist here.
    command.env("AWS_DISABLE_HOST_PREFIX_INJECTION", "true").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs a program against the endpoint, and returns its output if it succeeds.
pub(super) async fn run(stage: &Stage, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = tool(&stage.world.endpoint(), stage.world.folder.path(), program, arguments).output().await.unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    if output.status.success() { Ok(out) } else { Err(format!("{out}{err}")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_writes_and_reads() {
    let stage = Stage::new().await;
    let logs = async |arguments: &[&str]| run(&stage, "aws", &[["logs"].as_slice(), arguments].concat()).await;
    let stream = ["--log-group-name", "/acme/api", "--log-stream-name", "web-1"];
    logs(&["create-log-group", "--log-group-name", "/acme/api"]).await.unwrap();
    logs(&[["create-log-stream"].as_slice(), &stream].concat()).await.unwrap();
    let event = format!("timestamp={},message=hello", now());
    logs(&[["put-log-events", "--log-events", &event].as_slice(), &stream].concat()).await.unwrap();
    let read = logs(&[["get-log-events"].as_slice(), &stream].concat()).await.unwrap();
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["events"][0]["message"], "hello");
    // The CLI follows tokens by itself.
    let found = logs(&["filter-log-events", "--log-group-name", "/acme/api", "--filter-pattern", "hello"]).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap()["events"].as_array().unwrap().len(), 1);
    let missing = logs(&["describe-log-streams", "--log-group-name", "/no"]).await.unwrap_err();
    assert!(
        missing.contains("(ResourceNotFoundException)") && missing.contains("The specified log group does not exist."),
        "{missing}"
    );
    let identity = run(&stage, "aws", &["sts", "get-caller-identity"]).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&identity).unwrap()["Account"], "123456789012");
}

#[tokio::test(flavor = "multi_thread")]
async fn awslogs_lists_and_reads() {
    let stage = Stage::new().await;
    let at = now() - 1000;
    for (group, stream) in [("/acme/api", "a"), ("/acme/api", "b"), ("/acme/web", "a")] {
        stage.stream(group, stream).await;
        let events = json!([{ "timestamp": at, "message": format!("from {group} {stream}") }]);
        stage.ok("put_log_events", json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events })).await;
    }
    let url = stage.world.endpoint();
    let awslogs = async |arguments: &[&str]| {
        run(&stage, "awslogs", &[arguments, ["--aws-endpoint-url", &url].as_slice()].concat()).await.unwrap()
    };
    assert_eq!(awslogs(&["groups"]).await.lines().collect::<Vec<_>>(), ["/acme/api", "/acme/web"]);
    assert_eq!(awslogs(&["streams", "/acme/api"]).await.lines().collect::<Vec<_>>(), ["a", "b"]);
    let read = awslogs(&["get", "/acme/api", "ALL", "--start=10m", "--color=never"]).await;
    assert!(read.contains("from /acme/api a") && read.contains("from /acme/api b") && !read.contains("/acme/web"), "{read}");
}

const LIVE_TAIL: [&str; 4] =
    ["logs", "start-live-tail", "--log-group-identifiers", "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api"];

/// Puts events until the client has printed one, which shows that its session has begun.
async fn until_it_prints(client: &mut Binary, mut put: impl AsyncFnMut(&str)) {
    let mut number = 0;
    while tokio::time::timeout(Duration::from_millis(500), client.wait_for_output("event ")).await.is_err() {
        put(&format!("event {number}")).await;
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_follows_our_endpoint() {
    let stage = Stage::new().await;
    stage.stream("/acme/api", "web-1").await;
    let put = async |message: &str| {
        let events = json!([{ "timestamp": now(), "message": message }]);
        stage.ok("put_log_events", json!({ "logGroupName": "/acme/api", "logStreamName": "web-1", "logEvents": events })).await;
    };
    let arguments = [&LIVE_TAIL[..], &["--log-stream-names", "web-1", "--log-event-filter-pattern", "event"]].concat();
    let home = tempfile::tempdir().unwrap();
    let mut client = Binary::start(tool(&stage.world.endpoint(), home.path(), "aws", &arguments));
    until_it_prints(&mut client, put).await;
    put("left out by the filter").await;
    put("the last event").await;
    let printed = client.wait_for_output("the last event").await;
    assert!(!printed.contains("left out"), "{printed}");
    // The service stops, and the session ends regularly.
    stage.world.stop().await;
    let code = client.ended().await.code();
    assert_eq!((code, client.log().as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_follows_the_fake() {
    let fake = Fake::start(now()).await;
    {
        let mut state = fake.state();
        state.has_system_clock = true;
        state.live.interval = Duration::from_millis(50);
        state.live.plans.push_back(SessionPlan::ending(200, SessionEnd::Timeout));
        state.logs.add_stream("/acme/api", "web-1");
    }
    let home = tempfile::tempdir().unwrap();
    let mut client = Binary::start(tool(&fake.endpoint(), home.path(), "aws", &LIVE_TAIL));
    let put = async |message: &str| fake.state().logs.put("/acme/api", "web-1", now(), message);
    until_it_prints(&mut client, put).await;
    let printed = client.wait_for_output("SessionTimeoutException").await;
    assert!(printed.contains("event "), "{printed}");
    assert_eq!(client.ended().await.code(), Some(0));
}
