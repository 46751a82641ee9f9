//! The dashboard, the alert rules and docs/monitoring.md name only metrics and labels of a real scrape.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::security::support::{Binary, Setup};
use crate::world::client::Client;
use crate::world::fake_cloudwatch::Fault;

const TENANTS: &str = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";

fn text_of(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The series of a scrape: the labels of each name.
fn scraped(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let end = line.find(['{', ' ']).unwrap();
        let labels = found.entry(line[..end].to_owned()).or_default();
        if let Some(inside) = line[end..].strip_prefix('{').and_then(|rest| rest.rsplit_once('}')) {
            labels.extend(inside.0.split("\",").filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())));
        }
    }
    found
}

/// The metric names of Logmark in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c: char| !is_word(c)).filter(|word| word.starts_with("logmark_") || word.starts_with("process_")).collect()
}

/// Scrapes a service in which every event has happened once.
async fn scrape() -> String {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    world.fake.state().logs.put("/acme/api", "prod-1", 1_795_168_800_000, "hello");
    let acme = world.tenant("acme");
    for _ in 0..2 {
        assert_eq!(acme.get("/logs/:acme:api/prod-1?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z").await.status, 200);
    }
    world.fake.state().always = Some(Fault::Error(400, "ThrottlingException"));
    assert_eq!(acme.get("/logs/:acme:api/prod-1?start=2026-11-19T00:00:00Z").await.status, 503);
    let scrape = Client::new(world.admin, None).get("/metrics").await.text();
    drop(world.end().await);
    scrape
}

#[tokio::test]
async fn every_metric_that_is_named_is_in_a_scrape_and_is_documented() {
    let scrape = scrape().await;
    let found = scraped(&scrape);
    let documented = text_of("docs/monitoring.md");
    let documented = named(&documented);
    for file in ["infra/monitoring/alerts.yaml", "infra/monitoring/dashboard.json"] {
        let text = text_of(file);
        let names = named(&text);
        assert!(names.len() > 8, "{file}: {names:?}");
        for name in names {
            assert!(found.contains_key(name), "{file} names `{name}`, which is not in the scrape:\n{scrape}");
            let base = name.strip_suffix("_bucket").unwrap_or(name);
            assert!(documented.contains(base), "{file} names `{base}`, which docs/monitoring.md does not describe");
        }
    }
    for name in found.keys() {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let base = if documented.contains(name.as_str()) { name } else { base };
        assert!(documented.contains(base), "docs/monitoring.md does not describe `{base}`");
    }
    // The metrics of a shared limit store exist only with a store: `tests/limits/store_away.rs`.
    let of_limit_store = |name: &&str| ["logmark_limit_local_decisions_total", "logmark_limit_store_up"].contains(name);
    for name in documented.into_iter().filter(|name| !of_limit_store(name)) {
        assert!(found.contains_key(name) || found.contains_key(&format!("{name}_bucket")), "`{name}` is documented but missing");
    }
}

#[tokio::test]
async fn labels_are_those_of_the_one_scheme() {
    let known = [
        "operation",
        "status",
        "code",
        "source",
        "issuer",
        "call",
        "outcome",
        "reason",
        "listener",
        "limit",
        "budget",
        "version",
        "features",
        "le",
    ];
    let scrape = scrape().await;
    for (name, labels) in scraped(&scrape) {
        assert!(labels.iter().all(|label| known.contains(&label.as_str())), "{name}: {labels:?}");
    }
    for series in [
        "logmark_http_requests_total{operation=\"readStream\",status=\"200\"} 2",
        "logmark_http_requests_total{operation=\"readStream\",status=\"503\"} 1",
        "logmark_http_problems_total{operation=\"readStream\",code=\"overloaded\"} 1",
        "outcome=\"throttled\"",
        "outcome=\"ok\"",
        "logmark_issuer_keys{issuer=",
        "logmark_build_info{version=\"",
        "process_start_time_seconds ",
    ] {
        assert!(scrape.contains(series), "{series}\n{scrape}");
    }
    assert!(!scrape.contains("acme"), "no label names a tenant or a group:\n{scrape}");
}
