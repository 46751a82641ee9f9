//! Keys over time: outages, rotation, invalid responses, floods (rows 4 and 5).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::support::{
    Algorithm, Answer, ISSUER, IssuerRules, KEY, KEYS_URL, KeySource, Server, TestKey, TokenError, World, changed, claims_with,
    good_claims, good_header, jwks, rules,
};

fn token() -> String {
    KEY.token(&good_header(), &good_claims())
}

/// A different valid token each time, so that the token cache is not used.
fn fresh_token(n: usize) -> String {
    KEY.token(&good_header(), &claims_with("jti", Some(n.to_string().into())))
}

fn unknown(n: usize) -> String {
    KEY.token(&changed(good_header(), "kid", Some(format!("unknown-{n}").into())), &good_claims())
}

#[tokio::test]
async fn keys_are_read_on_first_use_or_at_start() {
    let world = World::new();
    assert_eq!((world.server.count(), world.verifier.ready()[0].keys), (0, 0));
    world.verify(&token()).await.unwrap();
    assert_eq!((world.server.count(), world.verifier.ready()[0].keys), (1, 1));
    let world = World::new();
    world.verifier.refresh().await;
    world.verify(&token()).await.unwrap();
    assert_eq!(world.server.count(), 1);
}

#[tokio::test]
async fn unknown_kids_ask_the_issuer_once_in_thirty_seconds() {
    let world = World::new();
    world.verify(&token()).await.unwrap();
    for n in 0..10_000 {
        assert!(matches!(world.verify(&unknown(n)).await, Err(TokenError::KeySelectionError { .. })));
    }
    assert_eq!(world.server.count(), 2);
    world.clock.advance(29);
    world.verify(&unknown(0)).await.unwrap_err();
    assert_eq!(world.server.count(), 2);
    world.clock.advance(1);
    world.verify(&unknown(0)).await.unwrap_err();
    assert_eq!(world.server.count(), 3);
    world.verify(&fresh_token(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn concurrent_callers_wait_for_one_fetch() {
    let server = Server::with_keys(&[]);
    server.serve(KEYS_URL, Answer::Slow(Duration::from_secs(2), jwks(&[KEY.jwk("k1")])));
    let world = Arc::new(World::with_server(vec![rules()], server.clone()));
    let verify_all = async |tokens: Vec<String>| {
        let tasks: Vec<_> = tokens
            .into_iter()
            .map(|token| {
                let world = world.clone();
                tokio::spawn(async move { world.verify(&token).await.is_ok() })
            })
            .collect();
        let mut good = 0;
        for task in tasks {
            good += usize::from(task.await.unwrap());
        }
        good
    };
    assert_eq!(verify_all((0..100).map(fresh_token).collect()).await, 100);
    assert_eq!(server.count(), 1);
    assert_eq!(verify_all((0..100).map(unknown).collect()).await, 0);
    assert_eq!(server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_take_the_fetch_along() {
    let server = Server::with_keys(&[]);
    server.serve(KEYS_URL, Answer::Slow(Duration::from_secs(2), jwks(&[KEY.jwk("k1")])));
    let world = World::with_server(vec![rules()], server.clone());
    let impatient = tokio::time::timeout(Duration::from_millis(10), world.verify(&token())).await;
    assert!(impatient.is_err());
    world.verify(&token()).await.unwrap();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_new_key_works_at_once_and_a_withdrawn_one_is_gone() {
    let world = World::new();
    world.verify(&token()).await.unwrap();
    let next = TestKey::es256();
    world.server.serve_keys(&[KEY.jwk("k1"), next.jwk("k2")]);
    let header = json!({ "alg": "ES256", "kid": "k2" });
    world.verify(&next.token(&header, &good_claims())).await.unwrap();
    world.verify(&token()).await.unwrap();
    world.server.serve_keys(&[next.jwk("k2")]);
    world.verifier.refresh().await;
    assert!(matches!(world.verify(&token()).await, Err(TokenError::KeySelectionError { .. })), "remembered token");
    assert!(matches!(world.verify(&fresh_token(1)).await, Err(TokenError::KeySelectionError { .. })), "new token");
    world.verify(&next.token(&header, &good_claims())).await.unwrap();
}

#[tokio::test]
async fn a_withdrawn_key_is_gone_by_age_alone() {
    let world = World::new();
    world.verify(&token()).await.unwrap();
    world.server.serve_keys(&[TestKey::es256().jwk("k2")]);
    world.clock.advance(599);
    world.verify(&token()).await.unwrap();
    assert_eq!(world.server.count(), 1);
    world.clock.advance(1);
    world.verify(&token()).await.unwrap();
    while world.server.count() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    assert!(world.verify(&token()).await.is_err(), "refreshed in the background");

    let world = World::new();
    world.verify(&token()).await.unwrap();
    world.server.serve_keys(&[TestKey::es256().jwk("k2")]);
    world.clock.advance(1200);
    assert!(world.verify(&token()).await.is_err(), "idle for two periods: refreshed before use");
}

fn faults() -> Vec<(&'static str, Answer)> {
    let secret = TestKey::Secret(vec![7; 32]).jwk("k1");
    let weak = json!({ "kty": "RSA", "alg": "ES256", "kid": "k1", "n": "rJBIp6T1YK-RtPyvYqFFlcucqewS", "e": "AQ" });
    let body = |keys: &[Value]| Answer::Body(jwks(keys));
    vec![
        ("500", Answer::Status(500)),
        ("404", Answer::Status(404)),
        ("redirect", Answer::Status(302)),
        ("connection refused", Answer::Refused),
        ("hang", Answer::Hang),
        ("panic", Answer::Panic),
        ("HTML", Answer::Body(b"<!doctype html><html><body>maintenance</body></html>".to_vec())),
        ("nothing", Answer::Body(Vec::new())),
        ("10 MB of space", Answer::Body(vec![b' '; 10 << 20])),
        ("10 MB around a good set", Answer::Body([jwks(&[KEY.jwk("k1")]), vec![b' '; 10 << 20]].concat())),
        ("deep", Answer::Body(b"[".repeat(100_000))),
        ("empty set", body(&[])),
        ("secret only", body(&[secret])),
        ("weak key only", body(&[weak])),
        ("key for encryption only", body(&[changed(KEY.jwk("k1"), "use", Some("enc".into()))])),
        ("private key", body(&[changed(KEY.jwk("k1"), "d", Some("AAAA".into()))])),
        ("duplicate kid only", body(&[TestKey::es256().jwk("k1"), TestKey::es256().jwk("k1")])),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_last_good_set_outlives_every_fault() {
    for (name, fault) in faults() {
        let world = World::new();
        world.verify(&token()).await.unwrap();
        world.server.serve(KEYS_URL, fault);
        world.verifier.refresh().await;
        assert_eq!((world.verifier.ready()[0].keys, world.server.count()), (1, 2), "{name}");
        world.verify(&token()).await.unwrap();
        world.verify(&fresh_token(1)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let forged = TestKey::es256().token(&good_header(), &good_claims());
        assert_eq!(world.verify(&forged).await.unwrap_err(), TokenError::Signature, "{name}");
        world.server.serve_keys(&[TestKey::es256().jwk("k2")]);
        world.verifier.refresh().await;
        assert!(world.verify(&token()).await.is_err(), "{name}: a valid set is used again");
    }
}

#[tokio::test(start_paused = true)]
async fn without_any_good_set_the_trouble_is_not_the_callers() {
    for (name, fault) in faults() {
        let world = World::new();
        world.server.serve(KEYS_URL, fault);
        for _ in 0..100 {
            let error = world.verify(&token()).await.unwrap_err();
            assert!(error.is_unavailable(), "{name}: {error}");
        }
        let once = world.server.count();
        assert!(once <= 1, "{name}: {once} fetches");
        world.server.serve_keys(&[KEY.jwk("k1")]);
        world.clock.advance(30);
        world.verify(&token()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_issuer_holds_up_nobody_who_has_keys() {
    let world = World::new();
    world.verify(&token()).await.unwrap();
    world.server.serve(KEYS_URL, Answer::Hang);
    world.verifier.refresh().await;
    for n in 0..100 {
        world.clock.advance(1300);
        let started = tokio::time::Instant::now();
        world
            .verify(&KEY.token(&good_header(), &claims_with("exp", Some((crate::auth::support::NOW + 1300 * 60).into()))))
            .await
            .ok();
        assert!(started.elapsed().is_zero(), "round {n} waited {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_clock_set_back_stops_nothing() {
    let world = World::new();
    world.verify(&token()).await.unwrap();
    world.clock.advance(-3600);
    let header = json!({ "alg": "ES256", "kid": "k1" });
    let claims = claims_with("iat", None);
    world.verify(&KEY.token(&header, &claims)).await.unwrap();
}

#[tokio::test]
async fn a_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let world = World::with_rules(vec![IssuerRules { keys: KeySource::File(path.clone()), ..rules() }]);
    assert!(world.verify(&token()).await.unwrap_err().is_unavailable());
    std::fs::write(&path, jwks(&[KEY.jwk("k1")])).unwrap();
    world.clock.advance(1);
    world.verify(&token()).await.unwrap();
    let next = TestKey::es256();
    std::fs::write(&path, jwks(&[next.jwk("k1")])).unwrap();
    world.verifier.refresh().await;
    assert_eq!(world.verify(&token()).await.unwrap_err(), TokenError::Signature);
    world.verify(&next.token(&good_header(), &good_claims())).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    world.verifier.refresh().await;
    world.verify(&next.token(&good_header(), &good_claims())).await.unwrap();
    assert_eq!(world.server.count(), 0);
}

fn discovery(issuer: &str, keys: &str) -> Answer {
    Answer::Body(json!({ "issuer": issuer, "jwks_uri": keys, "nested": { "a": [1] } }).to_string().into_bytes())
}

#[tokio::test]
async fn discovery_speaks_for_its_issuer_only() {
    let address = "https://issuer.example/.well-known/openid-configuration";
    let world_with = |answer: Answer| {
        let world = World::with_rules(vec![IssuerRules { keys: KeySource::Discover, ..rules() }]);
        world.server.serve(address, answer);
        world
    };
    world_with(discovery(ISSUER, KEYS_URL)).verify(&token()).await.unwrap();
    let hostile = [
        discovery("https://issuer.example/", KEYS_URL),
        discovery("https://ISSUER.example", KEYS_URL),
        discovery("https://evil.example", KEYS_URL),
        discovery(ISSUER, "http://issuer.example/keys"),
        discovery(ISSUER, "file:///etc/passwd"),
        discovery(ISSUER, "ftp://issuer.example/keys"),
        discovery(ISSUER, "/keys"),
        discovery(ISSUER, ""),
        discovery(ISSUER, "http://127.0.0.1.evil.example/keys"),
        discovery(ISSUER, "http://localhost.evil.example/keys"),
        discovery(ISSUER, "http://127.0.0.1@evil.example/keys"),
        Answer::Body(json!({ "issuer": [ISSUER], "jwks_uri": KEYS_URL }).to_string().into_bytes()),
        Answer::Body(json!({ "issuer": ISSUER }).to_string().into_bytes()),
        Answer::Body(format!(r#"{{"issuer":"{ISSUER}","issuer":"{ISSUER}","jwks_uri":"{KEYS_URL}"}}"#).into_bytes()),
        Answer::Body(b"<html>".to_vec()),
        Answer::Status(404),
    ];
    for answer in hostile {
        let world = world_with(answer);
        assert!(world.verify(&token()).await.unwrap_err().is_unavailable());
        assert_eq!(world.server.count(), 1, "the key set of a refused document was fetched");
    }
}

#[tokio::test]
async fn discovery_follows_a_moved_key_set() {
    let address = "https://issuer.example/.well-known/openid-configuration";
    let world = World::with_rules(vec![IssuerRules { keys: KeySource::Discover, ..rules() }]);
    world.server.serve(address, discovery(ISSUER, KEYS_URL));
    world.verify(&token()).await.unwrap();
    let next = TestKey::es256();
    world.server.serve(address, discovery(ISSUER, "https://keys.example/moved"));
    world.server.serve("https://keys.example/moved", Answer::Body(jwks(&[next.jwk("k2")])));
    world.verify(&next.token(&json!({ "alg": "ES256", "kid": "k2" }), &good_claims())).await.unwrap();
}

#[tokio::test]
async fn a_discovery_document_leads_neither_inside_nor_to_plain_http() {
    let address = "https://issuer.example/.well-known/openid-configuration";
    let verified = async |keys: &str, allow_private_jwks_uri: bool| {
        let world = World::with_rules(vec![IssuerRules { keys: KeySource::Discover, allow_private_jwks_uri, ..rules() }]);
        world.server.serve(address, discovery(ISSUER, keys));
        world.server.serve(keys, Answer::Body(jwks(&[KEY.jwk("k1")])));
        let is_verified = world.verify(&token()).await.is_ok();
        (is_verified, world.server.count(), world.server.public_fetches.load(std::sync::atomic::Ordering::SeqCst))
    };
    for inside in [
        "https://127.0.0.1/keys",
        "https://127.0.0.1:8443/keys",
        "https://[::1]/keys",
        "https://[::ffff:10.0.0.1]/keys",
        "https://localhost/keys",
        "https://sub.localhost/keys",
        "https://localhost./keys",
        "https://10.1.2.3/keys",
        "https://192.168.0.1/keys",
        "https://172.16.0.1/keys",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/keys",
        "https://0x7f000001/keys",
        "https://2130706433/keys",
        "https://0/keys",
    ] {
        let normal: url::Url = inside.parse().unwrap();
        assert_eq!(verified(normal.as_str(), false).await, (false, 1, 0), "{inside}");
        assert_eq!(verified(normal.as_str(), true).await, (true, 2, 0), "{inside}");
    }
    for plain in ["http://127.0.0.1/keys", "http://localhost:9/keys", "http://[::1]/keys"] {
        assert_eq!(verified(plain, false).await, (false, 1, 0), "{plain}");
        assert_eq!(verified(plain, true).await, (false, 1, 0), "{plain}");
    }
    // The operator chose the issuer's own origin; any other name may resolve only to public addresses.
    assert_eq!(verified(KEYS_URL, false).await, (true, 2, 0));
    assert_eq!(verified("https://keys.example/keys", false).await, (true, 2, 1));
    assert_eq!(verified("https://8.8.8.8/keys", false).await, (true, 2, 1));
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_file_that_others_can_change_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, jwks(&[KEY.jwk("k1")])).unwrap();
    let world = World::with_rules(vec![IssuerRules { keys: KeySource::File(path.clone()), ..rules() }]);
    for mode in [0o664, 0o646, 0o666] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        world.verifier.refresh().await;
        assert_eq!(world.verifier.ready()[0].keys, 0, "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    world.verifier.refresh().await;
    world.verify(&token()).await.unwrap();
    // A change of the permissions takes effect at the next read; the previous keys stay.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    std::fs::write(&path, jwks(&[TestKey::es256().jwk("k1")])).unwrap();
    world.verifier.refresh().await;
    world.verify(&token()).await.unwrap();
    let secret = TestKey::Secret(vec![7; 32]);
    std::fs::write(&path, jwks(&[secret.jwk("k1")])).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let shared = IssuerRules { keys: KeySource::File(path.clone()), algorithms: vec![Algorithm::Hs256], ..rules() };
    let world = World::with_rules(vec![shared]);
    world.verifier.refresh().await;
    assert_eq!(world.verifier.ready()[0].keys, 0, "everybody can read the secret");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    world.verifier.refresh().await;
    assert_eq!(world.verifier.ready()[0].keys, 1);
}

#[test]
fn a_key_source_is_written_in_one_of_three_ways() {
    for text in [
        "discover",
        "https://issuer.example/keys",
        "http://127.0.0.1:8080/keys",
        "http://[::1]/keys",
        "file:jwks.json",
        "file:/etc/jwks",
    ] {
        text.parse::<KeySource>().unwrap();
    }
    for text in [
        "",
        "Discover",
        "file:",
        "jwks.json",
        "http://issuer.example/keys",
        "ftp://issuer.example/keys",
        "https://",
        "//issuer.example",
    ] {
        assert!(text.parse::<KeySource>().is_err(), "{text}");
    }
}
