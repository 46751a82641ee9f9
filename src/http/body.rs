//! A request's body: one JSON object, read strictly.
//!
//! Owns reading members out of it. Nothing unknown, nothing twice, and every fault with the JSON Pointer (RFC 6901) of its place.

use std::borrow::Cow;

use axum::extract::{FromRequest as _, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Number, Value};

use super::AppState;
use super::field_error::{FieldError, FieldErrors};
use super::input::echo;
use super::problem::ApiError;
use crate::auth::strict;
use crate::domain::time::TimeSpec;

/// What an operation expects of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedBody {
    /// It looks at none.
    Nothing,
    /// A JSON object.
    Json,
}

/// The members, taken out one by one; `Body::finish` refuses what nobody took.
#[derive(Debug, Default)]
pub struct Body {
    members: Map<String, Value>,
    known: Vec<&'static str>,
    errors: FieldErrors,
}

impl Body {
    /// Reads the body within the limit.
    ///
    /// # Errors
    /// When it is no JSON object, is not said to be JSON, or is too large.
    pub async fn read(request: Request, app: &AppState) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::NotJson);
        }
        let limit = app.limits.body_bytes;
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::BodyTooLarge(limit),
            _ => ApiError::pointer("", "the body broke off"),
        })?;
        let members = strict::object(&bytes)
            .map_err(|error| ApiError::pointer("", format!("the body is not one JSON object with each member once: {error}")))?;
        Ok(Self { members, ..Self::default() })
    }

    /// Notes a fault.
    pub fn error(&mut self, pointer: impl Into<Cow<'static, str>>, detail: impl Into<String>) {
        self.errors.add(|| FieldError::at(pointer, detail));
    }

    /// Notes the faults of a text in a language of its own.
    pub fn errors(&mut self, faults: FieldErrors) {
        self.errors.append(faults);
    }

    /// Is the member there?
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.remove(name)
    }

    /// A member, which must be there and be a text.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) => return Some(text),
            Some(_) => self.error(format!("/{name}"), "is not a string"),
            None => self.error(format!("/{name}"), "is missing"),
        }
        None
    }

    /// A member, which must be there and be a list of texts.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let Some(value) = self.take(name) else {
            self.error(format!("/{name}"), "is missing");
            return None;
        };
        let Value::Array(items) = value else {
            self.error(format!("/{name}"), "is not a list of strings");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                _ => {
                    self.error(format!("/{name}/{index}"), "is not a string");
                    return None;
                }
            }
        }
        Some(texts)
    }

    /// A time, in any of the forms of requests; numbers as such too.
    pub fn time(&mut self, name: &'static str) -> Option<TimeSpec> {
        let text = match self.take(name)? {
            Value::String(text) => text,
            Value::Number(number) => match whole(&number) {
                Some(number) => number.to_string(),
                None => {
                    self.error(format!("/{name}"), "is not a whole number: write fractions of a second in a string");
                    return None;
                }
            },
            _ => {
                self.error(format!("/{name}"), "is neither a string nor a number");
                return None;
            }
        };
        TimeSpec::parse(&text).map_err(|error| self.error(format!("/{name}"), format!("`{}` {error}", echo(&text)))).ok()
    }

    /// A whole number between two bounds.
    pub fn number(&mut self, name: &'static str, least: u32, most: u32) -> Option<u32> {
        let value = self.take(name)?;
        let number = value.as_number().and_then(whole).and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.error(format!("/{name}"), format!("is no whole number from {least} to {most}"));
        }
        number
    }

    /// Ends the reading: all faults, those of members that nobody took with them.
    pub(super) fn finish(&mut self) -> FieldErrors {
        let known: Vec<_> = self.known.iter().map(|known| format!("`{known}`")).collect();
        let mut errors = std::mem::take(&mut self.errors);
        for (name, _) in std::mem::take(&mut self.members) {
            errors.add(|| {
                let pointer = format!("/{}", echo(&name).replace('~', "~0").replace('/', "~1"));
                FieldError::at(pointer, format!("is no member here; known are: {}", known.join(", ")))
            });
        }
        errors
    }
}

/// A whole number, however it is written: in JSON (RFC 8259 §6) and its schemas `10`, `10.0` and `1e1` are the same one.
fn whole(number: &Number) -> Option<u64> {
    /// Up to here every whole number is one of a double's values.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = |float: &f64| float.fract() == 0.0 && (0.0..=EXACT).contains(float);
    number.as_u64().or_else(|| number.as_f64().filter(whole).map(|float| float as u64))
}

/// `application/json`, with or without parameters: RFC 8259 defines none, and `charset=utf-8` is what it is anyway.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else { return false };
    let essence = one.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
