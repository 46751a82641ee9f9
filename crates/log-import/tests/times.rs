//! Single lines: times that are recognised, and texts that are deliberately not.

#![expect(clippy::unwrap_used, reason = "a failure in a helper fails its test")]

use jiff::Timestamp;

use logmark_log_import::{Input, Missing, Options, TimestampFormat, read};

/// 2026-11-21T08:00:00Z.
const NOW: i64 = 1_795_248_000_000;

fn ms(instant: &str) -> i64 {
    instant.parse::<Timestamp>().unwrap().as_millisecond()
}

fn detect() -> Options {
    Options { missing: Missing::Refuse, ..Options::detect(NOW) }
}

/// The time of the only line of an input.
fn find(options: &Options, line: &[u8]) -> Option<i64> {
    let mut reading = read("a", Input::Stream(Box::new(line)), options.clone()).ok()?;
    reading.next().map(|line| line.unwrap().timestamp)
}

fn check(options: &Options, cases: &[(&str, Option<&str>)]) {
    for (line, expected) in cases {
        let found = find(options, line.as_bytes());
        let found = found.map(|ms| Timestamp::from_millisecond(ms).unwrap().to_string());
        let expected = expected.map(|instant| instant.parse::<Timestamp>().unwrap().to_string());
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn now_is_what_it_says() {
    assert_eq!(ms("2026-11-21T08:00:00Z"), NOW);
}

#[test]
fn iso_times() {
    check(
        &detect(),
        &[
            ("2026-11-20T10:00:00Z start", Some("2026-11-20T10:00:00Z")),
            ("2026-11-20t10:00:00z start", Some("2026-11-20T10:00:00Z")),
            ("2026-11-20T10:00:00.5Z start", Some("2026-11-20T10:00:00.5Z")),
            ("2026-11-20T10:00:00.123999999Z cut, not rounded", Some("2026-11-20T10:00:00.123Z")),
            ("2026-11-20T10:00:00.1234567890123Z long fraction", Some("2026-11-20T10:00:00.123Z")),
            ("2026-11-20T10:00:00+02:00 start", Some("2026-11-20T08:00:00Z")),
            ("2026-11-20T10:00:00-0530 start", Some("2026-11-20T15:30:00Z")),
            ("2026-11-20 10:00:00+02 Postgres", Some("2026-11-20T08:00:00Z")),
            ("2026-11-20 10:00:00 +0200 Ruby", Some("2026-11-20T08:00:00Z")),
            ("2026-11-20 10:00:00.123456789 +0000 UTC m=+0.1 Go", Some("2026-11-20T10:00:00.123Z")),
            ("2026-11-20 10:00:00.123 CET [412] LOG:  ready", Some("2026-11-20T09:00:00.123Z")),
            ("2026-11-20 10:00:00 EST [412] LOG:  ready", Some("2026-11-20T15:00:00Z")),
            ("2026-11-20 10:00:00 INFO no zone is UTC", Some("2026-11-20T10:00:00Z")),
            ("2026-11-20 10:00:00 - a dash is no zone", Some("2026-11-20T10:00:00Z")),
            ("2026-11-20 10:00:00 -12 degrees", Some("2026-11-20T10:00:00Z")),
            ("2026-11-20T10:00:00-worker", Some("2026-11-20T10:00:00Z")),
            ("2026-11-20 10:00:00,123 [main] INFO log4j", Some("2026-11-20T10:00:00.123Z")),
            ("2026/11/20 10:00:00 [error] 12#12: nginx", Some("2026-11-20T10:00:00Z")),
            ("[2026-11-20T10:00:00+01:00[Europe/Berlin]] x", Some("2026-11-20T09:00:00Z")),
            ("20261120T100000Z basic", Some("2026-11-20T10:00:00Z")),
            ("20261120T100000.250Z basic", Some("2026-11-20T10:00:00.25Z")),
            ("level=info ts=2026-11-20T10:00:00Z msg=logfmt", Some("2026-11-20T10:00:00Z")),
            ("<34>1 2003-10-11T22:14:15.003Z host su - ID47 - RFC 5424", Some("2003-10-11T22:14:15.003Z")),
            ("2016-12-31T23:59:60Z leap second", Some("2016-12-31T23:59:59Z")),
            ("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00Z")),
            ("2026-02-29T00:00:00Z no such day", None),
            ("2026-13-01T00:00:00Z no such month", None),
            ("2026-11-20T24:00:00Z no such hour", None),
            ("1969-12-31T23:59:59Z too early", None),
            ("12026-11-20T10:00:00Z inside a number", None),
            ("2026-11-20 a date alone", None),
            ("2026-11-20T10:00 no seconds", None),
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z")),
            ("9999-12-30T00:00:00Z", Some("9999-12-30T00:00:00Z")),
        ],
    );
}

#[test]
fn common_log_format_and_syslog() {
    check(
        &detect(),
        &[
            (r#"192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#, Some("2015-05-17T10:05:03Z")),
            (r#"192.0.2.1 - - [17/May/2015:10:05:03 -0700] "GET / HTTP/1.1" 200 5"#, Some("2015-05-17T17:05:03Z")),
            (
                r#"192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /?to=2026-01-01T00:00:00Z HTTP/1.1" 200 5"#,
                Some("2015-05-17T10:05:03Z"),
            ),
            ("192.0.2.1,-,-,17/May/2015:10:05:03 +0000,GET,/", Some("2015-05-17T10:05:03Z")),
            ("haproxy[1]: 192.0.2.1:5 [17/May/2015:10:05:03.250] http-in", Some("2015-05-17T10:05:03.25Z")),
            ("[31/Apr/2015:10:05:03 +0000] no such day", None),
            ("[17/may/2015:10:05:03 +0000] no such month", None),
            ("Mar 22 13:45:01 host sshd[1]: x", Some("2026-03-22T13:45:01Z")),
            ("Apr  1 00:00:00 host x", Some("2026-04-01T00:00:00Z")),
            ("Apr 01 00:00:00 host x", Some("2026-04-01T00:00:00Z")),
            ("Apr 1 00:00:00.250 host x", Some("2026-04-01T00:00:00.25Z")),
            ("<34>Oct 11 22:14:15 mymachine su: RFC 3164", Some("2026-10-11T22:14:15Z")),
            ("Nov 22 08:00:00 host within a day from now", Some("2026-11-22T08:00:00Z")),
            ("Nov 22 08:00:01 host later than that", Some("2025-11-22T08:00:01Z")),
            ("Dec 31 23:59:59 host last year", Some("2025-12-31T23:59:59Z")),
            ("Feb 29 12:00:00 host leap day", Some("2024-02-29T12:00:00Z")),
            ("Feb 30 12:00:00 host no such day", None),
            ("Mar 22 2020 13:45:01 cisco", Some("2020-03-22T13:45:01Z")),
            ("[Fri Nov 20 10:00:00.123456 2020] [core:error] Apache", Some("2020-11-20T10:00:00.123Z")),
            ("Fri Nov 20 10:00:00 UTC 2020 date(1)", Some("2020-11-20T10:00:00Z")),
            ("Mar 22 13:45:01 10.0.0.1 x", Some("2026-03-22T13:45:01Z")),
            ("Mar 22 13:45 no seconds", None),
            ("March 22 13:45:01 not syslog", None),
        ],
    );
}

#[test]
fn epochs_in_text() {
    check(
        &detect(),
        &[
            ("1700000000 x", Some("2023-11-14T22:13:20Z")),
            ("1700000000", Some("2023-11-14T22:13:20Z")),
            ("1700000000.123 310 192.0.2.1 squid", Some("2023-11-14T22:13:20.123Z")),
            ("1700000000123,x", Some("2023-11-14T22:13:20.123Z")),
            ("1700000000123456 x", Some("2023-11-14T22:13:20.123Z")),
            ("1700000000123456789 x", Some("2023-11-14T22:13:20.123Z")),
            ("[1700000000] x", Some("2023-11-14T22:13:20Z")),
            ("  1700000000 x", Some("2023-11-14T22:13:20Z")),
            ("user 1700000000 a number elsewhere is an id", None),
            ("170000000 nine digits", None),
            ("1700000000x part of a word", None),
            ("9155551234 a telephone number", None),
            ("12345.678901 uptime", None),
            ("99999999999999999999999 too long", None),
        ],
    );
}

#[test]
fn json_fields() {
    check(
        &detect(),
        &[
            (r#"{"timestamp":"2026-11-20T10:00:00.123Z","level":"INFO"}"#, Some("2026-11-20T10:00:00.123Z")),
            (r#"{"level":"INFO","time":1700000000}"#, Some("2023-11-14T22:13:20Z")),
            (r#"{"ts":1700000000.123456}"#, Some("2023-11-14T22:13:20.123Z")),
            (r#"{"ts":1700000000.999999}"#, Some("2023-11-14T22:13:20.999Z")),
            (r#"{"_time":1700000000123}"#, Some("2023-11-14T22:13:20.123Z")),
            (r#"{"time":1700000000123456789}"#, Some("2023-11-14T22:13:20.123Z")),
            (
                r#"{"requestTime":"17/May/2015:10:05:03 +0000","requestTimeEpoch":"1431857103250"}"#,
                Some("2015-05-17T10:05:03.25Z"),
            ),
            (r#"{"requestTime":"17/May/2015:10:05:03 +0000"}"#, Some("2015-05-17T10:05:03Z")),
            (
                r#"{"x":"2020-01-01T00:00:00Z","@timestamp":"2026-11-20T10:00:00Z","date":"2021-01-01T00:00:00Z"}"#,
                Some("2026-11-20T10:00:00Z"),
            ),
            (r#"{"timestamp":"-","time":"2026-11-20T10:00:00Z"}"#, Some("2026-11-20T10:00:00Z")),
            (r#"{"timestamp":null,"time":{"a":1},"ts":1700000000}"#, Some("2023-11-14T22:13:20Z")),
            (r#"{"time":0.25,"ts":1700000000}"#, Some("2023-11-14T22:13:20Z")),
            (r#"{"time":"2026-11-20T10:00:00\u002b02:00"}"#, Some("2026-11-20T08:00:00Z")),
            (r#"{"t\u0069me":"2026-11-20T10:00:00Z"}"#, Some("2026-11-20T10:00:00Z")),
            (r#"{"a":[1,{"time":"x"}],"time":"2026-11-20 10:00:00"}"#, Some("2026-11-20T10:00:00Z")),
            (r#"{"record":{"time":"2026-11-20T10:00:00Z"}}"#, Some("2026-11-20T10:00:00Z")),
            (r#"{"eventTime":"2023-07-10T11:42:18Z","cut":"of"#, Some("2023-07-10T11:42:18Z")),
            (r#"{"duration":1700000000}"#, None),
            (r#"{"time":-1}"#, None),
            (r#"{"date":"2026-11-20"}"#, None),
            ("{not json 2026-11-20T10:00:00Z", Some("2026-11-20T10:00:00Z")),
            ("{", None),
        ],
    );
    let far = format!(r#"{{"pad":"{}","time":1700000000}}"#, "x".repeat(5000));
    check(&detect(), &[(&far, Some("2023-11-14T22:13:20Z"))]);
}

#[test]
fn lines_without_a_time_of_their_own() {
    let deep = format!("{}2026-11-20T10:00:00Z", "x ".repeat(100));
    check(
        &detect(),
        &[
            ("", None),
            ("   ", None),
            ("plain words", None),
            ("\tat com.example.Orders.place(Orders.java:42)", None),
            ("    until 2026-11-20T10:00:00Z the lock was held", None),
            ("Caused by: java.lang.IllegalStateException: since 2026-11-20T10:00:00Z", None),
            ("Traceback (most recent call last): 2026-11-20T10:00:00Z", None),
            ("  2026-11-20T10:00:00Z an indented time", Some("2026-11-20T10:00:00Z")),
            (&deep, None),
            (&deep[2..], Some("2026-11-20T10:00:00Z")),
        ],
    );
}

#[test]
fn chosen_formats() {
    type Lines<'a> = &'a [(&'a str, Option<&'a str>)];
    let cases: &[(&str, Lines<'_>)] = &[
        (
            "%d.%m.%Y %H:%M:%S",
            &[
                ("20.11.2026 10:00:00 x", Some("2026-11-20T10:00:00Z")),
                ("id=7 at 20.11.2026 10:00:00", Some("2026-11-20T10:00:00Z")),
                (r#"{"a":"20.11.2026 10:00:00"}"#, Some("2026-11-20T10:00:00Z")),
                ("2026-11-20T10:00:00Z another form", None),
                ("31.02.2026 10:00:00", None),
            ],
        ),
        ("%Y-%m-%d %H:%M:%S%.f %z", &[("2026-11-20 10:00:00.25 +0200 x", Some("2026-11-20T08:00:00.25Z"))]),
        ("%m%d %H:%M:%S%.f", &[("I1120 10:00:00.250000 7 x.go:1] klog", Some("2026-11-20T10:00:00.25Z"))]),
        ("%b %d %H:%M:%S", &[("Dec 24 10:00:00 x", Some("2025-12-24T10:00:00Z"))]),
        ("%d/%m/%y", &[("20/11/26 a date alone", Some("2026-11-20T00:00:00Z"))]),
        ("%s", &[("at 1700000000 x", Some("2023-11-14T22:13:20Z"))]),
        ("%a, %d %b %Y %T %z", &[("Fri, 20 Nov 2026 10:00:00 +0000", Some("2026-11-20T10:00:00Z"))]),
        (
            "rfc3339",
            &[
                ("Mar 22 13:45:01 x 2026-11-20T10:00:00Z", Some("2026-11-20T10:00:00Z")),
                (r#"{"time":1700000000,"ts":"2026-11-20T10:00:00Z"}"#, Some("2026-11-20T10:00:00Z")),
                ("[17/May/2015:10:05:03 +0000]", None),
            ],
        ),
        ("clf", &[("2026-11-20T10:00:00Z [17/May/2015:10:05:03 +0000]", Some("2015-05-17T10:05:03Z"))]),
        (
            "epoch",
            &[
                ("10.0.0.1 1700000000.5 x", Some("2023-11-14T22:13:20.5Z")),
                ("1700000000123 milliseconds", None),
                (r#"{"ts":12}"#, Some("1970-01-01T00:00:12Z")),
            ],
        ),
        ("epoch-ms", &[("x 1700000000123 y", Some("2023-11-14T22:13:20.123Z")), ("1700000000", None)]),
        (
            "syslog",
            &[
                ("<34>1 2003-10-11T22:14:15.003Z host", Some("2003-10-11T22:14:15.003Z")),
                ("Mar 22 13:45:01 host", Some("2026-03-22T13:45:01Z")),
            ],
        ),
    ];
    for (format, lines) in cases {
        let format: TimestampFormat = format.parse().unwrap();
        check(&Options { format: Some(format), ..detect() }, lines);
    }
}

#[test]
fn unusable_formats_say_why() {
    for (format, part) in [
        ("iso", "unknown timestamp format `iso`"),
        ("", "unknown timestamp format ``"),
        ("%H:%M:%S", "gives no day"),
        ("%Y-%m", "gives no day"),
        ("%Y-%m-%d %!", "cannot be read"),
        ("%Y-%m-%d %H:%M:%S %Q", "a zone by name"),
        ("%Y-%m-%d %H:%M:%S %Z", "cannot be read"),
        ("%Y-%m-%d %", "cannot be read"),
    ] {
        let error = format.parse::<TimestampFormat>().unwrap_err().to_string();
        assert!(error.contains(part), "{format}: {error}");
    }
}

#[test]
fn no_bytes_make_it_fail() {
    let options = detect();
    let mut state = 7_u64;
    let alphabet = b"0123456789-/:., TZ[]{}\"JanMayDec+\xFF\x00\n\\";
    for _ in 0..20_000 {
        let mut line = Vec::new();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        for step in 0..(state >> 58) {
            let at = (state.rotate_left(u32::try_from(step).unwrap()) >> 16) as usize % alphabet.len();
            line.push(alphabet[at]);
        }
        assert!(find(&options, &line).is_none_or(|ms| ms >= 0));
    }
}
