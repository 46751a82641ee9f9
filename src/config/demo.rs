//! `[demo]`: what is allowed on a developer's machine and nowhere else.
//!
//! Owns the section's key, and the rule that keeps the development issuer out of production. Its private key lies beside the
//! demo's logs, and `logmark token` signs with it for any tenant. So one setting alone does not let its tokens in.

use super::Config;
use super::reader::{Field, Table};
use super::values::is_loopback;
use crate::auth::dev_issuer;

/// `[demo]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demo {
    /// `LOGMARK__DEMO__DEVELOPMENT_ISSUER`; false. Allows `logmark-dev` as an issuer, on a loopback listener.
    pub development_issuer: bool,
}

/// Reads the section.
pub(super) fn read(table: &Table<'_>) -> Demo {
    Demo { development_issuer: table.or("development_issuer", false, Field::truth) }
}

/// Why the service must not start with the development issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "auth.issuers: `{}` is the development issuer: whoever can read its key file can make a token for any tenant; remove it, \
     or {remedy}",
    dev_issuer::ISSUER
)]
pub struct DevelopmentIssuer {
    remedy: String,
}

impl Config {
    /// Refuses the development issuer where tokens could come from elsewhere than this machine, or where `[demo]` does not allow
    /// it. `on_lambda`: the callers come through a front door of AWS.
    ///
    /// # Errors
    /// [`DevelopmentIssuer`], with what to change.
    pub fn check_development_issuer(&self, on_lambda: bool) -> Result<(), DevelopmentIssuer> {
        if !self.issuers.iter().any(|issuer| issuer.issuer == dev_issuer::ISSUER) {
            return Ok(());
        }
        let listen = self.server.listen;
        let public_url = self.server.given_url.as_deref().filter(|url| !url::Url::parse(url).is_ok_and(|url| is_loopback(&url)));
        let remedy = if on_lambda {
            "run the service on your own machine: a function has callers from elsewhere".to_owned()
        } else if !self.demo.development_issuer {
            "for development on this machine alone, set `development_issuer = true` in `[demo]`".to_owned()
        } else if !listen.ip().is_loopback() {
            format!("listen on a loopback address: `server.listen` is `{listen}`")
        } else if let Some(url) = public_url {
            format!("take out `server.public_url`: `{url}` is not on this machine")
        } else {
            return Ok(());
        };
        Err(DevelopmentIssuer { remedy })
    }
}
