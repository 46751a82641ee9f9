//! The token cache (row 16): tokens that it must distinguish.

use serde_json::json;

use crate::auth::support::{
    IssuerRules, KEY, NOW, TestKey, TokenError, World, base64url, claims_with, good_claims, good_header, rules, to_base64url,
};

/// The token with one flipped bit in its signature.
fn spoiled(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = base64url(signature).unwrap();
    bytes[40] ^= 1;
    format!("{input}.{}", to_base64url(&bytes))
}

#[tokio::test]
async fn good_and_bad_tokens_do_not_rub_off() {
    let world = World::new();
    let good = KEY.token(&good_header(), &good_claims());
    let bad = spoiled(&good);
    for _ in 0..3 {
        let first = world.verify(&good).await.unwrap();
        assert_eq!(world.verify(&bad).await.unwrap_err(), TokenError::Signature);
        let second = world.verify(&good).await.unwrap();
        assert_eq!(first, second);
        for tail in ["A", "=", ".", " ", "\0"] {
            assert!(world.verify(&format!("{good}{tail}")).await.is_err());
        }
        assert!(world.verify(&good[..good.len() - 1]).await.is_err());
    }
    let world = World::new();
    assert!(world.verify(&bad).await.is_err());
    world.verify(&good).await.unwrap();
}

#[tokio::test]
async fn two_good_tokens_keep_their_own_claims() {
    let world = World::new();
    let tokens: Vec<_> = ["acme", "other"]
        .map(|tenant| (tenant, KEY.token(&good_header(), &claims_with("tenant", Some(tenant.into())))))
        .into_iter()
        .collect();
    for _ in 0..100 {
        for (tenant, token) in &tokens {
            assert_eq!(world.verify(token).await.unwrap().tenant.as_str(), *tenant);
        }
    }
}

#[tokio::test]
async fn a_remembered_token_expires_on_time() {
    let world = World::new();
    let token = KEY.token(&good_header(), &claims_with("exp", Some((NOW + 100).into())));
    world.verify(&token).await.unwrap();
    world.clock.advance(159);
    world.verify(&token).await.unwrap();
    world.clock.set_ms((NOW + 160) * 1000 - 1);
    world.verify(&token).await.unwrap();
    world.clock.set_ms((NOW + 160) * 1000);
    assert_eq!(world.verify(&token).await.unwrap_err(), TokenError::Expired);
}

#[tokio::test]
async fn a_remembered_token_does_not_work_before_its_time() {
    let world = World::new();
    let token = KEY.token(&good_header(), &claims_with("nbf", Some(NOW.into())));
    world.verify(&token).await.unwrap();
    world.clock.set_ms((NOW - 61) * 1000);
    assert_eq!(world.verify(&token).await.unwrap_err(), TokenError::NotYetValid);
}

#[tokio::test]
async fn a_token_refused_for_its_time_is_good_later() {
    let world = World::new();
    let token = KEY.token(&good_header(), &claims_with("nbf", Some((NOW + 100).into())));
    assert_eq!(world.verify(&token).await.unwrap_err(), TokenError::NotYetValid);
    world.clock.advance(40);
    world.verify(&token).await.unwrap();
}

#[tokio::test]
async fn a_bad_signature_counts_only_against_the_key_that_said_so() {
    let world = World::new();
    let next = TestKey::es256();
    let token = next.token(&good_header(), &good_claims());
    assert_eq!(world.verify(&token).await.unwrap_err(), TokenError::Signature);
    assert_eq!(world.verify(&token).await.unwrap_err(), TokenError::Signature);
    world.server.serve_keys(&[next.jwk("k1")]);
    world.verifier.refresh().await;
    world.verify(&token).await.unwrap();
    world.server.serve_keys(&[KEY.jwk("k1")]);
    world.verifier.refresh().await;
    assert_eq!(world.verify(&token).await.unwrap_err(), TokenError::Signature);
}

#[tokio::test]
async fn a_key_read_again_unchanged_keeps_its_tokens() {
    let world = World::new();
    let token = KEY.token(&good_header(), &good_claims());
    let first = world.verify(&token).await.unwrap();
    world.server.serve_keys(&[TestKey::es256().jwk("k0"), KEY.jwk("k1")]);
    world.verifier.refresh().await;
    let second = world.verify(&token).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn other_rules_have_another_memory() {
    let token = KEY.token(&json!({ "alg": "ES256", "kid": "k1" }), &good_claims());
    World::new().verify(&token).await.unwrap();
    let reloaded = World::with_rules(vec![IssuerRules { audiences: vec!["other".into()], ..rules() }]);
    assert_eq!(reloaded.verify(&token).await.unwrap_err(), TokenError::Audience);
}
