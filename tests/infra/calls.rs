//! The calls behind every operation, as IAM is asked for them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::security::support::{Binary, Setup};
use crate::world::client::Client;
use crate::world::fake_cloudwatch::Seen;
use crate::world::fake_cloudwatch::queries::Script;

/// A pattern and an exact name: the groups that `policies.py` gives to the roles.
const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*", "/shared/gateway"]
actions = ["read", "query"]
"#;
const GROUPS: [&str; 2] = ["/acme/api", "/shared/gateway"];
/// Calls to others than CloudWatch Logs, which the fake can't see: their target or the type that makes them, and the action.
const OTHERS: [(&str, &str); 4] = [
    ("ServiceQuotasV20190624.ListServiceQuotas", "servicequotas:ListServiceQuotas"),
    ("AmazonSSM.GetParameter", "ssm:GetParameter"),
    ("a GET of s3://", "s3:GetObject"),
    ("AssumeRoleProvider", "sts:AssumeRole"),
];

/// Asks for everything, and gives the operations asked for.
async fn ask_for_everything(world: &Binary, acme: &Client) -> BTreeSet<&'static str> {
    let mut asked = BTreeSet::new();
    for (operation, target) in [
        ("get /groups", "/groups"),
        ("get /me", "/me"),
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
    asked.extend(["post /queries", "get /queries/{id}", "delete /queries/{id}", "get /records/{pointer}"]);
    asked
}

/// One query to its rows and a whole record of them, and one that is stopped.
async fn query(world: &Binary, acme: &Client) {
    let pointer = vec![vec![("@ptr".to_owned(), "raw-pointer".to_owned()), ("@message".to_owned(), "m".to_owned())]];
    world.fake.state().queries.script = Script { rows: pointer, looks: 1, ..Script::default() };
    world.fake.state().queries.records.insert("raw-pointer".to_owned(), vec![("@message".to_owned(), "m".to_owned())]);
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

/// What IAM would be asked for a call: an action, and the group and stream that it names, once for each group.
fn asked_of_iam(seen: &Seen) -> Vec<Value> {
    let text = |name: &str| seen.body.get(name).and_then(Value::as_str);
    let call = |group: Option<&str>| {
        let mut call = Map::from_iter([("action".to_owned(), json!(format!("logs:{}", seen.operation)))]);
        call.extend(group.map(|group| ("logGroup".to_owned(), json!(group))));
        call.extend(text("logStreamName").map(|stream| ("logStream".to_owned(), json!(stream))));
        Value::Object(call)
    };
    let many = ["logGroupNames", "logGroupIdentifiers"].into_iter().find_map(|name| seen.body.get(name)?.as_array());
    match many {
        Some(groups) => groups.iter().map(|group| call(group.as_str())).collect(),
        None => vec![call(text("logGroupName").or_else(|| text("logGroupIdentifier")))],
    }
}

/// The operations of the document: `get /groups`.
fn documented() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&read("openapi/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().unwrap().keys().map(|method| format!("{method} {path}")).collect();
        methods
    };
    paths.flat_map(methods).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Every text of the form `Service.Operation` in the sources.
fn targets(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            targets(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.components().any(|part| part.as_os_str() == "tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = |text: &str, more: &str| {
                text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
            };
            let is_target = |text: &&str| text.split_once('.').is_some_and(|(service, rest)| name(service, "_") && name(rest, ""));
            found.extend(text.split('"').filter(is_target).map(str::to_owned));
        }
    }
}

#[test]
fn no_other_service_is_called() {
    let mut found = BTreeSet::new();
    targets(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.contains("ServiceQuotasV20190624.ListServiceQuotas"), "{found:?}");
    found.retain(|target| !OTHERS.iter().any(|(known, _)| known == target));
    assert_eq!(found, BTreeSet::new(), "calls that no role in infra/ allows");
}

#[tokio::test]
async fn the_roles_are_made_for_the_calls_that_are_made() {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    for group in GROUPS {
        world.fake.state().logs.add_stream(group, "prod-1");
    }
    let asked = ask_for_everything(&world, &world.tenant("acme")).await;
    let documented = documented();
    assert_eq!(asked.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), documented, "an operation is not asked for here");

    let mut calls: BTreeSet<String> = world.fake.state().seen.iter().flat_map(asked_of_iam).map(|call| call.to_string()).collect();
    calls.extend(OTHERS.map(|(_, action)| json!({ "action": action }).to_string()));
    let lines: Vec<String> = calls.into_iter().map(|call| format!("  {call}")).collect();
    let recorded = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os("RECORD_CALLS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/calls.json"), &recorded).unwrap();
    }
    let why = "other calls than the roles in infra/ are made for: RECORD_CALLS=1 cargo test --test integration infra, then make infra";
    assert_eq!(recorded, read("infra/calls.json"), "{why}");
}
