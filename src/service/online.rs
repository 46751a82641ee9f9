//! `logmark check --online`: asks each issuer for its keys and each source for its logs, and says what failed and why.
//!
//! Changes nothing: reads keys, and makes calls that cost nothing. Never opens a local store, because the service may be using it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::keys::{self, FetchError, KeyLocation, KeySet, KeySource, LoadError};
use crate::auth::token::IssuerRules;
use crate::config::Config;
use crate::config::source::{Source, SourceKind};
use crate::domain::name::SourceName;
use crate::domain::pattern::Pattern;
use crate::domain::time::Clock;
use crate::outbound::Outbound;
use crate::sources::cloudwatch::Accounts;

/// Limit of the check of one source, above the deadline of its calls.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(60);
/// Patterns of grants that are looked up in a source. Each needs a call.
const MAX_PATTERNS: usize = 10;

/// The result for one issuer or source.
#[derive(Debug)]
pub struct OnlineCheck {
    /// The issuer or the source.
    pub subject: String,
    /// What was found, or what failed, why, and what to do.
    pub outcome: Result<String, String>,
}

/// Asks all issuers and sources, in the order of the configuration.
///
/// # Errors
/// If the outbound client cannot be built.
pub async fn check_online(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<OnlineCheck>, String> {
    let outbound = Outbound::new().map_err(|error| error.to_string())?;
    let mut checks = Vec::new();
    for rules in &config.issuers {
        let outcome = check_issuer(rules, &outbound).await;
        checks.push(OnlineCheck { subject: format!("issuer {}", rules.issuer), outcome });
    }
    let accounts = Accounts::default();
    for source in &config.sources {
        let checked = check_source(source, config, &outbound, clock, &accounts);
        let outcome = tokio::time::timeout(SOURCE_TIMEOUT, checked).await;
        let outcome = outcome.unwrap_or_else(|_| Err("no answer within a minute: check the network and the endpoint".to_owned()));
        checks.push(OnlineCheck { subject: format!("source {}", source.name), outcome });
    }
    Ok(checks)
}

async fn check_issuer(rules: &IssuerRules, outbound: &Outbound) -> Result<String, String> {
    let location = KeyLocation {
        issuer: rules.issuer.clone(),
        source: rules.keys.clone(),
        algorithms: rules.algorithms.clone(),
        allow_private_jwks_uri: rules.allow_private_jwks_uri,
    };
    match keys::load(&location, outbound).await {
        Ok(set) => Ok(found_keys(&set)),
        Err(error) => Err(format!("{}: {}", error.with_causes(), advice(&error, &rules.keys))),
    }
}

/// The usable keys by algorithm, and the keys that are not used.
fn found_keys(set: &KeySet) -> String {
    let mut by_algorithm: BTreeMap<&str, usize> = BTreeMap::new();
    for key in set.keys() {
        *by_algorithm.entry(key.algorithm().name()).or_default() += 1;
    }
    let counts: Vec<String> = by_algorithm.iter().map(|(algorithm, count)| format!("{count} {algorithm}")).collect();
    let refused: Vec<String> = set.refused().iter().map(|key| format!("key {} is not used: {}", key.index, key.reason)).collect();
    std::iter::once(format!("usable keys: {}", counts.join(", "))).chain(refused).collect::<Vec<_>>().join("; ")
}

fn advice(error: &LoadError, keys: &KeySource) -> &'static str {
    match error {
        LoadError::Fetch { source: FetchError::Status(_), .. } if *keys == KeySource::Discover => {
            "check `issuer`; if the provider has no discovery document, set `keys` to the URL of its JWK set"
        }
        LoadError::Fetch { source: FetchError::Status(_) | FetchError::TooLarge, .. } => "check the URL in `keys`",
        LoadError::Fetch { .. } | LoadError::TimedOut => "check the address, DNS, the proxy and the network of this machine",
        LoadError::OtherIssuer => "write `issuer` exactly as the member `issuer` of the discovery document",
        LoadError::Discovery(_) | LoadError::UnsafeUrl | LoadError::PlainKeys => {
            "the provider's discovery document cannot be used: set `keys` to the https URL of its JWK set"
        }
        LoadError::PrivateKeys => "set it only if the issuer is in your own network",
        LoadError::File { .. } | LoadError::Exposed(_) | LoadError::TooLarge => "check the file and its permissions",
        LoadError::Set(_) => "check that `algorithms` lists the provider's algorithms, and that `keys` is a JWK set",
        LoadError::Panicked => "report this fault",
    }
}

async fn check_source(
    source: &Source,
    config: &Config,
    outbound: &Outbound,
    clock: &Arc<dyn Clock>,
    accounts: &Accounts,
) -> Result<String, String> {
    match &source.kind {
        SourceKind::CloudWatch(cloudwatch) => {
            let made = super::cloudwatch::connect(&source.name, cloudwatch, &config.server.limits, outbound, clock, accounts)?;
            made.check_online(&granted(config, &source.name)).await
        }
        SourceKind::Local { path, .. } => check_folder(path),
    }
}

/// Patterns of groups that grants give for the source, without repetition. The template's depend on the tenant.
fn granted<'a>(config: &'a Config, source: &SourceName) -> Vec<&'a Pattern> {
    let grants = config.tenants.named.values().flat_map(|tenant| &tenant.grants).filter(|grant| grant.source == *source);
    let mut patterns: Vec<&Pattern> = Vec::new();
    for pattern in grants.flat_map(|grant| &grant.groups) {
        if patterns.len() < MAX_PATTERNS && !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

fn check_folder(path: &Path) -> Result<String, String> {
    let shown = path.display();
    match std::fs::read_dir(path) {
        Ok(_) => Ok(format!("the folder {shown} can be read by this user")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(format!("the folder {shown} does not exist yet: the service creates it"))
        }
        Err(error) => Err(format!("the folder {shown}: {error}: check `path`, and the owner and the permissions of the folder")),
    }
}
