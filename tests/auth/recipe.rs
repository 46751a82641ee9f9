//! The recipes of docs/identity.md, read from the page: the configuration, the token, and the resulting tenant and scopes.
//!
//! Owns the parsing of the page. `recipes` has the tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use logmark::auth::policy::{self, Explanation};
use logmark::auth::tenant::{Caller, Tenants};
use logmark::config;
use logmark::domain::operation::Action;
use serde_json::Value;

use super::support::{
    HeldClock, IssuerRules, KEY, KEYS_URL, KeySource, NOW, RSA, Server, TestKey, UnverifiedToken, Verifier, World,
};

/// The key of issuers other than the recipe's.
pub(crate) static OTHER_RSA: LazyLock<TestKey> = LazyLock::new(|| TestKey::rsa("RS256"));

/// The grants of the recipes' tenants.
const REST: &str = r#"
[[sources]]
name = "eu"
kind = "cloudwatch"
region = "eu-central-1"

[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query", "tail"]

[[tenants.globex.grants]]
groups = ["/globex/*"]
actions = ["read"]
"#;

/// A recipe of the page.
pub(crate) struct Recipe {
    /// The heading.
    pub(crate) provider: String,
    /// The block `[[auth.issuers]]`.
    pub(crate) issuer: String,
    /// The token: `header` and `claims`.
    pub(crate) token: Value,
    /// The last line: tenant and scopes.
    tenant: String,
    scopes: Vec<String>,
}

/// The text of the page.
pub(crate) fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/identity.md")).unwrap()
}

/// The sections of the page that have a token.
pub(crate) fn recipes() -> Vec<Recipe> {
    let page = page();
    page.split("\n## ").skip(1).filter(|section| section.contains("```json\n")).map(Recipe::read).collect()
}

/// The recipe of a provider.
pub(crate) fn recipe(provider: &str) -> Recipe {
    recipes().into_iter().find(|recipe| recipe.provider == provider).unwrap_or_else(|| panic!("no recipe of {provider}"))
}

/// The first block of a language in a section.
fn block<'a>(section: &'a str, language: &str) -> &'a str {
    let (_, rest) = section.split_once(&format!("```{language}\n")).unwrap_or_else(|| panic!("no {language}: {section}"));
    rest.split_once("```").unwrap().0
}

impl Recipe {
    fn read(section: &str) -> Self {
        let gives = section.lines().find_map(|line| line.strip_prefix("Gives: ")).unwrap_or_else(|| panic!("{section}"));
        let mut words = gives.split('`').skip(1).step_by(2).map(str::to_owned);
        Self {
            provider: section.lines().next().unwrap().to_owned(),
            issuer: block(section, "toml").to_owned(),
            token: serde_json::from_str(block(section, "json")).unwrap(),
            tenant: words.next().unwrap(),
            scopes: words.collect(),
        }
    }

    /// The configuration with the issuer's block.
    pub(crate) fn config(&self) -> config::Config {
        let text = format!("{}\n{REST}", self.issuer);
        let read = config::parse(Some((Path::new("logmark.toml"), &text)), &BTreeMap::new());
        read.unwrap_or_else(|errors| panic!("{}: {errors}", self.provider))
    }

    /// A service with the recipe's configuration. Its keys come from the tests' server, which has the keys of the algorithm.
    pub(crate) fn world(&self) -> RecipeWorld {
        let config = self.config();
        let server = Server::with_keys(&[self.key().jwk(self.kid())]);
        let keys = KeySource::Url(KEYS_URL.parse().unwrap());
        let rules = config.issuers.into_iter().map(|rules| IssuerRules { keys: keys.clone(), ..rules }).collect();
        let clock = HeldClock::new();
        let verifier = Verifier::new(rules, server.clone(), clock.clone()).unwrap();
        RecipeWorld { world: World { verifier, server, clock }, tenants: config.tenants }
    }

    fn kid(&self) -> &str {
        self.token["header"]["kid"].as_str().unwrap()
    }

    fn key(&self) -> &'static TestKey {
        if self.token["header"]["alg"] == "ES256" { &KEY } else { &RSA }
    }

    /// The token with a change (RFC 7396: a null removes the member), signed. The page's times are shifted to the tests' clock.
    pub(crate) fn signed(&self, change: &Value) -> String {
        self.signed_by(self.key(), change)
    }

    /// The token with a change, signed with another key.
    pub(crate) fn signed_by(&self, key: &TestKey, change: &Value) -> String {
        let mut token = self.token.clone();
        merge(&mut token, change);
        key.token(&token["header"], &token["claims"])
    }

    /// The tenant and the scopes that the page states.
    pub(crate) fn gives(&self) -> (&str, &[String]) {
        (&self.tenant, &self.scopes)
    }

    /// Whether the page's times are those of the tests' clock.
    pub(crate) fn is_current(&self) -> bool {
        let claims = &self.token["claims"];
        claims["iat"] == NOW && claims["exp"].as_i64().is_some_and(|exp| exp > NOW)
    }
}

/// A service with the configuration of a recipe.
pub(crate) struct RecipeWorld {
    world: World,
    tenants: std::sync::Arc<Tenants>,
}

impl RecipeWorld {
    /// The caller with the token, or the reason for the refusal.
    pub(crate) async fn caller(&self, token: &str) -> Result<Caller, String> {
        let verified = self.world.verifier.authenticate(&UnverifiedToken::new(token)).await.map_err(|error| error.to_string())?;
        Ok(Caller::of_token(verified, &self.tenants))
    }
}

/// The decision on an action.
pub(crate) fn explain(caller: &Caller, action: Action, group: &str) -> Explanation {
    policy::explain(caller, action, &group.try_into().unwrap(), None)
}

/// Applies a merge patch (RFC 7396).
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(object) = target.as_object_mut() else { return };
    for (name, value) in members {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
