//! The same requests in API Gateway's four formats have the same reports.

use std::path::Path;

use serde_json::Value;

use super::TENANTS;
use crate::world::client::Client;
use crate::world::{Options, World};

const FILES: [(&str, &str); 4] = [
    ("json", "derived_rest_json.jsonl"),
    ("clf", "derived_rest_clf.log"),
    ("csv", "derived_rest_csv.log"),
    ("xml", "derived_rest_xml.log"),
];
const RANGE: &str = "start=2015-05-01T00:00:00Z&end=2015-06-01T00:00:00Z";

/// The time in a line, such as `17/May/2015:10:05:03 +0000`.
fn time(line: &str) -> i64 {
    let month = line.find("/May/2015:").unwrap();
    let text = &line[month - 2..month + 24];
    jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).unwrap().to_timestamp().unwrap().as_millisecond()
}

/// A service with a group of each format; `None` without the folder of shared data.
async fn world() -> Option<World> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/apigw");
    if !folder.exists() {
        println!("skipped: {} is absent", folder.display());
        return None;
    }
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    for (name, file) in FILES {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let events: Vec<(i64, &str)> = text.lines().map(|line| (time(line), line)).collect();
        for part in events.chunks(500) {
            world.put(&format!("/acme/{name}"), "s", part).await;
        }
    }
    Some(world)
}

async fn answer(client: &Client, target: &str) -> (u16, Value) {
    let answer = client.get(&format!("/reports/{target}&{RANGE}")).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn every_report_has_the_same_rows_in_all_formats() {
    let Some(world) = world().await else { return };
    let acme = world.tenant("acme");
    let list = acme.get("/reports").await.json();
    let mut answered = 0;
    for outline in list["reports"].as_array().unwrap() {
        let name = outline["name"].as_str().unwrap();
        let (status, expected) = answer(&acme, &format!("{name}?group=/acme/json&limit=1000")).await;
        answered += usize::from(status == 200);
        for (other, _) in FILES.iter().skip(1) {
            let (other_status, found) = answer(&acme, &format!("{name}?group=/acme/{other}&limit=1000")).await;
            assert_eq!(other_status, status, "{name} {other}: {found}");
            assert_eq!(found["rows"], expected["rows"], "{name} {other}");
            assert_eq!(found["meta"]["matched"], expected["meta"]["matched"], "{name} {other}");
        }
        assert!(status == 200 || expected["code"] == "invalid_parameter", "{name}: {expected}");
    }
    assert!(answered >= 14, "{answered} reports of these formats");
}

#[tokio::test]
async fn groups_of_several_formats_are_one_report() {
    let Some(world) = world().await else { return };
    let acme = world.tenant("acme");
    let (_, one) = answer(&acme, "status?group=/acme/json").await;
    let (status, all) = answer(&acme, "status?group=/acme/json&group=/acme/clf&group=/acme/csv&group=/acme/xml").await;
    assert_eq!(status, 200, "{all}");
    let counts = |report: &Value| -> Vec<(String, u64)> { super::counts(report, "status") };
    let expected: Vec<(String, u64)> = counts(&one).into_iter().map(|(status, count)| (status, count * 4)).collect();
    assert_eq!(counts(&all), expected);
    assert_eq!((&all["meta"]["matched"], &all["meta"]["scanned"]), (&8000.into(), &8000.into()));
}
