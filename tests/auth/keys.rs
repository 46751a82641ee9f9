//! Which keys of a set are used (rows 2 and 6).

use logmark::auth::keys::{KeyRefusal, KeySelectionError, KeySet, SetError, SetOrigin};
use serde_json::{Value, json};

use crate::auth::support::{Algorithm, KEY, RSA, TestKey, base64url, changed, jwks, to_base64url};

const PUBLIC: [Algorithm; 7] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

fn read(key: &Value) -> Result<Algorithm, SetError> {
    read_with(key, &PUBLIC, SetOrigin::Remote)
}

fn read_with(key: &Value, algorithms: &[Algorithm], origin: SetOrigin) -> Result<Algorithm, SetError> {
    KeySet::parse(&jwks(std::slice::from_ref(key)), algorithms, origin).map(|set| set.keys()[0].algorithm())
}

fn check_refused(key: &Value, reason: KeyRefusal) {
    assert_eq!(read(key), Err(SetError::Empty(Some(reason))), "{key}");
}

#[test]
fn every_algorithm_has_its_key() {
    let keys = [TestKey::rsa("RS384"), TestKey::rsa("RS512"), TestKey::rsa("PS256"), TestKey::es384(), TestKey::ed()];
    for key in keys.iter().chain([&*RSA, &*KEY]) {
        assert_eq!(read(&key.jwk("k")).unwrap().name(), key.algorithm());
    }
    let secret = TestKey::Secret(vec![7; 32]).jwk("k");
    assert_eq!(read_with(&secret, &[Algorithm::Hs256], SetOrigin::File), Ok(Algorithm::Hs256));
}

#[test]
fn a_key_without_alg_takes_the_first_configured_one_that_fits() {
    let rsa = RSA.bare_jwk();
    for (configured, expected) in [
        (vec![Algorithm::Ps256, Algorithm::Rs256], Algorithm::Ps256),
        (vec![Algorithm::Es256, Algorithm::Rs512, Algorithm::Rs256], Algorithm::Rs512),
    ] {
        assert_eq!(read_with(&rsa, &configured, SetOrigin::Remote), Ok(expected));
    }
    let none_fits = Err(SetError::Empty(Some(KeyRefusal::Algorithm)));
    assert_eq!(read_with(&rsa, &[Algorithm::Es256], SetOrigin::Remote), none_fits);
    assert_eq!(read_with(&KEY.bare_jwk(), &[Algorithm::Es384], SetOrigin::Remote), none_fits);
    assert_eq!(read_with(&RSA.jwk("k"), &[Algorithm::Ps256], SetOrigin::Remote), none_fits);
}

#[test]
fn a_secret_is_used_only_from_a_file_and_for_hs256_alone() {
    let secret = TestKey::Secret(vec![7; 64]).jwk("k");
    let hs256 = [Algorithm::Hs256];
    let refused = Err(SetError::Empty(Some(KeyRefusal::Symmetric)));
    assert_eq!(read_with(&secret, &hs256, SetOrigin::Remote), refused);
    assert_eq!(read_with(&secret, &PUBLIC, SetOrigin::File), refused);
    assert_eq!(read_with(&secret, &PUBLIC, SetOrigin::Remote), refused);
    let mixed = jwks(&[secret.clone(), KEY.jwk("k2")]);
    assert_eq!(KeySet::parse(&mixed, &hs256, SetOrigin::File), Err(SetError::Mixed));
    let remote = KeySet::parse(&mixed, &PUBLIC, SetOrigin::Remote).unwrap();
    assert_eq!((remote.keys().len(), remote.refused()[0].reason), (1, KeyRefusal::Symmetric));
    for length in [0, 1, 16, 31] {
        let short = TestKey::Secret(vec![7; length]).jwk("k");
        let found = read_with(&short, &hs256, SetOrigin::File);
        assert_eq!(found, Err(SetError::Empty(Some(KeyRefusal::ShortSecret(length)))));
    }
}

#[test]
fn a_key_is_for_verifying_signatures() {
    for key in [&*RSA, &*KEY] {
        let with = |name: &str, value: Value| changed(key.jwk("k"), name, Some(value));
        for (name, value) in [("use", json!("sig")), ("key_ops", json!(["verify"])), ("key_ops", json!(["sign", "verify"]))] {
            read(&with(name, value)).unwrap();
        }
        for value in [json!("enc"), json!("SIG"), json!(""), json!(null), json!(["sig"]), json!(1)] {
            check_refused(&with("use", value), KeyRefusal::Use);
        }
        let operations = [
            json!([]),
            json!(["sign"]),
            json!(["encrypt"]),
            json!(["verify", "verify"]),
            json!(["verify", "encrypt"]),
            json!(["verify", "wrapKey"]),
            json!("verify"),
            json!(null),
            json!(["VERIFY"]),
            json!([["verify"]]),
            json!(["verify", 1]),
        ];
        for value in operations {
            check_refused(&with("key_ops", value), KeyRefusal::Operations);
        }
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
            check_refused(&with(member, json!("AQAB")), KeyRefusal::Private);
        }
        for (name, value) in [("kid", json!(null)), ("kid", json!(1)), ("kid", json!("k".repeat(257))), ("alg", json!(null))] {
            assert!(matches!(read(&with(name, value)), Err(SetError::Empty(Some(KeyRefusal::Malformed(_))))));
        }
        for alg in ["none", "HS256", "ES521", "ES224", "RSA-OAEP", "ECDH-ES", "", "rs256", "A256GCM", "ES384", "EdDSA"] {
            check_refused(&with("alg", json!(alg)), KeyRefusal::Algorithm);
        }
    }
}

#[test]
fn rsa_keys_are_strong() {
    let with = |name: &str, bytes: &[u8]| changed(RSA.jwk("k"), name, Some(to_base64url(bytes).into()));
    let modulus = base64url(RSA.bare_jwk()["n"].as_str().unwrap()).unwrap();
    let odd = |bytes: usize| [&vec![0xcb; bytes - 1][..], &[0xef]].concat();
    read(&with("n", &[&[0, 0], &modulus[..]].concat())).unwrap();
    read(&with("n", &odd(1024))).unwrap();
    for bytes in [1, 64, 128, 255, 1025, 2048] {
        assert!(matches!(read(&with("n", &odd(bytes))), Err(SetError::Empty(Some(KeyRefusal::Rsa(_))))), "{bytes}");
    }
    let mut even = modulus.clone();
    even[255] &= 0xfe;
    assert!(matches!(read(&with("n", &even)), Err(SetError::Empty(Some(KeyRefusal::Rsa(_))))));
    for exponent in [&[3][..], &[1, 0, 1], &[0, 1, 0, 1], &[1, 0, 0, 0, 1]] {
        read(&with("e", exponent)).unwrap();
    }
    for exponent in [&[][..], &[0], &[1], &[0, 0, 1], &[2], &[4], &[1, 0, 0], &[3, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 1]] {
        assert!(matches!(read(&with("e", exponent)), Err(SetError::Empty(Some(KeyRefusal::Rsa(_))))), "{exponent:?}");
    }
    for value in [json!(null), json!(65537), json!("AQAB="), json!("A Q"), json!("AQ+B"), json!("AQB")] {
        check_refused(&changed(RSA.jwk("k"), "e", Some(value)), KeyRefusal::Malformed("e"));
    }
    check_refused(&changed(RSA.jwk("k"), "n", None), KeyRefusal::Malformed("n"));
}

#[test]
fn points_are_on_their_curve() {
    let good = KEY.jwk("k");
    let x = base64url(good["x"].as_str().unwrap()).unwrap();
    let with = |name: &str, bytes: &[u8]| changed(good.clone(), name, Some(to_base64url(bytes).into()));
    let mut off = x.clone();
    off[31] ^= 1;
    for bytes in [off, vec![0; 32], vec![0xff; 32]] {
        check_refused(&with("x", &bytes), KeyRefusal::NotOnCurve);
    }
    for bytes in [x[1..].to_vec(), [&[0], &x[..]].concat(), vec![]] {
        check_refused(&with("x", &bytes), KeyRefusal::Malformed("x"));
    }
    check_refused(&changed(good.clone(), "crv", Some("P-384".into())), KeyRefusal::Malformed("x"));
    for curve in ["P-521", "secp256k1", "p-256", "Ed25519", ""] {
        check_refused(&changed(good.clone(), "crv", Some(curve.into())), KeyRefusal::UnsupportedType);
    }
    for kind in ["RSA", "OKP"] {
        assert!(read(&changed(good.clone(), "kty", Some(kind.into()))).is_err());
    }
    for kind in ["ec", "AKP", ""] {
        check_refused(&changed(good.clone(), "kty", Some(kind.into())), KeyRefusal::UnsupportedType);
    }
}

#[test]
fn ed25519_points_have_a_large_order() {
    let good = TestKey::ed().jwk("k");
    let with = |bytes: &[u8]| changed(good.clone(), "x", Some(to_base64url(bytes).into()));
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    for mut point in [[0; 32], identity, minus_one] {
        check_refused(&with(&point), KeyRefusal::SmallOrder);
        point[31] |= 0x80;
        check_refused(&with(&point), KeyRefusal::SmallOrder);
    }
    check_refused(&with(&[7; 31]), KeyRefusal::Malformed("x"));
    for curve in ["X25519", "Ed448", "ed25519"] {
        check_refused(&changed(good.clone(), "crv", Some(curve.into())), KeyRefusal::UnsupportedType);
    }
}

#[test]
fn keys_with_one_name_and_algorithm_are_all_left_out() {
    let (a, b, c) = (TestKey::es256(), TestKey::es256(), TestKey::es256());
    let set = |keys: &[Value]| KeySet::parse(&jwks(keys), &PUBLIC, SetOrigin::Remote);
    let found = set(&[a.jwk("same"), b.jwk("other"), c.jwk("same")]).unwrap();
    assert_eq!(found.keys().iter().map(|key| key.kid()).collect::<Vec<_>>(), [Some("other")]);
    assert!(found.refused().iter().all(|refused| refused.reason == KeyRefusal::DuplicateKid));
    let refused = Err(SetError::Empty(Some(KeyRefusal::DuplicateKid)));
    assert_eq!(set(&[a.jwk("same"), a.jwk("same")]), refused);
    let malformed = changed(c.jwk("same"), "x", Some("AB".into()));
    assert!(set(&[a.jwk("same"), malformed]).is_err());
    for other in [TestKey::Secret(vec![7; 32]).jwk("same"), json!({ "kty": "AKP", "kid": "same" })] {
        assert_eq!(set(&[other, a.jwk("same")]).unwrap().keys().len(), 1);
    }
    let encryption = changed(RSA.jwk("same"), "use", Some("enc".into()));
    assert_eq!(set(&[encryption, a.jwk("same")]).unwrap().keys().len(), 1);
}

#[test]
fn one_name_under_several_algorithms_is_one_key_each() {
    let set = |keys: &[Value]| KeySet::parse(&jwks(keys), &PUBLIC, SetOrigin::Remote).unwrap();
    let under = |alg: &str| changed(RSA.jwk("same"), "alg", Some(alg.into()));
    let found = set(&[under("RS256"), under("RS512"), KEY.jwk("same")]);
    for algorithm in [Algorithm::Rs256, Algorithm::Rs512, Algorithm::Es256] {
        assert_eq!(found.select(Some("same"), algorithm).unwrap().algorithm(), algorithm);
    }
    assert_eq!(found.select(Some("same"), Algorithm::Rs384), Err(KeySelectionError::OtherAlgorithm(Algorithm::Rs256)));
    assert_eq!(found.select(Some("other"), Algorithm::Rs256), Err(KeySelectionError::UnknownKid));
    // Without `alg` the key is for the first matching configured algorithm, so it duplicates the key that names it.
    let without = changed(RSA.jwk("same"), "alg", None);
    assert_eq!(set(&[without.clone(), under("RS512")]).keys().len(), 2);
    let twins = set(&[without, under("RS256"), KEY.jwk("same")]);
    assert_eq!(twins.keys().iter().map(|key| key.algorithm()).collect::<Vec<_>>(), [Algorithm::Es256]);
    // A malformed key of another algorithm does not affect this one.
    let malformed = changed(under("RS512"), "n", Some("AB".into()));
    assert_eq!(set(&[malformed.clone(), under("RS256")]).keys().len(), 1);
    let unnamed = changed(malformed, "alg", None);
    assert!(KeySet::parse(&jwks(&[unnamed, under("RS256")]), &PUBLIC, SetOrigin::Remote).is_err());
}

#[test]
fn rubbish_is_no_set() {
    let good = String::from_utf8(jwks(&[KEY.jwk("k1")])).unwrap();
    let rubbish = [
        "",
        "null",
        "[]",
        "{}",
        "<!doctype html><html></html>",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[null]}"#,
        r#"{"keys":["k"]}"#,
        r#"{"keys":[{}]}"#,
        r#"{"keys":[{"kty":"AKP"}]}"#,
        r#"{"Keys":[]}"#,
        &format!("{good}x"),
        &format!("[{good}]"),
        &good.replace(r#""kid""#, r#""kty":"EC","kid""#),
        &good[..good.len() - 1],
    ];
    for text in rubbish {
        assert!(KeySet::parse(text.as_bytes(), &PUBLIC, SetOrigin::Remote).is_err(), "{text}");
    }
    let odd = json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "pq" });
    let set = KeySet::parse(&jwks(&[odd, KEY.jwk("k1")]), &PUBLIC, SetOrigin::Remote).unwrap();
    assert_eq!(set.keys().len(), 1, "an unknown key type must not hide known ones");
}
