//! The thread pool: turns, handles, cancellation, panics.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use logmark_engine::error::{InputError, QueryError};
use logmark_engine::input::memory::MemorySource;
use logmark_engine::input::{Block, Input, Scan, Source};
use logmark_engine::run::{Owner, QueryLimits, QueryStatus, Runner};

use super::support::{TIMES, event, planned, shown};

const LONG: Duration = Duration::from_secs(120);

/// A source that returns the same block without end, and counts the calls.
#[derive(Debug, Clone, Default)]
struct Endless {
    given: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct EndlessInput {
    given: Arc<AtomicUsize>,
    source: MemorySource,
    scan: Scan,
}

impl Source for Endless {
    fn open(&self, scan: &Scan) -> Result<Box<dyn Input>, InputError> {
        let source = MemorySource::new(vec![event(TIMES.start, r#"{"a":1}"#)], 1);
        Ok(Box::new(EndlessInput { given: Arc::clone(&self.given), source, scan: scan.clone() }))
    }
}

impl Input for EndlessInput {
    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>, InputError> {
        self.given.fetch_add(1, Ordering::Relaxed);
        self.source.open(&self.scan)?.next_block()
    }
}

/// A source that panics.
#[derive(Debug)]
struct Broken;

impl Source for Broken {
    fn open(&self, _: &Scan) -> Result<Box<dyn Input>, InputError> {
        panic!("a defect")
    }
}

fn owner() -> Owner {
    Owner::new("acme", NonZeroU32::MIN)
}

fn small() -> Arc<MemorySource> {
    Arc::new(MemorySource::new((0..50).map(|n| event(TIMES.start + n, format!(r#"{{"a":{n}}}"#))).collect(), 7))
}

#[test]
fn a_short_query_ends_beside_endless_ones_on_one_thread() {
    let runner = Runner::new(1, 1 << 30).unwrap();
    let endless = Endless::default();
    let endless_queries: Vec<_> = (0..5)
        .map(|_| {
            runner.start(
                &owner(),
                planned("stats count(*) by a").unwrap(),
                Arc::new(endless.clone()),
                QueryLimits::default(),
                || {},
            )
        })
        .collect();
    let short = runner.start(&owner(), planned("stats sum(a) as s").unwrap(), small(), QueryLimits::default(), || {});
    assert!(matches!(short.wait(LONG), QueryStatus::Complete));
    assert_eq!(shown(&short.rows()).1, [["1225"]]);
    for query in &endless_queries {
        assert!(!query.status().has_ended());
        query.cancel();
        let QueryStatus::Failed(error) = query.wait(LONG) else { panic!("it runs") };
        assert!(matches!(*error, QueryError::Cancelled));
    }
}

#[test]
fn a_dropped_handle_cancels_and_releases_its_memory() {
    let runner = Runner::new(2, 1 << 30).unwrap();
    let (ended, end) = mpsc::channel();
    let query = runner.start(
        &owner(),
        planned("stats count(*) by a").unwrap(),
        Arc::new(Endless::default()),
        QueryLimits::default(),
        move || {
            ended.send(()).unwrap();
        },
    );
    drop(query);
    end.recv_timeout(LONG).unwrap();
    let query = runner.start(&owner(), planned("fields a").unwrap(), small(), QueryLimits::default(), || {});
    assert!(matches!(query.wait(LONG), QueryStatus::Complete));
    assert!(runner.memory_used() > 0);
    drop(query);
    assert_eq!(runner.memory_used(), 0);
}

#[test]
fn rows_so_far_are_shown_while_a_query_runs() {
    let runner = Runner::new(1, 1 << 30).unwrap();
    let query = runner.start(
        &owner(),
        planned("stats count(*) as n by a").unwrap(),
        Arc::new(Endless::default()),
        QueryLimits::default(),
        || {},
    );
    assert_eq!(*query.rows().columns, ["a", "n"]);
    let mut last = 0;
    while last < 3 {
        let rows = query.rows();
        last = rows.rows.first().map_or(0, |row| row.values[1].to_string().parse().unwrap());
        std::thread::yield_now();
    }
    assert!(query.statistics().records_scanned >= 3);
    assert!(matches!(query.status(), QueryStatus::Running));
}

#[test]
fn a_panic_ends_its_query_alone() {
    let runner = Runner::new(1, 1 << 30).unwrap();
    let broken = runner.start(&owner(), planned("fields a").unwrap(), Arc::new(Broken), QueryLimits::default(), || {});
    let QueryStatus::Failed(error) = broken.wait(LONG) else { panic!("it ended well") };
    assert!(matches!(*error, QueryError::Bug(_)));
    let query = runner.start(&owner(), planned("fields a").unwrap(), small(), QueryLimits::default(), || {});
    assert!(matches!(query.wait(LONG), QueryStatus::Complete));
}

#[test]
fn memory_is_bounded_for_all_queries_together() {
    let runner = Runner::new(2, 12_000).unwrap();
    let limits = QueryLimits { memory: 1 << 20, ..QueryLimits::default() };
    let first = runner.start(&owner(), planned("fields a, a + 1, a + 2").unwrap(), small(), limits, || {});
    assert!(matches!(first.wait(LONG), QueryStatus::Complete));
    let second = runner.start(&owner(), planned("fields @message, a, a + 1, a + 2").unwrap(), small(), limits, || {});
    let QueryStatus::Failed(error) = second.wait(LONG) else { panic!("it fits") };
    assert!(matches!(*error, QueryError::Memory { limit: 12_000 }));
    drop((first, second));
    let third = runner.start(&owner(), planned("stats count(*)").unwrap(), small(), limits, || {});
    assert!(matches!(third.wait(LONG), QueryStatus::Complete));
}

#[test]
fn closing_the_pool_cancels_all_queries() {
    let runner = Runner::new(2, 1 << 30).unwrap();
    let queries: Vec<_> = (0..8)
        .map(|_| {
            runner.start(
                &owner(),
                planned("stats count(*)").unwrap(),
                Arc::new(Endless::default()),
                QueryLimits::default(),
                || {},
            )
        })
        .collect();
    drop(runner);
    for query in queries {
        assert!(query.status().has_ended());
    }
}
