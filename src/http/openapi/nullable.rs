//! Optional members are absent, never null.
//!
//! Owns the removal of `null` from the schemas that utoipa derives for `Option`.

use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{Object, RefOr};

/// Removes `null` from the optional members of the schema.
pub(super) fn never_null(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => members(object),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(never_null),
        _ => {}
    }
}

fn members(object: &mut Object) {
    for (name, member) in &mut object.properties {
        if !object.required.contains(name) {
            match member {
                RefOr::T(Schema::Object(member)) => without_null(&mut member.schema_type),
                RefOr::T(Schema::Array(member)) => without_null(&mut member.schema_type),
                RefOr::T(Schema::OneOf(either)) => {
                    either.items.retain(|item| !is_null(item));
                    if let [one] = either.items.as_slice() {
                        *member = one.clone();
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn without_null(kinds: &mut SchemaType) {
    if let SchemaType::Array(types) = kinds {
        types.retain(|kind| *kind != Type::Null);
        if let [one] = types.as_slice() {
            *kinds = SchemaType::Type(one.clone());
        }
    }
}
