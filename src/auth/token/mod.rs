//! From the bytes of an `Authorization` field to [`Claims`].
//!
//! Owns every rule of reading a token: the field (`bearer`), the compact form (`compact`), the header
//! (`header`), the claims (`claims`) against one issuer's rules (`rules`, `check`), and the memory of what was
//! verified already (`token_cache`). The library verifies the signature and reads nothing. A token never chooses
//! its key, algorithm or rules; it says who it claims to be from, and everything else follows from the
//! configuration. The caller learns one thing only: that a token was good in all respects and has expired. Every other
//! reason is in our log. Read in the order of the modules.

mod error;
mod bearer;
mod compact;
mod header;
mod rules;
mod claims;
mod path;
mod scopes;
mod check;
mod token_cache;
mod verifier;

pub use bearer::{CredentialError, MAX_TOKEN_BYTES, UnverifiedToken, bearer};
pub use check::Claims;
pub use compact::UnverifiedJws;
pub use error::{Excerpt, Part, TokenError};
pub use header::{Header, TokenType};
pub use rules::{IssuerRules, RulesError, TenantRule};
pub use scopes::GrantedScope;
pub use verifier::Verifier;
