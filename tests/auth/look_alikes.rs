//! Tokens that look like those of a recipe of docs/identity.md are refused, each for the stated reason, or give no scopes.

use serde_json::{Value, json};

use super::recipe::recipe;

/// A look-alike: its name, the change to the token, and the reason for the refusal.
type LookAlike = (&'static str, Value, &'static str);

async fn check_refused(provider: &str, look_alikes: Vec<LookAlike>) {
    let recipe = recipe(provider);
    let world = recipe.world();
    for (what, change, reason) in look_alikes {
        let why = match world.caller(&recipe.signed(&change)).await {
            Ok(caller) => panic!("{provider}: {what}: accepted for {} with {:?}", caller.tenant.id, caller.scopes),
            Err(why) => why,
        };
        assert!(why.contains(reason), "{provider}: {what}: {why}");
    }
}

/// The scopes that a changed token of a recipe has.
async fn scopes(provider: &str, change: Value) -> Vec<String> {
    let recipe = recipe(provider);
    let caller = recipe.world().caller(&recipe.signed(&change)).await.unwrap_or_else(|why| panic!("{provider}: {change}: {why}"));
    caller.scopes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn tokens_like_cognitos_are_refused() {
    let id_token = json!({ "claims": {
        "token_use": "id", "aud": "4fj1example2k9m7qexample5t", "client_id": null, "scope": null, "version": null,
        "cognito:username": "ada", "custom:tenant_id": "acme", "email": "ada@acme.example",
    } });
    check_refused(
        "Amazon Cognito",
        vec![
            ("an ID token", id_token, "token is not for access"),
            (
                "another client's token",
                json!({ "claims": { "client_id": "1another0client0of0the0pool" } }),
                "client id is not listed",
            ),
            ("no client", json!({ "claims": { "client_id": null } }), "client id is not listed"),
            (
                "the client in `azp` only",
                json!({ "claims": { "client_id": null, "azp": "4fj1example2k9m7qexample5t" } }),
                "client id is not listed",
            ),
            ("no token_use", json!({ "claims": { "token_use": null } }), "claim `aud` is missing"),
            (
                "a token bound to another resource",
                json!({ "claims": { "aud": "https://other.example" } }),
                "audience is not accepted",
            ),
            (
                "another pool",
                json!({ "claims": { "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_OTHER" } }),
                "is not configured",
            ),
            ("a token without the trigger", json!({ "claims": { "tenant": null } }), "claim `tenant` is missing"),
            ("a list of tenants", json!({ "claims": { "tenant": ["acme", "globex"] } }), "claim `tenant` is malformed"),
        ],
    )
    .await;
    let without = json!({ "claims": { "cognito:groups": null, "scope": "aws.cognito.signin.user.admin openid" } });
    assert!(scopes("Amazon Cognito", without).await.is_empty());
    let group = json!({ "claims": { "cognito:groups": ["log-readers2", "log readers", "*"], "scope": "logmark/reads logmark" } });
    assert!(scopes("Amazon Cognito", group).await.is_empty());
}

#[tokio::test]
async fn tokens_like_auth0s_are_refused() {
    let id_token = json!({ "header": { "typ": "JWT" }, "claims": {
        "aud": "zH7exampleClientIdOfThePortal3xQ", "client_id": null, "permissions": null, "nonce": "n",
    } });
    check_refused(
        "Auth0",
        vec![
            ("an ID token", id_token, "at+jwt is required"),
            ("an ID token with the audience", json!({ "header": { "typ": "JWT" } }), "at+jwt is required"),
            (
                "a token for the user info endpoint",
                json!({ "claims": { "aud": ["https://acme-login.eu.auth0.com/userinfo"] } }),
                "audience is not accepted",
            ),
            (
                "a token for the management API",
                json!({ "claims": { "aud": "https://acme-login.eu.auth0.com/api/v2/" } }),
                "audience is not accepted",
            ),
            ("another Auth0 tenant", json!({ "claims": { "iss": "https://evil-login.eu.auth0.com/" } }), "is not configured"),
            ("no tenant", json!({ "claims": { "https://logs.example.com/tenant": null } }), "/tenant` is missing"),
            (
                "the tenant in a nested object",
                json!({ "claims": { "https://logs.example.com/tenant": { "id": "acme" } } }),
                "is malformed",
            ),
            (
                "the tenant under another name",
                json!({ "claims": { "https://logs.example.com/tenant": null, "tenant": "acme" } }),
                "is missing",
            ),
        ],
    )
    .await;
    let machine = json!({ "claims": { "sub": "zH7example@clients", "permissions": null, "scope": "read:logs", "gty": "client-credentials" } });
    assert!(scopes("Auth0", machine).await.is_empty());
}

#[tokio::test]
async fn tokens_like_oktas_are_refused() {
    let id_token = json!({ "claims": {
        "jti": "ID.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", "aud": "0oa2examplePortal5d7", "cid": null, "scp": null,
        "at_hash": "x", "amr": ["pwd"],
    } });
    check_refused(
        "Okta",
        vec![
            ("an ID token", id_token, "audience is not accepted"),
            ("another client's token", json!({ "claims": { "cid": "0oa9another" } }), "claim `cid` is `"),
            ("no client", json!({ "claims": { "cid": null } }), "claim `cid` is missing"),
            (
                "a token of the organization server",
                json!({ "claims": { "iss": "https://acme.okta.com", "aud": "https://acme.okta.com" } }),
                "is not configured",
            ),
            (
                "another authorization server",
                json!({ "claims": { "iss": "https://acme.okta.com/oauth2/default" } }),
                "is not configured",
            ),
            (
                "another organization",
                json!({ "claims": { "iss": "https://evil.okta.com/oauth2/aus1exampleServer5d7" } }),
                "is not configured",
            ),
            ("the audience in a longer text", json!({ "claims": { "aud": "api://logmark/x" } }), "audience is not accepted"),
        ],
    )
    .await;
    let all = ["logs:read:*", "logs:query:*"];
    assert_eq!(scopes("Okta", json!({ "claims": { "scp": "openid logs.read" } })).await, all, "`scp` as text");
    assert_eq!(scopes("Okta", json!({ "claims": { "groups": "log-analysts" } })).await, all, "one group as text");
    assert!(scopes("Okta", json!({ "claims": { "scp": ["logs.read openid"], "groups": [] } })).await.is_empty(), "not a list");
}

#[tokio::test]
async fn tokens_like_entras_are_refused() {
    let id_token = json!({ "claims": { "azp": null, "azpacr": null, "scp": null, "nonce": "n" } });
    let v1 = json!({ "claims": {
        "iss": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/", "ver": "1.0", "aud": "api://logmark", "azp": null,
        "appid": "bbbbbbbb-2222-4bbb-8bbb-bbbbbbbbbbbb",
    } });
    let other = "https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0";
    check_refused(
        "Microsoft Entra ID",
        vec![
            ("an ID token with app roles", id_token, "claim `azp` is missing"),
            ("a token of version 1.0", v1, "is not configured"),
            ("another client", json!({ "claims": { "azp": "dddddddd-4444-4ddd-8ddd-dddddddddddd" } }), "claim `azp` is `"),
            (
                "the client in `appid` only",
                json!({ "claims": { "azp": null, "appid": "bbbbbbbb-2222-4bbb-8bbb-bbbbbbbbbbbb" } }),
                "`azp`",
            ),
            (
                "another directory",
                json!({ "claims": { "iss": other, "tid": "99999999-2222-3333-4444-555555555555" } }),
                "is not configured",
            ),
            (
                "a token for Graph",
                json!({ "claims": { "aud": "00000003-0000-0000-c000-000000000000" } }),
                "audience is not accepted",
            ),
            (
                "the URI of the API as audience",
                json!({ "claims": { "aud": "api://aaaaaaaa-1111-4aaa-8aaa-aaaaaaaaaaaa" } }),
                "audience is not accepted",
            ),
            (
                "the issuer of all directories",
                json!({ "claims": { "iss": "https://login.microsoftonline.com/common/v2.0" } }),
                "is not configured",
            ),
        ],
    )
    .await;
    let application = json!({ "claims": { "scp": null, "idtyp": "app", "azpacr": "1", "roles": ["Logs.Read"] } });
    assert_eq!(scopes("Microsoft Entra ID", application).await, ["logs:read:*"]);
    let overage = json!({ "claims": { "scp": null, "roles": null, "_claim_names": { "groups": "src1" }, "hasgroups": true } });
    assert!(scopes("Microsoft Entra ID", overage).await.is_empty());
}

#[tokio::test]
async fn tokens_like_keycloaks_are_refused() {
    check_refused(
        "Keycloak",
        vec![
            ("an ID token with the audience", json!({ "claims": { "typ": "ID", "at_hash": "x" } }), "token is not for access"),
            ("a refresh token", json!({ "claims": { "typ": "Refresh" } }), "token is not for access"),
            ("a token without a kind", json!({ "claims": { "typ": null } }), "claim `typ` is missing"),
            ("another client", json!({ "claims": { "azp": "admin-cli" } }), "claim `azp` is `"),
            ("a token without the mapper", json!({ "claims": { "aud": "account" } }), "audience is not accepted"),
            ("another realm", json!({ "claims": { "iss": "https://login.example.com/realms/master" } }), "is not configured"),
            ("a tenant attribute with several values", json!({ "claims": { "tenant": ["acme", "globex"] } }), "is malformed"),
        ],
    )
    .await;
    let elsewhere = json!({ "claims": {
        "resource_access": { "logmark": null, "other": { "roles": ["log-reader"] } }, "realm_access": { "roles": ["log-reader"] },
        "resource_access.logmark": { "role": ["log-reader"] },
    } });
    assert!(scopes("Keycloak", elsewhere).await.is_empty(), "a role of another client or of the realm");
}

#[tokio::test]
async fn tokens_like_googles_are_refused() {
    let account = json!({ "claims": {
        "hd": null, "email": "deploy@project.iam.gserviceaccount.com", "azp": "110169484474386276334",
    } });
    check_refused(
        "Google",
        vec![
            ("another Workspace domain", json!({ "claims": { "hd": "evil.example" } }), "claim `hd` is `evil.example`"),
            (
                "an account without a domain",
                json!({ "claims": { "hd": null, "email": "ada@acme.example" } }),
                "claim `hd` is missing",
            ),
            ("a service account", account, "claim `hd` is missing"),
            ("a subdomain", json!({ "claims": { "hd": "x.acme.example" } }), "which `tenant_map` does not list"),
            ("the domain in another case", json!({ "claims": { "hd": "ACME.example" } }), "which `tenant_map` does not list"),
            ("the id of a tenant", json!({ "claims": { "hd": "acme" } }), "which `tenant_map` does not list"),
            ("two domains", json!({ "claims": { "hd": ["acme.example", "globex.example"] } }), "more than one tenant"),
            ("an address that is not verified", json!({ "claims": { "email_verified": false } }), "claim `email_verified`"),
            ("a verification as text", json!({ "claims": { "email_verified": "true" } }), "claim `email_verified`"),
            (
                "another application",
                json!({ "claims": { "aud": "1-evil.apps.googleusercontent.com" } }),
                "audience is not accepted",
            ),
            ("the issuer without its scheme", json!({ "claims": { "iss": "accounts.google.com" } }), "is not configured"),
        ],
    )
    .await;
}

#[tokio::test]
async fn tokens_like_githubs_are_refused() {
    let fork = json!({ "claims": {
        "sub": "repo:evil/api:ref:refs/heads/main", "repository": "evil/api", "repository_owner": "evil",
        "repository_owner_id": "666", "repository_id": "667",
    } });
    let renamed = json!({ "claims": { "repository_owner_id": "666", "repository_id": "667" } });
    let pull_request = json!({ "claims": {
        "sub": "repo:acme@583231/api@1296269:pull_request", "event_name": "pull_request", "ref": "refs/pull/7/merge", "head_ref": "x",
        "base_ref": "main",
    } });
    check_refused(
        "GitHub Actions",
        vec![
            ("a fork", fork, "claim `repository_owner_id` is `666`"),
            ("an owner that took over the name", renamed, "claim `repository_owner_id` is `666`"),
            ("a pull request", pull_request, "which `required_claims` does not list"),
            (
                "pull_request_target on the main branch",
                json!({ "claims": { "event_name": "pull_request_target", "base_ref": "main" } }),
                "claim `event_name` is `",
            ),
            ("another branch", json!({ "claims": { "ref": "refs/heads/mainx" } }), "claim `ref` is `"),
            ("a tag", json!({ "claims": { "ref": "refs/tags/main", "ref_type": "tag" } }), "claim `ref` is `"),
            ("the default audience", json!({ "claims": { "aud": "https://github.com/acme" } }), "audience is not accepted"),
            ("the audience of AWS", json!({ "claims": { "aud": "sts.amazonaws.com" } }), "audience is not accepted"),
            (
                "an enterprise's own issuer",
                json!({ "claims": { "iss": "https://token.actions.githubusercontent.com/acme" } }),
                "is not configured",
            ),
        ],
    )
    .await;
    let other = json!({ "claims": { "repository": "acme/web", "repository_id": "1296270" } });
    assert!(scopes("GitHub Actions", other).await.is_empty(), "another repository of the owner");
}

#[tokio::test]
async fn tokens_like_those_of_kubernetes_are_refused() {
    let legacy = json!({ "claims": {
        "aud": null, "exp": null, "iat": null, "nbf": null, "jti": null, "kubernetes.io": null, "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "acme-prod", "kubernetes.io/serviceaccount/secret.name": "log-reader-token",
        "kubernetes.io/serviceaccount/service-account.name": "log-reader",
    } });
    let mut legacy_here = legacy.clone();
    legacy_here["claims"].as_object_mut().unwrap().remove("iss");
    let namespace = |name: &str| json!({ "claims": { "kubernetes.io": { "namespace": name } } });
    check_refused(
        "Kubernetes service accounts",
        vec![
            ("a legacy token", legacy, "is not configured"),
            ("a legacy token of the configured issuer", legacy_here, "claim `aud` is missing"),
            (
                "the default token of a pod",
                json!({ "claims": { "aud": ["https://kubernetes.default.svc"] } }),
                "audience is not accepted",
            ),
            (
                "another cluster",
                json!({ "claims": { "iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/OTHER" } }),
                "is not configured",
            ),
            ("another namespace", namespace("globex"), "claim `kubernetes.io.namespace` is `globex`"),
            ("a namespace with the name of a tenant", namespace("acme"), "claim `kubernetes.io.namespace` is `acme`"),
            (
                "the namespace outside of its object",
                json!({ "claims": { "kubernetes.io": null, "kubernetes": { "io": "acme-prod" }, "namespace": "acme-prod" } }),
                "claim `kubernetes.io.namespace` is missing",
            ),
        ],
    )
    .await;
    for sub in ["system:serviceaccount:acme-prod:default", "system:serviceaccount:acme-prod:log-reader2", "log-reader"] {
        assert!(scopes("Kubernetes service accounts", json!({ "claims": { "sub": sub } })).await.is_empty(), "{sub}");
    }
}

#[tokio::test]
async fn tokens_like_those_of_your_own_issuer_are_refused() {
    check_refused(
        "Your own issuer",
        vec![
            ("a token without a type", json!({ "header": { "typ": null } }), "at+jwt is required"),
            ("an ID token", json!({ "header": { "typ": "JWT" } }), "at+jwt is required"),
            ("a reserved tenant", json!({ "claims": { "tenant": "aws" } }), "reserved"),
            ("a wildcard as tenant", json!({ "claims": { "tenant": "*" } }), "is not a tenant id"),
            ("a day and more", json!({ "claims": { "exp": 1_795_168_800 + 90_000 } }), "lives too long"),
        ],
    )
    .await;
}
