//! An issuer for attacks: keys of every kind, tokens with any header and claims, a key server with faults that counts requests,
//! and a fixed clock.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use serde_json::{Value, json};
use url::Url;

pub(crate) use logmark::auth::keys::{AddressPolicy, Algorithm, FetchError, KeyFetcher, KeySource};
pub(crate) use logmark::auth::strict::{base64url, to_base64url};
pub(crate) use logmark::auth::token::{
    Claims, IssuerRules, RequiredClaims, ScopeMap, TenantRule, TokenError, UnverifiedToken, Verifier,
};
use logmark::domain::time::{Clock, Millis};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const KEYS_URL: &str = "https://issuer.example/keys";
/// 2026-11-20T10:00:00Z.
pub(crate) const NOW: i64 = 1_795_168_800;

/// A clock that moves only on request.
#[derive(Debug)]
pub(crate) struct HeldClock(AtomicI64);

impl HeldClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW * 1000)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) fn set_ms(&self, ms: i64) {
        self.0.store(ms, Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

/// The behaviour of a key server.
#[derive(Clone)]
pub(crate) enum Answer {
    Body(Vec<u8>),
    Status(u16),
    Refused,
    Hang,
    Panic,
    /// Responds after this time.
    Slow(Duration, Vec<u8>),
}

/// A key server in memory.
#[derive(Default)]
pub(crate) struct Server {
    answers: Mutex<HashMap<String, Answer>>,
    pub(crate) fetches: AtomicUsize,
    /// Requests that were restricted to public addresses.
    pub(crate) public_fetches: AtomicUsize,
}

impl Server {
    pub(crate) fn with_keys(keys: &[Value]) -> Arc<Self> {
        let server = Arc::new(Self::default());
        server.serve_keys(keys);
        server
    }

    pub(crate) fn serve_keys(&self, keys: &[Value]) {
        self.serve(KEYS_URL, Answer::Body(jwks(keys)));
    }

    pub(crate) fn serve(&self, url: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    pub(crate) fn count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeyFetcher for Server {
    async fn get(&self, url: &Url, address_policy: AddressPolicy) -> Result<Vec<u8>, FetchError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.public_fetches.fetch_add(usize::from(address_policy == AddressPolicy::Public), Ordering::SeqCst);
        let answer = self.answers.lock().unwrap().get(url.as_str()).cloned().unwrap_or(Answer::Status(404));
        match answer {
            Answer::Body(body) => Ok(body),
            Answer::Status(status) => Err(FetchError::Status(status)),
            Answer::Refused => Err(FetchError::Unreachable("connection refused".into())),
            Answer::Hang => std::future::pending().await,
            Answer::Panic => panic!("fetcher of a test"),
            Answer::Slow(time, body) => {
                tokio::time::sleep(time).await;
                Ok(body)
            }
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({} fetches)", self.count())
    }
}

pub(crate) fn jwks(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

/// A key pair that signs, by algorithm.
pub(crate) enum TestKey {
    Rsa(RsaKeyPair, &'static dyn signature::RsaEncoding, &'static str),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
    Secret(Vec<u8>),
}

impl TestKey {
    pub(crate) fn rsa(algorithm: &'static str) -> Self {
        let encoding: &'static dyn signature::RsaEncoding = match algorithm {
            "RS256" => &signature::RSA_PKCS1_SHA256,
            "RS384" => &signature::RSA_PKCS1_SHA384,
            "RS512" => &signature::RSA_PKCS1_SHA512,
            "PS256" => &signature::RSA_PSS_SHA256,
            other => panic!("{other}"),
        };
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap(), encoding, algorithm)
    }

    pub(crate) fn es256() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(), "ES256")
    }

    pub(crate) fn es384() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(), "ES384")
    }

    pub(crate) fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_, _, algorithm) | Self::Ec(_, algorithm) => algorithm,
            Self::Ed(_) => "EdDSA",
            Self::Secret(_) => "HS256",
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair, encoding, _) => {
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut bytes).unwrap();
                bytes
            }
            Self::Ec(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Secret(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec(),
        }
    }

    /// The public half (or the secret) as a JWK with `kid` and `alg`.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let mut jwk = self.bare_jwk();
        jwk["kid"] = kid.into();
        jwk["alg"] = self.algorithm().into();
        jwk
    }

    pub(crate) fn bare_jwk(&self) -> Value {
        match self {
            Self::Rsa(pair, ..) => {
                let der = pair.public_key().as_ref();
                let (n, e) = rsa_numbers(der);
                json!({ "kty": "RSA", "n": to_base64url(n), "e": to_base64url(e) })
            }
            Self::Ec(pair, algorithm) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if *algorithm == "ES256" { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": to_base64url(x), "y": to_base64url(y) })
            }
            Self::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(pair.public_key().as_ref()) })
            }
            Self::Secret(secret) => json!({ "kty": "oct", "k": to_base64url(secret) }),
        }
    }

    /// The public key as `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair, ..) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Ec(pair, _) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Secret(_) => panic!("a secret has no public half"),
        }
    }

    /// The public key in the crypto library's form: PKCS#1, uncompressed point, or raw.
    pub(crate) fn raw_public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair, ..) => pair.public_key().as_ref().to_vec(),
            Self::Ec(pair, _) => pair.public_key().as_ref().to_vec(),
            Self::Ed(pair) => pair.public_key().as_ref().to_vec(),
            Self::Secret(_) => panic!("a secret has no public half"),
        }
    }

    /// A token with exactly this header and these claims.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of_texts(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn token_of_texts(&self, header: &str, claims: &str) -> String {
        self.token_of_bytes(header.as_bytes(), claims.as_bytes())
    }

    pub(crate) fn token_of_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        let input = format!("{}.{}", to_base64url(header), to_base64url(claims));
        let signature = to_base64url(&self.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

/// `n` and `e` of a PKCS#1 public key, whose lengths all take the long form of two bytes.
fn rsa_numbers(der: &[u8]) -> (&[u8], &[u8]) {
    let length = usize::from(der[6]) * 256 + usize::from(der[7]);
    let modulus = &der[8..8 + length];
    let exponent = &der[8 + length + 2..];
    (&modulus[usize::from(modulus[0] == 0)..], exponent)
}

/// The signing key of most tests, created once.
pub(crate) static KEY: LazyLock<TestKey> = LazyLock::new(TestKey::es256);
pub(crate) static RSA: LazyLock<TestKey> = LazyLock::new(|| TestKey::rsa("RS256"));

pub(crate) fn good_header() -> Value {
    json!({ "alg": "ES256", "kid": "k1", "typ": "at+jwt" })
}

pub(crate) fn good_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "logmark", "sub": "user-1", "tenant": "acme",
        "iat": NOW - 10, "exp": NOW + 3600, "scope": "logs:read:/acme/* logs:query:/acme/api",
    })
}

/// The good claims with one member replaced; `None` removes it.
pub(crate) fn claims_with(name: &str, value: Option<Value>) -> Value {
    changed(good_claims(), name, value)
}

pub(crate) fn changed(mut object: Value, name: &str, value: Option<Value>) -> Value {
    let members = object.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    object
}

pub(crate) fn rules() -> IssuerRules {
    IssuerRules {
        issuer: ISSUER.into(),
        audiences: vec!["logmark".into()],
        client_ids: Vec::new(),
        algorithms: vec![Algorithm::Es256],
        keys: KeySource::Url(Url::parse(KEYS_URL).unwrap()),
        allow_private_jwks_uri: false,
        tenants: TenantRule::Any,
        tenant_claim: "tenant".into(),
        scope_claims: vec!["scope".into()],
        scope_map: ScopeMap::new(),
        required_claims: RequiredClaims::new(),
        require_typ: false,
        leeway: IssuerRules::DEFAULT_LEEWAY,
        max_lifetime: IssuerRules::DEFAULT_MAX_LIFETIME,
        refresh: IssuerRules::DEFAULT_REFRESH,
    }
}

/// A verifier for one issuer whose server has `KEY` as `k1`, with its environment.
pub(crate) struct World {
    pub(crate) verifier: Verifier,
    pub(crate) server: Arc<Server>,
    pub(crate) clock: Arc<HeldClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_rules(vec![rules()])
    }

    pub(crate) fn with_rules(rules: Vec<IssuerRules>) -> Self {
        Self::with_server(rules, Server::with_keys(&[KEY.jwk("k1")]))
    }

    pub(crate) fn with_server(rules: Vec<IssuerRules>, server: Arc<Server>) -> Self {
        let clock = HeldClock::new();
        let verifier = Verifier::new(rules, server.clone(), clock.clone()).unwrap();
        Self { verifier, server, clock }
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        self.verifier.verify(&UnverifiedToken::new(token)).await
    }
}

/// A verifier with one key under one algorithm.
pub(crate) fn world_for(key: &TestKey) -> World {
    let algorithm: Algorithm = key.algorithm().parse().unwrap();
    World::with_server(vec![IssuerRules { algorithms: vec![algorithm], ..rules() }], Server::with_keys(&[key.jwk("k1")]))
}

/// The folder of test vectors, or `None` with a printed line that says why their tests are skipped.
pub(crate) fn test_data() -> Option<PathBuf> {
    if let Ok(folder) = std::env::var("LOGMARK_TEST_DATA") {
        return Some(PathBuf::from(folder));
    }
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = manifest.ancestors().skip(1).map(|folder| folder.join("shared/data")).find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: no test vectors; set LOGMARK_TEST_DATA or put them in ../shared/data");
    }
    found
}

/// A file of Wycheproof vectors.
pub(crate) fn vectors(name: &str) -> Option<Value> {
    let path = test_data()?.join("wycheproof").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            None
        }
    }
}
