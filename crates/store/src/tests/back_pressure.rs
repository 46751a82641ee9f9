//! Appends wait while segments cannot be written, and memory stays bounded.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{GROUP, STREAM, messages, options};
use crate::disk::Disk;
use crate::{NewEvent, Store};

const MEMTABLE_BYTES: usize = 100_000;
const BATCH_BYTES: usize = 10_000;
const BATCHES: usize = 200;

#[test]
fn appends_wait_for_a_slow_flush_and_all_arrive() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let held = crate::sync::lock(&disk.faults.registering);
    let store = Store::open_with(disk.clone(), directory.path(), &options(MEMTABLE_BYTES)).unwrap();
    store.create_group(GROUP, 0).unwrap();
    store.create_stream(GROUP, STREAM, 0).unwrap();
    let acknowledged = AtomicUsize::new(0);
    let bound = 2 * (MEMTABLE_BYTES + 2 * BATCH_BYTES);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..BATCHES {
                let event = NewEvent { timestamp: number as i64, message: "m".repeat(BATCH_BYTES) };
                store.append_blocking(GROUP, STREAM, vec![event], 0).unwrap();
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
        while store.memory_bytes() < 2 * MEMTABLE_BYTES {
            std::thread::yield_now();
        }
        for _ in 0..2_000 {
            assert!(store.memory_bytes() <= bound);
            assert!(acknowledged.load(Ordering::SeqCst) * BATCH_BYTES <= bound);
            std::thread::yield_now();
        }
        drop(held);
        while acknowledged.load(Ordering::SeqCst) < BATCHES {
            assert!(store.memory_bytes() <= bound);
            std::thread::yield_now();
        }
    });
    assert_eq!(messages(&store).len(), BATCHES);
}

#[test]
fn an_append_larger_than_the_queue_still_goes_through() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_with(Disk::default(), directory.path(), &options(MEMTABLE_BYTES)).unwrap();
    store.create_group(GROUP, 0).unwrap();
    store.create_stream(GROUP, STREAM, 0).unwrap();
    let large = || NewEvent { timestamp: 0, message: "m".repeat(1 << 20) };
    store.append_blocking(GROUP, STREAM, vec![large(), large(), large(), large()], 0).unwrap();
    assert_eq!(messages(&store).len(), 4);
}
