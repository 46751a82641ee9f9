//! Clocks of the host and of the source that differ, or that are corrected while a tail is open.

use super::*;

/// An hour, beyond which a date of the source is not believed, minus a second.
const FAR: i64 = 3_599_000;

/// The first tail of a process, before any answer has told the source's time.
#[tokio::test]
async fn the_first_tail_shows_what_is_ingested_after_it_opened_by_the_sources_clock() {
    for ahead in [30_000, -30_000, FAR, -FAR] {
        for from in [TailStart::Now, TailStart::Time(SystemClock.now())] {
            let world = World::new().await;
            world.clock.ahead.store(ahead, Ordering::Relaxed);
            let source = world.source_with(TailSettings { sessions: 0, ..settings() });
            let mut reader = tail(&source, from.clone()).await;
            let mut received = Received::default();
            for message in numbered(20) {
                world.put(STREAM, 0, &message);
            }
            received.read(&mut reader, 20).await;
            assert_eq!(received.messages, numbered(20), "{ahead} ms ahead, {from:?}");
        }
    }
}

/// Events that were ingested before the viewer asked are not new, however the clocks differ.
#[tokio::test]
async fn the_first_tail_leaves_out_what_was_ingested_before() {
    for ahead in [30_000, -30_000] {
        let world = World::new().await;
        // Sweeps show it at once, although it is not settled by the bounds.
        world.fake.state().logs.settling = 0;
        {
            let mut state = world.fake.state();
            let now = state.tick();
            state.logs.put_at(GROUP, STREAM, (now - 3_000, now - 3_000), "old");
        }
        world.clock.ahead.store(ahead, Ordering::Relaxed);
        let source = world.source();
        let mut reader = tail(&source, TailStart::Now).await;
        world.put(STREAM, 0, "event 0000");
        let mut received = Received::default();
        received.read(&mut reader, 1).await;
        assert_eq!(received.messages, numbered(1), "{ahead} ms ahead");
    }
}

/// The host's clock steps between two events, forwards and back; viewers that join then, and viewers that resume, miss nothing.
#[tokio::test]
async fn a_host_clock_that_steps_loses_no_event_of_open_and_resumed_tails() {
    let world = World::new().await;
    let source = world.source();
    let mut reader = tail(&source, TailStart::Now).await;
    let mut received = Received::default();
    for (number, message) in numbered(60).iter().enumerate() {
        if number % 10 == 5 {
            world.clock.ahead.store([40_000, 0, -40_000][number / 10 % 3], Ordering::Relaxed);
        }
        world.put(STREAM, 0, message);
        received.read(&mut reader, number / 3 * 3).await;
    }
    received.read(&mut reader, 60).await;
    assert_eq!((received.sorted(), received.gaps), (numbered(60), 0));
    for (number, position) in received.positions.iter().enumerate().step_by(11) {
        let mut resumed = Received::default();
        let mut reader = tail(&source, TailStart::Position(position.clone())).await;
        resumed.read(&mut reader, 59 - number).await;
        assert_eq!(resumed.sorted(), numbered(60)[number + 1..], "after {number}");
    }
}
