//! Queries on the local source: their lifecycle, their limits, and features of this source only.

use std::time::Duration;

use serde_json::{Value, json};

use super::queries::{body, started};
use crate::world::client::Client;
use crate::world::{Options, World};

const WAIT: [(&str, &str); 1] = [("prefer", "wait=20")];
const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*", "/shared/*"]
actions = ["read", "query"]
[tenants.globex]
[[tenants.globex.grants]]
groups = ["/globex/*"]
actions = ["read", "query"]
"#;

fn millis_ago(millis: i64) -> i64 {
    jiff::Timestamp::now().as_millisecond() - millis
}

/// A service whose local source has these settings for queries.
async fn world_with(queries: &str, tenants: &str) -> World {
    let sources = format!("[[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\nqueries = {{ {queries} }}\n");
    World::with(Options { sources: Some(sources), tenants: Some(tenants.to_owned()), ..Options::default() }).await
}

/// Events on which [`SLOW`] works for a minute or longer.
async fn put_slow(world: &World) {
    let at = millis_ago(60_000);
    let message = "a".repeat(14);
    let events: Vec<(i64, &str)> = (0..20_000).map(|number| (at + number, message.as_str())).collect();
    world.put("/acme/api", "s", &events).await;
}

/// Tries about 2^14 ways for each event, because a back-reference needs backtracking.
const SLOW: &str = "filter @message like /^(a+)+\\1b/ | stats count(*) as n";

async fn status(client: &Client, id: &str) -> Value {
    client.get(&format!("/queries/{id}")).await.json()["status"].take()
}

#[tokio::test]
async fn a_running_query_shows_its_progress_and_stops_when_it_is_told_to() {
    let world = world_with("threads = 1", TENANTS).await;
    put_slow(&world).await;
    let acme = world.tenant("acme");
    let id = started(&acme, &body(SLOW)).await;
    let waiting = started(&acme, &body("stats count(*)")).await;
    let mut scanned = 0;
    while scanned == 0 {
        let page = acme.get(&format!("/queries/{id}")).await.json();
        assert!(["Scheduled", "Running"].contains(&page["status"].as_str().unwrap()), "{page}");
        scanned = page["statistics"]["recordsScanned"].as_u64().unwrap();
    }
    assert_eq!(acme.get(&format!("/queries/{id}?format=csv")).await.problem(), "409 query_incomplete");
    for _ in 0..2 {
        assert_eq!(acme.delete(&format!("/queries/{id}")).await.status, 204);
        assert_eq!(status(&acme, &id).await, "Cancelled");
    }
    let left = acme.get(&format!("/queries/{id}")).await.json()["statistics"]["recordsScanned"].as_u64().unwrap();
    assert!(left < 20_000, "it looked at everything");
    let answer = acme.get_with(&format!("/queries/{waiting}"), &WAIT).await.json();
    assert_eq!(answer["status"], "Complete", "the other query also ran");
}

#[tokio::test]
async fn limits_of_a_tenant_count_the_queries_that_run() {
    let tenants = TENANTS.replacen("[tenants.acme]\n", "[tenants.acme]\nlimits = { concurrent_queries = 1 }\n", 1);
    let world = world_with("threads = 1", &tenants).await;
    put_slow(&world).await;
    let acme = world.tenant("acme");
    let id = started(&acme, &body(SLOW)).await;
    assert_eq!(acme.post("/queries", &body(SLOW), &[]).await.problem(), "429 rate_limited");
    assert_eq!(acme.delete(&format!("/queries/{id}")).await.status, 204);
    assert_eq!(acme.post("/queries", &body("stats count(*)"), &WAIT).await.status, 200);
    assert_eq!(acme.post("/queries", &body("stats count(*)"), &WAIT).await.status, 200, "its place is free after its end");
}

#[tokio::test]
async fn a_query_beyond_its_memory_fails_and_says_so() {
    let world = world_with("memory_per_query = \"16MiB\"", TENANTS).await;
    let at = millis_ago(60_000);
    let lines: Vec<String> = (0..60).map(|number| format!("{number:02}{}", "x".repeat(500_000))).collect();
    for (number, line) in (0..).zip(&lines) {
        world.put("/acme/api", "s", &[(at + number, line)]).await;
    }
    let acme = world.tenant("acme");
    let answer = acme.post("/queries", &body("sort @message | display @message"), &WAIT).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("Failed")), "{:.300}", answer.text());
    assert!(answer.json()["failure"].as_str().unwrap().contains("16777216 bytes of memory"), "{:.300}", answer.text());
    assert_eq!(acme.post("/queries", &body("stats count(*) as n"), &WAIT).await.json()["results"], json!([{ "n": "60" }]));
    // Large rows are returned in pages that fit.
    let page = acme.post("/queries", &body("fields @message | limit 20"), &WAIT).await.json();
    assert_eq!(page["status"], "Complete");
    assert!((1..20).contains(&page["results"].as_array().unwrap().len()) && page["nextCursor"].is_string());
}

#[tokio::test]
async fn what_the_engine_does_not_run_is_refused_at_its_place() {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    world.put("/acme/api", "s", &[(1, "x")]).await;
    let acme = world.tenant("acme");
    let answer = acme.post("/queries", &body("fields @message\n| pattern @message | anomaly"), &[]).await;
    assert_eq!(answer.problem(), "400 invalid_query");
    let error = &answer.json()["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["kind"], &error["position"]["line"]),
        (&json!("/query"), &json!("unsupported"), &json!(2))
    );
    assert!(error["detail"].as_str().unwrap().contains("anomaly"), "{error}");
}

#[tokio::test]
async fn queries_inside_a_query_read_groups_that_the_caller_may_query() {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    let at = millis_ago(60_000);
    world.put("/acme/api", "s", &[(at, r#"{"user":1,"path":"/a"}"#), (at + 1, r#"{"user":2,"path":"/b"}"#)]).await;
    world.put("/acme/users", "s", &[(at, r#"{"id":1,"name":"ann"}"#), (at + 1, r#"{"id":3,"name":"cy"}"#)]).await;
    world.put("/globex/users", "s", &[(at, r#"{"id":2,"name":"hidden"}"#)]).await;
    let acme = world.tenant("acme");
    let rows = async |query: &str| {
        let answer = acme.post("/queries", &body(query), &WAIT).await;
        assert_eq!(answer.json()["status"], "Complete", "{query}: {}", answer.text());
        answer.json()["results"].take()
    };
    let joined =
        "join type=inner left=a right=u where a.user = u.id (SOURCE '/acme/users' | fields id, name) | fields a.path, u.name";
    let found = rows(joined).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["u.name"]), (1, &json!("ann")), "{found}");
    assert_eq!(rows("filter user in (SOURCE '/acme/users' | fields id) | stats count(*) as n").await, json!([{ "n": "1" }]));
    assert_eq!(rows("stats count(*) as n").await, json!([{ "n": "2" }]), "the group of the inner query is not read by the outer");

    for (query, scope, problem) in [
        ("filter user in (SOURCE '/globex/users' | fields id)", "logs:*:*", "404 not_found"),
        ("filter user in (SOURCE '/acme/gone' | fields id)", "logs:*:*", "404 not_found"),
        ("filter user in (SOURCE '/acme/users' | fields id)", "logs:query:/acme/api", "403 insufficient_scope"),
        ("SOURCE '/acme/users' | fields id", "logs:*:*", "422 query_forbidden"),
        ("filter user in (SOURCE logGroups() | fields id)", "logs:*:*", "422 query_forbidden"),
        ("filter user in (SOURCE '/acme/users' start=-9d end=now | fields id)", "logs:*:*", "422 query_forbidden"),
        (
            "filter user in (SOURCE 'arn:aws:logs:eu-west-1:123456789012:log-group:/acme/users' | fields id)",
            "logs:*:*",
            "422 query_forbidden",
        ),
        ("fields unmask(@message)", "logs:*:*", "422 query_forbidden"),
    ] {
        let answer = world.scoped("acme", scope).post("/queries", &body(query), &[]).await;
        assert_eq!(answer.problem(), problem, "{query}: {}", answer.text());
    }
}

#[tokio::test]
async fn lookup_tables_are_those_of_the_tenant_and_of_all() {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    let at = millis_ago(60_000);
    for group in ["/acme/api", "/globex/api"] {
        world.put(group, "s", &[(at, r#"{"id":"1"}"#)]).await;
    }
    let folder = world.folder.path().join("store/lookup");
    std::fs::create_dir_all(folder.join("acme")).unwrap();
    std::fs::write(folder.join("acme/users.csv"), "id,name\n1,ann\n").unwrap();
    std::fs::write(folder.join("plans.csv"), "id,name\n1,gold\n").unwrap();
    for (tenant, table, expected) in [
        ("acme", "users", Some("ann")),
        ("acme", "plans", Some("gold")),
        ("globex", "plans", Some("gold")),
        ("globex", "users", None),
    ] {
        let query = json!({ "query": format!("lookup {table} id OUTPUT name | fields id, name"), "logGroups": [format!("/{tenant}/api")], "start": "-1h" });
        let page = world.tenant(tenant).post("/queries", &query, &WAIT).await.json();
        match expected {
            Some(name) => assert_eq!(page["results"][0]["name"], name, "{tenant} {table}: {page}"),
            None => {
                assert_eq!(page["status"], "Failed", "{page}");
                assert!(page["failure"].as_str().unwrap().contains("`users`"), "{page}");
            }
        }
    }
}

#[tokio::test]
async fn ids_and_pointers_are_those_of_their_tenant_and_end_with_the_process() {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    world.put("/acme/api", "s", &[(millis_ago(60_000), r#"{"a":1}"#)]).await;
    let acme = world.tenant("acme");
    let page = acme.post("/queries", &body("fields a"), &WAIT).await.json();
    let (id, pointer) = (page["queryId"].as_str().unwrap(), page["results"][0]["@ptr"].as_str().unwrap());
    assert_eq!(acme.get(&format!("/records/{pointer}")).await.json()["record"]["a"], "1");
    let mut altered = pointer.to_owned();
    altered.replace_range(20..21, if altered[20..21] == *"A" { "B" } else { "A" });
    let refused = [
        world.tenant("globex").get(&format!("/queries/{id}")).await,
        world.tenant("globex").delete(&format!("/queries/{id}")).await,
        world.tenant("globex").get(&format!("/records/{pointer}")).await,
        acme.get(&format!("/records/{altered}")).await,
        acme.get(&format!("/queries/{altered}")).await,
    ];
    for answer in refused {
        assert_eq!(answer.problem(), "404 not_found");
    }
    let scoped = world.scoped("acme", "logs:query:/shared/*");
    assert_eq!(scoped.get(&format!("/records/{pointer}")).await.problem(), "403 insufficient_scope");
    assert_eq!(scoped.get(&format!("/queries/{id}")).await.problem(), "403 insufficient_scope");
}

/// More queries than may run: each waits for its turn, and tenants take turns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_queries_than_may_run_at_a_time_wait_for_their_turn() {
    let world = world_with("concurrent = 2, threads = 1", TENANTS).await;
    let at = millis_ago(60_000);
    for tenant in ["acme", "globex"] {
        world.put(&format!("/{tenant}/api"), "s", &[(at, "x")]).await;
    }
    let asks = (0..20).map(|number| {
        let tenant = ["acme", "globex"][number % 2];
        let client = world.tenant(tenant);
        async move {
            let query = json!({ "query": "stats count(*) as n", "logGroups": [format!("/{tenant}/api")], "start": "-1h" });
            client.post("/queries", &query, &WAIT).await
        }
    });
    for answer in tokio::time::timeout(Duration::from_secs(60), futures_util::future::join_all(asks)).await.unwrap() {
        assert_eq!(answer.json()["results"], json!([{ "n": "1" }]), "{}", answer.text());
    }
}
