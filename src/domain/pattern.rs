//! Patterns over names, for scopes and grants: `*` matches any characters, every other character itself.
//!
//! Owns the matching. There are no classes, no escapes and no case folding.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::NameError;

/// A pattern over group or stream names. Matches whole names: `/acme/*` matches `/acme/api`, but neither `/acme` nor `/acme2`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Box<str>);

impl Pattern {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `name` matches.
    ///
    /// The matching is greedy and backtracks only to the last `*`, at most `name.len()` times each. So hostile patterns such as
    /// `*a*a*a*` are at worst quadratic in the bounded lengths, never exponential.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let (mut p, mut n) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while n < name.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    retry = Some((p + 1, n));
                    p += 1;
                }
                Some(byte) if *byte == name[n] => {
                    p += 1;
                    n += 1;
                }
                _ => match retry {
                    Some((after_star, taken)) => {
                        p = after_star;
                        n = taken + 1;
                        retry = Some((after_star, n));
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }

    /// The name, if the pattern matches exactly one.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&*self.0)
    }

    /// Whether every name matches.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*')
    }

    /// The prefix of every matching name; empty for `*`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.split('*').next().unwrap_or("")
    }

    /// The pattern with `{tenant}` replaced. A tenant id has no `*`, so it cannot become a wildcard.
    #[must_use]
    pub fn for_tenant(&self, tenant: &super::name::TenantId) -> Self {
        Self(self.0.replace("{tenant}", tenant.as_str()).into())
    }
}

impl TryFrom<String> for Pattern {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for Pattern {
    type Error = NameError;
    /// A pattern of 1–512 characters without control characters and `:` `?` `"` `\\`, so that headers need no quoting. A pattern
    /// that no name can match is accepted.
    fn try_from(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.chars().count() > 512 {
            return Err(NameError::TooLong(512));
        }
        if let Some((index, character)) = text.chars().enumerate().find(|(_, c)| c.is_control() || ":?\"\\".contains(*c)) {
            let allowed = "a name's characters and `*` for any characters";
            return Err(NameError::Character { character, position: index + 1, allowed });
        }
        Ok(Self(text.into()))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0.into()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

/// The longer of two prefixes, if a name can have both.
#[must_use]
pub fn longer<'a>(one: &'a str, other: &'a str) -> Option<&'a str> {
    if one.starts_with(other) { Some(one) } else { other.starts_with(one).then_some(other) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text).unwrap()
    }

    #[test]
    fn a_star_stops_at_no_boundary_and_nothing_else_is_special() {
        for (text, name, expected) in [
            ("/acme/*", "/acme/api", true),
            ("/acme/*", "/acme/", true),
            ("/acme/*", "/acme", false),
            ("/acme/*", "/acme2/api", false),
            ("/acme/api", "/acme/api", true),
            ("/acme/api", "/acme/apis", false),
            ("*", "", true),
            ("*api", "/acme/api", true),
            ("/a*c*e", "/abcde", true),
            ("/a*c*e", "/abcdef", false),
            ("/acme.api", "/acmeXapi", false),
            ("[a-z]*", "abc", false),
            ("/ACME/*", "/acme/api", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(pattern(text).matches(name), expected, "{text} on {name}");
        }
    }

    #[test]
    fn the_longer_prefix_wins_if_both_can_hold() {
        assert_eq!(longer("", "/a"), Some("/a"));
        assert_eq!(longer("/acme/api", "/acme/"), Some("/acme/api"));
        assert_eq!(longer("/a", "/b"), None);
    }

    /// The definition, without optimisation.
    fn oracle(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => (0..=name.len()).any(|taken| oracle(rest, &name[taken..])),
            Some((byte, rest)) => name.first() == Some(byte) && oracle(rest, &name[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]
        #[test]
        fn matches_what_the_definition_matches(text in "[ab*/]{1,8}", name in "[ab/]{0,10}") {
            prop_assert_eq!(pattern(&text).matches(&name), oracle(text.as_bytes(), name.as_bytes()));
        }
    }
}
