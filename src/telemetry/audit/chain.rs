//! The chain of audit lines: each line has the SHA-256 of the line before it.
//!
//! Owns the members of the chain: `version`, `chain`, `seq`, `previousHash` at the begin of a line, and `mac` at its end. A hash is over
//! the bytes of a whole line without its line feed, so a reader needs no canonical form of JSON. A `mac` (HMAC-SHA-256) is over the bytes
//! of the line before `,"mac"`.

use std::fmt;
use std::io::Write as _;

use aws_lc_rs::{digest, hmac};

use super::record::Record;
use crate::telemetry::trace::random_hex;

/// The version of the lines' form.
pub(super) const VERSION: u64 = 1;

/// SHA-256 of a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineHash([u8; 32]);

impl LineHash {
    /// The hash before the first line of a chain.
    pub const NONE: Self = Self([0; 32]);

    /// The hash of a line, without its line feed.
    #[must_use]
    pub fn of(line: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, line).as_ref());
        Self(bytes)
    }

    /// Parses 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_hex(text).map(Self)
    }
}

/// Parses 64 hexadecimal digits in lower case.
pub(super) fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let is_hex = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate().filter(|_| is_hex) {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    is_hex.then_some(bytes)
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key of the `mac` of each line. Its Debug prints nothing of the key.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// From 32 random bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Whether the code belongs to the bytes.
    pub(super) fn verifies(&self, bytes: &[u8], mac: &[u8; 32]) -> bool {
        hmac::verify(&self.0, bytes, mac).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

/// The place in a chain of lines.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    id: String,
    next_seq: u64,
    last: LineHash,
    key: Option<MacKey>,
}

impl Chain {
    /// A new chain with a random id.
    pub(super) fn new(key: Option<MacKey>) -> Self {
        Self { id: random_hex::<8>(), next_seq: 0, last: LineHash::NONE, key }
    }

    /// Continues a chain after its line `seq`, which has the hash `last`.
    pub(super) fn continued(id: String, seq: u64, last: LineHash, key: Option<MacKey>) -> Self {
        Self { id, next_seq: seq.saturating_add(1), last, key }
    }

    /// The id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Adds the record to the chain, and appends its line to `out`, with a line feed.
    pub(super) fn append(&mut self, members: &[u8], out: &mut Vec<u8>) {
        let from = out.len();
        let Self { id, next_seq, last, .. } = self;
        let _infallible =
            write!(out, "{{\"version\":{VERSION},\"chain\":\"{id}\",\"seq\":{next_seq},\"previousHash\":\"{last}\",",);
        out.extend_from_slice(members);
        if let Some(MacKey(key)) = &self.key {
            let mac = hmac::sign(key, out.get(from..).unwrap_or_default());
            out.extend_from_slice(b",\"mac\":\"");
            mac.as_ref().iter().for_each(|byte| {
                let _infallible = write!(out, "{byte:02x}");
            });
            out.push(b'"');
        }
        out.push(b'}');
        self.last = LineHash::of(out.get(from..).unwrap_or_default());
        self.next_seq += 1;
        out.push(b'\n');
    }

    /// Adds a record of this module's own.
    pub(super) fn append_record(&mut self, record: &Record, out: &mut Vec<u8>) {
        self.append(record.as_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_line_has_the_hash_of_the_bytes_of_the_line_before() {
        let (mut chain, mut out) = (Chain::new(None), Vec::new());
        for number in 0..3 {
            chain.append(format!("\"event\":\"read\",\"rows\":{number}").as_bytes(), &mut out);
        }
        let text = String::from_utf8(out).unwrap();
        let mut before = LineHash::NONE;
        for (number, line) in text.lines().enumerate() {
            let parsed: Value = serde_json::from_str(line).unwrap();
            assert_eq!((parsed["seq"].as_u64(), parsed["rows"].as_u64()), (Some(number as u64), Some(number as u64)));
            assert_eq!(parsed["previousHash"], before.to_string());
            assert_eq!(parsed["chain"].as_str().unwrap().len(), 16);
            before = LineHash::of(line.as_bytes());
        }
        assert_eq!(LineHash::parse(&before.to_string()), Some(before));
    }

    #[test]
    fn a_mac_is_over_the_line_before_it() {
        let key = MacKey::new(&[7; 32]);
        let (mut chain, mut out) = (Chain::new(Some(key.clone())), Vec::new());
        chain.append(b"\"event\":\"read\"", &mut out);
        let line = String::from_utf8(out).unwrap();
        let (signed, rest) = line.split_once(",\"mac\":\"").unwrap();
        let mac = parse_hex(rest.trim_end().strip_suffix("\"}").unwrap()).unwrap();
        assert!(key.verifies(signed.as_bytes(), &mac));
        assert!(!MacKey::new(&[8; 32]).verifies(signed.as_bytes(), &mac));
        assert_eq!(format!("{key:?}"), "MacKey");
    }

    #[test]
    fn only_64_lower_case_digits_are_a_hash() {
        for text in ["", "00", &"0".repeat(63), &"0".repeat(65), &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(LineHash::parse(text), None, "{text}");
        }
    }
}
