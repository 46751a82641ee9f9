//! Encodings and hashes: URL, Base64, hexadecimal, MD5, SHA-256.
//!
//! Owns the functions that encode, decode and hash texts. Invalid input, and output that is not UTF-8, give `None`, never a
//! repaired guess. Names are from the AWS User Guide, page *Boolean, comparison, numeric, datetime, and other functions*, section
//! *String functions*; AWS does not say what invalid input gives.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Sha256;

use super::strings::LONGEST_TEXT;

/// The characters that are never escaped (RFC 3986 §2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// RFC 4648's alphabet; encoding writes padding, decoding does not require it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `urlencode(s)`: everything but letters, digits and `-._~` escaped, a space as `%20`; `None` beyond [`LONGEST_TEXT`].
///
/// ```
/// assert_eq!(logmark_engine::values::encode::url_encode("a b/é").as_deref(), Some("a%20b%2F%C3%A9"));
/// ```
#[must_use]
pub fn url_encode(text: &str) -> Option<String> {
    fits(text, 3).then(|| utf8_percent_encode(text, &RESERVED).to_string())
}

/// `urldecode(s)`: the escapes undone; a `+` stays a plus. `None` for a `%` without two digits, and if the result is not UTF-8.
///
/// ```
/// use logmark_engine::values::encode::url_decode;
/// assert_eq!(url_decode("a%20b+%C3%A9").as_deref(), Some("a b+é"));
/// assert_eq!((url_decode("100%"), url_decode("%ff")), (None, None));
/// ```
#[must_use]
pub fn url_decode(text: &str) -> Option<String> {
    let escapes = text.split('%').skip(1);
    let digits = |escape: &str| escape.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !escapes.into_iter().all(digits) {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

/// `base64encode(s)`: of the UTF-8 bytes, with padding; `None` beyond [`LONGEST_TEXT`].
///
/// ```
/// assert_eq!(logmark_engine::values::encode::base64_encode("ready").as_deref(), Some("cmVhZHk="));
/// ```
#[must_use]
pub fn base64_encode(text: &str) -> Option<String> {
    fits(text, 2).then(|| BASE64.encode(text))
}

/// `base64decode(s)`: with or without padding; `None` for other characters, and if the result is not UTF-8.
///
/// ```
/// use logmark_engine::values::encode::base64_decode;
/// assert_eq!(base64_decode("cmVhZHk").as_deref(), Some("ready"));
/// assert_eq!((base64_decode("cm VhZHk="), base64_decode("/w==")), (None, None));
/// ```
#[must_use]
pub fn base64_decode(text: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(text).ok()?).ok()
}

/// `md5(s)`: of the UTF-8 bytes, as 32 lower-case digits.
///
/// ```
/// assert_eq!(logmark_engine::values::encode::md5("ready"), "b2fdab230a2c39f3595a947861863cb7");
/// ```
#[must_use]
pub fn md5(text: &str) -> String {
    hexadecimal(&Md5::digest(text))
}

/// `sha256(s)`: of the UTF-8 bytes, as 64 lower-case digits.
///
/// ```
/// assert!(logmark_engine::values::encode::sha256("").starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
/// ```
#[must_use]
pub fn sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// `hexToAscii(s)`: each two digits as one character; `None` for an odd number, other characters, and codes above 7F.
///
/// ```
/// use logmark_engine::values::encode::hex_to_ascii;
/// assert_eq!(hex_to_ascii("4f4B").as_deref(), Some("OK"));
/// assert_eq!((hex_to_ascii("4f4"), hex_to_ascii("ff")), (None, None));
/// ```
#[must_use]
pub fn hex_to_ascii(text: &str) -> Option<String> {
    let digits = without_prefix(text).as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let character = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?).filter(u8::is_ascii).map(char::from),
        _ => None,
    };
    digits.chunks(2).map(character).collect()
}

/// `hexToDec(s)`: the number of those digits; `None` for other characters, and above 2^63-1. `0x` may stand before it.
///
/// ```
/// use logmark_engine::values::encode::hex_to_decimal;
/// assert_eq!((hex_to_decimal("1F4"), hex_to_decimal("0xff"), hex_to_decimal("-1")), (Some(500), Some(255), None));
/// ```
#[must_use]
pub fn hex_to_decimal(text: &str) -> Option<i64> {
    let digits = without_prefix(text);
    // The standard parser also accepts a sign.
    let valid = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if valid { i64::from_str_radix(digits, 16).ok() } else { None }
}

/// `decToHex(n)`: lower-case digits without a prefix; `None` below zero.
///
/// ```
/// use logmark_engine::values::encode::decimal_to_hex;
/// assert_eq!((decimal_to_hex(500).as_deref(), decimal_to_hex(-1)), (Some("1f4"), None));
/// ```
#[must_use]
pub fn decimal_to_hex(number: i64) -> Option<String> {
    (number >= 0).then(|| format!("{number:x}"))
}

fn without_prefix(text: &str) -> &str {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text)
}

fn fits(text: &str, growth: usize) -> bool {
    text.len() <= LONGEST_TEXT / growth
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
