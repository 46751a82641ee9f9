//! The TypeScript client, as npm packs it, on Node.

use super::samples::assert_run;
use super::stage::{Stage, assert_made};

#[tokio::test]
async fn the_typescript_client_keeps_the_contract() {
    assert_made("sdk/typescript/build/.done");
    let stage = Stage::new().await;
    stage.run("sdk/typescript", &["npm", "test", "--silent"]).await;
    let sample = |operation: &str| vec!["node".to_owned(), format!("build/consumer/samples/{operation}.js")];
    assert_run(&stage, "sdk/typescript", sample).await;
}
