//! Wycheproof's JOSE vectors, through Logmark's parser, key set and signature check.
//!
//! Invalid vectors must be refused. A valid vector may be refused only by policy; each reason is listed with its number of
//! vectors, so that a new refusal fails the test.

use std::collections::BTreeMap;

use logmark::auth::keys::{KeySet, SetOrigin, verify_signature};
use logmark::auth::token::{UnverifiedJws, UnverifiedToken};
use serde_json::{Value, json};

use crate::auth::support::{Algorithm, vectors};

const ALL: [Algorithm; 8] = Algorithm::ALL;

/// The results of a file: accepted, refused as invalid, valid ones refused by policy with the reasons, and "invalid" ones that
/// are identical to a valid vector of their group.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    accepted: usize,
    refused: usize,
    same_as_valid: usize,
    by_policy: BTreeMap<&'static str, usize>,
}

fn accepts(token: &str, keys: &Value) -> bool {
    let keys = if keys["keys"].is_array() { keys.clone() } else { json!({ "keys": [keys] }) };
    let Ok(set) = KeySet::parse(keys.to_string().as_bytes(), &ALL, SetOrigin::File) else { return false };
    let Ok(jws) = UnverifiedJws::parse(UnverifiedToken::new(token)) else { return false };
    let header = jws.header();
    set.select(header.kid.as_deref(), header.algorithm)
        .is_ok_and(|key| verify_signature(key, jws.signing_input(), jws.signature()).is_ok())
}

fn policy(keys: &Value, test: &Value) -> Option<&'static str> {
    let key = if keys["keys"].is_array() { &keys["keys"][0] } else { keys };
    let token = test["jws"].as_str().unwrap_or_default();
    if test["jwe"].is_string() {
        Some("encrypted tokens are not offered")
    } else if ["PS384", "PS512", "HS384", "HS512", "ES521"].iter().any(|name| key["alg"] == *name) {
        Some("the key's algorithm is not offered")
    } else if token.split('.').take(2).any(|part| part.contains('?')) {
        // RFC 7515 §2 allows no other characters; these vectors are for decoders that skip them.
        Some("characters outside the alphabet")
    } else if key["kid"] == "bilbo.baggins@hobbiton.example" && key["alg"] == "PS256" {
        // RFC 7520 §4.2 signs with PS384 and the vector's key says PS256.
        Some("the token's algorithm is not the key's")
    } else {
        None
    }
}

fn run(file: &str) -> Option<Outcome> {
    let document = vectors(file)?;
    let mut outcome = Outcome::default();
    for group in document["testGroups"].as_array().unwrap() {
        let keys = if group["public"].is_object() { &group["public"] } else { &group["private"] };
        for test in group["tests"].as_array().unwrap() {
            // A token in JSON serialization is an object.
            let token = if test["jws"].is_null() { &test["jwe"] } else { &test["jws"] };
            let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
            let name = format!("{file} {} {}", test["tcId"], test["comment"]);
            match (test["result"].as_str().unwrap(), accepts(&token, keys)) {
                ("valid", true) => outcome.accepted += 1,
                ("invalid", false) => outcome.refused += 1,
                ("valid", false) => {
                    let reason = policy(keys, test).unwrap_or_else(|| panic!("{name}: valid but refused"));
                    *outcome.by_policy.entry(reason).or_default() += 1;
                }
                ("invalid", true) if is_also_valid(group, &token) => outcome.same_as_valid += 1,
                (result, accepted) => panic!("{name}: {result}, accepted: {accepted}"),
            }
        }
    }
    println!("{file}: {outcome:?}");
    Some(outcome)
}

/// Vectors 367 and 370 of the signature file lack the padding that they are named for.
fn is_also_valid(group: &Value, token: &str) -> bool {
    group["tests"].as_array().unwrap().iter().any(|test| test["jws"] == token && test["result"] == "valid")
}

fn check(file: &str, [accepted, refused, same_as_valid]: [usize; 3], by_policy: &[(&'static str, usize)]) {
    if let Some(outcome) = run(file) {
        let by_policy = by_policy.iter().copied().collect();
        assert_eq!(outcome, Outcome { accepted, refused, same_as_valid, by_policy });
    }
}

#[test]
fn json_web_signature() {
    check(
        "json_web_signature_test.json",
        [32, 353, 2],
        &[
            ("characters outside the alphabet", 2),
            ("the key's algorithm is not offered", 10),
            ("the token's algorithm is not the key's", 2),
        ],
    );
}

#[test]
fn json_web_key() {
    check("json_web_key_test.json", [3, 21, 0], &[("the key's algorithm is not offered", 2)]);
}

#[test]
fn json_web_crypto() {
    check("json_web_crypto_test.json", [4, 77, 0], &[("encrypted tokens are not offered", 2)]);
}
