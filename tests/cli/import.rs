//! `logmark import`.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use logmark_store::{Options, ReadRequest, Store, StreamSelection};
use tokio::io::AsyncWriteExt as _;

use crate::world::binary::{CommandOutput, ServiceDirectory, logmark, run};

const INTO: [&str; 5] = ["import", "--group", "/acme/web", "--stream", "s"];

pub fn write(directory: &ServiceDirectory, name: &str, content: &[u8]) {
    std::fs::write(directory.path().join(name), content).unwrap();
}

fn gzip(content: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(content.as_bytes()).unwrap();
    packed.finish().unwrap()
}

pub async fn import(directory: &ServiceDirectory, more: &[&str]) -> CommandOutput {
    run(directory.path(), &[&INTO, more].concat()).await
}

/// All events of the stream in the store: (milliseconds, message).
pub fn stored(folder: &Path) -> Vec<(i64, String)> {
    let store = Store::open(&folder.join("store"), Options::default()).unwrap();
    let page = store
        .read(&ReadRequest {
            group: "/acme/web",
            streams: StreamSelection::Named(&["s"]),
            filter: None,
            start: None,
            end: None,
            direction: logmark_store::Direction::Forward,
            from: None,
            limit: 10_000.try_into().unwrap(),
            max_bytes: usize::MAX,
        })
        .unwrap();
    assert!(page.at_end);
    page.events.into_iter().map(|event| (event.timestamp, event.message)).collect()
}

pub fn messages(folder: &Path) -> Vec<String> {
    stored(folder).into_iter().map(|(_, message)| message).collect()
}

#[tokio::test]
async fn plain_gzip_and_ndjson_files_come_in_together_each_line_as_it_was() {
    let directory = ServiceDirectory::new("");
    write(&directory, "a.log", b"2026-01-01T00:00:00Z one\r\n2026-01-01T00:00:01Z two  \n  at a.java:1\n\n");
    write(&directory, "b.gz", &[gzip("2026-01-01T00:00:02Z three\n2026-01-01T"), gzip("00:00:03Z four\n")].concat());
    write(&directory, "c.ndjson", b"{\"time\":\"2026-01-01T00:00:04Z\",\"msg\":\"five\"}\n{\"ts\":1767225605,\"m\":6}");
    let said = import(&directory, &["a.log", "b.gz", "c.ndjson"]).await;
    assert_snapshot!(said.shown(directory.path()), @"
    exit 0
    7 events from 8 lines into /acme/web, stream s
      4 with a time of their own (2026-11-20T10:00:00, at the start)
      1 with a time of their own (JSON field `time`)
      1 with a time of their own (JSON field `ts`)
      1 took the time of the line before them
      1 lines were empty and left out
    ");
    let base = 1_767_225_600_000;
    let expected = [
        (base, "2026-01-01T00:00:00Z one"),
        (base + 1000, "2026-01-01T00:00:01Z two  "),
        (base + 1000, "  at a.java:1"),
        (base + 2000, "2026-01-01T00:00:02Z three"),
        (base + 3000, "2026-01-01T00:00:03Z four"),
        (base + 4000, "{\"time\":\"2026-01-01T00:00:04Z\",\"msg\":\"five\"}"),
        (base + 5000, "{\"ts\":1767225605,\"m\":6}"),
    ];
    assert_eq!(stored(directory.path()), expected.map(|(time, text)| (time, text.to_owned())));
}

#[tokio::test]
async fn standard_input_is_read_and_the_bar_is_not_printed_to_a_pipe() {
    let directory = ServiceDirectory::new("");
    for (round, names) in [&[][..], &["-"]].iter().enumerate() {
        let mut command = logmark(directory.path());
        command.args(INTO).args(*names).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(format!("2026-01-01T00:00:0{round}Z line {round}\n").as_bytes()).await.unwrap();
        drop(input);
        let said = CommandOutput::from(child.wait_with_output().await.unwrap());
        let format = "  1 with a time of their own (2026-11-20T10:00:00, at the start)";
        assert_eq!(said.shown(directory.path()), format!("exit 0\n1 events from 1 lines into /acme/web, stream s\n{format}"));
    }
    assert_eq!(messages(directory.path()), ["2026-01-01T00:00:00Z line 0", "2026-01-01T00:00:01Z line 1"]);
}

#[tokio::test]
async fn a_timestamp_format_is_taken_as_given() {
    let directory = ServiceDirectory::new("");
    write(&directory, "a.log", b"01.02.2026 03:04:05 hello\n");
    let said = import(&directory, &["--timestamp-format", "%d.%m.%Y %H:%M:%S", "a.log"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(stored(directory.path()), [(1_769_915_045_000, "01.02.2026 03:04:05 hello".to_owned())]);
    let wrong = import(&directory, &["--timestamp-format", "%q", "a.log"]).await;
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("--timestamp-format"), "{}", wrong.err);
}

#[tokio::test]
async fn lines_that_cannot_be_events_are_named_and_the_rest_comes_in() {
    let directory = ServiceDirectory::new("");
    write(&directory, "a.log", b"no time yet\n2026-01-01T00:00:00Z good\nbad \xff\xfe byte\n2026-01-01T00:00:01Z also good\n");
    let said = import(&directory, &["a.log"]).await;
    assert_snapshot!(said.shown(directory.path()), @"
    exit 1
    2 events from 4 lines into /acme/web, stream s
      2 with a time of their own (2026-11-20T10:00:00, at the start)
      2 lines could not be imported:
        a.log:1: no timestamp
        a.log:3: not UTF-8 from byte 5
      lines without a time: describe it with --timestamp-format, or take the time of now with --now
    ");
    assert_eq!(messages(directory.path()), ["2026-01-01T00:00:00Z good", "2026-01-01T00:00:01Z also good"]);
    let none = ServiceDirectory::new("");
    write(&none, "b.log", b"no time\nin any line\n");
    let said = import(&none, &["--now", "b.log"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(messages(none.path()), ["no time", "in any line"]);
}

#[tokio::test]
async fn what_is_no_log_is_refused_by_name_before_anything_comes_in() {
    let directory = ServiceDirectory::new("");
    write(&directory, "good.log", b"2026-01-01T00:00:00Z good\n");
    std::fs::create_dir(directory.path().join("folder")).unwrap();
    write(&directory, "a.zip", b"PK\x03\x04rest of it");
    write(&directory, "torn.gz", &gzip("2026-01-01T00:00:00Z a line\n")[..20]);
    write(&directory, "image", &[0_u8, 159, 146, 150].repeat(1000));
    let mut shown = String::new();
    for name in ["missing.log", "folder", "a.zip", "torn.gz", "image"] {
        shown.push_str(&import(&directory, &[name]).await.shown(directory.path()));
        shown.push_str("\n\n");
    }
    assert_snapshot!(shown, @"
    exit 1
    logmark: missing.log: No such file or directory (os error 2)

    exit 1
    logmark: folder: is a folder; name the files in it

    exit 1
    0 events from 0 lines into /acme/web, stream s
    logmark: `a.zip` is a zip archive, unpack it first

    exit 1
    0 events from 0 lines into /acme/web, stream s
    logmark: `torn.gz` is damaged gzip after line 0: incomplete deflate stream

    exit 1
    0 events from 1 lines into /acme/web, stream s
      1 lines could not be imported:
        image:1: not UTF-8 from byte 2
    ");
    assert_eq!(import(&directory, &["good.log", "missing.log"]).await.code, 1);
    assert_eq!(messages(directory.path()), [""; 0], "a mistyped name changes nothing");
    let names = run(directory.path(), &["import", "--group", "a:b", "--stream", "s", "good.log"]).await;
    assert_eq!(names.code, 1);
    assert!(names.err.contains("--group `a:b`"), "{}", names.err);
}

#[tokio::test]
async fn a_store_in_use_is_refused_naming_the_process() {
    let directory = ServiceDirectory::new("");
    write(&directory, "a.log", b"2026-01-01T00:00:00Z good\n");
    let served = directory.serve().await;
    let said = import(&directory, &["a.log"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains(&served.process.pid().to_string()), "{}", said.err);
    let shown = said.shown(directory.path()).replace(&served.process.pid().to_string(), "PID");
    assert_snapshot!(shown, @"
    exit 1
    logmark: `store` is in use by process PID: a running service holds the store, and its source has no `endpoint` to import through; add one to the configuration, or stop the service, import, and start it again
    ");
    served.process.kill().await;
    assert_eq!(import(&directory, &["a.log"]).await.code, 0, "it is free again");
    directory.serve().await;
}

#[tokio::test]
async fn without_a_configuration_it_goes_into_the_demos_store() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.log"), "2026-01-01T00:00:00Z good\n").unwrap();
    let said = run(folder.path(), &["import", "--group", "/web/x", "--stream", "s", "a.log"]).await;
    assert_snapshot!(said.shown(folder.path()), @"
    exit 0
    made a development issuer: its public keys are in logmark-demo/issuer.jwks.json
    no logmark.toml here: importing into the demo's store in logmark-demo; `logmark demo` serves it
    1 events from 1 lines into /web/x, stream s
      1 with a time of their own (2026-11-20T10:00:00, at the start)
    ");
    assert!(folder.path().join("logmark-demo/store").exists());
}
