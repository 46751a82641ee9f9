//! Checks: the errors of a text, as an editor shows them. A check reads and starts nothing.

use http::Method;
use serde_json::{Value, json};

use crate::world::World;

async fn check(world: &World, filter: &str) -> Value {
    let answer = world.tenant("acme").post("/filters/check", &json!({ "filter": filter }), &[]).await;
    assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_fault_has_a_range_an_explanation_and_a_correction() {
    let world = World::new().await;
    insta::assert_json_snapshot!(check(&world, "{ $.status == 500 }").await, @r#"
    {
      "diagnostics": [
        {
          "column": 12,
          "end": 13,
          "expected": "`=`, `!=`, `<`, `<=`, `>` or `>=`",
          "fix": "=",
          "found": "`==`",
          "hint": "equality is one `=`",
          "line": 1,
          "message": "expected `=`, `!=`, `<`, `<=`, `>` or `>=`, found `==`",
          "severity": "error",
          "start": 11
        }
      ],
      "refusals": []
    }
    "#);
}

#[tokio::test]
async fn a_correction_put_in_place_of_the_range_makes_a_valid_pattern() {
    let world = World::new().await;
    for wrong in ["{ $.a == 1 }", "{ $.a <> 1 }", "{ $.a => 1 }", "{ $.a =< 1 && $.b = 2 }", "{ $.b = \"ü\" && $.a == 1 }"] {
        let fault = check(&world, wrong).await["diagnostics"][0].clone();
        let index = |name: &str| usize::try_from(fault[name].as_u64().unwrap()).unwrap();
        let mut corrected = wrong.to_owned();
        corrected
            .replace_range(index("start")..index("end"), fault["fix"].as_str().unwrap_or_else(|| panic!("{wrong}: {fault}")));
        assert_eq!(check(&world, &corrected).await["diagnostics"], json!([]), "{wrong} -> {corrected}");
    }
}

#[tokio::test]
async fn a_valid_pattern_has_no_diagnostics() {
    let world = World::new().await;
    for filter in ["", "ERROR -timeout", "%4[0-9]{2}%", "{ $.status >= 500 }", "[ip, user, ..., status = 5*]"] {
        assert_eq!(check(&world, filter).await, json!({ "diagnostics": [], "refusals": [] }), "{filter}");
    }
}

#[tokio::test]
async fn a_pattern_that_the_check_accepts_is_one_that_reading_accepts() {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1000, "x")]).await;
    let acme = world.tenant("acme");
    let long = "a".repeat(1025);
    for filter in ["x", "{ $.a", "?Runtime.ExitError", "%(?=x)%", "fields @message | limit 5", "\u{0}", &long] {
        let is_valid = check(&world, filter).await["diagnostics"] == json!([]);
        let encoded = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        let read = acme.get(&format!("/logs/:acme:api?filter={encoded}")).await;
        assert_eq!(read.status == 200, is_valid, "{filter}: {}", read.text());
    }
}

#[tokio::test]
async fn a_wrong_request_is_refused_with_the_member() {
    let world = World::new().await;
    let acme = world.tenant("acme");
    for (body, pointer, detail) in [
        (json!({}), "/filter", "is missing"),
        (json!({ "filter": 1 }), "/filter", "is not a string"),
        (json!({ "filter": null }), "/filter", "is not a string"),
        (json!({ "filter": "a", "pattern": "b" }), "/pattern", "is not a member of this body: use `filter`"),
        (json!(["filter"]), "", "the body must be one JSON object"),
    ] {
        let answer = acme.post("/filters/check", &body, &[]).await;
        assert_eq!(answer.problem(), "400 invalid_parameter", "{body}");
        let fault = answer.json()["errors"][0].clone();
        assert_eq!(fault["pointer"], pointer, "{body}");
        assert!(fault["detail"].as_str().unwrap().contains(detail), "{body}: {fault}");
    }
    let form = acme.send_body(Method::POST, "/filters/check", &[("content-type", "text/plain")], "filter=a".into()).await;
    assert_eq!(form.problem(), "415 unsupported_media_type");
    let unknown = acme.post("/filters/check?filter=a", &json!({ "filter": "a" }), &[]).await;
    assert_eq!(unknown.problem(), "400 invalid_parameter");
    let stranger = world.anonymous().post("/filters/check", &json!({}), &[]).await;
    assert_eq!(stranger.problem(), "401 missing_token");
}
