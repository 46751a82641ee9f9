//! Reports show what a query of the caller would show, and nothing else.

use serde_json::json;

use super::{BEGIN, HOUR, line, report};
use crate::world::{Options, World};

const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query"]
where = '{ $.stage = "acme" }'
[tenants.masked]
[[tenants.masked.grants]]
groups = ["/acme/*"]
actions = ["query"]
mask = ["$.ip", "$.domainName"]
[tenants.readers]
[[tenants.readers.grants]]
groups = ["/acme/*"]
actions = ["read"]
[tenants.globex]
[[tenants.globex.grants]]
groups = ["/globex/*"]
actions = ["query"]
"#;

async fn world() -> World {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    let own = line(&[("stage", "acme"), ("domainName", "api.acme.test")]);
    let other = line(&[("stage", "globex"), ("domainName", "api.globex.test"), ("status", "500")]);
    let plain = "not a line of the access log";
    world.put("/acme/gateway", "s", &[(BEGIN, own.as_str()), (BEGIN + 1, &other), (BEGIN + 2, &own), (BEGIN + 3, plain)]).await;
    world
}

#[tokio::test]
async fn row_rules_hold_for_rows_and_counts_of_lines() {
    let world = world().await;
    let acme = world.tenant("acme");
    let found = report(&acme, "domains").await;
    assert_eq!(found["rows"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&found["rows"][0]["keys"], &found["rows"][0]["requests"]),
        (&json!({ "domainName": "api.acme.test" }), &json!(2))
    );
    assert_eq!((&found["meta"]["scanned"], &found["meta"]["unparsed"]), (&json!(2), &json!(0)));
    for name in ["overview", "requests", "parse-health", "status"] {
        let text = report(&acme, name).await.to_string();
        assert!(!text.contains("globex") && !text.contains("not a line"), "{name}: {text}");
    }
}

#[tokio::test]
async fn masked_fields_are_fields_that_the_log_does_not_have() {
    let world = world().await;
    let masked = world.tenant("masked");
    let overview = report(&masked, "overview").await;
    assert_eq!((&overview["rows"][0]["requests"], overview["rows"][0].get("visitors")), (&json!(3), None));
    let refused = super::asked(&masked, "domains").await;
    assert_eq!(refused.problem(), "400 invalid_parameter");
    assert!(refused.text().contains("`domainName`"), "{}", refused.text());
    let refused = super::asked(&masked, "overview?ip=192.0.2.1").await;
    assert_eq!(refused.problem(), "400 invalid_parameter");
    let requests = report(&masked, "requests").await.to_string();
    assert!(!requests.contains("192.0.2.1") && !requests.contains("api.acme.test"), "{requests}");
}

#[tokio::test]
async fn a_report_needs_the_action_query_on_each_group() {
    let world = world().await;
    let target = format!("/reports/overview?group=/acme/gateway&{HOUR}");
    assert_eq!(world.tenant("globex").get(&target).await.problem(), "404 not_found");
    assert_eq!(world.tenant("readers").get(&target).await.problem(), "404 not_found");
    assert_eq!(world.scoped("acme", "logs:read:*").get(&target).await.problem(), "403 insufficient_scope");
    assert_eq!(world.tenant("acme").get(&format!("{target}&group=/globex/gateway")).await.problem(), "404 not_found");
    assert_eq!(world.anonymous().get(&target).await.problem(), "401 missing_token");
    assert_eq!(world.anonymous().get("/reports").await.problem(), "401 missing_token");
}
