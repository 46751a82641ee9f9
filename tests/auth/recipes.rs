use logmark::domain::operation::Action;
use serde_json::{Value, json};

use super::recipe::{OTHER_RSA, explain, page, recipe, recipes};

#[tokio::test]
async fn each_recipe_gives_the_tenant_and_the_scopes_that_the_page_states() {
    let found = recipes();
    assert_eq!(
        found.iter().map(|recipe| recipe.provider.as_str()).collect::<Vec<_>>(),
        [
            "Amazon Cognito",
            "Auth0",
            "Okta",
            "Microsoft Entra ID",
            "Keycloak",
            "Google",
            "GitHub Actions",
            "Kubernetes service accounts",
            "Your own issuer"
        ]
    );
    for recipe in found {
        let provider = &recipe.provider;
        assert!(recipe.is_current(), "{provider}: write the times of the tests' clock");
        let caller = recipe.world().caller(&recipe.signed(&json!({}))).await.unwrap_or_else(|why| panic!("{provider}: {why}"));
        let scopes: Vec<String> = caller.scopes.iter().map(ToString::to_string).collect();
        assert_eq!((caller.tenant.id.as_str(), &*scopes), recipe.gives(), "{provider}");
        let read = explain(&caller, Action::Read, "/acme/deploy/api");
        assert!(read.allowed, "{provider}: {read:?}");
        assert!(!explain(&caller, Action::Read, "/globex/api").allowed, "{provider}");
    }
}

#[test]
fn no_recipe_causes_a_warning() {
    for recipe in recipes() {
        let warnings = recipe.config().warnings;
        let about: Vec<_> = warnings.iter().filter(|warning| warning.contains("auth.issuers")).collect();
        assert!(about.is_empty(), "{}: {about:?}", recipe.provider);
    }
}

#[test]
fn the_table_of_the_page_has_each_recipe() {
    let page = page();
    for recipe in recipes() {
        let anchor = recipe.provider.to_lowercase().replace(' ', "-");
        assert!(page.contains(&format!("](#{anchor})")), "{}", recipe.provider);
    }
}

#[tokio::test]
async fn the_value_that_scope_map_maps_is_named() {
    for (provider, claim, value) in [
        ("Amazon Cognito", "scope", Some("logmark/read")),
        ("Auth0", "permissions", Some("read:logs")),
        ("Okta", "scp", Some("logs.read")),
        ("Microsoft Entra ID", "scp", Some("Logs.Read")),
        ("Keycloak", "resource_access.logmark.roles", Some("log-reader")),
        ("Google", "hd", Some("acme.example")),
        ("GitHub Actions", "repository_id", Some("1296269")),
        ("Kubernetes service accounts", "sub", Some("system:serviceaccount:acme-prod:log-reader")),
        ("Your own issuer", "scope", None),
    ] {
        let recipe = recipe(provider);
        let caller = recipe.world().caller(&recipe.signed(&json!({}))).await.unwrap();
        let because = explain(&caller, Action::Read, "/acme/deploy/api").because.unwrap();
        assert_eq!((because.claim.as_str(), because.claim_value.as_deref()), (claim, value), "{provider}");
    }
}

#[tokio::test]
async fn a_token_of_another_key_issuer_or_time_is_refused_by_each_recipe() {
    for recipe in recipes() {
        let (provider, world) = (&recipe.provider, recipe.world());
        let foreign = recipe.signed_by(&OTHER_RSA, &json!({ "header": { "alg": "RS256" } }));
        let other = |change: Value| recipe.signed(&change);
        let iss = recipe.token["claims"]["iss"].as_str().unwrap();
        for (what, token) in [
            ("another key", foreign),
            ("a look-alike issuer", other(json!({ "claims": { "iss": format!("{iss}.evil.example") } }))),
            ("the issuer without or with `/`", other(json!({ "claims": { "iss": toggled(iss) } }))),
            ("no issuer", other(json!({ "claims": { "iss": null } }))),
            ("no expiry", other(json!({ "claims": { "exp": null } }))),
            ("no subject", other(json!({ "claims": { "sub": null } }))),
            ("an expiry as text", other(json!({ "claims": { "exp": "1795172400" } }))),
            ("another audience", other(json!({ "claims": { "aud": "https://other.example" } }))),
            ("a logout token", other(json!({ "header": { "typ": "logout+jwt" } }))),
            ("a DPoP-bound token", other(json!({ "claims": { "cnf": { "jkt": "x" } } }))),
        ] {
            assert!(world.caller(&token).await.is_err(), "{provider}: {what}");
        }
    }
}

fn toggled(issuer: &str) -> String {
    issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned)
}
