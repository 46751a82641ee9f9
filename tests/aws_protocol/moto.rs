//! moto's own tests of CloudWatch Logs, from its source package, against the endpoint. `moto_excluded.txt` lists the tests that are
//! expected to fail, each with the reason.

use std::path::Path;

use tokio::process::Command;

use crate::world::{Options, World};

/// An endpoint with the key that moto's tests use.
const SOURCE: &str = "[[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n\
     endpoint = { listen = \"127.0.0.1:0\", access_key = \"FOOBARKEY\", secret_key = \"env:MOTO_SECRET\", account = \"123456789012\" }\n";

#[tokio::test(flavor = "multi_thread")]
async fn motos_own_tests_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = root.join(".moto/source");
    assert!(root.join(".moto/.done").exists(), "moto's source package is missing: run `make setup`");
    let environment = vec![("MOTO_SECRET", "FOOBARSECRET")];
    let world = World::with(Options { sources: Some(SOURCE.to_owned()), environment, ..Options::default() }).await;
    let mut command = Command::new(root.join(".venv/bin/python"));
    command.args([
        "-m",
        "pytest",
        "-p",
        "moto_logs",
        "-p",
        "no:cacheprovider",
        "--color=no",
        "--disable-warnings",
        "-q",
        "-rA",
        "tests/test_logs",
    ]);
    command.current_dir(source).env("PYTHONPATH", root.join("tests/tools")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("TEST_SERVER_MODE", "true").env("TEST_SERVER_MODE_ENDPOINT", world.endpoint());
    command.env("MOTO_EXCLUDED", root.join("tests/aws_protocol/moto_excluded.txt")).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let end = said.len().saturating_sub(20_000);
    assert!(output.status.success(), "{}\n{}", said.get(end..).unwrap_or(&said), String::from_utf8_lossy(&output.stderr));
    let passed = said.lines().filter(|line| line.starts_with("PASSED ")).count();
    assert!(passed >= 50, "{passed} tests passed");
}
