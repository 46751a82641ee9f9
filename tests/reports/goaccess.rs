//! GoAccess, an independent analyser, on the same ten thousand requests. docs/reports.md explains where its definitions differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::process::Command;

use super::real::{counted, log, requests, world};
use crate::world::client::Client;

/// GoAccess's report on the log.
async fn analysed() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report.json");
    let mut command = Command::new("goaccess");
    // An agent list for each host; no limit of rows; no file with settings of this machine.
    command.arg(log()).args([
        "--log-format=COMBINED",
        "--no-global-config",
        "--no-progress",
        "--agent-list",
        // Without it, visitors whose requests all failed are not counted.
        "--4xx-to-unique-count",
        "--max-items=100000",
    ]);
    let output = command.arg("-o").arg(&out).output().await.expect("GoAccess is missing: run `make setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // GoAccess writes bytes of the log that are not UTF-8 as they are.
    serde_json::from_str(&String::from_utf8_lossy(&std::fs::read(out).unwrap())).unwrap()
}

/// The hits of a panel by the name of the row. A URL has a row for each method and protocol.
fn hits(panel: &Value) -> BTreeMap<String, u64> {
    let mut hits = BTreeMap::new();
    for row in panel["data"].as_array().unwrap() {
        *hits.entry(row["data"].as_str().unwrap().to_owned()).or_insert(0) += row["hits"]["count"].as_u64().unwrap();
    }
    hits
}

async fn get(client: &Client, target: &str) -> Value {
    let range = if target.contains("start=") { "" } else { "&start=2015-05-01T00:00:00Z&end=2015-06-01T00:00:00Z" };
    let answer = client.get(&format!("/reports/{target}group=/acme/gateway&limit=1000{range}")).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn goaccess_counts_the_same() {
    let Some(requests) = requests() else { return };
    let (theirs, world) = (analysed().await, world(&requests).await);
    let acme = world.tenant("acme");

    // R1: all requests and their bytes.
    let overview = get(&acme, "overview?").await;
    let (row, general) = (&overview["rows"][0], &theirs["general"]);
    assert_eq!((&row["requests"], &row["bytes"]), (&general["valid_requests"], &general["bandwidth"]));
    assert_eq!(general["failed_requests"], overview["meta"]["unparsed"]);

    // R3: status codes. GoAccess names them `200 - OK: …` below their class.
    let codes = theirs["status_codes"]["data"].as_array().unwrap().iter().flat_map(|class| class["items"].as_array().unwrap());
    let codes: BTreeMap<String, u64> =
        codes.map(|code| (code["data"].as_str().unwrap()[..3].to_owned(), code["hits"]["count"].as_u64().unwrap())).collect();
    assert_eq!(counted(&get(&acme, "status?").await, "status"), codes);

    // R24: addresses. A report has at most 1,000 rows, those with the most requests.
    let hosts = hits(&theirs["hosts"]);
    let ours = counted(&get(&acme, "hosts?").await, "ip");
    assert_eq!((ours.len(), hosts.len()), (1000, 1753));
    for (ip, count) in &ours {
        assert_eq!(hosts.get(ip), Some(count), "{ip}");
    }

    // R25: hours of the day.
    assert_eq!(by_hour(&get(&acme, "hours?").await), hits(&theirs["visit_time"]));

    // R7: what was not found. GoAccess decodes paths.
    let mut ours: BTreeMap<String, u64> = BTreeMap::new();
    for (path, count) in counted(&get(&acme, "not-found?").await, "path") {
        let decoded = percent_encoding::percent_decode_str(&path).decode_utf8_lossy().trim_end().to_owned();
        *ours.entry(decoded).or_default() += count;
    }
    assert_eq!(ours, hits(&theirs["not_found"]));

    // R16: user agents. GoAccess lists them for each address, decoded, without that of a line that has no last quote.
    let lists = theirs["hosts"]["data"].as_array().unwrap().iter().filter_map(|host| host["items"].as_array());
    let agents: BTreeSet<String> =
        lists.flatten().filter_map(Value::as_str).filter(|agent| *agent != "-").map(str::to_owned).collect();
    let ours = get(&acme, "user-agents?").await;
    let names: BTreeSet<String> = ours["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["keys"]["identityUserAgent"].as_str())
        .map(|agent| percent_encoding::percent_decode_str(agent).decode_utf8_lossy().into_owned())
        .collect();
    let cut = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html";
    let differing: Vec<&str> = names.symmetric_difference(&agents).map(String::as_str).collect();
    assert_eq!(differing, [cut]);
}

/// A visitor of GoAccess is an address and a user agent on one day; one of Logmark in the range of the report. So each day agrees.
#[tokio::test]
async fn goaccess_has_the_same_visitors_on_each_day() {
    let Some(requests) = requests() else { return };
    let (theirs, world) = (analysed().await, world(&requests).await);
    let acme = world.tenant("acme");
    let mut sum = 0;
    for day in theirs["visitors"]["data"].as_array().unwrap() {
        let date = day["data"].as_str().unwrap();
        let (year, month, of_month) = (&date[..4], &date[4..6], &date[6..]);
        let next: u32 = of_month.parse::<u32>().unwrap() + 1;
        let range = format!("overview?start={year}-{month}-{of_month}T00:00:00Z&end={year}-{month}-{next:02}T00:00:00Z&");
        let found = &get(&acme, &range).await["rows"][0];
        assert_eq!((&found["requests"], &found["visitors"]), (&day["hits"]["count"], &day["visitors"]["count"]), "{date}");
        sum += found["visitors"].as_u64().unwrap();
    }
    assert_eq!(sum, theirs["general"]["unique_visitors"].as_u64().unwrap());
}

/// The sums over the weekdays.
fn by_hour(report: &Value) -> BTreeMap<String, u64> {
    let mut hours = BTreeMap::new();
    for row in report["rows"].as_array().unwrap() {
        *hours.entry(row["keys"]["hour"].as_str().unwrap().to_owned()).or_insert(0) += row["requests"].as_u64().unwrap();
    }
    hours
}
