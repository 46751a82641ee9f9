//! Throughput of the parser on one core, beside a regular expression and GoAccess in the same run:
//! `cargo bench -p logmark-access-log --bench parse`.
//!
//! `LOGMARK_BENCH_DATA` names a directory with `web/apache_combined_semicomplete_10k.log`; without it lines are generated. All formats
//! have the same requests. *parse* finds the places of all values, *typed* also reads status, bytes, time and user agent of each
//! line. *regex* is one regular expression with a group for each value, by the crate `regex`, as a reader of logs is usually written.
//! GoAccess reads the combined format and writes its JSON report; its time includes the start of the process and its counting, so it
//! is an upper limit of what its parser takes. MB/s are bytes of the log; the best round counts.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use logmark_access_log::{Field, Format, Known, Line};
use regex::Regex;

const ROUNDS: usize = 15;
/// Lines of a measurement.
const LINES: usize = 200_000;

/// The combined format and CLF, as a regular expression.
const COMBINED: &str =
    r#"^(\S+) (\S+) (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}|-) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$"#;
const CLF: &str = r#"^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}|-) (\d+|-) (\S+)$"#;

fn main() {
    println!("{:<26}{:>10}{:>10}{:>10}{:>10}{:>8}", "format", "bytes", "parse", "typed", "regex", "ratio");
    let combined = combined();
    let format = Known::ApacheCombined.format().unwrap();
    let (combined_regex, clf_regex) = (Regex::new(COMBINED).unwrap(), Regex::new(CLF).unwrap());
    for known in [
        Known::ApacheCombined,
        Known::RestClf2018,
        Known::RestCsv2018,
        Known::RestXml2018,
        Known::RestJson2018,
        Known::AllReports,
    ] {
        let target = known.format().unwrap();
        let lines: Vec<String> = combined.iter().filter_map(|line| translated(format, line, target)).collect();
        let regex = match known {
            Known::ApacheCombined => Some(&combined_regex),
            Known::RestClf2018 => Some(&clf_regex),
            _ => None,
        };
        measure(known, target, &lines, regex);
    }
    goaccess(&combined);
}

fn measure(known: Known, format: &Format, lines: &[String], regex: Option<&Regex>) {
    let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
    let parse = speed(bytes, || lines.iter().filter(|line| matches!(black_box(format.parse(line)), Line::Access(_))).count());
    let typed = speed(bytes, || lines.iter().filter_map(|line| read(format, line)).count());
    print!("{:<26}{bytes:>10}{parse:>10.0}{typed:>10.0}", known.name());
    match regex {
        Some(regex) => {
            let mut places = regex.capture_locations();
            let found = speed(bytes, || lines.iter().filter(|line| regex.captures_read(&mut places, line).is_some()).count());
            println!("{found:>10.0}{:>8.1}", parse / found);
        }
        None => println!("{:>10}{:>8}", "-", "-"),
    }
}

/// What most reports need of a line.
fn read(format: &Format, line: &str) -> Option<(u16, i64, i64, usize)> {
    let record = format.parse(line).record()?;
    let agent = record.text(Field::IdentityUserAgent).map_or(0, |agent| agent.len());
    Some(black_box((record.status()?, record.integer(Field::ResponseLength).unwrap_or(0), record.time()?, agent)))
}

/// A line of the combined format as a line of another.
fn translated(from: &Format, line: &str, to: &Format) -> Option<String> {
    let mut values = from.parse(line).record()?.values();
    let path = values.fields.get(&Field::Path).cloned()?;
    values.fields.insert(Field::ResourcePath, path);
    values.fields.insert(Field::RequestId, "abe3ddf0-3e05-59aa-940a-9c123c89cca2".to_owned());
    Some(to.write(&values))
}

/// Lines of the combined format: those of the data folder, repeated, or generated ones.
fn combined() -> Vec<String> {
    let folder = std::env::var_os("LOGMARK_BENCH_DATA").map(PathBuf::from);
    let text = folder.and_then(|folder| fs::read_to_string(folder.join("web/apache_combined_semicomplete_10k.log")).ok());
    let lines: Vec<String> = match text {
        Some(text) => text.lines().map(str::to_owned).collect(),
        None => {
            println!("generated lines: LOGMARK_BENCH_DATA names no folder with web/apache_combined_semicomplete_10k.log");
            (0..10_000).map(generated).collect()
        }
    };
    lines.iter().cycle().take(LINES).cloned().collect()
}

fn generated(number: usize) -> String {
    let (host, second, bytes) = (number % 251, number % 60, number * 37 % 90_000);
    format!(
        "203.0.113.{host} - - [17/May/2015:10:05:{second:02} +0000] \"GET /presentations/{number}/images/kibana.png HTTP/1.1\" 200 {bytes} \
         \"http://example.com/presentations/\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{host}.0\""
    )
}

fn speed(bytes: usize, mut work: impl FnMut() -> usize) -> f64 {
    let round = |_| {
        let start = Instant::now();
        assert!(black_box(work()) > 0);
        start.elapsed()
    };
    megabytes(bytes, (0..ROUNDS).map(round).min().unwrap())
}

fn megabytes(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

/// GoAccess over the same lines.
fn goaccess(lines: &[String]) {
    let file = std::env::temp_dir().join(format!("logmark-access-log-{}.log", std::process::id()));
    let text = lines.join("\n") + "\n";
    fs::write(&file, &text).unwrap();
    let start = Instant::now();
    let status = Command::new("goaccess")
        .args(["--log-format=COMBINED", "--no-global-config", "--no-progress", "-o", "json"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let time = start.elapsed();
    fs::remove_file(&file).unwrap();
    match status {
        Ok(status) if status.success() => println!("goaccess, combined: {:.0} MB/s", megabytes(text.len(), time)),
        Ok(status) => println!("goaccess, combined: failed with {status}"),
        Err(_) => println!("goaccess is missing, so there is no comparison: apt-get install goaccess"),
    }
}
