//! The alarms of `infra/` count lines of Logmark's log with filter patterns. The tests check that these match the intended lines.

use std::path::Path;

use logmark_filter_pattern::{FilterPattern, Matcher};

use crate::security::support::{Binary, Setup};
use crate::world::fake_cloudwatch::Fault;

/// Files, and the text before the pattern in each.
const PLACES: [(&str, &str); 3] = [
    ("infra/sam/alarms.yaml", "FilterPattern: "),
    ("infra/terraform/lambda/alarms.tf", "pattern        = "),
    ("infra/terraform/fargate/scaling.tf", "pattern        = "),
];
const TENANTS: &str = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";

/// The pattern in a file. YAML, HCL and JSON write a text in double quotes alike.
fn pattern(file: &str, before: &str) -> Matcher {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix(before)).unwrap_or_else(|| panic!("no pattern in {file}"));
    let pattern: String = serde_json::from_str(line).unwrap();
    Matcher::new(&FilterPattern::parse(&pattern).unwrap()).unwrap()
}

#[tokio::test]
async fn the_alarm_for_an_upstream_that_throttles_counts_the_answers_that_say_so() {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    world.fake.state().logs.add_stream("/acme/api", "prod-1");
    let acme = world.tenant("acme");
    assert_eq!(acme.get("/groups").await.status, 200);
    world.fake.state().always = Some(Fault::Error(400, "ThrottlingException"));
    assert_eq!(acme.get("/logs/:acme:api/prod-1?start=-1h").await.status, 503);
    let written = world.end().await;

    let about_requests: Vec<&str> = written.lines().filter(|line| line.contains(r#""target":"request""#)).collect();
    assert_eq!(about_requests.len(), 2, "{written}");
    for (file, before) in PLACES {
        let pattern = pattern(file, before);
        let counted: Vec<&str> = written.lines().filter(|line| pattern.matches(line)).collect();
        assert_eq!(counted, [about_requests[1]], "{file}");
    }
}
