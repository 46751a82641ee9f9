//! Patterns in grants.
//!
//! Refuses patterns that would silently match nothing or too much: wildcards of other systems, ARNs, `{tenant}` outside of the
//! template. Never matches a name: [`crate::domain::pattern`] does.

use super::spelling::quoted;
use super::validation::Key;
use crate::domain::name::NameError;
use crate::domain::pattern::Pattern;

/// The meaning of `{tenant}` in a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Braces {
    /// The caller's tenant.
    Filled,
    /// Not allowed: the section is for one tenant.
    Literal,
}

/// The names that a pattern is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Log groups.
    Groups,
    /// Log streams.
    Streams,
}

const TENANT: &str = "{tenant}";

/// Why a pattern is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum PatternError {
    #[error("is an ARN: write the group's name alone, such as `/acme/api`")]
    Arn,
    #[error("has braces: `{{tenant}}` is only replaced in [tenant_template]; use `*` to match a name with braces")]
    Braces,
    #[error("has braces other than `{{tenant}}`: only `{{tenant}}` is replaced")]
    OtherBraces,
    #[error("has `{0}`: a pattern has only the wildcard `*`, for any characters")]
    Glob(char),
    #[error("has `:`, which names cannot contain: write `/`")]
    Colon,
    #[error("has the character {0:?}, which names of log groups cannot contain")]
    Illegal(char),
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Warns about a pattern that is valid and probably matches other names than its author meant.
pub(super) fn warn(pattern: &Pattern, braces: Braces, item: &Key<'_>) {
    let text = pattern.as_str();
    if text.split('/').any(|segment| segment.starts_with(".*")) {
        item.warn(format_args!("{} only matches names with a dot there: patterns are not regular expressions", quoted(text)));
    }
    if braces == Braces::Filled && overlaps(text) {
        let text = quoted(text);
        item.warn(format_args!(
            "{text} has `*` next to `{TENANT}`: a tenant whose id begins or ends like another tenant's id may see that tenant's \
             names; put a `/` between them"
        ));
    }
}

/// Whether the pattern contains `{tenant}`.
pub(super) fn names_tenant(pattern: &Pattern) -> bool {
    pattern.as_str().contains(TENANT)
}

/// Checks one pattern of a grant.
pub(super) fn check(text: &str, names: Names, braces: Braces) -> Result<Pattern, PatternError> {
    if text.starts_with("arn:") {
        return Err(PatternError::Arn);
    }
    let fixed = if braces == Braces::Filled { text.replace(TENANT, "") } else { text.to_owned() };
    if fixed.contains(['{', '}']) {
        return Err(if braces == Braces::Filled { PatternError::OtherBraces } else { PatternError::Braces });
    }
    let globs: &[char] = if names == Names::Groups { &['?', '[', ']', '!', '^', '$', '(', ')', '|', '+', '\\'] } else { &['?'] };
    if let Some(glob) = fixed.chars().find(|c| globs.contains(c)) {
        return Err(PatternError::Glob(glob));
    }
    if fixed.contains(':') {
        return Err(PatternError::Colon);
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-/#*".contains(c);
    match fixed.chars().find(|c| names == Names::Groups && !legal(*c)) {
        Some(character) => Err(PatternError::Illegal(character)),
        None => Ok(Pattern::try_from(text)?),
    }
}

/// Whether `*` can match a part of another tenant's id: `/c/{tenant}*` gives `acme` the groups of `acme2`. An id contains neither
/// `/` nor `#`, so these separate the two.
pub(super) fn overlaps(text: &str) -> bool {
    text.split(['/', '#']).any(|segment| segment.contains(TENANT) && segment.contains('*'))
}
