//! Lines under load, after failures, and at the end.

use std::sync::mpsc::{self, Receiver, Sender};

use super::*;
use crate::telemetry::audit::verify::{Options, Place, Verdict, Verifier};

const LONG: Duration = Duration::from_secs(60);

/// A sink that fails on request and writes at most `most` bytes at a time.
#[derive(Debug)]
struct Faulty {
    fails: Arc<AtomicBool>,
    tries: Sender<()>,
    written: Arc<Mutex<Vec<u8>>>,
    most: usize,
}

impl Sink for Faulty {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let _test_is_over = self.tries.send(());
        if self.fails.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let part = &lines[..lines.len().min(self.most)];
        self.written.lock().unwrap().extend_from_slice(part);
        Ok(part.len())
    }
}

struct Subject {
    log: AuditLog,
    fails: Arc<AtomicBool>,
    tries: Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

fn subject(fails: bool, most: usize) -> Subject {
    let (tries, tried) = mpsc::channel();
    let (fails, written) = (Arc::new(AtomicBool::new(fails)), Arc::default());
    let sink = Faulty { fails: Arc::clone(&fails), tries, written: Arc::clone(&written), most };
    let first = Record::of(Event::Start);
    let log = AuditLog::queued(Opened { sink: Box::new(sink), chain: Chain::new(None), first }).unwrap();
    Subject { log, fails, tries: tried, written }
}

fn record(number: u64) -> Record {
    let mut record = Record::of(Event::Read);
    record.number("rows", number);
    record
}

fn proved(lines: &str) -> Verdict {
    let mut verifier = Verifier::new(Options::default());
    for (index, line) in lines.lines().enumerate() {
        verifier.line(&Place { file_index: 0, file: "f".into(), line: index as u64 + 1 }, line.as_bytes());
    }
    verifier.finish()
}

impl Subject {
    fn text(&self) -> String {
        String::from_utf8(self.written.lock().unwrap().clone()).unwrap()
    }
}

#[test]
fn lines_of_many_threads_are_one_chain_and_end_with_a_stop_line() {
    let subject = subject(false, 777);
    thread::scope(|scope| {
        for worker in 0..4 {
            let log = &subject.log;
            scope.spawn(move || (0..500).for_each(|number| log.push(&record(worker * 1000 + number))));
        }
    });
    subject.log.close(LONG);
    let text = subject.text();
    let verdict = proved(&text);
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    assert_eq!((verdict.lines, verdict.chains[0].ends_with_stop), (2002, true));
    for worker in 0..4_u64 {
        let rows = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["rows"].as_u64());
        let own: Vec<u64> = rows.filter(|row| row / 1000 == worker).collect();
        assert_eq!(own, (worker * 1000..worker * 1000 + 500).collect::<Vec<_>>());
    }
}

#[test]
fn a_failing_sink_refuses_requests_keeps_all_lines_and_recovers() {
    let subject = subject(false, usize::MAX);
    assert!(subject.log.flush(LONG));
    assert_eq!((subject.log.admit(), subject.log.problem()), (Ok(()), None));
    while subject.tries.try_recv().is_ok() {}
    subject.fails.store(true, Ordering::Relaxed);
    subject.log.push(&record(1));
    // The second attempt comes after the first was recorded as a failure.
    subject.tries.recv().unwrap();
    subject.tries.recv().unwrap();
    assert_eq!(subject.log.admit(), Err(AuditUnavailable));
    assert!(subject.log.problem().is_some());
    (2..100).for_each(|number| subject.log.push(&record(number)));
    assert!(!subject.log.flush(Duration::from_millis(1)));
    subject.fails.store(false, Ordering::Relaxed);
    assert!(subject.log.flush(LONG));
    assert_eq!((subject.log.admit(), subject.log.problem()), (Ok(()), None));
    subject.log.close(LONG);
    let verdict = proved(&subject.text());
    assert!(verdict.is_intact());
    assert_eq!(verdict.lines, 101);
}

#[test]
fn too_many_waiting_lines_refuse_requests_and_are_still_kept() {
    let subject = subject(true, usize::MAX);
    let long = record(7);
    let count = 2 * HIGH_WATER / long.as_bytes().len();
    (0..count).for_each(|_| subject.log.push(&long));
    assert_eq!(subject.log.admit(), Err(AuditUnavailable));
    subject.fails.store(false, Ordering::Relaxed);
    assert!(subject.log.flush(LONG));
    subject.log.close(LONG);
    assert_eq!(proved(&subject.text()).lines, count as u64 + 2);
}

#[test]
fn a_sink_that_never_recovers_does_not_stop_the_end_of_the_process() {
    let subject = subject(true, usize::MAX);
    subject.log.push(&record(1));
    subject.log.close(Duration::from_millis(100));
    assert_eq!(subject.text(), "");
}

#[test]
fn a_log_that_is_off_takes_everything_and_writes_nothing() {
    let log = AuditLog::off();
    log.push(&record(1));
    assert!(log.flush(Duration::ZERO) && !log.is_enabled());
    assert_eq!((log.admit(), log.problem()), (Ok(()), None));
    log.close(Duration::ZERO);
}
