//! The Go client, with the standard library alone.

use super::samples::assert_run;
use super::stage::{Stage, assert_made};

#[tokio::test]
async fn the_go_client_keeps_the_contract() {
    assert_made("sdk/go/build/.done");
    let stage = Stage::new().await;
    stage.run("sdk/go", &["go", "test", "-count=1", "./..."]).await;
    assert_run(&stage, "sdk/go", |operation| vec!["go".to_owned(), "run".to_owned(), format!("../samples/{operation}.go")]).await;
}
