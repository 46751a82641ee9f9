//! A development issuer for tests.

use std::path::Path;

use logmark::auth::dev_issuer::DevIssuer;
use logmark::domain::time::{Clock, SystemClock};
use serde_json::{Value, json};

/// Signs tokens that the world's service accepts.
#[derive(Debug)]
pub struct Issuer(DevIssuer);

impl Issuer {
    /// An issuer with a new key in the folder.
    pub fn new(folder: &Path) -> Self {
        let issuer = DevIssuer::load_or_create(&folder.join("issuer.pem")).unwrap();
        issuer.write_jwks(&folder.join("issuer.jwks.json")).unwrap();
        Self(issuer)
    }

    /// The claims of a valid token.
    pub fn claims(tenant: &str, scope: &str) -> Value {
        let now = SystemClock.now().0 / 1000;
        json!({ "iss": "test", "aud": "logmark", "sub": "someone", "tenant": tenant, "scope": scope, "iat": now, "exp": now + 3600 })
    }

    /// A valid token.
    pub fn token(&self, tenant: &str, scope: &str) -> String {
        self.mint(&Self::claims(tenant, scope))
    }

    /// A token with these claims.
    pub fn mint(&self, claims: &Value) -> String {
        self.0.mint(claims).unwrap()
    }
}
