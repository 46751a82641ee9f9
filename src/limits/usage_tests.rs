//! The accounting under every order of reservations, uses, ends, days and work.

use proptest::prelude::*;

use super::*;

const LIMIT: u64 = 1000;

#[derive(Debug, Clone)]
enum Step {
    Reserve {
        id: u64,
        least: u64,
        more: u64,
    },
    /// Uses a part of what a reservation has, in percent.
    Use {
        id: u64,
        percent: u64,
    },
    End {
        id: u64,
    },
    NextDay,
    Begin {
        work: usize,
        id: u64,
    },
    Finish {
        work: usize,
        id: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..6_u64;
    prop_oneof![
        4 => (id.clone(), 0..400_u64, 0..2000_u64).prop_map(|(id, least, more)| Step::Reserve { id, least, more }),
        4 => (id.clone(), 0..=100_u64).prop_map(|(id, percent)| Step::Use { id, percent }),
        2 => id.clone().prop_map(|id| Step::End { id }),
        1 => Just(Step::NextDay),
        3 => (0..4_usize, 0..100_u64).prop_map(|(work, id)| Step::Begin { work, id }),
        3 => (0..4_usize, 0..100_u64).prop_map(|(work, id)| Step::Finish { work, id }),
    ]
}

proptest! {
    #[test]
    fn a_limit_is_never_exceeded_and_nothing_leaks(steps in proptest::collection::vec(step(), 1..200)) {
        let (mut usage, mut day) = (Usage::default(), 10);
        // By reservation: what is reserved and unused. Then what was used today, and the work that runs.
        let (mut held, mut used) = (BTreeMap::<u64, u64>::new(), 0);
        let mut running: [BTreeSet<u64>; 4] = Default::default();
        for step in steps {
            match step {
                Step::Reserve { id, least, more } => {
                    let need = Need { least, most: least + more };
                    let left = LIMIT - used - held.values().sum::<u64>();
                    match usage.budget(Budget::Scanned, day).reserve(id, need, Some(LIMIT), Allowance::Whole) {
                        Ok(bytes) => {
                            prop_assert_eq!(bytes, need.most.min(left));
                            prop_assert!(left > 0 && bytes >= least);
                            *held.entry(id).or_default() += bytes;
                        }
                        Err(short) => {
                            prop_assert!(left == 0 || least > left, "refused with {left} left");
                            prop_assert_eq!(short.left, left);
                            let own = held.get(&id).copied().unwrap_or(0);
                            prop_assert_eq!(short.is_reserved, used + own + least.max(1) <= LIMIT);
                        }
                    }
                }
                Step::Use { id, percent } => {
                    let bytes = held.get(&id).copied().unwrap_or(0) * percent / 100;
                    usage.budget(Budget::Scanned, day).note(id, bytes);
                    held.entry(id).and_modify(|left| *left -= bytes);
                    used += bytes;
                }
                Step::End { id } => {
                    usage.budget(Budget::Scanned, day).end(id);
                    held.remove(&id);
                }
                Step::NextDay => (day, used) = (day + 1, 0),
                Step::Begin { work, id } => {
                    let (kind, most) = (Work::ALL[work], 3);
                    if running[work].contains(&id) {
                        continue;
                    }
                    let is_free = running[work].len() < 3;
                    prop_assert_eq!(usage.begin(kind, id, Some(most)), is_free);
                    if is_free {
                        running[work].insert(id);
                    }
                }
                Step::Finish { work, id } => {
                    usage.finish(Work::ALL[work], id);
                    running[work].remove(&id);
                }
            }
            prop_assert_eq!(usage.budget(Budget::Scanned, day).figures(), (used, held.values().sum::<u64>()));
            prop_assert!(used + held.values().sum::<u64>() <= LIMIT);
        }
        held.keys().for_each(|id| usage.budget(Budget::Scanned, day).end(*id));
        for (work, ids) in running.iter().enumerate() {
            ids.iter().for_each(|id| usage.finish(Work::ALL[work], *id));
        }
        prop_assert_eq!(usage.budget(Budget::Scanned, day).figures(), (used, 0));
        usage.forget_news();
        prop_assert_eq!(usage.is_idle(Duration::ZERO, day), used == 0);
        prop_assert!(usage.is_idle(Duration::ZERO, day + 1));
    }
}

#[test]
fn a_share_of_a_limit_leaves_one_place_and_never_more_than_the_limit() {
    let half = Allowance::Share(0.5);
    assert_eq!([0, 1, 2, 3, 10].map(|most| half.of_places(most)), [0, 1, 1, 1, 5]);
    assert_eq!([0, 1, 10].map(|most| Allowance::Whole.of_places(most)), [0, 1, 10]);
    let mut budget = BudgetUsage::default();
    assert_eq!(budget.reserve(1, Need::UNKNOWN, Some(1000), half), Ok(500));
    assert!(budget.reserve(2, Need::exactly(1), Some(1000), half).is_err());
}

#[cfg(feature = "redis")]
#[test]
fn without_the_store_a_process_shares_what_was_left_when_it_was_last_told() {
    let half = Allowance::Share(0.5);
    let mut budget = BudgetUsage::default();
    budget.roll(10);
    budget.reserve(1, Need::exactly(300), Some(1000), Allowance::Whole).unwrap();
    budget.note(1, 300);
    let published = budget.publish(false);
    // All replicas have used 700 of 1000, so half of the other 300 is allowed.
    budget.observe(&published, 10, 700);
    assert_eq!(budget.left(1000, half), 150);
    budget.reserve(2, Need::exactly(150), Some(1000), half).unwrap();
    assert_eq!(budget.left(1000, half), 0);
    budget.end(2);
    assert_eq!(budget.left(1000, half), 150);
    budget.roll(11);
    assert_eq!(budget.left(1000, half), 500, "nothing is known of the next day");
}

#[cfg(feature = "redis")]
#[test]
fn a_report_that_is_lost_is_made_again() {
    let mut budget = BudgetUsage::default();
    budget.roll(10);
    budget.reserve(1, Need::exactly(300), Some(1000), Allowance::Whole).unwrap();
    budget.note(1, 100);
    let lost = budget.publish(false);
    assert_eq!((lost.settled, lost.reservations.as_slice()), (100, [(1, 200)].as_slice()));
    assert!(!budget.has_news());
    budget.note(1, 50);
    budget.unpublish(&lost);
    let again = budget.publish(false);
    assert_eq!((again.settled, again.reservations), (150, vec![(1, 150)]));
    budget.end(1);
    assert_eq!(budget.publish(false).reservations, [(1, 0)]);
}
