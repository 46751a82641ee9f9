//! The pages and a live tail in a real browser: Chromium, driven by the scripts of `tests/web`.

use std::path::Path;

use tokio::process::Command;

use crate::world::World;
use crate::world::binary::Binary;
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

/// `EventSource` with a ticket for each connection: no event is lost or repeated between connections.
#[tokio::test]
async fn a_browser_follows_a_live_tail_with_tickets() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web");
    assert!(tools.join("node_modules/.done").exists(), "the browser's driver is missing: run `make setup`");
    let world = World::new().await;
    let put = async |message: &str| world.put("/acme/live", "web-1", &[(1_795_168_800_000, message)]).await;
    put("old").await;
    let mut command = Command::new("node");
    command.arg(tools.join("eventsource.mjs")).arg(format!("http://{}", world.address));
    command.args([world.issuer.token("acme", "logs:*:*").as_str(), "5"]).kill_on_drop(true);
    let mut browser = Binary::start(command);
    browser.wait_for_output("open").await;
    put("one").await;
    put("two\nlines: \u{2028} data: x").await;
    // The page closes the connection after two events and creates another ticket meanwhile.
    put("three").await;
    browser.wait_for_output("event: three").await;
    put("four").await;
    put("five").await;
    let printed = browser.wait_for_output("event: five").await;
    assert!(browser.ended().await.success(), "{}", browser.log());
    let events: String = printed.lines().filter(|line| *line != "open").map(|line| format!("{line}|")).collect();
    assert_eq!(events, "event: one|event: two|lines: \u{2028} data: x|event: three|event: four|event: five|");
}
