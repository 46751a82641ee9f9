//! A request's path and query, decoded once and read strictly by the constants of its operation.
//!
//! Owns decoding: one pass of percent-decoding, valid UTF-8, no unknown parameter, none given twice. Only typed values leave it.
//! All faults of a request are collected and reported together. See also [`super::parameter`] (what can be read).

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;

use super::body::Body;
use super::field_error::{ErrorLocation, FieldError, FieldErrors};
use super::parameter::{AnyParameter, Parameter, ParameterList, Place};
use super::problem::ApiError;
use super::value::{InvalidValue, Repeated, Value};

/// Characters of a wrong value that an error repeats: enough to recognise the value.
const ECHO_LIMIT: usize = 100;

/// A request's parameters, read one by one. [`Input::finish`] refuses those that were not read.
#[derive(Debug)]
pub struct Input {
    parameters: ParameterList,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// The query parameters that were read.
    read: Vec<&'static str>,
    errors: FieldErrors,
    /// The members of the body; empty if the operation has no body.
    pub body: Body,
}

impl Input {
    /// Decodes the target against the route that it matched, such as `/logs/{group}/{stream}`. Until [`Input::accepting`] is
    /// called, every parameter is unknown.
    #[must_use]
    pub fn new(route: &str, uri: &Uri) -> Self {
        let mut input = Self {
            parameters: &[],
            path: Vec::new(),
            query: Vec::new(),
            read: Vec::new(),
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
            match (decode(&spaces_for_plus(name)), decode(&spaces_for_plus(value))) {
                (Ok(name), Ok(value)) => input.query.push((name, value)),
                (Err(detail), _) | (_, Err(detail)) => input.error(echo(name), detail),
            }
        }
        input
    }

    /// The same input for an operation with these parameters.
    #[must_use]
    pub fn accepting(self, parameters: ParameterList) -> Self {
        Self { parameters, ..self }
    }

    fn parameters(&self) -> impl Iterator<Item = &'static dyn AnyParameter> + use<> {
        self.parameters.iter().copied().flatten().copied()
    }

    /// The names of the operation's query parameters.
    fn query_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.parameters().filter(|known| known.place() == Place::Query).map(AnyParameter::name)
    }

    /// Notes a fault.
    pub fn error(&mut self, parameter: impl Into<Cow<'static, str>>, detail: impl Into<String>) {
        self.errors.add(|| FieldError::new(parameter, detail));
    }

    /// Notes that a parameter is missing, unless a fault of it is noted already.
    pub fn require<V>(&mut self, parameter: &Parameter<V>, detail: &str) {
        if !self.errors.iter().any(|error| error.location.name() == parameter.name) {
            self.error(parameter.name, detail);
        }
    }

    /// The value of a parameter. `None`: the request does not have the parameter, or a fault of it was noted.
    pub fn get<V: Value>(&mut self, parameter: &Parameter<V>) -> Option<V::Parsed> {
        let text = self.take(parameter)?;
        self.parsed(parameter, &text)
    }

    /// The values of a parameter that may be given several times. Empty: the request does not have it, or all values are wrong.
    pub fn get_all<V: Value>(&mut self, parameter: &Parameter<Repeated<V>>) -> Vec<V::Parsed>
    where
        V::Parsed: PartialEq,
    {
        let texts = self.take_all(parameter);
        let mut values = Vec::with_capacity(texts.len());
        for text in &texts {
            match self.parsed(parameter, text) {
                Some(value) if values.contains(&value) => {
                    self.error(parameter.name, format!("names `{}` twice", echo(text)));
                }
                value => values.extend(value),
            }
        }
        let most = parameter.value.most;
        if texts.len() > most {
            self.error(parameter.name, format!("is given {} times; at most {most} are allowed", texts.len()));
        }
        values
    }

    /// Whether the query string has a parameter that was not read yet.
    #[must_use]
    pub fn has<V>(&self, parameter: &Parameter<V>) -> bool {
        self.query.iter().any(|(given, _)| given == parameter.name)
    }

    /// Refuses a parameter of other operations or of later versions, for a reason. It is never ignored: the answer would be
    /// to another request.
    pub fn refuse(&mut self, name: &'static str, reason: &str) {
        let given = self.query.len();
        self.query.retain(|(known, _)| known != name);
        if self.query.len() < given {
            self.error(name, reason);
        }
    }

    /// The text of a parameter that may be given once.
    fn take<V: Value>(&mut self, parameter: &Parameter<V>) -> Option<String> {
        if parameter.place() == Place::Path {
            debug_assert!(self.accepts(parameter), "`{}` is not in the operation's list", parameter.name);
            let index = self.path.iter().position(|(name, _)| name == parameter.name)?;
            return Some(self.path.swap_remove(index).1);
        }
        let mut values = self.take_all(parameter);
        if values.len() > 1 {
            self.error(parameter.name, format!("is given {} times; give it once", values.len()));
            return None;
        }
        values.pop()
    }

    fn take_all<V: Value>(&mut self, parameter: &Parameter<V>) -> Vec<String> {
        let name = parameter.name;
        debug_assert!(self.accepts(parameter), "`{name}` is not in the operation's list");
        self.read.push(name);
        self.query.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect()
    }

    /// Whether the operation's list has the parameter.
    fn accepts<V: Value>(&self, parameter: &Parameter<V>) -> bool {
        self.parameters().any(|known| (known.name(), known.place()) == (parameter.name, parameter.place()))
    }

    fn parsed<V: Value>(&mut self, parameter: &Parameter<V>, text: &str) -> Option<V::Parsed> {
        let invalid = match parameter.value.parse(text) {
            Ok(value) => return Some(value),
            Err(invalid) => invalid,
        };
        match invalid {
            InvalidValue::Clause(clause) => self.error(parameter.name, format!("`{}` {clause}", echo(text))),
            InvalidValue::Faults(faults) => faults.into_iter().for_each(|detail| self.error(parameter.name, detail)),
            InvalidValue::Text(language, faults) => {
                let location = ErrorLocation::Parameter(parameter.name.into());
                self.errors.append(FieldError::of_text(&location, language, text, &faults));
            }
        }
        None
    }

    /// Ends the reading. Parameters that were not read are unknown.
    ///
    /// # Errors
    /// [`ApiError::InvalidParameter`] with every fault found; [`ApiError::InvalidText`] when all are in texts of one language.
    pub fn finish(&mut self) -> Result<(), ApiError> {
        debug_assert!(self.query_names().all(|name| self.read.contains(&name)), "only {:?} were read", self.read);
        let mut names: Vec<String> = std::mem::take(&mut self.query).into_iter().map(|(name, _)| name).collect();
        names.dedup();
        let mut errors = std::mem::take(&mut self.errors);
        for name in names {
            errors.add(|| FieldError::new(echo(&name), unknown(self.query_names())));
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

/// What is wrong with a parameter that the operation does not have.
fn unknown(known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<_> = known.map(|known| format!("`{known}`")).collect();
    match known.as_slice() {
        [] => "is not a parameter of this operation, which has none".to_owned(),
        [one] => format!("is not a parameter of this operation: use {one}"),
        [others @ .., last] => format!("is not a parameter of this operation: use {} or {last}", others.join(", ")),
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

/// Query strings may have `+` for a space.
fn spaces_for_plus(text: &str) -> Cow<'_, str> {
    if text.contains('+') { text.replace('+', " ").into() } else { text.into() }
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
    percent_decode_str(raw).decode_utf8().map(Cow::into_owned).map_err(|_| "is not UTF-8 after percent-decoding")
}
