//! The Rust client, in its separate workspace.

use super::environment::{TestEnvironment, assert_made};
use super::samples::assert_run;

#[tokio::test]
async fn the_rust_client_keeps_the_contract() {
    assert_made("sdk/rust/build/.done");
    let environment = TestEnvironment::new().await;
    // Without TLS: the service is local, and the build takes half the time.
    let quickly = ["--locked", "--quiet", "--no-default-features"];
    environment.run("sdk/rust", &[&[env!("CARGO"), "test"], &quickly[..]].concat()).await;
    let sample = |operation: &str| {
        let name = snake_case(operation);
        [&[env!("CARGO"), "run", "--example", &name], &quickly[..]].concat().into_iter().map(str::to_owned).collect()
    };
    assert_run(&environment, "sdk/rust", sample).await;
}

fn snake_case(operation: &str) -> String {
    let spell = |letter: char| if letter.is_uppercase() { format!("_{}", letter.to_lowercase()) } else { letter.to_string() };
    operation.chars().map(spell).collect()
}
