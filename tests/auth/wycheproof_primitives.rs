//! Wycheproof's vectors for the primitives of the supported algorithms, with each key read from its JWK.

use logmark::auth::keys::{KeySet, SetOrigin, verify_signature};
use serde_json::{Value, json};

use crate::auth::support::{Algorithm, to_base64url, vectors};

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn key_set(jwk: &Value, algorithm: Algorithm) -> Option<KeySet> {
    KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes(), &[algorithm], SetOrigin::File).ok()
}

/// Accepted, refused as invalid, and refused by policy: `(valid and accepted, invalid and refused, by policy)`.
fn run(
    file: &str,
    algorithm: Algorithm,
    jwk_of: impl Fn(&Value, &Value) -> Value,
    is_by_policy: impl Fn(&Value, &Value) -> bool,
) -> Option<(usize, usize, usize)> {
    let document = vectors(file)?;
    let (mut accepted, mut refused, mut by_policy) = (0, 0, 0);
    for group in document["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let signature = if test["sig"].is_string() { &test["sig"] } else { &test["tag"] };
            let is_accepted = key_set(&jwk_of(group, test), algorithm)
                .is_some_and(|set| verify_signature(&set.keys()[0], &bytes(&test["msg"]), &bytes(signature)).is_ok());
            let name = format!("{file} {} {}", test["tcId"], test["comment"]);
            match (test["result"].as_str().unwrap(), is_accepted) {
                ("valid" | "acceptable", true) => accepted += 1,
                ("invalid", false) => refused += 1,
                ("valid" | "acceptable", false) if is_by_policy(group, test) => by_policy += 1,
                (result, accepted) => panic!("{name}: {result}, accepted: {accepted}"),
            }
        }
    }
    println!("{file}: accepted {accepted}, refused {refused}, by policy {by_policy}");
    Some((accepted, refused, by_policy))
}

fn check(found: Option<(usize, usize, usize)>, expected: (usize, usize, usize)) {
    if let Some(found) = found {
        assert_eq!(found, expected);
    }
}

#[test]
fn es256() {
    let jwk = |group: &Value, _: &Value| {
        let point = bytes(&group["publicKey"]["uncompressed"]);
        json!({ "kty": "EC", "crv": "P-256", "x": to_base64url(&point[1..33]), "y": to_base64url(&point[33..]) })
    };
    check(run("ecdsa_secp256r1_sha256_p1363_test.json", Algorithm::Es256, jwk, |_, _| false), (173, 89, 0));
}

#[test]
fn ed25519() {
    let jwk = |group: &Value, _: &Value| group["publicKeyJwk"].clone();
    check(run("ed25519_test.json", Algorithm::EdDsa, jwk, |_, _| false), (88, 63, 0));
}

#[test]
fn rs256() {
    let jwk = |group: &Value, _: &Value| match group["keyJwk"].as_object() {
        Some(jwk) => jwk.clone().into(),
        None => json!({
            "kty": "RSA",
            "n": to_base64url(&bytes(&group["publicKey"]["modulus"])),
            "e": to_base64url(&bytes(&group["publicKey"]["publicExponent"])),
        }),
    };
    // The one "acceptable" vector lacks the NULL in the padding's ASN.1, which RFC 8017 requires.
    let is_by_policy = |_: &Value, test: &Value| test["result"] == "acceptable";
    check(run("rsa_signature_2048_sha256_test.json", Algorithm::Rs256, jwk, is_by_policy), (9, 249, 1));
}

/// By policy: secrets below 32 bytes, and truncated tags (RFC 7518 §3.2 allows neither).
#[test]
fn hs256() {
    let jwk = |_: &Value, test: &Value| json!({ "kty": "oct", "k": to_base64url(&bytes(&test["key"])) });
    let is_by_policy = |group: &Value, test: &Value| {
        test["key"].as_str().unwrap().len() < 64 || group["tagSize"].to_string().trim_matches('"') != "256"
    };
    check(run("hmac_sha256_test.json", Algorithm::Hs256, jwk, is_by_policy), (30, 108, 36));
}
