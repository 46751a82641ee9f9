//! A JSON reader without allocation: returns the keys of an object and the bytes of their values.
//!
//! - Structure is checked as far as it is read: brackets match and strings end. Numbers and words are not checked.
//! - Nesting is bounded; deeper text does not count as JSON.
//!
//! Does not decode: a string's bytes are those between the quotes, including escapes.

use memchr::memchr2;

/// Maximum nesting.
const MOST_DEPTH: usize = 128;

/// The members of an object, one after another.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    text: &'a [u8],
    at: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    First,
    Next,
    /// Whether the closing bracket was read.
    Complete,
    Broken,
}

impl<'a> Members<'a> {
    /// The members of the object at the start of the text; `None` if it does not start with an object.
    pub(crate) fn of(text: &'a [u8]) -> Option<Self> {
        (text.first() == Some(&b'{')).then_some(Self { text, at: 1, state: State::First })
    }

    /// Whether all members were read, and only white space follows.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::Complete && self.text[self.at..].trim_ascii().is_empty()
    }

    fn member(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let at = white(self.text, self.at);
        let at = match (self.text.get(at)?, self.state) {
            (b'}', _) => {
                self.at = at + 1;
                self.state = State::Complete;
                return None;
            }
            (b',', State::Next) => white(self.text, at + 1),
            (_, State::First) => at,
            _ => return None,
        };
        let key_end = string_end(self.text, at)?;
        let colon = white(self.text, key_end);
        (self.text.get(colon) == Some(&b':')).then_some(())?;
        let start = white(self.text, colon + 1);
        let end = value_end(self.text, start)?;
        self.at = end;
        self.state = State::Next;
        Some((&self.text[at + 1..key_end - 1], &self.text[start..end]))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Complete | State::Broken) {
            return None;
        }
        let member = self.member();
        if member.is_none() && self.state != State::Complete {
            self.state = State::Broken;
        }
        member
    }
}

/// The elements of the array at the start of the text, as bytes; `None` if the text is not a complete array.
pub(crate) fn elements(text: &[u8]) -> Option<Vec<&[u8]>> {
    (text.first() == Some(&b'[')).then_some(())?;
    let mut elements = Vec::new();
    let mut at = white(text, 1);
    if text.get(at) == Some(&b']') {
        return Some(elements);
    }
    loop {
        let end = value_end(text, at)?;
        elements.push(&text[at..end]);
        at = white(text, end);
        match text.get(at)? {
            b',' => at = white(text, at + 1),
            b']' => return Some(elements),
            _ => return None,
        }
    }
}

/// The position of the first byte that is not white space.
pub(crate) fn white(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The position after the string whose opening quote is at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    (text.get(at) == Some(&b'"')).then_some(())?;
    let mut at = at + 1;
    loop {
        let found = at + memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[found] == b'"' {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

/// The position after the value at `at`.
pub(crate) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => string_end(text, at),
        b'{' | b'[' => nested_end(text, at),
        _ => {
            let length = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
            (length > 0).then_some(at + length)
        }
    }
}

fn nested_end(text: &[u8], start: usize) -> Option<usize> {
    let mut open = [0_u8; MOST_DEPTH];
    let mut depth = 0;
    let mut at = start;
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            bracket @ (b'{' | b'[') => {
                *open.get_mut(depth)? = *bracket;
                depth += 1;
            }
            bracket @ (b'}' | b']') => {
                depth = depth.checked_sub(1)?;
                let is_pair = matches!((open[depth], bracket), (b'{', b'}') | (b'[', b']'));
                is_pair.then_some(())?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, elements};

    #[test]
    fn members_are_handed_out_until_the_text_breaks() {
        type Expected<'a> = &'a [(&'a str, &'a str)];
        let cases: [(&str, Expected<'_>, bool); 10] = [
            ("{}", &[], true),
            (r#"{"a":1}"#, &[("a", "1")], true),
            (r#" {"a":1}"#, &[], false),
            ("{ \"a\" : \"x\\\"}\" , \"b\":[1,{\"c\":\"]\"}] } \r", &[("a", r#""x\"}""#), ("b", r#"[1,{"c":"]"}]"#)], true),
            (r#"{"a":1} x"#, &[("a", "1")], false),
            (r#"{"a":1,"b":"cut"#, &[("a", "1")], false),
            (r#"{"a":1 "b":2}"#, &[("a", "1")], false),
            (r#"{"a":[1}}"#, &[], false),
            ("{not json}", &[], false),
            ("{", &[], false),
        ];
        for (text, expected, complete) in cases {
            let Some(mut members) = Members::of(text.as_bytes()) else {
                assert!(expected.is_empty() && !complete, "{text}");
                continue;
            };
            let found: Vec<_> = members.by_ref().map(|(key, value)| (str(key), str(value))).collect();
            assert_eq!(found, expected, "{text}");
            assert_eq!(members.is_complete(), complete, "{text}");
        }
        let deep = [&b"{\"a\":"[..], &b"[".repeat(1000)].concat();
        assert_eq!(Members::of(&deep).unwrap().count(), 0);
    }

    #[test]
    fn elements_are_whole_values() {
        let found = |text: &'static str| elements(text.as_bytes()).map(|all| all.into_iter().map(str).collect::<Vec<_>>());
        assert_eq!(found(r#"[ {"a":1} , 2,"]"]"#).unwrap(), [r#"{"a":1}"#, "2", r#""]""#]);
        assert_eq!(found("[]").unwrap(), [""; 0]);
        assert_eq!((found("[1,2"), found("[1 2]"), found("{}")), (None, None, None));
    }

    fn str(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }
}
