//! Verified tokens per second and core, new and cached ones: `cargo bench --bench tokens`.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement for a person to read")]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use logmark::auth::keys::{AddressPolicy, Algorithm, FetchError, KeyFetcher, KeySource};
use logmark::auth::strict::to_base64url;
use logmark::auth::token::{IssuerRules, RequiredClaims, ScopeMap, TenantRule, UnverifiedToken, Verifier};
use logmark::domain::time::{Clock, Millis};
use serde_json::{Value, json};
use url::Url;

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        Millis(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
    }
}

struct RunningService(Value);

#[async_trait]
impl KeyFetcher for RunningService {
    async fn get(&self, _url: &Url, _reach: AddressPolicy) -> Result<Vec<u8>, FetchError> {
        Ok(json!({ "keys": [self.0] }).to_string().into_bytes())
    }
}

fn rs256() -> (Algorithm, Value, Sign) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = pair.public_key().as_ref();
    let (n, e) = (to_base64url(&der[9..9 + 256]), to_base64url(&der[9 + 256 + 2..]));
    let sign = move |message: &[u8]| {
        let mut bytes = vec![0; 256];
        pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut bytes).unwrap();
        bytes
    };
    (Algorithm::Rs256, json!({ "kty": "RSA", "n": n, "e": e, "kid": "k" }), Box::new(sign))
}

fn es256() -> (Algorithm, Value, Sign) {
    let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": to_base64url(x), "y": to_base64url(y), "kid": "k" });
    (Algorithm::Es256, jwk, Box::new(move |message| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()))
}

fn eddsa() -> (Algorithm, Value, Sign) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(pair.public_key().as_ref()), "kid": "k" });
    (Algorithm::EdDsa, jwk, Box::new(move |message| pair.sign(message).as_ref().to_vec()))
}

fn token(algorithm: Algorithm, sign: &Sign, id: usize) -> String {
    let exp = SystemClock.now().0 / 1000 + 3600;
    let header = json!({ "alg": algorithm.name(), "kid": "k", "typ": "at+jwt" });
    let claims = json!({
        "iss": "https://issuer.example", "aud": "logmark", "sub": "user-1", "tenant": "acme", "exp": exp,
        "jti": id.to_string(), "scope": "logs:read:/acme/* logs:query:/acme/api",
    });
    let encode = |value: Value| to_base64url(value.to_string().as_bytes());
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = to_base64url(&sign(input.as_bytes()));
    format!("{input}.{signature}")
}

fn verifier(algorithm: Algorithm, jwk: Value) -> Verifier {
    let rules = IssuerRules {
        issuer: "https://issuer.example".into(),
        audiences: vec!["logmark".into()],
        client_ids: vec![],
        algorithms: vec![algorithm],
        keys: KeySource::Url(Url::parse("https://issuer.example/keys").unwrap()),
        allow_private_jwks_uri: false,
        tenants: TenantRule::Any,
        tenant_claim: "tenant".into(),
        scope_claims: vec!["scope".into()],
        scope_map: ScopeMap::new(),
        required_claims: RequiredClaims::new(),
        require_typ: true,
        leeway: IssuerRules::DEFAULT_LEEWAY,
        max_lifetime: IssuerRules::DEFAULT_MAX_LIFETIME,
        refresh: IssuerRules::DEFAULT_REFRESH,
    };
    Verifier::new(vec![rules], Arc::new(RunningService(jwk)), Arc::new(SystemClock)).unwrap()
}

async fn per_second(verifier: &Verifier, tokens: &[String]) -> f64 {
    let started = Instant::now();
    let mut count = 0_u32;
    'time: loop {
        for token in tokens {
            verifier.verify(&UnverifiedToken::new(token)).await.unwrap();
            count += 1;
            if started.elapsed() > Duration::from_secs(2) || count as usize == tokens.len() && tokens.len() > 1 {
                break 'time;
            }
        }
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{}, one of them used; a verification of RSA-2048, P-256 and Ed25519", machine());
    println!("{:<8}{:>16}{:>16}", "", "new tokens/s", "repeated/s");
    for (algorithm, jwk, sign) in [rs256(), es256(), eddsa()] {
        let verifier = verifier(algorithm, jwk);
        verifier.refresh().await;
        let distinct: Vec<_> = (0..20_000).map(|id| token(algorithm, &sign, id)).collect();
        let new = per_second(&verifier, &distinct).await;
        let repeated = per_second(&verifier, &distinct[..1]).await;
        println!("{:<8}{new:>16.0}{repeated:>16.0}", algorithm.name());
    }
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{}, {cores} cores", model.map_or("unknown CPU", |rest| rest.trim_start_matches([' ', '\t', ':'])))
}
