//! Queries on both services, from the start to the records.

use serde_json::json;

use super::{BEGIN, Side, normalised};
use crate::security::support::text_of;
use crate::world::client::Answer;

/// A query on CloudWatch: neither statistics nor rows reveal hidden streams.
pub async fn queries(sides: &[Side; 2], name: &str, form: &[Vec<String>]) {
    let body = json!({ "query": "fields status | filter a = 1", "logGroups": [format!("/{name}/api")], "start": BEGIN, "end": BEGIN + 1000 });
    let mut ids = Vec::new();
    let mut answers = Vec::new();
    for side in sides {
        let answer = side.client.post("/queries", &body, &[("prefer", "wait=5")]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(
            answer.json().get("statistics").is_none() && answer.json().get("estimatedCostUsd").is_none(),
            "{}",
            answer.text()
        );
        ids.push((text_of(&answer, "/queryId"), text_of(&answer, "/results/0/@ptr")));
        answers.push(normalised(&answer));
    }
    for target in ["/queries/{id}", "/queries/{id}?format=csv", "/queries/{id}?limit=1", "/records/{pointer}", "/me"] {
        for (side, (id, pointer)) in sides.iter().zip(&ids) {
            let answer = side.client.get(&target.replace("{id}", id).replace("{pointer}", pointer)).await;
            // The CSV contains pointers, so only its length is compared.
            let answer = if target.contains("csv") { answer.text().len().to_string() } else { normalised(&answer) };
            answers.push(answer);
        }
    }
    // A check returns no size for a group of which the caller sees only some streams.
    for side in sides {
        let answer = side.client.post("/queries/check", &body, &[]).await;
        assert_eq!(answer.json()["estimate"]["basis"], "unknown", "{}", answer.text());
        answers.push(normalised(&answer));
    }
    let (first, rest) = answers.split_at(2);
    assert_eq!(first[0], first[1], "{form:?}");
    rest.chunks(2).for_each(|pair| assert_eq!(pair[0], pair[1], "{form:?}"));
}

/// Queries on the local source: rows, statistics, errors, fields and records depend only on visible events.
pub async fn local_queries(sides: &[Side; 2], name: &str, form: &[Vec<String>]) {
    let (own, other) = (format!("/{name}/api"), format!("/{name}/web"));
    let is_answered = |answer: &Answer| answer.status == 200 && answer.json()["status"] == "Complete";
    for query in [
        "fields @timestamp, @message, @logStream, @log, @ingestionTime".to_owned(),
        "stats count(*) as n, count_distinct(@logStream) as streams by bin(10ms)".to_owned(),
        "filter @message like /s3cr3t/".to_owned(),
        "filter a = 1 | sort @timestamp | limit 3".to_owned(),
        "stats count(*) as n by @logStream, @log | sort n desc".to_owned(),
        "pattern @message".to_owned(),
        "display @logStream, @ptr | dedup @logStream".to_owned(),
        "limit 1".to_owned(),
        format!("filter @logStream in (SOURCE '{other}' | fields @logStream) | stats count(*)"),
        format!("filter @logStream in (SOURCE '/{name}/z' | fields @logStream) | stats count(*)"),
        "lookup nothing a OUTPUT b".to_owned(),
    ] {
        let body = json!({ "query": query, "logGroups": [own], "start": BEGIN - 1000, "end": BEGIN + 1000 });
        let mut answers = Vec::new();
        for side in sides {
            answers.push(side.client.post("/queries", &body, &[("prefer", "wait=20")]).await);
        }
        assert_eq!(normalised(&answers[0]), normalised(&answers[1]), "{form:?}: {query}");
        assert!(!answers[0].text().contains("s3cr3t"), "{form:?}: {query}");
        let checks = [0, 1].map(|side| sides[side].client.post("/queries/check", &body, &[]));
        let checks = futures_util::future::join_all(checks).await;
        assert_eq!(normalised(&checks[0]), normalised(&checks[1]), "{form:?}: {query}");
        let pointers = answers.iter().map(|answer| answer.json()["results"][0]["@ptr"].as_str().map(str::to_owned));
        let pointers: Vec<Option<String>> = pointers.collect();
        let is_complete = is_answered(&answers[0]);
        assert!(is_complete || query.contains("SOURCE") || query.contains("lookup"), "{form:?}: {query}: {}", answers[0].text());
        if let [Some(first), Some(second)] = pointers.as_slice() {
            let first = sides[0].client.get(&format!("/records/{first}")).await;
            let second = sides[1].client.get(&format!("/records/{second}")).await;
            assert_eq!((first.status.as_u16(), normalised(&first)), (200, normalised(&second)), "{form:?}: {query}");
        }
    }
    let target = format!("/groups/:{name}:api/fields?time={BEGIN}");
    let fields = [sides[0].client.get(&target).await, sides[1].client.get(&target).await];
    assert_eq!((fields[0].status.as_u16(), normalised(&fields[0])), (200, normalised(&fields[1])), "{form:?}");
}
