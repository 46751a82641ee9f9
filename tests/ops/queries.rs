//! `POST /queries`, `GET` and `DELETE /queries/{id}`, `GET /groups/{group}/fields`, `GET /records/{pointer}`.

use serde_json::{Value, json};

use crate::security::support::{Binary, Setup};
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::grants::{self, Tenant};
use crate::world::{Options, World};

const TENANTS: &str = r#"
[tenants.acme]
limits = { concurrent_queries = 2, scanned_gb_per_day = 5, max_range = "31d" }
[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query"]
[[tenants.acme.grants]]
groups = ["/limited/*"]
streams = ["prod-*"]
actions = ["query"]
"#;

/// A service on a fake CloudWatch with two groups of `acme`'s.
pub async fn world() -> Binary {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    for group in ["/acme/api", "/acme/web", "/limited/api", "/globex/api"] {
        world.fake.state().logs.add_stream(group, "prod-1");
    }
    world
}

/// Rows of these columns.
pub fn rows(count: usize) -> Vec<Vec<(String, String)>> {
    let row = |index: usize| {
        [
            ("@timestamp", format!("2026-11-20 10:00:{:02}.000", index % 60)),
            ("@log", "123456789012:/acme/api".to_owned()),
            ("status", format!("{index}")),
            ("@ptr", format!("raw-pointer-{index}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    };
    (0..count).map(row).collect()
}

pub fn body(query: &str) -> Value {
    json!({ "query": query, "logGroups": ["/acme/api"], "start": "-1h" })
}

/// The query's id.
pub async fn started(client: &Client, body: &Value) -> String {
    let answer = client.post("/queries", body, &[]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["queryId"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/queries/{id}"));
    assert_eq!(answer.json()["status"], "Scheduled");
    id
}

async fn ended(client: &Client, id: &str) -> Answer {
    client.get_with(&format!("/queries/{id}"), &[("prefer", "wait=20")]).await
}

#[tokio::test]
async fn a_query_runs_from_its_start_to_its_rows() {
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(3), looks: 2, ..Script::default() };
    let acme = world.tenant("acme");
    let id = started(&acme, &body("FIELDS @timestamp, @log, status | sort @timestamp")).await;

    let scheduled = acme.get(&format!("/queries/{id}")).await.json();
    assert_eq!((&scheduled["status"], &scheduled["results"]), (&json!("Scheduled"), &json!([])));
    let running = acme.get(&format!("/queries/{id}")).await.json();
    assert_eq!((&running["status"], running["results"].as_array().unwrap().len()), (&json!("Running"), 1));

    let answer = ended(&acme, &id).await;
    assert_eq!(answer.header("preference-applied"), "wait=20");
    let done = answer.json();
    assert_eq!(done["status"], "Complete");
    assert_eq!(done["fields"], json!(["@timestamp", "@log", "status", "@ptr"]));
    assert_eq!(done["statistics"], json!({ "recordsMatched": 3, "recordsScanned": 1000, "bytesScanned": 2_000_000_000_u64 }));
    assert_eq!(done["estimatedCostUsd"], 0.01);
    assert_eq!(done["results"][2]["status"], "2");
    assert_eq!(done["results"][2]["@log"], "/acme/api", "without the account's number");
    assert!(done.get("nextCursor").is_none());
    assert!(!answer.text().contains("raw-pointer") && !answer.text().contains("123456789012"), "{}", answer.text());

    let sent = world.fake.state().seen.iter().find(|seen| seen.operation == "StartQuery").unwrap().body.clone();
    assert_eq!(sent["logGroupNames"], json!(["/acme/api"]));
    assert_eq!(sent["queryLanguage"], "CWLI");
    let text = sent["queryString"].as_str().unwrap();
    assert!(text.ends_with(" | FIELDS @timestamp, @log, status | sort @timestamp"), "{text}");
    assert!(text.starts_with("filter toMillis(@timestamp) "), "{text}");
}

#[tokio::test]
async fn a_whole_number_is_one_however_json_writes_it() {
    let world = world().await;
    let acme = world.tenant("acme");
    let ask = async |start: &str, limit: &str| {
        let body = format!(r#"{{"query":"fields a","logGroups":["/acme/api"],"start":{start},"limit":{limit}}}"#);
        acme.send_body(http::Method::POST, "/queries", &[("content-type", "application/json")], body.into()).await
    };
    let recent = jiff::Timestamp::now().as_second() - 60;
    assert_eq!(ask(&format!("{recent}.0"), "1e1").await.status, 202);
    let sent = world.fake.state().seen.iter().find(|seen| seen.operation == "StartQuery").unwrap().body.clone();
    assert_eq!(sent["startTime"], recent);
    assert!(sent["queryString"].as_str().unwrap().contains("limit 10"), "{sent:?}");
    for (start, limit) in [("1.5", "1"), ("-1", "1"), ("1e99", "1"), ("0", "1.5"), ("0", "0.0"), ("0", "1e6")] {
        assert_eq!(ask(start, limit).await.problem(), "400 invalid_parameter", "{start} {limit}");
    }
}

#[tokio::test]
async fn a_post_that_waits_has_the_rows_when_the_query_ends_in_time() {
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(2), ..Script::default() };
    let acme = world.tenant("acme");
    let answer = acme.post("/queries", &body("fields status"), &[("prefer", "wait=20")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied").as_str()), (200, "wait=20"));
    assert_eq!(answer.json()["results"].as_array().unwrap().len(), 2);
    let id = answer.json()["queryId"].as_str().unwrap().to_owned();
    assert_eq!(acme.get(&format!("/queries/{id}")).await.json()["status"], "Complete");

    world.fake.state().queries.script = Script { looks: usize::MAX, ..Script::default() };
    let answer = acme.post("/queries", &body("fields status"), &[("prefer", "respond-async, wait=1")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied").as_str()), (202, "wait=1"));
    assert_eq!(world.fake.state().queries.running(), 1, "it continues: its caller has its id");
}

#[tokio::test]
async fn rows_are_paged_and_a_cursor_is_of_its_query_alone() {
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(25), ..Script::default() };
    let acme = world.tenant("acme");
    let (id, other) = (started(&acme, &body("fields status")).await, started(&acme, &body("fields status")).await);
    assert_eq!(ended(&acme, &other).await.json()["status"], "Complete");
    let mut all = Vec::new();
    let mut page = acme.get_with(&format!("/queries/{id}?limit=10"), &[("prefer", "wait=20")]).await.json();
    loop {
        all.extend(page["results"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        let other_host = acme.get(&format!("/queries/{other}?cursor={cursor}")).await;
        assert_eq!(other_host.problem(), "400 invalid_cursor");
        page = acme.get(&format!("/queries/{id}?limit=10&cursor={cursor}")).await.json();
    }
    assert_eq!(all, (0..25).map(|index| index.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn files_are_made_of_complete_queries_alone() {
    let world = world().await;
    let acme = world.tenant("acme");
    let mut tricky = rows(3);
    tricky[1][2].1 = "=1+1".to_owned();
    world.fake.state().queries.script = Script { rows: tricky, looks: usize::MAX, ..Script::default() };
    let id = started(&acme, &body("fields status")).await;
    for format in ["csv", "ndjson"] {
        let answer = acme.get(&format!("/queries/{id}?format={format}")).await;
        assert_eq!(answer.problem(), "409 query_incomplete");
        assert!(!answer.header("retry-after").is_empty());
    }
    assert_eq!(acme.delete(&format!("/queries/{id}")).await.status, 204);
    let answer = acme.get_with(&format!("/queries/{id}"), &[("accept", "text/csv")]).await;
    assert_eq!((answer.problem().as_str(), answer.header("retry-after").as_str()), ("409 query_incomplete", ""));
    assert!(answer.text().contains("Cancelled"));

    world.fake.state().queries.script.looks = 1;
    let id = started(&acme, &body("fields status")).await;
    assert_eq!(ended(&acme, &id).await.json()["status"], "Complete");
    let csv = acme.get_with(&format!("/queries/{id}?limit=2"), &[("accept", "text/csv")]).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
    let text = csv.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "@timestamp,@log,status,@ptr"));
    assert!(lines[2].contains(",'=1+1,"), "{text}");
    let rest = acme.get(&format!("/queries/{id}?format=ndjson&cursor={}", csv.header("logmark-cursor"))).await;
    assert_eq!((rest.text().lines().count(), rest.header("logmark-cursor").as_str()), (1, ""));
    let row: Value = serde_json::from_str(rest.text().lines().next().unwrap()).unwrap();
    assert_eq!(row["status"], "2");
    assert_eq!(acme.get_with(&format!("/queries/{id}"), &[("accept", "text/plain")]).await.problem(), "406 not_acceptable");
}

#[tokio::test]
async fn a_query_is_stopped_once_and_again() {
    let world = world().await;
    world.fake.state().queries.script.looks = usize::MAX;
    let acme = world.tenant("acme");
    let id = started(&acme, &body("fields status")).await;
    for _ in 0..2 {
        let answer = acme.delete(&format!("/queries/{id}")).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""));
    }
    assert_eq!(acme.get(&format!("/queries/{id}")).await.json()["status"], "Cancelled");
}

#[tokio::test]
async fn a_pointer_of_a_row_is_good_for_its_whole_event() {
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(1), ..Script::default() };
    let event = [
        ("@message", "hello"),
        ("@log", "123456789012:/acme/api"),
        ("@logStream", "prod-1"),
        ("@ptr", "raw-pointer-0"),
        ("a", "1"),
    ];
    let event = event.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    world.fake.state().queries.records.insert("raw-pointer-0".to_owned(), event);
    let acme = world.tenant("acme");
    let id = started(&acme, &body("fields status")).await;
    let pointer = ended(&acme, &id).await.json()["results"][0]["@ptr"].as_str().unwrap().to_owned();
    let record = acme.get(&format!("/records/{pointer}")).await.json();
    let expected = json!({ "@message": "hello", "@log": "/acme/api", "@logStream": "prod-1", "@ptr": pointer, "a": "1" });
    assert_eq!(record, json!({ "record": expected }));
}

#[tokio::test]
async fn fields_are_shown_to_who_sees_all_streams() {
    let world = world().await;
    let acme = world.tenant("acme");
    let answer = acme.get("/groups/:acme:api/fields?time=2026-11-20T10:00:00.900Z").await;
    let fields = json!([{ "name": "@message", "percent": 100 }, { "name": "status", "percent": 40 }]);
    assert_eq!(answer.json(), json!({ "logGroup": "/acme/api", "fields": fields }));
    assert_eq!(world.fake.state().seen.last().unwrap().body["time"], 1_795_168_800, "seconds");
    assert_eq!(acme.get("/groups/:limited:api/fields").await.problem(), "422 query_forbidden");
    assert_eq!(acme.get("/groups/:acme:nothing/fields").await.problem(), "404 not_found");
}

#[tokio::test]
async fn limits_refuse_what_is_too_much_and_say_when_to_come_back() {
    let world = world().await;
    world.fake.state().queries.script.looks = usize::MAX;
    let acme = world.tenant("acme");
    let first = started(&acme, &body("fields status")).await;
    started(&acme, &body("fields status")).await;
    let refused = acme.post("/queries", &body("fields status"), &[]).await;
    assert_eq!(refused.problem(), "429 rate_limited");
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(refused.header("ratelimit"), "\"concurrent-queries\";r=0;t=5");
    assert_eq!(refused.header("ratelimit-policy"), "\"concurrent-queries\";q=2;qu=\"concurrent-requests\"");
    assert_eq!(acme.get("/me").await.json()["limits"]["queriesRemaining"], 0);

    // A query that has ended frees its place, whichever request learns of the end.
    assert_eq!(acme.delete(&format!("/queries/{first}")).await.status, 204);
    assert_eq!(acme.get("/me").await.json()["limits"]["queriesRemaining"], 1);
    world.fake.state().queries.script = Script { looks: 0, bytes: 6e9, ..Script::default() };
    let id = started(&acme, &body("fields status")).await;
    assert_eq!(acme.get(&format!("/queries/{id}")).await.json()["status"], "Complete");
    let refused = acme.post("/queries", &body("fields status"), &[]).await;
    assert_eq!(refused.problem(), "429 budget_exceeded");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    assert_eq!(acme.get("/me").await.json()["limits"]["scannedGbRemaining"], 0.0);
}

#[tokio::test]
async fn what_is_wrong_is_said_all_at_once_with_its_pointer() {
    let world = world().await;
    let acme = world.tenant("acme");
    let faults = async |body: Value| {
        let answer = acme.post("/queries", &body, &[]).await;
        let problem = answer.problem();
        let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        let places: Vec<String> = errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
        (problem, places)
    };
    let many: Vec<String> = (0..51).map(|index| format!("/acme/{index}")).collect();
    let long: Vec<String> = (0..9).map(|index| format!("/acme/{index}{}", "x".repeat(400))).collect();
    for (body, problem, places) in [
        (json!({}), "400 invalid_parameter", vec!["/query", "/logGroups", "/start"]),
        (
            json!({ "query": 1, "logGroups": "x", "start": true, "end": [], "limit": 0, "a/b": 1 }),
            "400 invalid_parameter",
            vec!["/query", "/logGroups", "/start", "/end", "/limit", "/a~1b"],
        ),
        (json!({ "query": "fields a", "logGroups": [], "start": 0 }), "400 invalid_parameter", vec!["/logGroups"]),
        (json!({ "query": "fields a", "logGroups": many, "start": 0 }), "400 invalid_parameter", vec!["/logGroups"]),
        (json!({ "query": "fields a", "logGroups": long, "start": 0 }), "400 invalid_parameter", vec!["/logGroups"]),
        (
            json!({ "query": "fields a", "logGroups": ["/acme/api", ":acme:api", "a b"], "start": 0 }),
            "400 invalid_parameter",
            vec!["/logGroups/1", "/logGroups/2"],
        ),
        (
            json!({ "query": "fields a", "logGroups": ["/acme/api"], "start": "-1h", "end": "-2h" }),
            "400 invalid_parameter",
            vec!["/end"],
        ),
        (
            json!({ "query": "stat count(*) | sort", "logGroups": ["/acme/api"], "start": "-1h" }),
            "400 invalid_query",
            vec!["/query", "/query"],
        ),
        (
            json!({ "query": "fields a | SOURCE 'x'", "logGroups": ["/acme/api"], "start": "-1h" }),
            "400 invalid_query",
            vec!["/query"],
        ),
        (
            json!({ "query": "SOURCE 'x' | fields a", "logGroups": ["/acme/api"], "start": "-1h" }),
            "422 query_forbidden",
            vec!["/query", "/query"],
        ),
        (
            json!({ "query": "limit 9 | stats count(*)", "logGroups": ["/acme/api"], "start": "-1h", "limit": 5 }),
            "400 invalid_parameter",
            vec!["/limit"],
        ),
        (json!({ "query": "fields a", "logGroups": ["/acme/api"], "start": "-60d" }), "400 invalid_parameter", vec!["/start"]),
        (
            json!({ "query": "filter a = 'malformed for AWS'", "logGroups": ["/acme/api"], "start": "-1h" }),
            "400 invalid_query",
            vec![],
        ),
        (json!({ "query": "fields a", "logGroups": ["/acme/gone"], "start": "-1h" }), "404 not_found", vec![]),
        (json!({ "query": "fields a", "logGroups": ["/acme/api", "/globex/api"], "start": "-1h" }), "404 not_found", vec![]),
    ] {
        assert_eq!(faults(body.clone()).await, (problem.to_owned(), places.into_iter().map(str::to_owned).collect()), "{body}");
    }
    let answer = acme.post("/queries", &body("fields @message\n| stat count(*)"), &[]).await.json();
    assert_eq!(answer["errors"][0]["position"], json!({ "line": 2, "column": 3, "start": 18, "end": 22 }));
    assert_eq!(answer["errors"][0]["kind"], "unknown_name");
}

#[tokio::test]
async fn a_body_is_one_json_object_or_nothing() {
    let server = "limits = { max_body_bytes = 4096 }".to_owned();
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), server, ..Setup::default() }).await;
    world.fake.state().logs.add_stream("/acme/api", "prod-1");
    let acme = world.tenant("acme");
    let post = async |content_type: &str, body: &str| {
        let headers = [("content-type", content_type)];
        let answer = acme.send_body(http::Method::POST, "/queries", &headers, body.to_owned().into()).await;
        answer.problem()
    };
    let good = body("fields a").to_string();
    let doubled = good.replacen('{', "{\"start\":1,", 1);
    for (content_type, body, problem) in [
        ("text/plain", good.as_str(), "415 unsupported_media_type"),
        ("application/x-www-form-urlencoded", "query=x", "415 unsupported_media_type"),
        ("application/json", "", "400 invalid_parameter"),
        ("application/json", "[]", "400 invalid_parameter"),
        ("application/json", &format!("{good} x"), "400 invalid_parameter"),
        ("application/json", &doubled, "400 invalid_parameter"),
        ("application/json", &format!("{{\"query\":\"{}\"}}", "x".repeat(4096)), "413 body_too_large"),
    ] {
        assert_eq!(post(content_type, body).await, problem, "{content_type} {}", &body[..body.len().min(80)]);
    }
    assert_eq!(world.fake.calls(), 0);
    let answer =
        acme.send_body(http::Method::POST, "/queries", &[("content-type", "Application/JSON; charset=utf-8")], good.into()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

#[tokio::test]
async fn groups_of_several_sources_are_no_groups_of_one_query() {
    let sources =
        "[[sources]]\nname = \"a\"\nkind = \"local\"\npath = \"a\"\n[[sources]]\nname = \"b\"\nkind = \"local\"\npath = \"b\"\n";
    let tenant = Tenant::new("acme").may("query", "a", &["/a/*", "/both/*"]).may("query", "b", &["/b/*", "/both/*"]);
    let tenants = grants::text([tenant]);
    let options = Options { sources: Some(sources.to_owned()), tenants: Some(tenants), ..Options::default() };
    let world = World::with(options).await;
    // In the store of source `a`.
    for group in ["/both/x", "/both/y", "/a/x"] {
        world.store().create_group(group, 1_700_000_000_000).unwrap();
    }
    for (groups, scope, problem) in [
        (vec!["/a/x", "/b/x"], "logs:*:*", "400 invalid_parameter"),
        // Groups without a grant are refused before any other error.
        (vec!["/a/x", "/b/x", "/c/x"], "logs:*:*", "404 not_found"),
        (vec!["/c/x", "/a/x"], "openid", "404 not_found"),
        (vec!["/a/x", "/a/y"], "logs:query:/a/x", "403 insufficient_scope"),
        // The source that has all groups is used.
        (vec!["/both/x", "/b/x"], "logs:query:*", "404 not_found"),
        (vec!["/both/x", "/a/x", "/both/y"], "logs:query:/both/* logs:query:/a/*", ""),
    ] {
        let body = json!({ "query": "fields a", "logGroups": groups, "start": "-1h" });
        let answer = world.scoped("acme", scope).post("/queries", &body, &[]).await;
        if problem.is_empty() {
            assert_eq!(answer.status, 202, "{groups:?} {scope}: {}", answer.text());
            continue;
        }
        assert_eq!(answer.problem(), problem, "{groups:?} {scope}");
        match problem {
            "400 invalid_parameter" => assert_eq!(answer.json()["errors"][0]["pointer"], "/logGroups"),
            "403 insufficient_scope" => assert!(answer.text().contains("`logs:query:/a/y`"), "{}", answer.text()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn rows_that_are_too_large_together_come_in_more_pages() {
    let world = world().await;
    let message = "x".repeat(1 << 20);
    let rows = (0..20).map(|index| vec![("n".to_owned(), index.to_string()), ("@message".to_owned(), message.clone())]).collect();
    world.fake.state().queries.script = Script { rows, looks: 0, ..Script::default() };
    let acme = world.tenant("acme");
    let id = started(&acme, &body("fields n, @message")).await;
    let mut numbers = Vec::new();
    let mut target = format!("/queries/{id}");
    loop {
        let answer = acme.get(&target).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        numbers.extend(page["results"].as_array().unwrap().iter().map(|row| row["n"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        target = format!("/queries/{id}?limit=10&cursor={cursor}");
    }
    assert_eq!(numbers, (0..20).map(|index| index.to_string()).collect::<Vec<_>>());
}
