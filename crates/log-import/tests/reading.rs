//! Whole inputs: events and counts, without lost lines.

#![expect(clippy::unwrap_used, reason = "a failure in a helper fails its test")]

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use logmark_log_import::{DEFAULT_EXAMPLES, ImportError, Input, MAX_LINE_BYTES, Missing, NewLine, Options, Summary, read};

/// 2026-11-21T08:00:00Z.
const NOW: i64 = 1_795_248_000_000;
/// 2026-11-20T10:00:00Z.
const TEN: i64 = 1_795_168_800_000;

fn options(missing: Missing) -> Options {
    Options { missing, ..Options::detect(NOW) }
}

fn read_all(input: impl Read + Send, options: Options) -> (Vec<NewLine>, Summary, Option<ImportError>) {
    let mut reading = read("app.log", Input::Stream(Box::new(input)), options).unwrap();
    let mut lines = Vec::new();
    let mut failure = None;
    for line in &mut reading {
        match line {
            Ok(line) => lines.push(line),
            Err(error) => failure = Some(error),
        }
    }
    let summary = reading.into_summary();
    assert_eq!(summary.lines + summary.split, summary.events + summary.empty + summary.rejected + summary.joined);
    assert_eq!(summary.events, lines.len() as u64);
    (lines, summary, failure)
}

fn rejections(summary: &Summary) -> Vec<String> {
    summary.examples.iter().map(ToString::to_string).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const STACK: &str = "starting up\n\
    2026-11-20 10:00:00,000 ERROR failed\n\
    java.lang.IllegalStateException: no stock\n\
    \tat com.example.Orders.place(Orders.java:42)\n\
    \n\
    2026-11-20 10:00:01,500 INFO going on\n";

#[test]
fn lines_without_a_time_inherit() {
    let (lines, summary, _) = read_all(STACK.as_bytes(), options(Missing::Inherit));
    let times: Vec<_> = lines.iter().map(|line| (line.line, line.timestamp - TEN)).collect();
    assert_eq!(times, [(2, 0), (3, 0), (4, 0), (6, 1500)]);
    assert_eq!(lines[2].message, "\tat com.example.Orders.place(Orders.java:42)");
    assert_eq!((summary.lines, summary.inherited, summary.assumed, summary.empty), (6, 2, 0, 1));
    assert_eq!(rejections(&summary), ["app.log:1: no timestamp"]);
}

#[test]
fn lines_before_the_first_time_can_take_the_callers() {
    let (lines, summary, _) = read_all(STACK.as_bytes(), options(Missing::InheritOr(7)));
    assert_eq!((lines[0].timestamp, lines[1].timestamp), (7, TEN));
    assert_eq!((summary.assumed, summary.inherited, summary.rejected), (1, 2, 0));
}

#[test]
fn lines_without_a_time_can_be_refused() {
    let (lines, summary, _) = read_all(STACK.as_bytes(), options(Missing::Refuse));
    assert_eq!(lines.len(), 2);
    assert_eq!(rejections(&summary), [1, 3, 4].map(|line| format!("app.log:{line}: no timestamp")));
}

#[test]
fn rejected_lines_are_named_and_pass_their_time_on() {
    let mut input = b"2026-11-20T10:00:00Z good\n2026-11-20T10:00:01Z \xC3\x28 bad\n still second one\n".to_vec();
    input.extend(format!("2026-11-20T10:00:02Z {}\n and two\n", "x".repeat(200)).into_bytes());
    let (lines, summary, _) = read_all(&input[..], Options { max_line: 100, ..options(Missing::Inherit) });
    let times: Vec<_> = lines.iter().map(|line| (line.line, line.timestamp - TEN)).collect();
    assert_eq!(times, [(1, 0), (3, 1000), (5, 2000)]);
    assert_eq!(rejections(&summary), ["app.log:2: not UTF-8 from byte 22", "app.log:4: longer than 100 bytes"]);
}

#[test]
fn examples_are_few_but_all_are_counted() {
    let (lines, summary, _) = read_all("x\n".repeat(1000).as_bytes(), options(Missing::Inherit));
    assert!(lines.is_empty());
    assert_eq!((summary.rejected, summary.examples.len()), (1000, DEFAULT_EXAMPLES));
    let mut total = summary.clone();
    total.add(summary, DEFAULT_EXAMPLES + 2);
    assert_eq!((total.lines, total.rejected, total.examples.len()), (2000, 2000, DEFAULT_EXAMPLES + 2));
}

#[test]
fn the_limit_itself_is_allowed() {
    let line = format!("2026-11-20T10:00:00Z {}", "x".repeat(MAX_LINE_BYTES - 21));
    let (lines, _, _) = read_all(format!("{line}\r\n{line}\r\n{line}y\r\n").as_bytes(), options(Missing::Inherit));
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|read| read.message == line));
}

#[test]
fn messages_keep_every_byte() {
    let odd = ["2026-11-20T10:00:00Z \t trailing  ", "\u{feff}inner mark", "nul \0 and \r inside", "snowman \u{2603}"];
    let (lines, _, _) = read_all(odd.join("\n").as_bytes(), options(Missing::Inherit));
    assert_eq!(lines.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), odd);
}

#[test]
fn packed_inputs_read_the_same_and_count_packed_bytes() {
    let packed = gzip(&[gzip(STACK.as_bytes()), gzip(STACK.as_bytes())].concat());
    let length = packed.len() as u64;
    let mut reading = read("-", Input::Stream(Box::new(&packed[..])), options(Missing::Inherit)).unwrap();
    let bytes_read = reading.bytes_read();
    // The second copy's first line inherits a time, because an input is one sequence of lines, however it is packed.
    assert_eq!(reading.by_ref().count(), 9);
    assert_eq!(bytes_read.get(), length);
}

#[test]
fn damage_ends_the_reading_after_the_last_whole_line() {
    let packed = gzip(STACK.repeat(500).as_bytes());
    let (lines, summary, failure) = read_all(&packed[..packed.len() / 2], options(Missing::Inherit));
    assert!(!lines.is_empty());
    assert!(matches!(failure, Some(ImportError::Damaged { packing: "gzip", line, .. }) if line == summary.lines));
}

#[test]
fn a_failing_disk_is_not_called_damaged() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("no such sector"))
        }
    }
    let (lines, _, failure) = read_all(STACK.as_bytes().chain(Failing), options(Missing::Inherit));
    assert_eq!(lines.len(), 4);
    assert_eq!(failure.unwrap().to_string(), "`app.log` cannot be read: no such sector");
}

#[test]
fn what_is_no_text_is_refused() {
    let error = read("a.zip", Input::Stream(Box::new(&b"PK\x03\x04...."[..])), options(Missing::Inherit)).unwrap_err();
    assert_eq!(error.to_string(), "`a.zip` is a zip archive, unpack it first");
}

#[test]
fn a_reading_can_be_sent_to_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    sendable(&read("-", Input::Stream(Box::new(io::stdin())), options(Missing::Inherit)));
}
