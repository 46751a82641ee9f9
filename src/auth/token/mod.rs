//! Verifies the token of an `Authorization` field and returns its [`Claims`].
//!
//! Owns every rule of reading a token: the field (`bearer`), the compact form (`compact`), the header (`header`), the claims
//! (`claims`) against one issuer's rules (`rules`, `check`, `required_claims`, `tenant`, `scopes`), and the cache of verified tokens (`token_cache`). The JWT library
//! only verifies signatures. A token never chooses its key, algorithm or rules: it names its issuer, and the configuration
//! determines everything else. `diagnosis` explains refused tokens to operators. Callers only learn that an otherwise valid token has expired. All other reasons are only logged.
//! Read the modules in their order.

mod error;
mod bearer;
mod compact;
mod header;
mod rules;
mod claims;
mod path;
mod required_claims;
mod tenant;
mod scopes;
mod check;
mod token_cache;
mod verifier;
mod diagnosis;
mod unsigned;

pub use bearer::{CredentialError, MAX_TOKEN_BYTES, UnverifiedToken, bearer};
pub use check::Claims;
pub use compact::UnverifiedJws;
pub use diagnosis::Diagnosis;
pub use error::{Excerpt, Part, TokenError};
pub use header::{Header, TokenType};
pub use required_claims::{ClaimValue, RequiredClaims};
pub use rules::{IssuerRules, RequirementsDigest, RulesError, TenantRule};
pub use scopes::{GrantedScope, IDENTITY_CLAIMS, ScopeMap, ScopeTemplate};
pub use token_cache::VerifiedToken;
pub use unsigned::read_unsigned;
pub use verifier::Verifier;
