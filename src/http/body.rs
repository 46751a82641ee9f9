//! A request's body: one JSON object, read strictly by the constants of its operation.
//!
//! Owns reading: no unknown member, none given twice, and every fault with its JSON Pointer (RFC 6901). See also
//! [`super::member`] (what can be read).

use std::borrow::Cow;

use axum::extract::{FromRequest as _, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::AppState;
use super::field_error::{FieldError, FieldErrors};
use super::input::echo;
use super::member::{Member, MemberValue};
use super::problem::ApiError;
use crate::auth::strict;

/// The body that an operation expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedBody {
    /// None. A body is ignored.
    Nothing,
    /// A JSON object.
    Json,
}

/// The members, read one by one. `Body::finish` refuses those that were not read.
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
    /// When the body is not a JSON object, is not declared as JSON, or is too large.
    pub async fn read(request: Request, app: &AppState) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::NotJson);
        }
        let limit = app.limits.body_bytes;
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::BodyTooLarge(limit),
            _ => ApiError::pointer("", "the body ended early: send it again"),
        })?;
        let members = strict::object(&bytes)
            .map_err(|error| ApiError::pointer("", format!("the body must be one JSON object with each member once: {error}")))?;
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

    /// The value of a member. `None`: the body does not have the member, or a fault of it was noted.
    pub fn get<V: MemberValue>(&mut self, member: &Member<V>) -> Option<V::Parsed> {
        let name = member.name;
        self.known.push(name);
        let Some(value) = self.members.remove(name) else {
            if let Some(detail) = member.missing {
                self.error(format!("/{name}"), detail);
            }
            return None;
        };
        match member.value.parse(value) {
            Ok(parsed) => return Some(parsed),
            Err(faults) => {
                faults.into_iter().for_each(|fault| self.error(format!("/{name}{}", fault.pointer), fault.detail));
            }
        }
        None
    }

    /// Ends the reading: all faults. Members that were not read are unknown.
    pub(super) fn finish(&mut self) -> FieldErrors {
        let known = self.known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
        let mut errors = std::mem::take(&mut self.errors);
        for (name, _) in std::mem::take(&mut self.members) {
            errors.add(|| {
                let pointer = format!("/{}", echo(&name).replace('~', "~0").replace('/', "~1"));
                FieldError::at(pointer, format!("is not a member of this body: use {known}"))
            });
        }
        errors
    }
}

/// `application/json`, with or without parameters: RFC 8259 defines none, and JSON is always UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else { return false };
    let essence = one.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
