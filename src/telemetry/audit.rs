//! One line for every read: who, what, how much, and why it was allowed.

use crate::auth::permit::{Permit, Why};
use crate::domain::operation::Operation;

/// What is known when the read begins.
#[derive(Debug)]
pub struct Line {
    request_id: String,
    tenant: String,
    subject: String,
    operation: &'static str,
    group: String,
    stream: String,
    why: Option<Why>,
}

impl Line {
    /// Takes it off the permit.
    #[must_use]
    pub fn new<Op: Operation>(request_id: &str, permit: &Permit<Op>, group: Option<&str>, stream: Option<&str>) -> Self {
        Self {
            request_id: request_id.to_owned(),
            tenant: permit.tenant().to_string(),
            subject: permit.subject().chars().take(256).collect(),
            operation: Op::NAME,
            group: group.unwrap_or("").to_owned(),
            stream: stream.unwrap_or("").to_owned(),
            why: permit.why().cloned(),
        }
    }

    /// Writes it, with how much was read and how it ended.
    pub fn write(&self, items: u64, bytes: u64, outcome: &str) {
        let why = self.why.as_ref();
        tracing::info!(
            target: "audit",
            { request.id = self.request_id,
            tenant.id = self.tenant,
            token.subject = self.subject,
            operation = self.operation,
            log_group.name = self.group,
            log_stream.name = self.stream,
            items,
            bytes,
            outcome,
            allowed_by.grant = why.map(|why| why.grant.as_str()),
            allowed_by.scope = why.map(|why| why.scope.as_str()),
            allowed_by.claim = why.map(|why| why.claim.as_str()) },
            "{} read {items} items by {}", self.tenant, self.operation,
        );
    }
}
