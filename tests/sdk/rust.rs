//! The Rust client, in a workspace of its own.

use super::samples::assert_run;
use super::stage::{Stage, assert_made};

#[tokio::test]
async fn the_rust_client_keeps_the_contract() {
    assert_made("sdk/rust/build/.done");
    let stage = Stage::new().await;
    // Without TLS: the service is at hand, and the tree half as large. `make check` has the other features.
    let cargo = |command: &[&str]| {
        let words = [command, &["--locked", "--quiet", "--no-default-features"]].concat();
        [vec![env!("CARGO")], words].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let test = cargo(&["test"]);
    stage.run("sdk/rust", &test.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let snake = |operation: &str| operation.chars().flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain(c.to_lowercase()));
    assert_run(&stage, "sdk/rust", |operation| cargo(&["run", "--example", &snake(operation).collect::<String>()])).await;
}
