//! Tests against a fake API Gateway whose answers change.

use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::json;

use super::*;
use crate::aws::usage_plans::tests::reader;
use crate::domain::time::HeldClock;
use crate::test_world::small_http::SmallHttp;

const NOW: Millis = Millis(1_795_168_800_000);
const REFRESH: Duration = Duration::from_secs(600);

/// A gateway with one plan and one key. The status is that of its next answers; the customer's name ends with the status.
struct World {
    status: Arc<AtomicU16>,
    clock: Arc<HeldClock>,
    fake: SmallHttp,
    plans: Arc<GatewayPlans>,
}

impl World {
    async fn start(status: u16) -> Self {
        let status = Arc::new(AtomicU16::new(status));
        let shared = Arc::clone(&status);
        let fake = SmallHttp::start(move |request| {
            let status = shared.load(Ordering::Relaxed);
            let name = format!("Ann {status}");
            let item = match request.text().split(['?', ' ']).nth(1).unwrap() {
                "/usageplans" => json!({ "id": "p1", "name": "Gold", "apiStages": [{ "apiId": "a1", "stage": "prod" }] }),
                _ => json!({ "id": "k1", "name": name }),
            };
            (if status < 300 { 200 } else { status }, json!({ "item": [item] }).to_string())
        })
        .await;
        let clock = Arc::new(HeldClock::at(NOW));
        let plans = Arc::new(GatewayPlans::new(reader(&fake.endpoint), REFRESH, Arc::clone(&clock) as Arc<dyn Clock>));
        Self { status, clock, fake, plans }
    }

    fn after(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// The customer of the key, and the note.
    async fn customer(&self) -> (Option<String>, Option<String>) {
        let (table, note) = Arc::clone(&self.plans).table().await;
        (table.and_then(|table| table.customer("k1").map(str::to_owned)), note)
    }

    /// Waits until a reading in the background has ended.
    async fn settle(&self) {
        drop(self.plans.reading.lock().await);
    }
}

#[tokio::test]
async fn a_table_is_kept_until_it_is_old_and_then_read_in_the_background() {
    let world = World::start(201).await;
    assert_eq!(world.customer().await, (Some("Ann 201".to_owned()), None));
    world.after(599);
    assert_eq!(world.customer().await, (Some("Ann 201".to_owned()), None));
    assert_eq!(world.fake.seen().len(), 3, "plans, keys of the plan, all keys");
    world.status.store(202, Ordering::Relaxed);
    world.after(1);
    assert_eq!(world.customer().await.0.as_deref(), Some("Ann 201"), "the report does not wait for the new table");
    world.settle().await;
    assert_eq!(world.customer().await, (Some("Ann 202".to_owned()), None), "a renamed customer");
    assert_eq!(world.fake.seen().len(), 6);
}

#[tokio::test]
async fn reports_use_the_former_table_and_tell_its_age_when_it_cannot_be_read() {
    let world = World::start(201).await;
    world.customer().await;
    world.status.store(403, Ordering::Relaxed);
    world.after(700);
    assert_eq!(world.customer().await, (Some("Ann 201".to_owned()), None), "not yet late");
    world.settle().await;
    let asked = world.fake.seen().len();
    world.customer().await;
    world.settle().await;
    assert_eq!(world.fake.seen().len(), asked, "not asked again at once");
    world.after(600);
    let (customer, note) = world.customer().await;
    assert_eq!(customer.as_deref(), Some("Ann 201"));
    assert_eq!(note.as_deref(), Some("usage plans and customers are those of 2026-11-20T10:00:00.000Z"));
}

#[tokio::test]
async fn a_report_says_that_plans_are_missing() {
    let world = World::start(403).await;
    let (customer, note) = world.customer().await;
    assert_eq!((customer, note.as_deref()), (None, Some("usage plans and customers are missing: they could not be read")));
    world.status.store(201, Ordering::Relaxed);
    world.after(31);
    assert_eq!(world.customer().await, (Some("Ann 201".to_owned()), None));
}
