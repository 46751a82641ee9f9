//! W3C Trace Context: reads the trace of a request, and passes it on to upstream calls.

use std::cell::RefCell;
use std::future::Future;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// The trace of the current task, and its span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: String,
    flags: String,
}

/// Random bytes for ids. A block costs the generator as much as one id, so a block serves many ids.
struct IdBlock {
    bytes: [u8; 256],
    left: usize,
}

thread_local! {
    static BLOCK: RefCell<IdBlock> = const { RefCell::new(IdBlock { bytes: [0; 256], left: 0 }) };
}

impl IdBlock {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        if self.left < N {
            // Without randomness ids repeat. They are not secrets, so this only affects tracing.
            let _best_effort = aws_lc_rs::rand::fill(&mut self.bytes);
            self.left = self.bytes.len();
        }
        let taken = self.bytes[..self.left].last_chunk().copied().unwrap_or([0; N]);
        self.left = self.left.saturating_sub(N);
        taken
    }
}

/// `N` random bytes, at most 256, as hexadecimal digits. For ids; never for secrets.
#[must_use]
pub fn random_hex<const N: usize>() -> String {
    const { assert!(N <= 256, "a block holds no more") };
    let bytes: [u8; N] = BLOCK.with_borrow_mut(IdBlock::take);
    let mut text = String::with_capacity(2 * N);
    for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.extend(char::from_digit(digit.into(), 16));
    }
    text
}

impl TraceContext {
    /// Reads a `traceparent` header (W3C Trace Context §3.2). Without a valid header a new trace begins.
    #[must_use]
    pub fn from_header(header: Option<&str>) -> Self {
        header.and_then(Self::parse).unwrap_or_else(|| Self { trace_id: random_hex::<16>(), flags: "00".to_owned() })
    }

    fn parse(header: &str) -> Option<Self> {
        let is_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let mut parts = header.split('-');
        let (version, trace_id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let shaped = is_hex(version, 2) && is_hex(trace_id, 32) && is_hex(parent, 16) && is_hex(flags, 2);
        let whole = version != "ff" && (version != "00" || parts.next().is_none());
        let named = trace_id.bytes().any(|b| b != b'0') && parent.bytes().any(|b| b != b'0');
        (shaped && whole && named).then(|| Self { trace_id: trace_id.to_owned(), flags: flags.to_owned() })
    }

    /// The id of the trace: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }
}

/// Runs `work` as part of the trace.
pub async fn scope<F: Future>(context: TraceContext, work: F) -> F::Output {
    CURRENT.scope(context, work).await
}

/// Wraps `work` for a new task, as part of the current trace.
pub fn in_current_trace<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let context = CURRENT.try_with(Clone::clone).ok();
    async move {
        match context {
            Some(context) => scope(context, work).await,
            None => work.await,
        }
    }
}

/// The `traceparent` of an upstream call: the current trace with a new span. `None` outside of a request.
#[must_use]
pub fn outgoing() -> Option<String> {
    CURRENT.try_with(|context| format!("00-{}-{}-{}", context.trace_id, random_hex::<8>(), context.flags)).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn only_a_whole_traceparent_is_taken_up() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceContext::from_header(Some(good)).trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            let context = TraceContext::from_header(Some(bad));
            assert_ne!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736", "{bad}");
            assert_eq!(context.trace_id().len(), 32, "{bad}");
        }
    }

    #[test]
    fn no_id_comes_twice_within_a_block_or_after_it() {
        let ids: HashSet<String> = (0..100).map(|_| random_hex::<16>()).collect();
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())), "{ids:?}");
    }

    #[tokio::test]
    async fn an_outgoing_call_carries_the_trace_and_a_span_of_its_own() {
        assert_eq!(outgoing(), None);
        let context = TraceContext::from_header(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        let header = scope(context, async { outgoing() }).await.unwrap();
        assert!(header.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && header.ends_with("-01"), "{header}");
        assert!(!header.contains("00f067aa0ba902b7"), "{header}");
    }
}
