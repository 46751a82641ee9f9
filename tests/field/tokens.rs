//! Tokens of real identity providers through the whole service. Each case has an issuer's settings, its published keys, and a
//! token. `expect` is the status of reading a stream; `wish`, if present, is a better status, which Logmark returns.

use serde_json::{Value, json};

use crate::auth::support::{RSA, changed};
use crate::world::{Options, TENANTS, World};

const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_field";
const TARGET: &str = "/logs/:acme:api/web-1";

/// The issuer's table with its keys in a file, and additional lines.
fn table(case: &Value, more: &str) -> String {
    let mut table = format!("[[auth.issuers]]\nissuer = \"{ISSUER}\"\nkeys = \"file:field.jwks.json\"\n{more}");
    for (key, value) in case["issuer"].as_object().unwrap() {
        table += &format!("{key} = {value}\n");
    }
    table
}

/// The case's keys: the same RSA key under several names or algorithms.
fn keys(case: &Value) -> String {
    let keys = case["jwks"].as_array().unwrap().iter().map(|own| {
        let mut key = RSA.bare_jwk();
        key.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        key
    });
    json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
}

fn token(case: &Value) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut claims = changed(case["claims"].clone(), "iss", Some(ISSUER.into()));
    claims = changed(claims, "sub", Some("someone".into()));
    for name in ["iat", "exp", "nbf"] {
        if let Some(offset) = case["claims"][name].as_i64() {
            claims[name] = (now + offset).into();
        }
    }
    RSA.token(&case["header"], &claims)
}

async fn status(case: &Value, more: &str) -> u16 {
    let options = Options { files: vec![("field.jwks.json".to_owned(), keys(case))], ..Options::default() };
    let world = World::with(Options { tenants: Some(format!("{TENANTS}{}", table(case, more))), ..options }).await;
    world.put("/acme/api", "web-1", &[(1, "a line")]).await;
    world.with_token(&token(case)).get(TARGET).await.status.as_u16()
}

#[tokio::test]
async fn tokens_of_real_providers_are_read_as_they_are_meant() {
    let Some(cases) = super::cases::of("tokens.json") else { return };
    assert!(!cases.is_empty());
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let expected = case["wish"].as_u64().or(case["expect"].as_u64()).unwrap();
        assert_eq!(u64::from(status(case, "").await), expected, "{id}");
    }
    // The example of the manual, with the ids of its app clients.
    let cognito = cases.iter().find(|case| case["id"] == "cognito-example").unwrap();
    let clients = format!("client_ids = [{}]\n", cognito["claims"]["client_id"]);
    assert_eq!(status(cognito, &clients).await, 200);
}

#[tokio::test]
async fn the_check_speaks_of_the_provider_whose_tokens_will_not_pass() {
    let Some(cases) = super::cases::of("tokens.json") else { return };
    let cognito = cases.iter().find(|case| case["id"] == "cognito-example").unwrap();
    let directory = crate::world::binary::ServiceDirectory::new("");
    let path = directory.path().join("logmark.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(directory.path().join("field.jwks.json"), keys(cognito)).unwrap();
    std::fs::write(&path, format!("{text}{}", table(cognito, ""))).unwrap();
    let said = crate::world::binary::run(directory.path(), &["check"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.err.contains("client_ids: is missing") && said.err.contains("have no `aud`, so every token is refused"),
        "{}",
        said.err
    );
}
