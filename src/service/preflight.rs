//! The checks of `logmark check` that need more than the configuration's text.

use crate::auth::keys::{KeySet, KeySource, SetOrigin};
use crate::auth::token::IssuerRules;
use crate::config::Config;
use crate::http::server::Certificates;

/// Checks the addresses of the endpoints, and the certificates and key files that the configuration names, for `logmark check`.
#[must_use]
pub fn preflight(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    if let Err(error) = config.check_development_issuer(crate::on_lambda()) {
        problems.push(error.to_string());
    }
    problems.extend(super::endpoints::conflicts(config));
    if let Some(tls) = &config.server.tls
        && let Err(error) = Certificates::check(&tls.cert, &tls.key)
    {
        problems.push(format!("server.tls: {error}"));
    }
    for issuer in &config.issuers {
        if let KeySource::File(path) = &issuer.keys
            && let Err(error) = key_file(path, issuer)
        {
            problems.push(format!("auth.issuers `{}`: keys: {}: {error}", issuer.issuer, path.display()));
        }
    }
    problems
}

fn key_file(path: &std::path::Path, issuer: &IssuerRules) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    KeySet::parse(&bytes, &issuer.algorithms, SetOrigin::File).map(drop).map_err(|error| error.to_string())
}
