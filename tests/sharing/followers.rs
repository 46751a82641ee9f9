//! A thousand customers poll one stream; CloudWatch receives the calls of one.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::contract::subject::{Binary, KEYS, now, stream_path};
use crate::world::client::Client;
use crate::world::fake_cloudwatch::{Fake, REGION};

const GROUP: &str = "/shared/api";
const TENANTS: usize = 50;
const CLIENTS: usize = 1000;
const POLLS: u32 = 30;
const SECOND: Duration = Duration::from_secs(1);
/// The upstream's quota, which the configuration states.
const CALLS_PER_SECOND: usize = 10;

/// The events that one client read.
#[derive(Debug, Default)]
struct Reading {
    cursor: Option<String>,
    messages: Vec<String>,
}

impl Reading {
    /// Sends one request, as a polling client does; true at the end of the stream.
    async fn poll(&mut self, client: &Client, start: i64) -> bool {
        let target = match &self.cursor {
            Some(cursor) => format!("/logs?cursor={cursor}"),
            None => format!("{}?start={start}", stream_path(GROUP, "web")),
        };
        let answer = client.get(&target).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        self.messages.extend(answer.messages());
        self.cursor = Some(page["nextCursor"].as_str().unwrap().to_owned());
        page["stopReason"] == "end"
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_followers_of_a_stream_cost_one_call_a_second() {
    let fake = Fake::start(now()).await;
    let start = now();
    fake.state().logs.put(GROUP, "web", start, "event 0");
    fake.state().quota = Some(CALLS_PER_SECOND);
    let config = format!(
        "[[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\n\
         quotas = {{ GetLogEvents = {CALLS_PER_SECOND} }}\nreserve = 0\n\
         [tenant_template]\ngroups = [\"/shared/*\"]\nactions = [\"read\"]\n",
        fake.endpoint()
    );
    let limits = "limits = { max_connections_per_ip = 5000, max_connections = 5000 }";
    let binary = Binary::with(&config, limits, &KEYS).await;
    let clients: Vec<Client> = (0..TENANTS).map(|number| binary.tenant(&format!("customer-{number}"))).collect();

    let begun = Instant::now();
    let mut followers = JoinSet::new();
    for number in 0..CLIENTS {
        let client = clients[number % TENANTS].clone();
        followers.spawn(async move {
            let first = begun + SECOND.mul_f64(number as f64 / CLIENTS as f64);
            let mut reading = Reading::default();
            tokio::time::sleep_until(first).await;
            while begun.elapsed() < SECOND * POLLS {
                reading.poll(&client, start).await;
                tokio::time::sleep(SECOND).await;
            }
            (client, reading)
        });
    }
    // One new event for every poll.
    let mut written = vec!["event 0".to_owned()];
    for number in 1..(u64::from(POLLS) * 3) {
        tokio::time::sleep_until(begun + SECOND * u32::try_from(number).unwrap() / 3).await;
        let message = format!("event {number}");
        fake.state().logs.put(GROUP, "web", now().max(start + number as i64), &message);
        written.push(message);
    }
    let readings = followers.join_all().await;
    assert_eq!(readings.len(), CLIENTS);
    let calls = fake.calls();
    // A loaded machine takes longer than the planned time of the polls. The first page and the page after it are different calls,
    // which may be made in the same second.
    let most = usize::try_from(begun.elapsed().as_secs()).unwrap() + 2;
    assert!(calls <= most, "{calls} calls, {most} seconds");
    assert_eq!(fake.state().throttled, 0);
    for (number, (client, mut reading)) in readings.into_iter().enumerate() {
        while !reading.poll(&client, start).await {}
        assert_eq!(reading.messages, written, "client {number}");
    }
}
