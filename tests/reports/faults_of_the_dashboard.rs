//! The eleven faults of the usage dashboard, each with the request that it would count wrongly.

use serde_json::json;

use super::{asked, counts, line, report, world};

#[tokio::test]
async fn fault_1_the_report_on_iam_is_not_about_one_host() {
    let arn = "arn:aws:iam::123456789012:user/ann";
    let signed = line(&[("identityUserArn", arn), ("domainName", "api.acme.test"), ("identityUser", "AIDA1")]);
    let world = world(&[signed.clone(), signed, line(&[("domainName", "api.acme.test")])]).await;
    let found = report(&world.tenant("acme"), "iam").await;
    assert_eq!(counts(&found, "identityUserArn"), [(arn.to_owned(), 2)]);
}

#[tokio::test]
async fn fault_2_a_status_with_a_four_in_it_is_no_client_error() {
    let lines: Vec<String> = ["204", "304", "504", "404", "414", "499", "400"].map(|status| line(&[("status", status)])).into();
    let world = world(&lines).await;
    let acme = world.tenant("acme");
    let mut found = counts(&report(&acme, "client-errors").await, "status");
    found.sort();
    assert_eq!(found.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(), ["400", "404", "414", "499"]);
    let by_route = report(&acme, "errors-by-route?class=5xx").await;
    assert_eq!(counts(&by_route, "status"), [("504".to_owned(), 1)]);
}

#[tokio::test]
async fn faults_3_and_4_the_last_days_of_a_year_belong_to_it() {
    let world = world(&[]).await;
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let text = line(&[]);
    for moment in ["2026-12-28T05:00:00Z", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z"] {
        world.put("/acme/gateway", "s", &[(at(moment), &text)]).await;
    }
    let acme = world.tenant("acme");
    let found = report(&acme, "traffic?start=2026-12-01T00:00:00Z&end=2027-01-01T00:00:00Z&bin=1d").await;
    let days: Vec<&str> = found["rows"].as_array().unwrap().iter().map(|row| row["keys"]["time"].as_str().unwrap()).collect();
    assert_eq!(days, ["2026-12-28T00:00:00.000Z", "2026-12-31T00:00:00.000Z"]);
    let hours = report(&acme, "hours?start=2026-12-01T00:00:00Z&end=2027-01-01T00:00:00Z").await;
    assert_eq!(counts(&hours, "hour"), [("05".to_owned(), 1), ("23".to_owned(), 1)]);
}

#[tokio::test]
async fn fault_5_one_bad_line_does_not_lose_the_others() {
    let lines = [
        line(&[]),
        "{\"status\":null,\"broken".to_owned(),
        line(&[("sub", "null")]),
        "(id-1) Method completed with status: 200".to_owned(),
    ];
    let world = world(&lines).await;
    let found = report(&world.tenant("acme"), "overview").await;
    assert_eq!(found["rows"][0]["requests"], 2);
    assert_eq!(
        (&found["meta"]["scanned"], &found["meta"]["unparsed"], &found["meta"]["skipped"]),
        (&json!(4), &json!(1), &json!(1))
    );
}

#[tokio::test]
async fn fault_6_requests_with_one_id_are_all_counted() {
    let replaced = line(&[("requestId", "UUID_REPLACED_INVALID_REQUEST_ID")]);
    let world = world(&[replaced.clone(), replaced.clone(), replaced]).await;
    assert_eq!(report(&world.tenant("acme"), "overview").await["rows"][0]["requests"], 3);
}

#[tokio::test]
async fn fault_7_latencies_have_percentiles_and_their_own_number_of_requests() {
    let lines = [
        line(&[("responseLatency", "10"), ("integrationLatency", "8")]),
        line(&[("responseLatency", "2"), ("integrationLatency", "-")]),
        line(&[("responseLatency", "30"), ("integrationLatency", "27")]),
    ];
    let world = world(&lines).await;
    let acme = world.tenant("acme");
    let found = report(&acme, "latency-series?bin=1h").await;
    let rows = found["rows"].as_array().unwrap();
    let of = |phase: &str| rows.iter().find(|row| row["keys"]["phase"] == phase).map(|row| row["latency"].clone()).unwrap();
    assert_eq!(of("response"), json!({ "n": 3, "avg": 14.0, "p50": 10.0, "p90": 30.0, "p95": 30.0, "p99": 30.0, "max": 30.0 }));
    assert_eq!((&of("integration")["n"], &of("integration")["avg"]), (&json!(2), &json!(17.5)));
    assert_eq!(of("overhead")["n"], 2, "over the requests that have both numbers");
    assert_eq!(of("overhead")["avg"], 2.5);
    assert_eq!(report(&acme, "overview").await["rows"][0]["latency"]["p95"], 30.0);
}

#[tokio::test]
async fn fault_8_quotas_and_throttling_are_two_reports() {
    let refused = |kind: &str, message: &str| line(&[("status", "429"), ("errorResponseType", kind), ("errorMessage", message)]);
    let lines = [
        refused("QUOTA_EXCEEDED", "Limit Exceeded"),
        refused("THROTTLED", "Too Many Requests"),
        refused("QUOTA_EXCEEDED", "-"),
        line(&[("status", "429")]),
    ];
    let world = world(&lines).await;
    let acme = world.tenant("acme");
    assert_eq!(report(&acme, "quota").await["meta"]["matched"], 2);
    assert_eq!(report(&acme, "throttled").await["meta"]["matched"], 1);
    assert_eq!(report(&acme, "client-errors").await["meta"]["matched"], 4);
}

#[tokio::test]
async fn fault_9_the_period_follows_the_range() {
    let world = world(&[line(&[])]).await;
    let acme = world.tenant("acme");
    for (range, bin) in [
        ("start=2026-11-20T10:00:00Z&end=2026-11-20T11:00:00Z", "1m"),
        ("start=2026-11-01T00:00:00Z&end=2026-12-01T00:00:00Z", "6h"),
    ] {
        assert_eq!(report(&acme, &format!("traffic?{range}")).await["bin"], bin);
    }
    let refused = asked(&acme, "traffic?start=2026-11-01T00:00:00Z&end=2026-12-01T00:00:00Z&bin=1m").await;
    assert_eq!(refused.problem(), "400 invalid_parameter");
    assert!(refused.text().contains("use `1h` or longer"), "{}", refused.text());
}

#[tokio::test]
async fn fault_10_http_apis_have_routes_and_the_issuer_is_not_a_client() {
    let http = line(&[
        ("resourcePath", "-"),
        ("path", "-"),
        ("routeKey", "GET /pets"),
        ("sub", "ann"),
        ("clientId", "https://issuer.test"),
        ("aud", "app"),
    ]);
    let world = world(&[http]).await;
    let acme = world.tenant("acme");
    assert_eq!(counts(&report(&acme, "routes").await, "routeKey"), [("GET /pets".to_owned(), 1)]);
    let found = report(&acme, "cognito").await;
    assert_eq!(
        (&found["rows"][0]["keys"]["iss"], &found["rows"][0]["keys"]["aud"]),
        (&json!("https://issuer.test"), &json!("app"))
    );
}

#[tokio::test]
async fn fault_11_authentication_methods_are_a_report() {
    let lines = [
        line(&[("identityUserArn", "arn:aws:iam::1:user/a"), ("identityApiKeyId", "k1")]),
        line(&[("sub", "ann")]),
        line(&[("authorizerPrincipalId", "p"), ("status", "403")]),
        line(&[("identityApiKeyId", "k1")]),
        line(&[]),
    ];
    let world = world(&lines).await;
    let found = report(&world.tenant("acme"), "auth-methods").await;
    let mut methods = counts(&found, "authMethod");
    methods.sort();
    let expected = ["api_key", "cognito_pool", "iam", "lambda", "none"].map(|method| (method.to_owned(), 1));
    assert_eq!(methods, expected);
    let lambda = found["rows"].as_array().unwrap().iter().find(|row| row["keys"]["authMethod"] == "lambda").unwrap();
    assert_eq!((&lambda["errors4xx"], &lambda["errorRate"], &lambda["pct"]), (&json!(1), &json!(100.0), &json!(20.0)));
}
