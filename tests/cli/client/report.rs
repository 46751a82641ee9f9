//! `logmark report`.

use insta::assert_snapshot;

use super::environment::{acme, acme_with};
use crate::reports::{line, world};
use crate::world::World;

const GROUP: [&str; 6] = ["--group", "/acme/gateway", "--start", "2026-11-20T10:00:00Z", "--end", "2026-11-20T11:00:00Z"];

async fn lines() -> World {
    let mut lines: Vec<String> = (0..9).map(|_| line(&[("responseLength", "100")])).collect();
    lines.push(line(&[("status", "404"), ("path", "/prod/\u{1b}[2J"), ("responseLength", "7")]));
    lines.push(line(&[("status", "500"), ("path", "=cmd()")]));
    world(&lines).await
}

async fn report(world: &World, name: &str, more: &[&str]) -> crate::world::binary::CommandOutput {
    acme(world, &[&["report", name], &GROUP[..], more].concat()).await
}

#[tokio::test]
async fn a_report_is_a_table_with_or_without_charts() {
    let world = lines().await;
    let plain = report(&world, "status", &[]).await;
    assert_eq!((plain.code, plain.err.as_str()), (0, "11 requests in 11 lines\n"), "{}", plain.out);
    assert!(!plain.out.contains('#') && plain.out.starts_with("status  statusClass  requests"), "{}", plain.out);
    for (locale, bar) in [("C", "################"), ("C.UTF-8", "████████████████")] {
        let arguments = [&["report", "status"], &GROUP[..], &["--charts", "always"]].concat();
        let charts = acme_with(&world, &arguments, &[("LC_ALL", locale)]).await;
        let shown: Vec<&str> = charts.out.lines().collect();
        assert_eq!(shown[0], "status  /acme/gateway  2026-11-20T10:00:00.000Z to 2026-11-20T11:00:00.000Z");
        assert!(shown[3].contains(bar), "the largest bar: {}", charts.out);
        assert!(!charts.out.contains('\u{1b}'), "no colour in a pipe: {:?}", charts.out);
    }
}

#[tokio::test]
async fn a_time_series_is_drawn_as_a_line() {
    let world = lines().await;
    let arguments =
        [&["report", "traffic"], &GROUP[..], &["--bin", "1m", "--charts", "always", "--dimension", "status"]].concat();
    let said = acme_with(&world, &arguments, &[("LC_ALL", "C")]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("200  ") && said.out.contains('#'), "{}", said.out);
}

#[tokio::test]
async fn control_characters_and_formulas_are_neutralised() {
    let world = lines().await;
    for format in ["table", "csv", "json", "html"] {
        let said = report(&world, "not-found", &["--format", format]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(!said.out.contains('\u{1b}'), "{format}: {:?}", said.out);
    }
    let csv = report(&world, "server-errors", &["--format", "csv"]).await;
    assert!(csv.out.contains("'=cmd()") && csv.out.contains("\r\n"), "{}", csv.out);
}

#[tokio::test]
async fn the_list_and_the_filters() {
    let world = lines().await;
    let list = acme(&world, &["report", "--list"]).await;
    assert_eq!((list.code, list.out.lines().count()), (0, 33), "{}", list.out);
    assert!(list.out.contains("\nauth-failures  "), "{}", list.out);
    let json = acme(&world, &["report", "--list", "--format", "json"]).await;
    assert!(json.out.starts_with(r#"{"reports":[{"name":"overview""#), "{}", json.out);
    let filtered = report(&world, "overview", &["--status", "5xx", "--ignore-bots", "--method", "GET", "--format", "json"]).await;
    let found: serde_json::Value = serde_json::from_str(&filtered.out).unwrap();
    assert_eq!(found["rows"][0]["requests"], 1, "{found}");
    let compared = report(&world, "compare", &["--of", "status", "--sort=-requests", "--format", "json"]).await;
    assert!(compared.out.contains("\"delta\":"), "{}", compared.out);
}

#[tokio::test]
async fn wrong_arguments_are_explained() {
    let world = lines().await;
    let unknown = report(&world, "statuses", &[]).await;
    assert_eq!(unknown.code, 4);
    assert!(unknown.err.contains("There is no report of this name"), "{}", unknown.err);
    let bad = report(&world, "status", &["--status", "6xx"]).await;
    assert_eq!(bad.code, 2, "{}", bad.err);
    let nothing = report(&world, "status", &["--path", "/none"]).await;
    assert_eq!((nothing.code, nothing.out.as_str()), (0, "no requests\n"), "{}", nothing.err);
    let group = acme(&world, &["report", "status"]).await;
    assert_eq!(group.code, 2);
    assert_snapshot!(group.err.lines().next().unwrap_or_default(), @"error: the following required arguments were not provided:");
}
