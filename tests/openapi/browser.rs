//! The pages in a real browser: Chromium, driven by `tests/web/browser.mjs`.

use std::path::Path;

use tokio::process::Command;

use crate::world::demo::Demo;

#[tokio::test]
async fn the_pages_work_in_a_browser() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web");
    assert!(tools.join("node_modules/.done").exists(), "the browser's driver is missing: run `make setup`");
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path()).await;
    let mut command = Command::new("node");
    command.arg(tools.join("browser.mjs")).arg(format!("http://{}", demo.address)).args([demo.token("ACME")]);
    let output = command.kill_on_drop(true).output().await.expect("Node is missing: version 20 or later is needed");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    println!("{out}");
}
