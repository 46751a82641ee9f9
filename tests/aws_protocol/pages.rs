//! GetLogEvents and FilterLogEvents page by page with boto3.

use serde_json::{Value, json};

use super::support::Stage;
use crate::contract::subject::now;

const GROUP: &str = "/acme/api";

/// Twenty events in two streams, some with equal times.
async fn stage() -> (Stage, i64) {
    let stage = Stage::new().await;
    let begin = now() - 60_000;
    for stream in ["a", "b"] {
        stage.stream(GROUP, stream).await;
        let events: Vec<_> =
            (0..10).map(|number| json!({ "timestamp": begin + number / 2, "message": format!("{stream}{number}") })).collect();
        let batch = json!({ "logGroupName": GROUP, "logStreamName": stream, "logEvents": events });
        stage.ok("put_log_events", batch).await;
    }
    (stage, begin)
}

fn messages(page: &Value) -> Vec<String> {
    page["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

fn with(mut parameters: Value, name: &str, value: &Value) -> Value {
    parameters[name] = value.clone();
    parameters
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_read_either_way_to_an_end_that_the_same_token_says() {
    let (stage, begin) = stage().await;
    let all: Vec<String> = (0..10).map(|number| format!("a{number}")).collect();
    let names = json!({ "logGroupName": GROUP, "logStreamName": "a", "limit": 3 });
    // Without startFromHead the newest come first.
    let tail = stage.ok("get_log_events", names.clone()).await;
    assert_eq!(messages(&tail), all[7..]);
    let (mut back, mut page) = (messages(&tail), tail.clone());
    for turn in 0.. {
        let next = stage.ok("get_log_events", with(names.clone(), "nextToken", &page["nextBackwardToken"])).await;
        back.splice(..0, messages(&next));
        if next["nextBackwardToken"] == page["nextBackwardToken"] {
            assert!(messages(&next).is_empty());
            break;
        }
        assert!(turn < 6, "no end");
        page = next;
    }
    assert_eq!(back, all);
    // The token at the tail stays valid, and finds new events.
    let end = stage.ok("get_log_events", with(names.clone(), "nextToken", &tail["nextForwardToken"])).await;
    assert_eq!((messages(&end), &end["nextForwardToken"]), (Vec::new(), &tail["nextForwardToken"]));
    let late =
        json!({ "logGroupName": GROUP, "logStreamName": "a", "logEvents": [{ "timestamp": begin + 100, "message": "late" }] });
    stage.ok("put_log_events", late).await;
    let news = stage.ok("get_log_events", with(names.clone(), "nextToken", &tail["nextForwardToken"])).await;
    assert_eq!(messages(&news), ["late"]);
    assert_ne!(news["nextForwardToken"], tail["nextForwardToken"]);
    // `start` is inclusive, `end` is exclusive.
    let range = json!({ "logGroupName": GROUP, "logStreamName": "a", "startFromHead": true, "startTime": begin + 1, "endTime": begin + 3 });
    assert_eq!(messages(&stage.ok("get_log_events", range).await), all[2..6]);
    // A token of another stream is refused.
    let other = json!({ "logGroupName": GROUP, "logStreamName": "b", "nextToken": tail["nextForwardToken"] });
    assert_eq!(
        stage.call("get_log_events", other).await.unwrap_err(),
        "InvalidParameterException: The specified nextToken is invalid."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_read_interleaved_with_ids_that_are_unique() {
    let (stage, begin) = stage().await;
    let names = json!({ "logGroupName": GROUP, "limit": 7, "interleaved": true });
    let (mut found, mut token, mut ids) = (Vec::new(), None, std::collections::HashSet::new());
    for page in 0.. {
        let parameters = token.as_ref().map_or(names.clone(), |token| with(names.clone(), "nextToken", token));
        let answer = stage.ok("filter_log_events", parameters).await;
        assert_eq!(answer["searchedLogStreams"], json!([]));
        for event in answer["events"].as_array().unwrap() {
            assert!(ids.insert(event["eventId"].as_str().unwrap().to_owned()), "{event}");
            assert!(event["ingestionTime"].is_i64() && event["logStreamName"].is_string(), "{event}");
            found.push((event["timestamp"].as_i64().unwrap(), event["message"].as_str().unwrap().to_owned()));
        }
        token = answer.get("nextToken").cloned();
        if token.is_none() {
            break;
        }
        assert!(page < 5, "no end");
    }
    assert_eq!(found.len(), 20);
    assert!(found.is_sorted_by_key(|(at, _)| *at), "{found:?}");
    // `end` is inclusive here, unlike in GetLogEvents.
    let range = json!({ "logGroupName": GROUP, "startTime": begin + 1, "endTime": begin + 1, "logStreamNames": ["a"] });
    assert_eq!(messages(&stage.ok("filter_log_events", range).await), ["a2", "a3"]);
    let newest =
        json!({ "logGroupName": GROUP, "startTime": begin, "startFromHead": false, "limit": 3, "logStreamNamePrefix": "b" });
    let page = stage.ok("filter_log_events", newest.clone()).await;
    assert_eq!(messages(&page), ["b9", "b8", "b7"]);
    let next = stage.ok("filter_log_events", with(newest, "nextToken", &page["nextToken"])).await;
    assert_eq!(messages(&next), ["b6", "b5", "b4"], "the direction is the token's");
    let open = stage.call("filter_log_events", json!({ "logGroupName": GROUP, "startFromHead": false })).await;
    assert!(open.unwrap_err().starts_with("InvalidParameterException: startFromHead"));
    let filtered = json!({ "logGroupName": GROUP, "filterPattern": "?a3 ?b4" });
    assert_eq!(messages(&stage.ok("filter_log_events", filtered).await), ["a3", "b4"]);
    let two = json!({ "logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "b" });
    assert!(stage.call("filter_log_events", two).await.unwrap_err().starts_with("InvalidParameterException: "));
    let missing = json!({ "logGroupName": GROUP, "logStreamNames": ["no"] });
    assert_eq!(
        stage.call("filter_log_events", missing).await.unwrap_err(),
        "ResourceNotFoundException: The specified log stream does not exist."
    );
}
