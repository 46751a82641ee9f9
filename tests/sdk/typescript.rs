//! The TypeScript client, as packed by npm, on Node.

use super::environment::{TestEnvironment, assert_made};
use super::samples::assert_run;

#[tokio::test]
async fn the_typescript_client_keeps_the_contract() {
    assert_made("sdk/typescript/build/.done");
    let environment = TestEnvironment::new().await;
    environment.run("sdk/typescript", &["npm", "test", "--silent"]).await;
    let sample = |operation: &str| vec!["node".to_owned(), format!("build/consumer/samples/{operation}.js")];
    assert_run(&environment, "sdk/typescript", sample).await;
}
