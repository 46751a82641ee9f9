//! A simulated environment for the scheduler: tenants that send requests, an upstream that answers, and the results.
//!
//! Owns the traffic and the figures; used by the simulation test and the bench. It runs the real rate limiter under tokio's
//! paused clock, on one thread and with its own random numbers, so every run of a scenario is the same.
#![expect(clippy::unwrap_used, reason = "test code, which clippy sees only in functions that are tests")]

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use logmark_quota::{QueueLimits, RateLimiter, RateLimits, Rejected, Share};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

/// The upstream's latency.
const LATENCY: Duration = Duration::from_millis(60);

/// A simulation.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The upstream's quota per second, and its reserved share.
    pub(crate) quota: f64,
    pub(crate) reserve: f64,
    pub(crate) order: Order,
    /// All tenants; the first is the heavy one.
    pub(crate) tenants: Vec<Tenant>,
    /// The maximum wait of a request.
    pub(crate) max_wait: Duration,
    pub(crate) length: Duration,
    /// When the upstream throttles every call, and its `Retry-After`.
    pub(crate) throttles: Option<Throttling>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The real rate limiter.
    Fair,
    /// The same rate limiter with all requests as one tenant: a first-come queue.
    FirstCome,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Tenant {
    pub(crate) weight: u32,
    pub(crate) demand: Demand,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Demand {
    /// Random arrivals with this mean rate per second (Poisson).
    Random(f64),
    /// A constant number of waiting requests: every decided request is replaced by a new one.
    Always(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Throttling {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    pub(crate) retry_after: Option<Duration>,
}

/// The results.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The times of calls at the upstream since the start.
    pub(crate) calls: Vec<Duration>,
    /// Calls answered for each tenant.
    pub(crate) served: Vec<u64>,
    /// The admitted requests in order of time: the tenant, and its wait.
    pub(crate) waits: Vec<(usize, Duration)>,
    pub(crate) asked: u64,
    pub(crate) rejected: u64,
}

impl Scenario {
    /// Runs the simulation.
    pub(crate) fn run(&self) -> Seen {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let world = Rc::new(World::new(self));
            let mut random = Random(7);
            for (index, tenant) in self.tenants.iter().enumerate() {
                if let Demand::Always(many) = tenant.demand {
                    (0..many).for_each(|_| drop(tokio::task::spawn_local(Rc::clone(&world).insist(index))));
                }
            }
            world.arrivals(&mut random).await;
            sleep_until(world.start + self.length).await;
            world.seen.take()
        })
    }
}

struct World {
    scenario: Scenario,
    rate_limiter: RateLimiter,
    shares: Vec<Share>,
    start: Instant,
    seen: RefCell<Seen>,
}

impl World {
    fn new(scenario: &Scenario) -> Self {
        let limits = RateLimits::new(scenario.quota, scenario.reserve).unwrap();
        let shares = |(index, tenant): (usize, &Tenant)| match scenario.order {
            Order::Fair => Share::new(format!("tenant-{index}"), NonZeroU32::new(tenant.weight).unwrap()),
            Order::FirstCome => Share::new("everyone", NonZeroU32::MIN),
        };
        let limits = match scenario.order {
            Order::Fair => limits,
            Order::FirstCome => {
                limits.with_queue(QueueLimits { per_tenant: QueueLimits::default().total, ..QueueLimits::default() })
            }
        };
        Self {
            rate_limiter: RateLimiter::new(limits),
            shares: scenario.tenants.iter().enumerate().map(shares).collect(),
            start: Instant::now(),
            seen: RefCell::new(Seen { served: vec![0; scenario.tenants.len()], ..Seen::default() }),
            scenario: scenario.clone(),
        }
    }

    /// Random arrivals of all tenants together; the tenant is chosen in proportion to the rates.
    async fn arrivals(self: &Rc<Self>, random: &mut Random) {
        let mut sum = 0.0;
        let sums = self.scenario.tenants.iter().map(|tenant| {
            if let Demand::Random(rate) = tenant.demand {
                sum += rate;
            }
            sum
        });
        let sums: Vec<f64> = sums.collect();
        if sum == 0.0 {
            return;
        }
        let mut at = self.start;
        loop {
            at += Duration::from_secs_f64(-random.unit().ln() / sum);
            if at > self.start + self.scenario.length {
                return;
            }
            sleep_until(at).await;
            let pick = random.unit() * sum;
            let world = Rc::clone(self);
            let index = sums.partition_point(|below| *below < pick);
            tokio::task::spawn_local(async move { world.ask(index).await.ok() });
        }
    }

    async fn insist(self: Rc<Self>, index: usize) {
        loop {
            if let Err(rejected) = self.ask(index).await {
                sleep(rejected.retry_after().unwrap()).await;
            }
        }
    }

    async fn ask(&self, index: usize) -> Result<(), Rejected> {
        let asked = Instant::now();
        self.seen.borrow_mut().asked += 1;
        let permit = self.rate_limiter.admit(&self.shares[index], asked + self.scenario.max_wait).await;
        let permit = permit.inspect_err(|_| self.seen.borrow_mut().rejected += 1)?;
        let made = self.start.elapsed();
        {
            let mut seen = self.seen.borrow_mut();
            seen.calls.push(made);
            seen.waits.push((index, asked.elapsed()));
        }
        sleep(LATENCY).await;
        match self.scenario.throttles {
            Some(throttling) if (throttling.from..throttling.until).contains(&made) => permit.throttled(throttling.retry_after),
            _ => {
                self.seen.borrow_mut().served[index] += 1;
                permit.succeeded();
            }
        }
        Ok(())
    }
}

impl Seen {
    pub(crate) fn light(&self) -> Vec<Duration> {
        self.waits_of(|tenant| tenant != 0)
    }

    pub(crate) fn waits_of(&self, tenants: impl Fn(usize) -> bool) -> Vec<Duration> {
        self.waits.iter().filter(|(tenant, _)| tenants(*tenant)).map(|(_, wait)| *wait).collect()
    }

    /// The most calls in any second, both its ends included.
    pub(crate) fn worst_second(&self) -> usize {
        self.most_within(Duration::from_secs(1))
    }

    /// The most calls in any stretch of time of this length.
    pub(crate) fn most_within(&self, span: Duration) -> usize {
        let mut from = 0;
        let within = self.calls.iter().enumerate().map(|(to, at)| {
            while *at - self.calls[from] > span {
                from += 1;
            }
            to + 1 - from
        });
        within.max().unwrap_or(0)
    }

    /// The start of the first second after `at` with this number of calls.
    pub(crate) fn full_rate_from(&self, at: Duration, calls: usize) -> Option<Duration> {
        let later = &self.calls[self.calls.partition_point(|call| *call < at)..];
        later.windows(calls).find(|window| window[calls - 1] - window[0] <= Duration::from_secs(1)).map(|window| window[0])
    }

    /// Jain's index of fairness over the calls per weight of the tenants that always wait: 1 if all got the same, 1/n if one of n
    /// got all. `None` for fewer than two tenants.
    pub(crate) fn jain(&self, tenants: &[Tenant]) -> Option<f64> {
        let backlogged = self.served.iter().zip(tenants).filter(|(_, tenant)| matches!(tenant.demand, Demand::Always(_)));
        let shares: Vec<f64> = backlogged.map(|(served, tenant)| *served as f64 / f64::from(tenant.weight)).collect();
        let (sum, squares) = shares.iter().fold((0.0, 0.0), |(sum, squares), share| (sum + share, squares + share * share));
        (shares.len() > 1).then(|| sum * sum / (shares.len() as f64 * squares))
    }
}

/// The wait that this share of requests did not exceed.
pub(crate) fn percentile(waits: &[Duration], share: f64) -> Duration {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// `SplitMix64`: small, seeded, the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 (excluded) to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}
