//! Lookup tables: created, changed, read and deleted with boto3 and the AWS CLI, and used in queries.

use serde_json::{Value, json};

use super::clients::run;
use super::support::Stage;
use crate::contract::subject::now;

const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:lookup-table:users";
const USERS: &str = "id,name\n1,\"ann, a\"\n2,bob\n";

/// The rows of a query over `/acme/api`.
async fn rows(stage: &Stage, query: &str) -> Result<Vec<Value>, String> {
    let range =
        json!({ "logGroupName": "/acme/api", "queryString": query, "startTime": now() / 1000 - 3600, "endTime": now() / 1000 });
    let id = json!({ "queryId": stage.call("start_query", range).await?["queryId"] });
    loop {
        let results = stage.ok("get_query_results", id.clone()).await;
        match results["status"].as_str().unwrap() {
            "Complete" => return Ok(results["results"].as_array().unwrap().clone()),
            "Scheduled" | "Running" => tokio::task::yield_now().await,
            other => return Err(other.to_owned()),
        }
    }
}

async fn put(stage: &Stage, messages: &[&str]) {
    stage.stream("/acme/api", "s").await;
    let events: Vec<Value> = messages.iter().map(|message| json!({ "timestamp": now() - 60_000, "message": message })).collect();
    stage.ok("put_log_events", json!({ "logGroupName": "/acme/api", "logStreamName": "s", "logEvents": events })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_created_described_read_replaced_and_deleted() {
    let stage = Stage::new().await;
    let create = json!({ "lookupTableName": "users", "tableBody": USERS, "description": "who is who", "tags": { "team": "a" } });
    let created = stage.ok("create_lookup_table", create.clone()).await;
    assert_eq!(created["lookupTableArn"], ARN);
    assert_eq!(
        stage.call("create_lookup_table", create).await.unwrap_err(),
        "ResourceAlreadyExistsException: The specified lookup table already exists"
    );
    let tables = stage.ok("describe_lookup_tables", json!({})).await;
    let expected = json!([{
        "lookupTableArn": ARN, "lookupTableName": "users", "description": "who is who", "tableFields": ["id", "name"],
        "recordsCount": 2, "sizeBytes": USERS.len(), "lastUpdatedTime": created["createdAt"],
    }]);
    assert_eq!(tables["lookupTables"], expected);
    let arn = json!({ "lookupTableArn": ARN });
    let table = stage.ok("get_lookup_table", arn.clone()).await;
    assert_eq!((&table["tableBody"], &table["description"]), (&json!(USERS), &json!("who is who")));
    assert_eq!(stage.ok("list_tags_for_resource", json!({ "resourceArn": ARN })).await["tags"], json!({ "team": "a" }));
    stage.ok("tag_resource", json!({ "resourceArn": ARN, "tags": { "stage": "test" } })).await;
    stage.ok("untag_resource", json!({ "resourceArn": ARN, "tagKeys": ["team"] })).await;
    assert_eq!(stage.ok("list_tags_for_resource", json!({ "resourceArn": ARN })).await["tags"], json!({ "stage": "test" }));

    let body = "id,name,plan\n1,ann,gold\n";
    let updated = stage.ok("update_lookup_table", json!({ "lookupTableArn": ARN, "tableBody": body })).await;
    assert_eq!(updated["lookupTableArn"], ARN);
    let table = stage.ok("get_lookup_table", arn.clone()).await;
    assert_eq!((&table["tableBody"], &table["description"]), (&json!(body), &json!("who is who")), "an absent description stays");
    assert_eq!(
        stage.ok("describe_lookup_tables", json!({})).await["lookupTables"][0]["tableFields"],
        json!(["id", "name", "plan"])
    );

    stage.ok("delete_lookup_table", arn.clone()).await;
    for operation in ["get_lookup_table", "delete_lookup_table"] {
        let missing = stage.call(operation, arn.clone()).await.unwrap_err();
        assert_eq!(missing, "ResourceNotFoundException: The specified lookup table does not exist.", "{operation}");
    }
    assert_eq!(stage.ok("describe_lookup_tables", json!({})).await, json!({ "lookupTables": [] }));
    // A new table with the name of a deleted one is empty.
    stage.ok("create_lookup_table", json!({ "lookupTableName": "users", "tableBody": USERS })).await;
    assert!(stage.ok("get_lookup_table", arn).await.get("description").is_none());
    assert_eq!(stage.ok("list_tags_for_resource", json!({ "resourceArn": ARN })).await["tags"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_use_a_table_and_its_next_content() {
    let stage = Stage::new().await;
    put(&stage, &[r#"{"id":"1"}"#]).await;
    let query = "lookup users id OUTPUT name | display name";
    assert_eq!(rows(&stage, query).await.unwrap_err(), "Failed", "the table is gone");
    stage.ok("create_lookup_table", json!({ "lookupTableName": "users", "tableBody": USERS })).await;
    assert_eq!(rows(&stage, query).await.unwrap()[0][0], json!({ "field": "name", "value": "ann, a" }));
    stage.ok("update_lookup_table", json!({ "lookupTableArn": ARN, "tableBody": "id,name\n1,eve\n" })).await;
    assert_eq!(rows(&stage, query).await.unwrap()[0][0]["value"], "eve");
    stage.ok("delete_lookup_table", json!({ "lookupTableArn": ARN })).await;
    assert_eq!(rows(&stage, query).await.unwrap_err(), "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_query_become_a_table() {
    let stage = Stage::new().await;
    put(&stage, &[r#"{"user":"ann","text":"a \"b\", c"}"#, r#"{"user":"bob"}"#]).await;
    let range = json!({
        "logGroupName": "/acme/api", "queryString": "stats count(*) as n, latest(text) as said by user | sort user",
        "startTime": now() / 1000 - 3600, "endTime": now() / 1000,
    });
    let id = stage.ok("start_query", range).await["queryId"].take();
    while stage.ok("get_query_results", json!({ "queryId": id })).await["status"] != "Complete" {
        tokio::task::yield_now().await;
    }
    stage.ok("create_lookup_table", json!({ "lookupTableName": "users", "queryId": id })).await;
    let table = stage.ok("get_lookup_table", json!({ "lookupTableArn": ARN })).await;
    assert_eq!(table["tableBody"], "user,n,said\nann,1,\"a \"\"b\"\", c\"\nbob,1,\"\"\n");
    let unknown = stage.call("create_lookup_table", json!({ "lookupTableName": "more", "queryId": "none" })).await;
    assert!(unknown.unwrap_err().starts_with("ResourceNotFoundException: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed_page_by_page_with_those_that_the_operator_put_there() {
    let stage = Stage::new().await;
    let folder = stage.world.folder.path().join("store/lookup");
    std::fs::create_dir_all(folder.join("acme")).unwrap();
    for file in ["b.csv", "ab.csv", "acme/own.csv", "not-a-name.csv", "notes.txt"] {
        std::fs::write(folder.join(file), "k,v\n1,2\n").unwrap();
    }
    std::fs::write(folder.join("broken.csv"), "k,v\n1\n").unwrap();
    stage.ok("create_lookup_table", json!({ "lookupTableName": "a", "tableBody": "k\n" })).await;
    let (mut names, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut page = json!({ "maxResults": 2 });
        if !token.is_null() {
            page["nextToken"] = token;
        }
        let mut answer = stage.ok("describe_lookup_tables", page).await;
        names.extend(
            answer["lookupTables"].as_array().unwrap().iter().map(|table| table["lookupTableName"].as_str().unwrap().to_owned()),
        );
        token = answer["nextToken"].take();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(names, ["a", "ab", "b"]);
    let some = stage.ok("describe_lookup_tables", json!({ "lookupTableNamePrefix": "a" })).await;
    assert_eq!(some["lookupTables"].as_array().unwrap().len(), 2);
    let foreign = stage.call("describe_lookup_tables", json!({ "nextToken": "x" })).await;
    assert_eq!(foreign.unwrap_err(), "InvalidParameterException: The specified nextToken is invalid.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_table_is_refused_and_changes_nothing() {
    let stage = Stage::new().await;
    stage.ok("create_lookup_table", json!({ "lookupTableName": "users", "tableBody": USERS })).await;
    let large = format!("k\n{}", "x".repeat(10_485_760));
    let detected = "InvalidParameterException: 1 validation error detected: Value";
    for (parameters, expected) in [
        (json!({ "tableBody": "k\n" }), format!("{detected} null at 'lookupTableName'")),
        (json!({ "lookupTableName": "", "tableBody": "k\n" }), format!("{detected} '' at 'lookupTableName'")),
        (json!({ "lookupTableName": "a-b", "tableBody": "k\n" }), format!("{detected} 'a-b' at 'lookupTableName'")),
        (json!({ "lookupTableName": "../users", "tableBody": "k\n" }), format!("{detected} '../users' at 'lookupTableName'")),
        (json!({ "lookupTableName": "x".repeat(257), "tableBody": "k\n" }), format!("{detected} 'xxx")),
        (
            json!({ "lookupTableName": "x".repeat(252), "tableBody": "k\n" }),
            "InvalidParameterException: This endpoint keeps".to_owned(),
        ),
        (json!({ "lookupTableName": "t" }), "InvalidParameterException: You must specify either tableBody or queryId".to_owned()),
        (
            json!({ "lookupTableName": "t", "tableBody": "k\n", "queryId": "q" }),
            "InvalidParameterException: You must specify either tableBody or queryId".to_owned(),
        ),
        (
            json!({ "lookupTableName": "t", "tableBody": "k\n", "kmsKeyId": "key" }),
            "InvalidParameterException: This endpoint does not encrypt".to_owned(),
        ),
        (json!({ "lookupTableName": "t", "tableBody": "k\n", "description": "d".repeat(1025) }), format!("{detected} 'ddd")),
        (json!({ "lookupTableName": "t", "tableBody": large }), format!("{detected} 'k\n")),
        (
            json!({ "lookupTableName": "t", "tableBody": "a,b\n1\n" }),
            "ValidationException: The lookup table is not valid CSV".to_owned(),
        ),
        (json!({ "lookupTableName": "t", "tableBody": "a,,c\n" }), "ValidationException: The first row".to_owned()),
        (json!({ "lookupTableName": "t", "tableBody": "a,b,a\n" }), "ValidationException: The first row".to_owned()),
        (json!({ "lookupTableName": "t", "tableBody": "\n\n" }), "ValidationException: The first row".to_owned()),
    ] {
        let refused = stage.call("create_lookup_table", parameters.clone()).await.unwrap_err();
        assert!(refused.starts_with(&expected), "{:.200}: {:.400}", parameters.to_string(), refused);
    }
    for (arn, expected) in [
        ("users", "InvalidParameterException: lookupTableArn must be the ARN of a lookup table."),
        (
            "arn:aws:logs:eu-west-1:123456789012:log-group:users",
            "InvalidParameterException: lookupTableArn must be the ARN of a lookup table.",
        ),
        (
            "arn:aws:logs:eu-west-1:999999999999:lookup-table:users",
            "ResourceNotFoundException: The specified lookup table does not exist.",
        ),
        (
            "arn:aws:logs:eu-west-1:123456789012:lookup-table:gone",
            "ResourceNotFoundException: The specified lookup table does not exist.",
        ),
        (
            "arn:aws:logs:eu-west-1:123456789012:lookup-table:../../logmark",
            "ResourceNotFoundException: The specified lookup table does not exist.",
        ),
    ] {
        let body = json!({ "lookupTableArn": arn, "tableBody": "k\n" });
        assert_eq!(stage.call("update_lookup_table", body).await.unwrap_err(), expected, "{arn}");
        for operation in ["get_lookup_table", "delete_lookup_table"] {
            assert_eq!(stage.call(operation, json!({ "lookupTableArn": arn })).await.unwrap_err(), expected, "{operation} {arn}");
        }
    }
    let left = stage.ok("describe_lookup_tables", json!({})).await;
    assert_eq!((&left["lookupTables"][0]["sizeBytes"], left["lookupTables"].as_array().unwrap().len()), (&json!(USERS.len()), 1));
    let files: Vec<_> = std::fs::read_dir(stage.world.folder.path().join("store/lookup")).unwrap().collect();
    assert_eq!(files.len(), 1, "other files are left in the folder: {files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_a_hundred_tables_at_most_and_ten_mebibytes_in_one() {
    let stage = Stage::new().await;
    let body = format!("k\n{}", "x".repeat(10_485_758));
    stage.ok("create_lookup_table", json!({ "lookupTableName": "t0", "tableBody": body })).await;
    let arn = ARN.replace("users", "t0");
    let read = stage.ok("get_lookup_table", json!({ "lookupTableArn": arn })).await;
    assert!(read["tableBody"] == body, "the largest table is returned unchanged");
    for number in 1..100 {
        stage.ok("create_lookup_table", json!({ "lookupTableName": format!("t{number}"), "tableBody": "k\n" })).await;
    }
    let more = stage.call("create_lookup_table", json!({ "lookupTableName": "t100", "tableBody": "k\n" })).await;
    assert!(more.unwrap_err().starts_with("LimitExceededException: "));
    stage.ok("update_lookup_table", json!({ "lookupTableArn": arn, "tableBody": "k\n" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_outlive_a_restart() {
    let stage = Stage::new().await;
    let create = json!({ "lookupTableName": "users", "tableBody": USERS, "description": "kept" });
    let created = stage.ok("create_lookup_table", create).await;
    let folder = stage.world.stop().await;
    let world = crate::world::World::again(folder, crate::world::Options::with_endpoint()).await;
    let stage = Stage::over(world);
    let table = stage.ok("get_lookup_table", json!({ "lookupTableArn": ARN })).await;
    assert_eq!((&table["tableBody"], &table["description"]), (&json!(USERS), &json!("kept")));
    assert_eq!(table["lastUpdatedTime"], created["createdAt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_creates_a_table_from_a_file() {
    let stage = Stage::new().await;
    let file = stage.world.folder.path().join("users.csv");
    std::fs::write(&file, USERS).unwrap();
    let body = format!("file://{}", file.display());
    let logs = async |arguments: &[&str]| run(&stage, "aws", &[["logs"].as_slice(), arguments].concat()).await;
    let created = logs(&["create-lookup-table", "--lookup-table-name", "users", "--table-body", &body]).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&created).unwrap()["lookupTableArn"], ARN);
    let listed: Value = serde_json::from_str(&logs(&["describe-lookup-tables"]).await.unwrap()).unwrap();
    assert_eq!(listed["lookupTables"][0]["recordsCount"], 2);
    logs(&["update-lookup-table", "--lookup-table-arn", ARN, "--table-body", "k,v\n1,2\n"]).await.unwrap();
    let read: Value = serde_json::from_str(&logs(&["get-lookup-table", "--lookup-table-arn", ARN]).await.unwrap()).unwrap();
    assert_eq!(read["tableBody"], "k,v\n1,2\n");
    logs(&["delete-lookup-table", "--lookup-table-arn", ARN]).await.unwrap();
    let missing = logs(&["get-lookup-table", "--lookup-table-arn", ARN]).await.unwrap_err();
    assert!(missing.contains("(ResourceNotFoundException)"), "{missing}");
}
