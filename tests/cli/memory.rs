//! A gigabyte passes through the service in a few megabytes of memory.

use std::time::Duration;

use tokio::time::Instant;

use super::wire::{Counted, Wire, count};
use crate::world::binary::{RunningService, ServiceDirectory};

/// Maximum growth of the process compared with idle. It grows by 45 MiB on an idle machine, and by 67 MiB with other tests,
/// because more threads then keep freed memory.
const GROWTH_KIB: u64 = 96 * 1024;
const LINE: usize = 512;

/// Lines that are neither identical nor random, `bytes` in total.
fn lines(bytes: usize) -> impl Iterator<Item = (i64, String)> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..bytes / LINE).map(move |i| {
        let mut text = format!("{i:012} \"GET /things/{} HTTP/1.1\" ", i % 1000);
        while text.len() < LINE {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(if state.is_multiple_of(3) { "quoted\\\"part " } else { "the usual words " });
            text.push_str(&(state % 100_000).to_string());
        }
        text.truncate(LINE);
        (1_700_000_000_000 + i64::try_from(i).unwrap() / 10, text)
    })
}

struct Watched {
    counted: Counted,
    idle_kib: u64,
    peak_kib: u64,
    took: Duration,
}

/// Downloads the stream, and samples the process's memory continuously.
async fn watch(served: &RunningService, token: &str, headers: &[(&str, &str)], pause: impl AsyncFnMut(u64)) -> Watched {
    let mut wire = Wire::plain(served.address).await;
    let first = wire.get("/logs/:acme:big/s?limit=1", token, &[]).await.unwrap();
    count(first.into_body(), async |_| ()).await;
    let idle_kib = served.process.memory_kib("VmRSS");
    let begun = Instant::now();
    let answer = wire.get("/logs/:acme:big/s?format=ndjson", token, headers).await.unwrap();
    assert_eq!(answer.status(), 200);
    let download = count(answer.into_body(), pause);
    tokio::pin!(download);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let mut peak_kib = idle_kib;
    let counted = loop {
        tokio::select! {
            counted = &mut download => break counted,
            _ = ticks.tick() => peak_kib = peak_kib.max(served.process.memory_kib("VmRSS")),
        }
    };
    Watched { counted, idle_kib, peak_kib: peak_kib.max(served.process.memory_kib("VmHWM")), took: begun.elapsed() }
}

fn judge(what: &str, watched: &Watched) {
    let Watched { counted, idle_kib, peak_kib, took } = watched;
    println!(
        "{what}: {:.0} MB received in {:.1} s; memory {:.1} MB idle, {:.1} MB at most",
        counted.bytes as f64 / 1e6,
        took.as_secs_f64(),
        *idle_kib as f64 / 1024.0,
        *peak_kib as f64 / 1024.0
    );
    assert!(peak_kib - idle_kib < GROWTH_KIB, "{what}: {idle_kib} KiB idle, {peak_kib} KiB at most");
}

#[tokio::test]
async fn a_gigabyte_is_exported_in_constant_memory() {
    let bytes = 1 << 30;
    let directory = ServiceDirectory::new("");
    let begun = Instant::now();
    directory.put("/acme/big", "s", lines(bytes));
    println!("made {bytes} bytes in {:.1} s", begun.elapsed().as_secs_f64());
    let served = directory.serve().await;
    let token = directory.issuer.token("acme", "logs:read:*");
    let whole = watch(&served, &token, &[], async |_| ()).await;
    judge("plain", &whole);
    assert_eq!(whole.counted.lines, (bytes / LINE) as u64);
    assert!(whole.counted.trailers.contains_key("logmark-cursor"));
}

#[tokio::test]
async fn a_compressed_export_and_a_slow_reader_cost_no_more() {
    let bytes = 96 << 20;
    let directory = ServiceDirectory::new("");
    directory.put("/acme/big", "s", lines(bytes));
    let token = directory.issuer.token("acme", "logs:read:*");
    for encoding in ["gzip", "zstd"] {
        let served = directory.serve().await;
        let packed = watch(&served, &token, &[("accept-encoding", encoding)], async |_| ()).await;
        judge(encoding, &packed);
        assert!(packed.counted.bytes < bytes as u64 / 2, "{} bytes", packed.counted.bytes);
        served.process.kill().await;
    }
    // Pauses of two seconds: unread data must wait in the store, not in memory.
    let served = directory.serve().await;
    let mut next = 8 << 20;
    let slow = watch(&served, &token, &[], async |received| {
        if received > next {
            next += 32 << 20;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    })
    .await;
    judge("slow reader", &slow);
    assert_eq!(slow.counted.lines, (bytes / LINE) as u64);
}
