//! `logmark check --online`: whether issuers, sources and the limit store answer, and in words why one does not.
//!
//! Owns the checks and their texts. Each is bounded in time, changes nothing, and shows no log data. A local source is only looked at
//! from outside, because a running service may have it open. See also `sources::cloudwatch::probe` for the permissions in AWS.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use url::Url;

use super::opened::settings_of;
use crate::auth::keys::{AddressPolicy, FetchError, KeyFetcher, KeyLocation, LoadError, load_keys};
use crate::auth::token::IssuerRules;
use crate::config::Config;
use crate::config::audit::AuditSink;
use crate::config::source::{Source, SourceKind};
use crate::domain::name::SourceName;
use crate::domain::time::{Clock, SystemClock};
use crate::limits::TenantLimits;
use crate::outbound::{Outbound, date_of};
use crate::sources::cloudwatch::{Accounts, CloudWatch, Needs};

/// Limit of one check. The parts of a check have shorter limits.
const LIMIT: Duration = Duration::from_secs(25);
/// A difference of clocks that is worth telling, in milliseconds. Dates of HTTP have whole seconds, and an answer takes time.
const NOTABLE_SKEW_MS: i64 = 10_000;

/// The result of one check.
#[derive(Debug)]
pub struct OnlineCheck {
    /// What was checked: `issuer https://login.example.com`.
    pub subject: String,
    /// What was found, or why it fails and what to do.
    pub outcome: Result<String, String>,
}

/// Several checks of one issuer, source or store: what was checked of it (nothing: itself), and the outcome.
type Outcomes = Vec<(Option<String>, Result<String, String>)>;

/// Checks all issuers, sources and the limit store of the configuration at the same time.
///
/// # Errors
/// If connections cannot be made at all.
pub async fn check_online(config: &Config) -> Result<Vec<OnlineCheck>, String> {
    let outbound = Outbound::new().map_err(|error| error.to_string())?;
    let issuers = config.issuers.iter().map(|rules| {
        let check: BoxFuture<'_, Outcomes> = check_issuer(rules, outbound.clone()).map(alone).boxed();
        (format!("issuer {}", rules.issuer), check)
    });
    let sources = config.sources.iter().map(|source| {
        let check: BoxFuture<'_, Outcomes> = check_source(source, config, outbound.clone()).boxed();
        (format!("source {}", source.name), check)
    });
    let store = config.limits.store.iter().map(|store| {
        let check = TenantLimits::check_store(store).map(|outcome| outcome.map_err(|why| format!("{why}: {}", advice_of(&why))));
        let check: BoxFuture<'_, Outcomes> = check.map(alone).boxed();
        (format!("limit store {}", store.url()), check)
    });
    let limited = issuers.chain(sources).chain(store).map(|(subject, check)| async move {
        let slow = || alone(Err(format!("no result within {} seconds: check the network and the firewall", LIMIT.as_secs())));
        let outcomes = tokio::time::timeout(LIMIT, check).await.unwrap_or_else(|_elapsed| slow());
        let named = |(part, outcome): (Option<String>, _)| {
            let subject = part.map_or_else(|| subject.clone(), |part| format!("{subject}, {part}"));
            OnlineCheck { subject, outcome }
        };
        outcomes.into_iter().map(named).collect::<Vec<_>>()
    });
    Ok(join_all(limited).await.into_iter().flatten().collect())
}

fn alone(outcome: Result<String, String>) -> Outcomes {
    vec![(None, outcome)]
}

/// Fetches keys as the service does, and compares the clocks.
struct ProbeFetcher {
    outbound: Outbound,
    /// The clock of the last server minus ours, in milliseconds; [`NO_DATE`]: it sent no date.
    skew_ms: AtomicI64,
}

const NO_DATE: i64 = i64::MIN;

#[async_trait]
impl KeyFetcher for ProbeFetcher {
    async fn get(&self, url: &Url, address_policy: AddressPolicy) -> Result<Vec<u8>, FetchError> {
        let answer = self.outbound.get_document(url, address_policy).await?;
        if let Some(date) = date_of(answer.headers()) {
            self.skew_ms.store(date.saturating_sub(SystemClock.now().0), Ordering::Relaxed);
        }
        Ok(answer.into_body().into())
    }
}

async fn check_issuer(rules: &IssuerRules, outbound: Outbound) -> Result<String, String> {
    let place = KeyLocation {
        issuer: rules.issuer.clone(),
        source: rules.keys.clone(),
        algorithms: rules.algorithms.clone(),
        allow_private_jwks_uri: rules.allow_private_jwks_uri,
    };
    let fetcher = ProbeFetcher { outbound, skew_ms: AtomicI64::new(NO_DATE) };
    let set = load_keys(&place, &fetcher).await.map_err(|error| in_words(&error))?;
    let mut algorithms: Vec<String> = set.keys().iter().map(|key| key.algorithm().to_string()).collect();
    algorithms.sort();
    algorithms.dedup();
    let count = set.keys().len();
    let keys = if count == 1 { "1 key" } else { "keys" };
    let found = if count == 1 { keys.to_owned() } else { format!("{count} {keys}") };
    let unused = match set.refused() {
        [] => String::new(),
        [first, rest @ ..] => format!("; {} other keys are not used: {}", rest.len() + 1, first.reason),
    };
    clocks_agree(fetcher.skew_ms.into_inner(), rules.leeway)?;
    Ok(format!("{found} ({}) from {}{unused}", algorithms.join(", "), rules.keys))
}

/// Tokens are refused as expired or not yet valid when the clocks differ by more than the leeway.
fn clocks_agree(skew_ms: i64, leeway: Duration) -> Result<(), String> {
    let limit = i64::try_from(leeway.as_millis()).unwrap_or(i64::MAX).max(NOTABLE_SKEW_MS);
    if skew_ms == NO_DATE || skew_ms.abs() <= limit {
        return Ok(());
    }
    let (seconds, direction) = (skew_ms.unsigned_abs() / 1000, if skew_ms > 0 { "behind" } else { "ahead of" });
    Err(format!(
        "this machine's clock is {seconds} seconds {direction} the issuer's, more than `leeway` allows: synchronise the clock (NTP), \
         or tokens are refused as expired or not yet valid"
    ))
}

/// The error and its causes, and what to do.
fn in_words(error: &LoadError) -> String {
    let LoadError::Fetch { url, source } = error else { return chain(error) };
    let advice = match source {
        FetchError::Status(401 | 403) => "it refuses the request: the address must be readable without credentials",
        FetchError::Status(404 | 410) => "there is nothing at this address: check `issuer` and `keys`",
        FetchError::Status(300..=399) => "it redirects, which is not followed: configure the final address in `keys`",
        FetchError::Status(429 | 500..=599) => "the issuer has a problem: try again later",
        FetchError::Status(_) | FetchError::TooLarge => "this is not a document of keys: check `issuer` and `keys`",
        FetchError::TimedOut => "check the network, the firewall, and whether the address is right",
        FetchError::Unreachable(cause) => advice_of(&chain(&**cause)),
    };
    format!("`{url}`: {}: {advice}", chain(source))
}

/// What to do about a connection that fails, by the text of its cause, which comes from the resolver, the socket or TLS.
fn advice_of(cause: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if has(&["refused the user or the password", "lacks a permission"]) {
        "check `username` and `password`, and the rights of this user: it needs all keys that begin with `prefix`, and scripts"
    } else if has(&["lookup address", "not known", "failed to resolve"]) {
        "the name does not resolve: check its spelling and this machine's DNS"
    } else if has(&["private or loopback"]) {
        "the discovery document leads into a private network; set `allow_private_jwks_uri = true` if that is meant"
    } else if has(&["Connection refused"]) {
        "nothing listens there: check the port, and whether the server runs"
    } else if has(&["Expired", "NotValidYet", "expired", "not valid yet"]) {
        "the TLS certificate is not valid at this time: check this machine's clock, and the certificate"
    } else if has(&["certificate", "UnknownIssuer", "NotValidForName"]) {
        "TLS: the server's certificate is not trusted: check the name, and the certificate authorities of this machine"
    } else if has(&["an answer takes longer"]) {
        "place the store near the service, or raise `timeout`"
    } else if has(&["deadline", "timed out", "elapsed"]) {
        "no connection in time: check the network and the firewall"
    } else if has(&["InvalidContentType", "corrupt message", "tls", "TLS"]) {
        "TLS fails: the server may speak plain HTTP on this port"
    } else {
        "check the network and the address"
    }
}

/// The error and its causes in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

async fn check_source(source: &Source, config: &Config, outbound: Outbound) -> Outcomes {
    match &source.kind {
        SourceKind::CloudWatch(cloudwatch) => {
            let made = settings_of(&source.name, cloudwatch, config).and_then(|settings| {
                let made = CloudWatch::connect(settings, outbound, Arc::new(SystemClock), &Accounts::default());
                made.map_err(|error| error.to_string())
            });
            match made {
                Ok(made) => made.probe(&needs(config, &source.name)).await,
                Err(why) => alone(Err(why)),
            }
        }
        SourceKind::Local { path, .. } => {
            let path = path.clone();
            let checked = tokio::task::spawn_blocking(move || check_folder(&path)).await;
            alone(checked.unwrap_or_else(|error| Err(error.to_string())))
        }
    }
}

/// What grants and the audit log need of the source.
fn needs(config: &Config, source: &SourceName) -> Needs {
    let mut needs = Needs::default();
    let named = config.tenants.named.values().flat_map(|tenant| &tenant.grants);
    let template = config.tenants.template.iter().flat_map(|template| &template.grants);
    for grant in named.chain(template).filter(|grant| grant.source == *source) {
        for pattern in &grant.groups {
            needs.actions.entry(pattern.clone()).or_default().extend(grant.actions.iter().copied());
        }
    }
    if let AuditSink::LogGroup { source: of_audit, group } = &config.audit.sink
        && config.telemetry.audit
        && of_audit == source
    {
        needs.audit_group = Some(group.clone());
    }
    needs
}

/// Looks at the folder of a store without opening it.
fn check_folder(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let parent = path.ancestors().skip(1).find(|parent| parent.as_os_str().is_empty() || parent.exists());
            let parent = parent.filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            return if is_usable(parent) {
                Ok(format!("the folder `{shown}` does not exist yet: the service creates it"))
            } else {
                Err(format!("the folder `{shown}` does not exist, and this user cannot create it in `{}`", parent.display()))
            };
        }
        Err(error) => return Err(format!("the folder `{shown}` cannot be read: {}", error.kind())),
    };
    if !metadata.is_dir() {
        return Err(format!("`{shown}` is not a folder"));
    }
    if !is_usable(path) {
        return Err(format!(
            "this user cannot write the folder `{shown}`: run the check as the user of the service, or change the owner"
        ));
    }
    let pid: Option<u32> = std::fs::read_to_string(path.join("lock")).ok().and_then(|text| text.trim().parse().ok());
    Ok(match pid.filter(|pid| Path::new("/proc").join(pid.to_string()).exists()) {
        Some(pid) => format!("the folder `{shown}` is in use by process {pid}"),
        None => format!("the folder `{shown}` can be read and written, and is not in use"),
    })
}

#[cfg(unix)]
fn is_usable(folder: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_usable(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|metadata| !metadata.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_clocks_beyond_the_leeway_is_told_with_its_direction() {
        let minute = Duration::from_secs(60);
        for fine in [NO_DATE, 0, 59_000, -60_000] {
            assert_eq!(clocks_agree(fine, minute), Ok(()));
        }
        assert!(clocks_agree(61_000, minute).unwrap_err().contains("61 seconds behind the issuer's"));
        assert!(clocks_agree(-120_000, minute).unwrap_err().contains("120 seconds ahead of the issuer's"));
        assert_eq!(clocks_agree(5_000, Duration::ZERO), Ok(()), "dates of HTTP have whole seconds");
    }
}
