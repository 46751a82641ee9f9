//! Errors in the configuration: location, key, and text.
//!
//! Owns their order and their form in print. Never contains a value that may be a secret: the texts leave those out. See also
//! `config::validation`, which collects the errors.

use std::fmt;
use std::sync::Arc;

/// Where a key or value was set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// No file exists, and the key is not set.
    Nowhere,
    /// The whole file.
    Document(Arc<str>),
    /// A point in the file. Both numbers start at 1; columns count characters.
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
        /// As in the environment.
        name: Arc<str>,
        /// The key that it sets, which messages do not repeat.
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

/// One error or one warning: `logmark.toml:12:9: tenants.acme.grants[0].groups: is empty: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Of the key or value.
    pub location: Location,
    /// The key as a dotted path; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub text: String,
}

impl ConfigError {
    /// An error of the whole file.
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

/// All errors of a configuration, ordered by location: the file from its start, then the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.render())]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
    /// Whether the configuration is elsewhere and could not be fetched: it may be fetched later.
    is_unreachable: bool,
}

impl ConfigErrors {
    /// Sorts the errors.
    pub(super) fn new(mut errors: Vec<ConfigError>) -> Self {
        // Stable: errors at one location keep the order in which they were found.
        errors.sort_by(|one, other| one.location.cmp(&other.location));
        Self { errors, is_unreachable: false }
    }

    /// The configuration is elsewhere and could not be fetched.
    pub(super) fn unreachable(error: ConfigError) -> Self {
        Self { errors: vec![error], is_unreachable: true }
    }

    /// Whether the configuration could not be fetched, so that nothing is known about it.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.is_unreachable
    }

    /// The errors, in order.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.errors.iter()
    }

    /// One error per line, and their number in the last line.
    #[must_use]
    pub fn render(&self) -> String {
        let mut lines: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        if self.is_unreachable {
            return lines.join("\n");
        }
        lines.push(match self.errors.len() {
            1 => "1 error in the configuration".to_owned(),
            count => format!("{count} errors in the configuration"),
        });
        lines.join("\n")
    }
}
