//! Plans of faults: which calls fail, and how. Calls are chosen by a mark in the request, a count or a rate.
//!
//! Owns the choice, which is the same in every run: the random numbers come from a counter. Does not inject faults: the fake
//! injects answers, `world::faulty_proxy` injects cuts.

/// The faults of the calls that contain one mark.
#[derive(Debug, Clone)]
pub(crate) struct Plan<What> {
    mark: String,
    whats: Vec<What>,
    good: usize,
    bad: usize,
    percent: u64,
    seed: u64,
    calls: usize,
    hits: usize,
}

impl<What: Clone> Plan<What> {
    /// Every call whose body contains `mark` has this fault.
    pub(crate) fn new(mark: &str, what: What) -> Self {
        Self::mixed(mark, vec![what])
    }

    /// Every call whose body contains `mark` has one of these faults, chosen at random.
    pub(crate) fn mixed(mark: &str, whats: Vec<What>) -> Self {
        Self { mark: mark.to_owned(), whats, good: 0, bad: usize::MAX, percent: 100, seed: 1, calls: 0, hits: 0 }
    }

    /// This many calls succeed first.
    pub(crate) fn after(self, good: usize) -> Self {
        Self { good, ..self }
    }

    /// At most this many calls fail.
    pub(crate) fn times(self, bad: usize) -> Self {
        Self { bad, ..self }
    }

    /// This percentage of calls fail, chosen by the seed.
    pub(crate) fn at_rate(self, percent: u64, seed: u64) -> Self {
        Self { percent, seed, ..self }
    }

    /// The same calls with another fault.
    pub(crate) fn with<Other>(self, what: Other) -> Plan<Other> {
        let Self { mark, good, bad, percent, seed, calls, hits, .. } = self;
        Plan { mark, whats: vec![what], good, bad, percent, seed, calls, hits }
    }

    fn next(&mut self) -> Option<What> {
        let call = self.calls;
        self.calls += 1;
        let random = mixed_up(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(call as u64));
        if call < self.good || self.hits >= self.bad || random % 100 >= self.percent {
            return None;
        }
        self.hits += 1;
        let index = usize::try_from(random >> 32).unwrap() % self.whats.len();
        Some(self.whats[index].clone())
    }
}

/// The finaliser of splitmix64.
fn mixed_up(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The active plans.
#[derive(Debug, Clone)]
pub(crate) struct Plans<What>(Vec<Plan<What>>);

impl<What> Default for Plans<What> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<What: Clone> Plans<What> {
    /// Activates a plan, in place of one with the same mark.
    pub(crate) fn set(&mut self, plan: Plan<What>) {
        self.lift(&plan.mark);
        self.0.push(plan);
    }

    /// Ends the plan with this mark and returns the number of calls that it made fail.
    pub(crate) fn lift(&mut self, mark: &str) -> usize {
        let hits = self.0.iter().find(|plan| plan.mark == mark).map_or(0, |plan| plan.hits);
        self.0.retain(|plan| plan.mark != mark);
        hits
    }

    /// The fault, if any, of a call with this request.
    pub(crate) fn choose(&mut self, sent: &[u8]) -> Option<What> {
        let bears = |plan: &&mut Plan<What>| memchr::memmem::find(sent, plan.mark.as_bytes()).is_some();
        self.0.iter_mut().find(bears)?.next()
    }
}
