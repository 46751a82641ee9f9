//! Tests of internals: failing disks, delayed flushes, logs after a loss of power.

mod back_pressure;
mod failing_disk;
mod layout;
mod one_moment;
mod torn_groups;

use std::num::NonZeroUsize;

use crate::{Direction, NewEvent, Options, ReadRequest, Store, StreamSelection};

const GROUP: &str = "group";
const STREAM: &str = "stream";

fn batch(number: usize, events: usize) -> Vec<NewEvent> {
    (0..events).map(|at| NewEvent { timestamp: number as i64, message: format!("{number}.{at}") }).collect()
}

fn options(memtable_bytes: usize) -> Options {
    Options { memtable_bytes, queue_bytes: 50_000, block_bytes: 4_096, ..Options::default() }
}

fn everything() -> ReadRequest<'static> {
    ReadRequest {
        group: GROUP,
        streams: StreamSelection::All,
        filter: None,
        start: None,
        end: None,
        direction: Direction::Forward,
        from: None,
        limit: NonZeroUsize::MAX,
        max_bytes: usize::MAX,
    }
}

fn messages(store: &Store) -> Vec<String> {
    store.read(&everything()).unwrap().events.into_iter().map(|event| event.message).collect()
}
