//! The problems of the document: for each that a test can cause, the service's answer equals the example.

use http::Method;
use serde_json::{Value, json};

use super::environment::{TestEnvironment, document};
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::queries::Script;

/// The example of the code, without its request's id.
fn example(document: &Value, code: &str) -> Value {
    let mut problem = document["components"]["examples"][code]["value"].clone();
    assert_eq!(problem["code"], code, "no example of {code}");
    problem.as_object_mut().unwrap().remove("instance");
    problem
}

fn without_instance(answer: &Answer) -> Value {
    let _whole = answer.problem();
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("instance");
    problem
}

#[tokio::test]
async fn the_examples_of_problems_are_what_the_service_says() {
    let environment = TestEnvironment::start().await;
    let acme = environment.tenant("acme", "logs:read:/acme/* logs:query:/acme/*");
    let new = |query: &str, group: &str| json!({ "query": query, "logGroups": [group], "start": "-1h" });
    let good = new("stats count(*)", "/acme/api");
    let long = "x".repeat(17_000);
    let large = "x".repeat(40_000);
    let mut said = vec![
        ("invalid_parameter", acme.get("/logs/:acme:api?limit=0").await),
        ("invalid_filter", acme.get("/logs/:acme:api?filter=%7B%20$.status%20==%20500%20%7D").await),
        ("invalid_query", acme.post("/queries", &new("stats count(* by bin(5m)", "/acme/api"), &[]).await),
        ("invalid_cursor", acme.get("/groups?cursor=made-up").await),
        ("missing_token", environment.with(None).get("/groups").await),
        ("invalid_token", environment.with(Some("made-up".to_owned())).get("/groups").await),
        ("expired_token", {
            let mut claims = crate::world::tokens::Issuer::claims("acme", "logs:read:/acme/*");
            claims["iss"] = super::environment::ISSUER.into();
            claims["exp"] = 1.into();
            environment.with(Some(environment.issuer.mint(&claims))).get("/groups").await
        }),
        ("insufficient_scope", environment.tenant("acme", "openid").get("/logs/:acme:api").await),
        ("not_found", acme.get("/logs/:globex:api").await),
        ("not_acceptable", acme.get_with("/me", &[("accept", "application/xml")]).await),
        ("target_too_long", acme.get(&format!("/groups?prefix={long}")).await),
        ("headers_too_large", acme.get_with("/groups", &[("x-large", &large)]).await),
        ("unsupported_media_type", acme.send_body(Method::POST, "/queries", &[], "{}".into()).await),
        ("query_forbidden", {
            let query = "SOURCE logGroups(namePrefix: ['/globex']) | limit 5";
            acme.post("/queries", &new(query, "/acme/api"), &[]).await
        }),
        ("invalid_ticket", environment.with(None).get("/logs/:acme:api?format=csv&ticket=made-up").await),
    ];
    environment.fake.state().always = Some(Fault::OtherJson);
    said.push(("upstream_error", acme.get("/logs/:acme:api").await));
    environment.fake.state().always = None;
    environment.fake.state().queries.script = Script { looks: usize::MAX, ..Script::default() };
    let id = acme.post("/queries", &good, &[]).await.json()["queryId"].as_str().unwrap().to_owned();
    while acme.get(&format!("/queries/{id}")).await.json()["status"] != "Running" {}
    said.push(("query_incomplete", acme.get(&format!("/queries/{id}?format=csv")).await));
    environment.fake.state().queries.script = Script { looks: 0, bytes: 5e10, ..Script::default() };
    let initech = environment.tenant("initech", "logs:*:*");
    assert_eq!(initech.post("/queries", &good, &[("prefer", "wait=20")]).await.status, 200);
    said.push(("budget_exceeded", initech.post("/queries", &good, &[]).await));
    let globex = environment.tenant("globex", "logs:*:*");
    let mut answer = globex.get("/me").await;
    while answer.status == 200 {
        answer = globex.get("/me").await;
    }
    said.push(("rate_limited", answer));

    let document = document();
    for (code, answer) in &said {
        assert_eq!(without_instance(answer), example(&document, code), "{code}");
    }
    let known = document["components"]["examples"].as_object().unwrap();
    let unsaid: Vec<&String> = known.keys().filter(|code| !said.iter().any(|(said, _)| said == code)).collect();
    // Other tests cover a body refused during the upload, an internal error, keys that were never loaded, and waits.
    assert_eq!(
        unsaid,
        [
            "body_too_large",
            "internal_error",
            "keys_unavailable",
            "not_supported",
            "overloaded",
            "unknown_host",
            "upstream_timeout"
        ]
    );
}
