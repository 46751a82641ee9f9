//! `logmark demo`.

use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::time::Instant;

use crate::world::binary::{logmark, run};
use crate::world::client::Client;
use crate::world::demo::Demo;

#[tokio::test]
async fn the_demo_prints_what_works_and_ends_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path()).await;
    let (acme, globex) = (demo.client("ACME"), demo.client("GLOBEX"));
    assert_eq!(acme.get("/logs/:acme:api/prod-a?limit=3").await.messages().len(), 3);
    assert_eq!(globex.get("/logs/:globex:api?limit=3").await.messages().len(), 3);
    assert_eq!(globex.get("/logs/:acme:api?limit=3").await.problem(), "404 not_found");
    assert_eq!(globex.get("/groups/:acme:api").await.problem(), "404 not_found");
    assert_eq!(acme.get("/logs/:globex:api").await.problem(), "404 not_found");

    // The printed commands, unchanged, each with the text above it.
    let lines: Vec<&str> = demo.said.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[1].starts_with("curl "));
    let curls: Vec<(&str, &str)> = pairs.map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(curls.len(), 8, "{}", demo.said);
    for (_, curl) in &curls {
        assert!(curl.len() < 220 && (curl.contains("$ACME") || curl.contains("$GLOBEX")), "short, with a variable: {curl}");
    }
    if Command::new("curl").arg("--version").output().await.is_ok() {
        for (what, curl) in curls {
            let mut shell = Command::new("sh");
            shell.args(["-c", curl]).env("ACME", demo.token("ACME")).env("GLOBEX", demo.token("GLOBEX"));
            let output = shell.output().await.unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            if curl.contains("/queries") {
                let (head, rows) = text.split_once("\r\n").or_else(|| text.split_once('\n')).unwrap_or_default();
                assert_eq!(head, "status,n", "{curl}: {text}");
                assert!(rows.lines().next().is_some_and(|row| row.starts_with("200,")), "{curl}: {text}");
                continue;
            }
            if curl.contains("/reports/") {
                let rows: Vec<&str> = text.lines().collect();
                assert!(rows.len() == 4 && rows[0].starts_with("httpMethod,resourcePath,requests,"), "{curl}: {text}");
                continue;
            }
            if curl.contains("format=text") {
                assert!(text.lines().count() > 10, "{curl}: {text}");
                continue;
            }
            let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{curl}: {error}: {text}"));
            if what.contains("404") {
                assert_eq!(answer["code"], "not_found", "{curl}");
            } else if curl.contains("/groups") {
                assert!(answer["groups"].as_array().unwrap().len() >= 3, "{text}");
            } else {
                assert_eq!(answer["events"].as_array().unwrap().len(), 3, "{text}");
            }
        }
    } else {
        println!("skipped: curl is not here");
    }

    // New events arrive by themselves.
    let first = acme.get("/logs/:acme:api/prod-a?start=-1s").await.json();
    let next = format!("/logs?cursor={}", first["nextCursor"].as_str().unwrap());
    let begun = Instant::now();
    while acme.get(&next).await.messages().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing new for ten seconds");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    // The commands in its help accept the folder.
    let token = run(folder.path(), &["token", "--data", "demo", "--tenant", "acme", "--scope", "logs:read:/acme/api"]).await;
    assert_eq!(token.code, 0, "{}", token.err);
    let minted = Client::new(demo.address, Some(token.out.trim().to_owned()));
    assert_eq!(minted.get("/logs/:acme:api/prod-a?limit=1").await.messages().len(), 1);
    assert_eq!(minted.get("/logs/:acme:java:orders").await.problem(), "403 insufficient_scope");

    // The audit trail has the reason of a refused token.
    let refused = Client::new(demo.address, Some("made-up".to_owned())).get("/me").await;
    assert_eq!(refused.problem(), "401 invalid_token");
    let trail = folder.path().join("demo/audit.jsonl");
    let begun = Instant::now();
    while !std::fs::read_to_string(&trail).unwrap().contains("token has 1 parts instead of 3") {
        assert!(begun.elapsed() < Duration::from_secs(30), "the reason is missing in {}", trail.display());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    demo.process.signal("INT").await;
    assert_eq!(demo.process.ended().await.code(), Some(0));

    // The same folder again: the previous logs still exist, and the issuer is the same.
    let mut again = Demo::start(folder.path()).await;
    let before = Client::new(again.address, Some(token.out.trim().to_owned()));
    let response_cache = before.get("/logs/:acme:api/prod-a?from=head&limit=3").await;
    assert_eq!(response_cache.messages(), acme_head(&again).await);
    again.process.signal("TERM").await;
    assert_eq!(again.process.ended().await.code(), Some(0));
}

async fn acme_head(demo: &Demo) -> Vec<String> {
    demo.client("ACME").get("/logs/:acme:api/prod-a?from=head&limit=3").await.messages()
}

#[tokio::test]
async fn a_port_in_use_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = run(folder.path(), &["demo", "--port", &port]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.starts_with(&format!("logmark: port {port} can't be used (choose another with --port):")), "{}", said.err);
    assert!(!folder.path().join("logmark-demo").exists(), "nothing is created");
}

#[tokio::test]
async fn a_second_demo_on_the_same_folder_leaves_the_first_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path()).await;
    let config = std::fs::read_to_string(folder.path().join("demo/logmark.toml")).unwrap();
    let second = run(folder.path(), &["demo", "--port", "0", "--data", "demo"]).await;
    assert_eq!(second.code, 1);
    assert!(second.err.contains(&demo.process.pid().to_string()), "{}", second.err);
    assert_eq!(std::fs::read_to_string(folder.path().join("demo/logmark.toml")).unwrap(), config);
}

/// In a container, another program publishes the port and connects from outside the demo's loopback.
#[tokio::test]
async fn a_demo_may_listen_on_all_addresses_and_warns() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = logmark(folder.path());
    // The variables of the image.
    command.env("LOGMARK__SERVER__LISTEN", "0.0.0.0:8080").env("LOGMARK__SERVER__ADMIN_LISTEN", "0.0.0.0:9090");
    command.env("LOGMARK_DEMO_LISTEN", "0.0.0.0:8080").args(["demo", "--port", "0", "--data", "demo"]);
    let mut demo = Demo::start_as(command).await;
    assert!(demo.address.ip().is_loopback(), "{}: the printed URL is for this machine", demo.said);
    assert!(!demo.said.contains("Admin"), "it is not published: {}", demo.said);
    assert_eq!(demo.client("ACME").get("/logs/:acme:api/prod-a?limit=3").await.messages().len(), 3);
    let config = std::fs::read_to_string(folder.path().join("demo/logmark.toml")).unwrap();
    let port = demo.address.port();
    assert!(config.contains(&format!("\nlisten = \"0.0.0.0:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n")), "{config}");
    assert!(config.contains("\nadmin_listen = \"127.0.0.1:"), "{config}");
    demo.process.signal("TERM").await;
    assert_eq!(demo.process.ended().await.code(), Some(0));
    let warning = format!("warning: the demo listens on 0.0.0.0:{port}, so other machines may reach it: publish its port on");
    assert!(demo.process.log().contains(&warning), "{}", demo.process.log());
}
