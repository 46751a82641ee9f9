//! The estimate of the service's clock is corrected backwards while a session is open.
#![expect(clippy::tests_outside_test_module, reason = "a test of the public interface")]

use logmark_tail_merge::{Bounds, Merge, Seen, Swept};

const NOW: i64 = 1_000_000_000;
const HOUR: i64 = 3_600_000;

fn event(ingestion: i64) -> Seen<()> {
    Seen { fingerprint: u128::try_from(ingestion).unwrap(), timestamp: ingestion, ingestion, event: () }
}

#[test]
fn events_are_held_no_longer_than_with_a_clock_that_was_right() {
    let mut merge = Merge::new(Bounds::default(), NOW - 15_000);
    merge.session_began(NOW + HOUR);
    assert!(merge.update(NOW, vec![event(NOW + 1)], true).is_empty());
    assert!(merge.update(NOW + 9_000, vec![event(NOW + 2)], false).is_empty());
    assert_eq!(merge.update(NOW + 10_000, Vec::new(), false), [event(NOW + 1), event(NOW + 2)]);
}

#[test]
fn a_sweep_ends_the_disorder_of_a_session_that_began_in_the_future() {
    let mut merge = Merge::new(Bounds::default(), NOW - 15_000);
    merge.session_began(NOW + HOUR);
    assert!(merge.update(NOW, vec![event(NOW + 1)], false).is_empty());
    let fresh = merge.swept(NOW + 2_500, vec![Swept { seen: event(NOW - 1), id: 1 }]);
    let shown = merge.sweep_ended(NOW + 2_000, NOW + 2_500, Some(NOW - 200_000), fresh);
    assert_eq!((shown, merge.wants_sweep()), (vec![event(NOW - 1), event(NOW + 1)], false));
}
