//! Logs one line when a source stops working for a reason that the operator must fix, and one line when it works again.
//!
//! Owns the texts for missing credentials, a refused role and an unreachable endpoint. Does not repeat a line while the cause is
//! the same: every failed request has its own line in the request log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;

use super::errors::{Failure, Kind};
use crate::aws::credentials::MissingCredentials;

/// The subject of a cause: an operation of AWS, or one of these.
const CREDENTIALS: &str = "credentials";
const CONNECTION: &str = "connection";

/// The logged state of one source.
#[derive(Debug)]
pub(super) struct Health {
    source: Arc<str>,
    region: String,
    endpoint: Uri,
    /// Whether the endpoint is derived from the region, not configured.
    is_regional: bool,
    /// The current lines, by subject. At most one for each operation and two more.
    reported: Mutex<BTreeMap<&'static str, String>>,
}

impl Health {
    pub(super) fn new(source: Arc<str>, region: &str, endpoint: &Uri, is_regional: bool) -> Self {
        Self { source, region: region.to_owned(), endpoint: endpoint.clone(), is_regional, reported: Mutex::default() }
    }

    /// No credentials were found to sign a call.
    pub(super) fn without_credentials(&self, MissingCredentials(why): MissingCredentials) {
        let source = &self.source;
        self.report(CREDENTIALS, || {
            format!(
                "source `{source}` has no AWS credentials ({why}), so its logs cannot be read: set `AWS_ACCESS_KEY_ID` and \
                 `AWS_SECRET_ACCESS_KEY`, name a profile in `AWS_PROFILE`, or give the machine, container or function a role"
            )
        });
    }

    /// Credentials were found. They may lack permissions.
    pub(super) fn with_credentials(&self) {
        self.resolve(&[CREDENTIALS]);
    }

    /// A call failed after all its attempts.
    pub(super) fn failed(&self, call: &'static str, failure: &Failure) {
        let (source, what) = (&self.source, &failure.what);
        match failure.kind {
            Kind::Unreachable => self.unreachable(what),
            Kind::Refused | Kind::Expired | Kind::Skewed => self.report(call, || {
                format!(
                    "source `{source}`: AWS refuses `{call}` ({what}): check the credentials, the policy of the role for \
                     `logs:{call}`, and the machine's clock"
                )
            }),
            _ => {}
        }
    }

    /// The endpoint cannot be reached: its name does not resolve, the connection is refused, or TLS fails.
    pub(super) fn unreachable(&self, what: &str) {
        let Self { source, region, endpoint, .. } = self;
        // The resolver's text, from the C library.
        let is_unknown_name = what.contains("lookup address") || what.contains("not known");
        let advice = match (self.is_regional, is_unknown_name) {
            (true, true) => format!("the region `{region}` may be wrong, or this machine has no DNS"),
            (true, false) => format!("check the network of this machine, and whether `{region}` is the right region"),
            (false, _) => "check `endpoint` and the network of this machine".to_owned(),
        };
        self.report(CONNECTION, || format!("source `{source}`: `{endpoint}` cannot be reached ({what}): {advice}"));
    }

    /// A call succeeded.
    pub(super) fn succeeded(&self, call: &'static str) {
        self.resolve(&[call, CONNECTION, CREDENTIALS]);
    }

    /// The lines that hold now.
    pub(super) fn reported(&self) -> Vec<String> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn report(&self, about: &'static str, text: impl FnOnce() -> String) {
        let text = text();
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.get(about) != Some(&text) {
            tracing::error!(source.name = &*self.source, "{text}");
            reported.insert(about, text);
        }
    }

    fn resolve(&self, about: &[&'static str]) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let resolved = about.iter().filter(|about| reported.remove(*about).is_some()).count();
        if resolved > 0 && reported.is_empty() {
            tracing::info!(source.name = &*self.source, "source `{}` works again", self.source);
        }
    }
}
