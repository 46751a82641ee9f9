//! The errors that are decisions about access, and so have an audit line.
//!
//! Owns that choice. [`crate::telemetry::audit`] writes the line.

use super::problem::ApiError;
use crate::auth::policy::Denied;

impl ApiError {
    /// Whether the denial is about a group that a grant of the tenant covers.
    #[must_use]
    pub fn concerns_the_granted(&self) -> bool {
        matches!(
            self,
            Self::RangeTooLong { .. }
                | Self::Denied(Denied::InsufficientScope { .. } | Denied::MaskedField { .. } | Denied::RangeTooLong { .. })
        )
    }

    /// Whether the error is a decision about access.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        let is_of_policy = |denied: &Denied| !matches!(denied, Denied::SeveralSources { .. });
        match self {
            Self::MissingToken
            | Self::InvalidToken(_)
            | Self::ExpiredToken
            | Self::InvalidTicket(_)
            | Self::NoSuchHandle
            | Self::MaskedField { .. }
            | Self::RangeTooLong { .. }
            | Self::QueryForbidden(_) => true,
            Self::Denied(denied) => is_of_policy(denied),
            _ => false,
        }
    }
}
