//! Limits of one process: exports, sent bytes, scanned bytes.

use serde_json::json;

use super::{limited, put};
use crate::world::tail::Tail;

#[tokio::test]
async fn exports_have_a_limit_of_their_own_and_pages_do_not_count() {
    let world = limited("concurrent_exports = 1").await;
    put(&world, 20_000, 1000).await;
    let acme = world.tenant("acme");
    // Its client does not read the answer.
    let export = acme.begin(http::Method::GET, "/logs/:acme:api?start=0&format=ndjson", &[], bytes::Bytes::new()).await;
    assert_eq!(export.status(), 200);
    for format in ["ndjson", "csv", "text"] {
        let refused = acme.get(&format!("/logs/:acme:api?start=0&format={format}")).await;
        assert_eq!((refused.problem().as_str(), refused.header("retry-after").as_str()), ("429 rate_limited", "5"), "{format}");
        assert_eq!(refused.header("ratelimit"), "\"concurrent-exports\";r=0;t=5");
    }
    assert_eq!(acme.get("/logs/:acme:api?start=0&limit=1").await.status, 200, "a page is not an export");
    let me = acme.get("/me").await.json();
    assert_eq!((&me["limits"]["concurrentExports"], &me["remaining"]["concurrentExports"]), (&json!(1), &json!(0)));
    drop(export);
    while acme.get("/me").await.json()["remaining"]["concurrentExports"] != 1 {}
    assert_eq!(acme.get("/logs/:acme:api?limit=1&format=csv&start=0").await.status, 200);
}

#[tokio::test]
async fn sent_bytes_are_counted_to_the_byte_and_never_exceed_the_budget() {
    // 200 kB.
    let world = limited("sent_gb_per_day = 0.0002").await;
    put(&world, 100, 1000).await;
    let acme = world.tenant("acme");
    let (mut sent, mut pages) = (0, 0);
    let refused = loop {
        let page = acme.get("/logs/:acme:api?start=0&limit=20").await;
        if page.status != 200 {
            break page;
        }
        (sent, pages) = (sent + page.body.len(), pages + 1);
        assert!(page.header("ratelimit-policy").contains("\"sent-bytes\";q=200000;qu=\"content-bytes\";w=86400"));
    };
    assert!(sent <= 200_000 && pages >= 7, "{sent} bytes in {pages} pages");
    assert_eq!(refused.problem(), "429 budget_exceeded");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    let midnight = 86_400 - jiff::Timestamp::now().as_second().rem_euclid(86_400);
    assert!(wait <= 86_400 && wait.abs_diff(midnight.unsigned_abs()) < 120, "{wait} until midnight, in {midnight}");
    let me = acme.get("/me").await;
    assert_eq!(me.status, 200, "a used budget is visible");
    let left = me.json()["remaining"]["sentGbPerDay"].as_f64().unwrap();
    assert!((left - (200_000.0 - sent as f64) / 1e9).abs() < 1e-12, "{left} after {sent}");
    assert_eq!(acme.get("/logs/:acme:api?start=0&limit=1").await.status, 200, "a small page fits");
    assert_eq!(world.tenant("globex").get("/me").await.json()["remaining"], json!({}), "another tenant has no budget");
}

#[tokio::test]
async fn parallel_answers_share_the_budget() {
    let world = limited("sent_gb_per_day = 0.0005").await;
    put(&world, 100, 1000).await;
    let acme = world.tenant("acme");
    let requests = (0..40).map(|index| {
        let format = ["json", "ndjson", "csv", "text"][index % 4];
        let client = acme.clone();
        async move { client.get(&format!("/logs/:acme:api?start=0&limit=50&format={format}")).await }
    });
    let answers = futures_util::future::join_all(requests).await;
    let sent: usize = answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.body.len()).sum();
    assert!(sent <= 500_000, "{sent}");
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(!refused.is_empty() && refused.len() < answers.len());
    refused.iter().for_each(|answer| assert_eq!(answer.problem(), "429 budget_exceeded"));
}

#[tokio::test]
async fn an_export_over_its_budget_ends_with_an_error_and_a_cursor_that_continues() {
    // 3 MB of a stream of 8 MB.
    let world = limited("sent_gb_per_day = 0.003").await;
    put(&world, 8000, 1000).await;
    let acme = world.tenant("acme");
    let export = acme.get("/logs/:acme:api?start=0&format=ndjson").await;
    assert_eq!(export.status, 200);
    assert!(export.body.len() <= 3_000_000, "{}", export.body.len());
    let text = export.text();
    let lines: Vec<&str> = text.lines().collect();
    let last: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!((&last["error"]["code"], &last["error"]["status"]), (&json!("budget_exceeded"), &json!(429)), "{last}");
    let events = lines.len() - 1;
    assert!((1000..8000).contains(&events), "{events}");
    // The cursor continues exactly after the last event: read as a page of the same tenant, for which some bytes are left.
    let page = acme.get(&format!("/logs?cursor={}&limit=1", last["cursor"].as_str().unwrap())).await;
    let first: serde_json::Value = serde_json::from_str(lines[events - 1]).unwrap();
    let (before, after) = (first["timestamp"].as_str().unwrap(), page.json()["events"][0]["timestamp"].clone());
    let millis = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    assert_eq!(millis(after.as_str().unwrap()), millis(before) + 1);
}

#[tokio::test]
async fn a_tail_over_its_budget_ends_with_an_error_and_a_cursor() {
    let world = limited("sent_gb_per_day = 0.0001").await;
    put(&world, 200, 1000).await;
    let acme = world.tenant("acme");
    let mut tail = Tail::open(&acme, "/logs/:acme:api?start=0&follow=true").await;
    let mut events = 0;
    let end = loop {
        let frame = tail.next().await.expect("an error before the end");
        if frame.kind != "event" {
            break frame;
        }
        events += 1;
    };
    assert_eq!((end.kind.as_str(), &end.data["code"]), ("error", &json!("budget_exceeded")));
    assert!(end.cursor.is_some() && events > 10 && tail.received <= 100_000, "{events} events in {} bytes", tail.received);
}

#[tokio::test]
async fn queries_reserve_what_they_can_scan_and_give_back_what_they_did_not() {
    // 100 kB; the group has 40 kB.
    let world = limited("scanned_gb_per_day = 0.0001").await;
    put(&world, 40, 1000).await;
    let acme = world.tenant("acme");
    let body = json!({ "query": "stats count(*)", "logGroups": ["/acme/api"], "start": "-1h" });
    let starts = (0..10).map(|_| {
        let (client, body) = (acme.clone(), body.clone());
        async move { client.post("/queries", &body, &[("prefer", "wait=20")]).await }
    });
    let answers = futures_util::future::join_all(starts).await;
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.json()).collect();
    let scanned: f64 = done.iter().map(|query| query["statistics"]["bytesScanned"].as_f64().unwrap()).sum();
    assert!(!done.is_empty() && scanned <= 100_000.0, "{scanned} in {} queries", done.len());
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem() == "429 budget_exceeded"));
    let left = acme.get("/me").await.json()["remaining"]["scannedGbPerDay"].as_f64().unwrap();
    assert!((left - (100_000.0 - scanned) / 1e9).abs() < 1e-12, "{left} after {scanned}");
    while acme.post("/queries", &body, &[("prefer", "wait=20")]).await.status == 200 {}
    let refused = acme.post("/queries", &body, &[]).await;
    assert_eq!((refused.problem().as_str(), refused.header("ratelimit").as_str().contains("r=0")), ("429 budget_exceeded", true));
    assert!(refused.header("ratelimit-policy").contains("\"scanned-bytes\";q=100000;qu=\"content-bytes\";w=86400"));
}

#[tokio::test]
async fn me_names_each_limit_and_what_is_left_alike() {
    let world = limited(
        "requests_per_second = 20, concurrent_requests = 10, concurrent_queries = 3, concurrent_exports = 2, tails = 5, \
         scanned_gb_per_day = 50, sent_gb_per_day = 2.5, max_range = \"36h\"",
    )
    .await;
    let answer = world.tenant("acme").get("/me").await;
    let me = answer.json();
    let expected = json!({
        "requestsPerSecond": 19, "concurrentRequests": 9, "concurrentQueries": 3, "concurrentExports": 2, "tails": 5,
        "scannedGbPerDay": 50.0, "sentGbPerDay": 2.5
    });
    assert_eq!(me["remaining"], expected);
    for name in expected.as_object().unwrap().keys() {
        assert!(me["limits"].get(name).is_some(), "{name} in {}", me["limits"]);
    }
    assert_eq!((&me["limits"]["maxRange"], &me["limits"]["sentGbPerDay"]), (&json!("36h"), &json!(2.5)));
    assert_eq!(answer.header("ratelimit"), "\"requests\";r=19;t=1, \"concurrent-requests\";r=9");
}

#[tokio::test]
async fn max_range_bounds_reads_queries_checks_and_tails_and_names_the_parameter() {
    let world = limited("max_range = \"1d\"").await;
    put(&world, 1, 10).await;
    let acme = world.tenant("acme");
    let detail = "the range is longer than the tenant's 1 day: use a later `start`";
    for target in
        ["/logs/:acme:api?start=-2d", "/logs/:acme:api/web-1?start=-25h&format=csv", "/logs/:acme:api?start=-2d&follow=true"]
    {
        let refused = acme.get(target).await;
        assert_eq!(refused.problem(), "400 invalid_parameter", "{target}");
        assert_eq!(refused.json()["errors"], json!([{ "parameter": "start", "detail": detail }]), "{target}");
    }
    for target in ["/queries", "/queries/check"] {
        let body = json!({ "query": "stats count(*)", "logGroups": ["/acme/api"], "start": "-2d" });
        let refused = acme.post(target, &body, &[]).await;
        assert_eq!(refused.problem(), "400 invalid_parameter", "{target}");
        assert_eq!(refused.json()["errors"], json!([{ "pointer": "/start", "detail": detail }]), "{target}");
    }
    assert_eq!(acme.get("/logs/:acme:api").await.messages().len(), 1, "the default is reduced");
}
