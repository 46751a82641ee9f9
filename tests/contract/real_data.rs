//! A real web server's log of 10,000 requests: written, exported, and compared byte for byte.
//!
//! `LOGMARK_TEST_DATA` names the folder that holds `web/apache_combined_semicomplete_10k.log` (elastic/examples, Apache-2.0); by
//! default it is `shared/data` beside the project. Without the file these tests print that they are skipped.

use std::path::{Path, PathBuf};

use super::subject::{Event, Subject, group_path, now, stream_path};

const FILE: &str = "web/apache_combined_semicomplete_10k.log";
const DAY: i64 = 24 * 3600 * 1000;

/// The lines with their times, shifted so that the newest is of yesterday, in order of time. Lines with equal times keep the
/// order of the file.
fn lines() -> Option<Vec<(i64, String)>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = || manifest.ancestors().skip(1).map(|folder| folder.join("shared/data")).find(|folder| folder.is_dir());
    let folder = std::env::var_os("LOGMARK_TEST_DATA").map(PathBuf::from).or_else(beside);
    let Some(text) = folder.and_then(|folder| std::fs::read_to_string(folder.join(FILE)).ok()) else {
        println!("skipped: no `{FILE}`; LOGMARK_TEST_DATA names its folder");
        return None;
    };
    let mut lines: Vec<(i64, String)> = text.lines().map(|line| (time(line), line.to_owned())).collect();
    assert_eq!(lines.len(), 10_000);
    lines.sort_by_key(|(at, _)| *at);
    let shift = now() - DAY - lines.last().unwrap().0;
    Some(lines.into_iter().map(|(at, line)| (at + shift, line)).collect())
}

/// `… [17/May/2015:10:05:03 +0000] …` in milliseconds.
fn time(line: &str) -> i64 {
    let text = line.split_once('[').unwrap().1.split_once(']').unwrap().0;
    let time = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).unwrap();
    time.to_timestamp().unwrap().as_millisecond()
}

/// The group with the lines in the stream `access`, and the lines; `None` without the data.
async fn write(subject: &Subject) -> Option<(String, Vec<(i64, String)>)> {
    let (group, lines) = (subject.group("web"), lines()?);
    let events: Vec<(i64, &str)> = lines.iter().map(|(at, line)| (*at, line.as_str())).collect();
    subject.put(&group, "access", &events).await;
    Some((group, lines))
}

pub async fn ten_thousand_lines_are_exported_byte_for_byte(subject: &Subject) {
    let Some((group, lines)) = write(subject).await else { return };
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    for path in [stream_path(&group, "access"), group_path(&group)] {
        let raw = subject.get(&format!("{path}?start=-13d&format=text&raw=true")).await;
        assert!(raw.body == text, "{path}: text");
        let ndjson = subject.get(&format!("{path}?start=-13d&format=ndjson")).await.text();
        let mut expected = lines.iter();
        for line in ndjson.lines() {
            let event = Event::of(&serde_json::from_str(line).unwrap());
            assert_eq!(Some(&(event.at, event.message)), expected.next(), "{path}: ndjson");
        }
        assert_eq!(expected.next(), None, "{path}: ndjson");
    }
}

pub async fn ten_thousand_lines_in_pages_of_7(subject: &Subject) {
    in_pages(subject, 7).await;
}

pub async fn ten_thousand_lines_in_pages_of_997(subject: &Subject) {
    in_pages(subject, 997).await;
}

async fn in_pages(subject: &Subject, limit: usize) {
    let Some((group, lines)) = write(subject).await else { return };
    let read = subject.forward(&format!("{}?start=-13d", stream_path(&group, "access")), limit).await;
    assert!(read.into_iter().map(|event| (event.at, event.message)).eq(lines));
}
