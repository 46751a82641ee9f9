//! Which errors are decisions about access, so that they get an audit line.
//!
//! Owns that choice. How such a line looks: [`crate::telemetry::audit`].

use super::problem::ApiError;
use crate::auth::policy::Denied;

impl ApiError {
    /// Is it a decision about access, for an audit line?
    #[must_use]
    pub fn is_denial(&self) -> bool {
        let is_of_policy = |denied: &Denied| !matches!(denied, Denied::SeveralSources { .. });
        match self {
            Self::MissingToken | Self::InvalidToken(_) | Self::ExpiredToken | Self::NoSuchHandle | Self::QueryForbidden(_) => {
                true
            }
            Self::Denied(denied) => is_of_policy(denied),
            _ => false,
        }
    }
}
