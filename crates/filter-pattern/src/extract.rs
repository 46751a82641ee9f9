//! The values that a pattern extracts from a message.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::ast::{Selector, Step};

/// A value that a pattern extracted from a message, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted<'a> {
    /// `$name` for a named field of a space-delimited pattern, `$4` for the fourth field when it has no name, `$.a.b` for a
    /// JSON property.
    pub name: Cow<'a, str>,
    /// A field without its delimiters, a JSON string with its escapes resolved, a number as it was written, `true` or
    /// `false`.
    pub value: Cow<'a, str>,
}

/// The selector as written: `$.a['b.c'][0][*]`.
pub(crate) fn written(selector: &Selector) -> String {
    let mut text = "$".to_owned();
    for step in &selector.steps {
        // Writing to a string does not fail.
        let _written = match step {
            Step::Name(name) if plain(name) => write!(text, ".{name}"),
            Step::Name(name) if text == "$" => write!(text, ".['{name}']"),
            Step::Name(name) => write!(text, "['{name}']"),
            Step::Index(index) => write!(text, "[{index}]"),
            Step::AnyIndex => write!(text, "[*]"),
            Step::AnyName => write!(text, ".*"),
        };
    }
    text
}

/// Whether a name needs no brackets after a dot.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::written;
    use crate::ast::{Selector, Step};

    #[test]
    fn a_selector_is_named_as_one_writes_it() {
        let name = |name: &str| Step::Name(name.to_owned());
        for (steps, text) in [
            (vec![name("a"), name("b-c")], "$.a.b-c"),
            (vec![name("na.me")], "$.['na.me']"),
            (vec![name("a"), name("b.c"), Step::Index(3), Step::AnyIndex, Step::AnyName], "$.a['b.c'][3][*].*"),
        ] {
            assert_eq!(written(&Selector { steps }), text);
        }
    }
}
