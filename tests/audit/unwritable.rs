//! When audit lines cannot be written, no data is read.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::world::binary::{ServiceDirectory, logmark, run};
use crate::world::client::Client;

#[tokio::test]
async fn requests_are_refused_while_lines_cannot_be_written_and_the_lines_are_not_lost() {
    let directory = ServiceDirectory::new("");
    directory.put("/acme/api", "s", (0..3).map(|i| (1_700_000_000_000 + i, format!("line {i}"))));
    let mut command = logmark(directory.path());
    let mut child = command.arg("serve").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Close the reader of standard output.
    drop(child.stdout.take());
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut addresses = None;
    let mut has_failed = false;
    while addresses.is_none() || !has_failed {
        let line: Value = serde_json::from_str(&log.next_line().await.unwrap().unwrap()).unwrap();
        let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
        if line["admin_listen"].is_string() {
            addresses = Some((address("listen"), address("admin_listen")));
        }
        has_failed |= line["message"].as_str().unwrap_or_default().starts_with("audit lines cannot be written");
    }
    let (address, admin) = addresses.unwrap();
    let token = directory.issuer.token("acme", "logs:*:*");
    let answer = Client::new(address, Some(token)).get("/logs/:acme:api/s").await;
    assert_eq!(answer.problem(), "503 overloaded");
    assert_eq!(answer.header("retry-after"), "5");
    let ready = Client::new(admin, None).get("/readyz").await;
    assert_eq!(ready.status, 503);
    let check = ready.json()["checks"].as_array().unwrap().iter().find(|check| check["name"] == "audit").cloned().unwrap();
    assert_eq!(check["ok"], false);
    let pid = child.id().unwrap().to_string();
    assert!(tokio::process::Command::new("kill").args(["-s", "TERM", &pid]).status().await.unwrap().success());
    let mut rest = Vec::new();
    while let Some(line) = log.next_line().await.unwrap() {
        rest.push(line);
    }
    // The process ends after its limit and writes the lines to standard error, the only destination left.
    for event in ["start", "stop"] {
        assert!(rest.iter().any(|line| line.contains(&format!("\"event\":\"{event}\""))), "no {event} line: {rest:?}");
    }
}

#[tokio::test]
async fn a_service_whose_audit_file_cannot_be_opened_does_not_start() {
    let directory = ServiceDirectory::new("");
    std::fs::create_dir(directory.path().join("audit.jsonl")).unwrap();
    let config = directory.path().join("logmark.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\n[audit]\nsink = \"file\"\npath = \"audit.jsonl\"\n")).unwrap();
    let ended = run(directory.path(), &["serve"]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("audit: audit.jsonl:"), "{}", ended.err);
}
