//! Queries over access-log events: CPU seconds of one thread, beside `DuckDB` with the same queries over the raw JSON, on one
//! thread too, if `python3` has the module `duckdb`. CPU time is affected least by other load on the machine.
//!
//! `cargo bench -p logmark-engine --bench queries [-- <millions of events>] [runs=<n>] [<part of a name>]`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logmark_engine::budget::Budget;
use logmark_engine::control::Env;
use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::plan::{DEFAULT_ROWS, Plan, PlanOptions};
use logmark_engine::run::{Execution, QueryRows, Step};
use logmark_engine::values::call::QueryTimes;
use logmark_insights::ast::Query;

/// 2024-03-11, for seven days.
const START: i64 = 1_710_115_200_000;
const LENGTH: i64 = 7 * 86_400_000;

/// A query, and the same query in SQL over a table `logs` with the members of each event as columns.
struct Question {
    name: &'static str,
    query: &'static str,
    sql: &'static str,
}

const QUESTIONS: [Question; 11] = [
    Question {
        name: "1 count by status, 5 min",
        query: "stats count(*) as n by bin(5m), status",
        sql: "select cast(time as bigint) // 300000, status, count(*) from logs group by all",
    },
    Question {
        name: "2 percentiles by route",
        query: "stats pct(latency, 50), pct(latency, 95), pct(latency, 99) by path",
        sql: "select path, quantile_disc(cast(latency as int), [0.5, 0.95, 0.99]) from logs group by all",
    },
    Question {
        name: "3 top 20 addresses",
        query: "stats count(*) as n by ip | sort n desc | limit 20",
        sql: "select ip, count(*) as n from logs group by all order by n desc limit 20",
    },
    Question {
        name: "4 distinct users",
        query: "stats count_distinct(user) as n",
        sql: "select count(distinct \"user\") from logs",
    },
    Question {
        name: "5 one request id in @message",
        query: "filter @message like \"00000000-0000-4000-8000-00000001e240\" | fields @timestamp, @message",
        sql: "select line from raw where contains(line, '00000000-0000-4000-8000-00000001e240')",
    },
    Question {
        name: "6 a common word in @message",
        query: "filter @message like \"DELETE\" | stats count(*)",
        sql: "select count(*) from raw where contains(line, 'DELETE')",
    },
    Question {
        name: "7 4xx by path, one hour",
        query: "filter @timestamp >= 1710201600000 and @timestamp < 1710205200000 and status like /^4/ | stats count(*) as n by path",
        sql: "select path, count(*) from logs where cast(time as bigint) between 1710201600000 and 1710205199999 and status like '4%' group by all",
    },
    Question {
        name: "8 parse, 4 groups",
        query: "parse @message /\"method\":\"(?<m>[A-Z]+)\".*\"status\":\"(?<s>\\d+)\",\"length\":\"(?<l>\\d+)\"/ | stats sum(l) as bytes by m, s",
        sql: "select regexp_extract(line, '\"method\":\"([A-Z]+)\"', 1) as m, regexp_extract(line, '\"status\":\"(\\d+)\"', 1) as s, sum(cast(regexp_extract(line, '\"length\":\"(\\d+)\"', 1) as int)) from raw group by all",
    },
    Question {
        name: "9 newest 100 of a filter",
        query: "filter status = \"503\" | fields @timestamp, path, user | sort @timestamp desc | limit 100",
        sql: "select time, path, \"user\" from logs where status = '503' order by time desc limit 100",
    },
    Question {
        name: "10 bytes by domain and day",
        query: "stats sum(length) as bytes by domain, bin(1d)",
        sql: "select domain, cast(time as bigint) // 86400000, sum(cast(length as int)) from logs group by all",
    },
    Question {
        name: "11 a regex over @message",
        query: "filter @message like /\"status\":\"5\\d\\d\",\"length\":\"\\d{5}\"/ | stats count(*)",
        sql: "select count(*) from raw where regexp_matches(line, '\"status\":\"5\\d\\d\",\"length\":\"\\d{5}\"')",
    },
];

/// Fixed pseudo-random numbers (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Small numbers more often than large ones.
    fn skewed(&mut self, below: u64) -> u64 {
        let first = self.next() % below;
        let second = self.next() % (first + 1);
        self.next() % (second + 1)
    }
}

fn message(number: u64, time: i64, numbers: &mut Numbers) -> String {
    let mut message = String::with_capacity(320);
    let method = ["GET", "GET", "GET", "POST", "PUT", "DELETE"][usize::try_from(numbers.skewed(6)).unwrap()];
    let status = ["200", "200", "200", "204", "304", "404", "403", "500", "503"][usize::try_from(numbers.skewed(9)).unwrap()];
    let (address, user, path) = (numbers.skewed(300_000), numbers.skewed(200_000), numbers.skewed(200));
    let (length, latency) = (numbers.next() % 20_000, numbers.skewed(3_000));
    write!(
        message,
        "{{\"requestId\":\"00000000-0000-4000-8000-{number:012x}\",\"time\":\"{time}\",\"ip\":\"10.{}.{}.{}\",\"user\":\"user-{user:06}\",\
         \"method\":\"{method}\",\"path\":\"/v1/things/{path}\",\"status\":\"{status}\",\"length\":\"{length}\",\"latency\":\"{latency}\",\
         \"domain\":\"{}.shop.example\",\"protocol\":\"HTTP/1.1\",\"stage\":\"prod\"}}",
        address >> 16,
        address >> 8 & 255,
        address & 255,
        ["api", "img", "pay"][usize::try_from(user % 3).unwrap()],
    )
    .unwrap();
    message
}

fn events(count: u64) -> Vec<MemoryEvent> {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let (stream, group): (Arc<str>, Arc<str>) = ("gateway".into(), "/shop/access".into());
    let step = LENGTH / i64::try_from(count).unwrap();
    (0..count)
        .map(|number| {
            let timestamp = START + i64::try_from(number).unwrap() * step;
            MemoryEvent {
                timestamp,
                ingestion_time: timestamp,
                stream: Arc::clone(&stream),
                group: Arc::clone(&group),
                message: message(number, timestamp, &mut numbers),
                pointer: String::new(),
            }
        })
        .collect()
}

/// The CPU time of this thread so far, which only Linux shows in a file; elsewhere wall-clock time.
fn cpu_time(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next().and_then(|first| first.parse().ok()));
    nanoseconds.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

fn run(text: &str, source: &MemorySource) -> (QueryRows, Duration) {
    let query = Query::parse(text).unwrap();
    let times = QueryTimes { start: START, end: START + LENGTH, now: START };
    let clock = Instant::now();
    let started = cpu_time(clock);
    let plan = Plan::compile(&query, &PlanOptions { text, times, max_rows: DEFAULT_ROWS }).unwrap();
    let env = Env::new(times, Budget::new(Budget::DEFAULT), Arc::default(), Duration::from_secs(3_600));
    let mut execution = Execution::new(plan, Arc::new(source.clone()), env);
    while execution.step().unwrap() == Step::More {}
    (execution.into_result().0, cpu_time(clock).saturating_sub(started))
}

/// The seconds of `DuckDB` for each query; `None` without `DuckDB`.
fn duckdb(events: &[MemoryEvent], runs: usize) -> Option<Vec<f64>> {
    let available = Command::new("python3").args(["-c", "import duckdb"]).output().ok()?;
    if !available.status.success() {
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (data, queries) = (folder.join("events.ndjson"), folder.join("queries.sql"));
    let mut file = BufWriter::new(File::create(&data).unwrap());
    events.iter().for_each(|event| writeln!(file, "{}", event.message).unwrap());
    file.flush().unwrap();
    std::fs::write(&queries, QUESTIONS.map(|question| question.sql).join("\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/duckdb_queries.py");
    let output = Command::new("python3").arg(script).args([&data, &queries]).arg(runs.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds = text.lines().map(|line| line.parse().ok()).collect();
    std::fs::remove_file(data).unwrap();
    seconds
}

fn main() {
    let millions: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let runs: usize =
        std::env::args().skip(1).find_map(|argument| argument.strip_prefix("runs=")?.parse().ok()).unwrap_or(3).max(1);
    let is_part =
        |argument: &String| !argument.starts_with('-') && !argument.starts_with("runs=") && argument.parse::<u64>().is_err();
    let chosen = std::env::args().skip(1).find(is_part);
    let events = events(millions * 1_000_000);
    let bytes: usize = events.iter().map(|event| event.message.len()).sum();
    println!("{} events, {} MB", events.len(), bytes / 1_000_000);
    let peer = if chosen.is_none() { duckdb(&events, runs) } else { None };
    let count = events.len();
    let source = MemorySource::new(events, 1_000);
    println!("{:32} {:>11} {:>14} {:>8} {:>12}", "", "CPU seconds", "events/s", "rows", "duckdb json");
    let is_chosen = |question: &Question| chosen.as_ref().is_none_or(|part| question.name.contains(part.as_str()));
    for (place, question) in QUESTIONS.iter().enumerate().filter(|(_, question)| is_chosen(question)) {
        let mut times: Vec<(Duration, usize)> = (0..runs)
            .map(|_| {
                let (result, time) = run(question.query, &source);
                (time, result.rows.len())
            })
            .collect();
        times.sort();
        let (time, rows) = times[runs / 2];
        let seconds = time.as_secs_f64();
        let beside = peer.as_ref().and_then(|peer| peer.get(place)).map_or("-".to_owned(), |peer| format!("{peer:.3}"));
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = count as f64 / seconds;
        println!("{:32} {seconds:>11.3} {rate:>14.0} {rows:>8} {beside:>12}", question.name);
    }
}
