//! Events that are generated on read, so that a gigabyte of them takes no memory; and the memory of the process.

use std::sync::Arc;

use logmark_engine::error::InputError;
use logmark_engine::input::{Block, BlockEvent, Input, Order, Scan, Source};

/// Events of a block.
const BLOCK: u64 = 500;

/// A source of this many events. Each differs from all others in its number, its identifier and its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generated {
    /// The number of events.
    pub(crate) events: u64,
    /// The time of the first event; each next one is a millisecond later.
    pub(crate) start: i64,
}

/// Mixes the bits of a number, so that consecutive numbers have nothing in common.
const fn mixed(number: u64) -> u64 {
    let first = (number ^ number >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (first ^ first >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

/// About 260 bytes.
fn message(number: u64) -> String {
    let (one, other) = (mixed(number), mixed(number ^ 0x5555));
    let words = ["read", "-", "write;", "of:", "in", "/x", "(y)", "#", "at", "by"];
    let word = |place: u64| words[usize::try_from(other >> (place * 4) & 15).unwrap_or_default() % words.len()];
    let text: Vec<&str> = (0..8).map(word).collect();
    format!(
        "{{\"n\":{number},\"id\":\"{one:016x}-{other:016x}\",\"user\":\"user-{}\",\"ms\":{},\"status\":\"{}\",\"text\":\"{}\",\"pad\":\"{}\"}}",
        one % 100_000,
        other % 100_000,
        200 + one % 5,
        text.join(" "),
        "x".repeat(100),
    )
}

impl Source for Generated {
    fn open(&self, scan: &Scan) -> Result<Box<dyn Input>, InputError> {
        Ok(Box::new(GeneratedInput { source: *self, order: scan.order, next: 0 }))
    }
}

#[derive(Debug)]
struct GeneratedInput {
    source: Generated,
    order: Order,
    next: u64,
}

impl Input for GeneratedInput {
    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>, InputError> {
        let end = (self.next + BLOCK).min(self.source.events);
        let number = |place: u64| if self.order == Order::NewestFirst { self.source.events - 1 - place } else { place };
        let events: Vec<(i64, String)> =
            (self.next..end).map(number).map(|number| (self.source.start + number.cast_signed(), message(number))).collect();
        self.next = end;
        Ok(if events.is_empty() { None } else { Some(Box::new(GeneratedBlock { events, group: "/generated".into() })) })
    }
}

#[derive(Debug)]
struct GeneratedBlock {
    events: Vec<(i64, String)>,
    group: Arc<str>,
}

impl Block for GeneratedBlock {
    fn len(&self) -> usize {
        self.events.len()
    }

    fn event(&self, index: usize) -> BlockEvent<'_> {
        self.events.get(index).map_or_else(BlockEvent::default, |(time, message)| BlockEvent {
            timestamp: *time,
            ingestion_time: *time,
            message: message.as_str().into(),
            stream: "s",
            log: &self.group,
        })
    }

    fn pointer(&self, index: usize) -> String {
        self.timestamp(index).to_string()
    }
}

/// A memory figure of this process in bytes, such as `VmRSS`; `None` where the system does not report it.
pub(crate) fn process_memory(figure: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// Resets the peak of the process's memory (`VmHWM`). Returns whether the system supports it.
pub(crate) fn reset_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}
