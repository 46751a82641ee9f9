//! The terminal samples: each runs unchanged and has the described effect.

use std::path::Path;

use serde_json::Value;
use tokio::process::Command;

use super::environment::{TestEnvironment, document};

async fn run(environment: &TestEnvironment, sample: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk/samples").join(sample);
    let mut command = Command::new("bash");
    command.arg(file).env("LOGMARK_URL", environment.url()).env("LOGMARK_TOKEN", environment.token("acme", "logs:*:/acme/*"));
    let output = command.output().await.unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && err.is_empty(), "{sample}: {} {out} {err}", output.status);
    out
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn the_samples_do_what_they_say() {
    let environment = TestEnvironment::start().await;
    environment.go_on();
    let groups = json(&run(&environment, "listGroups.sh").await);
    assert_eq!(groups["groups"][0]["path"], "/logs/:acme:api");
    let page = json(&run(&environment, "readStream.sh").await);
    assert_eq!(page["events"].as_array().unwrap().len(), 20);
    let lines = run(&environment, "readGroup.sh").await;
    let lines: Vec<Value> = lines.lines().map(json).collect();
    assert!(lines.len() > 5, "{lines:?}");
    assert_eq!(lines.last().unwrap()["stopReason"], "end");
    let failed = |line: &Value| json(line["message"].as_str().unwrap())["status"] == 502;
    assert!(lines[..lines.len() - 1].iter().all(failed), "{lines:?}");
    let query = json(&run(&environment, "startQuery.sh").await);
    assert_eq!((query["status"].as_str(), query["results"].as_array().map(Vec::len)), (Some("Complete"), Some(2)));
}

#[test]
fn every_sample_is_in_the_document_at_its_operation() {
    let document = document();
    let mut shown: Vec<(String, String)> = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            for sample in operation["x-codeSamples"].as_array().into_iter().flatten() {
                shown
                    .push((operation["operationId"].as_str().unwrap().to_owned(), sample["source"].as_str().unwrap().to_owned()));
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk/samples");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let operation = path.file_stem().unwrap().to_str().unwrap().replace("tail", "readLogs");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(shown.contains(&(operation, text)), "{} is not in src/http/openapi/samples.rs", path.display());
        files += 1;
    }
    assert_eq!(shown.len(), files);
}
