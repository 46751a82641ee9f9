//! The speed of matching, beside common tools, in the same run and on the same lines:
//! `cargo bench -p logmark-filter-pattern --bench matching`.
//!
//! `LOGMARK_BENCH_DATA` names a directory with `web/apache_combined_semicomplete_10k.log`,
//! `cloudtrail/invictus_stratus_cloudtrail.jsonl` and `apigw/derived_rest_json.jsonl`; without it lines are generated. Each file
//! is repeated up to `LOGMARK_BENCH_MEGABYTES` (256), and an eighth of that for tools that build a DOM and for `jq`. The best of
//! five runs counts. Other programs are timed from their start, and read a file from the page cache.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a measurement for a person to read")]

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use logmark_filter_pattern::{FilterPattern, Matcher};
use serde::Deserialize;
use serde_json::Value;

const RUNS: usize = 5;

struct Data {
    web: Lines,
    trail: Lines,
    gateway: Lines,
}

/// Lines in memory and in files: all lines, and the smaller part.
struct Lines {
    text: String,
    file: PathBuf,
    part: usize,
    part_file: PathBuf,
}

impl Lines {
    fn part(&self) -> &str {
        &self.text[..self.part]
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _gone = (fs::remove_file(&self.file), fs::remove_file(&self.part_file));
    }
}

fn main() {
    let data = data();
    println!("{:<58}{:>9}  {:<22}{:>9}{:>8}", "pattern", "GB/s", "beside", "GB/s", "ratio");
    terms(&data.web);
    fields(&data.web);
    trail(&data.trail);
    gateway(&data.gateway);
}

fn terms(web: &Lines) {
    let file = web.file.display();
    for (pattern, beside) in [
        ("Googlebot", format!("rg -c -F Googlebot {file}")),
        ("Mozilla", format!("rg -c -F Mozilla {file}")),
        ("\"no such words\"", format!("rg -c -F 'no such words' {file}")),
        ("Googlebot presentations", format!("rg -F Googlebot {file} | rg -c -F presentations")),
        ("Mozilla -Googlebot", format!("rg -F Mozilla {file} | rg -c -v -F Googlebot")),
        ("?Googlebot ?bingbot", format!("rg -c -F -e Googlebot -e bingbot {file}")),
        ("%GET /presentations/[a-z0-9-]+/images/[a-z]+%", format!("rg -c 'GET /presentations/[a-z0-9-]+/images/[a-z]+' {file}")),
        ("%[0-9]{3}\\.[0-9]{3}\\.[0-9]{2}\\.%", format!("rg -c '[0-9]{{3}}\\.[0-9]{{3}}\\.[0-9]{{2}}\\.' {file}")),
    ] {
        compare(pattern, &web.text, &[("rg", &|| shell(&beside), web.text.len())]);
    }
}

fn fields(web: &Lines) {
    let awk = |program: &str| format!("awk '{program}' {}", web.file.display());
    for (pattern, program) in [
        ("[ip, , user, time, request, status = 404, bytes, ...]", "$9 == 404 { n++ } END { print n }"),
        ("[ip = 66.249.*, ...]", "$1 ~ /^66\\.249\\./ { n++ } END { print n }"),
        ("[..., status >= 400 && status < 500, bytes, referrer, agent]", "$9 >= 400 && $9 < 500 { n++ } END { print n }"),
    ] {
        compare(pattern, &web.text, &[("awk", &|| shell(&awk(program)), web.text.len())]);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    event_name: Cow<'a, str>,
    #[serde(borrow)]
    user_identity: Option<Identity<'a>>,
    read_only: Option<bool>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
}

type Dom = fn(&Value) -> bool;
type Typed = fn(&Record<'_>) -> bool;

fn trail(trail: &Lines) {
    let cases: [(&str, &str, Dom, Typed); 3] = [
        (
            "{ $.eventName = \"AssumeRole\" }",
            "select(.eventName == \"AssumeRole\")",
            |value| value["eventName"] == "AssumeRole",
            |record| record.event_name == "AssumeRole",
        ),
        (
            "{ $.userIdentity.type = IAMUser && $.readOnly IS FALSE }",
            "select(.userIdentity.type == \"IAMUser\" and .readOnly == false)",
            |value| value["userIdentity"]["type"] == "IAMUser" && value["readOnly"] == false,
            |record| {
                record.user_identity.as_ref().is_some_and(|user| user.kind.as_deref() == Some("IAMUser"))
                    && record.read_only == Some(false)
            },
        ),
        (
            "{ $.eventName = * }",
            "select(.eventName)",
            |value| value["eventName"].is_string(),
            |record| !record.event_name.is_empty(),
        ),
    ];
    for (pattern, filter, dom, typed) in cases {
        let jq = format!("jq -c '{filter} | 1' {} | wc -l", trail.part_file.display());
        let part = trail.part();
        let of_dom = || count(part, |line| dom(&serde_json::from_str(line).unwrap()));
        let of_typed = || count(part, |line| typed(&serde_json::from_str(line).unwrap()));
        compare(
            pattern,
            part,
            &[
                ("jq", &|| shell(&jq), part.len()),
                ("serde_json::Value", &|| Ok(of_dom()), part.len()),
                ("serde struct", &|| Ok(of_typed()), part.len()),
            ],
        );
    }
}

fn gateway(gateway: &Lines) {
    let part = gateway.part();
    let cases: [(&str, &str, Dom); 2] = [
        ("{ $.status = 404 }", "select(.status == \"404\")", |value| value["status"] == "404"),
        ("{ $.httpMethod != GET }", "select(.httpMethod != \"GET\")", |value| value["httpMethod"] != "GET"),
    ];
    for (pattern, filter, dom) in cases {
        let jq = format!("jq -c '{filter} | 1' {} | wc -l", gateway.part_file.display());
        compare(
            pattern,
            part,
            &[
                ("jq", &|| shell(&jq), part.len()),
                ("serde_json::Value", &|| Ok(count(part, |line| dom(&serde_json::from_str(line).unwrap()))), part.len()),
            ],
        );
    }
}

/// A counterpart: its name, its count, and the bytes that it reads.
type Beside<'a> = (&'a str, &'a dyn Fn() -> Result<usize, String>, usize);

/// A row of the table for each counterpart.
fn compare(pattern: &str, text: &str, beside: &[Beside<'_>]) {
    let parsed: FilterPattern = pattern.parse().unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
    let matcher = Matcher::new(&parsed).unwrap();
    let (found, took) = best(|| Ok(matcher.lines(text).count()));
    let ours = speed(text.len(), took);
    for (name, other, bytes) in beside {
        match best(other) {
            (Ok(others), took) => {
                assert_eq!(found, Ok(others), "{pattern}: {name} counts otherwise");
                let theirs = speed(*bytes, took);
                println!("{pattern:<58}{ours:>9.2}  {name:<22}{theirs:>9.2}{:>7.1}x", ours / theirs);
            }
            (Err(reason), _) => println!("{pattern:<58}{ours:>9.2}  {name}: {reason}"),
        }
    }
}

fn count(text: &str, matches: impl Fn(&str) -> bool) -> usize {
    let mut start = 0;
    let mut found = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
        found += usize::from(matches(&text[start..end]));
        start = end + 1;
    }
    found
}

fn best(run: impl Fn() -> Result<usize, String>) -> (Result<usize, String>, Duration) {
    let mut least = Duration::MAX;
    let mut found = Err(String::new());
    for _ in 0..RUNS {
        let start = Instant::now();
        found = run();
        least = least.min(start.elapsed());
        if found.is_err() {
            break;
        }
    }
    (found, least)
}

fn speed(bytes: usize, took: Duration) -> f64 {
    bytes as f64 / took.as_secs_f64() / 1e9
}

/// The number that a command prints.
fn shell(command: &str) -> Result<usize, String> {
    let tool = command.split(' ').next().unwrap_or_default();
    let output = Command::new("sh").arg("-c").arg(command).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Some print nothing when the count is zero.
    if text.trim().is_empty() && output.stderr.is_empty() {
        return Ok(0);
    }
    text.trim().parse().map_err(|_| format!("`{tool}` is missing or failed"))
}

fn data() -> Data {
    let number = |name: &str, default: usize| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let bytes = number("LOGMARK_BENCH_MEGABYTES", 256) << 20;
    let directory = std::env::var_os("LOGMARK_BENCH_DATA").map(PathBuf::from);
    let lines = |path: &str, made_up: fn(usize) -> String| {
        let one = match &directory {
            Some(directory) => fs::read_to_string(directory.join(path)).unwrap_or_else(|error| panic!("{path}: {error}")),
            None => (0..10_000).map(made_up).collect(),
        };
        repeated(&one, bytes, Path::new(path))
    };
    if directory.is_none() {
        println!("LOGMARK_BENCH_DATA is not set: using generated lines");
    }
    Data {
        web: lines("web/apache_combined_semicomplete_10k.log", |n| {
            let (agent, status) =
                (if n % 37 == 0 { "Googlebot" } else { "Mozilla/5.0 (X11)" }, if n % 50 == 0 { 404 } else { 200 });
            format!(
                "10.0.{}.{} - - [18/Jun/2024:07:11:05 +0000] \"GET /presentations/p{n}/images/x.png HTTP/1.1\" {status} {n} \"-\" \"{agent}\"\n",
                n % 256,
                n % 199
            )
        }),
        trail: lines("cloudtrail/invictus_stratus_cloudtrail.jsonl", |n| {
            let name = if n % 20 == 0 { "AssumeRole" } else { "DescribeInstances" };
            format!(
                "{{\"eventVersion\":\"1.08\",\"userIdentity\":{{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::1:user/u{n}\"}},\"eventName\":\"{name}\",\"requestParameters\":{{\"a\":[1,2,{n}],\"text\":\"some longer text of no interest at all\"}},\"readOnly\":{}}}\n",
                n % 3 == 0
            )
        }),
        gateway: lines("apigw/derived_rest_json.jsonl", |n| {
            format!(
                "{{ \"requestId\":\"id-{n}\", \"ip\": \"10.0.0.{}\", \"httpMethod\":\"GET\", \"status\":\"{}\" }}\n",
                n % 256,
                if n % 50 == 0 { 404 } else { 200 }
            )
        }),
    }
}

/// The lines, repeated up to this many bytes, in memory and in files.
fn repeated(one: &str, bytes: usize, name: &Path) -> Lines {
    let times = (bytes / one.len()).max(1);
    let text = one.repeat(times);
    let part = one.len() * (times / 8).max(1);
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    let directory = std::env::temp_dir();
    let file = directory.join(format!("logmark-bench-{}-{name}", std::process::id()));
    let part_file = directory.join(format!("logmark-bench-{}-part-{name}", std::process::id()));
    fs::write(&file, &text).unwrap();
    fs::write(&part_file, &text[..part]).unwrap();
    Lines { text, file, part, part_file }
}
