//! Rules on a CloudWatch source: the calls, and the changes to their answers.

use serde_json::{Value, json};

use super::reads::urlencoded;
use super::{BEGIN, SECRET, assert_clean, events, messages, page, shown};
use crate::security::support::{Binary, Setup};
use crate::world::fake_cloudwatch::queries::Script;

const GROUP: &str = "/logs/:shared:app?start=1749999999000&end=1750000100000";

async fn world() -> Binary {
    let world = Binary::start(Setup { tenants: super::tenants("aws"), quotas: true, ..Setup::default() }).await;
    for (stream, after, message) in events() {
        world.fake.state().logs.put("/shared/app", stream, BEGIN + after, &message);
    }
    world
}

/// The filter patterns of the FilterLogEvents calls since the last check.
fn patterns(world: &Binary) -> Vec<Value> {
    let mut state = world.fake.state();
    let seen = std::mem::take(&mut state.seen);
    let of_calls = seen.iter().filter(|seen| seen.operation.ends_with("FilterLogEvents"));
    of_calls.map(|seen| seen.body.get("filterPattern").cloned().unwrap_or(Value::Null)).collect()
}

#[tokio::test]
async fn pages_show_visible_masked_events_and_calls_have_the_rule() {
    let world = world().await;
    let acme = world.tenant("acme");
    let all = page(&acme, GROUP).await;
    assert_eq!((messages(&all), &all["withheld"]), (vec![shown(0), shown(4), shown(6)], &0.into()));
    assert_eq!(patterns(&world), [json!("{ $.tenant = acme }")]);
    let stream = page(&acme, "/logs/:shared:app/web-1?start=1749999999000&end=1750000100000").await;
    assert_eq!(messages(&stream), [shown(0), shown(6)]);
    assert_eq!(patterns(&world), [json!("{ $.tenant = acme }")], "GetLogEvents has no filter");
    let newest = page(&acme, "/logs/:shared:app?from=tail&limit=2").await;
    assert_eq!(messages(&newest), [shown(4), shown(6)]);
    // Without a rule, the stream is read by GetLogEvents and masked after the call.
    let masked = page(&world.tenant("masked"), "/logs/:shared:app/web-1?start=1749999999000").await;
    assert_eq!((messages(&masked).len(), &masked["withheld"]), (4, &1.into()));
    for limit in 1..=4 {
        let (mut target, mut shown, mut withheld) = (format!("{GROUP}&limit={limit}"), 0, 0);
        for _ in 0..20 {
            let answer = page(&world.tenant("masked"), &target).await;
            shown += messages(&answer).len();
            withheld += answer["withheld"].as_u64().unwrap();
            if answer["stopReason"] == "end" {
                break;
            }
            target = format!("/logs?limit={limit}&cursor={}", answer["nextCursor"].as_str().unwrap());
        }
        assert_eq!((shown, withheld), (7, 1), "limit {limit}");
    }
    for format in ["ndjson", "csv", "text"] {
        let answer = world.tenant("masked").get(&format!("{GROUP}&format={format}")).await;
        assert_clean(&answer);
        assert_eq!(answer.trailers["logmark-withheld"], "1");
    }
}

#[tokio::test]
async fn the_callers_filter_is_sent_only_together_with_the_rule() {
    let world = world().await;
    let (acme, rows, masked) = (world.tenant("acme"), world.tenant("rows"), world.tenant("masked"));
    let filtered = |filter: &str| format!("{GROUP}&filter={}", urlencoded(filter));
    let found = page(&acme, &filtered("{ $.n > 0 }")).await;
    assert_eq!((messages(&found), patterns(&world)), (vec![shown(4), shown(6)], vec![json!("{ $.tenant = acme && $.n > 0 }")]));
    // Terms and a JSON rule have no common pattern: the rule alone is sent, and the terms are applied to the response.
    let found = rows.get(&filtered("needle")).await.json();
    assert_eq!((messages(&found).len(), patterns(&world)), (0, vec![json!("{ $.tenant = acme }")]));
    let found = rows.get(&filtered("Ann")).await.json();
    assert_eq!((messages(&found).len(), patterns(&world)), (3, vec![json!("{ $.tenant = acme }")]));
    let found = masked.get(&filtered("{ $.tenant = globex }")).await.json();
    assert_eq!((messages(&found).len(), patterns(&world)), (4, vec![json!("{ $.tenant = globex }")]));
    for filter in ["needle", "-needle", "%s3%", "[a, b]"] {
        let refused = acme.get(&filtered(filter)).await;
        assert_eq!(refused.problem(), "422 query_forbidden", "{filter}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("`$.card`"), "{}", refused.text());
    }
    assert_eq!(acme.get(&filtered("{ $.card = 1 }")).await.problem(), "422 query_forbidden");
    assert!(patterns(&world).is_empty(), "a refused request is not sent");
}

#[tokio::test]
async fn tenants_with_different_rules_share_calls_and_not_rows() {
    let world = Binary::start(Setup { tenants: super::tenants("aws"), quotas: true, ..Setup::default() }).await;
    for (stream, after, message) in events() {
        world.fake.state().logs.put("/shared/app", stream, BEGIN + after, &message);
    }
    let target = "/logs/:shared:app/web-1?start=1749999999000&end=1750000100000";
    let clients = ["whole", "masked", "removed", "acme", "rows"].map(|tenant| world.tenant(tenant));
    let answers = futures_util::future::join_all((0..100).map(|number| clients[number % 5].get(target))).await;
    let texts: Vec<Vec<String>> = answers.iter().map(crate::world::client::Answer::messages).collect();
    for (number, messages) in texts.iter().enumerate() {
        assert_eq!(*messages, texts[number % 5], "{number}");
        assert_eq!(messages.iter().any(|text| text.contains(&format!("{SECRET}-"))), [0, 4].contains(&(number % 5)), "{number}");
    }
    assert_eq!(texts.iter().take(5).map(Vec::len).collect::<Vec<_>>(), [5, 4, 4, 2, 2]);
}

#[tokio::test]
async fn figures_that_count_hidden_events_are_not_told() {
    let world = world().await;
    for (tenant, has_sizes, has_times) in [("whole", true, true), ("rows", false, false), ("masked", false, true)] {
        let client = world.tenant(tenant);
        let group = page(&client, "/groups/:shared:app").await;
        assert_eq!(group.get("storedBytes").is_some(), has_sizes, "{tenant}: {group}");
        let streams = page(&client, "/groups/:shared:app/streams").await;
        assert_eq!(streams["streams"][0].get("lastEventAt").is_some(), has_times, "{tenant}: {streams}");
        let by_event = client.get("/groups/:shared:app/streams?orderBy=lastEvent").await;
        assert_eq!(by_event.status, if has_times { 200 } else { 400 }, "{tenant}: {}", by_event.text());
    }
}

fn body(query: &str) -> Value {
    json!({ "query": query, "logGroups": ["/shared/app"], "start": BEGIN, "end": BEGIN + 100_000 })
}

#[tokio::test]
async fn a_query_has_the_rule_as_its_first_filter_and_its_rows_are_masked() {
    let world = world().await;
    let cells = |cells: &[(&str, &str)]| cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let row = |message: &str| cells(&[("@message", message), ("@logStream", "web-1"), ("@ptr", "raw")]);
    let rows = vec![row(&events()[0].2), row(&events()[1].2), row(&events()[3].2)];
    world.fake.state().queries.script = Script { rows, looks: 0, ..Script::default() };
    let query = body("fields @message, @logStream");
    let waited = [("prefer", "wait=20")];
    let sent = |world: &Binary| {
        let state = world.fake.state();
        let start = state.seen.iter().rev().find(|seen| seen.operation.ends_with("StartQuery")).unwrap();
        start.body["queryString"].as_str().unwrap().to_owned()
    };
    let answer = world.tenant("acme").post("/queries", &query, &waited).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_clean(&answer);
    let page = answer.json();
    assert_eq!(page["results"].as_array().unwrap().len(), 1, "hidden and unmaskable rows are left out: {page}");
    assert_eq!(page["results"][0]["@message"], shown(0));
    assert!(page.get("statistics").is_none() && page.get("estimatedCostUsd").is_none(), "{page}");
    let text = sent(&world);
    assert!(text.starts_with("filter toMillis(@timestamp) <"), "{text}");
    // The rule is a condition over the message, as an exact text.
    assert!(
        text.contains(r"(?:a|\\u0061)(?:c|\\u0063)(?:m|") && text.contains("jsonStringify(jsonParse(@message)) like"),
        "{text}"
    );
    assert!(text.ends_with("| fields @message, @logStream"), "{text}");
    let statistics = |answer: &Value| answer.get("statistics").is_some();
    let rows = world.tenant("rows").post("/queries", &query, &waited).await.json();
    assert!(!statistics(&rows), "{rows}");
    let whole = world.tenant("whole").post("/queries", &query, &waited).await.json();
    assert!(statistics(&whole) && whole["results"].as_array().unwrap().len() == 3, "{whole}");
    assert!(!sent(&world).contains("jsonParse"));
    assert_eq!(world.tenant("rows").post("/queries/check", &query, &[]).await.json()["estimate"]["basis"], "unknown");
}

#[tokio::test]
async fn a_query_under_a_mask_uses_whole_messages_only_as_a_column() {
    let world = world().await;
    let acme = world.tenant("acme");
    for query in [
        "filter @message like /x/",
        "filter @message = 'x' | fields n",
        "fields @message as m",
        "fields strlen(@message)",
        "fields messageSize()",
        "parse @message 'a=*' as a",
        "parse 'a=*' as a",
        "pattern @message",
        "stats count(*) by @message",
        "stats latest(@message)",
        "fields @message | sort @message",
        "fields @message | dedup @message",
        "fields jsonParse(@message) as j",
        "fields card",
        "filter user.email = 'a'",
        "parse other 'x=*' as card | fields card",
        "filterIndex card = 'x'",
    ] {
        let answer = acme.post("/queries", &body(query), &[]).await;
        assert!(["422 query_forbidden", "400 invalid_query"].contains(&answer.problem().as_str()), "{query}: {}", answer.text());
        if answer.status == 400 {
            panic!("{query} is not a valid query: {}", answer.text());
        }
    }
    assert!(world.fake.state().seen.iter().all(|seen| !seen.operation.ends_with("StartQuery")), "a refused request is not sent");
    for query in ["fields @timestamp, @message, @ptr", "filter n > 4", "stats count(*) by tenant", "display @message", "limit 5"]
    {
        let answer = acme.post("/queries", &body(query), &[]).await;
        assert_eq!(answer.status, 202, "{query}: {}", answer.text());
    }
}

#[tokio::test]
async fn records_and_fields_obey_the_rules() {
    let world = world().await;
    let record = |message: &str| -> Vec<(String, String)> {
        [
            ("@log", "123456789012:/shared/app"),
            ("@logStream", "web-1"),
            ("@message", message),
            ("n", "0"),
            ("card", SECRET),
            ("items.0.pan", SECRET),
            ("items", SECRET),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    };
    {
        let mut state = world.fake.state();
        let rows = ["own", "foreign", "text"]
            .map(|pointer| vec![("n".to_owned(), "0".to_owned()), ("@ptr".to_owned(), pointer.to_owned())]);
        state.queries.script = Script { rows: rows.to_vec(), looks: 0, ..Script::default() };
        for (pointer, number) in [("own", 0), ("foreign", 1), ("text", 3)] {
            state.queries.records.insert(pointer.to_owned(), record(&events()[number].2));
        }
        state.queries.fields = vec![("n", 100), ("card", 90), ("user.email", 80), ("user.name", 80), ("@message", 100)];
    }
    let acme = world.tenant("acme");
    let answer = acme.post("/queries", &body("fields n"), &[("prefer", "wait=20")]).await.json();
    let pointers: Vec<&str> = answer["results"].as_array().unwrap().iter().map(|row| row["@ptr"].as_str().unwrap()).collect();
    let own = acme.get(&format!("/records/{}", pointers[0])).await;
    assert_clean(&own);
    let own = own.json()["record"].clone();
    assert_eq!((&own["@message"], &own["n"]), (&shown(0).into(), &"0".into()));
    assert!(own.get("card").is_none() && own.get("items").is_none() && own.get("items.0.pan").is_none(), "{own}");
    for pointer in &pointers[1..] {
        assert_eq!(acme.get(&format!("/records/{pointer}")).await.problem(), "404 not_found");
    }
    assert_eq!(acme.get("/groups/:shared:app/fields").await.problem(), "422 query_forbidden");
    let fields = world.tenant("masked").get("/groups/:shared:app/fields").await.json();
    let names: Vec<&str> = fields["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["n", "user.name", "@message"]);
}
