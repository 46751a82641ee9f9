//! Which tenants an issuer may name, and that expiry is checked last.

use serde_json::{Value, json};

use super::support::{
    ISSUER, IssuerRules, KEY, NOW, Server, TenantRule, TestKey, TokenError, World, changed, claims_with, good_claims,
    good_header, rules,
};

async fn tenant(world: &World, claims: Value) -> Result<String, TokenError> {
    world.verify(&KEY.token(&good_header(), &claims)).await.map(|claims| claims.tenant.to_string())
}

fn matching(patterns: &[&str]) -> TenantRule {
    TenantRule::Matching(patterns.iter().map(|pattern| (*pattern).try_into().unwrap()).collect())
}

#[tokio::test]
async fn an_issuer_names_its_own_tenants_alone() {
    let world = World::with_rules(vec![IssuerRules { tenants: matching(&["acme", "eu-*", "*.test"]), ..rules() }]);
    for (claim, expected) in [
        ("acme", true),
        ("eu-1", true),
        ("eu-", true),
        ("x.test", true),
        ("acme2", false),
        ("Acme", false),
        ("globex", false),
        ("eu", false),
        ("not-eu-1", false),
        ("test", false),
    ] {
        let found = tenant(&world, claims_with("tenant", Some(claim.into()))).await;
        assert_eq!(found.is_ok(), expected, "{claim}: {found:?}");
    }
    let foreign = tenant(&world, claims_with("tenant", Some("globex".into()))).await.unwrap_err();
    assert_eq!(foreign.to_string(), "the issuer may not name the tenant `globex`");
}

#[tokio::test]
async fn two_issuers_with_rules_never_reach_each_others_tenants() {
    let server = Server::with_keys(&[KEY.jwk("k1")]);
    let other = "https://other.example";
    let rules = vec![
        IssuerRules { tenants: matching(&["acme"]), ..rules() },
        IssuerRules { issuer: other.into(), tenants: matching(&["globex"]), ..rules() },
    ];
    let world = World::with_server(rules, server);
    for (issuer, claim, expected) in
        [(ISSUER, "acme", true), (other, "globex", true), (ISSUER, "globex", false), (other, "acme", false)]
    {
        let claims = changed(claims_with("tenant", Some(claim.into())), "iss", Some(issuer.into()));
        assert_eq!(tenant(&world, claims).await.is_ok(), expected, "{issuer} {claim}");
    }
}

#[tokio::test]
async fn a_fixed_tenant_does_not_depend_on_the_token() {
    let fixed = TenantRule::Fixed("acme".try_into().unwrap());
    let world = World::with_rules(vec![IssuerRules { tenants: fixed, ..rules() }]);
    for claim in [None, Some(json!("globex")), Some(json!(null)), Some(json!({ "a": 1 })), Some(json!("*"))] {
        assert_eq!(tenant(&world, claims_with("tenant", claim.clone())).await.as_deref(), Ok("acme"), "{claim:?}");
    }
}

#[tokio::test]
async fn ids_of_aws_and_of_the_service_are_no_tenants() {
    let world = World::new();
    for id in ["aws", "AWS", "aws-waf-logs-x", "logmark", "ecs", "sns", "API-Gateway-Execution-Logs_abc", "dms-tasks-1"] {
        assert_eq!(tenant(&world, claims_with("tenant", Some(id.into()))).await, Err(TokenError::ReservedTenant), "{id}");
    }
    assert_eq!(tenant(&world, claims_with("tenant", Some("awsome".into()))).await.as_deref(), Ok("awsome"));
}

#[tokio::test]
async fn a_token_is_called_expired_only_when_nothing_else_is_wrong_with_it() {
    let tenants = matching(&["acme"]);
    let world = World::with_rules(vec![IssuerRules { tenants, require_typ: true, ..rules() }]);
    let expired = claims_with("exp", Some((NOW - 3600).into()));
    assert_eq!(tenant(&world, expired.clone()).await, Err(TokenError::Expired));
    // The token stays expired, cached or not.
    assert_eq!(tenant(&world, expired.clone()).await, Err(TokenError::Expired));
    for (name, value) in [
        ("aud", Some(json!("other"))),
        ("aud", None),
        ("iss", Some(json!("https://other.example"))),
        ("sub", None),
        ("tenant", Some(json!("globex"))),
        ("tenant", Some(json!("aws"))),
        ("tenant", None),
        ("scope", Some(json!(7))),
        ("cnf", Some(json!({}))),
        ("token_use", Some(json!("id"))),
        ("nbf", Some(json!(NOW + 3600))),
        ("iat", Some(json!(NOW + 3600))),
        ("jti", Some(json!(7))),
        ("exp", Some(json!("1"))),
        ("exp", None),
    ] {
        let found = tenant(&world, changed(expired.clone(), name, value.clone())).await.unwrap_err();
        assert_ne!(found, TokenError::Expired, "{name} {value:?}");
    }
    let foreign = TestKey::es256().token(&good_header(), &expired);
    assert_eq!(world.verify(&foreign).await.unwrap_err(), TokenError::Signature);
    let untyped = KEY.token(&changed(good_header(), "typ", None), &expired);
    assert_eq!(world.verify(&untyped).await.unwrap_err(), TokenError::TypeRequired);
    assert_eq!(tenant(&world, good_claims()).await.as_deref(), Ok("acme"));
}

#[tokio::test]
async fn cognitos_access_tokens_are_held_against_the_audiences_too() {
    let client = "5bsjlins3936h9example";
    let world = World::with_rules(vec![IssuerRules { audiences: vec![client.into()], ..rules() }]);
    let with = |client: &str, token_use: &str| {
        let claims = changed(claims_with("aud", None), "client_id", Some(client.into()));
        changed(claims, "token_use", Some(token_use.into()))
    };
    assert_eq!(tenant(&world, with(client, "access")).await.as_deref(), Ok("acme"));
    for (client, token_use) in [("another0client0of0the0pool", "access"), (client, "id"), ("", "access")] {
        assert!(tenant(&world, with(client, token_use)).await.is_err(), "{client} {token_use}");
    }
    let named = changed(with(client, "access"), "aud", Some("other".into()));
    assert_eq!(tenant(&world, named).await, Err(TokenError::Audience));
}
