//! `scope_map`, `tenant_map` and `required_claims`: their meaning, and their errors, each at its value.

use super::*;
use crate::auth::token::{ClaimValue, TenantRule};

fn issuer(snippet: &str) -> crate::auth::token::IssuerRules {
    parsed(&document(ISSUER, snippet), &[]).unwrap_or_else(|errors| panic!("{errors}")).issuers.remove(0)
}

#[test]
fn maps_and_required_claims_are_read() {
    let rules = issuer(
        "scope_claims = [\"groups\"]\nscope_map = { \"log-readers\" = [\"logs:read:/acme/*\", \"logs:*:/c/{tenant}/*\"], \"a b\" = [\"logs:tail:*\"] }\n\
         tenant_claim = \"hd\"\ntenant_map = { \"acme.example\" = \"acme\" }\n\
         required_claims = { event = [\"push\", \"schedule\"], verified = true, level = 2, \"kubernetes.io.namespace\" = \"a\" }",
    );
    let shown: Vec<String> = rules
        .scope_map
        .iter()
        .map(|(value, scopes)| format!("{value}: {}", scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
        .collect();
    assert_eq!(shown, ["a b: logs:tail:*", "log-readers: logs:read:/acme/* logs:*:/c/{tenant}/*"]);
    let TenantRule::Mapped(tenants) = rules.tenants else { panic!("{:?}", rules.tenants) };
    assert_eq!(tenants.get("acme.example").map(ToString::to_string).as_deref(), Some("acme"));
    let text = |text: &str| ClaimValue::Text(text.to_owned());
    assert_eq!(rules.required_claims["event"], [text("push"), text("schedule")]);
    assert_eq!(rules.required_claims["verified"], [ClaimValue::Boolean(true)]);
    assert_eq!(rules.required_claims["level"], [ClaimValue::Integer(2)]);
    assert_eq!(rules.required_claims["kubernetes.io.namespace"], [text("a")]);
}

#[test]
fn a_variable_holds_a_whole_map() {
    let variables = [("LOGMARK__AUTH__ISSUERS__0__SCOPE_MAP", r#"{ "Log.Readers" = ["logs:read:*"] }"#)];
    let config = parsed(&document(ISSUER, ""), &variables).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(config.issuers[0].scope_map.contains_key("Log.Readers"));
}

#[test]
fn errors_in_maps_are_located_at_their_values() {
    let scope =
        "is not a scope: write `logs:<action>:<group pattern>`, with the action `read`, `query`, `tail`, `describe` or `*`";
    let cases = [
        (
            r#"scope_map = { readers = "logs:read:*" }"#.to_owned(),
            "logmark.toml:2:25: auth.issuers[0].scope_map.readers: must be an array of scopes, not a string".to_owned(),
        ),
        (
            r#"scope_map = { readers = [] }"#.to_owned(),
            "logmark.toml:2:25: auth.issuers[0].scope_map.readers: is empty: list at least one scope, or remove the entry".to_owned(),
        ),
        (
            r#"scope_map = { readers = ["logs:read:*", "read:/acme/*"] }"#.to_owned(),
            format!("logmark.toml:2:41: auth.issuers[0].scope_map.readers[1]: `read:/acme/*` {scope}"),
        ),
        (
            r#"scope_map = { readers = ["logs:read"] }"#.to_owned(),
            format!("logmark.toml:2:26: auth.issuers[0].scope_map.readers[0]: `logs:read` {scope}"),
        ),
        (
            r#"scope_map = { readers = ["logs:read:/{customer}/*"] }"#.to_owned(),
            "logmark.toml:2:26: auth.issuers[0].scope_map.readers[0]: `logs:read:/{customer}/*` has braces other than `{tenant}`: only `{tenant}` is replaced".to_owned(),
        ),
        (
            r#"scope_map = { readers = ["logs:read:/acme/[ab]*"] }"#.to_owned(),
            "logmark.toml:2:26: auth.issuers[0].scope_map.readers[0]: `logs:read:/acme/[ab]*` has `[`: a pattern has only the wildcard `*`, for any characters".to_owned(),
        ),
        (
            r#"scope_map = { readers = ["logs:read:*", "logs:read:*"] }"#.to_owned(),
            "logmark.toml:2:41: auth.issuers[0].scope_map.readers[1]: is listed twice".to_owned(),
        ),
        (
            r#"scope_map = { Logs.Read = ["logs:read:*"] }"#.to_owned(),
            "logmark.toml:2:15: auth.issuers[0].scope_map.Logs: must be an array of scopes, not a table: write names with dots in quotes, such as `\"kubernetes.io.namespace\" = …`".to_owned(),
        ),
        (
            r#"scope_map = { "" = ["logs:read:*"] }"#.to_owned(),
            "logmark.toml:2:15: auth.issuers[0].scope_map.\"\": the key `` is empty".to_owned(),
        ),
        (r#"scope_map = ["logs:read:*"]"#.to_owned(), "logmark.toml:2:13: auth.issuers[0].scope_map: must be a table, not an array".to_owned()),
        (
            r#"tenant_map = { "acme.example" = "a b" }"#.to_owned(),
            "logmark.toml:2:33: auth.issuers[0].tenant_map.\"acme.example\": `a b` is not a tenant id: it has the character ' ' at position 2; allowed are letters, digits and `_` `.` `-`".to_owned(),
        ),
        (
            r#"tenant_map = { "acme.example" = "aws" }"#.to_owned(),
            "logmark.toml:2:33: auth.issuers[0].tenant_map.\"acme.example\": `aws` is reserved: names of log groups of AWS or of this service begin with it".to_owned(),
        ),
        (
            "tenant_map = {}".to_owned(),
            "logmark.toml:2:14: auth.issuers[0].tenant_map: is empty: list the values of the tenant claim, each with its tenant, or remove the key".to_owned(),
        ),
        (
            "tenant_map = { a = \"acme\" }\ntenants = [\"acme\"]".to_owned(),
            "logmark.toml:3:1: auth.issuers[0].tenants: conflicts with `tenant_map`, which lists the tenants: remove one of them".to_owned(),
        ),
        (
            "tenant = \"acme\"\ntenant_map = { a = \"acme\" }".to_owned(),
            "logmark.toml:3:1: auth.issuers[0].tenant_map: conflicts with `tenant`, which sets the tenant of all tokens: remove one of them".to_owned(),
        ),
        (
            "required_claims = { event = [] }".to_owned(),
            "logmark.toml:2:29: auth.issuers[0].required_claims.event: is empty: list at least one value, or remove the entry".to_owned(),
        ),
        (
            "required_claims = { level = 1.5 }".to_owned(),
            "logmark.toml:2:29: auth.issuers[0].required_claims.level: must be a string, an integer, a boolean or an array of them, not a float".to_owned(),
        ),
        (
            "required_claims = { level = 9007199254740992 }".to_owned(),
            "logmark.toml:2:29: auth.issuers[0].required_claims.level: must be smaller than 2^53: JSON parsers differ on larger numbers".to_owned(),
        ),
        (
            r#"required_claims = { event = ["push", ["schedule"]] }"#.to_owned(),
            "logmark.toml:2:38: auth.issuers[0].required_claims.event[1]: must be a string, an integer or a boolean, not an array".to_owned(),
        ),
        (
            r#"required_claims = { event = "" }"#.to_owned(),
            "logmark.toml:2:29: auth.issuers[0].required_claims.event: `` is empty".to_owned(),
        ),
        (
            r#"required_claims = { kubernetes.io.namespace = "a" }"#.to_owned(),
            "logmark.toml:2:21: auth.issuers[0].required_claims.kubernetes: must be a value or an array of values, not a table: write names with dots in quotes, such as `\"kubernetes.io.namespace\" = …`".to_owned(),
        ),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(snippet, expected)| (snippet.as_str(), expected.as_str())).collect();
    refused(ISSUER, &cases);
}

#[test]
fn entries_that_probably_mean_something_else_are_warned_of() {
    warned(
        ISSUER,
        &[
            (
                r#"scope_map = { "log-*" = ["logs:read:*"] }"#,
                "logmark.toml:2:25: auth.issuers[0].scope_map.\"log-*\": has `*`, which is literal here: values of claims are compared whole",
            ),
            (
                r#"scope_map = { readers = ["logs:read:/c/{tenant}*"] }"#,
                "logmark.toml:2:26: auth.issuers[0].scope_map.readers[0]: `/c/{tenant}*` has `*` next to `{tenant}`: a tenant whose id begins or ends like another tenant's id may see that tenant's names; put a `/` between them",
            ),
            (
                r#"scope_claims = ["sub"]"#,
                "logmark.toml:2:17: auth.issuers[0].scope_claims[0]: gives no scopes without `scope_map`: `sub` identifies a user, a client or an issuer",
            ),
            ("scope_claims = [\"sub\"]\nscope_map = { a = [\"logs:read:*\"] }", ""),
            (r#"tenant_map = { a = "acme" }"#, ""),
        ],
    );
}
