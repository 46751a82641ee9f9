//! Tenants at scale: first read and reload of 1, 1,000 and 100,000 tenants' files, their memory, and the time of a lookup:
//! `cargo bench --bench tenants`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

use std::hint::black_box;
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
    let config = "[[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:keys.json\"\n\
                  [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n[tenants]\ndirectory = \"tenants.d\"\n";
    std::fs::write(folder.join("logmark.toml"), config).unwrap();
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
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
    println!(
        "{:>8} {:>12} {:>16} {:>16} {:>12} {:>14} {:>12}",
        "tenants", "first read", "read unchanged", "read one changed", "scan", "memory", "lookup"
    );
    for count in COUNTS {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), count);
        let before = resident_mib();
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
        let memory = resident_mib() - before;
        let lookup = lookup(&config, count);
        println!(
            "{count:>8} {first:>12.1?} {unchanged:>16.1?} {changed:>16.1?} {scan:>12.1?} {memory:>10.1} MiB {lookup:>12.0?}"
        );
    }
}
