//! The canonical request: the received head in the form that both sides sign.
//!
//! Rules of "Signature Version 4 signing process" for services other than S3: the path is normalised (RFC 3986, with doubled
//! slashes merged) and encoded once more; query parameters are decoded, encoded uniformly and sorted; only the listed headers are
//! included, with inner spaces collapsed.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Head;
use super::signature::{Form, SignatureFields};

/// All characters except unreserved ones.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same, except for the slash between segments.
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');
/// The parameter of a presigned URL that is not signed.
const SIGNATURE: &str = "X-Amz-Signature";

/// The differences between services.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Whether the path is normalised.
    pub normalizes: bool,
    /// A parameter of a presigned URL that the signature does not cover.
    pub unsigned_parameter: Option<&'a str>,
}

impl Default for Style<'_> {
    fn default() -> Self {
        Self { normalizes: true, unsigned_parameter: None }
    }
}

/// The canonical request with the digest of the body as received. `None` when a header that the signature lists is missing.
#[must_use]
pub fn canonical_request(
    head: &Head<'_>,
    signature: &SignatureFields<'_>,
    body_digest: &str,
    style: Style<'_>,
) -> Option<String> {
    let mut canonical = format!("{}\n{}\n", head.method, path(head.path, style.normalizes));
    canonical += &query(head.query, signature.form, style.unsigned_parameter);
    canonical.push('\n');
    for name in &signature.signed_headers {
        canonical += name;
        canonical.push(':');
        let mut values = head.values(name).peekable();
        values.peek()?;
        for (index, value) in values.enumerate() {
            if index > 0 {
                canonical.push(',');
            }
            collapse(std::str::from_utf8(value).ok()?, &mut canonical);
        }
        canonical.push('\n');
    }
    canonical.push('\n');
    canonical += &signature.signed_headers.join(";");
    canonical.push('\n');
    canonical += body_digest;
    Some(canonical)
}

/// The value without surrounding spaces, and with runs of spaces replaced by one.
fn collapse(value: &str, out: &mut String) {
    let words = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

fn path(path: &str, normalizes: bool) -> String {
    let path = if normalizes { normalized(path) } else { Cow::Borrowed(path) };
    let path = if path.is_empty() { "/" } else { &path };
    utf8_percent_encode(path, ENCODED_IN_PATH).to_string()
}

fn normalized(path: &str) -> Cow<'_, str> {
    if path.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | "..")) {
        return Cow::Borrowed(path);
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let is_folder = path.ends_with(['/']) || path.ends_with("/.") || path.ends_with("/..");
    let end = if is_folder && !kept.is_empty() { "/" } else { "" };
    Cow::Owned(format!("/{}{end}", kept.join("/")))
}

fn query(query: &str, form: Form, unsigned: Option<&str>) -> String {
    let encoded = |text: &str| utf8_percent_encode(&percent_decode_str(text).decode_utf8_lossy(), ENCODED).to_string();
    let mut parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .filter(|(name, _)| form == Form::Header || (*name != SIGNATURE && Some(*name) != unsigned))
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    parameters.sort_unstable();
    let parameters: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    parameters.join("&")
}
