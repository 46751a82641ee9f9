//! Names of log groups, log streams, tenants and sources.
//!
//! Owns their rules and both spellings of a name in a URL. `auth::policy` decides about access.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not a name, as a clause. The parser of the parameter adds the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// An empty text.
    #[error("is empty")]
    Empty,
    /// Longer than the limit, in characters.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A character that this kind of name does not allow.
    #[error("has the character {character:?} at position {position}; allowed are {allowed}")]
    Character {
        /// The first such character.
        character: char,
        /// Its position, counted in characters from 1.
        position: usize,
        /// The allowed characters.
        allowed: &'static str,
    },
    /// A segment `.` or `..`. CloudWatch accepts it, but proxies and browsers rewrite such paths.
    #[error("has the path segment `{0}`")]
    DotSegment(&'static str),
    /// A prefix that CloudWatch reserves.
    #[error("begins with `{0}`, which AWS reserves")]
    Reserved(&'static str),
}

fn check(text: &str, limit: usize, allowed: &'static str, fits: impl Fn(char) -> bool) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > limit {
        return Err(NameError::TooLong(limit));
    }
    if let Some((index, character)) = text.chars().enumerate().find(|(_, c)| !fits(*c)) {
        return Err(NameError::Character { character, position: index + 1, allowed });
    }
    Ok(())
}

fn no_dot_segments(text: &str) -> Result<(), NameError> {
    for segment in text.split('/') {
        match segment {
            "." => return Err(NameError::DotSegment(".")),
            ".." => return Err(NameError::DotSegment("..")),
            _ => {}
        }
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$meta:meta])* $name:ident, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;
            fn try_from(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text).map(|()| Self(Arc::from(text)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::try_from(text.as_str())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }
    };
}

name_type!(
    /// A log group: 1–512 of `A-Za-z0-9_.-/#`, not beginning with `aws/` (CreateLogGroup), without `.` and `..` segments.
    LogGroupName,
    |text| {
        check(text, 512, "letters, digits and `_` `.` `-` `/` `#`", |c| c.is_ascii_alphanumeric() || "_.-/#".contains(c))?;
        if text.starts_with("aws/") {
            return Err(NameError::Reserved("aws/"));
        }
        no_dot_segments(text)
    }
);

name_type!(
    /// A log stream: 1–512 characters without `:` and `*` (CreateLogStream), without control characters and `.`/`..` segments.
    LogStreamName,
    |text| {
        check(text, 512, "all but `:`, `*` and control characters", |c| c != ':' && c != '*' && !c.is_control())?;
        no_dot_segments(text)
    }
);

name_type!(
    /// A tenant: 1–128 of `A-Za-z0-9_.-`, so that it can never be a wildcard or a path separator in a pattern.
    TenantId,
    |text| check(text, 128, "letters, digits and `_` `.` `-`", |c| c.is_ascii_alphanumeric() || "_.-".contains(c))
);

name_type!(
    /// A source's name in the configuration: 1–64 of `A-Za-z0-9_-`.
    SourceName,
    |text| check(text, 64, "letters, digits and `_` `-`", |c| c.is_ascii_alphanumeric() || "_-".contains(c))
);

/// Reads the second spelling of names in URLs: `:` for `/`. Neither kind of name can contain `:`.
#[must_use]
pub fn from_url_spelling(text: &str) -> String {
    text.replace(':', "/")
}

/// Writes a name as one path segment in the spelling that needs the least encoding: `:` for `/`, the rest percent-encoded.
#[must_use]
pub fn to_url_spelling(name: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');
    percent_encoding::utf8_percent_encode(&name.replace('/', ":"), KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_take_what_cloudwatch_takes_and_nothing_else() {
        for good in ["/acme/api", "a", "/aws/lambda/x", "a.b-c_d#e/f", "...", &"x".repeat(512)] {
            assert!(LogGroupName::try_from(good).is_ok(), "{good}");
        }
        for bad in ["", "/acme/*", "a b", "a:b", "aws/x", "/a/../b", "..", "./a", "a%2Fb", "a\0", "ä", "a\\b", &"x".repeat(513)]
        {
            assert!(LogGroupName::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn streams_may_hold_brackets_dollars_and_spaces() {
        for good in ["2026/11/20/[$LATEST]0f3c", "web 1", "ünï", "a#b?c", "a%2Fb"] {
            assert!(LogStreamName::try_from(good).is_ok(), "{good}");
        }
        for bad in ["", "a:b", "a*", "a\nb", "a\0", "a/../b"] {
            assert!(LogStreamName::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_url_spelling_comes_back() {
        for name in ["/aws/lambda/api", "2026/11/20/[$LATEST]0f3c", "a%2Fb", "ünï code"] {
            let encoded = to_url_spelling(name);
            let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap().into_owned();
            assert_eq!(from_url_spelling(&decoded), name);
            assert!(!encoded.contains('/'), "{encoded}");
        }
    }
}
