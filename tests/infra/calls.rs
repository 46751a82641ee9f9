//! Records the calls of every operation, in the form of IAM requests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::security::support::{Binary, Setup};
use crate::world::binary::{ServiceDirectory, run_with};
use crate::world::client::Client;
use crate::world::fake_cloudwatch::Seen;
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::moto::Moto;
use crate::world::recorder::{Recorded, Recorder};
use crate::world::tail::Tail;

/// A pattern and an exact name: the groups that `policies.py` gives to the roles, and the group for audit lines.
const TENANTS: &str = r#"
[audit]
sink = "log_group"
source = "aws"
group = "/logmark/audit"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*", "/shared/gateway"]
actions = ["read", "query", "tail"]
"#;
const GROUPS: [&str; 2] = ["/acme/api", "/shared/gateway"];
/// The only call that cannot be sent to a test server: its target in the sources, and its action.
const QUOTAS: (&str, &str) = ("ServiceQuotasV20190624.ListServiceQuotas", "servicequotas:ListServiceQuotas");
const AUDIT_GROUP: &str = "/logmark/audit";
const ROLE: &str = "arn:aws:iam::444455556666:role/logmark-read";

/// Sends every request, and returns the operations that were requested.
async fn ask_for_everything(world: &Binary, acme: &Client) -> BTreeSet<&'static str> {
    let mut asked = BTreeSet::new();
    for (operation, target) in [
        ("get /", "/"),
        ("get /groups", "/groups"),
        ("get /me", "/me"),
        ("get /queries/language", "/queries/language"),
        ("get /reports", "/reports"),
        ("get /reports/{name}", "/reports/overview?group=/acme/api&start=-1h"),
        ("get /me/explain", "/me/explain?action=read&group=/acme/api"),
        ("get /openapi.json", "/openapi.json"),
        ("get /.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource"),
    ] {
        assert_eq!(acme.get(target).await.status, 200, "{target}");
        asked.insert(operation);
    }
    for group in GROUPS {
        let path = group.replace('/', ":");
        for (operation, target) in [
            ("get /groups/{group}", format!("/groups/{path}")),
            ("get /groups/{group}/streams", format!("/groups/{path}/streams")),
            ("get /groups/{group}/streams", format!("/groups/{path}/streams?orderBy=lastEvent")),
            ("get /groups/{group}/fields", format!("/groups/{path}/fields")),
            ("get /logs/{group}", format!("/logs/{path}?start=-1h")),
            ("get /logs/{group}", format!("/logs/{path}?start=-1h&streamPrefix=prod")),
            ("get /logs/{group}", format!("/logs/{path}?from=tail&limit=5")),
            ("get /logs/{group}/{stream}", format!("/logs/{path}/prod-1?start=-1h")),
            ("get /logs/{group}/{stream}", format!("/logs/{path}/prod-1?start=-1h&filter=ERROR")),
            ("get /logs/{group}/{stream}", format!("/logs/{path}/prod-1?format=ndjson")),
            ("get /logs", format!("/logs?group={group}&stream=prod-1")),
        ] {
            let answer = acme.get(&target).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
            asked.insert(operation);
        }
    }
    query(world, acme).await;
    follow(world, acme).await;
    let checked = acme.post("/filters/check", &json!({ "filter": "ERROR" }), &[]).await;
    assert_eq!(checked.status, 200, "{}", checked.text());
    let body = json!({ "query": "fields @message", "logGroups": GROUPS, "start": "-1h" });
    let checked = acme.post("/queries/check", &body, &[]).await;
    assert_eq!(checked.status, 200, "{}", checked.text());
    let ticket = acme.post("/tickets", &json!({ "url": "/logs/:acme:api?follow=true" }), &[]).await;
    assert_eq!(ticket.status, 201, "{}", ticket.text());
    asked.extend([
        "post /tickets",
        "post /queries/check",
        "post /filters/check",
        "post /queries",
        "get /queries/{id}",
        "delete /queries/{id}",
        "get /records/{pointer}",
    ]);
    asked
}

/// Opens a live tail of each group and waits for its session.
async fn follow(world: &Binary, acme: &Client) {
    for (opened, group) in (1..).zip(GROUPS) {
        let _tail = Tail::open(acme, &format!("/logs/{}?follow=true", group.replace('/', ":"))).await;
        while world.fake.state().live.opened < opened {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// Runs one query to its rows and a record, and stops another one.
async fn query(world: &Binary, acme: &Client) {
    let event = [("@message", "m"), ("@log", "123456789012:/acme/api"), ("@logStream", "prod-1"), ("@ptr", "raw-pointer")];
    let event = event.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    world.fake.state().queries.script = Script { rows: vec![event.clone()], looks: 1, ..Script::default() };
    world.fake.state().queries.records.insert("raw-pointer".to_owned(), event);
    let body = json!({ "query": "fields @message", "logGroups": GROUPS, "start": "-1h" });
    let answer = acme.post("/queries", &body, &[("prefer", "wait=20")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let pointer = answer.json()["results"][0]["@ptr"].as_str().unwrap().to_owned();
    let record = acme.get(&format!("/records/{pointer}")).await;
    assert_eq!(record.status, 200, "{}", record.text());

    world.fake.state().queries.script = Script { looks: 1000, ..Script::default() };
    let id = acme.post("/queries", &body, &[]).await.json()["queryId"].as_str().unwrap().to_owned();
    assert_eq!(acme.get(&format!("/queries/{id}")).await.status, 200);
    let stopped = acme.delete(&format!("/queries/{id}")).await;
    assert!(stopped.status.is_success(), "{}", stopped.text());
}

/// The IAM requests of a call: an action, with the group and the stream, once for each group.
fn asked_of_iam(seen: &Seen) -> Vec<Value> {
    let text = |name: &str| seen.body.get(name).and_then(Value::as_str);
    let call = |group: Option<&str>| {
        let mut call = Map::from_iter([("action".to_owned(), json!(format!("logs:{}", seen.operation)))]);
        call.extend(group.map(|group| ("logGroup".to_owned(), json!(group))));
        // The name of an audit stream is new in each process.
        let stream =
            text("logStreamName").map(|stream| if group == Some(AUDIT_GROUP) { "2026-11-30T10.00.00Z-1a2b" } else { stream });
        call.extend(stream.map(|stream| ("logStream".to_owned(), json!(stream))));
        Value::Object(call)
    };
    let many = ["logGroupNames", "logGroupIdentifiers"].into_iter().find_map(|name| seen.body.get(name)?.as_array());
    let name = |identifier: &Value| {
        let name = identifier.as_str()?;
        Some(name.split_once(":log-group:").map_or(name, |(_, name)| name).to_owned())
    };
    match many {
        Some(groups) => groups.iter().map(|group| call(name(group).as_deref())).collect(),
        None => vec![call(text("logGroupName").or_else(|| text("logGroupIdentifier")))],
    }
}

/// Records the calls to other services through a proxy before moto: the places of the configuration, and a role of another
/// account.
async fn calls_of_other_services() -> Vec<Value> {
    let moto = Moto::shared().await;
    let recorder = Recorder::before(moto.address).await;
    let aws = format!("http://{}", recorder.address);
    let directory = ServiceDirectory::with_tenants(
        "",
        "[tenants.acme]\n[[tenants.acme.grants]]\nsource = \"other\"\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n",
    );
    let text = std::fs::read_to_string(directory.path().join("logmark.toml")).unwrap();
    moto.put_parameter("/logmark/config", &text).await;
    moto.put_object("logmark-config", "logmark.toml", &text).await;
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", aws.as_str()),
        ("LOGMARK__SOURCES__1__NAME", "other"),
        ("LOGMARK__SOURCES__1__KIND", "cloudwatch"),
        ("LOGMARK__SOURCES__1__REGION", "eu-west-1"),
        ("LOGMARK__SOURCES__1__ENDPOINT", aws.as_str()),
        ("LOGMARK__SOURCES__1__ASSUME_ROLE", ROLE),
        ("LOGMARK__SOURCES__1__EXTERNAL_ID", "external-id"),
    ];
    for at in ["ssm:/logmark/config", "s3://logmark-config/logmark.toml"] {
        let checked = run_with(directory.path(), &["check", "--config", at], &variables).await;
        assert_eq!(checked.code, 0, "{at}: {}", checked.err);
    }
    let served = directory.serve_with(&variables).await;
    let groups = Client::new(served.address, Some(directory.issuer.token("acme", "logs:*:*"))).get("/groups").await;
    assert_eq!(groups.status, 200, "{}", groups.text());
    recorder.seen().iter().filter_map(asked_of_another).collect()
}

/// The IAM request of a call to another service than CloudWatch Logs: SSM in JSON, STS as a form, or a GET of S3.
fn asked_of_another(seen: &Recorded) -> Option<Value> {
    let form: BTreeMap<_, _> = url::form_urlencoded::parse(&seen.body).into_owned().collect();
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let target = seen.header("x-amz-target");
    if target.starts_with("Logs_") {
        return None;
    }
    Some(match (seen.method.as_str(), target, form.get("Action").map(String::as_str)) {
        ("POST", "AmazonSSM.GetParameter", _) => json!({ "action": "ssm:GetParameter", "parameter": body["Name"] }),
        ("POST", "", Some(action)) => json!({ "action": format!("sts:{action}"), "role": form["RoleArn"] }),
        ("GET", "", _) => json!({ "action": "s3:GetObject", "object": seen.uri.path().trim_start_matches('/') }),
        other => panic!("an unknown call: {other:?} {}", seen.uri),
    })
}

/// The operations of the document: `get /groups`.
fn documented() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&read("openapi/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = |(path, item): (&String, &Value)| {
        item.as_object().unwrap().keys().map(|method| format!("{method} {path}")).collect::<Vec<_>>()
    };
    paths.flat_map(methods).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Every text of the form `Service.Operation` in the sources, except Logmark's own names and the operations of CloudWatch Logs.
fn targets(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            targets(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.components().any(|part| part.as_os_str() == "tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = |text: &str, more: &str| {
                text.starts_with(|c: char| c.is_ascii_uppercase())
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
            };
            let is_target = |text: &&str| {
                let (service, operation) = text.split_once('.').unwrap_or_default();
                name(service, "_") && name(operation, "") && service != "Logmark" && !service.starts_with("Logs_")
            };
            found.extend(text.split('"').filter(is_target).map(str::to_owned));
        }
    }
}

#[test]
fn every_target_in_the_sources_is_recorded() {
    let mut found = BTreeSet::new();
    targets(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let known = [QUOTAS.0, "AmazonSSM.GetParameter"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(known), "calls without a record");
}

#[tokio::test]
async fn the_roles_are_made_for_the_calls_that_are_made() {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    for group in GROUPS {
        world.fake.state().logs.add_stream(group, "prod-1");
    }
    world.fake.state().logs.add_stream(AUDIT_GROUP, "former");
    let asked = ask_for_everything(&world, &world.tenant("acme")).await;
    // Audit lines are written in the background.
    while world.fake.state().logs.written() == 0 {
        tokio::task::yield_now().await;
    }
    let documented = documented();
    assert_eq!(asked.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), documented, "an operation is not requested");

    let mut calls: BTreeSet<String> =
        world.fake.state().seen.iter().flat_map(asked_of_iam).map(|call| call.to_string()).collect();
    calls.extend(calls_of_other_services().await.iter().map(Value::to_string));
    calls.insert(json!({ "action": QUOTAS.1 }).to_string());
    let lines: Vec<String> = calls.into_iter().map(|call| format!("  {call}")).collect();
    let recorded = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os("RECORD_CALLS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/calls.json"), &recorded).unwrap();
    }
    let reason =
        "other calls than the roles in infra/ are made for: RECORD_CALLS=1 cargo test --test integration infra, then make infra";
    assert_eq!(recorded, read("infra/calls.json"), "{reason}");
}
