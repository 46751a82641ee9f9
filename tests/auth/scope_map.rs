//! `scope_map`, `tenant_map` and `required_claims`: values of every type, and values that resemble an entry.

use std::collections::BTreeMap;

use logmark::auth::token::ClaimValue;
use serde_json::{Value, json};

use super::recipe::merge;
use super::support::{
    IssuerRules, KEY, RequiredClaims, ScopeMap, TenantRule, TokenError, World, changed, claims_with, good_claims, good_header,
    rules,
};

fn map(entries: &[(&str, &[&str])]) -> ScopeMap {
    let scopes = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).try_into().unwrap()).collect();
    entries.iter().map(|(value, given)| ((*value).to_owned(), scopes(given))).collect()
}

/// The scopes of the valid token with these claims instead of `scope`: claim, mapped value and scope.
async fn scopes(world: &World, claims: &Value) -> Vec<String> {
    let mut all = claims_with("scope", None);
    merge(&mut all, claims);
    let claims = world.verify(&KEY.token(&good_header(), &all)).await.unwrap();
    let shown = |scope: &logmark::auth::token::GrantedScope| match &scope.claim_value {
        Some(value) => format!("{}: {value} = {}", scope.claim, scope.value),
        None => format!("{}: {}", scope.claim, scope.value),
    };
    claims.scopes.iter().map(shown).collect()
}

fn world() -> World {
    let scope_claims = ["scope", "groups", "realm_access.roles", "sub", "email"].map(str::to_owned).to_vec();
    let scope_map = map(&[
        ("log-readers", &["logs:read:/acme/*", "logs:tail:/acme/*"]),
        ("log readers", &["logs:query:/acme/*"]),
        ("own", &["logs:read:/customers/{tenant}/*"]),
        ("ada@acme.example", &["logs:describe:*"]),
        ("repo:acme/api:environment:prod", &["logs:read:/deploy/*"]),
    ]);
    World::with_rules(vec![IssuerRules { scope_claims, scope_map, ..rules() }])
}

#[tokio::test]
async fn groups_and_roles_give_the_scopes_of_their_entries() {
    let world = world();
    let readers = ["groups: log-readers = logs:read:/acme/*", "groups: log-readers = logs:tail:/acme/*"];
    let table: [(Value, &[&str]); 9] = [
        (json!({ "groups": ["log-readers", "staff"] }), &[readers[0], readers[1], "groups: staff"]),
        (json!({ "groups": "log-readers" }), &readers),
        (json!({ "groups": "staff log-readers" }), &["groups: staff", readers[0], readers[1]]),
        (json!({ "groups": ["log readers"] }), &["groups: log readers = logs:query:/acme/*"]),
        (json!({ "groups": "log readers" }), &["groups: log readers = logs:query:/acme/*"]),
        (json!({ "realm_access": { "roles": ["own"] } }), &["realm_access.roles: own = logs:read:/customers/acme/*"]),
        (json!({ "email": "ada@acme.example" }), &["email: ada@acme.example = logs:describe:*"]),
        // The same scope counts once, for the first claim.
        (
            json!({ "scope": "logs:read:/acme/*", "groups": ["log-readers"] }),
            &["scope: logs:read:/acme/*", "groups: log-readers = logs:tail:/acme/*"],
        ),
        (json!({ "groups": null }), &[]),
    ];
    for (claims, expected) in table {
        assert_eq!(scopes(&world, &claims).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn a_value_that_only_looks_like_an_entry_gives_nothing_new() {
    let world = world();
    for value in
        ["Log-Readers", "log-reader", "log-readers2", "/log-readers", "*", "log-*", "{tenant}", "logs", " log-readers", ""]
    {
        let found = scopes(&world, &json!({ "groups": [value] })).await;
        assert!(found.iter().all(|scope| !scope.contains("logs:")), "{value}: {found:?}");
    }
}

#[tokio::test]
async fn the_tenant_in_a_mapped_scope_is_literal() {
    let world = world();
    for tenant in ["acme", "a.b-c_d", "..", "7"] {
        let found = scopes(&world, &json!({ "tenant": tenant, "groups": ["own"] })).await;
        assert_eq!(found, [format!("groups: own = logs:read:/customers/{tenant}/*")]);
    }
}

#[tokio::test]
async fn a_scope_of_a_withdrawn_entry_is_not_trusted_any_more() {
    let with = |entries: &[(&str, &[&str])]| {
        World::with_rules(vec![IssuerRules { scope_claims: vec!["groups".into()], scope_map: map(entries), ..rules() }])
    };
    let before = with(&[("own", &["logs:read:/customers/{tenant}/*"])]);
    let token = KEY.token(&good_header(), &claims_with("groups", Some(json!(["own"]))));
    let claims = before.verify(&token).await.unwrap();
    assert!(before.verifier.still_trusts(&claims));
    for (entries, expected) in [
        (&[("own", &["logs:tail:*", "logs:read:/customers/{tenant}/*"][..])][..], true),
        (&[("own", &["logs:read:/customers/acme/*"][..])][..], true),
        (&[("own", &["logs:read:/customers/{tenant}/web"][..])][..], false),
        (&[("other", &["logs:read:/customers/{tenant}/*"][..])][..], false),
        (&[][..], false),
    ] {
        assert_eq!(with(entries).verifier.still_trusts(&claims), expected, "{entries:?}");
    }
}

#[tokio::test]
async fn identity_claims_are_neither_split_nor_scopes() {
    let world = world();
    for (claims, expected) in [
        (json!({ "sub": "repo:acme/api:environment:prod" }), 1),
        (json!({ "sub": "repo:evil/x:environment:a repo:acme/api:environment:prod" }), 0),
        (json!({ "sub": "repo:evil/x:environment:a logs:read:*" }), 0),
        (json!({ "sub": "logs:read:*" }), 0),
        (json!({ "email": "\"a logs:read:*\"@evil.example" }), 0),
        (json!({ "email": "x ada@acme.example" }), 0),
    ] {
        assert_eq!(scopes(&world, &claims).await.len(), expected, "{claims}");
    }
}

#[tokio::test]
async fn wrong_types_are_refused_with_a_map_too() {
    let world = world();
    for value in [json!(1), json!(true), json!({ "log-readers": true }), json!(["log-readers", 1]), json!([["log-readers"]])] {
        let token = KEY.token(&good_header(), &claims_with("groups", Some(value.clone())));
        assert_eq!(world.verify(&token).await.unwrap_err(), TokenError::MalformedClaim("groups".into()), "{value}");
    }
}

async fn tenant(world: &World, claim: &str, value: Option<Value>) -> Result<String, String> {
    let claims = changed(claims_with("tenant", None), claim, value);
    let found = world.verify(&KEY.token(&good_header(), &claims)).await;
    found.map(|claims| claims.tenant.to_string()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_mapped_tenant_is_the_one_of_exactly_one_entry() {
    let entries = [("acme-staff", "acme"), ("acme-admins", "acme"), ("globex-staff", "globex"), ("4711", "initech")];
    let entries = entries.map(|(value, tenant)| (value.to_owned(), tenant.try_into().unwrap()));
    let tenants = TenantRule::Mapped(BTreeMap::from(entries));
    let world = World::with_rules(vec![IssuerRules { tenants, tenant_claim: "groups".into(), ..rules() }]);
    for (value, expected) in [
        (json!("acme-staff"), Ok("acme")),
        (json!(["acme-staff"]), Ok("acme")),
        (json!(["everyone", "acme-staff", "acme-admins"]), Ok("acme")),
        (json!(4711), Ok("initech")),
        (json!(["acme-staff", "globex-staff"]), Err("more than one tenant")),
        (json!("acme"), Err("claim `groups` is `acme`, which `tenant_map` does not list")),
        (json!("acme-staff globex-staff"), Err("does not list")),
        (json!(["everyone"]), Err("claim `groups` is `everyone`, which `tenant_map` does not list")),
        (json!("ACME-STAFF"), Err("does not list")),
        (json!("*"), Err("does not list")),
        (json!([]), Err("claim `groups` is missing")),
        (json!(null), Err("claim `groups` is malformed")),
        (json!(["acme-staff", null]), Err("claim `groups` is malformed")),
        (json!({ "acme-staff": true }), Err("claim `groups` is malformed")),
        (json!([["acme-staff"]]), Err("claim `groups` is malformed")),
    ] {
        let found = tenant(&world, "groups", Some(value.clone())).await;
        match expected {
            Ok(expected) => assert_eq!(found.as_deref(), Ok(expected), "{value}"),
            Err(reason) => assert!(found.as_ref().is_err_and(|why| why.contains(reason)), "{value}: {found:?}"),
        }
    }
    assert_eq!(tenant(&world, "groups", None).await.unwrap_err(), "claim `groups` is missing");
}

#[tokio::test]
async fn required_claims_are_compared_whole_and_by_type() {
    let text = |text: &str| ClaimValue::Text(text.to_owned());
    let required = RequiredClaims::from([
        ("event".to_owned(), vec![text("push"), text("schedule")]),
        ("verified".to_owned(), vec![ClaimValue::Boolean(true)]),
        ("level".to_owned(), vec![ClaimValue::Integer(2)]),
        ("kubernetes.io.serviceaccount.uid".to_owned(), vec![text("u1")]),
    ]);
    let world = World::with_rules(vec![IssuerRules { required_claims: required, ..rules() }]);
    let good = json!({ "event": "push", "verified": true, "level": 2, "kubernetes.io": { "serviceaccount": { "uid": "u1" } } });
    let check = async |change: Value| {
        let mut claims = good_claims();
        merge(&mut claims, &good);
        merge(&mut claims, &change);
        world.verify(&KEY.token(&good_header(), &claims)).await.map(drop).map_err(|error| error.to_string())
    };
    for accepted in [json!({}), json!({ "event": ["x", "schedule"] }), json!({ "level": [1, 2] })] {
        assert_eq!(check(accepted.clone()).await, Ok(()), "{accepted}");
    }
    for (refused, reason) in [
        (json!({ "event": "pull_request" }), "claim `event` is `pull_request`, which `required_claims` does not list"),
        (json!({ "event": "push " }), "claim `event` is `"),
        (json!({ "event": "PUSH" }), "claim `event` is `"),
        (json!({ "event": "push schedule" }), "claim `event` is `"),
        (json!({ "event": [] }), "claim `event` is `[]`"),
        (json!({ "event": [["push"]] }), "claim `event` is `"),
        (json!({ "event": { "push": true } }), "claim `event` is `"),
        (json!({ "event": null }), "claim `event` is missing"),
        (json!({ "verified": "true" }), "claim `verified` is `"),
        (json!({ "verified": 1 }), "claim `verified` is `1`"),
        (json!({ "verified": false }), "claim `verified` is `false`"),
        (json!({ "level": 2.0 }), "claim `level` is `"),
        (json!({ "level": "2" }), "claim `level` is `"),
        (json!({ "kubernetes.io": { "serviceaccount": { "uid": "u2" } } }), "claim `kubernetes.io.serviceaccount.uid` is `"),
        (json!({ "kubernetes.io": null }), "claim `kubernetes.io.serviceaccount.uid` is missing"),
    ] {
        let found = check(refused.clone()).await.unwrap_err();
        assert!(found.contains(reason), "{refused}: {found}");
    }
}
