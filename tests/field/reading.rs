//! `field/reading.json`: long reads that fail half-way, requests without `start`, messages that end in a newline.

use serde_json::Value;
use tokio::net::TcpStream;

use super::cases::{self, text};
use crate::contract::subject::{Binary, KEEPS_NOTHING, KEYS, Subject, cloudwatch, now};
use crate::world::World;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::fake_cloudwatch::{Fake, Fault};
use crate::world::old_http;

#[tokio::test]
async fn the_cases_of_reading() {
    for case in cases::of("reading.json").unwrap_or_default() {
        match text(&case, "kind") {
            "cut" => is_seen_to_be_cut(&case).await,
            "no-start" => is_answered_without_start(&case).await,
            "text" => has_a_line_an_event(&case).await,
            other => panic!("the kind `{other}` of {case} is not tested"),
        }
    }
}

/// The service on an upstream, and its tenant `acme`, which may read `/f/*`.
async fn on(fake: &Fake, limits: &str) -> Binary {
    let tenants = format!("[tenants.acme]\n{limits}\n[[tenants.acme.grants]]\ngroups = [\"/f/*\"]\nactions = [\"read\"]\n");
    Binary::with(&(cloudwatch(&fake.endpoint(), KEEPS_NOTHING) + &tenants), "", &KEYS).await
}

async fn is_seen_to_be_cut(case: &Value) {
    assert_eq!(case["http"], "1.0", "{case}");
    let fake = Fake::start(now()).await;
    let begin = Subject::begin();
    for number in 0..60_000 {
        fake.state().logs.put("/f/api", "web", begin + number / 10, &format!("{number:0215}"));
    }
    let binary = on(&fake, "").await;
    for path in ["/logs/:f:api/web", "/logs/:f:api"] {
        fake.state().plans.set(Plan::new("\"/f/api", Fault::Error(500, "InternalFailure")).after(1));
        let target = format!("{path}?start=-3h&format={}", text(case, "format"));
        let encoding: Vec<String> = case["accept_encoding"].as_str().iter().map(|it| format!("accept-encoding: {it}")).collect();
        let socket = TcpStream::connect(binary.process().address).await.unwrap();
        let answer = old_http::get(socket, &target, &binary.token(), &encoding).await;
        assert_eq!(answer.status, 200, "{case} {path}");
        assert!(
            answer.body.len() > 1000 && answer.ended.is_err(),
            "{case} {path}: a plain end after {} bytes",
            answer.body.len()
        );
        assert!(fake.state().plans.lift("\"/f/api") > 0);
    }
}

async fn is_answered_without_start(case: &Value) {
    let fake = Fake::start(now()).await;
    fake.state().logs.put("/f/api", "web", Subject::begin(), "here");
    let binary = on(&fake, &format!("limits = {{ max_range = \"{}\" }}", text(case, "max_range"))).await;
    let target = text(case, "target").replace("{group}", ":f:api").replace("{stream}", "web");
    assert_eq!(binary.acme().get(&target).await.messages(), ["here"], "{case}");
}

async fn has_a_line_an_event(case: &Value) {
    let world = World::new().await;
    let messages: Vec<&str> = case["messages"].as_array().unwrap().iter().map(|message| message.as_str().unwrap()).collect();
    let events: Vec<(i64, &str)> = (1_700_000_000_000..).zip(messages.iter().copied()).collect();
    world.put("/acme/api", "web", &events).await;
    for path in ["/logs/:acme:api/web", "/logs/:acme:api"] {
        let whole = world.tenant("acme").get(&format!("{path}?start=0&format=text")).await.text();
        assert_eq!(whole.lines().count() as u64, case["expect_text_lines"].as_u64().unwrap(), "{case}: {whole}");
        assert!(whole.lines().all(|line| !line.is_empty() && !line.contains("\\x0d")), "{case}: {whole}");
    }
}
