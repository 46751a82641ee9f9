//! `logmark check --online`: one line for each issuer and source, and for each failure the reason and what to do.

use std::path::Path;

use logmark::domain::time::{Clock as _, SystemClock};
use serde_json::json;

use crate::world::binary::{CommandOutput, run_with};
use crate::world::fake_cloudwatch::{Fake, Fault, SECRET};
use crate::world::small_http::{Message, SmallHttp};
use crate::world::tokens::Issuer;

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", SECRET)];

async fn check(folder: &Path, issuer: &str, source: &str, variables: &[(&str, &str)]) -> CommandOutput {
    let text = format!(
        "[[auth.issuers]]\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\n{issuer}\n\n[[sources]]\n{source}\n\n\
         [[tenants.acme.grants]]\ngroups = [\"/acme/*\", \"/absent/*\"]\nactions = [\"read\"]\n"
    );
    std::fs::write(folder.join("logmark.toml"), text).unwrap();
    let home = folder.to_str().unwrap();
    let variables = [variables, &[("HOME", home), ("AWS_EC2_METADATA_DISABLED", "true")]].concat();
    run_with(folder, &["check", "--online"], &variables).await
}

fn local(folder: &Path) -> String {
    let _keys = Issuer::new(folder);
    "name = \"disk\"\nkind = \"local\"\npath = \"store\"".to_owned()
}

const FILE: &str = "issuer = \"test\"\nkeys = \"file:issuer.jwks.json\"";

fn cloudwatch(endpoint: &str) -> String {
    format!("name = \"eu\"\nkind = \"cloudwatch\"\nregion = \"eu-west-1\"\nendpoint = \"{endpoint}\"")
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line begins with {start}:\n{text}"))
}

#[tokio::test]
async fn what_answers_is_told_with_its_keys_and_calls() {
    let folder = tempfile::tempdir().unwrap();
    let store = local(folder.path());
    let fake = Fake::start(SystemClock.now().0).await;
    fake.state().logs.add_stream("/acme/api", "web-1");
    let said = check(folder.path(), FILE, &cloudwatch(&fake.endpoint()), &KEYS).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(line(&said.out, "issuer test: "), "issuer test: usable keys: 1 ES256");
    assert_eq!(
        line(&said.out, "source eu: D"),
        "source eu: DescribeLogGroups works; DescribeLogStreams and FilterLogEvents work for `/acme/api`; no log group was found \
         for `/absent/*`: check the region and the grants"
    );
    let called: Vec<String> = fake.state().seen.iter().map(|seen| seen.operation.clone()).collect();
    assert_eq!(
        called,
        ["DescribeLogGroups", "DescribeLogGroups", "DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents"],
        "only reading calls that cost nothing"
    );

    let said = check(folder.path(), FILE, &store, &[]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(line(&said.out, "source disk: the").ends_with("store does not exist yet: the service creates it"), "{}", said.out);
    assert!(!folder.path().join("store").exists(), "the check creates nothing");
    let only_read = crate::world::binary::run(folder.path(), &["check"]).await;
    assert!(!only_read.out.contains("answer"), "without the option nothing is asked");
}

#[tokio::test]
async fn a_failing_issuer_is_told_with_the_reason_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = local(folder.path());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answering = SmallHttp::start(|request: &Message| match request.text().split(' ').nth(1).unwrap() {
        "/other/.well-known/openid-configuration" => {
            (200, json!({ "issuer": "https://id.example.com", "jwks_uri": "https://id.example.com/keys" }).to_string())
        }
        "/html" => (200, "<html>".to_owned()),
        "/empty" => (200, json!({ "keys": [] }).to_string()),
        "/rsa" => (200, json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1" }] }).to_string()),
        _ => (404, String::new()),
    })
    .await;
    let url = &answering.endpoint;
    for (issuer, reason, advice) in [
        (format!("issuer = \"http://{closed}\"\nkeys = \"discover\""), "Connection refused", "check the address, DNS"),
        (
            format!("issuer = \"{url}\"\nkeys = \"discover\""),
            "status 404",
            "check `issuer`; if the provider has no discovery document",
        ),
        (
            format!("issuer = \"{url}/other\"\nkeys = \"discover\""),
            "not this issuer's",
            "write `issuer` exactly as the member `issuer`",
        ),
        (format!("issuer = \"a\"\nkeys = \"{url}/html\""), "not a strict JSON object", "`keys` is a JWK set"),
        (format!("issuer = \"a\"\nkeys = \"{url}/empty\""), "no usable key", "`algorithms` lists the provider's algorithms"),
        (format!("issuer = \"a\"\nkeys = \"{url}/rsa\""), "no usable key: modulus of 17 bits", "`algorithms`"),
        (format!("issuer = \"a\"\nkeys = \"{url}/absent\""), "status 404", "check the URL in `keys`"),
    ] {
        let said = check(folder.path(), &issuer, &store, &[]).await;
        assert_eq!(said.code, 1, "{issuer}: {}", said.err);
        let told = line(&said.err, "logmark: issuer ");
        assert!(told.contains(reason) && told.contains(advice), "{issuer}: {told}");
        assert!(said.out.contains("source disk: "), "the rest is checked too: {}", said.out);
    }
}

#[tokio::test]
async fn a_failing_source_is_told_with_the_reason_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let _store = local(folder.path());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let missing = check(folder.path(), FILE, &cloudwatch(&format!("http://{closed}")), &[]).await;
    let told = line(&missing.err, "logmark: source eu: ");
    assert!(missing.code == 1 && told.contains("has no AWS credentials") && told.contains("`AWS_ACCESS_KEY_ID`"), "{told}");
    let unreachable = check(folder.path(), FILE, &cloudwatch(&format!("http://{closed}")), &KEYS).await;
    let told = line(&unreachable.err, "logmark: source eu: ");
    assert!(told.contains("cannot be reached") && told.contains("check `endpoint`"), "{told}");
    let fake = Fake::start(SystemClock.now().0).await;
    fake.state().always = Some(Fault::Error(400, "AccessDeniedException"));
    let denied = check(folder.path(), FILE, &cloudwatch(&fake.endpoint()), &KEYS).await;
    let told = line(&denied.err, "logmark: source eu: ");
    assert!(told.contains("AWS refuses `DescribeLogGroups`") && told.contains("`logs:DescribeLogGroups`"), "{told}");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let file = check(folder.path(), FILE, "name = \"disk\"\nkind = \"local\"\npath = \"file\"", &[]).await;
    let told = line(&file.err, "logmark: source disk: ");
    assert!(file.code == 1 && told.contains("check `path`"), "{told}");
}
