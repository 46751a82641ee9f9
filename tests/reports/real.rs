//! Ten thousand real requests, whose counts are known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{TENANTS, line};
use crate::world::{Options, World};

/// A request of the log, as a plain reading of its line.
#[derive(Debug)]
pub struct Request {
    ip: String,
    at: i64,
    method: String,
    path: String,
    status: String,
    bytes: String,
    agent: String,
}

fn read(text: &str) -> Request {
    let (ip, rest) = text.split_once(' ').unwrap();
    let (_, rest) = rest.split_once('[').unwrap();
    let (time, rest) = rest.split_once("] \"").unwrap();
    let (request, rest) = rest.split_once("\" ").unwrap();
    let (method, path) = request.split_once(' ').unwrap();
    let path = path.rsplit_once(' ').map_or(path, |(path, _)| path);
    let (status, rest) = rest.split_once(' ').unwrap();
    let bytes = rest.split_once(' ').map_or(rest, |(bytes, _)| bytes);
    let agent = rest.trim_end_matches('"').rsplit_once("\" \"").map_or("-", |(_, agent)| agent);
    let at = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", time).unwrap().to_timestamp().unwrap().as_millisecond();
    let owned = str::to_owned;
    Request {
        ip: owned(ip),
        at,
        method: owned(method),
        path: owned(path),
        status: owned(status),
        bytes: owned(bytes),
        agent: owned(agent),
    }
}

/// The file of the log, in Apache's combined format.
pub fn log() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/web/apache_combined_semicomplete_10k.log")
}

/// The requests; `None` without the folder of shared data.
pub fn requests() -> Option<Vec<Request>> {
    let log = log();
    let Ok(text) = std::fs::read_to_string(&log) else {
        println!("skipped: {} is absent", log.display());
        return None;
    };
    Some(text.lines().map(read).collect())
}

/// A service with the requests in the dashboard's format.
pub async fn world(requests: &[Request]) -> World {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    let lines: Vec<(i64, String)> = requests
        .iter()
        .map(|request| {
            let Request { ip, at, method, path, status, bytes, agent } = request;
            let values = [
                ("ip", ip.as_str()),
                ("httpMethod", method),
                ("path", path),
                ("resourcePath", path),
                ("status", status),
                ("responseLength", bytes),
                ("identityUserAgent", agent),
            ];
            (*at, line(&values))
        })
        .collect();
    let events: Vec<(i64, &str)> = lines.iter().map(|(at, line)| (*at, line.as_str())).collect();
    for part in events.chunks(2_000) {
        world.put("/acme/gateway", "s", part).await;
    }
    world
}

pub fn counted(rows: &Value, key: &str) -> BTreeMap<String, u64> {
    let rows = rows["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["keys"][key].as_str().unwrap().to_owned(), row["requests"].as_u64().unwrap())).collect()
}

fn plain<'a>(requests: &'a [Request], of: impl Fn(&'a Request) -> &'a str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    requests.iter().for_each(|request| *counts.entry(of(request).to_owned()).or_insert(0) += 1);
    counts
}

#[tokio::test]
async fn reports_of_a_real_log_have_its_known_counts() {
    let Some(requests) = requests() else { return };
    let world = world(&requests).await;
    let acme = world.tenant("acme");
    let get = async |target: &str| {
        let answer =
            acme.get(&format!("/reports/{target}group=/acme/gateway&start=2015-05-01T00:00:00Z&end=2015-06-01T00:00:00Z")).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer.json()
    };
    let known = [("200", 9126), ("206", 45), ("301", 164), ("304", 445), ("403", 2), ("404", 213), ("416", 2), ("500", 3)];
    let status = get("status?").await;
    assert_eq!(counted(&status, "status"), known.map(|(status, count)| (status.to_owned(), count)).into());
    assert_eq!(status["rows"][0]["keys"]["status"], "200", "the most frequent first");
    assert_eq!(status["rows"][0]["pct"], 91.26);
    let overview = get("overview?").await;
    let row = &overview["rows"][0];
    let visitors: BTreeSet<(&str, &str)> = requests.iter().map(|request| (request.ip.as_str(), request.agent.as_str())).collect();
    let bytes: u64 = requests.iter().filter_map(|request| request.bytes.parse::<u64>().ok()).sum();
    assert_eq!(
        (row["requests"].as_u64(), row["errors4xx"].as_u64(), row["errors5xx"].as_u64()),
        (Some(10_000), Some(217), Some(3))
    );
    assert_eq!((row["visitors"].as_u64(), row["bytes"].as_u64()), (Some(visitors.len() as u64), Some(bytes)));
    assert_eq!((&row["errorRate"], &row["classes"]["3xx"]), (&2.2.into(), &609.into()));
    assert_eq!(
        (&overview["meta"]["scanned"], &overview["meta"]["matched"], &overview["meta"]["unparsed"]),
        (&10_000.into(), &10_000.into(), &0.into())
    );
    let hosts = plain(&requests, |request| &request.ip);
    let found = get("hosts?limit=1000&").await;
    assert_eq!((found["meta"]["truncated"].as_bool(), found["rows"].as_array().unwrap().len()), (Some(true), 1000));
    assert!(counted(&found, "ip").iter().all(|(ip, count)| hosts[ip] == *count));
    assert_eq!(found["rows"][0]["requests"].as_u64(), hosts.values().max().copied());
    let agents = plain(&requests, |request| if request.agent.is_empty() { "-" } else { &request.agent });
    let found = get("user-agents?limit=1000&").await;
    let of_rows: BTreeMap<String, u64> = counts_with_absent(&found, "identityUserAgent");
    assert_eq!(of_rows, agents);
    let missing: Vec<&Request> = requests.iter().filter(|request| request.status == "404").collect();
    let paths = missing.iter().fold(BTreeMap::new(), |mut paths: BTreeMap<String, u64>, request| {
        *paths.entry(request.path.clone()).or_default() += 1;
        paths
    });
    assert_eq!(counted(&get("not-found?limit=1000&").await, "path"), paths);
    let hours = plain_hours(&requests, 0);
    assert_eq!(counted(&get("hours?").await, "hour"), hours);
    assert_eq!(counted(&get("hours?tz=Asia/Kathmandu&").await, "hour"), plain_hours(&requests, 5 * 60 + 45));
    let days = get("traffic?bin=1d&").await;
    assert_eq!(days["rows"].as_array().unwrap().len(), 4);
    assert_eq!(days["rows"].as_array().unwrap().iter().map(|row| row["requests"].as_u64().unwrap()).sum::<u64>(), 10_000);
}

#[tokio::test]
async fn reports_of_the_log_as_it_was_written_have_its_known_counts() {
    let Some(requests) = requests() else { return };
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/web/apache_combined_semicomplete_10k.log");
    let text = std::fs::read_to_string(log).unwrap();
    let events: Vec<(i64, &str)> = requests.iter().zip(text.lines()).map(|(request, line)| (request.at, line)).collect();
    for part in events.chunks(2_000) {
        world.put("/acme/web", "s", part).await;
    }
    let acme = world.tenant("acme");
    let target = "/reports/status?group=/acme/web&start=2015-05-01T00:00:00Z&end=2015-06-01T00:00:00Z";
    let answer = acme.get(target).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let status = answer.json();
    let known = [("200", 9126), ("206", 45), ("301", 164), ("304", 445), ("403", 2), ("404", 213), ("416", 2), ("500", 3)];
    assert_eq!(counted(&status, "status"), known.map(|(status, count)| (status.to_owned(), count)).into(), "{}", status["meta"]);
    assert_eq!((&status["meta"]["scanned"], &status["meta"]["unparsed"]), (&10_000.into(), &0.into()));
}

fn counts_with_absent(report: &Value, key: &str) -> BTreeMap<String, u64> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["keys"][key].as_str().unwrap_or("-").to_owned(), row["requests"].as_u64().unwrap())).collect()
}

fn plain_hours(requests: &[Request], minutes: i64) -> BTreeMap<String, u64> {
    let mut hours = BTreeMap::new();
    for request in requests {
        let hour = (request.at / 60_000 + minutes).div_euclid(60).rem_euclid(24);
        *hours.entry(format!("{hour:02}")).or_insert(0) += 1;
    }
    hours
}
