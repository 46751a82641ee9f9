//! A request's path and query, decoded once and strictly.
//!
//! Owns decoding: one pass of percent-decoding, valid UTF-8, nothing unknown, nothing twice. Never forwards text: what
//! leaves here is typed. All faults of a request are collected and told together.

use std::str::FromStr;

use http::Uri;
use logmark_diagnostics::Diagnostic;
use percent_encoding::percent_decode_str;

use super::body::Body;
use super::field_error::{ErrorLocation, FieldError, FieldErrors, Language};
use super::problem::ApiError;
use crate::domain::name::{NameError, from_url_spelling};

/// How much of a faulty value is repeated in an error, in characters: enough to recognise it, too little to matter.
const ECHO_LIMIT: usize = 100;

/// A request's parameters, taken out one by one; [`Input::finish`] refuses what nobody took.
#[derive(Debug)]
pub struct Input {
    has_path: bool,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: FieldErrors,
    /// The body's members; none where the operation looks at no body.
    pub body: Body,
}

impl Input {
    /// Decodes the target against the route that it matched, such as `/logs/{group}/{stream}`.
    #[must_use]
    pub fn new(route: &str, uri: &Uri) -> Self {
        let mut input = Self {
            has_path: route.contains('{'),
            path: Vec::new(),
            query: Vec::new(),
            known: Vec::new(),
            errors: FieldErrors::default(),
            body: Body::default(),
        };
        for (name, raw) in route.split('/').zip(uri.path().split('/')) {
            if let Some(name) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                match decode(raw) {
                    Ok(value) => input.path.push((name.to_owned(), value)),
                    Err(detail) => input.error(name.to_owned(), detail),
                }
            }
        }
        for pair in uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode(&name.replace('+', " ")), decode(&value.replace('+', " "))) {
                (Ok(name), Ok(value)) => input.query.push((name, value)),
                (Err(detail), _) | (_, Err(detail)) => input.error(echo(name), detail),
            }
        }
        input
    }

    /// Notes a fault.
    pub fn error(&mut self, parameter: impl Into<std::borrow::Cow<'static, str>>, detail: impl Into<String>) {
        self.errors.add(|| FieldError::new(parameter, detail));
    }

    /// Does the path hold parameters?
    #[must_use]
    pub fn has_path(&self) -> bool {
        self.has_path
    }

    /// Notes that a parameter is missing, unless a fault of it is noted already.
    pub fn require(&mut self, parameter: &'static str, detail: &str) {
        if !self.errors.iter().any(|error| error.location.name() == parameter) {
            self.error(parameter, detail);
        }
    }

    /// A text in the path, as it is. `None` means that a fault was noted.
    pub fn path_text(&mut self, name: &'static str) -> Option<String> {
        let index = self.path.iter().position(|(taken, _)| taken == name)?;
        Some(self.path.swap_remove(index).1)
    }

    /// A name in the path, in either spelling. `None` means that a fault was noted.
    pub fn path_name<T: TryFrom<String, Error = NameError>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.path_text(name)?;
        self.name(name, &value)
    }

    /// A name in the query, in either spelling.
    pub fn query_name<T: TryFrom<String, Error = NameError>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        self.name(name, &value)
    }

    fn name<T: TryFrom<String, Error = NameError>>(&mut self, parameter: &'static str, value: &str) -> Option<T> {
        match T::try_from(from_url_spelling(value)) {
            Ok(name) => Some(name),
            Err(error) => {
                self.error(parameter, format!("`{}` {error}", echo(value)));
                None
            }
        }
    }

    /// A parameter that may be given once.
    pub fn take(&mut self, name: &'static str) -> Option<String> {
        let mut values = self.take_all(name);
        if values.len() > 1 {
            self.error(name, format!("is given {} times", values.len()));
            return None;
        }
        values.pop()
    }

    /// A parameter that may be repeated.
    pub fn take_all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (taken, rest) = std::mem::take(&mut self.query).into_iter().partition(|(given, _)| given == name);
        self.query = rest;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// A parameter read by `parse`, whose error completes the sentence "`value` …".
    pub fn read<T, E: std::fmt::Display>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let value = self.take(name)?;
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.error(name, format!("`{}` {error}", echo(&value)));
                None
            }
        }
    }

    /// A parameter that is one of a few words.
    pub fn choice<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.read(name, |value| {
            words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
                let list: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
                format!("is none of {}", list.join(", "))
            })
        })
    }

    /// A whole number between two bounds.
    pub fn number(&mut self, name: &'static str, least: usize, most: usize) -> Option<usize> {
        self.read(name, |value| {
            let digits_only = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            let number = if digits_only { usize::from_str(value).ok() } else { None };
            number.filter(|n| (least..=most).contains(n)).ok_or_else(|| format!("is no whole number from {least} to {most}"))
        })
    }

    /// A parameter that is a text in a language of its own, read by `parse`; every fault in it is noted with its place.
    pub fn text<T>(
        &mut self,
        name: &'static str,
        language: Language,
        parse: impl Fn(&str) -> Result<T, Vec<Diagnostic>>,
    ) -> Option<T> {
        let value = self.take(name)?;
        let location = ErrorLocation::Parameter(name.into());
        parse(&value).map_err(|faults| self.errors.append(FieldError::of_text(&location, language, &value, &faults))).ok()
    }

    /// Refuses a parameter that the API has, but this version does not: never ignored, for that would answer another question.
    pub fn unsupported(&mut self, name: &'static str) {
        if !self.take_all(name).is_empty() {
            self.error(name, "is not supported by this version of the service");
        }
    }

    /// Ends the reading: whatever was not taken is unknown.
    ///
    /// # Errors
    /// [`ApiError::InvalidParameter`] with every fault found; [`ApiError::InvalidText`] when all are in texts of one language.
    pub fn finish(&mut self) -> Result<(), ApiError> {
        let mut names: Vec<String> = std::mem::take(&mut self.query).into_iter().map(|(name, _)| name).collect();
        names.dedup();
        let mut errors = std::mem::take(&mut self.errors);
        for name in names {
            errors.add(|| {
                let known: Vec<_> = self.known.iter().map(|known| format!("`{known}`")).collect();
                let known = if known.is_empty() { "none are".to_owned() } else { known.join(", ") };
                FieldError::new(echo(&name), format!("is not a parameter here; known are: {known}"))
            });
        }
        errors.append(self.body.finish());
        let Some(first) = errors.first() else { return Ok(()) };
        match first.language {
            Some(language) if errors.iter().all(|error| error.language == Some(language)) => {
                Err(ApiError::InvalidText { language, errors })
            }
            _ => Err(ApiError::InvalidParameter(errors)),
        }
    }
}

/// A value as errors repeat it: short, and without control characters.
pub(super) fn echo(value: &str) -> String {
    let mut short: String = value.chars().take(ECHO_LIMIT).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if value.chars().nth(ECHO_LIMIT).is_some() {
        short.push('…');
    }
    short
}

/// Percent-decodes once.
fn decode(raw: &str) -> Result<String, &'static str> {
    let bytes = raw.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let two_digits = || bytes.get(index + 1..index + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        if *byte == b'%' && !two_digits() {
            return Err("has a `%` that is not followed by two hexadecimal digits");
        }
    }
    percent_decode_str(raw).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| "is not UTF-8 after percent-decoding")
}
