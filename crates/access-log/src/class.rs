//! The characters of a value: one definition for the parser and for the regular expressions of queries.

use crate::field::Kind;

/// ASCII white space: the bytes that `\s` matches in a query.
const WHITE_SPACE: &[u8] = b"\t\n\x0b\x0c\r ";

/// A set of characters, as bytes. Characters beyond ASCII are all in the set, or none is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Class {
    bytes: Box<[bool; 256]>,
    /// The least number of bytes.
    pub(crate) least: usize,
    /// The greatest number of bytes.
    pub(crate) most: usize,
    /// The text of the set in a regular expression.
    regex: String,
}

impl Class {
    /// The class of values of a kind between two literals. Words do not contain the characters that separate them.
    pub(crate) fn of(kind: Kind, before: &str, after: &str) -> Self {
        match kind {
            Kind::Text => Self::without(&[b'\n'], 0),
            Kind::Path => Self::without(WHITE_SPACE, 1),
            Kind::RouteKey => Self::without(b"\"\n", 1),
            Kind::Token => {
                let edges = before.bytes().last().into_iter().chain(after.bytes().next());
                let separators = edges.filter(|byte| byte.is_ascii_punctuation() && !b"-_/".contains(byte));
                Self::without(&WHITE_SPACE.iter().copied().chain([b'"']).chain(separators).collect::<Vec<_>>(), 1)
            }
            Kind::Integer | Kind::EpochMillis => Self::only("0-9-", 1, usize::MAX),
            Kind::Seconds => Self::only("0-9.-", 1, usize::MAX),
            Kind::Status => Self::only("0-9-", 1, 3),
            Kind::ClfTime => {
                let class = Self::only("0-9A-Za-z/: +-", 1, 26);
                if after.bytes().next().is_some_and(|byte| !class.has(byte)) { class } else { Self { least: 26, ..class } }
            }
            Kind::Ip => Self::only("0-9A-Fa-fXx.:*-", 1, usize::MAX),
            Kind::Method => Self::only("A-Z-", 1, usize::MAX),
            Kind::Protocol => Self::only("A-Za-z0-9/.-", 1, usize::MAX),
            Kind::Domain => Self::only("A-Za-z0-9.:_*-", 1, usize::MAX),
        }
    }

    /// The characters of a JSON string that need no escape.
    pub(crate) fn plain_json() -> Self {
        let controls = (0..0x20).chain([b'"', b'\\']).collect::<Vec<u8>>();
        Self::without(&controls, 0)
    }

    /// A column between tabs.
    pub(crate) fn column() -> Self {
        Self::without(b"\t\n", 0)
    }

    /// All characters but these, which are ASCII.
    fn without(excluded: &[u8], least: usize) -> Self {
        let mut bytes = Box::new([true; 256]);
        let mut regex = String::from("[^");
        for byte in excluded {
            bytes[usize::from(*byte)] = false;
        }
        let (has_controls, has_space) =
            ((0..0x20).all(|byte| !bytes[byte]), WHITE_SPACE.iter().all(|byte| excluded.contains(byte)));
        regex.push_str(if has_controls { r"\x00-\x1f" } else { "" });
        regex.push_str(if has_space { r"\s" } else { "" });
        let is_written = |byte: u8| has_controls && byte < 0x20 || has_space && WHITE_SPACE.contains(&byte);
        let single = (0..0x80).filter(|byte| !bytes[usize::from(*byte)] && !is_written(*byte));
        single.for_each(|byte| regex.push_str(&escaped(byte)));
        regex.push(']');
        Self { bytes, least, most: usize::MAX, regex }
    }

    /// The characters of ranges such as `0-9A-Z`; a `-` at the end is the character.
    fn only(ranges: &str, least: usize, most: usize) -> Self {
        let mut bytes = Box::new([false; 256]);
        let mut rest = ranges.as_bytes();
        loop {
            rest = match rest {
                [first, b'-', last, rest @ ..] => {
                    (*first..=*last).for_each(|byte| bytes[usize::from(byte)] = true);
                    rest
                }
                [byte, rest @ ..] => {
                    bytes[usize::from(*byte)] = true;
                    rest
                }
                [] => break,
            };
        }
        Self { bytes, least, most, regex: format!("[{}]", ranges.replace('/', r"\/")) }
    }

    /// Whether a byte is in the set.
    pub(crate) fn has(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)]
    }

    /// The number of bytes at the start of a text that are in the set.
    pub(crate) fn run(&self, text: &[u8]) -> usize {
        text.iter().position(|byte| !self.has(*byte)).unwrap_or(text.len())
    }

    /// The number of bytes at the end of a text that are in the set.
    pub(crate) fn run_back(&self, text: &[u8]) -> usize {
        text.iter().rev().position(|byte| !self.has(*byte)).unwrap_or(text.len())
    }

    /// The regular expression of a value, which takes as few characters as it can if `is_lazy`.
    pub(crate) fn regex(&self, is_lazy: bool) -> String {
        let count = match (self.least, self.most) {
            (0, usize::MAX) => "*".to_owned(),
            (1, usize::MAX) => "+".to_owned(),
            (least, most) if least == most => format!("{{{least}}}"),
            (least, most) => format!("{{{least},{most}}}"),
        };
        format!("{}{count}{}", self.regex, if is_lazy { "?" } else { "" })
    }
}

impl std::fmt::Debug for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.regex(false))
    }
}

/// A literal byte inside or outside of a bracket.
fn escaped(byte: u8) -> String {
    match byte {
        b'\n' => r"\n".to_owned(),
        b'\t' => r"\t".to_owned(),
        b'\r' => r"\r".to_owned(),
        0..0x20 | 0x7f => format!(r"\x{byte:02x}"),
        _ if byte.is_ascii_punctuation() && !b"\"'_,<>=:;@%&~`!#".contains(&byte) => format!("\\{}", char::from(byte)),
        _ => char::from(byte).to_string(),
    }
}

/// A literal text in a regular expression of a query.
pub(crate) fn literal_regex(text: &str) -> String {
    text.chars().map(|c| u8::try_from(c).ok().filter(u8::is_ascii).map_or_else(|| c.to_string(), escaped)).collect()
}
