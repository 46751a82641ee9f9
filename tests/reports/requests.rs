//! The requests for reports: parameters, filters, formats, pages.

use serde_json::{Value, json};

use super::{BEGIN, asked, counts, line, report, world};
use crate::world::client::Client;

#[tokio::test]
async fn all_reports_are_listed_and_answer() {
    let world = world(&[line(&[("identityApiKeyId", "k1"), ("responseLatency", "5"), ("wafResponseCode", "WAF_ALLOW")])]).await;
    let acme = world.tenant("acme");
    let list = acme.get("/reports").await.json();
    let reports = list["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 32);
    for outline in reports {
        let name = outline["name"].as_str().unwrap();
        let found = report(&acme, name).await;
        assert_eq!((&found["report"], &found["groups"]), (&json!(name), &json!(["/acme/gateway"])));
        assert!(!found["meta"]["queries"].as_array().unwrap().is_empty(), "{name}: {found}");
        let csv = asked(&acme, &format!("{name}?format=csv")).await;
        assert_eq!(
            (csv.status.as_u16(), csv.header("content-type").as_str()),
            (200, "text/csv; charset=utf-8; header=present"),
            "{name}"
        );
        for filter in ["status=2xx", "path=/prod/orders", "method=GET", "ip=192.0.2.0/24", "excludeIp=203.0.113.7"] {
            let filtered = report(&acme, &format!("{name}?{filter}")).await;
            assert_eq!(filtered["rows"], found["rows"], "{name} {filter}");
        }
    }
    assert_eq!(acme.get("/reports/nothing?group=/acme/gateway").await.problem(), "404 not_found");
}

#[tokio::test]
async fn filters_choose_requests() {
    let lines = [
        line(&[
            ("status", "404"),
            ("ip", "192.0.2.1"),
            ("identityUserAgent", "Curl/8"),
            ("domainName", "a.test"),
            ("requestId", "r1"),
        ]),
        line(&[("status", "200"), ("ip", "2001:db8::1"), ("sub", "o'neil \"x\\"), ("stage", "prod"), ("httpMethod", "PUT")]),
        line(&[("status", "503"), ("ip", "-"), ("path", "/a b"), ("resourcePath", "/{proxy+}"), ("identityUser", "AIDA")]),
    ];
    let world = world(&lines).await;
    let acme = world.tenant("acme");
    for (filter, expected) in [
        ("status=404", vec!["404"]),
        ("status=5xx", vec!["503"]),
        ("ip=192.0.2.0/24", vec!["404"]),
        ("ip=2001:db8::/32", vec!["200"]),
        ("excludeIp=192.0.2.1", vec!["200", "503"]),
        ("userAgent=CURL", vec!["404"]),
        ("domain=a.test", vec!["404"]),
        ("requestId=r1", vec!["404"]),
        ("sub=o%27neil%20%22x%5C", vec!["200"]),
        ("stage=prod", vec!["200"]),
        ("method=PUT", vec!["200"]),
        ("path=/a%20b", vec!["503"]),
        ("path=/%7Bproxy%2B%7D", vec!["503"]),
        ("iamUser=AIDA", vec!["503"]),
        ("sub=x%22%20or%201%20%3D%201%20or%20sub%20%3D%20%22", vec![]),
        ("status=2xx&method=GET", vec![]),
    ] {
        let mut found: Vec<String> =
            counts(&report(&acme, &format!("status?{filter}")).await, "status").into_iter().map(|(status, _)| status).collect();
        found.sort();
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let world = world(&[line(&[])]).await;
    let acme = world.tenant("acme");
    for (target, parameter) in [
        ("status?limit=0", "limit"),
        ("status?limit=1001", "limit"),
        ("status?status=4", "status"),
        ("status?status=600", "status"),
        ("status?ip=192.0.2.1/24", "ip"),
        ("status?sort=-nothing", "sort"),
        ("status?tz=Mars/Olympus", "tz"),
        ("status?dimension=domain", "dimension"),
        ("status?class=4xx", "class"),
        ("status?report=routes", "report"),
        ("compare?report=requests", "report"),
        ("status?path=", "path"),
        ("status?bin=7m", "bin"),
        ("status?cursor=AAAA", "cursor"),
        ("status?unknown=1", "unknown"),
        ("status?path=/a&path=/b", "path"),
        ("status?start=2026-11-20T10:00:00Z&end=2026-11-20T10:00:00Z", "end"),
    ] {
        let answer = asked(&acme, target).await;
        assert_eq!(answer.problem(), "400 invalid_parameter", "{target}");
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors[0]["parameter"], parameter, "{target}: {errors}");
    }
    assert_eq!(acme.get("/reports/status").await.problem(), "400 invalid_parameter");
    assert_eq!(asked(&acme, "requests?cursor=AAAA").await.problem(), "400 invalid_cursor");
}

#[tokio::test]
async fn rows_are_sorted_cut_and_joined_into_other() {
    let lines: Vec<String> = (0..12_u32)
        .flat_map(|number| {
            let path = format!("/p{number:02}");
            (0..=number).map(move |bytes| {
                line(&[
                    ("path", path.as_str()),
                    ("resourcePath", path.as_str()),
                    ("domainName", &format!("d{number:02}")),
                    ("responseLength", &format!("{bytes}")),
                ])
            })
        })
        .collect();
    let world = world(&lines).await;
    let acme = world.tenant("acme");
    let found = report(&acme, "routes?limit=2").await;
    assert_eq!(counts(&found, "resourcePath"), [("/p11".to_owned(), 12), ("/p10".to_owned(), 11)]);
    assert_eq!((&found["meta"]["truncated"], &found["meta"]["matched"]), (&json!(true), &json!(78)));
    assert_eq!(found["rows"][0]["pct"], 15.3846, "of all requests, not of the rows shown");
    let found = report(&acme, "routes?limit=2&sort=bytes").await;
    assert_eq!(counts(&found, "resourcePath"), [("/p00".to_owned(), 1), ("/p01".to_owned(), 2)]);
    let found = report(&acme, "routes?limit=1&sort=-resourcePath").await;
    assert_eq!(counts(&found, "resourcePath"), [("/p11".to_owned(), 12)]);
    let found = report(&acme, "traffic?bin=1h&dimension=domain&limit=2").await;
    let mut series = counts(&found, "domainName");
    series.sort();
    assert_eq!(series, [("d10".to_owned(), 11), ("d11".to_owned(), 12), ("other".to_owned(), 55)]);
    assert_eq!(found["meta"]["truncated"], true);
}

#[tokio::test]
async fn two_periods_are_compared_row_by_row() {
    let world = world(&[]).await;
    let (a, b) = (line(&[("path", "/a"), ("resourcePath", "/a")]), line(&[("path", "/b"), ("resourcePath", "/b")]));
    let before = BEGIN - 3_600_000;
    let events = [(before, &a), (before + 1, &a), (before + 2, &b), (BEGIN, &a), (BEGIN + 1, &a), (BEGIN + 2, &a)];
    let events: Vec<(i64, &str)> = events.iter().map(|(at, text)| (*at, text.as_str())).collect();
    world.put("/acme/gateway", "s", &events).await;
    let acme = world.tenant("acme");
    let found = report(&acme, "compare?report=routes").await;
    let row = |path: &str| found["rows"].as_array().unwrap().iter().find(|row| row["keys"]["resourcePath"] == path).unwrap();
    let of = |path: &str| {
        [&row(path)["requests"], &row(path)["previous"]["requests"], &row(path)["delta"], &row(path)["deltaPct"]]
            .map(Value::clone)
    };
    assert_eq!(of("/a"), [json!(3), json!(2), json!(1), json!(50.0)]);
    assert_eq!(of("/b"), [json!(0), json!(1), json!(-1), json!(-100.0)]);
    let series = report(&acme, "compare?report=traffic&bin=1h").await;
    assert_eq!(series["rows"].as_array().unwrap().len(), 1, "the hour before is compared with the hour: {series}");
    assert_eq!((&series["rows"][0]["requests"], &series["rows"][0]["delta"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn single_requests_come_in_pages_without_loss_or_repeats() {
    let lines: Vec<String> = (0..25).map(|number| line(&[("requestId", &format!("r{number:02}"))])).collect();
    let world = world(&[]).await;
    // Five requests in each millisecond.
    let events: Vec<(i64, &str)> = (0..).zip(&lines).map(|(number, line)| (BEGIN + number / 5, line.as_str())).collect();
    world.put("/acme/gateway", "s", &events).await;
    let acme = world.tenant("acme");
    let ids = |page: &Value| -> Vec<String> {
        page["rows"].as_array().unwrap().iter().map(|row| row["keys"]["requestId"].as_str().unwrap().to_owned()).collect()
    };
    for limit in [1, 3, 5, 7, 24, 25] {
        let mut page = report(&acme, &format!("requests?limit={limit}")).await;
        let mut all = ids(&page);
        while let Some(cursor) = page["nextCursor"].as_str() {
            let answer = acme.get(&format!("/reports/requests?cursor={cursor}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            page = answer.json();
            all.extend(ids(&page));
        }
        assert_eq!(all.first().map(|id| &id[..2]), Some("r2"), "the newest first");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 25, "limit {limit}");
    }
    let cursor = report(&acme, "requests?limit=2").await["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(acme.get(&format!("/reports/requests?cursor={cursor}&status=404")).await.problem(), "400 invalid_cursor");
    assert_eq!(world.tenant("globex").get(&format!("/reports/requests?cursor={cursor}")).await.problem(), "400 invalid_cursor");
}

#[tokio::test]
async fn the_slowest_requests_are_numbers_in_order() {
    let lines: Vec<String> =
        ["9", "100", "-", "20", "fast"].map(|latency| line(&[("responseLatency", latency), ("requestId", latency)])).into();
    let world = world(&lines).await;
    let found = report(&world.tenant("acme"), "slowest?limit=2").await;
    let latencies: Vec<&Value> = found["rows"].as_array().unwrap().iter().map(|row| &row["latency"]["max"]).collect();
    assert_eq!(latencies, [&json!(100.0), &json!(20.0)]);
}

#[tokio::test]
async fn tickets_and_tables_of_reports() {
    let formula = line(&[("resourcePath", "=cmd|' /C calc'!A0"), ("path", "=1+1"), ("responseLatency", "7")]);
    let world = world(&[formula]).await;
    let acme = world.tenant("acme");
    let csv = asked(&acme, "routes?format=csv").await;
    let text = csv.text();
    let header = text.lines().next().unwrap();
    assert!(header.starts_with("httpMethod,resourcePath,requests,pct,"), "{header}");
    assert!(header.contains("latency.p95"), "{header}");
    assert!(text.contains("'=cmd|"), "{text}");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"routes.csv\"");
    let url = format!("/reports/status?group=/acme/gateway&{}&format=csv", super::HOUR);
    let ticket = ticket(&acme, &url).await;
    let answer = world.anonymous().get(&ticket).await;
    assert_eq!((answer.status.as_u16(), answer.text().lines().count()), (200, 2));
    assert_eq!(world.anonymous().get(&ticket).await.problem(), "401 invalid_ticket");
}

async fn ticket(client: &Client, url: &str) -> String {
    let answer = client.post("/tickets", &json!({ "url": url }), &[]).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["url"].as_str().unwrap().to_owned()
}
