//! Claims by name or by path.
//!
//! - A claim whose name is the whole text has priority: `https://example.com/tenant`, `custom:tenant_id`, `org.id`.
//! - Otherwise a dot descends into an object: `realm_access.roles`. If several splits are possible, only the longest first name
//!   that the object has is used, so a path has one meaning for a token. A client named `my.app` is reached by
//!   `resource_access.my.app.roles`.
//! - In an array of objects, the rest of the path is looked up in each object.
//!
//! `check` and `scopes` validate the values.

use serde_json::{Map, Value};

/// The values at `path`, in the order of the token. Empty if the token has no such claim.
pub(super) fn values<'a>(members: &'a Map<String, Value>, path: &str) -> Vec<&'a Value> {
    if let Some(value) = members.get(path) {
        return vec![value];
    }
    let mut splits = path.rmatch_indices('.').map(|(dot, _)| (&path[..dot], &path[dot + 1..]));
    splits.find_map(|(name, rest)| members.get(name).map(|value| below(value, rest))).unwrap_or_default()
}

fn below<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(members) => values(members, path),
        Value::Array(items) => items.iter().filter_map(Value::as_object).flat_map(|members| values(members, path)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_name_wins_and_dots_lead_into_objects() {
        let claims = json!({
            "tenant": "plain", "org.id": "literal", "org": { "id": "nested" },
            "https://example.com/tenant": "url", "https://example.com/app": { "tenant": "below a url" },
            "realm_access": { "roles": ["a", "b"] },
            "resource_access": { "my.app": { "roles": "dotted client" }, "my": { "app": { "roles": "other" } } },
            "grants": [{ "scope": "one" }, 5, { "other": 1 }, { "scope": "two" }],
            "text": "no object", "nothing": null, "": { "": "empty names" },
        });
        let members = claims.as_object().unwrap();
        for (path, expected) in [
            ("tenant", json!(["plain"])),
            ("org.id", json!(["literal"])),
            ("https://example.com/tenant", json!(["url"])),
            ("https://example.com/app.tenant", json!(["below a url"])),
            ("realm_access.roles", json!([["a", "b"]])),
            ("resource_access.my.app.roles", json!(["dotted client"])),
            ("grants.scope", json!(["one", "two"])),
            ("text.more", json!([])),
            ("nothing.more", json!([])),
            ("nothing", json!([null])),
            ("realm_access.", json!([])),
            (".", json!(["empty names"])),
            ("absent", json!([])),
            ("absent.more", json!([])),
            ("realm_access.roles.more", json!([])),
        ] {
            assert_eq!(json!(values(members, path)), expected, "{path}");
        }
    }
}
