//! A public key used as a secret, and one algorithm used as another (rows 1 and 2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use logmark::auth::keys::{KeySet, SetOrigin, verify_signature};
use serde_json::{Value, json};

use crate::auth::support::{
    Algorithm, IssuerRules, KEY, KeySource, RSA, Server, TestKey, World, good_claims, jwks, rules, to_base64url, world_for,
};

/// All encodings of "the bytes of the public key" that an attacker could use.
fn forms(key: &TestKey) -> Vec<(String, Vec<u8>)> {
    let spki = key.spki();
    let text = STANDARD.encode(&spki);
    let pem = |width: usize, end: &str, label: &str| {
        let lines: Vec<_> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----{end}{}{end}-----END {label}-----", lines.join(end))
    };
    let mut forms = vec![
        ("spki".to_owned(), spki.clone()),
        ("spki in base64".to_owned(), text.clone().into_bytes()),
        ("spki in base64url".to_owned(), to_base64url(&spki).into_bytes()),
        ("raw".to_owned(), key.raw_public()),
        ("raw in base64url".to_owned(), to_base64url(&key.raw_public()).into_bytes()),
        ("jwk".to_owned(), key.jwk("k1").to_string().into_bytes()),
        ("bare jwk".to_owned(), key.bare_jwk().to_string().into_bytes()),
        ("jwks".to_owned(), jwks(&[key.jwk("k1")])),
        ("empty".to_owned(), Vec::new()),
        ("kid".to_owned(), b"k1".to_vec()),
    ];
    for (width, end, label) in
        [(64, "\n", "PUBLIC KEY"), (64, "\r\n", "PUBLIC KEY"), (76, "\n", "PUBLIC KEY"), (4096, "\n", "RSA PUBLIC KEY")]
    {
        let pem = pem(width, end, label);
        forms.push((format!("pem {width} {end:?}"), pem.clone().into_bytes()));
        forms.push((format!("pem {width} {end:?} with end"), format!("{pem}{end}").into_bytes()));
    }
    for (name, value) in key.bare_jwk().as_object().unwrap() {
        let text = value.as_str().unwrap();
        forms.push((format!("member {name}"), text.as_bytes().to_vec()));
        forms.extend(crate::auth::support::base64url(text).ok().map(|bytes| (format!("bytes of {name}"), bytes)));
    }
    forms
}

#[tokio::test]
async fn no_form_of_a_public_key_is_a_secret() {
    for key in [&*RSA, &*KEY, &TestKey::ed(), &TestKey::es384()] {
        let world = world_for(key);
        let algorithm = key.algorithm();
        world.verify(&key.token(&json!({ "alg": algorithm, "kid": "k1" }), &good_claims())).await.unwrap();
        for (form, bytes) in forms(key) {
            let forger = TestKey::Secret(bytes);
            for alg in ["HS256", "HS384", "HS512", algorithm] {
                for header in [json!({ "alg": alg, "kid": "k1" }), json!({ "alg": alg })] {
                    let found = world.verify(&forger.token(&header, &good_claims())).await;
                    assert!(found.is_err(), "{algorithm} key as {form} with {header}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_key_has_one_algorithm() {
    let all = vec![Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
    let server = Server::with_keys(&[RSA.jwk("k1"), KEY.jwk("k2")]);
    let world = World::with_server(vec![IssuerRules { algorithms: all, ..rules() }], server);
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    world.verify(&RSA.token(&header("RS256", "k1"), &good_claims())).await.unwrap();
    world.verify(&KEY.token(&header("ES256", "k2"), &good_claims())).await.unwrap();
    for alg in ["RS384", "RS512", "PS256", "ES256", "EdDSA", "HS256"] {
        let found = world.verify(&RSA.token(&header(alg, "k1"), &good_claims())).await;
        assert!(found.is_err(), "{alg}");
    }
    for alg in ["RS256", "PS256", "EdDSA", "ES384"] {
        assert!(world.verify(&KEY.token(&header(alg, "k2"), &good_claims())).await.is_err(), "{alg}");
    }
    for (key, kid) in [(&*RSA, "k2"), (&*KEY, "k1")] {
        assert!(world.verify(&key.token(&header(key.algorithm(), kid), &good_claims())).await.is_err());
    }
}

#[tokio::test]
async fn every_algorithm_verifies_its_own_signature_and_no_altered_one() {
    let keys =
        [TestKey::rsa("RS384"), TestKey::rsa("RS512"), TestKey::rsa("PS256"), TestKey::es384(), TestKey::ed(), TestKey::es256()];
    for key in keys.iter().chain([&*RSA]) {
        let world = world_for(key);
        let token = key.token(&json!({ "alg": key.algorithm(), "kid": "k1" }), &good_claims());
        world.verify(&token).await.unwrap();
        let algorithm: Algorithm = key.algorithm().parse().unwrap();
        let set = KeySet::parse(&jwks(&[key.jwk("k1")]), &[algorithm], SetOrigin::Remote).unwrap();
        let (input, _) = token.rsplit_once('.').unwrap();
        let signature = key.sign(input.as_bytes());
        for bit in 0..signature.len() * 8 {
            let mut altered = signature.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(verify_signature(&set.keys()[0], input.as_bytes(), &altered).is_err(), "{algorithm} bit {bit}");
        }
        for altered in [&signature[1..], &[&[0], &signature[..]].concat(), &[&signature[..], &[0]].concat(), &[]] {
            assert!(verify_signature(&set.keys()[0], input.as_bytes(), altered).is_err(), "{algorithm} length");
        }
    }
}

#[tokio::test]
async fn a_secret_in_a_file_verifies_hs256_and_nothing_else() {
    let secret = TestKey::Secret(b"a secret of at least 32 bytes, this one".to_vec());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    logmark::files::replace(&path, &jwks(&[secret.jwk("k1")]), logmark::files::PRIVATE).unwrap();
    let rules = IssuerRules { algorithms: vec![Algorithm::Hs256], keys: KeySource::File(path), ..rules() };
    let world = World::with_rules(vec![rules]);
    world.verify(&secret.token(&json!({ "alg": "HS256", "kid": "k1" }), &good_claims())).await.unwrap();
    let weak: [Value; 3] = [json!(""), json!("secret"), json!("a secret of at least 32 bytes, this on")];
    for guess in weak {
        let forger = TestKey::Secret(guess.as_str().unwrap().as_bytes().to_vec());
        assert!(world.verify(&forger.token(&json!({ "alg": "HS256", "kid": "k1" }), &good_claims())).await.is_err());
    }
    for alg in ["HS384", "HS512", "none", "ES256"] {
        assert!(world.verify(&secret.token(&json!({ "alg": alg, "kid": "k1" }), &good_claims())).await.is_err());
    }
}
