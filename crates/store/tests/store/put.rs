//! The rules of PutLogEvents at their boundaries.

use logmark_store::put::{Accepted, Candidate, PutError, RejectedEvents, check};

const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn at(times: &[i64]) -> Vec<Candidate> {
    times.iter().map(|timestamp| Candidate { timestamp: *timestamp, bytes: 1 }).collect()
}

fn sized(sizes: &[usize]) -> Result<Accepted, PutError> {
    let events: Vec<Candidate> = sizes.iter().map(|bytes| Candidate { timestamp: NOW, bytes: *bytes }).collect();
    check(&events, NOW, None)
}

fn accepted(range: std::ops::Range<usize>) -> Result<Accepted, PutError> {
    Ok(Accepted { events: range, rejected: None })
}

fn partly(
    range: std::ops::Range<usize>,
    too_new_start: Option<usize>,
    too_old_end: Option<usize>,
    expired_end: Option<usize>,
) -> Result<Accepted, PutError> {
    Ok(Accepted { events: range, rejected: Some(RejectedEvents { too_new_start, too_old_end, expired_end }) })
}

#[test]
fn a_call_holds_1_to_10_000_events() {
    assert_eq!(sized(&[]), Err(PutError::Empty));
    assert_eq!(sized(&[1; 10_000]), accepted(0..10_000));
    assert_eq!(sized(&[1; 10_001]), Err(PutError::TooManyEvents { events: 10_001 }));
}

#[test]
fn a_call_holds_1_048_576_bytes_with_26_for_each_event() {
    assert_eq!(sized(&[0]), Err(PutError::EmptyMessage { index: 0 }));
    assert_eq!(sized(&[1_048_550]), accepted(0..1));
    assert_eq!(sized(&[1, 1_048_551]), Err(PutError::EventTooLarge { index: 1, bytes: 1_048_577 }));
    assert_eq!(sized(&[524_262, 524_262]), accepted(0..2));
    assert_eq!(sized(&[524_262, 524_263]), Err(PutError::BatchTooLarge { bytes: 1_048_577 }));
    assert_eq!(sized(&[usize::MAX]), Err(PutError::EventTooLarge { index: 0, bytes: usize::MAX }));
}

#[test]
fn timestamps_ascend_and_are_not_negative() {
    assert_eq!(check(&at(&[NOW, NOW]), NOW, None), accepted(0..2));
    assert_eq!(check(&at(&[NOW, NOW, NOW - 1]), NOW, None), Err(PutError::NotChronological { index: 2 }));
    assert_eq!(check(&at(&[-1]), NOW, None), Err(PutError::NegativeTimestamp { index: 0, timestamp: -1 }));
    assert_eq!(check(&at(&[0]), 0, None), accepted(0..1));
}

#[test]
fn events_more_than_two_hours_ahead_are_left_out() {
    assert_eq!(check(&at(&[NOW + 2 * HOUR]), NOW, None), accepted(0..1));
    assert_eq!(check(&at(&[NOW, NOW + 2 * HOUR + 1]), NOW, None), partly(0..1, Some(1), None, None));
    assert_eq!(check(&at(&[NOW + 2 * HOUR + 1]), NOW, None), partly(0..0, Some(0), None, None));
    // Rejected before the span is measured.
    assert_eq!(check(&at(&[NOW, NOW + 30 * DAY]), NOW, None), partly(0..1, Some(1), None, None));
}

#[test]
fn events_more_than_fourteen_days_old_are_left_out() {
    assert_eq!(check(&at(&[NOW - 14 * DAY]), NOW, None), accepted(0..1));
    let batch = at(&[NOW - 14 * DAY - 1, NOW - 14 * DAY]);
    assert_eq!(check(&batch, NOW, None), partly(1..2, None, Some(1), None));
    assert_eq!(check(&batch, NOW, Some(30)), partly(1..2, None, Some(1), None));
}

#[test]
fn events_older_than_the_retention_are_left_out() {
    assert_eq!(check(&at(&[NOW - DAY]), NOW, Some(1)), accepted(0..1));
    assert_eq!(check(&at(&[NOW - DAY - 1, NOW]), NOW, Some(1)), partly(1..2, None, None, Some(1)));
    let all = at(&[NOW - 40 * DAY, NOW - 20 * DAY, NOW - 5 * DAY, NOW, NOW + 3 * HOUR]);
    assert_eq!(check(&all, NOW, Some(3)), partly(3..4, Some(4), Some(2), Some(3)));
    assert_eq!(check(&all[..2], NOW, Some(30)), partly(2..2, None, Some(2), Some(1)));
}

#[test]
fn what_is_left_spans_at_most_24_hours() {
    assert_eq!(check(&at(&[NOW - DAY, NOW]), NOW, None), accepted(0..2));
    assert_eq!(check(&at(&[NOW - DAY - 1, NOW]), NOW, None), Err(PutError::SpanTooLong { span_ms: DAY + 1 }));
    assert_eq!(
        PutError::SpanTooLong { span_ms: 0 }.to_string(),
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    );
}

#[test]
fn clocks_at_the_ends_of_time_do_no_harm() {
    for now in [i64::MIN, -1, 0, i64::MAX] {
        for time in [0, 1, i64::MAX] {
            let found = check(&at(&[time]), now, Some(u32::MAX)).unwrap();
            assert!(found.events.end <= 1 && found.events.start <= found.events.end);
        }
    }
}
