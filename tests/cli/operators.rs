//! Operations: signals, the request log, and one clear line for each cause that stops a source or an issuer.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

use crate::world::binary::{Binary, ServiceDirectory, logmark};
use crate::world::client::Client;

/// The lines of the log that contain the text.
fn lines(log: &str, text: &str) -> Vec<Value> {
    log.lines().filter(|line| line.contains(text)).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_request_has_a_line_with_the_clients_address_and_microseconds() {
    let forwarded = [("x-forwarded-for", "198.51.100.1, 203.0.113.9")];
    for (server, expected) in [("", "127.0.0.1"), ("trusted_proxies = [\"127.0.0.0/8\"]\n", "203.0.113.9")] {
        let directory = ServiceDirectory::new(server);
        let mut served = directory.serve().await;
        let client = Client::new(served.address, Some(directory.issuer.token("acme", "logs:read:*")));
        assert_eq!(client.get_with("/me", &forwarded).await.status, 200);
        assert_eq!(client.get("/made-up").await.status, 404);
        let log = served.process.wait_for_log("none 404").await;
        let line = &lines(&log, "\"target\":\"request\"")[0];
        assert_eq!(line["client.address"], expected, "{line}");
        assert!(line["duration_us"].as_u64().unwrap() > 0, "{line}");
        assert_eq!((&line["operation"], &line["http.route"], &line["http.status"]), (&"me".into(), &"/me".into(), &200.into()));
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.len() == "2026-11-20T10:00:00.123456Z".len() && time.ends_with('Z'), "{time}");
        assert_eq!(lines(&log, "none 404")[0]["operation"], "unmatched");
    }
}

/// A configuration with CloudWatch and a given issuer.
async fn serve(folder: &Path, issuer: &str, source: &str, variables: &[(&str, &str)]) -> (Binary, SocketAddr) {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\n[[auth.issuers]]\naudiences = [\"logmark\"]\n\
         algorithms = [\"ES256\"]\n{issuer}\n\n[[sources]]\nname = \"eu\"\nkind = \"cloudwatch\"\n{source}\n\n\
         [tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n"
    );
    std::fs::write(folder.join("logmark.toml"), text).unwrap();
    let mut command = logmark(folder);
    // Without a profile of this machine and without instance credentials.
    command.arg("serve").env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true").envs(variables.iter().copied());
    let mut process = Binary::start(command);
    let log = process.wait_for_log("admin_listen").await;
    let started = &lines(&log, "admin_listen")[0];
    let address = started["listen"].as_str().unwrap().parse().unwrap();
    (process, address)
}

const FILE_ISSUER: &str = "issuer = \"test\"\nkeys = \"file:issuer.jwks.json\"";

#[tokio::test]
async fn missing_credentials_are_one_line_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = crate::world::tokens::Issuer::new(folder.path());
    let (mut process, address) =
        serve(folder.path(), FILE_ISSUER, "region = \"eu-central-1\"\nendpoint = \"http://127.0.0.1:9\"", &[]).await;
    process.wait_for_log("has no AWS credentials").await;
    let acme = Client::new(address, Some(issuer.token("acme", "logs:read:*")));
    for _ in 0..3 {
        assert_eq!(acme.get("/logs/:acme:api/s").await.problem(), "502 upstream_error");
    }
    assert_eq!(acme.get("/made-up").await.status, 404);
    let log = process.wait_for_log("none 404").await;
    let said = lines(&log, "has no AWS credentials");
    assert_eq!(said.len(), 1, "{log}");
    assert_eq!(said[0]["level"], "ERROR");
    let message = said[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("source `eu` ") && message.contains("`AWS_ACCESS_KEY_ID`") && message.contains("role"),
        "{message}"
    );
    // Each request has its own line, and no other.
    assert_eq!(lines(&log, "\"level\":\"ERROR\"").len(), 1 + lines(&log, "cannot be reached").len(), "{log}");
}

#[tokio::test]
async fn a_region_whose_endpoint_does_not_exist_is_one_line_that_names_both() {
    let folder = tempfile::tempdir().unwrap();
    let _keys = crate::world::tokens::Issuer::new(folder.path());
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let (mut process, _address) = serve(folder.path(), FILE_ISSUER, "region = \"eu-centrall-9\"", &keys).await;
    let log = process.wait_for_log("cannot be reached").await;
    let said = lines(&log, "cannot be reached");
    assert_eq!(said.len(), 1, "{log}");
    let message = said[0]["message"].as_str().unwrap();
    assert!(message.contains("https://logs.eu-centrall-9.amazonaws.com"), "{message}");
    assert!(message.contains("the region `eu-centrall-9` may be wrong"), "{message}");
}

#[tokio::test]
async fn an_issuer_that_is_not_reachable_is_one_line_with_its_url_and_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    // A port without a listener.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer = format!("issuer = \"http://127.0.0.1:{port}\"\nkeys = \"discover\"");
    let (mut process, address) =
        serve(folder.path(), &issuer, "region = \"eu-central-1\"\nendpoint = \"http://127.0.0.1:9\"", &[]).await;
    process.wait_for_log("cannot be read").await;
    let token = crate::world::tokens::Issuer::new(folder.path());
    let mut claims = crate::world::tokens::Issuer::claims("acme", "logs:read:*");
    claims["iss"] = format!("http://127.0.0.1:{port}").into();
    let acme = Client::new(address, Some(token.mint(&claims)));
    for _ in 0..3 {
        assert_eq!(acme.get("/me").await.problem(), "503 keys_unavailable");
    }
    assert_eq!(acme.get("/made-up").await.status, 404);
    let log = process.wait_for_log("none 404").await;
    let said = lines(&log, "so its tokens are answered with 503");
    assert_eq!(said.len(), 1, "{log}");
    let message = said[0]["message"].as_str().unwrap();
    assert!(message.contains(&format!("`http://127.0.0.1:{port}/.well-known/openid-configuration`")), "{message}");
    assert!(message.contains("Connection refused"), "{message}");
}
