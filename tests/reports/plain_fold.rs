//! Reports over generated traffic against a plain fold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{BEGIN, line, report, world};

/// A request.
#[derive(Debug, Clone)]
struct Hit {
    second: i64,
    method: &'static str,
    path: String,
    status: u16,
    bytes: Option<u64>,
    latency: Option<u64>,
    ip: String,
    agent: &'static str,
}

/// Numbers that look random, from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

fn traffic(seed: u64) -> Vec<Hit> {
    let mut numbers = Numbers(seed * 7_919 + 1);
    let hit = |second: i64| Hit {
        second,
        method: numbers.of(&["GET", "POST", "-"]),
        path: format!("/p{}", numbers.below(4)),
        status: numbers.of(&[200, 204, 301, 400, 404, 429, 500, 503]),
        bytes: (numbers.below(4) > 0).then(|| numbers.below(100_000)),
        latency: (numbers.below(5) > 0).then(|| numbers.below(2_000)),
        ip: format!("192.0.2.{}", numbers.below(5)),
        agent: numbers.of(&["curl/8.5.0", "Mozilla/5.0, like Gecko", "-"]),
    };
    (0..300).map(hit).collect()
}

fn line_of(hit: &Hit) -> String {
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    line(&[
        ("httpMethod", hit.method),
        ("resourcePath", &hit.path),
        ("path", &hit.path),
        ("status", &hit.status.to_string()),
        ("responseLength", &number(hit.bytes)),
        ("responseLatency", &number(hit.latency)),
        ("ip", &hit.ip),
        ("identityUserAgent", hit.agent),
    ])
}

/// What a row must have for these requests.
fn check(row: &Value, hits: &[&Hit], all: usize) {
    let count = |is_one: &dyn Fn(&Hit) -> bool| hits.iter().filter(|hit| is_one(hit)).count() as u64;
    let errors = (count(&|hit| hit.status / 100 == 4), count(&|hit| hit.status / 100 == 5));
    assert_eq!(row["requests"], hits.len() as u64, "{row}");
    assert_eq!((row["errors4xx"].as_u64(), row["errors5xx"].as_u64()), (Some(errors.0), Some(errors.1)), "{row}");
    let close = |name: &str, part: u64, of: usize| {
        let expected = part as f64 / of as f64 * 100.0;
        assert!((row[name].as_f64().unwrap() - expected).abs() < 0.0001, "{name} {expected}: {row}");
    };
    close("pct", hits.len() as u64, all);
    close("errorRate", errors.0 + errors.1, hits.len());
    let bytes: Vec<u64> = hits.iter().filter_map(|hit| hit.bytes).collect();
    assert_eq!(row["bytes"].as_u64(), (!bytes.is_empty()).then(|| bytes.iter().sum()), "{row}");
    let visitors: BTreeSet<(&str, &str)> = hits.iter().map(|hit| (hit.ip.as_str(), hit.agent)).collect();
    assert_eq!(row["visitors"], visitors.len() as u64, "{row}");
    let mut latencies: Vec<u64> = hits.iter().filter_map(|hit| hit.latency).collect();
    latencies.sort_unstable();
    assert_eq!(row["latency"]["n"].as_u64().unwrap_or(0), latencies.len() as u64, "{row}");
    for (name, percent) in [("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99), ("max", 100)] {
        let expected = latencies.get((percent * latencies.len()).div_ceil(100).max(1) - 1);
        assert_eq!(row["latency"][name].as_f64(), expected.map(|latency| *latency as f64), "{name}: {row}");
    }
    let time = |hit: &Hit| jiff::Timestamp::from_millisecond(BEGIN + hit.second * 1000).unwrap();
    let (first, last) = (hits.iter().map(|hit| time(hit)).min().unwrap(), hits.iter().map(|hit| time(hit)).max().unwrap());
    assert_eq!((&row["firstSeen"], &row["lastSeen"]), (&format!("{first:.3}").into(), &format!("{last:.3}").into()));
}

/// A way to group requests: the report, and the keys of a request in it.
type Grouping = (&'static str, fn(&Hit) -> Vec<Option<String>>);

const GROUPINGS: [Grouping; 5] = [
    ("overview", |_| vec![]),
    ("routes", |hit| vec![Some(hit.method.to_owned()).filter(|method| method != "-"), Some(hit.path.clone())]),
    ("hosts", |hit| vec![Some(hit.ip.clone())]),
    ("traffic?bin=1m", |hit| vec![Some(format!("2026-11-20T10:{:02}:00.000Z", hit.second / 60))]),
    ("status", |hit| vec![Some(hit.status.to_string()), Some(format!("{}xx", hit.status / 100))]),
];

#[tokio::test]
async fn reports_of_generated_traffic_are_plain_folds_of_it() {
    for seed in 1..=4 {
        let hits = traffic(seed);
        let world = world(&hits.iter().map(line_of).collect::<Vec<_>>()).await;
        let acme = world.tenant("acme");
        for (target, keys) in GROUPINGS {
            let mut groups: BTreeMap<Vec<Option<String>>, Vec<&Hit>> = BTreeMap::new();
            hits.iter().for_each(|hit| groups.entry(keys(hit)).or_default().push(hit));
            let found = report(&acme, target).await;
            let rows = found["rows"].as_array().unwrap();
            assert_eq!(rows.len(), groups.len(), "{target} seed {seed}: {found}");
            for row in rows {
                let mut values: Vec<Option<String>> =
                    row["keys"].as_object().unwrap().values().map(|value| value.as_str().map(str::to_owned)).collect();
                let known = groups.get(&values).or_else(|| {
                    values.reverse();
                    groups.get(&values)
                });
                check(row, known.unwrap_or_else(|| panic!("{target} seed {seed}: {row}")), hits.len());
            }
        }
    }
}
