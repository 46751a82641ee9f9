//! `logmark check --online`: issuers and sources that answer, and the message for every way in which one fails.

use std::path::Path;

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

/// A running service keeps its store, and the check reports that the service runs.
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
