//! The Python client, installed from its wheel.

use super::samples::assert_run;
use super::stage::{Stage, assert_made};

const PYTHON: &str = ".venv-sdk/bin/python";

#[tokio::test]
async fn the_python_client_keeps_the_contract() {
    assert_made(".venv-sdk/.done");
    let stage = Stage::new().await;
    stage.run(".", &[PYTHON, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "sdk/python/tests"]).await;
    assert_run(&stage, ".", |operation| vec![PYTHON.to_owned(), format!("sdk/samples/{operation}.py")]).await;
}
