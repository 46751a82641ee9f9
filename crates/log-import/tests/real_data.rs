//! Real and derived log files, if available: every line gets the time that an independent program found in it.

#![expect(clippy::print_stderr, reason = "a skipped test prints a message")]

use std::fs;
use std::path::PathBuf;

use logmark_log_import::{Input, Missing, Options, read};

/// 2026-11-21T08:00:00Z: the syslog file, from March and April, falls into 2026.
const NOW: i64 = 1_795_248_000_000;

struct Expected {
    file: &'static str,
    lines: u64,
    least: i64,
    greatest: i64,
    /// The sum of all timestamps, in milliseconds.
    sum: i64,
}

const WEB: &str = "web/apache_combined_semicomplete_10k.log";
const DERIVED: Expected =
    Expected { file: "", lines: 2000, least: 1_431_857_100_000, greatest: 1_431_918_354_000, sum: 2_863_773_654_846_000 };

const FILES: [Expected; 8] = [
    Expected { file: WEB, lines: 10_000, least: 1_431_857_100_000, greatest: 1_432_155_959_000, sum: 14_320_064_200_266_000 },
    Expected { file: "apigw/derived_rest_clf.log", ..DERIVED },
    Expected { file: "apigw/derived_rest_csv.log", ..DERIVED },
    Expected { file: "apigw/derived_rest_xml.log", ..DERIVED },
    Expected { file: "apigw/derived_rest_json.jsonl", ..DERIVED },
    Expected {
        file: "apigw/apigw_rest_json_binxio.jsonl",
        lines: 9,
        least: 1_542_449_931_000,
        greatest: 1_542_449_940_000,
        sum: 13_882_049_428_000,
    },
    Expected {
        file: "auth/auth.log",
        lines: 7121,
        least: 1_774_616_816_000,
        greatest: 1_776_694_469_000,
        sum: 12_641_304_830_487_000,
    },
    Expected {
        file: "cloudtrail/invictus_stratus_cloudtrail.jsonl",
        lines: 2900,
        least: 1_688_989_338_000,
        greatest: 1_688_992_670_000,
        sum: 4_898_073_757_275_000,
    },
];

/// The bytes of a data file; `None`, with a message on standard error, if the data is not available.
fn data(file: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("LOGMARK_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let bytes = fs::read(folder.join(file)).ok();
    if bytes.is_none() {
        eprintln!("skipped: no `{file}`; LOGMARK_TEST_DATA names the folder");
    }
    bytes
}

fn options() -> Options {
    Options { missing: Missing::Refuse, ..Options::detect(NOW) }
}

#[test]
fn every_line_has_its_own_time_and_keeps_its_bytes() {
    for expected in &FILES {
        let Some(bytes) = data(expected.file) else { continue };
        let mut reading = read(expected.file, Input::Stream(Box::new(&bytes[..])), options()).unwrap();
        let lines: Vec<_> = reading.by_ref().map(Result::unwrap).collect();
        assert_eq!(reading.summary().events, expected.lines, "{}: {:?}", expected.file, reading.summary());
        let times = || lines.iter().map(|line| line.timestamp);
        assert_eq!(times().min(), Some(expected.least), "{}", expected.file);
        assert_eq!(times().max(), Some(expected.greatest), "{}", expected.file);
        assert_eq!(times().sum::<i64>(), expected.sum, "{}", expected.file);
        let mut again: Vec<u8> = lines.iter().flat_map(|line| [line.message.as_bytes(), b"\n"].concat()).collect();
        if !bytes.ends_with(b"\n") {
            again.pop();
        }
        assert!(again == bytes, "{} changed", expected.file);
    }
}

#[test]
fn the_web_log_has_its_known_status_codes() {
    let Some(bytes) = data(WEB) else { return };
    let messages: Vec<_> =
        read(WEB, Input::Stream(Box::new(&bytes[..])), options()).unwrap().map(|line| line.unwrap().message).collect();
    let count = |status| messages.iter().filter(|line| line.split(' ').nth(8) == Some(status)).count();
    let counts = ["200", "206", "301", "304", "403", "404", "416", "500"].map(count);
    assert_eq!(counts, [9126, 45, 164, 445, 2, 213, 2, 3]);
}
