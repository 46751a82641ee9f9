//! Queries over real events of a source: rows, statistics, fields and records, limited by the permit.

use serde_json::{Value, json};

use super::subject::{Subject, group_path, now, segment};
use crate::world::client::Answer;

/// Waits for the end of the query.
const WAIT: [(&str, &str); 1] = [("prefer", "wait=20")];

/// The body of a query over groups and the last two hours.
fn body(query: &str, groups: &[&str]) -> Value {
    json!({ "query": query, "logGroups": groups, "start": "-3h" })
}

/// The response of an ended query.
async fn ended(subject: &Subject, body: &Value) -> Answer {
    let answer = subject.acme().post("/queries", body, &WAIT).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    assert_eq!(answer.json()["status"], "Complete", "{body}: {}", answer.text());
    answer
}

/// Its rows, without handles.
async fn rows(subject: &Subject, query: &str, groups: &[&str]) -> Value {
    let mut rows = ended(subject, &body(query, groups)).await.json()["results"].take();
    for row in rows.as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("@ptr");
    }
    rows
}

/// Writes a gateway's requests by two users, of which every third fails.
async fn put_requests(subject: &Subject, group: &str, stream: &str, count: i64) {
    let line = |number: i64| {
        let (status, user) = (if number % 3 == 0 { 503 } else { 200 }, ["ann", "bo"][usize::try_from(number % 2).unwrap()]);
        format!(r#"{{"n":{number},"status":{status},"user":{{"name":"{user}"}}}}"#)
    };
    let lines: Vec<(i64, String)> = (0..count).map(|number| (Subject::begin() + number * 1000, line(number))).collect();
    let events: Vec<(i64, &str)> = lines.iter().map(|(at, line)| (*at, line.as_str())).collect();
    subject.put(group, stream, &events).await;
}

pub async fn a_query_finds_what_its_groups_hold(subject: &Subject) {
    let (one, two) = (subject.group("one"), subject.group("two"));
    put_requests(subject, &one, "web-1", 9).await;
    put_requests(subject, &two, "web-2", 4).await;
    subject.put(&one, "web-1", &[(Subject::begin() + 500, "a line of text")]).await;

    let newest =
        ended(subject, &body("fields n, status, @logStream, @log | filter status >= 500 | limit 2", &[&one, &two])).await;
    let page = newest.json();
    assert_eq!(page["fields"], json!(["n", "status", "@logStream", "@log", "@ptr"]));
    let found: Vec<(&str, &str, &str)> = page["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["n"].as_str().unwrap(), row["@logStream"].as_str().unwrap(), row["@log"].as_str().unwrap()))
        .collect();
    assert_eq!(found[0], ("6", "web-1", one.as_str()), "newest first");
    assert_eq!(found[1].0, "3");

    let sorted =
        rows(subject, "stats count(*) as n, max(n) as last by user.name, status | sort n desc, user.name", &[&one]).await;
    let expected = json!([
        { "user.name": "ann", "status": "200", "n": "3", "last": "8" },
        { "user.name": "bo", "status": "200", "n": "3", "last": "7" },
        { "user.name": "ann", "status": "503", "n": "2", "last": "6" },
        { "n": "1" },
        { "user.name": "bo", "status": "503", "n": "1", "last": "3" },
    ]);
    let sort_key = |row: &Value| row.to_string();
    let (mut found, mut expected) = (sorted.as_array().unwrap().clone(), expected.as_array().unwrap().clone());
    found.sort_by_key(sort_key);
    expected.sort_by_key(sort_key);
    assert_eq!(found, expected);

    let counted = ended(subject, &body("filter status = 503 | stats count(*) as n", &[&one, &two])).await.json();
    assert_eq!(counted["results"], json!([{ "n": "5" }]));
    assert_eq!(counted["statistics"]["recordsMatched"], 5);
    assert_eq!(counted["statistics"]["recordsScanned"], 14);
    assert!(counted["statistics"]["bytesScanned"].as_u64().unwrap() > 14 * 10);
}

pub async fn a_check_tells_the_columns_and_starts_nothing(subject: &Subject) {
    let group = subject.group("one");
    put_requests(subject, &group, "web-1", 9).await;
    let check = async |query: &str, groups: &[&str]| subject.acme().post("/queries/check", &body(query, groups), &[]).await;
    let checked = check("stats count(*) as n by bin(5m), status", &[&group]).await.json();
    assert_eq!((&checked["diagnostics"], &checked["refusals"]), (&json!([]), &json!([])));
    assert_eq!((&checked["columns"], &checked["shape"]), (&json!(["bin(5m)", "status", "n"]), &json!("series")));
    assert!(["exact", "stored"].contains(&checked["estimate"]["basis"].as_str().unwrap()), "{checked}");
    let wrong = check("stat count(*)", &[&group]).await.json();
    assert_eq!(wrong["diagnostics"][0]["fix"], "stats", "{wrong}");
    for missing in [subject.group("nothing").as_str(), "/globex/api"] {
        assert_eq!(check("fields n", &[missing]).await.problem(), "404 not_found", "{missing}");
    }
}

pub async fn the_range_of_a_query_is_exact_to_the_millisecond(subject: &Subject) {
    let (group, begin) = (subject.group("range"), Subject::begin());
    subject.put(&group, "s", &[(begin, "0"), (begin + 1, "1"), (begin + 2, "2"), (begin + 3, "3")]).await;
    let body =
        json!({ "query": "fields @message | sort @timestamp", "logGroups": [group], "start": begin + 1, "end": begin + 3 });
    let found = ended(subject, &body).await.json();
    let messages: Vec<&str> = found["results"].as_array().unwrap().iter().map(|row| row["@message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["1", "2"]);
}

pub async fn rows_are_paged_and_every_page_is_of_the_same_result(subject: &Subject) {
    let group = subject.group("pages");
    put_requests(subject, &group, "s", 25).await;
    let answer = ended(subject, &body("fields n | sort n", &[&group])).await.json();
    let id = answer["queryId"].as_str().unwrap();
    put_requests(subject, &group, "s", 3).await;
    let mut all = Vec::new();
    let mut target = format!("/queries/{id}?limit=10");
    loop {
        let page = subject.get(&target).await.json();
        all.extend(page["results"].as_array().unwrap().iter().map(|row| row["n"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        target = format!("/queries/{id}?limit=10&cursor={cursor}");
    }
    assert_eq!(all, (0..25).map(|number| number.to_string()).collect::<Vec<_>>());
    let csv = subject.get(&format!("/queries/{id}?format=csv")).await;
    assert_eq!((csv.text().lines().count(), csv.text().lines().next()), (26, Some("n,@ptr")));
}

pub async fn a_grant_for_some_streams_is_all_that_a_query_sees(subject: &Subject) {
    let group = subject.limited_group("api");
    put_requests(subject, &group, "prod-1", 6).await;
    let begin = Subject::begin();
    subject.put(&group, "secret-1", &[(begin, r#"{"n":99,"password":"x"}"#), (begin + 99_000, r#"{"n":98}"#)]).await;
    let found = ended(subject, &body("stats count(*) as n, max(n) as most", &[&group])).await.json();
    assert_eq!(found["results"], json!([{ "n": "6", "most": "5" }]));
    if let Some(statistics) = found.get("statistics") {
        assert_eq!(statistics["recordsScanned"], 6);
    }
    for query in ["filter @message like /password/", "filter n > 50", "filter @logStream = 'secret-1'"] {
        assert_eq!(rows(subject, query, &[&group]).await, json!([]), "{query}");
    }
}

pub async fn a_pointer_leads_to_the_whole_event(subject: &Subject) {
    let group = subject.group("records");
    put_requests(subject, &group, "s", 4).await;
    let found = ended(subject, &body("fields n | filter n = 2", &[&group])).await.json();
    let pointer = found["results"][0]["@ptr"].as_str().unwrap();
    let record = subject.get(&format!("/records/{pointer}")).await.json()["record"].take();
    assert_eq!(
        (&record["n"], &record["user.name"], &record["@logStream"], &record["@log"]),
        (&json!("2"), &json!("ann"), &json!("s"), &json!(group))
    );
    let events = subject.page(&format!("{}?start=-1d", group_path(&group))).await.events;
    assert_eq!(record["@timestamp"], events[2].at.to_string());
    assert_eq!(record["@ptr"], *pointer);
    assert!(record["@message"].as_str().unwrap().starts_with(r#"{"n":2"#));
}

pub async fn the_fields_of_a_group_are_told_with_their_share(subject: &Subject) {
    let group = subject.group("fields");
    let at = now() - 60_000;
    subject.put(&group, "s", &[(at, r#"{"a":1,"b":2}"#), (at + 1, r#"{"a":3}"#), (at + 2, "text"), (at + 3, r#"{"a":4}"#)]).await;
    subject.put(&group, "s", &[(at - 3_600_000, r#"{"old":1}"#)]).await;
    let path = format!("/groups/{}/fields", segment(&group));
    let fields = subject.get(&path).await.json()["fields"].take();
    let share =
        |name: &str| fields.as_array().unwrap().iter().find(|field| field["name"] == name).map(|field| field["percent"].clone());
    assert_eq!(
        (share("@message"), share("a"), share("b"), share("old")),
        (Some(json!(100)), Some(json!(75)), Some(json!(25)), None)
    );
    let old = subject.get(&format!("{path}?time={}", at - 3_600_000)).await.json();
    assert!(old["fields"].as_array().unwrap().iter().any(|field| field["name"] == "old"), "{old}");
}
