//! A process that appends is killed at random moments; all acknowledged appends exist afterwards.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use logmark_store::{Options, Store};

use super::world::{GROUP, STREAM, event, messages};

const DIRECTORY_VARIABLE: &str = "LOGMARK_STORE_TEST_CHILD_DIRECTORY";
const KILLS: u64 = 20;

fn options() -> Options {
    let mut options = Options::default();
    // Small, so that kills also hit flushes.
    options.memtable_bytes = 20_000;
    options.block_bytes = 4_096;
    options
}

#[test]
fn child_appends_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY_VARIABLE) else { return };
    let store = Store::open(directory.as_ref(), options()).unwrap();
    let _ = store.create_group(GROUP, 0);
    let _ = store.create_stream(GROUP, STREAM, 0);
    let next = messages(&store).len();
    let mut out = std::io::stdout();
    for number in (next..).step_by(3) {
        let events = (number..number + 3).map(|n| event(7, format!("{n:0100}"))).collect();
        store.append_blocking(GROUP, STREAM, events, 0).unwrap();
        writeln!(out, "acknowledged {}", number + 3).unwrap();
    }
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_acknowledged_once_and_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let mut found = 0;
    let mut flushed = false;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child_appends_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY_VARIABLE, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let counts = output.lines().map_while(Result::ok);
            counts.filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<usize>().ok()).last()
        });
        // The moment of the kill is random input, not synchronisation.
        std::thread::sleep(Duration::from_millis(20 + (kill * 7919) % 230));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = reader.join().unwrap().unwrap_or(found);
        let Ok(store) = Store::open(directory.path(), options()) else { panic!("cannot be opened after a kill") };
        if store.group(GROUP).unwrap().is_none() {
            continue;
        }
        let messages = messages(&store);
        assert!(messages.len() >= acknowledged, "{} of {acknowledged} are there", messages.len());
        assert_eq!(messages.len() % 3, 0, "an append exists only in part");
        let numbers = messages.iter().map(|message| message.parse::<usize>().unwrap());
        assert!(numbers.eq(0..messages.len()), "lost, doubled or out of order");
        found = messages.len();
        flushed |= directory.path().join("segments/00000000000000000002.segment").exists();
    }
    assert!(found > 0 && flushed, "every kill came before the first append");
}
