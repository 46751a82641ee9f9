//! The rate limiter's state machine against naive models, over random traffic.
//!
//! Owns the models: a list of all calls, and fair queueing by its definition. The futures around the state machine are tested in
//! `tests/rate_limiter.rs`.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::{collection, prop_oneof};
use tokio::time::Instant;

use super::core::{Admission, AdmittedCall, Core, Decision, Outcome, Waiter};
use super::window::{SlidingWindow, spacing};
use crate::{QueueLimits, RateLimits, Rejected, Share};

const SECOND: Duration = Duration::from_secs(1);
const WEIGHTS: [u32; 6] = [1, 1, 2, 3, 4, 8];
const RATES: [f64; 7] = [0.3, 0.8, 1.0, 2.5, 4.0, 8.0, 20.0];
/// Small enough that random runs reach all bounds.
const BOUNDS: QueueLimits = QueueLimits { total: 40, per_tenant: 12 };

#[derive(Debug, Clone)]
enum Event {
    Pass(u64),
    TestRequest {
        tenant: usize,
        max_wait: u64,
    },
    /// The n-th of the requests that wait or were just decided leaves.
    Leave(usize),
    /// The n-th call in progress ends.
    End(usize, Outcome),
    RateLimits(f64),
}

fn event() -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Succeeded),
        2 => Just(Outcome::Throttled(None)),
        1 => (0_u64..9000).prop_map(|wait| Outcome::Throttled(Some(Duration::from_millis(wait)))),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Unknown),
    ];
    prop_oneof![
        6 => (0_u64..1500).prop_map(Event::Pass),
        12 => (0..WEIGHTS.len(), prop_oneof![0_u64..3000, 3000_u64..60_000]).prop_map(|(tenant, max_wait)| Event::TestRequest { tenant, max_wait }),
        2 => any::<usize>().prop_map(Event::Leave),
        4 => (any::<usize>(), outcome).prop_map(|(call, outcome)| Event::End(call, outcome)),
        1 => (0..RATES.len()).prop_map(|rate| Event::RateLimits(RATES[rate])),
    ]
}

/// A waiting request, which records its notifications in order.
#[derive(Debug)]
struct TestWaiter(usize, Rc<RefCell<Vec<(usize, Decision)>>>);

impl Waiter for TestWaiter {
    fn notify(&self, decision: Decision) {
        self.1.borrow_mut().push((self.0, decision));
    }

    fn wake(&self) {}
}

#[derive(Debug, Clone, Copy)]
struct TestRequest {
    tenant: usize,
    id: u64,
    deadline: Instant,
    decision: Option<Decision>,
    left: bool,
}

/// Fair queueing by its definition: each tenant's first waiter has a tag, and the lowest is served.
#[derive(Debug, Default, Clone)]
struct FairModel {
    virtual_time: f64,
    waiting: [Vec<usize>; WEIGHTS.len()],
    first_tag: [f64; WEIGHTS.len()],
}

impl FairModel {
    fn comes(&mut self, tenant: usize, request: usize) {
        if self.waiting[tenant].is_empty() {
            self.first_tag[tenant] = self.first_tag[tenant].max(self.virtual_time);
        }
        self.waiting[tenant].push(request);
    }

    fn served(&mut self, tenant: usize, request: usize) {
        assert_eq!(self.waiting[tenant].first(), Some(&request), "a tenant's requests are served in order");
        let busy = (0..WEIGHTS.len()).filter(|tenant| !self.waiting[*tenant].is_empty());
        let lowest = busy.map(|tenant| self.first_tag[tenant]).fold(f64::INFINITY, f64::min);
        assert!(self.first_tag[tenant] <= lowest + 1e-3, "{tenant} was not next: {self:?}");
        self.virtual_time = self.virtual_time.max(self.first_tag[tenant]);
        self.first_tag[tenant] += 1.0 / f64::from(WEIGHTS[tenant]);
        self.leaves(tenant, request);
    }

    fn leaves(&mut self, tenant: usize, request: usize) {
        self.waiting[tenant].retain(|other| *other != request);
        if self.waiting.iter().all(Vec::is_empty) {
            *self = Self::default();
        }
    }
}

struct UnderWay {
    request: usize,
    made: Instant,
    admitted: AdmittedCall,
}

struct Simulation {
    now: Instant,
    core: Core<TestWaiter>,
    decided: Rc<RefCell<Vec<(usize, Decision)>>>,
    requests: Vec<TestRequest>,
    model: FairModel,
    /// All calls, and those in progress.
    calls: Vec<Instant>,
    under_way: Vec<UnderWay>,
}

impl Simulation {
    fn new(rate: f64) -> Self {
        let core = Core::new(RateLimits::new(rate, 0.0).unwrap().with_queue(BOUNDS));
        Self {
            now: Instant::now(),
            core,
            decided: Rc::default(),
            requests: Vec::new(),
            model: FairModel::default(),
            calls: Vec::new(),
            under_way: Vec::new(),
        }
    }

    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Pass(millis) => self.pass(self.now + Duration::from_millis(millis)),
            Event::TestRequest { tenant, max_wait } => drop(self.request(tenant, Duration::from_millis(max_wait))),
            Event::Leave(which) => {
                let just_told = |request| self.under_way.iter().any(|call| call.request == request && call.made == self.now);
                let stays = |request: &usize| {
                    !self.requests[*request].left && (self.requests[*request].decision.is_none() || just_told(*request))
                };
                let stay: Vec<usize> = (0..self.requests.len()).filter(stays).collect();
                if let Some(request) = which.checked_rem(stay.len()).map(|which| stay[which]) {
                    self.leave(request);
                }
            }
            Event::End(which, outcome) => {
                if let Some(which) = which.checked_rem(self.under_way.len()) {
                    let call = self.under_way.remove(which);
                    self.requests[call.request].left = true;
                    self.core.call_ended(self.now, call.admitted, outcome);
                }
            }
            Event::RateLimits(rate) => self.core.change_limits(self.now, RateLimits::new(rate, 0.0).unwrap().with_queue(BOUNDS)),
        }
        self.listen();
    }

    fn request(&mut self, tenant: usize, max_wait: Duration) -> usize {
        let (request, deadline) = (self.requests.len(), self.now + max_wait);
        let decided = Rc::clone(&self.decided);
        let answer = self.core.admit(self.now, &share(tenant), deadline, || TestWaiter(request, decided));
        self.listen();
        let (id, decision) = match answer {
            Admission::Queued(id) => (id, None),
            Admission::Decided(decision) => (u64::MAX, Some(decision)),
        };
        self.requests.push(TestRequest { tenant, id, deadline, decision, left: decision.is_some() });
        match decision {
            None => self.model.comes(tenant, request),
            Some(Ok(admitted)) => self.make(request, admitted),
            Some(Err(rejected)) => assert!(rejected.retry_after() >= Some(SECOND)),
        }
        request
    }

    /// Advances time; every waiter polls when it was told to.
    fn pass(&mut self, until: Instant) {
        while self.now < until {
            let mut next = until;
            for request in 0..self.requests.len() {
                let TestRequest { tenant, id, decision: None, left: false, .. } = self.requests[request] else { continue };
                if let Some(check_at) = self.core.poll_waiter(self.now, &share(tenant).tenant, id) {
                    assert!(check_at > self.now);
                    next = next.min(check_at);
                }
                self.listen();
            }
            // A test clock of milliseconds, as tokio's.
            let millis = (next - self.now).as_nanos().div_ceil(1_000_000);
            self.now += Duration::from_millis(u64::try_from(millis).unwrap());
        }
    }

    fn leave(&mut self, request: usize) {
        let TestRequest { tenant, id, decision, .. } = self.requests[request];
        self.requests[request].left = true;
        match decision {
            None => self.model.leaves(tenant, request),
            // The call was not made after all.
            Some(Ok(_)) => {
                let call = self.under_way.iter().position(|call| call.request == request).unwrap();
                let made = self.under_way.remove(call).made;
                self.calls.remove(self.calls.binary_search(&made).unwrap());
            }
            Some(Err(_)) => {}
        }
        self.core.leave(self.now, &share(tenant).tenant, id, decision);
        self.listen();
    }

    /// A call is made: by the list of all calls, it must be within the budget.
    fn make(&mut self, request: usize, admitted: AdmittedCall) {
        let rate = self.core.state().rate;
        let (span, most) = if rate < 1.0 { (Duration::from_secs_f64(1.0 / rate), 1) } else { (SECOND, rate as usize) };
        self.calls.push(self.now);
        let within = self.calls.iter().rev().take_while(|call| self.now - **call < span).count();
        let closed = self.calls.iter().rev().take_while(|call| self.now - **call <= SECOND).count();
        assert!(within <= most && closed <= most, "{within} or {closed} calls in {span:?} at {rate}");
        self.under_way.push(UnderWay { request, made: self.now, admitted });
    }

    /// The notifications of waiters, in order.
    fn listen(&mut self) {
        let decided = std::mem::take(&mut *self.decided.borrow_mut());
        for (request, decision) in decided {
            let TestRequest { tenant, deadline, .. } = self.requests[request];
            self.requests[request].decision = Some(decision);
            match decision {
                Ok(admitted) => {
                    assert!(self.now <= deadline);
                    self.model.served(tenant, request);
                    self.make(request, admitted);
                }
                Err(rejected) => {
                    assert!(rejected.retry_after() >= Some(SECOND));
                    self.model.leaves(tenant, request);
                }
            }
        }
    }
}

fn share(tenant: usize) -> Share {
    Share::new(format!("tenant-{tenant}"), NonZeroU32::new(WEIGHTS[tenant]).unwrap())
}

proptest! {
    #[test]
    fn no_second_exceeds_the_rate_and_calls_are_served_in_fair_order(rate in 0..RATES.len(), events in collection::vec(event(), 1..250)) {
        let mut world = Simulation::new(RATES[rate]);
        for event in &events {
            world.happens(event);
            let waiting = world.model.waiting.each_ref().map(Vec::len);
            let state = world.core.state();
            assert_eq!(state.queued, waiting.iter().sum::<usize>());
            assert_eq!(state.tenants_queued, waiting.iter().filter(|many| **many > 0).count());
            assert!(state.queued <= BOUNDS.total && waiting.iter().all(|many| *many <= BOUNDS.per_tenant));
        }
    }

    #[test]
    fn a_rejected_request_that_retries_as_told_is_served_in_time(
        rate in 0..RATES.len(),
        events in collection::vec(event(), 1..120),
        tenant in 0..WEIGHTS.len(),
        max_wait in prop_oneof![0_u64..500, 500_u64..5000],
    ) {
        let (mut world, max_wait) = (Simulation::new(RATES[rate]), Duration::from_millis(max_wait));
        events.iter().for_each(|event| world.happens(event));
        // The stated time is exact if the rate has not changed for a second; else the next one is.
        let mut is_settled = false;
        for comes_back in 0..=2 {
            let asked = world.request(tenant, max_wait);
            if world.requests[asked].decision.is_none() {
                world.pass(world.now + max_wait + Duration::from_millis(1));
            }
            match world.requests[asked].decision {
                // Refused immediately, or evicted from a full queue.
                Some(Err(Rejected::Busy { retry_after })) => world.pass(world.now + retry_after),
                decision => {
                    assert!(comes_back == 0 || matches!(decision, Some(Ok(_))), "{:?}", world.requests[asked]);
                    is_settled = true;
                    break;
                }
            }
        }
        assert!(is_settled, "always refused");
    }

    #[test]
    fn a_cancelled_waiter_consumes_no_call(leave in collection::vec((any::<usize>(), 0_u64..300), 1..150)) {
        const RATE: f64 = 8.0;
        let mut world = Simulation::new(RATE);
        let began = world.now;
        for (which, millis) in leave {
            for tenant in 0..20 - world.core.state().queued.min(20) {
                world.request((which % WEIGHTS.len() + tenant) % WEIGHTS.len(), Duration::from_secs(600));
            }
            world.happens(&Event::Leave(which));
            world.happens(&Event::Pass(millis));
        }
        let all = (world.now - began).as_secs_f64() / 1.001 * RATE;
        assert!(world.calls.len() as f64 >= all.floor(), "{} of {all}", world.calls.len());
    }

    #[test]
    fn the_expected_admission_time_is_exact(
        rate in 1.0..30.0_f64,
        pauses in collection::vec(prop_oneof![3 => Just(0_u64), 2 => 0_u64..300, 1 => 0_u64..3000], 1..80),
        wait in 0_u64..3000,
        before in 0_usize..100,
    ) {
        let (mut window, mut now) = (SlidingWindow::default(), Instant::now());
        for pause in pauses {
            now = window.admission_time(0, rate, now + Duration::from_millis(pause));
            window.record(now, rate, rate);
        }
        let earliest = now + Duration::from_millis(wait);
        let expected = window.admission_time(before, rate, earliest);
        let mut admission_time = earliest;
        for _ in 0..before {
            admission_time = window.admission_time(0, rate, admission_time);
            window.record(admission_time, rate, rate);
        }
        admission_time = window.admission_time(0, rate, admission_time);
        let off = admission_time.max(expected) - admission_time.min(expected);
        assert!(off < Duration::from_micros(10), "{off:?} at the distance of {:?}", spacing(rate));
    }
}
