//! Reports as HTML pages: their headers, hostile values in them, and how a browser reads them.

use std::path::Path;

use tokio::process::Command;

use super::{asked, line, world};
use crate::world::demo::Demo;

const HOSTILE: &str = "</table><script>alert(1)</script><img src=x onerror=alert(1)>";

#[tokio::test]
async fn a_page_has_no_script_and_escapes_every_value() {
    let world = world(&[line(&[("path", HOSTILE), ("resourcePath", HOSTILE), ("identityUserAgent", HOSTILE)])]).await;
    let acme = world.tenant("acme");
    for report in ["routes", "user-agents", "requests", "traffic", "hours", "parse-health"] {
        let answer = asked(&acme, &format!("{report}?format=html")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        let page = answer.text();
        assert!(!page.contains("<script") && !page.contains("<img"), "{report}: {page}");
        assert!(page.starts_with("<!doctype html>") && page.contains("/acme/gateway"), "{page}");
    }
    let escaped = asked(&acme, "routes?format=html").await;
    assert!(escaped.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[tokio::test]
async fn pages_pass_axe_in_a_browser() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web");
    assert!(tools.join("node_modules/axe-core").exists(), "axe is missing: run `make setup`");
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path()).await;
    let mut command = Command::new("node");
    command.arg(tools.join("report.mjs")).arg(format!("http://{}", demo.address)).args([demo.token("ACME"), "/acme/api"]);
    command.args([
        "overview?start=-1d",
        "traffic?start=-1d&dimension=status",
        "latency-series?start=-1d",
        "routes?start=-1d&tz=Europe/Berlin",
        "hours?start=-1d",
        "user-agents?start=-1d",
        "compare?start=-6h&report=routes",
        "parse-health?start=-1d",
        "routes?start=-1d&path=/none",
    ]);
    let output = command.kill_on_drop(true).output().await.expect("Node is missing: version 20 or later is needed");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(out.lines().count(), 9, "{out}");
}
