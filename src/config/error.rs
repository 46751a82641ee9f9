//! Errors in the configuration: where, in which key, what is wrong and what to write instead.
//!
//! Owns their order and their form in print. Never holds a value that may be a secret: who words an error about one leaves
//! the value out. Look next at `config::reader`, which collects them.

use std::fmt;
use std::sync::Arc;

/// Where something in the configuration was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// Nowhere: there is no file, and it is about something that is not there.
    Nowhere,
    /// The file as such.
    Document(Arc<str>),
    /// A point in the file, both counted from 1, columns in characters.
    Point {
        /// The file, as the operator named it.
        file: Arc<str>,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// An environment variable.
    Variable {
        /// Its name, as it is in the environment.
        name: Arc<str>,
        /// The key that it stands for: not repeated in print.
        key: Arc<str>,
    },
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("configuration"),
            Self::Document(file) => f.write_str(file),
            Self::Point { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable { name, .. } => f.write_str(name),
        }
    }
}

/// One error, or one warning: `logmark.toml:12:9: tenants.acme.grants[0].groups: is empty, …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it is.
    pub location: Location,
    /// The key as a dotted path; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub text: String,
}

impl ConfigError {
    /// An error of the file as a whole.
    pub(super) fn about(file: &str, text: String) -> Self {
        Self { location: Location::Document(file.into()), key: String::new(), text }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repeated = matches!(&self.location, Location::Variable { key, .. } if **key == *self.key);
        if self.key.is_empty() || repeated {
            write!(f, "{}: {}", self.location, self.text)
        } else {
            write!(f, "{}: {}: {}", self.location, self.key, self.text)
        }
    }
}

/// All errors of a configuration, in the order of their places: the file from its beginning, then the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.render())]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// Puts them in order.
    pub(super) fn new(mut errors: Vec<ConfigError>) -> Self {
        // Stable: errors at one place stay in the order in which they were found.
        errors.sort_by(|one, other| one.location.cmp(&other.location));
        Self(errors)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    /// One per line, and a last line that counts them.
    #[must_use]
    pub fn render(&self) -> String {
        let mut lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        lines.push(match self.0.len() {
            1 => "1 mistake in the configuration".to_owned(),
            count => format!("{count} mistakes in the configuration"),
        });
        lines.join("\n")
    }
}
