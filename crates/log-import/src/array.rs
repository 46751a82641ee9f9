//! Records in one JSON array instead of on separate lines: `[{…},{…}]`, `{"Records":[{…}]}` of AWS trails.
//!
//! - Each element is returned with exactly its bytes, with any line breaks inside the array. Several arrays may follow each
//!   other.
//! - Other members of the array's object (`"nextToken"`) describe the response and not an event; they are skipped.
//! - At most `limit` bytes of an element are kept; the rest of a longer element is skipped.
//!
//! Holds at most one element. See also: `lines`, which returns the same [`Line`]s.

use std::io::{self, BufRead};

use crate::fields;
use crate::json;
use crate::lines::{Line, fill};

/// Keys whose array holds records: AWS trails, Azure, CloudWatch Logs, Kubernetes' lists, Microsoft 365.
pub(crate) const RECORD_KEYS: [&str; 6] = ["Records", "records", "events", "logEvents", "items", "value"];

/// Deeper nesting is an error.
const MOST_DEPTH: usize = 128;

/// Whether the input begins with records in an array. `head` is its beginning.
pub(crate) fn is_array(head: &[u8]) -> bool {
    let start = json::white(head, 0);
    let array = match head.get(start) {
        Some(b'[') => start,
        Some(b'{') => match wrapped(head, start) {
            Some(array) => array,
            None => return false,
        },
        _ => return false,
    };
    let element = json::white(head, array + 1);
    if head.get(element) != Some(&b'{') {
        return false;
    }
    match json::value_end(head, element) {
        // Longer than the look-ahead, so not a line of text.
        None => json::Members::of(&head[element..]).is_some_and(|mut members| members.next().is_some()),
        Some(end) => {
            let next = head.get(json::white(head, end));
            fields::own(&head[element..end]).is_some() && matches!(next, None | Some(b',' | b']'))
        }
    }
}

/// Whether the line could be an object that wraps records. CloudWatch Logs writes other keys first.
pub(crate) fn wraps(line: &[u8]) -> bool {
    wrapped(line, 0).is_some() || memchr::memmem::find(line, b"\"logEvents\":").is_some()
}

/// The position of the array in an object whose first key wraps records.
fn wrapped(head: &[u8], start: usize) -> Option<usize> {
    let key = json::white(head, start + 1);
    let name = RECORD_KEYS.iter().find(|name| {
        head.get(key + 1..key + 1 + name.len()) == Some(name.as_bytes()) && head.get(key + 1 + name.len()) == Some(&b'"')
    })?;
    let colon = json::white(head, key + name.len() + 2);
    let array = json::white(head, colon + 1);
    (head.get(key) == Some(&b'"') && head.get(colon) == Some(&b':') && head.get(array) == Some(&b'[')).then_some(array)
}

/// Reads the elements.
pub(crate) struct Elements<R> {
    input: R,
    scan: Scan,
}

/// The reader's position in the array.
#[derive(Default)]
struct Scan {
    limit: usize,
    kept: Vec<u8>,
    /// Bytes of the element, kept or not.
    length: usize,
    /// The brackets that are open.
    open: Vec<u8>,
    /// The number of open brackets around an element; 0 outside the array.
    array: usize,
    in_string: bool,
    escaped: bool,
    /// The string before a colon in the outer object.
    key: Vec<u8>,
    /// The value that follows belongs to a key of records.
    is_of_records: bool,
}

impl<R: BufRead> Elements<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self { input, scan: Scan { limit, ..Scan::default() } }
    }

    /// The next element, or `None` after the last.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.scan.kept.clear();
        self.scan.length = 0;
        loop {
            let available = fill(&mut self.input)?;
            if available.is_empty() {
                let is_whole = self.scan.open.is_empty() && !self.scan.in_string;
                return if is_whole { Ok(None) } else { Err(broken("ends in the middle of a record")) };
            }
            let mut taken = 0;
            let mut is_whole = false;
            while taken < available.len() && !is_whole {
                is_whole = self.scan.step(available[taken])?;
                taken += 1;
            }
            self.input.consume(taken);
            if is_whole {
                let is_long = self.scan.length > self.scan.limit;
                let kept = &self.scan.kept;
                return Ok(Some(if is_long { Line::TooLong(kept) } else { Line::Whole(kept) }));
            }
        }
    }
}

impl Scan {
    /// Whether the reader is inside an element.
    fn is_inside(&self) -> bool {
        self.array > 0 && self.open.len() > self.array
    }

    fn keep(&mut self, byte: u8) {
        if self.length < self.limit {
            self.kept.push(byte);
        }
        self.length += 1;
    }

    /// Processes one byte; `true` if it ends an element.
    fn step(&mut self, byte: u8) -> io::Result<bool> {
        if self.in_string {
            self.string_byte(byte);
            return Ok(false);
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.key.clear();
            }
            b'{' | b'[' => {
                let is_records =
                    byte == b'[' && self.array == 0 && (self.open.is_empty() || self.open.len() == 1 && self.is_of_records);
                if self.open.len() >= MOST_DEPTH {
                    return Err(broken("is nested too deeply"));
                }
                self.open.push(byte);
                if is_records {
                    self.array = self.open.len();
                    return Ok(false);
                }
            }
            b'}' | b']' => return self.close(byte),
            b':' if self.open.len() == 1 => self.is_of_records = RECORD_KEYS.iter().any(|key| key.as_bytes() == self.key),
            b',' if self.open.len() == 1 => self.is_of_records = false,
            _ => {}
        }
        if self.is_inside() {
            self.keep(byte);
        } else if self.array > 0 && !byte.is_ascii_whitespace() && byte != b',' {
            return Err(broken("has an element that is not a record"));
        } else if self.open.is_empty() && !byte.is_ascii_whitespace() && byte != b',' {
            return Err(broken("is followed by text that is not JSON"));
        }
        Ok(false)
    }

    fn string_byte(&mut self, byte: u8) {
        if self.is_inside() {
            self.keep(byte);
        } else if self.key.len() < 32 {
            self.key.push(byte);
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_string = false;
                if self.key.last() == Some(&b'"') {
                    self.key.pop();
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, byte: u8) -> io::Result<bool> {
        let was_inside = self.is_inside();
        let opening = if byte == b'}' { b'{' } else { b'[' };
        if self.open.pop() != Some(opening) {
            return Err(broken("has brackets that do not match"));
        }
        if self.array > self.open.len() {
            self.array = 0;
        }
        if was_inside {
            self.keep(byte);
        }
        Ok(was_inside && !self.is_inside())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the JSON array {what}"))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{Elements, is_array};
    use crate::lines::Line;

    fn all(text: &str, limit: usize) -> Result<Vec<String>, String> {
        let mut elements = Elements::new(BufReader::with_capacity(3, text.as_bytes()), limit);
        let mut found = Vec::new();
        loop {
            match elements.next_line() {
                Ok(Some(Line::Whole(bytes))) => found.push(String::from_utf8(bytes.to_vec()).unwrap()),
                Ok(Some(Line::TooLong(_))) => found.push("~".to_owned()),
                Ok(None) => return Ok(found),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    #[test]
    fn elements_come_out_with_their_bytes() {
        let cases: [(&str, &[&str]); 7] = [
            ("[]", &[]),
            (r#"[{"a":1},{"b":"]}"}]"#, &[r#"{"a":1}"#, r#"{"b":"]}"}"#]),
            ("[\n  {\"a\":\n 1}\n,{\"c\":[{}]}]\n[{\"d\":2}]", &["{\"a\":\n 1}", "{\"c\":[{}]}", "{\"d\":2}"]),
            (r#"{"Records":[{"a":1},{"a":2}]}"#, &[r#"{"a":1}"#, r#"{"a":2}"#]),
            (r#"{"events":[{"m":"\""}],"nextToken":"[{\"no\":1}]"}"#, &[r#"{"m":"\""}"#]),
            ("{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"a\":2}]}", &[r#"{"a":1}"#, r#"{"a":2}"#]),
            (r#"[{"a":"0123456789"},{"a":1}]"#, &["~", r#"{"a":1}"#]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(text, 12).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn damage_is_an_error_and_not_an_end() {
        for text in [r#"[{"a":1},{"b"#, r#"[{"a":1}"#, r#"[{"a":1]}"#, r#"[{"a":1},7]"#, r#"[{"a":1}] and more"#] {
            assert!(all(text, 100).is_err(), "{text}");
        }
    }

    #[test]
    fn only_arrays_of_timed_records_count() {
        for (head, expected) in [
            (r#"[{"time":"2026-11-20T10:00:00Z"}]"#, true),
            (r#" { "Records" : [ {"eventTime":"2026-11-20T10:00:00Z"}"#, true),
            (r#"[{"a":1}]"#, false),
            (r#"[{"time":"2026-11-20T10:00:00Z"}] INFO"#, true),
            (r#"{"time":"2026-11-20T10:00:00Z","events":[{"time":1700000000}]}"#, false),
            ("[2026-11-20T10:00:00Z] x", false),
            ("", false),
        ] {
            assert_eq!(is_array(head.as_bytes()), expected, "{head}");
        }
    }
}
