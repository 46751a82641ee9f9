//! Audit lines: one for every read and for every denial, with caller, address, target, amount and reason.
//!
//! Owns the form of the lines, and a rate limit for denials of callers without a valid token. INVARIANT: a line contains no
//! token, and no caller's text longer than `MAX_CHARS`.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::auth::permit::{GrantReason, Permit};
use crate::auth::token::Claims;
use crate::domain::name::TenantId;
use crate::domain::operation::{Operation, Target};

/// The target of audit lines.
pub const TARGET: &str = "audit";

/// Maximum characters of a text that comes from a caller or an issuer.
const MAX_CHARS: usize = 256;

/// Burst of denial lines without a known caller, and the time until one more is allowed: 20 per second.
const ANONYMOUS_DENIALS: (u32, Duration) = (200, Duration::from_millis(50));

/// What is known about the caller of a request. Filled in while the request is processed.
#[derive(Debug, Default)]
pub struct AuditContext {
    peer: OnceLock<IpAddr>,
    /// The verified token's. A request shares them with the token cache.
    caller: OnceLock<Arc<Claims>>,
    target: OnceLock<String>,
}

impl AuditContext {
    /// Records the address of the client.
    pub fn set_peer(&self, peer: IpAddr) {
        let _first = self.peer.set(peer.to_canonical());
    }

    /// Records the caller of a verified token.
    pub fn set_caller(&self, caller: &crate::auth::tenant::Caller) {
        let _first = self.caller.set(Arc::clone(&caller.claims));
    }

    /// Records the target of the request, before the decision.
    pub fn set_target(&self, target: Target<'_>) {
        let _first = self.target.set(match target {
            Target::Groups => String::new(),
            Target::Group(group) | Target::Streams(group, _) => group.to_string(),
            Target::Each(groups) => short(&groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).to_owned(),
        });
    }

    /// Writes the line of a denial. `code`, `reason` and `operation` (the template of the route) are constants. `names_target`: the
    /// tenant may know that the target exists. Otherwise the target is only the caller's text, and is not written.
    pub fn denied(&self, request_id: &str, operation: &'static str, code: &'static str, reason: &str, names_target: bool) {
        static ANONYMOUS: Sampler = Sampler::new(ANONYMOUS_DENIALS);
        let caller = self.caller.get();
        let suppressed = if caller.is_some() { Some(0) } else { ANONYMOUS.take(Instant::now()) };
        let Some(suppressed) = suppressed else { return };
        let reason = short(reason);
        tracing::warn!(
            target: TARGET,
            { request.id = request_id,
            tenant.id = caller.map(|caller| caller.tenant.as_str()),
            token.issuer = caller.map(|caller| short(&caller.issuer)),
            token.subject = caller.map(|caller| short(&caller.subject)),
            token.id = caller.and_then(|caller| caller.token_id.as_deref()).map(short),
            peer.address = self.peer.get().map(tracing::field::display),
            operation,
            log_group.name = self.target.get().map(String::as_str).filter(|_| names_target),
            outcome = "denied",
            code,
            reason,
            suppressed = (suppressed > 0).then_some(suppressed) },
            "denied {operation}: {code}: {reason}",
        );
    }
}

/// The first [`MAX_CHARS`] characters.
fn short(text: &str) -> &str {
    let end = if text.len() <= MAX_CHARS { None } else { text.char_indices().nth(MAX_CHARS) };
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Limits the rate of lines, and counts those that it drops.
#[derive(Debug)]
struct Sampler {
    most: u32,
    each: Duration,
    state: Mutex<Option<Sampled>>,
}

#[derive(Debug, Clone, Copy)]
struct Sampled {
    left: u32,
    since: Instant,
    suppressed: u64,
}

impl Sampler {
    const fn new((most, each): (u32, Duration)) -> Self {
        Self { most, each, state: Mutex::new(None) }
    }

    /// Whether a line may be written now, and how many were dropped since the last one.
    fn take(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let sampled = state.get_or_insert(Sampled { left: self.most, since: now, suppressed: 0 });
        let due = now.saturating_duration_since(sampled.since).as_nanos() / self.each.as_nanos().max(1);
        let due = u32::try_from(due).unwrap_or(u32::MAX).min(self.most);
        if due > 0 {
            sampled.left = sampled.left.saturating_add(due).min(self.most);
            sampled.since = now;
        }
        if sampled.left == 0 {
            sampled.suppressed += 1;
            return None;
        }
        sampled.left -= 1;
        Some(std::mem::take(&mut sampled.suppressed))
    }
}

/// The audit line of a read, made when the read begins.
#[derive(Debug)]
pub struct AuditLine {
    request_id: String,
    tenant: TenantId,
    subject: String,
    caller: Option<Arc<Claims>>,
    peer: Option<IpAddr>,
    operation: &'static str,
    group: String,
    stream: String,
    reason: Option<Arc<GrantReason>>,
}

impl AuditLine {
    /// From the permit and the context of the request.
    #[must_use]
    pub fn new<Op: Operation>(
        request_id: &str,
        who: &AuditContext,
        permit: &Permit<Op>,
        group: Option<&str>,
        stream: Option<&str>,
    ) -> Self {
        Self {
            request_id: request_id.to_owned(),
            tenant: permit.tenant().clone(),
            subject: short(permit.subject()).to_owned(),
            caller: who.caller.get().cloned(),
            peer: who.peer.get().copied(),
            operation: Op::NAME,
            group: group.unwrap_or("").to_owned(),
            stream: stream.unwrap_or("").to_owned(),
            reason: permit.shared_reason(),
        }
    }

    /// Writes the line, with the amount read and the outcome.
    pub fn write(&self, items: u64, bytes: u64, outcome: &str) {
        let (reason, caller) = (self.reason.as_deref(), self.caller.as_deref());
        tracing::info!(
            target: TARGET,
            { request.id = self.request_id,
            tenant.id = self.tenant.as_str(),
            token.issuer = caller.map(|caller| short(&caller.issuer)),
            token.subject = self.subject,
            token.id = caller.and_then(|caller| caller.token_id.as_deref()).map(short),
            peer.address = self.peer.map(tracing::field::display),
            operation = self.operation,
            log_group.name = self.group,
            log_stream.name = self.stream,
            items,
            bytes,
            outcome,
            allowed_by.grant = reason.map(|reason| reason.grant.as_str()),
            allowed_by.scope = reason.map(|reason| reason.scope.as_str()),
            allowed_by.claim = reason.map(|reason| reason.claim.as_str()) },
            "{} read {items} items by {}", self.tenant, self.operation,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_caller_is_cut_after_whole_characters() {
        for (text, characters) in
            [("", 0), ("user-1", 6), (&"é".repeat(255), 255), (&"é".repeat(256), 256), (&"é".repeat(300), 256)]
        {
            assert_eq!(short(text).chars().count(), characters);
            assert!(text.starts_with(short(text)));
        }
    }

    #[test]
    fn a_flood_of_denials_is_sampled_and_counted() {
        let sampler = Sampler::new((3, Duration::from_millis(50)));
        let begun = Instant::now();
        let at = |millis: u64| sampler.take(begun + Duration::from_millis(millis));
        assert_eq!([at(0), at(0), at(0), at(0), at(49)], [Some(0), Some(0), Some(0), None, None]);
        assert_eq!([at(51), at(52)], [Some(2), None]);
        assert_eq!([at(100_000), at(100_000), at(100_000), at(100_000)], [Some(1), Some(0), Some(0), None]);
    }
}
