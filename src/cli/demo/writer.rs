//! Writes the sample logs into the store: the last day first, then new events every second.

use std::time::Duration;

use logmark_store::{NewEvent, Store};

use super::sample::traffic::TrafficLevel;
use super::sample::{SampleStream, Samples, streams};
use crate::cli::CliError;
use crate::cli::import::ensure_stream;
use crate::domain::time::{Clock, SystemClock};

/// The time range of the first samples.
const BACKLOG_MS: i64 = 24 * 3600 * 1000;
/// Interval between writes.
const STEP: Duration = Duration::from_millis(500);
/// Each stream has a new event every few seconds, so that a reader sees changes.
const LIVE_GAP_MS: u32 = 3000;
/// Maximum events in one append.
const BATCH: usize = 5000;

/// All streams of the demo, with their positions.
#[derive(Debug)]
pub(super) struct Writer {
    store: Store,
    streams: Vec<(SampleStream, Samples)>,
}

impl Writer {
    /// Makes the streams, and writes the events since the last run of the demo, or of the last day.
    pub(super) fn begin(store: Store) -> Result<Self, CliError> {
        let now = SystemClock.now().0;
        let mut begun = Vec::new();
        for stream in streams(now) {
            let failed = |error: &dyn std::fmt::Display| CliError::failed(stream.group, error);
            ensure_stream(&store, stream.group, &stream.stream, now).map_err(|error| failed(&error))?;
            let known = store.stream(stream.group, &stream.stream).map_err(|error| failed(&error))?;
            let from = known.and_then(|known| known.last_event).map_or(now - BACKLOG_MS, |last| last + 1);
            let mut samples = Samples::new(&stream, from, from.unsigned_abs());
            let backlog = samples.until(now);
            samples.set_traffic_level(TrafficLevel::Steady { mean_gap_ms: LIVE_GAP_MS }, now);
            for part in backlog.chunks(BATCH) {
                store
                    .append_blocking(stream.group, &stream.stream, events(part.to_vec()), now)
                    .map_err(|error| failed(&error))?;
            }
            begun.push((stream, samples));
        }
        Ok(Self { store, streams: begun })
    }

    /// Writes new events until the demo stops.
    pub(super) async fn run(mut self) {
        loop {
            tokio::time::sleep(STEP).await;
            let now = SystemClock.now().0;
            for (stream, samples) in &mut self.streams {
                let due = samples.until(now);
                if due.is_empty() {
                    continue;
                }
                if let Err(error) = self.store.append(stream.group, &stream.stream, events(due), now).await {
                    tracing::error!(error = %error, "the demo can't write its logs: {error}");
                    return;
                }
            }
        }
    }
}

fn events(lines: Vec<(i64, String)>) -> Vec<NewEvent> {
    lines.into_iter().map(|(timestamp, message)| NewEvent { timestamp, message }).collect()
}
