//! `logmark import`: times that need more than one line, and the messages about them.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use insta::assert_snapshot;

use super::import::{import, messages, stored, write};
use crate::world::binary::{ServiceDirectory, run};

const TEN: i64 = 1_795_168_800_000;

fn changed_at(folder: &Path, name: &str, seconds: u64) {
    let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

#[tokio::test]
async fn a_dry_run_shows_the_times_and_stores_nothing() {
    let directory = ServiceDirectory::new("");
    write(
        &directory,
        "a.log",
        b"2026-11-20 10:00:00,123 ERROR bad row\n  File \"/app/x.py\", line 7\nValueError: '2019-02-28 10:00:00'\n",
    );
    let said = import(&directory, &["--dry-run", "a.log"]).await;
    assert_snapshot!(said.shown(directory.path()), @r#"
    exit 0
    a.log:
         1  2026-11-20T10:00:00.123Z  2026-11-20 10:00:00,123 ERROR bad row
         2 =2026-11-20T10:00:00.123Z    File "/app/x.py", line 7
         3 =2026-11-20T10:00:00.123Z  ValueError: '2019-02-28 10:00:00'
    3 events from the first 3 lines
      1 with a time of their own (2026-11-20 10:00:00, at the start)
      2 took the time of the line before them
      1 lines look odd: something like a time was not used
        a.log:3: a time at another position than the file's
    nothing was imported (--dry-run)
    "#);
    assert!(!directory.path().join("store").exists());
}

#[tokio::test]
async fn an_ambiguous_zone_is_asked_for_and_then_used() {
    let directory = ServiceDirectory::new("");
    write(&directory, "a.log", b"2026-11-20 18:00:00 CST one\n  its trace\n");
    let said = import(&directory, &["a.log"]).await;
    assert_snapshot!(said.shown(directory.path()), @"
    exit 1
    0 events from 2 lines into /acme/web, stream s
      2 lines could not be imported:
        a.log:1: the zone `CST` has several meanings: give --timezone, for example `--timezone America/Chicago` or `--timezone Asia/Shanghai`
        a.log:2: no timestamp
      lines without a time: describe it with --timestamp-format, or take the time of now with --now
    ");
    assert_eq!(import(&directory, &["--timezone", "Asia/Shanghai", "a.log"]).await.code, 0);
    assert_eq!(stored(directory.path()).iter().map(|(time, _)| *time).collect::<Vec<_>>(), [TEN, TEN]);
    let unknown = import(&directory, &["--timezone", "Mars/Base", "a.log"]).await;
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("IANA"), "{}", unknown.err);
}

#[tokio::test]
async fn years_go_backwards_from_the_files_own_time() {
    let directory = ServiceDirectory::new("");
    let lines = b"Jun  5 10:00:00 host app: a\nDec 31 23:59:59 host app: b\nJan  2 00:00:01 host app: c\n";
    write(&directory, "messages", lines);
    changed_at(directory.path(), "messages", 1_672_617_602);
    let said = import(&directory, &["messages"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("the first is assumed to be in 2022 (set another with --year)"), "{}", said.err);
    let times: Vec<i64> = stored(directory.path()).iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [1_654_423_200_000, 1_672_531_199_000, 1_672_617_601_000]);
    let named = ServiceDirectory::new("");
    write(&named, "messages", lines);
    assert_eq!(import(&named, &["--year", "2024", "messages"]).await.code, 0);
    assert_eq!(stored(named.path())[0].0, 1_717_581_600_000);
}

#[tokio::test]
async fn an_undecided_order_of_day_and_month_is_asked_for() {
    let directory = ServiceDirectory::new("");
    write(&directory, "a.log", b"03/04/2025 10:00:00 one\n05/06/2025 10:00:00 two\n");
    let said = import(&directory, &["a.log"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("day/month or month/day: give --timestamp-format"), "{}", said.err);
    write(&directory, "a.log", b"03/04/2025 10:00:00 one\n13/04/2025 10:00:00 two\n");
    assert_eq!(import(&directory, &["a.log"]).await.code, 0);
    assert_eq!(
        stored(directory.path()).iter().map(|(time, _)| *time).collect::<Vec<_>>(),
        [1_743_674_400_000, 1_744_538_400_000]
    );
}

#[tokio::test]
async fn the_lines_of_an_event_are_joined_when_asked() {
    let text = "2026-11-20 10:00:00 ERROR failed\njava.lang.Exception: x\n\tat a.B.c(B.java:1)\n\nCaused by: y\n2026-11-20 10:00:01 next\n";
    let whole = "2026-11-20 10:00:00 ERROR failed\njava.lang.Exception: x\n\tat a.B.c(B.java:1)\n\nCaused by: y";
    let cases: [(&[&str], &[&str]); 3] = [
        (&["--multiline", "auto"], &[whole, "2026-11-20 10:00:01 next"]),
        (&["--multiline", "start-regex", "--start-regex", r"^\d{4}-"], &[whole, "2026-11-20 10:00:01 next"]),
        (
            &["--multiline", "indent"],
            &[
                "2026-11-20 10:00:00 ERROR failed",
                "java.lang.Exception: x\n\tat a.B.c(B.java:1)",
                "Caused by: y",
                "2026-11-20 10:00:01 next",
            ],
        ),
    ];
    for (options, expected) in cases {
        let directory = ServiceDirectory::new("");
        write(&directory, "a.log", text.as_bytes());
        let said = import(&directory, &[options, &["a.log"]].concat()).await;
        assert_eq!(said.code, 0, "{}", said.err);
        assert_eq!(messages(directory.path()), expected, "{options:?}");
    }
    let directory = ServiceDirectory::new("");
    assert_eq!(import(&directory, &["--multiline", "often", "a.log"]).await.code, 2);
    assert_eq!(import(&directory, &["--multiline", "start-regex", "a.log"]).await.code, 1);
}

#[tokio::test]
async fn records_of_an_array_are_events_of_their_own() {
    let directory = ServiceDirectory::new("");
    write(
        &directory,
        "trail.json",
        br#"{"Records":[{"eventTime":"2026-11-20T10:00:00Z","eventName":"A"},{"eventTime":"2026-11-20T10:00:01Z","eventName":"B"}]}"#,
    );
    let said = import(&directory, &["trail.json"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let expected = [
        (TEN, r#"{"eventTime":"2026-11-20T10:00:00Z","eventName":"A"}"#.to_owned()),
        (TEN + 1000, r#"{"eventTime":"2026-11-20T10:00:01Z","eventName":"B"}"#.to_owned()),
    ];
    assert_eq!(stored(directory.path()), expected);
    let nested = ServiceDirectory::new("");
    write(&nested, "a.ndjson", b"{\"x\":1,\"meta\":{\"at2\":\"2026-11-20T10:00:00Z\"}}\n");
    assert_eq!(import(&nested, &["a.ndjson"]).await.code, 1);
    assert_eq!(import(&nested, &["--time-field", "meta.at2", "a.ndjson"]).await.code, 0);
    assert_eq!(stored(nested.path())[0].0, TEN);
}

#[tokio::test]
async fn a_group_that_no_tenant_may_see_is_a_warning() {
    let directory = ServiceDirectory::new("");
    write(&directory, "a.log", b"2026-11-20T10:00:00Z one\n");
    let said = run(directory.path(), &["import", "--group", "/elsewhere/x", "--stream", "s", "a.log"]).await;
    assert_eq!(said.code, 0);
    assert!(said.err.contains("warning: no tenant may see /elsewhere/x"), "{}", said.err);
    let seen = import(&directory, &["a.log"]).await;
    assert!(!seen.err.contains("warning"), "{}", seen.err);
}
