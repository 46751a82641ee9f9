//! Deployed filter patterns: accepted unchanged, or refused with the supported form.

use super::cases;
use crate::security::support::{Binary, Setup};

const TENANTS: &str = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";

async fn world() -> Binary {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    world.fake.state().logs.add_stream("/acme/api", "prod-1");
    world
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[tokio::test]
async fn every_deployed_pattern_is_taken_or_its_quoted_form_is_offered() {
    let Some(all) = cases::of("patterns.json") else { return };
    let world = world().await;
    let acme = world.tenant("acme");
    for case in &all {
        let pattern = cases::text(case, "pattern");
        let answer = acme.get(&format!("/logs/:acme:api?start=-1h&filter={}", encoded(pattern))).await;
        if answer.status != 200 {
            assert_eq!(answer.problem(), "400 invalid_filter", "{pattern}");
            assert!(answer.json()["errors"].to_string().contains("double quotes"), "{pattern}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn words_with_points_are_sent_in_the_quotes_that_are_documented() {
    let world = world().await;
    let acme = world.tenant("acme");
    let pattern = "?Runtime.ExitError ?\"Task timed out\"";
    let answer = acme.get(&format!("/logs/:acme:api?start=-1h&filter={}", encoded(pattern))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let state = world.fake.state();
    let sent = state.seen.iter().find(|seen| seen.operation == "FilterLogEvents").unwrap();
    assert_eq!(sent.body["filterPattern"], "?\"Runtime.ExitError\" ?\"Task timed out\"");
}
