//! Whole files: which lines begin an event, and properties of the whole file.

#![expect(clippy::unwrap_used, reason = "a failure in a helper fails its test")]

use std::io::Write as _;

use jiff::Timestamp;
use logmark_log_import::{ImportError, Input, Multiline, Options, Summary, Unknown, read};

/// 2026-11-29T08:00:00Z.
const NOW: i64 = 1_795_939_200_000;

fn import(lines: &[&str], options: Options) -> (Vec<String>, Summary) {
    let text = lines.join("\n") + "\n";
    let mut reading = read("f", Input::Stream(Box::new(text.as_bytes())), options).unwrap();
    let shown = |ms| Timestamp::from_millisecond(ms).unwrap().to_string();
    let times = reading.by_ref().map(|line| shown(line.unwrap().timestamp)).collect();
    (times, reading.into_summary())
}

#[test]
fn dates_in_the_text_of_an_event_are_not_times() {
    let first = "2026-11-20T10:00:00Z INFO request:";
    for lines in [
        &["ValueError: time data '2026-11-19 10:00:00' does not match"][..],
        &["java.security.cert.CertificateExpiredException: NotAfter: Fri Nov 20 00:59:59 CET 2026"],
        &["X-Amz-Date: 20261120T090000Z", "Date: Fri, 20 Nov 2026 09:00:00 GMT", "x-amz-date:20261120T090000Z"],
        &[
            "SELECT * FROM orders WHERE created > '2026-11-20 09:00:00'",
            "  AND id = 1234567890",
            "VALUES ('2026-11-20 09:00:00', 1),",
        ],
        &["('2026-11-20 09:00:00', 1),"],
        &["{", "  \"at\": \"2026-11-20T09:00:00Z\"", "}"],
        &["-rw-r--r-- 1 root root 482 2026-11-20 09:00:00 old.log", "drwxr-xr-x 2 root root 4096 Nov 20 09:00 logs"],
        &["1234567890 retry 1", "9876543210", "4155551234 called"],
        &["notAfter=Feb 28 10:00:00 2027 GMT", "Not Before: Nov 20 09:00:00 2026 GMT"],
        &["2019-02-28 10:00:00 an old row", "created_at: 2026-11-20T09:00:00Z"],
        &["Caused by: x at 2026-11-20T09:00:00Z", "\tat a.B.c(B.java:1)", "   2026-11-20T09:00:00Z indented"],
        &[r#"{"created":"2019-02-28T10:00:00Z","id":7}"#, r#"[{"time":"2019-02-28T10:00:00Z"}]"#],
    ] {
        let all: Vec<&str> = [first].into_iter().chain(lines.iter().copied()).chain(["2026-11-20T10:00:01Z next"]).collect();
        let (times, summary) = import(&all, Options::detect(NOW));
        let mut expected = vec!["2026-11-20T10:00:00Z"; lines.len() + 1];
        expected.push("2026-11-20T10:00:01Z");
        assert_eq!(times, expected, "{lines:?} {summary:?}");
        assert_eq!(summary.inherited, lines.len() as u64);
    }
}

#[test]
fn a_file_may_have_lines_of_several_programs() {
    let (times, summary) = import(
        &[
            "2026-11-20T10:00:00Z app started",
            "10.0.0.1 - - [20/Nov/2026:10:00:01 +0000] \"GET / HTTP/1.1\" 200 5",
            "Nov 20 10:00:02 host sshd[1]: x",
            r#"{"time":"2026-11-20T10:00:03Z"}"#,
            "START RequestId: 1 Version: $LATEST",
        ],
        Options::detect(NOW),
    );
    let at = |second: u8| format!("2026-11-20T10:00:0{second}Z");
    assert_eq!(times, [at(0), at(1), at(2), at(3), at(3)]);
    assert_eq!(summary.formats.iter().map(|(_, lines)| *lines).collect::<Vec<_>>(), [1, 1, 1, 1]);
}

#[test]
fn what_cannot_be_known_is_said() {
    for (line, part) in [
        ("2026-11-20 10:00:00 CST x", "--timezone"),
        ("2026-11-20 10:00:00 IST x", "Asia/Kolkata"),
        ("10:00:00,123 INFO [x] (main) ready", "without a date"),
        ("[    5.123456] usb 1-1: new device", "without a date"),
        (r#"{"message":"x","stamp":"today"}"#, "--time-field"),
        ("2026-02-30 10:00:00 x", "does not exist"),
        ("plain words", "no timestamp"),
    ] {
        let (times, summary) = import(&[line, "  its trace"], Options::detect(NOW));
        assert_eq!((times.len(), summary.rejected), (0, 2), "{line}");
        assert!(summary.examples[0].to_string().contains(part), "{}", summary.examples[0]);
        if part != "no timestamp" {
            let (_, summary) = import(&["2026-11-20T10:00:00Z before", line], Options::detect(NOW));
            let said: Vec<String> = summary.examples.iter().chain(&summary.odd_examples).map(ToString::to_string).collect();
            assert!(said.iter().any(|said| said.starts_with("f:2: ")) || part == "--time-field", "{line}: {said:?}");
        }
    }
}

#[test]
fn zones_of_the_caller_hold_for_times_without_one() {
    let zoned = |zone: &str| Options { timezone: Some(logmark_log_import::timezone(zone).unwrap()), ..Options::detect(NOW) };
    for (zone, line, expected) in [
        ("Europe/Berlin", "2026-11-20 11:00:00 x", "2026-11-20T10:00:00Z"),
        ("Europe/Berlin", "2026-07-20 12:00:00 x", "2026-07-20T10:00:00Z"),
        ("Europe/Berlin", "2026-11-20 10:00:00Z x", "2026-11-20T10:00:00Z"),
        ("+05:30", "Nov 20 15:30:00 host x", "2026-11-20T10:00:00Z"),
        ("America/Chicago", "2026-11-20 04:00:00 CST x", "2026-11-20T10:00:00Z"),
        ("Asia/Shanghai", "2026-11-20 18:00:00 CST x", "2026-11-20T10:00:00Z"),
        ("Asia/Kolkata", "2026-11-20 15:30:00 IST x", "2026-11-20T10:00:00Z"),
        ("Europe/London", "2026-07-20 11:00:00 BST x", "2026-07-20T10:00:00Z"),
    ] {
        assert_eq!(import(&[line], zoned(zone)).0, [expected], "{zone} {line}");
    }
    assert_eq!(import(&["2026-11-20 10:00:00 CST x"], zoned("Europe/Berlin")).1.rejected, 1);
    assert!(logmark_log_import::timezone("CST").is_err());
}

#[test]
fn a_chosen_format_has_one_place() {
    let options = Options { format: Some("%d-%b-%Y %H:%M:%S%.f".parse().unwrap()), ..Options::detect(NOW) };
    let (times, _) = import(
        &["20-Nov-2026 10:00:00.123 SEVERE failed", "\tnot since 01-Jan-2019 10:00:00.000", "but 01-Jan-2019 10:00:00.000 was"],
        options,
    );
    assert_eq!(times, ["2026-11-20T10:00:00.123Z"; 3]);
    let options = Options { format: Some("%Y-%m-%d %H:%M:%S%.f".parse().unwrap()), ..Options::detect(NOW) };
    assert_eq!(import(&["2026-11-20 10:00:00,123 x"], options).0, ["2026-11-20T10:00:00.123Z"]);
}

#[test]
fn a_long_file_without_years_is_read_twice_and_a_pipe_is_not() {
    let mut text = String::new();
    for year in 0..3 {
        for day in 1..=28 {
            for line in 0..60 {
                text.push_str(&format!("Feb {day:2} 10:00:{line:02} host app: year {year}\n"));
            }
        }
    }
    let mut file = tempfile();
    file.write_all(text.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let mut reading = read("f", Input::File { file, modified: Some(NOW) }, Options::detect(NOW)).unwrap();
    let years: Vec<i16> = reading.by_ref().map(|line| year(line.unwrap().timestamp)).collect();
    assert_eq!((years[0], years[2000], years.last()), (2024, 2025, Some(&2026)));
    assert_eq!(years.len(), 5040);
    let mut piped = read("f", Input::Stream(Box::new(text.as_bytes())), Options::detect(NOW)).unwrap();
    assert_eq!(piped.by_ref().map(|line| year(line.unwrap().timestamp)).max(), Some(2026));
    let summary = piped.into_summary();
    assert!(summary.rejected > 0 && summary.examples[0].to_string().contains("--year"), "{summary:?}");
    let named = Options { year: Some(2024), ..Options::detect(NOW) };
    let piped = read("f", Input::Stream(Box::new(text.as_bytes())), named).unwrap();
    assert_eq!(piped.map(|line| year(line.unwrap().timestamp)).collect::<Vec<_>>(), years);
}

fn year(ms: i64) -> i16 {
    jiff::tz::Offset::UTC.to_datetime(Timestamp::from_millisecond(ms).unwrap()).year()
}

fn tempfile() -> std::fs::File {
    let path = std::env::temp_dir().join(format!("logmark-log-import-{}", std::process::id()));
    let file = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

#[test]
fn an_order_of_day_and_month_that_nothing_decides_is_asked_for() {
    let text = "03/04/2025 10:00:00 a\n05/06/2025 10:00:00 b\n";
    let error = read("f", Input::Stream(Box::new(text.as_bytes())), Options::detect(NOW)).unwrap_err();
    assert!(matches!(error, ImportError::Unknown { unknown: Unknown::Order, .. }), "{error}");
    assert_eq!(import(&["03/04/2025 10:00:00 a", "13/04/2025 10:00:00 b"], Options::detect(NOW)).0[0], "2025-04-03T10:00:00Z");
    assert_eq!(import(&["03/04/2025 10:00:00 a", "04/13/2025 10:00:00 b"], Options::detect(NOW)).0[0], "2025-03-04T10:00:00Z");
}

#[test]
fn headings_take_the_time_of_the_first_record() {
    for lines in [
        ["#Version: 1.0", "#Fields: date time x-edge-location", "2026-11-20\t10:00:00\tLAX1"],
        ["#Software: Microsoft IIS", "#Date: 2026-11-01 00:00:00", "2026-11-20 10:00:00 W3SVC1 GET /"],
        [
            "version account-id interface-id srcaddr start end action",
            "2 123456789012 eni-1 10.0.0.1 1795168800 1795168860 ACCEPT",
            "2 123456789012 eni-1 10.0.0.1 1795168800 1795168860 REJECT",
        ],
        ["Level,Date and Time,Source", "Information,11/20/2026 10:00:00 AM,x", "Information,11/20/2026 10:00:00 AM,y"],
    ] {
        let (times, summary) = import(&lines, Options::detect(NOW));
        assert_eq!(times, ["2026-11-20T10:00:00Z"; 3], "{lines:?} {summary:?}");
        assert!(summary.headings > 0 && summary.rejected == 0, "{summary:?}");
    }
}

#[test]
fn joined_events_stay_within_the_limit() {
    let options = Options { multiline: Some(Multiline::Auto), max_line: 60, ..Options::detect(NOW) };
    let lines = ["2026-11-20T10:00:00Z first", "one more line of it", "and one that does not fit", "2026-11-20T10:00:01Z second"];
    let (times, summary) = import(&lines, options);
    assert_eq!(times, ["2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z", "2026-11-20T10:00:01Z"]);
    assert_eq!((summary.lines, summary.events, summary.joined), (4, 3, 1));
}

#[test]
fn records_of_one_line_are_events_of_their_own() {
    let record = |second: u8| format!(r#"{{"eventTime":"2026-11-20T10:00:0{second}Z"}}"#);
    let line = r#"{"messageType":"DATA","logEvents":[{"id":"1","timestamp":1795168800000,"message":"x"},{"id":"2","timestamp":1795168801000,"message":"y"}]}"#;
    let (times, summary) = import(&[line, &format!("[{},{}]", record(2), record(3))], Options::detect(NOW));
    assert_eq!(times, [0, 1, 2, 3].map(|second| format!("2026-11-20T10:00:0{second}Z")));
    assert_eq!((summary.lines, summary.split, summary.events), (2, 2, 4));
    let long = format!("{{\"Records\":[{}{}]}}", format!("{},", record(1)).repeat(100_000), record(2));
    assert!(long.len() > 3_000_000);
    let (times, summary) = import(&[&long], Options::detect(NOW));
    assert_eq!((times.len(), summary.rejected), (100_001, 0));
}
