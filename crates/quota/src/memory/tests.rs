//! Tests of the public API: shares, waits, changing sizes.

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{MemoryPool, Reservation};
use crate::{QueueLimits, Rejected, Share};

const QUEUE: QueueLimits = QueueLimits { total: 100, per_tenant: 100 };

fn share(tenant: &str) -> Share {
    Share::new(tenant, NonZeroU32::MIN)
}

/// Reserves `step` bytes at a time until the tenant is refused.
fn all_of(memory: &MemoryPool, tenant: &str, step: u64) -> (Vec<Reservation>, Rejected) {
    let mut held = Vec::new();
    loop {
        match memory.try_reserve(&share(tenant), step) {
            Ok(reservation) => held.push(reservation),
            Err(rejected) => return (held, rejected),
        }
    }
}

#[test]
fn one_tenant_gets_half_and_another_always_gets_through() {
    let memory = MemoryPool::new(1200, QUEUE);
    let (greedy, rejected) = all_of(&memory, "greedy", 10);
    assert_eq!((greedy.len(), rejected), (60, Rejected::TenantLimit));
    let (second, _) = all_of(&memory, "second", 10);
    assert_eq!(second.len(), 30, "half of what is left");
    let (_third, _) = all_of(&memory, "third", 10);
    let fourth = memory.try_reserve(&share("fourth"), 140);
    assert!(fourth.is_ok(), "an eighth is left for tenants that hold nothing: {:?}", memory.state());
    assert!(matches!(memory.try_reserve(&share("fifth"), 1000), Err(Rejected::Busy { .. })), "other tenants hold it");
    drop((greedy, second));
    assert!(memory.try_reserve(&share("fifth"), 900).is_ok());
}

#[test]
fn weights_shift_the_shares() {
    let memory = MemoryPool::new(1200, QUEUE);
    let heavy = Share::new("heavy", NonZeroU32::new(3).unwrap());
    let held: Vec<_> = std::iter::from_fn(|| memory.try_reserve(&heavy, 10).ok()).collect();
    assert_eq!(held.len(), 90, "three times what it leaves");
}

#[test]
fn a_reservation_changes_its_size() {
    let memory = MemoryPool::new(100, QUEUE);
    let mut one = memory.try_reserve(&share("a"), 40).unwrap();
    assert!(one.resize(50) && !one.resize(60) && one.bytes() == 50, "no more than is left free");
    assert!(one.resize(10));
    one.join(memory.try_reserve(&share("a"), 5).unwrap());
    assert_eq!((one.bytes(), memory.state().held), (15, 15));
    drop(one);
    assert_eq!((memory.state().held, memory.state().tenants), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_tenant_that_holds_less_is_served_first_and_a_cancelled_waiter_takes_nothing() {
    let memory = MemoryPool::new(100, QUEUE);
    let begun = Instant::now();
    let until = begun + Duration::from_secs(5);
    let large = memory.try_reserve(&share("large"), 90).unwrap();
    let (greedy, modest) = (share("greedy"), share("modest"));
    let some = memory.try_reserve(&greedy, 8).unwrap();
    let gives_up = tokio::time::timeout(Duration::from_secs(1), memory.reserve(&modest, 50, until));
    let (first, second) = (memory.reserve(&greedy, 20, until), memory.reserve(&modest, 60, until));
    let frees = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(large);
    };
    let (gave_up, first, second, ()) = tokio::join!(gives_up, first, second, frees);
    assert!(gave_up.is_err());
    assert!(matches!(first, Err(Rejected::TenantLimit)), "it came first, holds more, and its own share ends it: {first:?}");
    assert_eq!(second.unwrap().bytes(), 60);
    drop(some);
    assert_eq!((memory.state().held, memory.state().queued), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_small_request_passes_those_who_wait_for_much_and_one_to_spare_does_not() {
    let memory = MemoryPool::new(1000, QUEUE);
    let (a, until) = (share("a"), Instant::now() + Duration::from_secs(3));
    let _held = memory.try_reserve(&a, 400).unwrap();
    let waits = memory.reserve(&a, 300, until);
    let looks = async {
        tokio::task::yield_now().await;
        assert_eq!(memory.state().queued, 1);
        assert!(memory.reserve_spare(&a, 10).is_err() && memory.reserve_spare(&share("b"), 10).is_ok());
        assert!(memory.try_reserve(&a, 10).is_ok());
    };
    let (waited, ()) = tokio::join!(waits, looks);
    assert_eq!(waited.unwrap_err(), Rejected::TenantLimit);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_deadline_and_says_whose_fault_it_is() {
    let memory = MemoryPool::new(100, QUEUE);
    let until = Instant::now() + Duration::from_secs(3);
    let _all = memory.try_reserve(&share("a"), 100).unwrap();
    let (own, other) = (share("a"), share("b"));
    let (own, other) = tokio::join!(memory.reserve(&own, 10, until), memory.reserve(&other, 10, until));
    assert_eq!(own.unwrap_err(), Rejected::TenantLimit);
    assert!(matches!(other.unwrap_err(), Rejected::Busy { .. }));
    assert!(memory.reserve(&share("c"), 101, until).await.is_err(), "more than all of it is refused at once");
}

proptest! {
    #[test]
    fn no_more_than_the_budget_is_held_and_all_of_it_comes_back(
        steps in proptest::collection::vec((0..4_usize, 1..400_u64, any::<bool>()), 1..200),
    ) {
        let memory = MemoryPool::new(1000, QUEUE);
        let mut held: Vec<Vec<Reservation>> = (0..4).map(|_| Vec::new()).collect();
        for (tenant, bytes, takes) in steps {
            if takes {
                let holds_nothing = held[tenant].is_empty();
                let free = 1000 - memory.state().held;
                match memory.try_reserve(&share(&tenant.to_string()), bytes) {
                    Ok(reservation) => held[tenant].push(reservation),
                    Err(_) => prop_assert!(!(holds_nothing && bytes <= free), "a tenant that holds nothing gets what is free"),
                }
            } else {
                drop(held[tenant].pop());
            }
            let all: u64 = held.iter().flatten().map(Reservation::bytes).sum();
            prop_assert_eq!(memory.state().held, all);
            prop_assert!(all <= 1000);
        }
        held.clear();
        prop_assert_eq!((memory.state().held, memory.state().tenants), (0, 0));
    }
}
