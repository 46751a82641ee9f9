//! The Go client, with the standard library alone.

use super::environment::{TestEnvironment, assert_made};
use super::samples::assert_run;

#[tokio::test]
async fn the_go_client_keeps_the_contract() {
    assert_made("sdk/go/build/.done");
    let environment = TestEnvironment::new().await;
    environment.run("sdk/go", &["go", "test", "-count=1", "./..."]).await;
    assert_run(&environment, "sdk/go", |operation| vec!["go".to_owned(), "run".to_owned(), format!("../samples/{operation}.go")])
        .await;
}
