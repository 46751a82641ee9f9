//! Patterns as operators write them in grants.
//!
//! Owns what is refused although a pattern could hold it, since it would silently match nothing or too much: other systems'
//! wildcards, ARNs, a `{tenant}` that nobody fills in. Never matches anything: that is [`crate::domain::pattern`].

use super::reader::Field;
use super::spelling::quoted;
use crate::domain::name::NameError;
use crate::domain::pattern::Pattern;

/// What `{tenant}` is in a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Braces {
    /// The caller's tenant.
    Filled,
    /// Nothing: the section has one tenant.
    Literal,
}

/// Whose names a pattern is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Log groups.
    Groups,
    /// Log streams.
    Streams,
}

const TENANT: &str = "{tenant}";

#[derive(Debug, thiserror::Error)]
enum Misread {
    #[error("is an ARN: write the group's name alone, such as `/acme/api`")]
    Arn,
    #[error("has braces: `{{tenant}}` is only filled in in [tenant_template], and a name with braces is matched by `*`")]
    Braces,
    #[error("has other braces than `{{tenant}}`, which is all that is filled in")]
    OtherBraces,
    #[error("has `{0}`: only `*` is special in a pattern, and it stands for any characters")]
    Glob(char),
    #[error("has `:`, which no name holds: write `/`")]
    Colon,
    #[error("has the character {0:?}, which no log group's name holds")]
    Illegal(char),
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Reads one pattern of a grant.
pub(super) fn read(field: &Field<'_>, names: Names, braces: Braces) -> Option<Pattern> {
    let pattern = field.parsed(|text| check(text, names, braces))?;
    let text = pattern.as_str();
    if text.split('/').any(|segment| segment.starts_with(".*")) {
        field.warn(format_args!("{} asks for names with a dot there: a pattern is no regular expression", quoted(text)));
    }
    if braces == Braces::Filled && overlaps(text) {
        let text = quoted(text);
        field.warn(format_args!(
            "{text} has `*` beside `{TENANT}`: a tenant whose id begins or ends like another's may see that one's too; \
             put a `/` between them"
        ));
    }
    Some(pattern)
}

/// Does it say whose names it is for?
pub(super) fn names_tenant(pattern: &Pattern) -> bool {
    pattern.as_str().contains(TENANT)
}

fn check(text: &str, names: Names, braces: Braces) -> Result<Pattern, Misread> {
    if text.starts_with("arn:") {
        return Err(Misread::Arn);
    }
    let fixed = if braces == Braces::Filled { text.replace(TENANT, "") } else { text.to_owned() };
    if fixed.contains(['{', '}']) {
        return Err(if braces == Braces::Filled { Misread::OtherBraces } else { Misread::Braces });
    }
    let globs: &[char] = if names == Names::Groups { &['?', '[', ']', '!', '^', '$', '(', ')', '|', '+', '\\'] } else { &['?'] };
    if let Some(glob) = fixed.chars().find(|c| globs.contains(c)) {
        return Err(Misread::Glob(glob));
    }
    if fixed.contains(':') {
        return Err(Misread::Colon);
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-/#*".contains(c);
    match fixed.chars().find(|c| names == Names::Groups && !legal(*c)) {
        Some(character) => Err(Misread::Illegal(character)),
        None => Ok(Pattern::try_from(text)?),
    }
}

/// Can `*` take a part of what might be an id? `/c/{tenant}*` gives `acme` the groups of `acme2`. An id holds neither `/` nor
/// `#`, so these end what it could be mistaken for.
fn overlaps(text: &str) -> bool {
    text.split(['/', '#']).any(|segment| segment.contains(TENANT) && segment.contains('*'))
}
