//! `logmark check --online`: issuers and sources that answer, and the message for every way in which one fails.

use std::path::Path;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::serve::{TLS, write_certificate};
use crate::world::binary::{CommandOutput, ServiceDirectory, run_with};
use crate::world::fake_cloudwatch::{Fake, Fault, REGION, SECRET};
use crate::world::small_http::SmallHttp;
use crate::world::tokens::Issuer;

const DISK: &str = "[[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n";

/// Runs the check with these issuers (`keys` of each) and sources.
async fn check(folder: &Path, issuers: &[(&str, &str)], sources: &str, variables: &[(&str, &str)]) -> CommandOutput {
    let mut text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n".to_owned();
    for (issuer, keys) in issuers {
        text += &format!(
            "[[auth.issuers]]\nissuer = \"{issuer}\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\ntenants = [\"acme\"]\nkeys = \"{keys}\"\n"
        );
    }
    text += sources;
    text += "[tenants.acme]\n";
    std::fs::write(folder.join("logmark.toml"), text).unwrap();
    let home = folder.to_str().unwrap();
    let all = [&[("HOME", home), ("AWS_EC2_METADATA_DISABLED", "true")], variables].concat();
    run_with(folder, &["check", "--online"], &all).await
}

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    Issuer::new(folder.path());
    let keys = std::fs::read_to_string(folder.path().join("issuer.jwks.json")).unwrap();
    (folder, keys)
}

#[tokio::test]
async fn what_answers_is_told_with_what_was_found() {
    let (folder, keys) = folder();
    let discovered = SmallHttp::start({
        let keys = keys.clone();
        move |request| {
            let host = request.text().lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
            match request.text().split(' ').nth(1).unwrap() {
                "/.well-known/openid-configuration" => {
                    (200, format!("{{\"issuer\":\"http://{host}\",\"jwks_uri\":\"http://{host}/keys\"}}"))
                }
                "/keys" => (200, keys.clone()),
                _ => (404, String::new()),
            }
        }
    })
    .await;
    let fake = Fake::start(jiff::Timestamp::now().as_millisecond()).await;
    let source = format!(
        "[[sources]]\nname = \"eu\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\n{DISK}",
        fake.endpoint()
    );
    let url = format!("{}/keys", discovered.endpoint);
    let issuers = [("of-file", "file:issuer.jwks.json"), (discovered.endpoint.as_str(), "discover"), ("of-url", url.as_str())];
    let aws = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let said = check(folder.path(), &issuers, &source, &aws).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    for expected in [
        "ok      issuer of-file: 1 key (ES256) from file:issuer.jwks.json",
        "1 key (ES256) from discover",
        "answers, with permission for `logs:DescribeLogGroups`",
        "ok      source disk: the folder ",
        "does not exist yet: the service creates it",
    ] {
        assert!(said.out.contains(expected), "{expected}\n{}", said.out);
    }
    assert!(!folder.path().join("store").exists(), "the check creates nothing");
}

/// A server that answers every connection with these bytes; `None`: it never answers.
async fn answering(bytes: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            if let Some(bytes) = &bytes {
                // A client does not accept an answer before it has sent its request.
                let _asked = socket.read(&mut [0; 4096]).await;
                let _gone = socket.write_all(bytes.as_bytes()).await;
                let _gone = socket.shutdown().await;
            }
            open.push(socket);
        }
    });
    format!("http://{address}/keys")
}

fn response(status: u16, headers: &str, body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {status} X\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

#[tokio::test]
async fn each_fault_of_an_issuer_is_told_in_words() {
    let (folder, keys) = folder();
    let directory = ServiceDirectory::new(TLS);
    write_certificate(directory.path());
    let untrusted = directory.serve().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = answering(response(200, "", "x")).await.replace("http:", "https:");
    std::fs::write(folder.path().join("empty.json"), "{\"keys\":[]}").unwrap();
    let cases = [
        ("dns", "https://no-such-host.invalid/keys".to_owned(), "the name does not resolve"),
        ("refused", format!("http://{closed}/keys"), "nothing listens there"),
        ("silent", answering(None).await, "no answer in time"),
        ("plain", plain, "TLS fails: the server may speak plain HTTP"),
        ("untrusted", format!("https://{}/keys", untrusted.address), "TLS: the server's certificate is not trusted"),
        ("forbidden", answering(response(403, "", "")).await, "answered with status 403: it refuses the request"),
        ("absent", answering(response(404, "", "")).await, "answered with status 404: there is nothing at this address"),
        ("moved", answering(response(302, "location: /other\r\n", "")).await, "it redirects, which is not followed"),
        ("broken", answering(response(503, "", "")).await, "status 503: the issuer has a problem"),
        ("page", answering(response(200, "", "<html>login</html>")).await, "key set is refused"),
        ("empty", answering(response(200, "", "{\"keys\":[]}")).await, "no usable key"),
        ("cut", answering(Some("HTTP/1.1 200 X\r\ncontent-length: 900\r\n\r\n{".to_owned())).await, "not reachable"),
        ("slow-clock", answering(response(200, "date: Fri, 20 Nov 2020 10:00:00 GMT\r\n", &keys)).await, "ahead of the issuer's"),
        ("fast-clock", answering(response(200, "date: Fri, 20 Nov 2099 10:00:00 GMT\r\n", &keys)).await, "behind the issuer's"),
        ("right", answering(response(200, "", &keys)).await, "1 key (ES256)"),
    ];
    let issuers: Vec<(&str, &str)> = cases.iter().map(|(issuer, keys, _)| (*issuer, keys.as_str())).collect();
    let said = check(folder.path(), &issuers, DISK, &[]).await;
    assert_eq!(said.code, 1, "{}\n{}", said.out, said.err);
    for (issuer, _, expected) in &cases {
        let line = said
            .out
            .lines()
            .find(|line| line.contains(&format!(" issuer {issuer}: ")))
            .unwrap_or_else(|| panic!("{issuer}: {}", said.out));
        assert!(line.contains(expected), "{line}");
        assert_eq!(line.starts_with("ok"), *issuer == "right", "{line}");
    }
    assert!(said.err.contains("14 of 16 checks failed"), "{}", said.err);
    // An error in a file is an error of the configuration itself.
    let said = check(folder.path(), &[("of-file", "file:empty.json")], DISK, &[]).await;
    assert_eq!((said.code, said.err.contains("no usable key")), (64, true), "{}", said.err);
}

#[tokio::test]
async fn each_fault_of_a_source_is_told_in_words() {
    let (folder, _) = folder();
    let fake = Fake::start(jiff::Timestamp::now().as_millisecond()).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = |name: &str, endpoint: &str| {
        format!("[[sources]]\nname = \"{name}\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{endpoint}\"\n")
    };
    let issuers = [("of-file", "file:issuer.jwks.json")];
    let aws = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let line = |said: &CommandOutput| said.out.lines().find(|line| line.contains(" source ")).unwrap_or_default().to_owned();

    let said = check(folder.path(), &issuers, &source("eu", &fake.endpoint()), &[]).await;
    assert!(said.code == 1 && line(&said).contains("source `eu` has no AWS credentials"), "{}", said.out);

    fake.state().always = Some(Fault::Error(400, "AccessDeniedException"));
    let said = check(folder.path(), &issuers, &source("eu", &fake.endpoint()), &aws).await;
    let expected = "AWS refuses `DescribeLogGroups`";
    assert!(said.code == 1 && line(&said).contains(expected) && line(&said).contains("`logs:DescribeLogGroups`"), "{}", said.out);
    fake.state().always = None;

    let said = check(folder.path(), &issuers, &source("eu", &format!("http://{closed}")), &aws).await;
    assert!(said.code == 1 && line(&said).contains("cannot be reached"), "{}", said.out);

    let said = check(folder.path(), &issuers, &source("eu", "https://no-such-host.invalid"), &aws).await;
    assert!(said.code == 1 && line(&said).contains("cannot be reached"), "{}", said.out);

    std::fs::write(folder.path().join("store"), "a file").unwrap();
    let said = check(folder.path(), &issuers, DISK, &[]).await;
    assert!(said.code == 1 && line(&said).contains("is not a folder"), "{}", said.out);
}

const GRANTS: &str = r#"
[[tenants.acme.grants]]
source = "eu"
groups = ["/acme/*"]
actions = ["read", "query", "tail"]
[[tenants.acme.grants]]
source = "eu"
groups = ["/none/*"]
actions = ["read"]
[tenant_template]
source = "eu"
groups = ["/customers/{tenant}/*"]
actions = ["read"]
[audit]
sink = "log_group"
source = "eu"
group = "/logmark/audit"
"#;

/// A source whose groups these grants name, and the check of it.
struct Permissions {
    folder: tempfile::TempDir,
    fake: Fake,
}

impl Permissions {
    async fn new() -> Self {
        let fake = Fake::start(jiff::Timestamp::now().as_millisecond()).await;
        for (group, stream) in
            [("/acme/api", "web-1"), ("/acme/web", "web-1"), ("/customers/globex/api", "web-1"), ("/logmark/audit", "one")]
        {
            fake.state().logs.put(group, stream, 1_700_000_000_000, "canary");
        }
        Self { folder: folder().0, fake }
    }

    async fn run(&self, arguments: &[&str]) -> CommandOutput {
        let text = format!(
            "[[auth.issuers]]\nissuer = \"of-file\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
             [[sources]]\nname = \"eu\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\n{GRANTS}",
            self.fake.endpoint()
        );
        std::fs::write(self.folder.path().join("logmark.toml"), text).unwrap();
        let aws = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_EC2_METADATA_DISABLED", "true")];
        run_with(self.folder.path(), arguments, &aws).await
    }
}

#[tokio::test]
async fn every_permission_that_grants_need_is_checked_without_a_trace() {
    let world = Permissions::new().await;
    let said = world.run(&["check", "--online"]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    for expected in [
        "ok      source eu, group `/acme/api`: permission for `logs:DescribeLogStreams`, `logs:FilterLogEvents`, `logs:GetLogEvents`, \
         `logs:StartLiveTail`, `logs:StartQuery`, `logs:GetLogGroupFields`",
        "ok      source eu, group `/customers/globex/api`: permission for `logs:DescribeLogStreams`, `logs:FilterLogEvents`, \
         `logs:GetLogEvents`\n",
        "ok      source eu, groups `/none/*`: no such log group exists yet",
        "ok      source eu, queries: permission for `logs:GetQueryResults`, `logs:StopQuery`, `logs:ListLogGroupsForQuery`, `logs:GetLogRecord`",
        "ok      source eu, audit group `/logmark/audit`: permission for `logs:PutLogEvents`, `logs:CreateLogStream`",
    ] {
        assert!(said.out.contains(expected), "{expected}\n{}", said.out);
    }
    assert!(!said.out.contains("canary") && !said.err.contains("canary"), "no log data");
    let mut state = world.fake.state();
    assert_eq!((state.queries.of("/").0, state.live.opened), (0, 0), "nothing was started");
    let listed =
        state.logs.answer("DescribeLogStreams", json!({ "logGroupName": "/logmark/audit" }).as_object().unwrap()).unwrap();
    assert_eq!(listed["logStreams"].as_array().unwrap().len(), 1, "nothing was made: {listed}");
}

#[tokio::test]
async fn each_missing_permission_is_named_with_its_group() {
    let world = Permissions::new().await;
    for (denied, place) in [
        ("DescribeLogStreams", "source eu, group `/acme/api`"),
        ("FilterLogEvents", "source eu, group `/acme/api`"),
        ("GetLogEvents", "source eu, group `/acme/api`"),
        ("StartQuery", "source eu, group `/acme/api`"),
        ("GetLogGroupFields", "source eu, group `/acme/api`"),
        ("GetQueryResults", "source eu, queries"),
        ("StopQuery", "source eu, queries"),
        ("ListLogGroupsForQuery", "source eu, queries"),
        ("GetLogRecord", "source eu, queries"),
        ("PutLogEvents", "source eu, audit group `/logmark/audit`"),
        ("CreateLogStream", "source eu, audit group `/logmark/audit`"),
        ("StartLiveTail", "source eu, group `/acme/api`"),
    ] {
        world.fake.state().denied = vec![denied];
        let said = world.run(&["check", "--online"]).await;
        let line = said.out.lines().find(|line| line.contains(&format!(" {place}: "))).unwrap_or_else(|| panic!("{}", said.out));
        assert!(line.contains(&format!("AWS refuses `{denied}`")) && line.contains(&format!("`logs:{denied}`")), "{line}");
        // Tails work without sessions.
        let fails = denied != "StartLiveTail";
        assert_eq!((said.code, line.starts_with("failed  ")), (i32::from(fails), fails), "{line}");
    }
    world.fake.state().denied = Vec::new();
    world.fake.state().logs.delete("/logmark/audit", None);
    let said = world.run(&["check", "--online"]).await;
    assert!(said.out.contains("audit group `/logmark/audit`: the log group does not exist: create it"), "{}", said.out);
}

#[tokio::test]
async fn json_has_each_check_with_its_outcome() {
    let world = Permissions::new().await;
    world.fake.state().denied = vec!["StartQuery"];
    let said = world.run(&["check", "--online", "--json"]).await;
    assert_eq!(said.code, 1, "{}\n{}", said.out, said.err);
    let printed: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let checks = printed["checks"].as_array().unwrap();
    let of = |subject: &str| checks.iter().find(|check| check["subject"] == subject).unwrap_or_else(|| panic!("{printed}"));
    assert_eq!(of("issuer of-file")["ok"], true);
    let refused = of("source eu, group `/acme/api`");
    assert!(
        refused["ok"] == false && refused["detail"].as_str().unwrap().contains("AWS refuses `StartQuery` on `/acme/api`"),
        "{refused}"
    );
    assert!(printed["warnings"].as_array().unwrap().iter().all(serde_json::Value::is_string));
    let said = world.run(&["check", "--json"]).await;
    let printed: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &printed["checks"]), (0, &json!([])));
}

/// A running service keeps its store, and the check says that it runs.
#[tokio::test]
async fn the_store_of_a_running_service_is_left_alone() {
    let directory = ServiceDirectory::new("");
    let served = directory.serve().await;
    let said = run_with(directory.path(), &["check", "--online"], &[]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.contains(&format!("is in use by process {}", served.process.pid())), "{}", said.out);
    let client = crate::world::client::Client::new(served.admin, None);
    assert_eq!(client.get("/readyz").await.status, 200);
}
