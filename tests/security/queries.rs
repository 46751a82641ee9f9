//! Queries: ids and pointers of other callers, withdrawn grants, rows of other groups, and data that a query text could reach.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use super::support::{Binary, Setup, whole};
use crate::ops::queries::{body, rows, started};
use crate::world::fake_cloudwatch::CANARY;
use crate::world::fake_cloudwatch::queries::Script;

const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query"]
[[tenants.acme.grants]]
groups = ["/limited/*"]
streams = ["prod-*", "one"]
actions = ["query"]
[tenants.rival]
[[tenants.rival.grants]]
groups = ["/acme/*"]
actions = ["read", "query"]
"#;

async fn world() -> Binary {
    let cursor_keys = "cursor_keys = [\"env:CURSOR_KEY\"]".to_owned();
    let variables = vec![(
        "CURSOR_KEY".to_owned(),
        base64::prelude::BASE64_STANDARD.encode(std::array::from_fn::<u8, 32, _>(|index| (index * 7 + 3) as u8)),
    )];
    let setup = Setup { tenants: TENANTS.to_owned(), server: cursor_keys, variables, ..Setup::default() };
    let world = Binary::start(setup).await;
    for group in ["/acme/api", "/acme/web", "/limited/api"] {
        world.fake.state().logs.add_stream(group, "prod-1");
    }
    world
}

fn count(world: &Binary, operation: &str) -> usize {
    world.fake.state().seen.iter().filter(|seen| seen.operation == operation).count()
}

#[tokio::test]
async fn ids_and_pointers_of_others_altered_or_made_up_are_as_if_they_were_not_there() {
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(12), looks: 0, ..Script::default() };
    let acme = world.tenant("acme");
    let id = started(&acme, &body("fields status")).await;
    let page = acme.get(&format!("/queries/{id}?limit=5")).await.json();
    let (pointer, cursor) = (page["results"][0]["@ptr"].as_str().unwrap(), page["nextCursor"].as_str().unwrap());
    let calls = world.fake.calls();

    let mut made_up =
        vec!["x".to_owned(), "A".repeat(9000), "12ab3456-12ab-123a-789e-000000000000".to_owned(), cursor.to_owned()];
    for text in [id.as_str(), pointer] {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        for bit in 0..bytes.len() * 8 {
            // Each byte at one position, and every bit of the first and the last bytes.
            if bit % 8 == (bit / 8) % 8 || bit < 128 || bit >= bytes.len() * 8 - 128 {
                let mut altered = bytes.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                made_up.push(BASE64_URL_SAFE_NO_PAD.encode(altered));
            }
        }
        made_up.push(text[..text.len() - 1].to_owned());
        made_up.push(format!("{text}A"));
    }
    let mut answers = BTreeSet::new();
    for text in &made_up {
        answers.insert(whole(&acme.get(&format!("/queries/{text}")).await));
        answers.insert(whole(&acme.get(&format!("/records/{text}")).await));
    }
    answers.insert(whole(&acme.delete("/queries/x").await));
    // A pointer is not an id, and an id is not a pointer. Another tenant's are neither, whatever that tenant may query.
    answers.insert(whole(&acme.get(&format!("/queries/{pointer}")).await));
    answers.insert(whole(&acme.get(&format!("/records/{id}")).await));
    for (method, target) in
        [("GET", format!("/queries/{id}")), ("DELETE", format!("/queries/{id}")), ("GET", format!("/records/{pointer}"))]
    {
        answers.insert(whole(&world.tenant("rival").send(method.parse().unwrap(), &target, &[]).await));
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert!(answers.iter().next().unwrap().starts_with("404"));
    for text in [&made_up[0], &id, &pointer.to_owned()] {
        let answer = acme.get(&format!("/queries/{id}?cursor={text}")).await;
        assert_eq!(answer.problem(), "400 invalid_cursor");
    }
    assert_eq!(world.fake.calls(), calls, "no call of it was made");
}

#[tokio::test]
async fn a_grant_that_is_gone_or_another_rule_takes_its_queries_along() {
    let mut world = world().await;
    world.fake.state().queries.script = Script { rows: rows(1), looks: 0, ..Script::default() };
    let acme = world.tenant("acme");
    let limited = json!({ "query": "fields status", "logGroups": ["/limited/api"], "start": "-1h" });
    let (id, narrow) = (started(&acme, &body("fields status")).await, started(&acme, &limited).await);
    let pointer = acme.get(&format!("/queries/{id}")).await.json()["results"][0]["@ptr"].as_str().unwrap().to_owned();

    let scoped = world.with_token(&world.issuer.token("acme", "logs:read:*"));
    for target in [format!("/queries/{id}"), format!("/records/{pointer}")] {
        assert_eq!(scoped.get(&target).await.problem(), "403 insufficient_scope", "{target}");
    }
    let calls = world.fake.calls();
    world.reconfigure(&TENANTS.replacen("/acme/*", "/other/*", 1).replace("\"one\"", "\"two\"")).await;
    let acme = world.tenant("acme");
    for target in [format!("/queries/{id}"), format!("/records/{pointer}"), format!("/queries/{narrow}")] {
        assert_eq!(acme.get(&target).await.problem(), "404 not_found", "{target}");
    }
    assert_eq!(acme.delete(&format!("/queries/{id}")).await.problem(), "404 not_found");
    assert_eq!(world.fake.calls(), calls);

    // The order of the patterns and a new process change nothing.
    world.reconfigure(&TENANTS.replace("\"prod-*\", \"one\"", "\"one\", \"prod-*\"")).await;
    assert_eq!(world.tenant("acme").get(&format!("/queries/{narrow}")).await.status, 200);
    assert_eq!(world.tenant("acme").get(&format!("/queries/{id}")).await.status, 200);
}

#[tokio::test]
async fn no_row_is_shown_of_a_query_that_read_other_groups() {
    let world = world().await;
    let acme = world.tenant("acme");
    let arn = |account: &str, region: &str, group: &str| format!("arn:aws:logs:{region}:{account}:log-group:{group}");
    for identifiers in [
        vec!["/globex/api".to_owned()],
        vec!["/acme/api".to_owned(), "/acme/web".to_owned()],
        vec![arn("123456789012", "eu-west-1", "/globex/api")],
        vec![arn("123456789012", "us-east-1", "/acme/api")],
        vec!["/acme/api*".to_owned()],
    ] {
        let script = Script { rows: rows(2), looks: 1, identifiers: Some(identifiers.clone()), ..Script::default() };
        world.fake.state().queries.script = script;
        let id = started(&acme, &body("fields status")).await;
        for _ in 0..3 {
            let answer = acme.get(&format!("/queries/{id}")).await;
            if answer.status == 200 {
                assert_eq!(answer.json()["results"], json!([]), "{identifiers:?}");
            } else {
                assert_eq!(answer.problem(), "502 upstream_error", "{identifiers:?}");
            }
        }
        assert_eq!(world.fake.state().queries.running(), 0, "{identifiers:?}");
    }
    for identifiers in [vec!["/acme/api".to_owned()], vec![arn("123456789012", "eu-west-1", "/acme/api:*")], vec![]] {
        let script = Script { rows: rows(2), looks: 0, identifiers: Some(identifiers.clone()), ..Script::default() };
        world.fake.state().queries.script = script;
        let id = started(&acme, &body("fields status")).await;
        for _ in 0..2 {
            assert_eq!(acme.get(&format!("/queries/{id}")).await.json()["results"].as_array().unwrap().len(), 2);
        }
    }
    let log = world.end().await;
    assert!(log.contains("a query reads other log groups"), "{log}");
    assert!(!log.contains("/globex/api") && !log.contains("123456789012"), "{log}");
}

#[tokio::test]
async fn where_the_groups_of_a_query_cannot_be_told_no_row_is_shown() {
    use crate::world::fake_cloudwatch::Fault;
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(2), looks: 0, ..Script::default() };
    let acme = world.tenant("acme");
    let id = started(&acme, &body("fields status")).await;
    let results = |world: &Binary| count(world, "GetQueryResults");
    let before = results(&world);
    // The first call is GetQueryResults; the fault is for the call after it.
    world.fake.state().faults.extend([Fault::SameToken, Fault::Error(400, "UnknownOperationException")]);
    let answer = acme.get(&format!("/queries/{id}")).await;
    assert_eq!(answer.problem(), "502 upstream_error");
    assert!(!answer.text().contains("status\":\"0"), "{}", answer.text());
    assert_eq!(results(&world), before + 1);
    assert_eq!(acme.get(&format!("/queries/{id}")).await.json()["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_record_is_shown_of_the_querys_groups_and_streams_alone() {
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(1), looks: 0, ..Script::default() };
    let acme = world.tenant("acme");
    let limited = json!({ "query": "fields status", "logGroups": ["/limited/api"], "start": "-1h" });
    let id = started(&acme, &limited).await;
    let pointer = acme.get(&format!("/queries/{id}")).await.json()["results"][0]["@ptr"].as_str().unwrap().to_owned();
    for (log, stream, shown) in [
        (Some("123456789012:/limited/api"), Some("prod-7"), true),
        (Some("123456789012:/limited/api"), Some("one"), true),
        (Some("123456789012:/limited/api"), Some("staging-1"), false),
        (Some("123456789012:/limited/api2"), Some("prod-7"), false),
        (Some("123456789012:/globex/api"), Some("prod-7"), false),
        (Some("12:/limited/api"), Some("prod-7"), false),
        (None, Some("prod-7"), false),
        (Some("123456789012:/limited/api"), None, false),
    ] {
        let columns = [("@log", log), ("@logStream", stream), ("@message", Some("secret"))];
        let record = columns.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        world.fake.state().queries.records.insert("raw-pointer-0".to_owned(), record);
        let answer = acme.get(&format!("/records/{pointer}")).await;
        if shown {
            assert_eq!(answer.json()["record"]["@message"], "secret", "{log:?} {stream:?}");
        } else {
            assert_eq!(answer.problem(), "404 not_found", "{log:?} {stream:?}");
        }
    }
}

#[tokio::test]
async fn a_query_sees_the_streams_of_its_grant_whatever_it_says() {
    let world = world().await;
    let acme = world.tenant("acme");
    for query in [
        "stats count(*)",
        "limit 1",
        "fields 'prod-1' as @logStream | filter @logStream = 'prod-1'",
        "filterIndex a = 'b' | stats count(*)",
    ] {
        started(&acme, &json!({ "query": query, "logGroups": ["/limited/api", "/acme/api"], "start": "-1h" })).await;
        let sent = world.fake.state().seen.last().unwrap().body["queryString"].as_str().unwrap().to_owned();
        let scope = r#"(@log like /^(?:[0-9]+:)?\/limited\/api$/ and (@logStream in ["one"] or @logStream like /^prod-/) and @logStream not like /[\r\n]/ or @log like /^(?:[0-9]+:)?\/acme\/api$/)"#;
        let filter = sent.split(" | ").find(|command| command.starts_with("filter ")).unwrap();
        assert!(filter.ends_with(scope), "{sent}");
        assert!(sent.starts_with("filter ") || sent.starts_with("filterIndex "), "{sent}");
    }
}

/// Every documented way for a query text to name data beyond its groups, in unusual spellings.
#[tokio::test]
async fn no_text_reaches_beyond_its_groups() {
    let world = world().await;
    let acme = world.tenant("acme");
    let mut refused = 0;
    for query in [
        "SOURCE logGroups() | fields @message",
        "source logGroups(namePrefix:['/globex'], class:['STANDARD']) | fields @message",
        "SoUrCe logGroups(accountIdentifiers:['111122223333'])|fields a",
        "# fields a\n\n  SOURCE\n'/globex/api'\nstart=-9d end=now | fields @message",
        "SOURCE logGroupTags([{\"key\":\"k\",\"values\":[\"v*\"]}]) | fields a",
        "SOURCE dataSource(['amazon_vpc.flow']) | fields a",
        "fields a | filter a in (SOURCE '/globex/api' | fields a)",
        "fields a | filter not (b = 1 or a NOT IN ( sOURCE '/globex/api' | fields a))",
        "join type=inner left=a right=b where a.k=b.k (SOURCE '/globex/api' | fields k)",
        "stats count(*) | appendcols ( SOURCE `/globex/api` | stats count(*) )",
        "pattern @message | diff previousWeek",
        "pattern @message | logcompare timeshift 7d",
        "lookup users id OUTPUT name",
        "cidrlookup networks ip OUTPUT name",
        "$Everything()",
        "fields @timestamp, unmask(@message)",
        "filter UNMASK(@message) like 'x'",
        "fields @entity.KeyAttributes.AwsAccountId",
        "SELECT * FROM `/globex/api`",
        "source = [lg:`/globex/api`] | fields a",
        "fields a | source logGroups()",
        "fields @message | SOURCE '/globex/api'",
        "frobnicate a",
        "fields a | filter b = \"x\n| SOURCE 'y'",
    ] {
        let answer = acme.post("/queries", &body(query), &[]).await;
        let problem = answer.problem();
        assert!(["422 query_forbidden", "400 invalid_query"].contains(&problem.as_str()), "{query}: {problem}");
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], "/query", "{query}");
        assert!(errors[0]["position"]["line"].is_u64(), "{query}");
        refused += usize::from(problem.starts_with("422"));
    }
    assert!(refused >= 16, "{refused}");
    assert_eq!(world.fake.calls(), 0);
}

#[tokio::test]
async fn nothing_of_upstreams_or_the_querys_own_words_is_in_an_answer_or_a_log() {
    let world = world().await;
    world.fake.state().queries.script = Script { rows: rows(3), looks: 1, ..Script::default() };
    let acme = world.tenant("acme");
    let mut told = String::new();
    let secret = "filter card = 'query-canary-4711'";
    let id = started(&acme, &body(secret)).await;
    for _ in 0..3 {
        told += &acme.get(&format!("/queries/{id}")).await.text();
    }
    for query in ["filter a = 'malformed for AWS query-canary-4711'", "SOURCE 'query-canary-4711' | fields a"] {
        acme.post("/queries", &body(query), &[]).await;
    }
    for status in [400, 500] {
        world.fake.state().always = Some(crate::world::fake_cloudwatch::Fault::Error(status, "SomeException"));
        for answer in [
            acme.post("/queries", &body(secret), &[]).await,
            acme.get(&format!("/queries/{id}")).await,
            acme.delete(&format!("/queries/{id}")).await,
        ] {
            assert_eq!(answer.problem(), "502 upstream_error");
            told += &answer.text();
        }
    }
    let log = world.end().await;
    for canary in [CANARY, "12ab3456", "raw-pointer", "123456789012", "fake-secret-canary"] {
        assert!(!told.contains(canary), "{canary} in {told}");
        assert!(!log.contains(canary), "{canary} in {log}");
    }
    assert!(!log.contains("query-canary"), "{log}");
    assert!(log.contains("startQuery") && log.contains("readQuery"), "{log}");
}
