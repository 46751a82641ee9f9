//! Measures a store on this machine: `measure ingest <directory> <megabytes> <appenders>`, then `measure scan <directory>` or
//! `measure poll <directory>` (many small reads at the newest end). Run with `--release`, each in a separate process, so that the
//! peak memory is that of one measurement.
#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use logmark_store::{Direction, NewEvent, Options, ReadRequest, Store, StreamSelection};

const GROUP: &str = "/measure";
const BATCH_EVENTS: usize = 1_000;
const PAGE_BYTES: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["ingest", directory, megabytes, appenders] => {
            ingest(Path::new(directory), megabytes.parse()?, appenders.parse()?)?;
        }
        ["scan", directory] => scan(Path::new(directory))?,
        ["poll", directory] => poll(Path::new(directory))?,
        _ => return Err("usage: measure ingest <directory> <megabytes> <appenders> | scan|poll <directory>".into()),
    }
    println!("peak memory {} MiB", peak_memory_kib()? / 1024);
    Ok(())
}

fn ingest(directory: &Path, megabytes: usize, appenders: usize) -> Result<(), Box<dyn Error>> {
    let store = Store::open(directory, Options::default())?;
    store.create_group(GROUP, 0)?;
    let begun = Instant::now();
    let mut bytes = 0;
    std::thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        let mut threads = Vec::new();
        for appender in 0..appenders {
            let stream = format!("stream-{appender}");
            store.create_stream(GROUP, &stream, 0)?;
            let (store, share) = (store.clone(), megabytes * 1_000_000 / appenders);
            threads.push(scope.spawn(move || append(&store, &stream, share)));
        }
        for thread in threads {
            bytes += thread.join().map_err(|_| "an appender panicked")??;
        }
        Ok(())
    })?;
    let appended = begun.elapsed().as_secs_f64();
    store.close()?;
    let megabytes = bytes as f64 / 1e6;
    println!("appended {megabytes:.0} MB by {appenders} in {appended:.1} s: {:.0} MB/s durable", megabytes / appended);
    let stored = segment_bytes(directory)? as f64 / 1e6;
    println!("closed after {:.1} s, segments {stored:.0} MB", begun.elapsed().as_secs_f64());
    Ok(())
}

fn append(store: &Store, stream: &str, share: usize) -> Result<usize, logmark_store::AppendError> {
    let (mut bytes, mut number) = (0, 0);
    while bytes < share {
        let events: Vec<NewEvent> = (0..BATCH_EVENTS).map(|at| line(number + at as u64)).collect();
        number += BATCH_EVENTS as u64;
        bytes += events.iter().map(|event| event.message.len()).sum::<usize>();
        store.append_blocking(GROUP, stream, events, 1_700_000_000_000)?;
    }
    Ok(bytes)
}

/// An access log line of about 200 bytes, with realistic randomness.
fn line(number: u64) -> NewEvent {
    let chance = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number << 7);
    let (status, path) = ([200, 200, 200, 304, 404, 500][(chance >> 60) as usize % 6], chance >> 40 & 0xfff);
    let message = format!(
        "{{\"remote\":\"10.{}.{}.{}\",\"method\":\"GET\",\"path\":\"/api/v1/items/{path}\",\"status\":{status},\
         \"bytes\":{},\"ms\":{},\"request_id\":\"{chance:016x}\",\"agent\":\"Mozilla/5.0 (X11; Linux x86_64)\"}}",
        chance & 0xff,
        chance >> 8 & 0xff,
        chance >> 16 & 0xff,
        chance >> 20 & 0xffff,
        chance >> 30 & 0x3ff,
    );
    NewEvent { timestamp: 1_700_000_000_000 + (number / 10) as i64, message }
}

fn scan(directory: &Path) -> Result<(), Box<dyn Error>> {
    let store = Store::open(directory, Options::default())?;
    let begun = Instant::now();
    let (mut from, mut bytes, mut events, mut pages) = (None, 0, 0, 0);
    loop {
        let page = store.read(&ReadRequest {
            group: GROUP,
            streams: StreamSelection::All,
            filter: None,
            start: None,
            end: None,
            direction: Direction::Forward,
            from,
            limit: NonZeroUsize::MAX,
            max_bytes: PAGE_BYTES,
        })?;
        bytes += page.events.iter().map(|event| event.message.len()).sum::<usize>();
        events += page.events.len();
        pages += 1;
        from = Some(page.next);
        if page.at_end {
            break;
        }
    }
    let (seconds, megabytes) = (begun.elapsed().as_secs_f64(), bytes as f64 / 1e6);
    println!("read {events} events, {megabytes:.0} MB, {pages} pages in {seconds:.1} s: {:.0} MB/s", megabytes / seconds);
    Ok(())
}

fn poll(directory: &Path) -> Result<(), Box<dyn Error>> {
    const POLLS: u32 = 20_000;
    let store = Store::open(directory, Options::default())?;
    let newest = |limit, streams| ReadRequest {
        group: GROUP,
        streams,
        filter: None,
        start: None,
        end: None,
        direction: Direction::Backward,
        from: None,
        limit,
        max_bytes: PAGE_BYTES,
    };
    for place in ["segments", "memory"] {
        let begun = Instant::now();
        for _ in 0..POLLS {
            let request = newest(NonZeroUsize::MIN.saturating_add(9), StreamSelection::Named(&["stream-0"]));
            if store.read(&request)?.events.len() != 10 {
                return Err("the store holds too few events".into());
            }
        }
        println!("newest 10 events from {place}: {:.0} us", begun.elapsed().as_secs_f64() * 1e6 / f64::from(POLLS));
        let later = (0..BATCH_EVENTS as u64).map(|at| line(1 << 40 | at)).collect();
        store.append_blocking(GROUP, "stream-0", later, 0)?;
    }
    Ok(())
}

fn segment_bytes(directory: &Path) -> std::io::Result<u64> {
    std::fs::read_dir(directory.join("segments"))?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

fn peak_memory_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM line")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
