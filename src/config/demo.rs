//! `[demo]`: settings for development machines only.
//!
//! Owns the section's key, and the rule that keeps the development issuer out of production. Its private key is stored next to
//! the logs of the demo, and `logmark token` signs with it for any tenant. No single setting is therefore enough to accept its
//! tokens.

use serde::Deserialize;

use super::Config;
use super::values::is_loopback;
use crate::auth::dev_issuer;

/// `[demo]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Demo {
    /// `LOGMARK__DEMO__DEVELOPMENT_ISSUER`; false. Allows `logmark-dev` as an issuer, on a loopback listener.
    pub development_issuer: bool,
}

/// Why the service must not start with the development issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "auth.issuers: `{}` is the development issuer: anyone who can read its key file can sign a token for any tenant; remove it, \
     or {remedy}",
    dev_issuer::ISSUER
)]
pub struct DevelopmentIssuer {
    remedy: String,
}

impl Config {
    /// Refuses the development issuer if `[demo]` does not allow it, or if other machines can reach the service. `on_lambda`:
    /// callers come through a front end of AWS.
    ///
    /// # Errors
    /// [`DevelopmentIssuer`], with the setting to change.
    pub fn check_development_issuer(&self, on_lambda: bool) -> Result<(), DevelopmentIssuer> {
        if !self.issuers.iter().any(|issuer| issuer.issuer == dev_issuer::ISSUER) {
            return Ok(());
        }
        let listen = self.server.listen;
        let public_url = self.server.given_url.as_deref().filter(|url| !url::Url::parse(url).is_ok_and(|url| is_loopback(&url)));
        let remedy = if on_lambda {
            "run the service on your own machine: a function has callers from other machines".to_owned()
        } else if !self.demo.development_issuer {
            "for development on this machine only, set `development_issuer = true` in `[demo]`".to_owned()
        } else if !listen.ip().is_loopback() {
            format!("listen on a loopback address: `server.listen` is `{listen}`")
        } else if let Some(url) = public_url {
            format!("remove `server.public_url`: `{url}` is not on this machine")
        } else {
            return Ok(());
        };
        Err(DevelopmentIssuer { remedy })
    }
}
