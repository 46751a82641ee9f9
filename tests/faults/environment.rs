//! A service on a CloudWatch that fails on order.

use std::time::Duration;

use super::operations::PAGE_EVENTS;
use crate::contract::subject::{Binary, KEEPS_NOTHING, cloudwatch, now, tenants};
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::fake_cloudwatch::{CANARY, Fake, Fault, SECRET};
use crate::world::faulty_proxy::{FaultyProxy, ProxyFault};
use crate::world::keys::Keys;
use crate::world::other_host::OtherHost;

/// How much time the service gives its upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadlines {
    /// Two seconds: for what would never end.
    Short,
    /// As usual.
    Usual,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy)]
pub enum InjectedFault {
    /// The upstream answers so.
    Answer(Fault),
    /// The way to it fails so.
    Proxy(ProxyFault),
}

/// The service and what it stands on.
#[derive(Debug)]
pub struct TestEnvironment {
    /// The upstream.
    pub fake: Fake,
    /// The way to it.
    pub faulty_proxy: FaultyProxy,
    /// Where nothing may come.
    pub other_host: OtherHost,
    /// Where it has its credentials.
    pub keys: Keys,
    /// A caller.
    pub acme: Client,
    binary: Binary,
}

impl TestEnvironment {
    /// Starts it all, with the usual patience; it reaches the upstream by way of [`FaultyProxy`].
    pub async fn usual() -> Self {
        Self::new(Deadlines::Usual, true).await
    }

    /// Starts it all; it reaches the upstream directly or by way of [`FaultyProxy`], which undoes what a fake does to its own
    /// bytes.
    pub async fn new(deadlines: Deadlines, through_cuts: bool) -> Self {
        let limits = match deadlines {
            Deadlines::Short => "limits = { request_timeout = \"3s\", work_time = \"2s\", response_memory = \"1GiB\" }",
            // Hundreds of requests of one tenant wait for the upstream at a time here: their share of memory is not what is
            // tested.
            Deadlines::Usual => "limits = { response_memory = \"1GiB\" }",
        };
        Self::with(limits, through_cuts).await
    }

    /// The same, with these lines of `[server]`.
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

    /// Lets the plan's calls go wrong.
    pub fn set(&self, injected: InjectedFault, plan: Plan<()>) {
        match injected {
            InjectedFault::Answer(fault) => self.fake.state().plans.set(plan.with(fault)),
            InjectedFault::Proxy(cut) => self.faulty_proxy.state().plans.set(plan.with(cut)),
        }
    }

    /// Lets so many of a hundred calls that bear the mark go wrong, half of them on the way.
    pub fn set_mixed(&self, mark: &str, percent: u64, faults: &[Fault], faulty_proxy: &[ProxyFault]) {
        self.fake.state().plans.set(Plan::mixed(mark, faults.to_vec()).at_rate(percent / 2, 1));
        self.faulty_proxy.state().plans.set(Plan::mixed(mark, faulty_proxy.to_vec()).at_rate(percent / 2, 2));
    }

    /// Ends it, and says how often it went wrong.
    pub fn lift(&self, mark: &str) -> usize {
        let on_the_way = self.faulty_proxy.state().plans.lift(mark);
        self.fake.state().plans.lift(mark) + on_the_way
    }

    /// An answer now that nothing is wrong any more; a service that spares its upstream for a while may say so first,
    /// and one that gives it little time may lack it on a busy machine.
    pub async fn settled(&self, target: &str) -> Answer {
        self.settled_by(|| self.acme.get(target)).await
    }

    /// The same, of whatever is asked.
    pub async fn settled_by<Asking: Future<Output = Answer>>(&self, ask: impl Fn() -> Asking) -> Answer {
        let deadlines = async {
            loop {
                let answer = ask().await;
                let is_spared = [429, 503, 504].contains(&answer.status.as_u16());
                let text = answer.text();
                let last = text.lines().last().unwrap_or_default();
                // A stream that began well ends so, when the upstream is spared midway.
                if !(is_spared || answer.broken || last.starts_with("{\"error\":")) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), deadlines).await.expect("the service recovers")
    }

    /// What the service logged of an answer's request.
    pub fn log_of(&self, answer: &Answer) -> String {
        let id = answer.header("x-request-id");
        self.binary.log().lines().filter(|line| line.contains(&id)).collect::<Vec<_>>().join("\n")
    }

    /// The log holds nothing of the upstream's texts, and no secret.
    pub fn assert_discreet(&self) {
        let log = self.binary.log();
        for secret in [CANARY, "arn:aws", SECRET, "AKIDTEST", "<html", "12ab3456", "raw-pointer"] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "`{secret}` in the log");
        }
    }
}
