//! A real issuer: npm's oidc-provider, with discovery, keys, access tokens as JWTs (RFC 9068, RFC 8707), and key rotation.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::world::client::Client;
use crate::world::process::Process;

const AUDIENCE: &str = "https://logs.example.com";

/// `tests/web/issuer.mjs`, killed when dropped.
struct Issuer {
    url: String,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Issuer {
    async fn start() -> Self {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web");
        assert!(tools.join("node_modules/oidc-provider").exists(), "the OpenID provider is missing: run `make setup`");
        let mut command = Command::new("node");
        command.arg(tools.join("issuer.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.kill_on_drop(true).spawn().expect("Node is missing: version 20 or later is needed");
        let (commands, out) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut answers = BufReader::new(out).lines();
        // The package prints notices before and after its URL.
        let url = loop {
            let line = answers.next_line().await.unwrap().expect("the provider starts");
            if line.starts_with("http://") {
                break line;
            }
        };
        Self { url, commands, answers, _process: process }
    }

    async fn ask(&mut self, command: &str) -> Value {
        self.commands.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        loop {
            let line = self.answers.next_line().await.unwrap().expect("the provider answers");
            if let Ok(answer) = serde_json::from_str(&line) {
                return answer;
            }
        }
    }

    async fn token(&mut self, client: &str, resource: &str) -> String {
        let answer = self.ask(&format!("token {client} {resource}")).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

fn configuration(issuer: &str) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"

[[auth.issuers]]
issuer = "{issuer}"
audiences = ["{AUDIENCE}"]
algorithms = ["ES256"]
keys = "discover"
require_typ = true
tenants = ["acme"]
scope_claims = ["scope", "groups"]
scope_map = {{ "log-readers" = ["logs:read:/{{tenant}}/*"] }}
required_claims = {{ client_id = ["portal", "batch"] }}

[[sources]]
name = "disk"
kind = "local"
path = "store"

[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query"]
"#
    )
}

async fn me(service: &Process, token: &str) -> (u16, Value) {
    let answer = Client::new(service.address, Some(token.to_owned())).get("/me").await;
    (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap())
}

#[tokio::test]
async fn tokens_of_a_real_provider_work_by_discovery_and_its_keys_rotate() {
    let mut issuer = Issuer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("logmark.toml");
    std::fs::write(&config, configuration(&issuer.url)).unwrap();
    let service = Process::serve(&config, &[]).await;

    let portal = issuer.token("portal", AUDIENCE).await;
    let (status, body) = me(&service, &portal).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["tenant"], &body["subject"], &body["issuer"]), (&json!("acme"), &json!("portal"), &json!(issuer.url)));
    assert_eq!(body["scopes"], json!(["logs:read:/acme/*", "logs:query:/acme/api"]));

    // The groups of this client map to its scopes.
    let batch = issuer.token("batch", AUDIENCE).await;
    let answer = Client::new(service.address, Some(batch)).get("/me/explain?action=read&group=/acme/api").await;
    let because: Value = serde_json::from_slice::<Value>(&answer.body).unwrap()["because"].clone();
    let expected = json!({
        "grant": "tenants.acme.grants[0]", "scope": "logs:read:/acme/*", "claim": "groups", "claimValue": "log-readers",
    });
    assert_eq!(because, expected);

    for (what, resource) in [("a token for another API", "https://other.example.com"), ("an opaque token", "-")] {
        let token = issuer.token("portal", resource).await;
        assert_eq!(me(&service, &token).await.0, 401, "{what}");
    }

    issuer.ask("rotate").await;
    let renewed = issuer.token("portal", AUDIENCE).await;
    assert_eq!(me(&service, &renewed).await.0, 200, "an unknown key is fetched at once");
    assert_eq!(me(&service, &portal).await.0, 401, "the withdrawn key is no longer used");
}
