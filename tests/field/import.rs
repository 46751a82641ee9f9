//! Lines and files of other logs, through the binary: each event has the right time, or the import reports an error.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use logmark_store::{Direction, Options, ReadRequest, Store, StreamSelection};
use serde_json::Value;

use super::cases;
use crate::world::binary::{CommandOutput, ServiceDirectory, run};

/// Imports a file and returns the times of its events, in the order of the file.
async fn import(lines: &[&str], case: &Value) -> (Vec<Timestamp>, CommandOutput) {
    let directory = ServiceDirectory::new("");
    let file = directory.path().join("a.log");
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    if let Some(changed) = case["file_changed_at"].as_str() {
        let seconds = changed.parse::<Timestamp>().unwrap().as_second();
        let changed = UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap());
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(changed).unwrap();
    }
    let options = case["args"].as_array().into_iter().flatten().map(|option| option.as_str().unwrap());
    let arguments: Vec<&str> =
        ["import", "--group", "/acme/web", "--stream", "s"].into_iter().chain(options).chain(["a.log"]).collect();
    let said = run(directory.path(), &arguments).await;
    let stored = stored(directory.path());
    let time = |line: &&str| stored.iter().find(|(_, message)| message == line).map(|(time, _)| *time);
    (lines.iter().filter_map(time).map(|ms| Timestamp::from_millisecond(ms).unwrap()).collect(), said)
}

fn stored(folder: &Path) -> Vec<(i64, String)> {
    let store = Store::open(&folder.join("store"), Options::default()).unwrap();
    let request = ReadRequest {
        group: "/acme/web",
        streams: StreamSelection::Named(&["s"]),
        filter: None,
        start: None,
        end: None,
        direction: Direction::Forward,
        from: None,
        limit: 10_000.try_into().unwrap(),
        max_bytes: usize::MAX,
    };
    store.read(&request).unwrap().events.into_iter().map(|event| (event.timestamp, event.message)).collect()
}

fn timestamp(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_line_of_another_log_has_its_own_time_or_the_user_is_told() {
    let Some(cases) = cases::of("import_lines.json") else { return };
    let mut wrong = Vec::new();
    for case in cases {
        let line = case["line"].as_str().unwrap();
        let (times, said) = import(&["2026-11-20T09:59:59.000Z before", line], &case).await;
        let right = |key: &str| case[key].is_string() && times.get(1) == Some(&timestamp(&case[key]));
        let is_said = case["said_is_right"] == true && (said.code != 0 || said.err.contains("a.log:2"));
        if !(right("expect") || right("also_right") || is_said) {
            wrong.push(format!("{}: {line}\n  {times:?}\n{}", case["id"], said.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_line_of_a_file_has_the_time_of_its_event() {
    let Some(cases) = cases::of("import_files.json") else { return };
    let mut wrong = Vec::new();
    for case in cases {
        let lines: Vec<&str> = case["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let expected: Vec<Timestamp> = case["expect"].as_array().unwrap().iter().map(timestamp).collect();
        let (times, said) = import(&lines, &case).await;
        if times != expected {
            wrong.push(format!("{}\n  {times:?}\n{}", case["id"], said.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
