//! A service on a CloudWatch with injected faults.

use std::time::Duration;

use super::operations::PAGE_EVENTS;
use crate::contract::subject::{Binary, KEEPS_NOTHING, cloudwatch, now, tenants};
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::fake_cloudwatch::{CANARY, Fake, Fault, SECRET};
use crate::world::faulty_proxy::{FaultyProxy, ProxyFault};
use crate::world::keys::Keys;
use crate::world::other_host::OtherHost;

/// The time limits of the service's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadlines {
    /// Two seconds, for calls without an end.
    Short,
    /// The defaults.
    Usual,
}

/// The fault of a call.
#[derive(Debug, Clone, Copy)]
pub enum InjectedFault {
    /// A faulty answer of the upstream.
    Answer(Fault),
    /// A faulty connection to the upstream.
    Proxy(ProxyFault),
}

/// The service and its counterparts.
#[derive(Debug)]
pub struct TestEnvironment {
    /// The upstream.
    pub fake: Fake,
    /// The proxy before the upstream.
    pub faulty_proxy: FaultyProxy,
    /// A host that must receive no connection.
    pub other_host: OtherHost,
    /// The endpoint of its credentials.
    pub keys: Keys,
    /// A client of `acme`.
    pub acme: Client,
    binary: Binary,
}

impl TestEnvironment {
    /// Starts all parts with the default time limits; the service reaches the upstream through [`FaultyProxy`].
    pub async fn usual() -> Self {
        Self::new(Deadlines::Usual, true).await
    }

    /// Starts all parts; the service reaches the upstream directly or through [`FaultyProxy`], which repairs the framing of the
    /// fake's faulty answers.
    pub async fn new(deadlines: Deadlines, through_cuts: bool) -> Self {
        let limits = match deadlines {
            Deadlines::Short => "limits = { request_timeout = \"3s\", work_time = \"2s\", response_memory = \"1GiB\" }",
            // Hundreds of requests of one tenant wait for the upstream at the same time: their share of memory is not part of the
            // test.
            Deadlines::Usual => "limits = { response_memory = \"1GiB\" }",
        };
        Self::with(limits, through_cuts).await
    }

    /// Starts all parts with these lines in `[server]`.
    pub async fn with(limits: &str, through_cuts: bool) -> Self {
        let fake = Fake::start(now()).await;
        let (faulty_proxy, other_host, keys) =
            (FaultyProxy::before(fake.address).await, OtherHost::start().await, Keys::start().await);
        fake.state().logs.page_events = Some(PAGE_EVENTS);
        fake.state().other_host = other_host.address.to_string();
        let endpoint = if through_cuts { format!("http://{}", faulty_proxy.address) } else { fake.endpoint() };
        let (name, value) = keys.variable();
        let binary = Binary::with(&(cloudwatch(&endpoint, KEEPS_NOTHING) + &tenants("f")), limits, &[(name, &value)]).await;
        Self { acme: binary.acme(), fake, faulty_proxy, other_host, keys, binary }
    }

    /// Makes the plan's calls fail.
    pub fn set(&self, injected: InjectedFault, plan: Plan<()>) {
        match injected {
            InjectedFault::Answer(fault) => self.fake.state().plans.set(plan.with(fault)),
            InjectedFault::Proxy(cut) => self.faulty_proxy.state().plans.set(plan.with(cut)),
        }
    }

    /// Makes this percentage of the calls with the mark fail, half of them in the proxy.
    pub fn set_mixed(&self, mark: &str, percent: u64, faults: &[Fault], faulty_proxy: &[ProxyFault]) {
        self.fake.state().plans.set(Plan::mixed(mark, faults.to_vec()).at_rate(percent / 2, 1));
        self.faulty_proxy.state().plans.set(Plan::mixed(mark, faulty_proxy.to_vec()).at_rate(percent / 2, 2));
    }

    /// Ends the plan and returns the number of calls that it made fail.
    pub fn lift(&self, mark: &str) -> usize {
        let on_the_way = self.faulty_proxy.state().plans.lift(mark);
        self.fake.state().plans.lift(mark) + on_the_way
    }

    /// An answer after the fault is over. A service with an open circuit breaker may refuse first, and one with short time limits
    /// may exceed them on a busy machine: both are retried.
    pub async fn settled(&self, target: &str) -> Answer {
        self.settled_by(|| self.acme.get(target)).await
    }

    /// Like `settled`, for any request.
    pub async fn settled_by<Asking: Future<Output = Answer>>(&self, ask: impl Fn() -> Asking) -> Answer {
        let deadlines = async {
            loop {
                let answer = ask().await;
                let is_spared = [429, 503, 504].contains(&answer.status.as_u16());
                let text = answer.text();
                let last = text.lines().last().unwrap_or_default();
                // A stream ends so when the circuit breaker opens midway.
                if !(is_spared || answer.broken || last.starts_with("{\"error\":")) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), deadlines).await.expect("the service recovers")
    }

    /// The log lines of an answer's request.
    pub fn log_of(&self, answer: &Answer) -> String {
        let id = answer.header("x-request-id");
        self.binary.log().lines().filter(|line| line.contains(&id)).collect::<Vec<_>>().join("\n")
    }

    /// Asserts that the log contains no text of the upstream and no secret.
    pub fn assert_discreet(&self) {
        let log = self.binary.log();
        for secret in [CANARY, "arn:aws", SECRET, "AKIDTEST", "<html", "12ab3456", "raw-pointer"] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "`{secret}` in the log");
        }
    }
}
