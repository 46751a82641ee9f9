//! Paths of a mask: `$.card`, `$.user["e-mail"]`, `$.user['e-mail']`, `$.items[*].card`, `$.items[0]`.

use std::fmt;
use std::str::FromStr;

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted};

/// The maximum number of bytes of a path: the longest name of a field that Logs Insights discovers.
const MAX_BYTES: usize = 1024;

/// The maximum number of steps of a path: the nesting of a JSON message.
const MAX_STEPS: usize = 127;

/// The path to the members that a mask hides, with everything below them.
///
/// ```
/// use logmark_event_rules::MaskPath;
///
/// let path = MaskPath::parse(r#"$.items[*]["card.number"]"#)?;
/// assert_eq!(path.as_str(), r#"$.items[*]["card.number"]"#);
/// let wrong = MaskPath::parse("items.card").unwrap_err();
/// assert_eq!(wrong.to_string(), "expected `$`, found `i`");
/// # Ok::<(), logmark_event_rules::InvalidPath>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MaskPath {
    text: String,
    pub(super) steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// `.name`, `["name"]`
    Member(String),
    /// `[3]`
    Index(u32),
    /// `[*]`
    AnyIndex,
}

/// A text that is not the path of a mask: where, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPath(Box<Diagnostic>);

impl InvalidPath {
    /// The error with its position in the text.
    #[must_use]
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.0
    }
}

impl fmt::Display for InvalidPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message())?;
        self.0.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl std::error::Error for InvalidPath {}

impl MaskPath {
    /// Parses a path.
    ///
    /// # Errors
    ///
    /// [`InvalidPath`] with the position of the first error.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        let mut reader = Reader { text, position: 0 };
        if text.len() > MAX_BYTES {
            return Err(reader.limit(format!("at most {MAX_BYTES} bytes"), "a longer path"));
        }
        reader.expect('$')?;
        let mut steps = Vec::new();
        while reader.position < text.len() {
            steps.push(reader.step()?);
        }
        if steps.is_empty() {
            let error = reader.error("a member, such as `.card`", "the end");
            return Err(error.hint("to hide whole messages, do not grant the group"));
        }
        if steps.len() > MAX_STEPS {
            return Err(reader.limit(format!("at most {MAX_STEPS} steps"), "more"));
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl InvalidPath {
    fn hint(self, hint: &str) -> Self {
        Self(Box::new((*self.0).hint(hint)))
    }
}

impl FromStr for MaskPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        Self::parse(text)
    }
}

impl fmt::Display for MaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.position += text.len();
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), InvalidPath> {
        if self.take(wanted.encode_utf8(&mut [0; 4])) {
            return Ok(());
        }
        Err(self.error(&format!("`{wanted}`"), &self.found()))
    }

    fn found(&self) -> String {
        self.rest().chars().next().map_or_else(|| "the end".to_owned(), |next| quoted(next.encode_utf8(&mut [0; 4])))
    }

    fn error(&self, expected: &str, found: &str) -> InvalidPath {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        let span = Span::new(self.position, self.position + length);
        InvalidPath(Box::new(Diagnostic::new(Kind::Syntax, span, expected, found)))
    }

    fn limit(&self, expected: String, found: &str) -> InvalidPath {
        InvalidPath(Box::new(Diagnostic::new(Kind::Limit, Span::new(0, self.text.len()), expected, found)))
    }

    fn step(&mut self) -> Result<Step, InvalidPath> {
        if self.take("[") {
            return self.bracket();
        }
        if !self.take(".") {
            return Err(self.error("`.` or `[`", &self.found()));
        }
        // Filter patterns write `$.['a.b']`.
        if self.take("[") {
            return self.bracket();
        }
        let is_plain = |character: &char| character.is_alphanumeric() || "_-@$:/".contains(*character);
        let name: String = self.rest().chars().take_while(is_plain).collect();
        if name.is_empty() {
            let error = self.error("the name of a member", &self.found());
            let is_wildcard = self.rest().starts_with('*');
            return Err(error.hint(if is_wildcard {
                "a path covers everything below it: leave `.*` out"
            } else {
                r#"write a name with other characters as `["the name"]`"#
            }));
        }
        self.position += name.len();
        Ok(Step::Member(name))
    }

    /// What follows `[`.
    fn bracket(&mut self) -> Result<Step, InvalidPath> {
        let step = match self.rest().as_bytes().first() {
            Some(b'*') => {
                self.position += 1;
                Step::AnyIndex
            }
            Some(b'0'..=b'9') => {
                let digits: &str = self.rest().split(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
                let index = digits.parse().map_err(|_| self.error("an index below 2³²", &quoted(digits)))?;
                self.position += digits.len();
                Step::Index(index)
            }
            Some(b'"') => Step::Member(self.quoted()?),
            Some(b'\'') => {
                let name = self.rest().get(1..).and_then(|rest| rest.split_once('\''));
                let (name, _) = name.ok_or_else(|| self.error("a `'` at the end of the name", "the end"))?;
                self.position += name.len() + 2;
                Step::Member(name.to_owned())
            }
            _ => {
                let error = self.error(r#"`*`, an index or a name in `"`"#, &self.found());
                return Err(error.hint(r#"an array's elements are `[*]`, a member is `["its name"]`"#));
            }
        };
        self.expect(']')?;
        Ok(step)
    }

    /// A name in double quotes, with the escapes of JSON.
    fn quoted(&mut self) -> Result<String, InvalidPath> {
        let end = logmark_filter_pattern::json_text::string(self.text.as_bytes(), self.position + 1);
        let written = end.and_then(|quoted| self.text.get(self.position..=quoted.end));
        let name = written.and_then(|written| serde_json::from_str(written).ok());
        let (Some(written), Some(name)) = (written, name) else {
            return Err(self.error("a name in `\"` with the escapes of JSON", "a string that does not end or has another escape"));
        };
        self.position += written.len();
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{MaskPath, Step};

    #[test]
    fn paths_are_members_and_elements() {
        let member = |name: &str| Step::Member(name.to_owned());
        for (text, steps) in [
            ("$.card", vec![member("card")]),
            ("$.user.e-mail", vec![member("user"), member("e-mail")]),
            (r#"$["a.b"].c"#, vec![member("a.b"), member("c")]),
            (r#"$["\u0061\"]"]"#, vec![member("a\"]")]),
            ("$.items[*].card", vec![member("items"), Step::AnyIndex, member("card")]),
            ("$.items[0][12]", vec![member("items"), Step::Index(0), Step::Index(12)]),
            (r#"$[""]"#, vec![member("")]),
            ("$.['a.b']['c']", vec![member("a.b"), member("c")]),
            ("$.größe", vec![member("größe")]),
        ] {
            assert_eq!(MaskPath::parse(text).unwrap().steps, steps, "{text}");
        }
    }

    #[test]
    fn an_error_says_where_and_what() {
        for (text, position, message) in [
            ("", 0, "expected `$`, found the end"),
            ("card", 0, "expected `$`, found `c`"),
            ("$", 1, "expected a member, such as `.card`, found the end"),
            ("$card", 1, "expected `.` or `[`, found `c`"),
            ("$.", 2, "expected the name of a member, found the end"),
            ("$.a.*", 4, "expected the name of a member, found `*`"),
            ("$..a", 2, "expected the name of a member, found `.`"),
            ("$.a b", 3, "expected `.` or `[`, found ` `"),
            ("$.a[", 4, "expected `*`, an index or a name in `\"`, found the end"),
            ("$.a['b]", 4, "expected a `'` at the end of the name, found the end"),
            ("$.a[*", 5, "expected `]`, found the end"),
            ("$.a[99999999999]", 4, "expected an index below 2³², found `99999999999`"),
        ] {
            let error = MaskPath::parse(text).unwrap_err();
            let found = (error.diagnostic().span.start, error.diagnostic().message());
            assert_eq!(found, (position, message.to_owned()), "{text}");
        }
        assert!(MaskPath::parse(&format!("$.{}", "a".repeat(2000))).is_err());
        assert!(MaskPath::parse(&format!("${}", ".a".repeat(128))).is_err());
    }
}
