//! The errors of client commands, and their exit codes.
//!
//! INVARIANT: no text contains the token. Texts of the service are escaped before they are printed.

use std::fmt;
use std::io;

use super::output::safe;
use super::problem::ServiceError;

/// The signal of a write to a pipe that has no reader.
const SIGPIPE: u8 = 13;

/// Why a client command failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// An argument or a variable is missing or invalid.
    #[error("{0}")]
    Usage(String),
    /// The service answered with an error.
    #[error("{0}")]
    Service(Box<ServiceError>),
    /// No answer, or only a part of one.
    #[error("{0}")]
    Unavailable(String),
    /// An answer that is not one of this API.
    #[error("{0}")]
    Unexpected(String),
    /// Any other failure.
    #[error("{0}")]
    Failed(String),
    /// The failure came after a part of the output.
    #[error("{error}\n{advice}")]
    Incomplete {
        /// The failure.
        error: Box<ClientError>,
        /// What is missing, and how to continue.
        advice: String,
    },
    /// Standard output cannot be written.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
    /// A signal ended the command.
    #[error("interrupted")]
    Interrupted(u8),
}

impl ClientError {
    /// An error with its subject before it.
    pub(super) fn unexpected(subject: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self::Unexpected(format!("{}: {}", safe(&subject.to_string()), safe(&reason.to_string())))
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Service(error) => error.exit_code(),
            Self::Unavailable(_) => 6,
            Self::Unexpected(_) | Self::Failed(_) => 1,
            Self::Incomplete { error, .. } => error.exit_code(),
            // As a shell reports a program that a signal ended.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 128 + SIGPIPE,
            Self::Output(_) => 1,
            Self::Interrupted(signal) => 128 + signal,
        }
    }

    /// Whether another token could help.
    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Service(error) if error.status == 401)
    }

    /// Whether the user already knows why the command ended.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        match self {
            Self::Interrupted(_) => true,
            Self::Output(error) => error.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }
}
