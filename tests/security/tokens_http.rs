//! Tokens in HTTP requests: accepted at one place in one form, and refused with one text.

use std::collections::BTreeSet;

use logmark::auth::strict::to_base64url;
use serde_json::{Value, json};

use super::raw::{exchange, get};
use super::support::whole;
use crate::world::tokens::Issuer;
use crate::world::{Options, TENANTS, World};

const TARGET: &str = "/logs/:acme:api/web-1";

async fn world() -> World {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1, "acme's")]).await;
    world
}

fn good(world: &World) -> String {
    world.issuer.token("acme", "logs:*:*")
}

#[tokio::test]
async fn a_token_anywhere_but_in_authorization_is_none() {
    let world = world().await;
    let token = good(&world);
    for name in ["access_token", "token", "authorization", "jwt", "bearer", "id_token", "auth"] {
        let answer = world.anonymous().get(&format!("{TARGET}?{name}={token}")).await;
        assert_eq!(answer.problem(), "401 missing_token", "{name}");
    }
    // A token is not a ticket.
    let answer = world.anonymous().get(&format!("{TARGET}?ticket={token}")).await;
    assert_eq!(answer.problem(), "401 invalid_ticket");
    for (name, value) in [
        ("cookie", format!("access_token={token}; Authorization=Bearer {token}")),
        ("x-access-token", token.clone()),
        ("x-authorization", format!("Bearer {token}")),
        ("x-forwarded-authorization", format!("Bearer {token}")),
        ("x-original-authorization", format!("Bearer {token}")),
        ("proxy-authorization", format!("Bearer {token}")),
        ("authentication", format!("Bearer {token}")),
        ("x-amz-security-token", token.clone()),
        ("x-auth-token", token.clone()),
        ("x-jwt-assertion", token.clone()),
        ("x-amzn-oidc-data", token.clone()),
        ("x-amzn-oidc-accesstoken", token.clone()),
        ("sec-websocket-protocol", format!("bearer, {token}")),
        ("dpop", token.clone()),
        ("forwarded", format!("for=127.0.0.1;token={token}")),
        ("authorization_", format!("Bearer {token}")),
    ] {
        let answer = world.anonymous().get_with(TARGET, &[(name, &value)]).await;
        assert_eq!(answer.problem(), "401 missing_token", "{name}");
        assert!(!answer.text().contains(&token), "{name}");
    }
    let form = format!("access_token={token}");
    let request = format!(
        "GET {TARGET} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{form}",
        form.len()
    );
    assert_eq!(exchange(world.address, request.as_bytes()).await.statuses(), [401]);
    let underscore = get(TARGET, &[&format!("AUTHORIZATION_: Bearer {token}"), &format!("Authorizatio\u{6e}x: Bearer {token}")]);
    assert_eq!(exchange(world.address, &underscore).await.statuses(), [401]);
}

#[tokio::test]
async fn two_credentials_are_a_bad_request_whichever_is_good() {
    let world = world().await;
    let token = good(&world);
    for fields in [
        vec![format!("authorization: Bearer {token}"), format!("authorization: Bearer {token}")],
        vec![format!("authorization: Bearer {token}"), "authorization: Bearer x".to_owned()],
        vec!["authorization: Bearer x".to_owned(), format!("authorization: Bearer {token}")],
        vec![format!("authorization: Bearer {token}"), "Authorization: Basic dTpw".to_owned()],
        vec!["AUTHORIZATION: Basic dTpw".to_owned(), format!("authorization: Bearer {token}")],
        vec![format!("authorization: Bearer {token}"), "authorization:".to_owned()],
        vec!["authorization:".to_owned(), format!("authorization: Bearer {token}")],
        vec![format!("authorization: Bearer {token}, Bearer {token}")],
        vec![format!("authorization: Bearer {token},{token}")],
        vec![format!("authorization: Bearer x, Bearer {token}")],
        vec![format!("authorization: Bearer {token},")],
    ] {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let answer = exchange(world.address, &get(TARGET, &fields)).await;
        assert_eq!(answer.statuses(), [400], "{fields:?}");
        assert!(!answer.text.contains(&token), "{fields:?}");
        assert!(answer.body().contains("\"parameter\":\"Authorization\""), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_field_of_another_form_is_refused_and_only_the_schemes_case_is_free() {
    let world = world().await;
    let token = good(&world);
    for good in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER   {token}"), format!(" Bearer {token} ")] {
        let answer = exchange(world.address, &get(TARGET, &[&format!("authorization:{good}")])).await;
        assert_eq!(answer.statuses(), [200], "{good:.20}");
    }
    let large = "x".repeat(16 * 1024 + 1);
    for bad in [
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("Bearer:{token}"),
        format!("Bearer\t{token}"),
        format!("Bearer \t{token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer <{token}>"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token} x"),
        format!("Bearer Bearer {token}"),
        format!("Bearer token={token}"),
        format!("Bearer {token};q=1"),
        format!("Bearer {token}="),
        format!("Bearer={token}"),
        format!("Bearer{token}"),
        format!("DPoP {token}"),
        format!("Negotiate {token}"),
        format!("AWS4-HMAC-SHA256 Credential={token}"),
        token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer %00".to_owned(),
        "Bearer null".to_owned(),
        "Bearer undefined".to_owned(),
        String::new(),
        format!("Bearer {large}"),
        format!("Bearer {token}{large}"),
    ] {
        let answer = exchange(world.address, &get(TARGET, &[&format!("authorization: {bad}")])).await;
        assert_eq!(answer.statuses(), [401], "{bad:.60}");
        assert!(answer.body().contains("\"code\":\"invalid_token\""), "{bad:.60}: {}", answer.text);
        assert!(!answer.body().contains(&token), "{bad:.60}");
    }
}

#[tokio::test]
async fn bytes_that_are_not_ascii_are_no_token() {
    let world = world().await;
    let token = good(&world);
    let cases: [&[u8]; 5] = [b"\xff\xfe", "é".as_bytes(), b"\xc0\xaf", "\u{ff0e}".as_bytes(), b"\x80"];
    for bytes in cases {
        for place in [0, 7, 20, token.len() + 7] {
            let mut value = format!("Bearer {token}").into_bytes();
            value.splice(place..place, bytes.iter().copied());
            let head = format!("GET {TARGET} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: ");
            let request = [head.as_bytes(), &value, b"\r\n\r\n"].concat();
            let answer = exchange(world.address, &request).await;
            assert!(matches!(answer.statuses()[..], [400 | 401]), "{bytes:x?} at {place}: {}", answer.text);
        }
    }
}

fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| to_base64url(value.to_string().as_bytes());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// Tokens that are refused, one for every reason: form, algorithm, key, signature, claims.
fn bad_tokens(world: &World) -> Vec<(&'static str, String)> {
    let claims = Issuer::claims("acme", "logs:*:*");
    let token = good(world);
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let mut bad = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "HS256", "RS256", "PS256", "ES384", "EdDSA", ""] {
        bad.push(("alg", unsigned(&json!({ "alg": alg, "typ": "JWT" }), &claims, "")));
        bad.push(("alg with a signature", unsigned(&json!({ "alg": alg, "typ": "JWT" }), &claims, signature)));
    }
    let jwk = json!({ "kty": "oct", "k": "AAAA" });
    for header in [
        json!({ "alg": "ES256", "jwk": jwk }),
        json!({ "alg": "ES256", "jku": "http://127.0.0.1:1/keys" }),
        json!({ "alg": "ES256", "x5u": "http://127.0.0.1:1/cert" }),
        json!({ "alg": "ES256", "kid": "../../../../dev/null" }),
        json!({ "alg": "ES256", "kid": "' OR 1=1 --" }),
        json!({ "alg": "ES256", "kid": "x".repeat(8192) }),
        json!({ "alg": "ES256", "crit": ["exp"] }),
        json!({ "alg": "ES256", "b64": false }),
        json!({ "alg": ["ES256"] }),
        json!({ "alg": null }),
        json!([]),
        json!("x"),
    ] {
        bad.push(("header", unsigned(&header, &claims, signature)));
    }
    bad.extend([
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{token}.{signature}")),
        ("five parts", "a.b.c.d.e".to_owned()),
        ("empty parts", "..".to_owned()),
        ("text", "x".to_owned()),
        ("padding", format!("{token}==")),
        ("other claims", {
            let other = to_base64url(Issuer::claims("globex", "logs:*:*").to_string().as_bytes());
            format!("{header}.{other}.{signature}")
        }),
        ("a changed signature", format!("{header}.{payload}.{}{}", &signature[1..], &signature[..1])),
    ]);
    for (name, value) in [
        ("exp", json!("9999999999")),
        ("exp", json!(1e300)),
        ("exp", Value::Null),
        ("nbf", json!(9_999_999_999_u64)),
        ("iat", json!(9_999_999_999_u64)),
        ("aud", json!("other")),
        ("aud", json!([])),
        ("iss", json!("other")),
        ("iss", json!(["test"])),
        ("tenant", json!("*")),
        ("tenant", json!("acme/..")),
        ("tenant", json!(["acme"])),
        ("tenant", Value::Null),
        ("sub", json!(7)),
        ("cnf", json!({ "jkt": "x" })),
        ("token_use", json!("id")),
    ] {
        let mut changed = claims.clone();
        changed[name] = value;
        bad.push((name, world.issuer.mint(&changed)));
    }
    bad
}

#[tokio::test]
async fn every_bad_token_is_refused_in_the_same_words() {
    let world = world().await;
    let mut answers = BTreeSet::new();
    let bad = bad_tokens(&world);
    // Twice: an answer must not depend on the cache of bad tokens.
    for (reason, token) in bad.iter().chain(&bad) {
        for target in [TARGET, "/logs/:globex:api", "/me", "/groups?nonsense"] {
            let answer = world.with_token(token).get(target).await;
            assert_eq!(answer.problem(), "401 invalid_token", "{reason}: {token}");
            answers.insert(whole(&answer));
        }
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(world.tenant("acme").get(TARGET).await.status, 200);
}

#[tokio::test]
async fn a_genuine_token_that_has_expired_is_told_so_and_a_forged_one_is_not() {
    let world = world().await;
    let mut expired = Issuer::claims("acme", "logs:*:*");
    expired["exp"] = (expired["iat"].as_i64().unwrap() - 3600).into();
    let genuine = world.issuer.mint(&expired);
    let mut answers = BTreeSet::new();
    for target in [TARGET, "/logs/:globex:api", "/me", "/groups?nonsense", "/queries/x", TARGET] {
        let answer = world.with_token(&genuine).get(target).await;
        assert_eq!(answer.problem(), "401 expired_token", "{target}");
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{}", answer.header("www-authenticate"));
        answers.insert(whole(&answer));
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let forged = format!("{}A", &genuine[..genuine.len() - 2]);
    let mut other_host = expired.clone();
    other_host["aud"] = "other".into();
    let mut foreign = expired;
    foreign["tenant"] = "aws".into();
    for token in [forged, world.issuer.mint(&other_host), world.issuer.mint(&foreign)] {
        assert_eq!(world.with_token(&token).get("/me").await.problem(), "401 invalid_token");
    }
}

#[tokio::test]
async fn without_the_issuers_keys_nobody_is_let_in_and_the_fault_is_not_the_callers() {
    let down = "[[auth.issuers]]\nissuer = \"down\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\n\
                keys = \"http://127.0.0.1:1/keys\"\n";
    let world = World::with(Options { tenants: Some(format!("{TENANTS}{down}")), ..Options::default() }).await;
    let mut claims = Issuer::claims("acme", "logs:*:*");
    claims["iss"] = "down".into();
    let answer = world.with_token(&world.issuer.mint(&claims)).get("/me").await;
    assert_eq!(answer.problem(), "503 keys_unavailable");
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(answer.header("www-authenticate"), "");
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
    // Tokens of the other issuer are not affected.
    assert_eq!(world.tenant("acme").get("/me").await.status, 200);
    // The service is ready, and reports the issuer that is not.
    let ready = world.operator().get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.json()["status"].as_str()), (200, Some("ready")), "{}", ready.text());
    let checks = ready.json()["checks"].as_array().unwrap().clone();
    let check = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap().clone();
    assert_eq!((check("issuer down")["ok"].as_bool(), check("issuer test")["ok"].as_bool()), (Some(false), Some(true)));
    assert!(check("issuer down")["problem"].as_str().unwrap().contains("no keys"));
}
