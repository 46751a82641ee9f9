//! The schema of [`ErrorLocation`].
//!
//! It is written by hand, since utoipa's derive cannot add an example to a variant.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::http::field_error::ErrorLocation;

impl PartialSchema for ErrorLocation {
    /// Either member alone.
    fn schema() -> RefOr<Schema> {
        let one = |name: &str, description: &str, example: &str| {
            let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description)).examples([example]);
            ObjectBuilder::new().schema_type(Type::Object).property(name, text).required(name)
        };
        OneOfBuilder::new()
            .item(one("parameter", "The path, query or header parameter at fault.", "start"))
            .item(one(
                "pointer",
                "The member of the body at fault, as a JSON Pointer (RFC 6901); empty for the body as a whole.",
                "/logGroups/0",
            ))
            .description(Some("A place in a request."))
            .into()
    }
}

impl ToSchema for ErrorLocation {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ErrorPlace")
    }
}
