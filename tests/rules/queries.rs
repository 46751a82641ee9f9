//! Logs Insights queries, records and discovered fields under rules, on the local source.

use serde_json::{Value, json};

use super::{BEGIN, SECRET, assert_clean, local_world, shown};
use crate::world::World;
use crate::world::client::{Answer, Client};

const WAIT: [(&str, &str); 1] = [("prefer", "wait=20")];

fn body(query: &str) -> Value {
    json!({ "query": query, "logGroups": ["/shared/app"], "start": BEGIN - 1000, "end": BEGIN + 100_000 })
}

async fn run(client: &Client, query: &str) -> Answer {
    client.post("/queries", &body(query), &WAIT).await
}

/// The rows of a query without their pointers.
async fn rows(client: &Client, query: &str) -> Vec<Value> {
    let answer = run(client, query).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &"Complete".into()), "{query}: {}", answer.text());
    let mut rows = answer.json()["results"].as_array().unwrap().clone();
    rows.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("@ptr")));
    rows
}

#[tokio::test]
async fn queries_count_and_show_visible_rows_only() {
    let world = local_world().await;
    let acme = world.tenant("acme");
    assert_eq!(rows(&acme, "stats count(*) as c").await, [json!({ "c": "3" })]);
    assert_eq!(rows(&acme, "stats count(*) as c by tenant").await, [json!({ "tenant": "acme", "c": "3" })]);
    assert_eq!(rows(&acme, "filter n > 0 | fields n | sort n desc").await, [json!({ "n": "6" }), json!({ "n": "4" })]);
    let messages = rows(&acme, "fields @message | sort n").await;
    assert_eq!(messages, [0, 4, 6].map(|number| json!({ "@message": shown(number) })));
    // Whole messages are masked before the query reads them.
    assert_eq!(rows(&acme, &format!("filter @message like /{SECRET}/ | stats count(*) as c")).await, [json!({ "c": "0" })]);
    assert_eq!(
        rows(&acme, "parse @message '\"card\":\"*\"' as c | stats count(*) as k by c").await,
        [json!({ "c": "***", "k": "3" })]
    );
    assert_eq!(rows(&acme, "fields strlen(@message) > 0 as b | stats count(*) as k by b").await.len(), 1);
    let statistics = run(&acme, "stats count(*)").await.json()["statistics"].clone();
    assert_eq!((&statistics["recordsScanned"], &statistics["recordsMatched"]), (&json!(3), &json!(3)), "{statistics}");
    // Under a mask, messages that are not JSON are hidden.
    assert_eq!(rows(&world.tenant("masked"), "stats count(*) as c").await, [json!({ "c": "7" })]);
    assert_eq!(rows(&world.tenant("whole"), "stats count(*) as c").await, [json!({ "c": "8" })]);
    for format in ["csv", "ndjson"] {
        let target = format!("/queries?format={format}");
        let answer = acme.post(&target, &body("fields @message, n | sort n"), &WAIT).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_clean(&answer);
    }
}

#[tokio::test]
async fn masked_fields_are_refused_wherever_a_query_names_them() {
    let world = local_world().await;
    let (acme, rows_only) = (world.tenant("acme"), world.tenant("rows"));
    for (query, path) in [
        ("fields card", "$.card"),
        ("fields n, `card`", "$.card"),
        ("fields card as c | fields c", "$.card"),
        ("filter card = 'x' | stats count(*)", "$.card"),
        ("filter ispresent(card)", "$.card"),
        ("sort card", "$.card"),
        ("stats count(*) by card", "$.card"),
        ("stats count_distinct(card)", "$.card"),
        ("stats latest(user.email)", "$.user.email"),
        ("fields user.email", "$.user.email"),
        ("fields user", "$.user.email"),
        ("fields items.0.pan", "$.items[*].pan"),
        ("fields items", "$.items[*].pan"),
        ("dedup card", "$.card"),
        ("parse card '*-*' as a, b", "$.card"),
        ("parse @message 'x=*' as card", "$.card"),
        ("fields concat('a', card) as z", "$.card"),
        ("fields CARD", "$.card"),
    ] {
        let answer = run(&acme, query).await;
        if query == "fields CARD" {
            // Member names are case-sensitive: this is another field, which no event has.
            assert!([200, 422].contains(&answer.status.as_u16()), "{}", answer.text());
            assert_clean(&answer);
            continue;
        }
        assert_eq!(answer.problem(), "422 query_forbidden", "{query}: {}", answer.text());
        assert!(answer.text().contains(&format!("your grant masks `{path}`")), "{query}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["pointer"], "/query");
        assert_eq!(run(&rows_only, query).await.status, 200, "{query}");
        let checked = acme.post("/queries/check", &body(query), &[]).await.json();
        assert_eq!(checked["refusals"][0]["code"], "query_forbidden", "{query}: {checked}");
        assert!(checked["refusals"][0]["end"].as_u64().unwrap() > 0, "{checked}");
    }
}

#[tokio::test]
async fn records_and_discovered_fields_obey_the_rules() {
    let world = local_world().await;
    let acme = world.tenant("acme");
    let answer = run(&acme, "fields n | sort n | limit 1").await.json();
    let pointer = answer["results"][0]["@ptr"].as_str().unwrap().to_owned();
    let record = acme.get(&format!("/records/{pointer}")).await;
    assert_clean(&record);
    let record = record.json()["record"].clone();
    assert_eq!(
        (&record["@message"], &record["n"], &record["user.name"]),
        (&shown(0).into(), &"0".into(), &"Ann".into()),
        "{record}"
    );
    assert!(
        record.get("card").is_none() && record.get("user.email").is_none() && record.get("items.0.pan").is_none(),
        "{record}"
    );
    let fields = acme.get(&format!("/groups/:shared:app/fields?time={BEGIN}")).await;
    assert_eq!(fields.status, 200, "{}", fields.text());
    let names: Vec<String> =
        fields.json()["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.contains(&"user.name".to_owned()) && names.contains(&"n".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| ["card", "user.email", "items.0.pan", "note"].contains(&name.as_str())), "{names:?}");
}

#[tokio::test]
async fn a_check_estimates_visible_bytes_only() {
    let world = local_world().await;
    let estimate = |tenant: &str| {
        let client = world.tenant(tenant);
        async move { client.post("/queries/check", &body("stats count(*)"), &[]).await.json()["estimate"].clone() }
    };
    let whole = estimate("whole").await;
    let rows = estimate("rows").await;
    let own: usize = super::events().iter().filter(|(_, _, text)| text.contains("\"acme\"")).map(|(_, _, text)| text.len()).sum();
    assert_eq!((&rows["basis"], &rows["bytes"]), (&"exact".into(), &json!(own)), "{rows} of {whole}");
    let masked: usize = [0, 4, 6].map(|number| shown(number).len()).iter().sum();
    assert_eq!(estimate("acme").await["bytes"], json!(masked));
}

#[tokio::test]
async fn results_are_shown_under_the_rules_that_they_were_found_with() {
    let world = local_world().await;
    let answer = run(&world.tenant("rows"), "fields @message | sort n").await.json();
    let (id, pointer) =
        (answer["queryId"].as_str().unwrap().to_owned(), answer["results"][0]["@ptr"].as_str().unwrap().to_owned());
    assert_eq!(world.tenant("rows").get(&format!("/queries/{id}")).await.status, 200);
    let folder = world.stop().await;
    let tenants = super::tenants("disk").replacen("[[tenants.rows.grants]]", "[[tenants.old.grants]]", 1).replacen(
        "[[tenants.acme.grants]]",
        "[[tenants.rows.grants]]",
        1,
    );
    // In a new process: the fingerprint is in the handle, not in the memory of the first process.
    let world = World::again(folder, crate::world::Options { tenants: Some(tenants), ..Default::default() }).await;
    let rows = world.tenant("rows");
    assert_eq!(rows.get(&format!("/queries/{id}")).await.problem(), "404 not_found");
    assert_eq!(rows.get(&format!("/records/{pointer}")).await.problem(), "404 not_found");
}
