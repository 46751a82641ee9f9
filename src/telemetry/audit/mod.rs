//! Audit lines: who was allowed or refused what, why, and how much data was read. docs/audit.md describes them for operators.
//!
//! Owns what a line says ([`AuditContext`], [`AuditLine`]). INVARIANT: a line contains no token, no log message and no text of a query,
//! and no text of a caller longer than 256 bytes. INVARIANT: a request with a valid token has a line at least: when its answer has been
//! sent, or when it is given up.
//!
//! Reading order: `record` (the form of a line), `chain` (the hashes), `log` (the queue and the thread), `sink`, `file`
//! (where lines go), `verify` (proves a chain).

mod record;
mod chain;
mod sampler;
mod log;
mod sink;
pub mod file;
pub mod group;
pub mod verify;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;

pub use chain::{LineHash, MacKey};
pub use log::{AuditLog, AuditUnavailable};

use self::record::{Event, Record};
use crate::auth::permit::{GrantReason, Permit};
use crate::auth::tenant::Caller;
use crate::auth::token::Claims;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::operation::{Operation, Target};

/// Where audit lines go.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file.
    File(file::FileSettings),
    /// A log group of a source.
    LogGroup(Arc<dyn group::LineGroup>),
}

impl AuditLog {
    /// Opens the destination, and starts the thread that writes lines. `writes_at_once`: without a thread, for Lambda, which stops the
    /// process between two invocations. For a log group, call it in the runtime that the group uses, and never with `writes_at_once`.
    ///
    /// # Errors
    /// If the destination cannot be used.
    pub fn start(destination: Destination, key: Option<MacKey>, writes_at_once: bool) -> std::io::Result<Self> {
        let opened = match destination {
            Destination::Stdout => sink::stdout(key)?,
            Destination::File(settings) => file::open(settings, key)?,
            Destination::LogGroup(target) => group::open(target, key),
        };
        if writes_at_once { Ok(Self::direct(opened)) } else { Self::queued(opened) }
    }
}

/// The hash of a text in audit lines, such as a token's id: 128 bits of SHA-256 in hexadecimal digits.
#[must_use]
pub fn text_hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What is known about a request. Filled in while the request is processed.
#[derive(Debug, Default)]
pub struct AuditContext {
    log: OnceLock<AuditLog>,
    request_id: String,
    peer: OnceLock<IpAddr>,
    /// The verified token's. A request shares them with the token cache.
    caller: OnceLock<Arc<Claims>>,
    target: OnceLock<NamedTarget>,
    /// The hash of a query's text.
    query: OnceLock<String>,
    operation: OnceLock<&'static str>,
    /// The permit that the request got.
    allowed: OnceLock<Allowed>,
    /// How the request ended: the code of its problem, if it failed.
    ended: OnceLock<Option<&'static str>>,
    /// A line has been written, or an [`AuditLine`] writes it.
    has_line: Arc<AtomicBool>,
}

/// The groups and streams of a request.
#[derive(Debug, Default)]
struct NamedTarget {
    groups: Vec<LogGroupName>,
    streams: Vec<LogStreamName>,
}

#[derive(Debug)]
struct Allowed {
    operation: &'static str,
    reason: Option<Arc<GrantReason>>,
}

impl AuditContext {
    /// Of the request with this id.
    #[must_use]
    pub fn new(request_id: &str) -> Self {
        let mut context = Self::default();
        request_id.clone_into(&mut context.request_id);
        context
    }

    /// Sets the log. Without one nothing is written.
    pub fn set_log(&self, log: &AuditLog) {
        let _first = self.log.set(log.clone());
    }

    /// Records the address of the client.
    pub fn set_peer(&self, peer: IpAddr) {
        let _first = self.peer.set(peer.to_canonical());
    }

    /// Records the caller of a verified token.
    pub fn set_caller(&self, caller: &Caller) {
        let _first = self.caller.set(Arc::clone(&caller.claims));
    }

    /// Records the target of the request, before the decision.
    pub fn set_target(&self, target: Target<'_>) {
        if !self.is_enabled() {
            return;
        }
        let one = |group: &LogGroupName, streams: &[LogStreamName]| NamedTarget {
            groups: vec![group.clone()],
            streams: streams.to_vec(),
        };
        let _first = self.target.set(match target {
            Target::Groups => NamedTarget::default(),
            Target::Group(group) => one(group, &[]),
            Target::Streams(group, streams) => one(group, streams),
            Target::Each(groups) => NamedTarget { groups: groups.to_vec(), streams: Vec::new() },
        });
    }

    /// Records the text of a query, of which lines have the hash.
    pub fn set_query(&self, text: &str) {
        if self.is_enabled() {
            let _first = self.query.set(text_hash(text));
        }
    }

    /// Records the operation of the route.
    pub fn set_operation(&self, operation: &'static str) {
        let _first = self.operation.set(operation);
    }

    /// Records the permit that the request got.
    pub fn set_permit<Op: Operation>(&self, permit: &Permit<Op>) {
        let _first = self.allowed.set(Allowed { operation: Op::NAME, reason: permit.shared_reason() });
    }

    /// Records how the request ended: with the code of a problem, or without one.
    pub fn set_ended(&self, code: Option<&'static str>) {
        let _first = self.ended.set(code);
    }

    fn is_enabled(&self) -> bool {
        self.log.get().is_some_and(AuditLog::is_enabled)
    }

    /// Writes the line of a refusal. `code` and `operation` are constants. `names_target`: a grant of the tenant covers the target.
    /// Otherwise the target is only the caller's text, which may be anything, and the line has its hash.
    pub fn denied(&self, operation: &'static str, code: &'static str, reason: &str, names_target: bool) {
        self.has_line.store(true, Ordering::Relaxed);
        let caller = self.caller.get();
        let Some((log, suppressed)) =
            self.log.get().and_then(|log| Some((log, log.sample(caller.map(|claims| &claims.tenant))?)))
        else {
            return;
        };
        let mut record = Record::of(Event::Decision);
        record.append(&self.who(operation));
        if names_target {
            self.what(&mut record, None, None);
        } else {
            self.hashed_target(&mut record);
        }
        record.flag("allowed", false).word("outcome", "refused").word("code", code).text("reason", reason);
        if suppressed > 0 {
            record.number("suppressed", suppressed);
        }
        log.push(&record);
    }

    /// The members about the request and its caller.
    fn who(&self, operation: &'static str) -> Record {
        let caller = self.caller.get();
        let mut who = Record::empty();
        who.word("requestId", &self.request_id)
            .optional("tenant", caller.map(|caller| caller.tenant.as_str()))
            .optional("issuer", caller.map(|caller| caller.issuer.as_str()))
            .optional("subject", caller.map(|caller| caller.subject.as_str()))
            .optional("tokenId", caller.and_then(|caller| caller.token_id.as_deref()));
        if let Some(peer) = self.peer.get() {
            who.text("client", &peer.to_string());
        }
        who.word("operation", operation);
        who
    }

    /// Adds the target. `groups` and `stream` are for requests whose target is known only after the decision.
    fn what(&self, record: &mut Record, groups: Option<&str>, stream: Option<&str>) {
        static NOTHING: NamedTarget = NamedTarget { groups: Vec::new(), streams: Vec::new() };
        let named = self.target.get().unwrap_or(&NOTHING);
        if named.groups.is_empty() {
            record.texts("groups", "groupsOmitted", groups.into_iter().flat_map(|groups| groups.split(',')));
        } else {
            record.texts("groups", "groupsOmitted", named.groups.iter().map(LogGroupName::as_str));
        }
        if named.streams.is_empty() {
            record.texts("streams", "streamsOmitted", stream);
        } else {
            record.texts("streams", "streamsOmitted", named.streams.iter().map(LogStreamName::as_str));
        }
        record.optional("queryHash", self.query.get().map(String::as_str));
    }

    /// Adds the hashes of the target's names. Someone who knows a name can find it; others learn nothing.
    fn hashed_target(&self, record: &mut Record) {
        let hashes: Vec<String> = match self.target.get() {
            Some(named) => named.groups.iter().map(|group| text_hash(group.as_str())).collect(),
            None => Vec::new(),
        };
        record.texts("groupHashes", "groupsOmitted", hashes.iter().map(String::as_str));
    }

    /// Writes the line of a request that has none: it needed no permit, failed, or was abandoned.
    fn write_rest(&self) {
        let (Some(caller), false) = (self.caller.get(), self.has_line.load(Ordering::Relaxed)) else { return };
        let Some(log) = self.log.get() else { return };
        let allowed = self.allowed.get();
        let operation = allowed.map(|allowed| allowed.operation).or(self.operation.get().copied()).unwrap_or("unmatched");
        let mut record = Record::of(Event::Decision);
        record.append(&self.who(operation));
        // A target that does not exist is only the caller's text.
        if matches!(self.ended.get(), Some(Some("not_found"))) {
            self.hashed_target(&mut record);
        } else {
            self.what(&mut record, None, None);
        }
        let is_refused = allowed.is_none() && self.ended.get().is_some_and(Option::is_some);
        record.flag("allowed", !is_refused);
        match self.ended.get() {
            None => record.word("outcome", "client_left"),
            Some(None) => record.word("outcome", "ok"),
            Some(Some(code)) => record.word("outcome", if is_refused { "refused" } else { "failed" }).word("code", code),
        };
        because(&mut record, allowed.and_then(|allowed| allowed.reason.as_deref()));
        if is_refused {
            let Some(suppressed) = log.sample(Some(&caller.tenant)) else { return };
            if suppressed > 0 {
                record.number("suppressed", suppressed);
            }
        }
        log.push(&record);
    }
}

impl Drop for AuditContext {
    fn drop(&mut self) {
        if self.is_enabled() {
            self.write_rest();
        }
    }
}

/// Adds the grant, the scope, the claim and its mapped value that allowed a request.
fn because(record: &mut Record, reason: Option<&GrantReason>) {
    record
        .optional("grant", reason.map(|reason| reason.grant.as_str()))
        .optional("scope", reason.map(|reason| reason.scope.as_str()))
        .optional("claim", reason.map(|reason| reason.claim.as_str()))
        .optional("claimValue", reason.and_then(|reason| reason.claim_value.as_deref()));
}

/// The audit line of a read, made when the read begins.
#[derive(Debug)]
pub struct AuditLine {
    log: AuditLog,
    /// All members but the amount and the outcome.
    members: Record,
    reason: Option<Arc<GrantReason>>,
    is_written: AtomicBool,
    has_line: Arc<AtomicBool>,
}

impl AuditLine {
    /// From the permit and the context of the request. `groups`, separated by commas, and `stream` are used if the operation does not
    /// name its target.
    #[must_use]
    pub fn new<Op: Operation>(who: &AuditContext, permit: &Permit<Op>, groups: Option<&str>, stream: Option<&str>) -> Self {
        let log = who.log.get().cloned().unwrap_or_default();
        let mut members = Record::empty();
        if log.is_enabled() {
            who.has_line.store(true, Ordering::Relaxed);
            members = who.who(Op::NAME);
            who.what(&mut members, groups, stream);
            members.flag("allowed", true);
        }
        let has_line = Arc::clone(&who.has_line);
        Self { log, members, reason: permit.shared_reason(), is_written: AtomicBool::new(false), has_line }
    }

    /// Writes a line that says that a stream of data begins.
    pub fn write_begin(&self) {
        if self.log.is_enabled() {
            self.push(Event::Begin, |_| {});
        }
    }

    /// Writes the line, with the rows and bytes that were read, and the outcome.
    pub fn write(&self, rows: u64, bytes: u64, outcome: &'static str) {
        if self.log.is_enabled() && !self.is_written.swap(true, Ordering::Relaxed) {
            self.push(Event::Read, |record| {
                record.number("rows", rows).number("bytes", bytes).word("outcome", outcome);
            });
        }
    }

    fn push(&self, event: Event, amount: impl FnOnce(&mut Record)) {
        let mut record = Record::of(event);
        record.append(&self.members);
        amount(&mut record);
        because(&mut record, self.reason.as_deref());
        self.log.push(&record);
    }
}

impl Drop for AuditLine {
    fn drop(&mut self) {
        // The read failed before it had an outcome: the context of the request writes the line, with the code of the failure.
        if self.log.is_enabled() && !self.is_written.load(Ordering::Relaxed) {
            self.has_line.store(false, Ordering::Relaxed);
        }
    }
}
