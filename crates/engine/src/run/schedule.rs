//! Chooses the next query: owners take turns by their weights, then the queries of one owner.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The owner of a query. Owners share the threads by their weights, regardless of the number of their queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    name: Arc<str>,
    weight: NonZeroU32,
}

impl Owner {
    /// An owner with its weight relative to others.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, weight: NonZeroU32) -> Self {
        Self { name: name.into(), weight }
    }
}

/// The tasks that wait for a thread.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    owners: Vec<Share<T>>,
    /// The virtual time of the last chosen owner. An owner that arrives later starts with it: time without a query is not
    /// compensated.
    now: u64,
}

/// The tasks of one owner.
#[derive(Debug)]
struct Share<T> {
    owner: Owner,
    waiting: VecDeque<T>,
    /// Tasks that a thread works on.
    working: usize,
    /// Nanoseconds of work, divided by the weight.
    used: u64,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        Self { owners: Vec::new(), now: 0 }
    }
}

impl<T> Schedule<T> {
    /// Adds a task after those of its owner.
    pub(super) fn add(&mut self, owner: &Owner, task: T) {
        if let Some(share) = self.share(owner) {
            share.owner.weight = owner.weight;
            share.waiting.push_back(task);
            return;
        }
        let share = Share { owner: owner.clone(), waiting: VecDeque::from([task]), working: 0, used: self.now };
        self.owners.push(share);
    }

    /// Takes the next task: the longest waiting task of the owner that has used the least.
    pub(super) fn next(&mut self) -> Option<(Owner, T)> {
        let with_tasks = self.owners.iter_mut().filter(|share| !share.waiting.is_empty());
        let share = with_tasks.min_by_key(|share| share.used)?;
        let task = share.waiting.pop_front()?;
        share.working += 1;
        share.used = share.used.max(self.now);
        self.now = share.used;
        Some((share.owner.clone(), task))
    }

    /// Records the work on a task of an owner, and returns the task to the queue if it has more work.
    pub(super) fn worked(&mut self, owner: &Owner, time: Duration, left: Option<T>) {
        if let Some(share) = self.share(owner) {
            let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            share.used = share.used.saturating_add(nanoseconds / u64::from(share.owner.weight.get()));
            share.working = share.working.saturating_sub(1);
            share.waiting.extend(left);
        }
        // An owner that has used more than others is remembered until they have caught up.
        let now = self.now;
        self.owners.retain(|share| share.working > 0 || !share.waiting.is_empty() || share.used > now);
    }

    /// The tasks that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &T> {
        self.owners.iter().flat_map(|share| &share.waiting)
    }

    fn share(&mut self, owner: &Owner) -> Option<&mut Share<T>> {
        self.owners.iter_mut().find(|share| share.owner.name == owner.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::{Owner, Schedule};

    const TURN: Duration = Duration::from_millis(5);

    fn owner(name: &str, weight: u32) -> Owner {
        Owner::new(name, NonZeroU32::new(weight).unwrap())
    }

    /// The number of turns of each owner among `count` turns, when every task continues without end.
    fn turns(schedule: &mut Schedule<&'static str>, count: usize) -> HashMap<&'static str, usize> {
        let mut turns = HashMap::new();
        for _ in 0..count {
            let (owner, task) = schedule.next().unwrap();
            *turns.entry(task).or_default() += 1;
            schedule.worked(&owner, TURN, Some(task));
        }
        turns
    }

    #[test]
    fn an_owner_with_many_queries_gets_no_more_than_one_with_a_single_query() {
        let mut schedule = Schedule::default();
        (0..50).for_each(|_| schedule.add(&owner("many", 1), "many"));
        schedule.add(&owner("one", 1), "one");
        assert_eq!(turns(&mut schedule, 100), HashMap::from([("many", 50), ("one", 50)]));
    }

    #[test]
    fn owners_share_by_weight() {
        let mut schedule = Schedule::default();
        schedule.add(&owner("light", 1), "light");
        schedule.add(&owner("heavy", 3), "heavy");
        let turns = turns(&mut schedule, 400);
        assert!((298..=302).contains(&turns["heavy"]), "{turns:?}");
    }

    #[test]
    fn an_owner_that_comes_later_begins_at_once_and_makes_up_for_nothing() {
        let mut schedule = Schedule::default();
        schedule.add(&owner("early", 1), "early");
        turns(&mut schedule, 1_000);
        schedule.add(&owner("late", 1), "late");
        assert_eq!(turns(&mut schedule, 20), HashMap::from([("early", 10), ("late", 10)]));
    }

    #[test]
    fn an_owner_that_starts_a_query_after_each_other_gets_no_more_than_its_share() {
        let mut schedule = Schedule::default();
        schedule.add(&owner("long", 1), "long");
        let mut of_long = 0;
        for _ in 0..100 {
            schedule.add(&owner("short", 1), "short");
            while let Some((taken, task)) = schedule.next() {
                let is_short = task == "short";
                of_long += usize::from(!is_short);
                schedule.worked(&taken, TURN, (!is_short).then_some(task));
                if is_short {
                    break;
                }
            }
        }
        assert!((98..=101).contains(&of_long), "{of_long}");
        assert_eq!(schedule.waiting().count(), 1);
    }

    #[test]
    fn the_queries_of_an_owner_take_turns_too() {
        let mut schedule = Schedule::default();
        ["a", "b", "c"].into_iter().for_each(|task| schedule.add(&owner("one", 1), task));
        assert_eq!(turns(&mut schedule, 9), HashMap::from([("a", 3), ("b", 3), ("c", 3)]));
    }
}
