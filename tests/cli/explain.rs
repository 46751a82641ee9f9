//! `logmark explain` for operators who connect an identity provider: the result of a token, and the fix if it is refused.

use serde_json::{Value, json};

use crate::auth::recipe::merge;
use crate::world::binary::{CommandOutput, ServiceDirectory, run};
use crate::world::tokens::Issuer;

/// Additional keys of the tests' issuer.
const ISSUER: &str = "issuer = \"test\"\nscope_claims = [\"scope\", \"groups\"]\ntenants = [\"acme\", \"globex\"]\n\
     scope_map = { \"log-readers\" = [\"logs:read:/{tenant}/*\"] }\nrequired_claims = { azp = [\"portal\", \"cli\"] }";

fn directory() -> ServiceDirectory {
    let directory = ServiceDirectory::new("");
    let path = directory.path().join("logmark.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("issuer = \"test\"", ISSUER);
    std::fs::write(&path, text).unwrap();
    directory
}

fn token(directory: &ServiceDirectory, change: &Value) -> String {
    let mut claims = Issuer::claims("acme", "openid logs:query:/acme/api");
    merge(&mut claims, &json!({ "azp": "portal", "groups": ["log-readers", "staff"] }));
    merge(&mut claims, change);
    directory.issuer.mint(&claims)
}

async fn explain(directory: &ServiceDirectory, token: &str, more: &[&str]) -> CommandOutput {
    run(directory.path(), &[&["explain", "--token", token], more].concat()).await
}

#[tokio::test]
async fn a_token_alone_is_explained_with_the_mapping_of_each_scope() {
    let directory = directory();
    let said = explain(&directory, &token(&directory, &json!({})), &[]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let lines: Vec<&str> = said.out.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "tenant    acme (claim of the token), 3 grants",
            "scope     logs:query:/acme/api (claim `scope`)",
            "scope     logs:read:/acme/* (claim `groups`, by `scope_map` from `log-readers`)",
            "ignored   openid (claim `scope`): not a scope of Logmark, and not in `scope_map`",
            "ignored   staff (claim `groups`): not a scope of Logmark, and not in `scope_map`",
        ]
    );
    let read = explain(&directory, &token(&directory, &json!({})), &["--action", "read", "--group", "/acme/api"]).await;
    assert_eq!(
        read.out.lines().last(),
        Some(
            "allowed   read /acme/api: by tenants.acme.grants[0] and the scope logs:read:/acme/* in claim `groups`, by `scope_map` from `log-readers`"
        )
    );
    let none = explain(&directory, &token(&directory, &json!({ "scope": "openid", "groups": null })), &[]).await;
    assert_eq!(
        none.out.lines().last(),
        Some("scopes    none, so every request is refused with 403: map a claim with `scope_map`, or add scopes to the token")
    );
    let half = explain(&directory, "x", &["--action", "read"]).await;
    assert!(half.code == 2 && half.err.contains("--group"), "{}", half.err);
}

#[tokio::test]
async fn a_refused_token_is_explained_with_its_claims_and_what_to_change() {
    let directory = directory();
    for (change, error, advice) in [
        (
            json!({ "aud": "portal" }),
            "audience is not accepted",
            "`audiences` is `logmark`: request a token for it; add the token's `aud` only if it names this service and no other",
        ),
        (json!({ "aud": null }), "claim `aud` is missing", "only accepted with `token_use: access`"),
        (
            json!({ "aud": null, "token_use": "access", "client_id": "x" }),
            "client id is not listed",
            "accepted clients are `logmark`",
        ),
        (json!({ "iss": "TEST/" }), "issuer `TEST/` is not configured", "the configuration has `test`: write the issuer exactly"),
        (json!({ "iss": "https://sts.windows.net/1/" }), "is not configured", "`requestedAccessTokenVersion` to 2"),
        (json!({ "iss": "https://other.example" }), "is not configured", "the configured issuers are `test`"),
        (json!({ "azp": "admin" }), "claim `azp` is `admin`", "`required_claims` accepts `portal`, `cli`"),
        (json!({ "tenant": null }), "claim `tenant` is missing", "the token has the claims `aud`, `azp`, `exp`, `groups`"),
        (json!({ "tenant": "other" }), "may not name the tenant `other`", "the issuer's `tenants` are `acme`, `globex`"),
        (json!({ "tenant": "a/b" }), "is not a tenant id", "`tenant_map`"),
        (json!({ "token_use": "id" }), "token is not for access", "send the access token"),
        (json!({ "exp": 1_700_000_000 }), "token has expired", "request a new token"),
        (json!({ "groups": { "a": 1 } }), "claim `groups` is malformed", "name another claim"),
        (json!({ "cnf": {} }), "bound to its holder's key", "without DPoP"),
    ] {
        let said = explain(&directory, &token(&directory, &change), &[]).await;
        assert_eq!(said.code, 1, "{change}");
        assert!(said.err.starts_with("logmark: the token is refused: ") && said.err.contains(error), "{change}: {}", said.err);
        let last = said.out.lines().last().unwrap();
        assert!(last.starts_with("advice    ") && last.contains(advice), "{change}: {}", said.out);
        assert!(said.out.contains("states    header alg: ES256\n"), "{change}: {}", said.out);
    }
}

#[tokio::test]
async fn claims_are_shown_with_times_and_without_control_characters() {
    let directory = directory();
    let change = json!({ "aud": ["a", "b"], "exp": 1_700_000_000, "sub": "x\u{1b}[31m\u{202e}y", "groups": ["z".repeat(300)] });
    let said = explain(&directory, &token(&directory, &change), &[]).await;
    for line in [
        "states    iss: test",
        "states    aud: [\"a\",\"b\"]",
        "states    exp: 1700000000 (2023-11-14T22:13:20.000Z)",
        "states    sub: x\\u{1b}[31m\\u{202e}y",
        "states    tenant: acme",
    ] {
        assert!(said.out.lines().any(|found| found == line), "{line}\n{}", said.out);
    }
    assert!(said.out.lines().all(|line| line.chars().count() < 230), "{}", said.out);
}

#[tokio::test]
async fn what_is_not_a_signed_token_is_named() {
    let directory = directory();
    for (token, advice) in [
        ("2YotnFZFEjr1zCsicMWpAA", "opaque tokens cannot be verified"),
        ("a.b.c.d.e", "the token is encrypted"),
        ("\"eyJhbGciOiJFUzI1NiJ9.e30.AA\"", "this is not a JWT"),
        ("eyJhbGciOiJFUzI1NiJ9.e30", "the token is damaged: copy it again"),
    ] {
        let said = explain(&directory, token, &[]).await;
        assert!(said.code == 1 && said.out.contains(advice), "{token}: {} {}", said.out, said.err);
        assert!(!said.out.contains(token) && !said.err.contains(token), "the token is not printed");
    }
}
