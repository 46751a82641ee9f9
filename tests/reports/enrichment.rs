//! What the operator's tables add to reports: plans, customers, amounts, user agents.

use serde_json::{Value, json};

use super::{TENANTS, counts, line, put, report};
use crate::world::{Options, World};

const PLANS: &str = "apiId,stage,keyId,planName,customer\n\
                     a1,prod,k1,Gold,Ann\n\
                     a1,prod,k2,Free,Bob\n\
                     a9,prod,k9,Secret plan,Customer of another tenant\n";

const SECTION: &str = r#"
[reports]
plans = "plans.csv"
[reports.prices]
currency = "EUR"
model = "consumption"
per_request = 0.5
per_gb = 100
[reports.prices.plans.Free]
model = "freemium"
free_requests = 1
per_request = 0.25
"#;

/// Requests with keys, and one without.
fn lines() -> Vec<String> {
    let with = |key: &str, bytes: &str| {
        line(&[
            ("apiId", "a1"),
            ("stage", "prod"),
            ("identityApiKeyId", key),
            ("responseLength", bytes),
            ("domainName", "api.acme.test"),
        ])
    };
    vec![with("k1", "1000000"), with("k1", "1000000"), with("k2", "0"), with("k2", "0"), with("k3", "0"), line(&[])]
}

async fn world() -> World {
    let tenants = format!("{TENANTS}{SECTION}");
    let world = World::with(Options {
        tenants: Some(tenants),
        reloads: true,
        files: vec![("plans.csv".to_owned(), PLANS.to_owned())],
        ..Options::default()
    })
    .await;
    put(&world, &lines()).await;
    world
}

#[tokio::test]
async fn customers_and_plans_are_named() {
    let world = world().await;
    let acme = world.tenant("acme");
    let customers = report(&acme, "customers").await;
    let mut found = counts(&customers, "customer");
    found.sort();
    assert_eq!(found, [("Ann".to_owned(), 2), ("Bob".to_owned(), 2), ("k3".to_owned(), 1), ("~".to_owned(), 1)]);
    assert!(!customers.to_string().contains("another tenant"), "the table is not shown");
    let plans = counts(&report(&acme, "usage-plans").await, "planName");
    assert!(plans.contains(&("Gold".to_owned(), 2)) && plans.contains(&("Free".to_owned(), 2)), "{plans:?}");
    let gold = report(&acme, "status?plan=Gold").await;
    assert_eq!(gold["meta"]["matched"], 2);
    let bob = report(&acme, "status?customer=Bob").await;
    assert_eq!(bob["meta"]["matched"], 2);
    let other = report(&acme, "status?customer=Customer%20of%20another%20tenant").await;
    assert_eq!(other["rows"], json!([]), "a customer of another tenant has no requests here");
}

#[tokio::test]
async fn amounts_are_by_the_price_of_the_plan() {
    let world = world().await;
    let found = report(&world.tenant("acme"), "billing").await;
    let amount = |customer: &str| -> f64 {
        let rows = found["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["keys"]["customer"] == customer).filter_map(|row| row["amount"].as_f64()).sum()
    };
    // Two requests and 0.002 GB; two requests of which one is free.
    assert!((amount("Ann") - 1.2).abs() < 1e-9, "{found}");
    assert!((amount("Bob") - 0.25).abs() < 1e-9, "{found}");
}

#[tokio::test]
async fn a_changed_table_is_used_after_a_reload() {
    let world = world().await;
    let acme = world.tenant("acme");
    // The service is ready when it has the keys of the issuer, which this request waits for.
    let before = counts(&report(&acme, "customers").await, "customer");
    assert!(before.contains(&("Ann".to_owned(), 2)), "{before:?}");
    std::fs::write(world.folder.path().join("plans.csv"), PLANS.replace("Ann", "Ann Ltd")).unwrap();
    world.generation(2).await;
    let found = counts(&report(&acme, "customers").await, "customer");
    assert!(found.contains(&("Ann Ltd".to_owned(), 2)), "{found:?}");
}

#[tokio::test]
async fn user_agents_have_family_system_and_class() {
    let agents =
        ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Googlebot/2.1", "curl/8.5.0"];
    let lines: Vec<String> = agents.iter().map(|agent| line(&[("identityUserAgent", agent)])).collect();
    let world = super::world(&lines).await;
    let acme = world.tenant("acme");
    let found = report(&acme, "user-agents").await;
    let row = |agent: &str| -> Value {
        let rows = found["rows"].as_array().unwrap();
        rows.iter().find(|row| row["keys"]["identityUserAgent"] == agent).unwrap()["keys"].clone()
    };
    assert_eq!(
        (&row(agents[0])["family"], &row(agents[0])["os"], &row(agents[0])["class"]),
        (&json!("Firefox"), &json!("Windows"), &json!("browser"))
    );
    assert_eq!(row(agents[1])["class"], "search-engine");
    assert_eq!(
        (&row(agents[2])["family"], &row(agents[2])["os"], &row(agents[2])["class"]),
        (&json!("curl"), &Value::Null, &json!("http-library"))
    );
    assert_eq!(report(&acme, "overview?ignoreBots=true").await["meta"]["matched"], 2);
}
