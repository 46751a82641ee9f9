//! Tenants at scale: 1, 1,000 and 100,000 tenants' files. `cargo bench --bench tenants` (`-- reading`, `-- service`: one of the two).
//!
//! `reading`: reading them, reading them again, the memory that they take, and the time of a lookup, in this process. `service`: the
//! release binary's start, memory, idle processor time in `LOGMARK_BENCH_IDLE_SECONDS` (20), and how long a change takes.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

#[path = "policy/process.rs"]
mod process;

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use logmark::config::Config;
use logmark::config::loader::{ConfigPlace, Loader};
use logmark::domain::name::TenantId;

const COUNTS: [usize; 3] = [1, 1_000, 100_000];
const LOOKUPS: usize = 1_000_000;

fn name(number: usize) -> String {
    format!("customer-{number:06}")
}

/// A tenant as a provisioning tool writes it: limits, a grant of its own groups, and one of a shared group.
fn text(id: &str) -> String {
    format!(
        "weight = 1\nlimits = {{ requests_per_second = 20, tails = 5, max_range = \"31d\" }}\n\n[[grants]]\ngroups = [\"/customers/{id}/*\"]\n\
         actions = [\"read\", \"query\", \"tail\"]\n\n[[grants]]\ngroups = [\"/shared/gateway\"]\nstreams = [\"{id}-*\"]\nactions = [\"read\"]\n"
    )
}

fn write(folder: &Path, count: usize) {
    std::fs::create_dir(folder.join("tenants.d")).unwrap();
    for number in 0..count {
        let id = name(number);
        std::fs::write(folder.join(format!("tenants.d/{id}.toml")), text(&id)).unwrap();
    }
    std::fs::write(folder.join("keys.json"), "{\"keys\":[]}").unwrap();
    let config = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:keys.json\"\n\
                  [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n[tenants]\ndirectory = \"tenants.d\"\n";
    std::fs::write(folder.join("logmark.toml"), config).unwrap();
}

fn resident_mib(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or_default();
    kib / 1024.0
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (act(), begun.elapsed())
}

fn lookup(config: &Config, count: usize) -> Duration {
    // Enough different tenants to exceed the processor's cache.
    let ids: Vec<TenantId> =
        (0..count.min(10_000)).map(|number| TenantId::try_from(name(number * (count / count.min(10_000)))).unwrap()).collect();
    let ((), time) = timed(|| {
        for number in 0..LOOKUPS {
            black_box(config.tenants.get(&ids[number % ids.len()]));
        }
    });
    time / u32::try_from(LOOKUPS).unwrap()
}

fn main() {
    let is_chosen = |word: &str| std::env::args().any(|argument| argument == word);
    let both = !is_chosen("reading") && !is_chosen("service");
    if both || is_chosen("reading") {
        reading();
    }
    if both || is_chosen("service") {
        service();
    }
}

/// The answer of the admin listener.
fn get(admin: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The service with so many tenants: its start, its memory, and what it costs while nothing happens.
fn service() {
    let idle: u64 = std::env::var("LOGMARK_BENCH_IDLE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    println!("\n{:>8} {:>10} {:>14} {:>12} {:>16}", "tenants", "start", "memory", "idle CPU", "change applied");
    for count in COUNTS {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), count);
        let ((mut child, line), start) = timed(|| process::serve(folder.path()));
        let admin: SocketAddr = line["admin_listen"].as_str().unwrap().parse().unwrap();
        let process = child.id().to_string();
        // The first looks at the files are past then.
        std::thread::sleep(Duration::from_secs(5));
        let (memory, before) = (resident_mib(&process), process::cpu_seconds(&process));
        std::thread::sleep(Duration::from_secs(idle));
        let share = (process::cpu_seconds(&process) - before) / idle as f64;
        let id = name(count / 2);
        std::fs::write(
            folder.path().join(format!("tenants.d/{id}.toml")),
            format!("# changed\nweight = 2\n{}", text(&id).replace("weight = 1", "")),
        )
        .unwrap();
        let ((), applied) = timed(|| {
            while !get(admin, "/readyz").contains("\"generation\":2") {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        println!("{count:>8} {start:>10.2?} {memory:>10.0} MiB {:>10.2} % {applied:>16.2?}", share * 100.0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn reading() {
    println!(
        "{:>8} {:>12} {:>16} {:>16} {:>12} {:>14} {:>12}",
        "tenants", "first read", "read unchanged", "read one changed", "scan", "memory", "lookup"
    );
    for count in COUNTS {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), count);
        let before = resident_mib("self");
        let mut loader = Loader::new(ConfigPlace::file(Some(&folder.path().join("logmark.toml"))), []);
        let (config, first) = timed(|| loader.load().unwrap());
        let (again, unchanged) = timed(|| loader.load().unwrap());
        assert!(again.tenants == config.tenants);
        drop(config);
        let id = name(count / 2);
        std::fs::write(folder.path().join(format!("tenants.d/{id}.toml")), format!("# changed\n{}", text(&id))).unwrap();
        let (config, changed) = timed(|| loader.load().unwrap());
        drop(again);
        let (_, scan) = timed(|| loader.scan());
        let memory = resident_mib("self") - before;
        let lookup = lookup(&config, count);
        println!(
            "{count:>8} {first:>12.1?} {unchanged:>16.1?} {changed:>16.1?} {scan:>12.1?} {memory:>10.1} MiB {lookup:>12.0?}"
        );
    }
}
