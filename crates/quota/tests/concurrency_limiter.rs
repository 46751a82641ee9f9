//! The concurrency limiter under a paused clock: bounds, order, the reserve, leaving.
//!
//! Tests the public API, and a random run that accounts for every permit.
#![expect(clippy::unwrap_used, reason = "test code, which clippy sees only in functions that are tests")]

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use logmark_quota::{ConcurrencyLimiter, ConcurrencyPermit, QueueLimits, Rejected, Share};
use tokio::task::{LocalSet, yield_now};
use tokio::time::{Instant, sleep, timeout};

const MINUTE: Duration = Duration::from_secs(60);

fn concurrency_limiter(limit: u32) -> ConcurrencyLimiter {
    ConcurrencyLimiter::new(NonZeroU32::new(limit).unwrap(), QueueLimits::default())
}

fn share(tenant: &str, weight: u32) -> Share {
    Share::new(tenant, NonZeroU32::new(weight).unwrap())
}

async fn now(concurrency_limiter: &ConcurrencyLimiter, share: &Share) -> Result<ConcurrencyPermit, Rejected> {
    concurrency_limiter.acquire(share, None, Instant::now()).await
}

#[tokio::test(start_paused = true)]
async fn a_tenth_is_reserved_for_tenants_that_hold_none() {
    for (limit, alone) in [(1, 1), (2, 1), (5, 4), (20, 18), (100, 90)] {
        let (concurrency_limiter, greedy) = (concurrency_limiter(limit), share("greedy", 1));
        let mut held = Vec::new();
        while let Ok(permit) = now(&concurrency_limiter, &greedy).await {
            held.push(permit);
        }
        assert_eq!(held.len(), alone, "of {limit}");
        for other in held.len()..limit as usize {
            held.push(now(&concurrency_limiter, &share(&format!("other-{other}"), 1)).await.unwrap());
        }
        assert!(matches!(now(&concurrency_limiter, &share("late", 1)).await, Err(Rejected::Busy { .. })));
        drop(held);
        assert_eq!((concurrency_limiter.state().held, concurrency_limiter.state().queued), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_at_its_own_limit_is_rejected_at_once() {
    let (concurrency_limiter, tenant, limit) = (concurrency_limiter(10), share("a", 1), NonZeroU32::new(2));
    let deadline = Instant::now() + MINUTE;
    let held = [
        concurrency_limiter.acquire(&tenant, limit, deadline).await.unwrap(),
        concurrency_limiter.acquire(&tenant, limit, deadline).await.unwrap(),
    ];
    assert_eq!(concurrency_limiter.acquire(&tenant, limit, deadline).await.unwrap_err(), Rejected::TenantLimit);
    drop(held);
    assert!(concurrency_limiter.acquire(&tenant, limit, deadline).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_waiting_tenant_with_the_fewest_calls_for_its_weight_is_next() {
    LocalSet::new()
        .run_until(async {
            let (concurrency_limiter, order) = (concurrency_limiter(10), Rc::new(RefCell::new(Vec::new())));
            let [two, heavy, one] = [share("two", 1), share("heavy", 4), share("one", 1)];
            let (mut held, mut others) = (Vec::new(), Vec::new());
            for share in [&two, &two, &heavy, &heavy, &one] {
                held.push(now(&concurrency_limiter, share).await.unwrap());
            }
            for other in 0..5 {
                others.push(now(&concurrency_limiter, &share(&format!("other-{other}"), 1)).await.unwrap());
            }
            for share in [two, one, heavy, share("none", 1)] {
                let (concurrency_limiter, order) = (concurrency_limiter.clone(), Rc::clone(&order));
                tokio::task::spawn_local(async move {
                    let permit = concurrency_limiter.acquire(&share, None, Instant::now() + MINUTE).await.unwrap();
                    order.borrow_mut().push(share.tenant().to_owned());
                    sleep(MINUTE).await;
                    drop(permit);
                });
                yield_now().await;
            }
            assert_eq!(concurrency_limiter.state().queued, 4);
            // The first free permit is the reserve for tenants that hold none; the second replaces it.
            for other in others {
                drop(other);
                sleep(Duration::from_secs(1)).await;
            }
            assert_eq!(*order.borrow(), ["none", "heavy", "one", "two"]);
            drop(held);
            sleep(2 * MINUTE).await;
            assert_eq!((concurrency_limiter.state().held, concurrency_limiter.state().queued), (0, 0));
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_passed_deadline_rejects_with_whole_seconds_and_frees_the_queue_entry() {
    let (concurrency_limiter, tenant) = (concurrency_limiter(1), share("a", 1));
    let held = now(&concurrency_limiter, &tenant).await.unwrap();
    let began = Instant::now();
    let rejected = concurrency_limiter.acquire(&share("b", 1), None, began + MINUTE).await.unwrap_err();
    assert_eq!(began.elapsed(), MINUTE);
    assert!(rejected.retry_after() >= Some(Duration::from_secs(1)));
    assert_eq!(concurrency_limiter.state().queued, 0);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_waiter_leaks_no_permit() {
    const LIMIT: u32 = 5;
    LocalSet::new()
        .run_until(async {
            let (concurrency_limiter, done) = (concurrency_limiter(LIMIT), Rc::new(RefCell::new(0)));
            for number in 0_u64..2000 {
                let (concurrency_limiter, done) = (concurrency_limiter.clone(), Rc::clone(&done));
                tokio::task::spawn_local(async move {
                    let share = share(&format!("tenant-{}", number % 7), 1 + u32::try_from(number % 3).unwrap());
                    sleep(Duration::from_millis(number * 13 % 9001)).await;
                    // Some deadlines are too short, and some requests leave before their deadline.
                    let asked = concurrency_limiter.acquire(&share, None, Instant::now() + MINUTE);
                    if let Ok(Ok(_slot)) = timeout(Duration::from_millis(number * 31 % 1009), asked).await {
                        assert!(concurrency_limiter.state().held <= LIMIT);
                        sleep(Duration::from_millis(number * 7 % 101)).await;
                        *done.borrow_mut() += 1;
                    }
                });
            }
            sleep(10 * MINUTE).await;
            assert!(*done.borrow() > 400, "{}", done.borrow());
            assert_eq!(
                (
                    concurrency_limiter.state().held,
                    concurrency_limiter.state().queued,
                    concurrency_limiter.state().tenants_queued
                ),
                (0, 0, 0)
            );
        })
        .await;
}
