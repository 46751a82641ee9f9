//! The signature fields of a request: in the `Authorization` header, or in the query of a presigned URL.
//!
//! Owns the strict parsing of both forms: every field exactly once, no unknown field, never both forms. The fields are untrusted
//! until the signature has been verified.

use percent_encoding::percent_decode_str;

use super::{ALGORITHM, Head, SignatureError};
use crate::domain::time::Millis;

/// Headers that one signature may list.
const MAX_SIGNED_HEADERS: usize = 100;
/// The longest access key id (IAM's model).
const MAX_KEY_ID: usize = 128;
/// The longest life of a presigned URL, in seconds: seven days.
const MAX_EXPIRES: i64 = 604_800;
/// Characters of a caller's text that an error repeats.
const SHOWN: usize = 64;

/// The place of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query of a presigned URL.
    Presigned,
}

/// A signature with its fields.
#[derive(Debug, Clone)]
pub struct SignatureFields<'a> {
    /// The place of the signature.
    pub form: Form,
    /// The id of the key.
    pub access_key: &'a str,
    /// The scope's day, as `YYYYMMDD`.
    pub day: &'a str,
    /// The scope's region.
    pub region: &'a str,
    /// The scope's service.
    pub service: &'a str,
    /// The scope's end.
    pub terminator: &'a str,
    /// The time of signing, as written.
    pub date: String,
    /// The time of signing.
    pub signed_at: Millis,
    /// The lifetime that a presigned URL states, in milliseconds.
    pub expires_millis: Option<i64>,
    /// The names of the headers that it covers, ascending.
    pub signed_headers: Vec<&'a str>,
    /// The signature.
    pub signature: [u8; 32],
    /// Whether the request has a session token too.
    pub has_token: bool,
}

/// The fields of either form, as text.
struct Fields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> SignatureFields<'a> {
    /// Parses the signature of a request. `decoded` holds the decoded parameters of a presigned URL, see [`decoded_query`].
    ///
    /// # Errors
    /// [`SignatureError::Missing`] and [`SignatureError::Incomplete`].
    pub fn read(head: &Head<'a>, decoded: &'a [(String, String)]) -> Result<Self, SignatureError> {
        let in_query = decoded.iter().any(|(name, _)| name == "X-Amz-Signature" || name == "X-Amz-Algorithm");
        let mut authorizations = head.values("authorization");
        match (authorizations.next(), authorizations.next(), in_query) {
            (None, _, false) => Err(SignatureError::Missing),
            (None, _, true) => Self::presigned(head, decoded),
            (Some(value), None, false) => {
                let value = std::str::from_utf8(value)
                    .map_err(|_| SignatureError::incomplete("Authorization header is not valid UTF-8."));
                Self::header(head, value?)
            }
            (Some(_), Some(_), _) => Err(SignatureError::incomplete("Authorization header is given more than once.")),
            (Some(_), None, true) => Err(SignatureError::incomplete(
                "The request is signed both in its Authorization header and in its query: use one of them.",
            )),
        }
    }

    fn header(head: &Head<'a>, value: &'a str) -> Result<Self, SignatureError> {
        let (algorithm, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        check_algorithm(algorithm)?;
        let [mut credential, mut signed_headers, mut signature] = [None; 3];
        for field in rest.split(',').map(str::trim) {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                name => {
                    let text = format!("Authorization header has an unknown parameter '{}'.", short(name));
                    return Err(SignatureError::Incomplete(text));
                }
            };
            if place.replace(value).is_some() {
                let text = format!("Authorization header has the parameter '{name}' more than once.");
                return Err(SignatureError::Incomplete(text));
            }
        }
        let required = |value: Option<&'a str>, name| {
            value.ok_or_else(|| SignatureError::Incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let fields = Fields {
            credential: required(credential, "Credential")?,
            signed_headers: required(signed_headers, "SignedHeaders")?,
            signature: required(signature, "Signature")?,
        };
        let date = head.value("x-amz-date").ok_or_else(|| {
            SignatureError::incomplete("Authorization header requires existence of exactly one 'X-Amz-Date' header.")
        })?;
        let has_token = head.values("x-amz-security-token").next().is_some();
        Self::of(Form::Header, &fields, date, None, has_token)
    }

    fn presigned(head: &Head<'a>, decoded: &'a [(String, String)]) -> Result<Self, SignatureError> {
        let one = |name: &str| -> Result<&'a str, SignatureError> {
            let mut values = decoded.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
            let wrong = || SignatureError::Incomplete(format!("A presigned URL has the parameter '{name}' exactly once."));
            let value = values.next().ok_or_else(wrong)?;
            if values.next().is_some() { Err(wrong()) } else { Ok(value) }
        };
        check_algorithm(one("X-Amz-Algorithm")?)?;
        let fields = Fields {
            credential: one("X-Amz-Credential")?,
            signed_headers: one("X-Amz-SignedHeaders")?,
            signature: one("X-Amz-Signature")?,
        };
        let expires = one("X-Amz-Expires")?.parse().ok().filter(|seconds| (1..=MAX_EXPIRES).contains(seconds));
        let wrong = || SignatureError::incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800.");
        let expires: i64 = expires.ok_or_else(wrong)?;
        let has_token = decoded.iter().any(|(name, _)| name == "X-Amz-Security-Token")
            || head.values("x-amz-security-token").next().is_some();
        Self::of(Form::Presigned, &fields, one("X-Amz-Date")?, Some(expires * 1000), has_token)
    }

    fn of(
        form: Form,
        fields: &Fields<'a>,
        date: &str,
        expires_millis: Option<i64>,
        has_token: bool,
    ) -> Result<Self, SignatureError> {
        let mut scope = fields.credential.split('/');
        let (Some(access_key), Some(day), Some(region), Some(service), Some(terminator), None) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next(), scope.next())
        else {
            return Err(SignatureError::incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        let is_word =
            |text: &str| !text.is_empty() && text.len() <= MAX_KEY_ID && text.bytes().all(|byte| byte.is_ascii_graphic());
        if ![access_key, day, region, service, terminator].into_iter().all(is_word) {
            return Err(SignatureError::incomplete("Credential has an element that is empty, too long, or no plain text."));
        }
        let signed_at = moment(date)
            .ok_or_else(|| SignatureError::incomplete("The date must be in the ISO8601 basic format: 'YYYYMMDDTHHMMSSZ'."))?;
        let signature = signature(fields.signature)
            .ok_or_else(|| SignatureError::incomplete("Signature must be 64 hexadecimal digits in lower case."))?;
        let signed_headers = signed_headers(fields.signed_headers)?;
        let date = date.to_owned();
        Ok(Self {
            form,
            access_key,
            day,
            region,
            service,
            terminator,
            date,
            signed_at,
            expires_millis,
            signed_headers,
            signature,
            has_token,
        })
    }

    /// Whether the signature covers the header.
    #[must_use]
    pub fn covers(&self, header: &str) -> bool {
        self.signed_headers.binary_search(&header).is_ok()
    }
}

/// The parameters of a query, decoded, in order. Only presigned URLs have any.
#[must_use]
pub fn decoded_query(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|parameter| !parameter.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn check_algorithm(algorithm: &str) -> Result<(), SignatureError> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    Err(SignatureError::Incomplete(format!("Unsupported signature algorithm '{}': sign with {ALGORITHM}.", short(algorithm))))
}

fn signed_headers(text: &str) -> Result<Vec<&str>, SignatureError> {
    let names: Vec<&str> = text.split(';').collect();
    let is_name =
        |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase());
    if names.len() > MAX_SIGNED_HEADERS || !names.iter().all(is_name) || !names.is_sorted_by(|one, two| one < two) {
        let text = "SignedHeaders must be the names of headers in lower case, each once, sorted, with ';' between them.";
        return Err(SignatureError::incomplete(text));
    }
    if names.binary_search(&"host").is_err() {
        return Err(SignatureError::incomplete("'Host' must be a 'SignedHeader' in the request."));
    }
    Ok(names)
}

fn signature(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| (!byte.is_ascii_uppercase()).then(|| char::from(byte).to_digit(16)).flatten();
    let mut signature = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != signature.len() || !rest.is_empty() {
        return None;
    }
    for (place, [high, low]) in signature.iter_mut().zip(pairs) {
        *place = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    }
    Some(signature)
}

/// The moment of `20261120T100000Z`.
fn moment(text: &str) -> Option<Millis> {
    let shaped = text.len() == 16
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(Millis(timestamp.as_millisecond()))
}

/// The moment as `20261120T100000Z`.
pub(super) fn basic_format(moment: Millis) -> String {
    let mut text: String = moment.to_string().chars().take_while(|c| *c != '.').filter(|c| !"-:".contains(*c)).collect();
    text.push('Z');
    text
}

/// The beginning of a caller's text, for an error.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}
