//! The unmodified AWS CLI and awslogs.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use super::support::{KEY, Stage};
use crate::contract::subject::now;
use crate::world::fake_cloudwatch::SECRET;

/// Runs a program of the tests' Python tools against the endpoint, and returns its output if it succeeds.
pub(super) async fn run(stage: &Stage, program: &str, arguments: &[&str]) -> Result<String, String> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin").join(program);
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", stage.world.folder.path());
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_DEFAULT_REGION", "eu-west-1");
    command.env("AWS_ENDPOINT_URL", stage.world.endpoint()).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().await.unwrap();
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
