//! Planted secrets: the tests use the whole service with them, at the most verbose log level, and none may appear in any output.

use http::Method;
use logmark::auth::strict::to_base64url;
use serde_json::json;

use super::raw::{exchange, get};
use super::support::{Binary, Setup, text_of};
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::{CANARY, Fault, SECRET};
use crate::world::tokens::Issuer;

/// In the text of a log event.
const MESSAGE: &str = "message-canary-4111111111111111";
/// In the query string of requests.
const QUERY: &str = "query-canary-hunter2";
/// In headers.
const HEADER: &str = "header-canary-hunter2";
/// In a request's body.
const BODY: &str = "body-canary-hunter2";
/// In paths that name no group.
const PATH: &str = "path-canary-hunter2";

const TENANTS: &str = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";

async fn binary(format: &str, level: &str) -> Binary {
    let key = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, b"cursor-key-canary-32-bytes-long!");
    let binary = Binary::start(Setup {
        server: "cursor_keys = [\"env:CURSOR_KEY\"]".to_owned(),
        telemetry: format!("log_level = \"{level}\"\nlog_format = \"{format}\"\n"),
        tenants: TENANTS.to_owned(),
        variables: vec![("CURSOR_KEY".to_owned(), key)],
        ..Setup::default()
    })
    .await;
    for number in 0..5 {
        let message = format!("{MESSAGE} {number}\nforged line level=INFO\x1b[31m");
        binary.fake.state().logs.put("/acme/api", "web-1", 1_750_000_000_000 + number, &message);
    }
    binary
}

/// Uses every endpoint in every form, with successes and failures. Returns the answers, and further texts that must stay secret.
async fn use_all(binary: &Binary) -> (Vec<Answer>, Vec<String>) {
    let token = binary.issuer.token("acme", "logs:*:*");
    let acme = binary.with_token(&token);
    let mut answers = Vec::new();
    let mut secrets = vec![token.clone()];
    secrets.extend(token.split('.').map(str::to_owned));
    let range = "start=1749999999000&end=1750000001000";
    for target in [
        format!("/logs/:acme:api/web-1?{range}"),
        format!("/logs/:acme:api?{range}&format=ndjson&trailer=line"),
        format!("/logs?group=/acme/api&{range}&format=csv"),
        format!("/logs?group=/acme/api&stream=web-1&{range}&format=text"),
        "/groups".to_owned(),
        "/groups/:acme:api".to_owned(),
        "/groups/:acme:api/streams".to_owned(),
        "/me".to_owned(),
        "/me/explain?action=read&group=/acme/api".to_owned(),
        "/openapi.json".to_owned(),
        "/docs/".to_owned(),
        "/.well-known/oauth-protected-resource".to_owned(),
    ] {
        let answer = acme.get_with(&target, &[("x-secret", HEADER), ("cookie", HEADER)]).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answers.push(answer);
    }
    let cursor = text_of(&acme.get(&format!("/logs/:acme:api/web-1?{range}&limit=2")).await, "/nextCursor");
    assert_eq!(acme.get(&format!("/logs?cursor={cursor}")).await.status, 200);
    secrets.push(cursor.clone());
    for target in [
        format!("/logs/:acme:api?filter={QUERY}"),
        format!("/logs/:acme:api?{QUERY}=1"),
        format!("/logs/:acme:api?{QUERY}"),
        format!("/logs/:acme:api?start={QUERY}&limit={QUERY}&from={QUERY}&format={QUERY}"),
        format!("/logs/:acme:api?streams={QUERY}*&streamPrefix={QUERY}"),
        format!("/logs/:acme:api?cursor={QUERY}"),
        format!("/logs/:acme:api?access_token={token}"),
        format!("/logs/:acme:api?{token}"),
        format!("/logs/:acme:api?{cursor}"),
        format!("/logs/:acme:api?%{QUERY}"),
        format!("/logs/:acme:web?cursor={cursor}"),
        format!("/logs/:acme:nothing/{PATH}"),
        format!("/logs/{PATH}/{PATH}"),
        format!("/{PATH}"),
        format!("/docs/{PATH}"),
        format!("/groups?prefix={QUERY}"),
        format!("/me/explain?action={QUERY}&group={QUERY}*"),
        format!("/groups?prefix={}", QUERY.repeat(1000)),
    ] {
        for client in [&acme, &binary.anonymous()] {
            answers.push(client.get_with(&target, &[("authorization-2", HEADER), ("traceparent", HEADER)]).await);
        }
        answers.push(acme.send(Method::POST, &target, &[("x-http-method-override", HEADER)]).await);
        answers.push(acme.send(Method::from_bytes(HEADER.as_bytes()).unwrap(), &target, &[]).await);
    }
    for bad in bad_tokens(binary) {
        answers.push(binary.with_token(&bad).get("/logs/:acme:api").await);
        secrets.extend(bad.split('.').filter(|part| part.len() > 20).map(str::to_owned));
        secrets.push(bad);
    }
    let basic = get("/me", &[&format!("Authorization: Basic {HEADER}")]);
    let doubled = get("/me", &[&format!("Authorization: Bearer {HEADER}"), &format!("Authorization: Bearer {HEADER}")]);
    let body =
        format!("POST /logs HTTP/1.1\r\nhost: {HEADER}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{BODY}", BODY.len());
    let broken = format!("GET /{PATH} HTTP/1.1\r\nhost: x\r\n{HEADER} {HEADER}\r\n\r\n");
    for bytes in [basic, doubled, body.into_bytes(), broken.into_bytes()] {
        exchange(binary.address, &bytes).await;
    }
    answers.extend(with_faults(binary).await);
    (answers, secrets)
}

/// Upstream failures with secrets in status lines, bodies and headers.
async fn with_faults(binary: &Binary) -> Vec<Answer> {
    let acme = binary.tenant("acme");
    let mut answers = Vec::new();
    for fault in [
        Fault::Error(400, "AccessDeniedException"),
        Fault::Error(400, "UnrecognizedClientException"),
        Fault::Error(400, "InvalidParameterException"),
        Fault::Error(400, "ThrottlingException"),
        Fault::Error(500, "InternalFailure"),
        Fault::Error(418, CANARY),
        Fault::Html(502),
        Fault::HalfJson,
        Fault::OtherJson,
        Fault::Empty,
        Fault::NotHttp,
        Fault::Reset,
        Fault::Truncated,
    ] {
        binary.fake.state().always = Some(fault);
        for target in ["/logs/:acme:api/web-1?format=csv", "/groups"] {
            let answer = acme.get(target).await;
            assert!(answer.status.is_server_error(), "{fault:?} {target}: {} {}", answer.status, answer.text());
            assert_ne!(answer.status, 500, "{fault:?} {target}: {}", answer.text());
            answers.push(answer);
        }
        answers.push(crate::world::client::Client::new(binary.admin, None).get("/readyz").await);
    }
    binary.fake.state().always = None;
    answers
}

fn bad_tokens(binary: &Binary) -> Vec<String> {
    let canary = format!("{HEADER}{HEADER}{HEADER}{HEADER}");
    let claims = json!({ "iss": "test", "aud": canary, "sub": canary, "tenant": "acme", "email": canary, "exp": 1 });
    let unsigned = |header: serde_json::Value, claims: &serde_json::Value| {
        format!(
            "{}.{}.{}",
            to_base64url(header.to_string().as_bytes()),
            to_base64url(claims.to_string().as_bytes()),
            "A".repeat(86)
        )
    };
    let mut wrong_audience = Issuer::claims("acme", "logs:*:*");
    wrong_audience["aud"] = HEADER.into();
    wrong_audience["email"] = HEADER.into();
    vec![
        format!("{HEADER}-as-a-token"),
        format!("{HEADER}.{HEADER}.{HEADER}"),
        unsigned(json!({ "alg": "ES256" }), &claims),
        unsigned(json!({ "alg": "none", "jwk": { "k": canary } }), &claims),
        binary.issuer.mint(&claims),
        binary.issuer.mint(&wrong_audience),
    ]
}

async fn look_for(format: &str, level: &str) {
    let binary = binary(format, level).await;
    let (answers, secrets) = use_all(&binary).await;
    let figures = crate::world::client::Client::new(binary.admin, None).get("/metrics").await.text();
    let written = binary.end().await;
    let held: Vec<&str> =
        [MESSAGE, QUERY, HEADER, BODY, PATH, SECRET, CANARY, "session-canary", "AKIDCANARY", "cursor-key-canary"]
            .into_iter()
            .chain(["Y3Vyc29yLWtleS1jYW5hcnk", "BEGIN PRIVATE KEY", "AWS4-HMAC-SHA256"])
            .chain(secrets.iter().map(String::as_str))
            .collect();
    for secret in &held {
        for (place, text) in [("the log", &written), ("the figures", &figures)] {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{place} at {level} in {format} holds `{secret:.80}`: {line:?}");
        }
    }
    assert!(!figures.contains("acme"), "{figures}");
    // Callers may get their own input back, but never texts of the upstream.
    for answer in &answers {
        let (text, headers) = (answer.text(), format!("{:?}", answer.headers));
        for secret in [SECRET, CANARY, "session-canary", "AKIDCANARY", "cursor-key-canary", HEADER, "123456789012"] {
            assert!(!text.contains(secret) && !headers.contains(secret), "{} {secret}: {text}", answer.status);
        }
        assert!(answer.status == 200 || !text.contains(MESSAGE), "{} {text}", answer.status);
    }
    assert!(answers.iter().filter(|answer| answer.text().contains(MESSAGE)).count() >= 4, "the canary is found");
    if format == "json" {
        read_lines(&written);
    }
}

/// Every line of the log is a JSON object. Each request has a log line, and each read has an audit line.
fn read_lines(written: &str) {
    let lines: Vec<serde_json::Value> =
        written.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let of = |target: &str| lines.iter().filter(|line| line["target"] == target).cloned().collect::<Vec<_>>();
    let requests = of("request");
    let audits: Vec<_> = lines.iter().filter(|line| line["event"] == "read").collect();
    for operation in ["readStream", "readGroup", "listGroups", "describeGroup", "listStreams"] {
        let line = audits.iter().find(|line| line["operation"] == operation && line["rows"] != 0);
        let line = line.unwrap_or_else(|| panic!("no audit line of {operation}"));
        let id = line["requestId"].as_str().unwrap();
        assert_eq!(line["tenant"], "acme");
        assert_eq!(line["subject"], "someone");
        let request = requests.iter().find(|request| request["request.id"] == id).expect("its request has a line");
        assert_eq!(request["http.status"], 200);
        assert!(request["http.route"].as_str().unwrap().starts_with('/'));
        if operation != "listGroups" {
            assert_eq!(line["groups"][0], "/acme/api");
            assert_eq!(line["grant"], "tenants.acme.grants[0]");
            assert_eq!(line["scope"], "logs:*:*");
        }
    }
    let mut ids: Vec<_> = requests.iter().map(|line| line["request.id"].as_str().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "a request has one line");
    for line in &lines {
        assert!(line.to_string().len() < 2048, "{line}");
    }
}

#[tokio::test]
async fn no_secret_is_ever_in_the_log_at_its_finest() {
    look_for("json", "trace").await;
}

#[tokio::test]
async fn no_secret_is_in_the_log_as_text_either() {
    look_for("text", "debug").await;
}

/// Text that a caller chooses freely, such as a subject or a stream's name, is data in a line and never starts a line.
#[tokio::test]
async fn nobody_can_forge_a_line_of_the_log() {
    for format in ["json", "text"] {
        let binary = binary(format, "info").await;
        let mut claims = Issuer::claims("acme", "logs:*:*");
        let forged = "x\n2026-11-20T10:00:00.000Z  INFO audit: FORGED\r\n\u{1b}[2K\u{85}\u{2028}FORGED";
        claims["sub"] = forged.into();
        claims["jti"] = forged.into();
        let client = binary.with_token(&binary.issuer.mint(&claims));
        let encoded: String = forged.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for target in [
            "/logs/:acme:api?start=1749999999000".to_owned(),
            format!("/logs/:acme:api/{encoded}"),
            format!("/logs/:acme:api?{encoded}={encoded}&start={encoded}"),
            format!("/{encoded}"),
            "/logs/:acme:api/x%E2%80%A8FORGED".to_owned(),
        ] {
            client.get(&target).await;
        }
        let mut iss = Issuer::claims("acme", "logs:*:*");
        iss["iss"] = forged.into();
        binary.with_token(&binary.issuer.mint(&iss)).get("/me").await;
        let written = binary.end().await;
        for line in written.lines() {
            assert!(!line.contains(['\x1b', '\r', '\u{85}']), "{line:?}");
            // Audit lines are JSON in both forms of the log.
            let begins = match format {
                "json" => line.starts_with('{'),
                _ => line.starts_with("{\"version\":1,") || (line.starts_with("20") && !line.contains("FORGED\r")),
            };
            assert!(begins, "{line:?}");
            assert!(!line.starts_with("2026-11-20T10:00:00.000Z"), "{line:?}");
        }
    }
}
