//! The rules of claims (rows 7 to 10 and 17), with a fixed clock.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::support::{
    Algorithm, ISSUER, IssuerRules, KEY, KeySource, NOW, Server, TestKey, TokenError, World, changed, claims_with, good_claims,
    good_header, rules,
};

async fn check(world: &World, claims: Value, is_accepted: bool) {
    let found = world.verify(&KEY.token(&good_header(), &claims)).await;
    assert_eq!(found.is_ok(), is_accepted, "{claims}: {found:?}");
    if let Err(error) = found {
        assert_ne!(error, TokenError::Signature, "{claims}: refused for the wrong reason");
    }
}

/// The good claims with `name` as each value, and without it.
async fn check_values(world: &World, name: &str, accepted: &[Value], refused: &[Value]) {
    for value in accepted {
        check(world, claims_with(name, Some(value.clone())), true).await;
    }
    for value in refused {
        check(world, claims_with(name, Some(value.clone())), false).await;
    }
}

#[tokio::test]
async fn audience_is_exactly_ours() {
    let world = World::new();
    let accepted = [json!("logmark"), json!(["logmark"]), json!(["other", "logmark"]), json!(["logmark", "logmark"])];
    let refused = [
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!(1),
        json!(true),
        json!("other"),
        json!("Logmark"),
        json!("logmark "),
        json!(" logmark"),
        json!("logmark/"),
        json!("logmar"),
        json!("logmarkk"),
        json!("logmark,other"),
        json!("other logmark"),
        json!("logmark\u{0}"),
        json!("*"),
        json!("logm\u{430}rk"),
        json!("https://logmark"),
        json!(["other"]),
        json!([["logmark"]]),
        json!(["logmark", 1]),
        json!([null, "logmark"]),
        json!(["logmark", ["logmark"]]),
        json!([{ "aud": "logmark" }, "logmark"]),
        json!({ "0": "logmark" }),
        json!({ "logmark": true }),
        json!(["log", "mark"]),
        json!(false),
        json!(0),
    ];
    check_values(&world, "aud", &accepted, &refused).await;
    check(&world, claims_with("aud", None), false).await;
    check(&world, changed(claims_with("aud", None), "Aud", Some("logmark".into())), false).await;
    check(&world, changed(claims_with("aud", None), "client_id", Some("logmark".into())), false).await;
}

#[tokio::test]
async fn a_client_list_stands_in_for_a_missing_audience_only() {
    let rules = IssuerRules { audiences: vec![], client_ids: vec!["app-1".into()], ..rules() };
    let world = World::with_rules(vec![rules.clone()]);
    let access = json!({ "token_use": "access", "client_id": "app-1" });
    let claims = |extra: &Value| {
        let mut claims = claims_with("aud", None);
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        claims
    };
    check(&world, claims(&access), true).await;
    for extra in [
        json!({}),
        json!({ "client_id": "app-1" }),
        json!({ "token_use": "access" }),
        json!({ "token_use": "id", "client_id": "app-1" }),
        json!({ "token_use": "ID", "client_id": "app-1" }),
        json!({ "token_use": "Access", "client_id": "app-1" }),
        json!({ "token_use": ["access"], "client_id": "app-1" }),
        json!({ "token_use": "access", "client_id": "app-2" }),
        json!({ "token_use": "access", "client_id": "APP-1" }),
        json!({ "token_use": "access", "client_id": ["app-1"] }),
        json!({ "token_use": "access", "client_id": null }),
        json!({ "token_use": "access", "azp": "app-1" }),
        json!({ "token_use": "access", "client_id": "app-1", "aud": "other" }),
        json!({ "token_use": "access", "client_id": "app-1", "aud": null }),
        json!({ "token_use": "access", "client_id": "app-1", "aud": [] }),
    ] {
        check(&world, claims(&extra), false).await;
    }
    let both = World::with_rules(vec![IssuerRules { audiences: vec!["logmark".into()], ..rules }]);
    check(&both, good_claims(), true).await;
    check(&both, claims(&access), true).await;
}

#[tokio::test]
async fn tokens_for_something_else_give_no_access() {
    let world = World::new();
    check_values(
        &world,
        "token_use",
        &[json!("access")],
        &[json!("id"), json!("refresh"), json!(null), json!(1), json!(["access"])],
    )
    .await;
    let thumbprint = json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" });
    check_values(&world, "cnf", &[], &[thumbprint, json!({}), json!(null), json!("x"), json!({ "x5t#S256": "x" })]).await;
}

#[tokio::test]
async fn issuer_is_exactly_a_configured_one() {
    let world = World::new();
    let refused = [
        json!(null),
        json!(""),
        json!(1),
        json!([ISSUER]),
        json!({ "iss": ISSUER }),
        json!(true),
        json!("https://issuer.example/"),
        json!("https://Issuer.example"),
        json!("HTTPS://issuer.example"),
        json!("http://issuer.example"),
        json!("https://issuer.example "),
        json!(" https://issuer.example"),
        json!("https://issuer.example\u{0}"),
        json!("https://issuer.example:443"),
        json!("https://issuer.example."),
        json!("https://issuer.example/.well-known"),
        json!("https://issuer.example@evil.example"),
        json!("https://evil.example#https://issuer.example"),
        json!("https://issuer\u{2024}example"),
        json!("https://\u{456}ssuer.example"),
        json!("issuer.example"),
        json!("*"),
        json!("https://issuer.example?x"),
        json!("https://issuer%2eexample"),
        json!("https:/issuer.example"),
    ];
    check_values(&world, "iss", &[json!(ISSUER)], &refused).await;
    check(&world, claims_with("iss", None), false).await;
    assert_eq!(world.server.count(), 1, "a foreign issuer caused a fetch");
}

#[tokio::test]
async fn keys_of_one_issuer_say_nothing_for_another() {
    let (a, b) = (TestKey::es256(), TestKey::es256());
    let keys_of = |name: &str| format!("https://{name}.example/keys");
    let server = Server::with_keys(&[]);
    let issuer = |name: &str, key: &TestKey| {
        server.serve(&keys_of(name), crate::auth::support::Answer::Body(crate::auth::support::jwks(&[key.jwk("same")])));
        let keys = KeySource::Url(keys_of(name).parse().unwrap());
        IssuerRules { issuer: format!("https://{name}.example"), keys, ..rules() }
    };
    let world = World::with_server(vec![issuer("a", &a), issuer("b", &b)], server.clone());
    let header = json!({ "alg": "ES256", "kid": "same" });
    for (key, name, is_accepted) in [(&a, "a", true), (&b, "b", true), (&a, "b", false), (&b, "a", false)] {
        let claims = claims_with("iss", Some(format!("https://{name}.example").into()));
        let found = world.verify(&key.token(&header, &claims)).await;
        assert_eq!(found.is_ok(), is_accepted, "{name}: {found:?}");
    }
}

#[tokio::test]
async fn dates_are_numbers_in_range() {
    let world = World::new();
    let never_a_date = [
        json!(null),
        json!(""),
        json!("1795172400"),
        json!(true),
        json!(false),
        json!([NOW + 60]),
        json!({}),
        json!(-1),
        json!(-0.5),
        json!(9_007_199_254_740_992_i64),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("2026-11-20T11:00:00Z"),
    ];
    check_values(&world, "exp", &[json!(NOW + 60), json!(NOW as f64 + 60.5), json!(1.7951688e9 + 3600.0)], &never_a_date).await;
    check_values(&world, "nbf", &[json!(0), json!(-0.0), json!(NOW), json!(NOW as f64 - 0.5)], &never_a_date).await;
    check_values(&world, "iat", &[json!(0), json!(NOW), json!(NOW as f64 + 0.25)], &never_a_date).await;
    check(&world, claims_with("exp", None), false).await;
    check(&world, claims_with("nbf", None), true).await;
    check(&world, claims_with("iat", None), true).await;
}

#[tokio::test]
async fn times_hold_to_the_edge() {
    let world = World::new();
    let day = 86_400;
    check_values(
        &world,
        "exp",
        &[json!(NOW - 59), json!(NOW as f64 - 59.5), json!(NOW), json!(NOW + day), json!(NOW + day + 12), json!(NOW + day + 60)],
        &[
            json!(NOW - 60),
            json!(NOW - 61),
            json!(0),
            json!(NOW + day + 61),
            json!(NOW as f64 + 86_460.5),
            json!(9_007_199_254_740_991_i64),
        ],
    )
    .await;
    check_values(&world, "nbf", &[json!(NOW + 60), json!(NOW + 59)], &[json!(NOW + 61), json!(NOW as f64 + 60.5)]).await;
    check_values(
        &world,
        "iat",
        &[json!(NOW + 60)],
        &[json!(NOW + 61), json!(NOW as f64 + 60.5), json!(9_007_199_254_740_991_i64)],
    )
    .await;
    let strict =
        World::with_rules(vec![IssuerRules { leeway: Duration::ZERO, max_lifetime: Duration::from_secs(3600), ..rules() }]);
    check_values(
        &strict,
        "exp",
        &[json!(NOW + 1), json!(NOW as f64 + 0.001), json!(NOW + 3600)],
        &[json!(NOW), json!(NOW - 1), json!(NOW + 3601)],
    )
    .await;
    check_values(&strict, "nbf", &[json!(NOW)], &[json!(NOW + 1)]).await;
}

#[tokio::test]
async fn subject_and_token_id_are_texts() {
    let world = World::new();
    let refused = [json!(null), json!(""), json!(1), json!(["user-1"]), json!({}), json!("a\nb"), json!("x".repeat(1025))];
    check_values(&world, "sub", &[json!("user-1"), json!("auth0|5f7c8ec7"), json!("x".repeat(1024)), json!("ünïcode")], &refused)
        .await;
    check_values(&world, "jti", &[json!("id-1")], &refused).await;
    check(&world, claims_with("sub", None), false).await;
}

#[tokio::test]
async fn tenant_is_a_tenant_id() {
    let world = World::new();
    let accepted = [
        json!("acme"),
        json!("a"),
        json!("A.b_c-9"),
        json!("x".repeat(128)),
        json!(".."),
        json!(1),
        json!(0),
        json!(9_007_199_254_740_991_u64),
    ];
    let refused = [
        json!(null),
        json!(""),
        json!(" "),
        json!("x".repeat(129)),
        json!(1.5),
        json!(1.0),
        json!(-1),
        json!(9_007_199_254_740_992_u64),
        json!(1e20),
        json!(["acme"]),
        json!({ "id": "acme" }),
        json!(true),
        json!("*"),
        json!("ac*"),
        json!("a/b"),
        json!("../b"),
        json!("a b"),
        json!("a\u{0}"),
        json!("ａcme"),
        json!("acmé"),
        json!("a:b"),
        json!("{tenant}"),
        json!("a\n"),
        json!("acme,other"),
        json!("%61cme"),
        json!("a\\b"),
        json!("a?"),
    ];
    check_values(&world, "tenant", &accepted, &refused).await;
    check(&world, claims_with("tenant", None), false).await;
}

#[tokio::test]
async fn claim_names_are_literal() {
    for name in
        ["custom:tenant_id", "https://logmark.example/tenant", "org.id", "a.b.c", "cognito:groups", "$.tenant", "tenant[0]"]
    {
        let world = World::with_rules(vec![IssuerRules { tenant_claim: name.into(), ..rules() }]);
        check(&world, claims_with(name, Some("other".into())), true).await;
        check(&world, good_claims(), false).await;
    }
}

#[tokio::test]
async fn a_claim_that_is_no_whole_name_is_a_path() {
    let world = World::with_rules(vec![IssuerRules { tenant_claim: "org.id".into(), ..rules() }]);
    let tenant = async |org: Value, literal: Option<Value>| {
        let claims = changed(claims_with("org", Some(org)), "org.id", literal);
        let found = world.verify(&KEY.token(&good_header(), &claims)).await;
        found.map(|claims| claims.tenant.to_string()).unwrap_or_else(|error| error.to_string())
    };
    assert_eq!(tenant(json!({ "id": "acme" }), None).await, "acme");
    assert_eq!(tenant(json!({ "id": 4711 }), None).await, "4711");
    assert_eq!(tenant(json!([{ "id": "acme" }]), None).await, "acme");
    assert_eq!(tenant(json!({ "id": "nested" }), Some("literal".into())).await, "literal");
    for (org, expected) in [
        (json!({ "id": ["acme"] }), "claim `org.id` is malformed"),
        (json!({ "id": null }), "claim `org.id` is malformed"),
        (json!([{ "id": "acme" }, { "id": "globex" }]), "claim `org.id` is malformed"),
        (json!({ "name": "acme" }), "claim `org.id` is missing"),
        (json!("acme"), "claim `org.id` is missing"),
        (json!(null), "claim `org.id` is missing"),
        (json!({ "id": "a/b" }), "claim `org.id` is not a tenant id"),
    ] {
        assert_eq!(tenant(org.clone(), None).await, expected, "{org}");
    }

    let names = ["realm_access.roles", "resource_access.logmark.roles", "https://example.com/scopes", "grants.scope"];
    let rules = IssuerRules { scope_claims: names.map(str::to_owned).to_vec(), ..rules() };
    let world = World::with_rules(vec![rules]);
    let mut claims = good_claims();
    claims.as_object_mut().unwrap().extend(
        json!({
            "realm_access": { "roles": ["a", "offline_access"] },
            "resource_access": { "logmark": { "roles": ["b"] }, "account": { "roles": ["c"] } },
            "https://example.com/scopes": "d e",
            "grants": [{ "scope": "f" }, { "scope": ["g", "h"] }, { "other": "i" }, "j"],
        })
        .as_object()
        .unwrap()
        .clone(),
    );
    assert_eq!(
        scopes(&world, claims).await.unwrap(),
        [
            "realm_access.roles=a",
            "realm_access.roles=offline_access",
            "resource_access.logmark.roles=b",
            "https://example.com/scopes=d",
            "https://example.com/scopes=e",
            "grants.scope=f",
            "grants.scope=g",
            "grants.scope=h",
        ]
    );
    let wrong = claims_with("realm_access", Some(json!({ "roles": { "a": true } })));
    assert_eq!(scopes(&world, wrong).await, Err(TokenError::MalformedClaim("realm_access.roles".into())));
}

async fn scopes(world: &World, claims: Value) -> Result<Vec<String>, TokenError> {
    let claims = world.verify(&KEY.token(&good_header(), &claims)).await?;
    Ok(claims.scopes.iter().map(|scope| format!("{}={}", scope.claim, scope.value)).collect())
}

#[tokio::test]
async fn scopes_come_from_every_configured_claim() {
    let names = ["scope", "scp", "permissions", "cognito:groups"];
    let rules = IssuerRules { scope_claims: names.map(str::to_owned).to_vec(), ..rules() };
    let world = World::with_rules(vec![rules]);
    let table: [(Value, &[&str]); 14] = [
        (json!({}), &[]),
        (json!({ "scope": "" }), &[]),
        (json!({ "scope": "a" }), &["scope=a"]),
        (json!({ "scope": "a b  c " }), &["scope=a", "scope=b", "scope=c"]),
        (json!({ "scope": " a" }), &["scope=a"]),
        (json!({ "scope": "a\tb\nc\u{a0}d,e" }), &["scope=a\tb\nc\u{a0}d,e"]),
        (json!({ "scp": ["a", "b c", ""] }), &["scp=a", "scp=b c"]),
        (json!({ "scope": "a a", "permissions": ["a", "b"] }), &["scope=a", "permissions=b"]),
        (json!({ "cognito:groups": ["x"], "scp": "y" }), &["scp=y", "cognito:groups=x"]),
        (json!({ "scopes": "a", "Scope": "b" }), &[]),
        (json!({ "scope": [] }), &[]),
        (json!({ "scope": null, "scp": "y" }), &["scp=y"]),
        (
            json!({ "scp": ["logs:read:/a logs:query:/a", "logs:read:/b"] }),
            &["scp=logs:read:/a", "scp=logs:query:/a", "scp=logs:read:/b"],
        ),
        // A group's name may contain spaces; a part of it is not a scope.
        (json!({ "cognito:groups": ["team logs:read:/a"] }), &["cognito:groups=team logs:read:/a"]),
    ];
    for (extra, expected) in table {
        let mut claims = claims_with("scope", None);
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(scopes(&world, claims).await.unwrap(), expected, "{extra}");
    }
    for value in [json!(1), json!(true), json!({}), json!([1]), json!(["a", null]), json!([["a"]]), json!({ "a": true })] {
        for name in names {
            let found = scopes(&world, claims_with(name, Some(value.clone()))).await;
            assert_eq!(found, Err(TokenError::MalformedClaim(name.into())), "{name} {value}");
        }
    }
}

#[tokio::test]
async fn scopes_are_bounded() {
    let world = World::new();
    let many = |count: usize| json!((0..count).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" "));
    assert_eq!(scopes(&world, claims_with("scope", Some(many(1000)))).await.unwrap().len(), 1000);
    let refused = [many(1001), json!("x".repeat(1025)), json!(["x".repeat(1025)])];
    for value in refused {
        assert_eq!(scopes(&world, claims_with("scope", Some(value))).await, Err(TokenError::Scopes));
    }
}

#[test]
fn every_mistake_in_the_rules_is_told() {
    let wrong = |change: fn(&mut IssuerRules)| {
        let mut rules = rules();
        change(&mut rules);
        rules.errors().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let issuer = "issuer `https://issuer.example`";
    assert!(wrong(|_| {}).is_empty());
    assert_eq!(wrong(|rules| rules.audiences.clear()), [format!("{issuer}: `audiences` is empty")]);
    assert_eq!(wrong(|rules| rules.algorithms.clear()), [format!("{issuer}: `algorithms` is empty")]);
    assert_eq!(
        wrong(|rules| rules.algorithms.push(Algorithm::Hs256)),
        [
            format!("{issuer}: HS256 cannot be combined with other algorithms; configure its keys as an issuer of their own"),
            format!("{issuer}: HS256 needs its key in a file"),
        ]
    );
    assert_eq!(
        wrong(|rules| rules.keys = KeySource::Url("http://issuer.example/keys".parse().unwrap())),
        [format!("{issuer}: the URL of the keys must use https, or http on this machine")]
    );
    assert!(wrong(|rules| rules.keys = KeySource::Url("http://127.0.0.1:1/keys".parse().unwrap())).is_empty());
    assert_eq!(wrong(|rules| rules.leeway = Duration::from_secs(3600)), [format!("{issuer}: `leeway` is out of range")]);
    let server = Server::with_keys(&[]);
    let twice =
        crate::auth::support::Verifier::new(vec![rules(), rules()], server.clone(), crate::auth::support::HeldClock::new());
    assert_eq!(twice.unwrap_err()[0].to_string(), format!("{issuer} is configured twice"));
    let none = crate::auth::support::Verifier::new(vec![], server, crate::auth::support::HeldClock::new());
    assert_eq!(none.unwrap_err()[0].to_string(), "no issuer is configured");
}
