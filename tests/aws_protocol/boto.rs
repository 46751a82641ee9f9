//! Groups, streams, tags, saved queries and other operations with boto3. botocore's model validates each response.

use serde_json::json;

use super::support::Stage;

const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api";

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_made_described_and_deleted() {
    let stage = Stage::new().await;
    let name = json!({ "logGroupName": "/acme/api" });
    stage.ok("create_log_group", json!({ "logGroupName": "/acme/api", "tags": { "team": "a" } })).await;
    assert_eq!(
        stage.call("create_log_group", name.clone()).await.unwrap_err(),
        "ResourceAlreadyExistsException: The specified log group already exists"
    );
    let rare = json!({ "logGroupName": "/acme/rare", "logGroupClass": "INFREQUENT_ACCESS" });
    stage.ok("create_log_group", rare).await;
    stage.ok("put_retention_policy", json!({ "logGroupName": "/acme/api", "retentionInDays": 14 })).await;
    let groups = stage.ok("describe_log_groups", json!({})).await;
    let group = &groups["logGroups"][0];
    assert_eq!(group["logGroupName"], "/acme/api");
    assert_eq!(group["arn"], format!("{ARN}:*"));
    assert_eq!(group["logGroupArn"], ARN);
    assert_eq!(
        (&group["retentionInDays"], &group["storedBytes"], &group["metricFilterCount"]),
        (&json!(14), &json!(0), &json!(0))
    );
    assert_eq!(
        (&group["logGroupClass"], &groups["logGroups"][1]["logGroupClass"]),
        (&json!("STANDARD"), &json!("INFREQUENT_ACCESS"))
    );
    stage.ok("delete_retention_policy", name.clone()).await;
    let group = stage.ok("describe_log_groups", json!({ "logGroupNamePrefix": "/acme/api" })).await["logGroups"][0].clone();
    assert!(group.get("retentionInDays").is_none(), "{group}");
    stage.ok("delete_log_group", name.clone()).await;
    assert_eq!(
        stage.call("delete_log_group", name).await.unwrap_err(),
        "ResourceNotFoundException: The specified log group does not exist."
    );
    let left = stage.ok("list_log_groups", json!({ "logGroupNamePattern": "^/acme|none" })).await;
    assert_eq!(left["logGroups"].as_array().unwrap().len(), 1, "{left}");
    assert_eq!(stage.ok("describe_log_groups", json!({ "logGroupNamePrefix": "no" })).await, json!({ "logGroups": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_listed_page_by_page_in_the_order_of_their_names() {
    let stage = Stage::new().await;
    let names: Vec<String> = (0..7).map(|number| format!("/acme/{number}")).collect();
    for name in names.iter().rev() {
        stage.ok("create_log_group", json!({ "logGroupName": name })).await;
    }
    stage.ok("create_log_group", json!({ "logGroupName": "/other" })).await;
    for parameters in [json!({ "logGroupNamePrefix": "/acme", "limit": 3 }), json!({ "logGroupNamePattern": "cme/", "limit": 3 })]
    {
        let (mut found, mut token) = (Vec::new(), None);
        for page in 0.. {
            let mut parameters = parameters.clone();
            if let Some(token) = token {
                parameters["nextToken"] = token;
            }
            let answer = stage.ok("describe_log_groups", parameters).await;
            found.extend(
                answer["logGroups"].as_array().unwrap().iter().map(|group| group["logGroupName"].as_str().unwrap().to_owned()),
            );
            token = answer.get("nextToken").cloned();
            if token.is_none() {
                break;
            }
            assert!(page < 5, "no end");
        }
        assert_eq!(found, names);
    }
    let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/3";
    let named = stage.ok("describe_log_groups", json!({ "logGroupIdentifiers": [arn, "/acme/1", "/no"], "limit": 50 })).await;
    let named: Vec<_> = named["logGroups"].as_array().unwrap().iter().map(|group| group["logGroupName"].clone()).collect();
    assert_eq!(named, ["/acme/1", "/acme/3"]);
    let linked = json!({ "includeLinkedAccounts": true, "logGroupNamePrefix": "/other" });
    assert_eq!(stage.ok("describe_log_groups", linked).await["logGroups"].as_array().unwrap().len(), 1);
    let foreign = stage.call("describe_log_groups", json!({ "accountIdentifiers": ["999999999999"] })).await;
    assert!(foreign.unwrap_err().starts_with("InvalidParameterException: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_made_described_and_deleted() {
    let stage = Stage::new().await;
    for stream in ["b", "a", "c"] {
        stage.stream("/acme/api", stream).await;
    }
    let names = json!({ "logGroupName": "/acme/api", "logStreamName": "a" });
    assert_eq!(
        stage.call("create_log_stream", names.clone()).await.unwrap_err(),
        "ResourceAlreadyExistsException: The specified log stream already exists"
    );
    assert_eq!(
        stage.call("create_log_stream", json!({ "logGroupName": "/no", "logStreamName": "a" })).await.unwrap_err(),
        "ResourceNotFoundException: The specified log group does not exist."
    );
    let streams = stage.ok("describe_log_streams", json!({ "logGroupName": "/acme/api", "limit": 2 })).await;
    let stream = &streams["logStreams"][0];
    assert_eq!((&stream["logStreamName"], &stream["storedBytes"]), (&json!("a"), &json!(0)));
    assert_eq!(stream["arn"], format!("{ARN}:log-stream:a"));
    assert!(stream.get("firstEventTimestamp").is_none() && stream.get("lastIngestionTime").is_none(), "{stream}");
    let next = json!({ "logGroupIdentifier": ARN, "limit": 2, "nextToken": streams["nextToken"] });
    let last = stage.ok("describe_log_streams", next).await;
    assert_eq!((&last["logStreams"][0]["logStreamName"], last.get("nextToken")), (&json!("c"), None));
    let descending = json!({ "logGroupName": "/acme/api", "descending": true, "orderBy": "LogStreamName", "limit": 1 });
    assert_eq!(stage.ok("describe_log_streams", descending).await["logStreams"][0]["logStreamName"], "c");
    stage.ok("delete_log_stream", names.clone()).await;
    assert_eq!(
        stage.call("delete_log_stream", names).await.unwrap_err(),
        "ResourceNotFoundException: The specified log stream does not exist."
    );
    let both = json!({ "logGroupName": "/acme/api", "logGroupIdentifier": ARN });
    assert_eq!(
        stage.call("describe_log_streams", both).await.unwrap_err(),
        "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_and_the_newer_tag_operations_see_the_same_tags() {
    let stage = Stage::new().await;
    stage.ok("create_log_group", json!({ "logGroupName": "/acme/api", "tags": { "a": "1" } })).await;
    stage.ok("tag_resource", json!({ "resourceArn": ARN, "tags": { "b": "2" } })).await;
    stage.ok("tag_log_group", json!({ "logGroupName": "/acme/api", "tags": { "c": "" } })).await;
    stage.ok("untag_resource", json!({ "resourceArn": ARN, "tagKeys": ["a"] })).await;
    let tags = json!({ "tags": { "b": "2", "c": "" } });
    assert_eq!(stage.ok("list_tags_for_resource", json!({ "resourceArn": ARN })).await, tags);
    assert_eq!(stage.ok("list_tags_for_resource", json!({ "resourceArn": format!("{ARN}:*") })).await, tags);
    stage.ok("untag_log_group", json!({ "logGroupName": "/acme/api", "tags": ["b"] })).await;
    assert_eq!(stage.ok("list_tags_log_group", json!({ "logGroupName": "/acme/api" })).await, json!({ "tags": { "c": "" } }));
    let foreign = ARN.replace("123456789012", "999999999999");
    let refused = stage.call("list_tags_for_resource", json!({ "resourceArn": foreign })).await;
    assert!(refused.unwrap_err().starts_with("ResourceNotFoundException: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_refused_in_the_words_of_the_service() {
    let stage = Stage::new().await;
    let group = json!({ "logGroupName": "/acme/api" });
    stage.ok("create_log_group", group.clone()).await;
    let detected = "InvalidParameterException: 1 validation error detected: ";
    for (operation, parameters, expected) in [
        (
            "create_log_group",
            json!({ "logGroupName": "x".repeat(513) }),
            "InvalidParameterException: Invalid LogGroup or LogStream, both must have length less than or equal to 512."
                .to_owned(),
        ),
        (
            "create_log_group",
            json!({ "logGroupName": "a b" }),
            detected.to_owned()
                + r"Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
        ),
        (
            "put_retention_policy",
            json!({ "logGroupName": "/acme/api", "retentionInDays": 8 }),
            detected.to_owned()
                + "Value '8' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]",
        ),
        (
            "get_log_events",
            json!({ "logGroupName": "/acme/api", "logStreamName": "a", "limit": 10001 }),
            detected.to_owned()
                + "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
        ),
        (
            "get_log_events",
            json!({ "logGroupName": "/acme/api", "logStreamName": "a", "nextToken": "f/000" }),
            "InvalidParameterException: The specified nextToken is invalid.".to_owned(),
        ),
        (
            "filter_log_events",
            json!({ "logGroupName": "/acme/api", "nextToken": "none" }),
            "InvalidParameterException: The specified nextToken is invalid.".to_owned(),
        ),
        (
            "describe_log_groups",
            json!({ "logGroupNamePrefix": "a", "logGroupNamePattern": "b" }),
            "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
                .to_owned(),
        ),
        (
            "filter_log_events",
            json!({ "logGroupIdentifier": "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api:*" }),
            detected.to_owned()
                + r"Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w#+=/:,.@-]*",
        ),
        (
            "get_log_events",
            json!({ "logGroupName": "/acme/api", "logStreamName": "a" }),
            "ResourceNotFoundException: The specified log stream does not exist.".to_owned(),
        ),
        (
            "filter_log_events",
            json!({ "logGroupName": "/no" }),
            "ResourceNotFoundException: The specified log group does not exist.".to_owned(),
        ),
        (
            "create_export_task",
            json!({ "logGroupName": "/acme/api", "from": 0, "to": 1, "destination": "b" }),
            "UnknownOperationException: The requested operation is not supported by this endpoint.".to_owned(),
        ),
    ] {
        assert_eq!(stage.call(operation, parameters).await.unwrap_err(), expected, "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_are_tested_as_the_service_tests_them() {
    let stage = Stage::new().await;
    let messages = ["127.0.0.1 - GET 404", "127.0.0.1 - GET 200"];
    let pattern = json!({ "filterPattern": "[ip, user, verb, status = 4*]", "logEventMessages": messages });
    let found = stage.ok("test_metric_filter", pattern).await;
    let values = json!({ "$ip": "127.0.0.1", "$user": "-", "$verb": "GET", "$status": "404" });
    let expected = json!({ "matches": [{ "eventNumber": 1, "eventMessage": messages[0], "extractedValues": values }] });
    assert_eq!(found, expected);
    let none = stage.ok("test_metric_filter", json!({ "filterPattern": "", "logEventMessages": ["x"] })).await;
    assert_eq!(none["matches"].as_array().unwrap().len(), 1, "an empty pattern lets everything pass");
    let wrong = stage.call("test_metric_filter", json!({ "filterPattern": "{ $.a = ", "logEventMessages": ["x"] })).await;
    assert!(wrong.unwrap_err().starts_with("InvalidParameterException: Invalid filter pattern"));
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_queries_are_kept_by_name_and_outlive_the_process() {
    let stage = Stage::new().await;
    let first = json!({ "name": "errors/all", "queryString": "filter @message like /x/", "logGroupNames": ["/acme/api"] });
    let id = stage.ok("put_query_definition", first).await["queryDefinitionId"].clone();
    stage.ok("put_query_definition", json!({ "name": "other", "queryString": "fields @message" })).await;
    let update = json!({ "queryDefinitionId": id, "name": "errors/new", "queryString": "fields 1" });
    assert_eq!(stage.ok("put_query_definition", update).await["queryDefinitionId"], id);
    let page = stage.ok("describe_query_definitions", json!({ "maxResults": 1 })).await;
    let found = &page["queryDefinitions"][0];
    assert_eq!((&found["name"], &found["queryDefinitionId"], &found["logGroupNames"]), (&json!("errors/new"), &id, &json!([])));
    let next = json!({ "maxResults": 1, "nextToken": page["nextToken"] });
    assert_eq!(stage.ok("describe_query_definitions", next).await["queryDefinitions"][0]["name"], "other");
    let prefix = json!({ "queryDefinitionNamePrefix": "errors/" });
    assert_eq!(stage.ok("describe_query_definitions", prefix).await["queryDefinitions"].as_array().unwrap().len(), 1);
    assert_eq!(stage.ok("delete_query_definition", json!({ "queryDefinitionId": id })).await, json!({ "success": true }));
    let gone = stage.call("delete_query_definition", json!({ "queryDefinitionId": id })).await;
    assert!(gone.unwrap_err().starts_with("ResourceNotFoundException: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_neighbours_that_clients_ask_for_answer() {
    let stage = Stage::new().await;
    let order = |service: &str, operation: &str, parameters| json!({ "service": service, "operation": operation, "parameters": parameters });
    let identity = stage.order(order("sts", "get_caller_identity", json!({}))).await.unwrap();
    assert_eq!(identity["Account"], "123456789012");
    let health = json!({ "Namespace": "AWS/Billing", "MetricName": "EstimatedCharges" });
    let metrics = stage.order(order("cloudwatch", "list_metrics", health)).await.unwrap();
    assert_eq!(metrics["Metrics"], json!([]));
    assert_eq!(stage.order(order("oam", "list_sinks", json!({}))).await.unwrap()["Items"], json!([]));
    let group = json!({ "logGroupName": "/acme" });
    let missing = stage.call("describe_subscription_filters", group.clone()).await.unwrap_err();
    assert_eq!(missing, "ResourceNotFoundException: The specified log group does not exist.");
    stage.ok("create_log_group", group.clone()).await;
    for operation in ["describe_metric_filters", "describe_subscription_filters", "list_anomalies"] {
        let parameters = if operation.contains("subscription") { group.clone() } else { json!({}) };
        let list = stage.ok(operation, parameters).await;
        assert_eq!(list.as_object().unwrap().values().next(), Some(&json!([])), "{operation}");
    }
    let regions = stage.order(order("ec2", "describe_regions", json!({}))).await;
    assert!(regions.unwrap_err().starts_with("InvalidAction: "));
}
