//! A request parameter, defined once as a constant: name, place, description, example, and the value that it takes.
//!
//! Owns [`Parameter`]. [`super::input::Input`] reads requests by it and [`super::openapi`] describes requests by it, so that the
//! parser and the document cannot differ. See also [`super::value`] (the values) and `http::ops::parameters` (the constants
//! that several operations share).

use std::fmt;
use std::marker::PhantomData;

use http::header::GetAll;
use http::{HeaderMap, HeaderValue};
use serde_json::Value as Json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter as Description, ParameterBuilder, ParameterIn};

use super::value::{HeaderText, Value};

/// Where a request gives a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// A header.
    Header,
}

/// An example of a value. Swagger UI fills its forms with the examples, so a parameter has one only if it can be sent together
/// with every other example of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// None.
    Absent,
    /// A text.
    Text(&'static str),
    /// A number.
    Number(u32),
}

impl Example {
    /// The example in the document.
    #[must_use]
    pub fn to_json(self) -> Option<Json> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(text.into()),
            Self::Number(number) => Some(number.into()),
        }
    }
}

/// A parameter whose value is a `V`.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<V> {
    /// The name in requests.
    pub name: &'static str,
    /// The value: how it is parsed and what the document says of it.
    pub value: V,
    place: Place,
    description: &'static str,
    is_required: bool,
    example: Example,
}

impl<V: Copy> Parameter<V> {
    const fn new(place: Place, name: &'static str, value: V, description: &'static str) -> Self {
        Self { name, value, place, description, is_required: matches!(place, Place::Path), example: Example::Absent }
    }

    /// A parameter in the path, which every request has.
    #[must_use]
    pub const fn path(name: &'static str, value: V, description: &'static str) -> Self {
        Self::new(Place::Path, name, value, description)
    }

    /// An optional parameter in the query string.
    #[must_use]
    pub const fn query(name: &'static str, value: V, description: &'static str) -> Self {
        Self::new(Place::Query, name, value, description)
    }

    /// An optional header.
    #[must_use]
    pub const fn header(name: &'static str, value: V, description: &'static str) -> Self {
        Self::new(Place::Header, name, value, description)
    }

    /// The same parameter, required.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// The same parameter with an example.
    #[must_use]
    pub const fn example(self, example: Example) -> Self {
        Self { example, ..self }
    }
}

impl Parameter<HeaderText> {
    /// The header's values in a request.
    #[must_use]
    pub fn values<'a>(&self, headers: &'a HeaderMap) -> GetAll<'a, HeaderValue> {
        headers.get_all(self.name)
    }
}

/// A parameter of any value, as lists hold it.
pub trait AnyParameter: fmt::Debug + Sync {
    /// The name in requests.
    fn name(&self) -> &'static str;
    /// Where a request gives it.
    fn place(&self) -> Place;
    /// The description in the OpenAPI document.
    fn describe(&self) -> Description;
}

impl<V: Value> AnyParameter for Parameter<V> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn place(&self) -> Place {
        self.place
    }

    fn describe(&self) -> Description {
        let place = match self.place {
            Place::Path => ParameterIn::Path,
            Place::Query => ParameterIn::Query,
            Place::Header => ParameterIn::Header,
        };
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(place)
            .description(Some(self.description))
            .required(if self.is_required { Required::True } else { Required::False })
            .schema(Some(self.value.schema()))
            .example(self.example.to_json())
            .build()
    }
}

/// The parameters of an operation, in the order of the document: groups of parameters, since operations share some of the groups.
pub type ParameterList = &'static [&'static [&'static dyn AnyParameter]];

/// A request with its parameters.
pub trait RequestParameters {
    /// All of them. [`super::input::Input`] refuses every other one.
    const PARAMETERS: ParameterList;
}

/// The parameters of the request `R`, for the attribute `params` of its operation.
#[derive(Debug)]
pub struct ParametersOf<R>(PhantomData<R>);

impl<R: RequestParameters> IntoParams for ParametersOf<R> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Description> {
        R::PARAMETERS.iter().copied().flatten().map(|parameter| parameter.describe()).collect()
    }
}
