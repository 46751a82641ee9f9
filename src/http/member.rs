//! A member of a request's body, defined once as a constant: name, description, example, and the value that it takes.
//!
//! Owns [`Member`]. [`super::body::Body`] reads bodies by it and [`super::openapi`] describes bodies by it, as with
//! [`super::parameter::Parameter`].

use std::fmt;

use serde_json::{Number as JsonNumber, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, RefBuilder, Schema, Type};

use super::input::echo;
use super::openapi::texts;
use super::parameter::Example;
use super::value::Number;
use crate::domain::name::{LogGroupName, from_url_spelling};
use crate::domain::time::TimeSpec;

/// A member whose value is a `V`.
#[derive(Debug, Clone, Copy)]
pub struct Member<V> {
    /// The name in bodies.
    pub name: &'static str,
    /// The value: how it is parsed and what the document says of it.
    pub value: V,
    /// The error when the member is missing; `None`: the member is optional.
    pub missing: Option<&'static str>,
    description: &'static str,
    example: Example,
}

impl<V: Copy> Member<V> {
    /// An optional member.
    #[must_use]
    pub const fn optional(name: &'static str, value: V, description: &'static str) -> Self {
        Self { name, value, missing: None, description, example: Example::Absent }
    }

    /// A required member, with the error when it is missing.
    #[must_use]
    pub const fn required(name: &'static str, value: V, missing: &'static str, description: &'static str) -> Self {
        Self { missing: Some(missing), ..Self::optional(name, value, description) }
    }

    /// The same member with an example.
    #[must_use]
    pub const fn example(self, example: Example) -> Self {
        Self { example, ..self }
    }

    /// The JSON Pointer of the member.
    #[must_use]
    pub fn pointer(&self) -> String {
        format!("/{}", self.name)
    }
}

/// A value in JSON.
pub trait MemberValue: fmt::Debug + Sync {
    /// The value, typed.
    type Parsed;

    /// Parses the value.
    ///
    /// # Errors
    /// Every fault of the value.
    fn parse(&self, value: Value) -> Result<Self::Parsed, Vec<MemberFault>>;

    /// The schema in the OpenAPI document.
    fn schema(&self, description: &str, example: Example) -> RefOr<Schema>;
}

/// One fault of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFault {
    /// The JSON Pointer from the member; empty: the member itself.
    pub pointer: String,
    /// What is wrong, as a clause.
    pub detail: String,
}

fn fault(detail: impl Into<String>) -> Vec<MemberFault> {
    vec![MemberFault { pointer: String::new(), detail: detail.into() }]
}

/// A string, whose contents the operation parses.
#[derive(Debug, Clone, Copy)]
pub struct StringValue {
    /// Characters at least. Only described: the operation's parser has a better error.
    pub least: Option<usize>,
    /// Characters at most. Only described, likewise.
    pub most: Option<usize>,
}

impl MemberValue for StringValue {
    type Parsed = String;

    fn parse(&self, value: Value) -> Result<String, Vec<MemberFault>> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(fault("is not a string")),
        }
    }

    fn schema(&self, description: &str, example: Example) -> RefOr<Schema> {
        let schema = texts::plain().min_length(self.least).max_length(self.most).description(Some(description));
        texts::with_example(schema, example.to_json()).into()
    }
}

/// Names of log groups, each once.
#[derive(Debug, Clone, Copy)]
pub struct GroupNames {
    /// Names at most.
    pub most: usize,
    /// Characters of all names together at most.
    pub most_characters: usize,
}

impl MemberValue for GroupNames {
    type Parsed = Vec<LogGroupName>;

    fn parse(&self, value: Value) -> Result<Vec<LogGroupName>, Vec<MemberFault>> {
        let Self { most, most_characters } = *self;
        let Value::Array(items) = value else { return Err(fault("is not a list of strings")) };
        if items.is_empty() || items.len() > most {
            return Err(fault(format!("has {} log groups; 1 to {most} are allowed", items.len())));
        }
        let mut groups: Vec<LogGroupName> = Vec::with_capacity(items.len());
        let mut faults = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let named = item.as_str().map(|text| LogGroupName::try_from(from_url_spelling(text)));
            let detail = match named {
                None => "is not a string".to_owned(),
                Some(Ok(group)) if groups.contains(&group) => "is in the list twice".to_owned(),
                Some(Ok(group)) => {
                    groups.push(group);
                    continue;
                }
                Some(Err(error)) => format!("`{}` {error}", echo(item.as_str().unwrap_or_default())),
            };
            faults.push(MemberFault { pointer: format!("/{index}"), detail });
        }
        let characters: usize = groups.iter().map(|group| group.as_str().len()).sum();
        if characters > most_characters {
            faults.extend(fault(format!("has names of {characters} characters together; {most_characters} are allowed")));
        }
        if faults.is_empty() { Ok(groups) } else { Err(faults) }
    }

    fn schema(&self, description: &str, example: Example) -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(texts::group_name())
            .min_items(Some(1))
            .max_items(Some(self.most))
            .unique_items(true)
            .description(Some(description))
            .examples(example.to_json().map(|group| Value::Array(vec![group])))
            .into()
    }
}

/// A time, in any of the forms of requests. A number can be a JSON number too.
#[derive(Debug, Clone, Copy)]
pub struct Time;

impl MemberValue for Time {
    type Parsed = TimeSpec;

    fn parse(&self, value: Value) -> Result<TimeSpec, Vec<MemberFault>> {
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Number(number) => match whole(number) {
                Some(number) => number.to_string(),
                None => return Err(fault("is not a whole number: write fractions of a second in a string")),
            },
            _ => return Err(fault("is neither a string nor a number")),
        };
        TimeSpec::parse(&text).map_err(|error| fault(format!("`{}` {error}", echo(&text))))
    }

    fn schema(&self, description: &str, _: Example) -> RefOr<Schema> {
        let mut reference = RefBuilder::new().ref_location_from_schema_name("Time").build();
        description.clone_into(&mut reference.description);
        reference.into()
    }
}

impl MemberValue for Number {
    type Parsed = usize;

    fn parse(&self, value: Value) -> Result<usize, Vec<MemberFault>> {
        let number = value.as_number().and_then(whole).and_then(|number| usize::try_from(number).ok());
        self.check(number).map_err(fault)
    }

    fn schema(&self, description: &str, example: Example) -> RefOr<Schema> {
        texts::with_example(self.object().description(Some(description)), example.to_json()).into()
    }
}

/// A whole number in any spelling: in JSON (RFC 8259 §6) and its schemas `10`, `10.0` and `1e1` are the same number.
fn whole(number: &JsonNumber) -> Option<u64> {
    /// Doubles are exact for every whole number up to here.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = |float: &f64| float.fract() == 0.0 && (0.0..=EXACT).contains(float);
    number.as_u64().or_else(|| number.as_f64().filter(whole).map(|float| float as u64))
}

/// A member of any value, as lists hold it.
pub trait AnyMember: fmt::Debug + Sync {
    /// Adds the member to the schema of its body.
    fn add_to(&self, body: ObjectBuilder) -> ObjectBuilder;
}

impl<V: MemberValue> AnyMember for Member<V> {
    fn add_to(&self, body: ObjectBuilder) -> ObjectBuilder {
        let body = body.property(self.name, self.value.schema(self.description, self.example));
        if self.missing.is_some() { body.required(self.name) } else { body }
    }
}

/// The schema of a body with these members and no others.
#[must_use]
pub fn body_schema(description: &str, members: &[&dyn AnyMember]) -> RefOr<Schema> {
    let body = ObjectBuilder::new().schema_type(Type::Object).description(Some(description));
    let body = members.iter().fold(body, |body, member| member.add_to(body));
    body.additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
}
