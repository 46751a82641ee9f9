//! The Python client, installed from its wheel.

use super::environment::{TestEnvironment, assert_made};
use super::samples::assert_run;

const PYTHON: &str = ".venv-sdk/bin/python";

#[tokio::test]
async fn the_python_client_keeps_the_contract() {
    assert_made(".venv-sdk/.done");
    let environment = TestEnvironment::new().await;
    environment.run(".", &[PYTHON, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "sdk/python/tests"]).await;
    assert_run(&environment, ".", |operation| vec![PYTHON.to_owned(), format!("sdk/samples/{operation}.py")]).await;
}
