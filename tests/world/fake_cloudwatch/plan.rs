//! Which calls go wrong, and how: by a mark in what is sent, after so many good ones, so many of them, at a rate.
//!
//! Owns the choice, which is the same in every run: its randomness is a counter's. Never carries it out: the fake does with
//! faults, `world::faulty_proxy` with cuts.

/// What goes wrong with the calls that bear one mark.
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
    /// Every call whose body holds `mark` goes wrong in this way.
    pub(crate) fn new(mark: &str, what: What) -> Self {
        Self::mixed(mark, vec![what])
    }

    /// Every call whose body holds `mark` goes wrong in one of these ways, which one at random.
    pub(crate) fn mixed(mark: &str, whats: Vec<What>) -> Self {
        Self { mark: mark.to_owned(), whats, good: 0, bad: usize::MAX, percent: 100, seed: 1, calls: 0, hits: 0 }
    }

    /// So many calls go well first.
    pub(crate) fn after(self, good: usize) -> Self {
        Self { good, ..self }
    }

    /// No more than so many go wrong.
    pub(crate) fn times(self, bad: usize) -> Self {
        Self { bad, ..self }
    }

    /// So many of a hundred go wrong, chosen by the seed.
    pub(crate) fn at_rate(self, percent: u64, seed: u64) -> Self {
        Self { percent, seed, ..self }
    }

    /// The same calls, another way.
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

/// The plans that are in force.
#[derive(Debug, Clone)]
pub(crate) struct Plans<What>(Vec<Plan<What>>);

impl<What> Default for Plans<What> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<What: Clone> Plans<What> {
    /// Puts a plan in force, in place of one with the same mark.
    pub(crate) fn set(&mut self, plan: Plan<What>) {
        self.lift(&plan.mark);
        self.0.push(plan);
    }

    /// Ends the plan with this mark, and says how many calls went wrong by it.
    pub(crate) fn lift(&mut self, mark: &str) -> usize {
        let hits = self.0.iter().find(|plan| plan.mark == mark).map_or(0, |plan| plan.hits);
        self.0.retain(|plan| plan.mark != mark);
        hits
    }

    /// What is to go wrong with a call that sends this.
    pub(crate) fn choose(&mut self, sent: &[u8]) -> Option<What> {
        let bears = |plan: &&mut Plan<What>| memchr::memmem::find(sent, plan.mark.as_bytes()).is_some();
        self.0.iter_mut().find(bears)?.next()
    }
}
