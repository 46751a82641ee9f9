//! Schemathesis: sends the requests that the document allows, and many that it does not.
//!
//! Each test run sends the same requests, from a fixed seed; `make schemathesis` sends more, from a new seed each time.

use std::path::Path;

use tokio::process::Command;

use super::environment::TestEnvironment;

/// The least number of requests of a run.
const LEAST: u64 = 2_000;

#[tokio::test]
async fn schemathesis_finds_no_difference_between_document_and_service() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(root.join(".venv/.done").exists(), "the tests' Python tools are missing: run `make setup`");
    let environment = TestEnvironment::start().await;
    environment.go_on();
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let (examples, seed) = (variable("SCHEMATHESIS_EXAMPLES", "60"), variable("SCHEMATHESIS_SEED", "20261120"));
    // The folder of its database, deleted with the test.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(root.join(".venv/bin/schemathesis"));
    command
        .current_dir(root)
        .env("LOGMARK_TOKEN", environment.token("acme", "logs:*:*"))
        .env("HYPOTHESIS_STORAGE_DIRECTORY", folder.path());
    command.args(["--no-color", "--config-file", "tests/tools/schemathesis.toml", "run", "--max-examples", &examples]);
    if seed != "random" {
        command.args(["--seed", &seed, "--generation-deterministic"]);
    }
    command.arg(format!("{}/openapi.json", environment.url()));
    let output = command.kill_on_drop(true).output().await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{out}");
    assert!(output.status.success(), "{out}\n{err}");
    // As in `2377 generated, 2377 passed, 26 skipped`.
    let cases = out.lines().find_map(|line| line.trim().split_once(" generated")?.0.parse::<u64>().ok());
    assert!(cases.is_some_and(|cases| cases >= LEAST), "fewer than {LEAST} requests: {out}");
}
