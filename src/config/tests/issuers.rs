//! Valid `[[auth.issuers]]` and their warnings: tenants, known providers, the development issuer.

use super::*;
use crate::auth::token::TenantRule;

#[test]
fn an_issuers_tenants_are_a_list_a_pattern_or_one() {
    let rule = |snippet: &str| parsed(&document(ISSUER, snippet), &[]).unwrap().issuers.remove(0).tenants;
    let matching = |patterns: &[&str]| TenantRule::Matching(patterns.iter().map(|text| (*text).try_into().unwrap()).collect());
    assert_eq!(rule(""), TenantRule::Any);
    assert_eq!(rule(r#"tenants = ["acme", "eu-*"]"#), matching(&["acme", "eu-*"]));
    assert_eq!(rule(r#"tenants = "eu-*""#), matching(&["eu-*"]));
    assert_eq!(rule(r#"tenants = "acme""#), matching(&["acme"]));
    assert_eq!(rule(r#"tenant = "acme""#), TenantRule::Fixed("acme".try_into().unwrap()));
    refused(
        ISSUER,
        &[
            (
                "tenants = []",
                "logmark.toml:2:11: auth.issuers[0].tenants: is empty: list at least one tenant, or remove the key to accept any",
            ),
            (
                r#"tenants = ["a/b"]"#,
                "logmark.toml:2:12: auth.issuers[0].tenants[0]: `a/b` has '/', which tenant ids cannot contain: the only wildcard is `*`, for any characters",
            ),
            (
                r#"tenants = ["aws"]"#,
                "logmark.toml:2:12: auth.issuers[0].tenants[0]: `aws` is reserved: names of log groups of AWS or of this service begin with it",
            ),
            (
                r#"tenant = "a b""#,
                "logmark.toml:2:10: auth.issuers[0].tenant: `a b` is not a tenant id: it has the character ' ' at position 2; allowed are letters, digits and `_` `.` `-`",
            ),
            (
                "tenant = \"acme\"\ntenant_claim = \"org\"",
                "logmark.toml:3:1: auth.issuers[0].tenant_claim: conflicts with `tenant`, which sets the tenant of all tokens: remove one of them",
            ),
            (
                "tenant = \"acme\"\ntenants = [\"acme\"]",
                "logmark.toml:3:1: auth.issuers[0].tenants: conflicts with `tenant`, which sets the tenant of all tokens: remove one of them",
            ),
        ],
    );
    refused(
        "[tenants.logmark]",
        &[(
            "weight = 1",
            "logmark.toml:1:10: tenants.logmark: is reserved: names of log groups of AWS or of this service begin with it",
        )],
    );
}

#[test]
fn several_issuers_without_tenants_are_warned_of() {
    let issuer = |name: &str, more: &str| section(ISSUER, &format!("issuer = \"https://{name}.example.com\"\n{more}"));
    let warned = |first: &str, second: &str| {
        let text = format!("{}{}{}", issuer("a", first), issuer("b", second), section(SOURCE, ""));
        let warnings = parsed(&text, &[]).unwrap().warnings;
        warnings.into_iter().filter(|line| line.contains("tenants: is missing: tokens")).collect::<Vec<_>>()
    };
    assert_eq!(warned("", "").len(), 2);
    assert_eq!(warned("tenants = [\"acme\"]", "").len(), 1);
    assert_eq!(warned("tenants = [\"acme\"]", "tenant = \"globex\"").len(), 0);
    let alone = parsed(&document(ISSUER, ""), &[]).unwrap().warnings;
    assert!(alone.iter().all(|line| !line.contains("tokens of this issuer")), "{alone:?}");
}

#[test]
fn settings_that_refuse_every_token_of_a_known_provider_are_warned_of() {
    let guid = "11111111-2222-3333-4444-555555555555";
    let entra = format!("https://login.microsoftonline.com/{guid}/v2.0");
    let entra_v1 = format!("https://sts.windows.net/{guid}/");
    let cognito = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc";
    let client = r#"client_ids = ["5bsjlins3936h9abcdefghijkl"]"#;
    for (issuer, more, expected) in [
        (cognito, "", vec!["client_ids: is missing, and no entry of `audiences` looks like a client id"]),
        (cognito, client, vec![]),
        (cognito, r#"audiences = ["5bsjlins3936h9abcdefghijkl"]"#, vec![]),
        (
            cognito,
            "client_ids = [\"x\"]\ntenant_claim = \"custom:tenant_id\"",
            vec!["tenant_claim: Amazon Cognito puts attributes"],
        ),
        (cognito, "client_ids = [\"x\"]\nrequire_typ = true", vec!["require_typ: Amazon Cognito does not send `typ: at+jwt`"]),
        (cognito, "client_ids = [\"x\"]\nalgorithms = [\"ES256\"]", vec!["algorithms: Amazon Cognito signs with `RS256`"]),
        ("https://acme.eu.auth0.com/", "", vec![]),
        ("https://acme.eu.auth0.com", "", vec!["issuer: Auth0 writes its issuer with `/` at the end"]),
        ("https://acme.okta.com/oauth2/default", r#"scope_claims = ["scp"]"#, vec![]),
        ("https://acme.okta.com/oauth2/default", "", vec!["scope_claims: Okta puts scopes into `scp` and `groups`"]),
        ("https://acme.okta.com", r#"scope_claims = ["scp"]"#, vec!["issuer: this is Okta's organization authorization server"]),
        (&entra, r#"scope_claims = ["roles"]"#, vec![]),
        (
            &entra,
            "scope_claims = [\"scp\"]\naudiences = [\"api://logmark\"]",
            vec!["audiences: v2.0 tokens of Microsoft Entra ID"],
        ),
        (&entra_v1, "scope_claims = [\"scp\"]\naudiences = [\"api://logmark\"]", vec![]),
        (
            "https://login.microsoftonline.com/common/v2.0",
            r#"scope_claims = ["scp"]"#,
            vec!["writes the directory's id into its issuer, not `common`"],
        ),
        (entra_v1.trim_end_matches('/'), r#"scope_claims = ["scp"]"#, vec!["with `/` at the end"]),
        (&format!("{entra}/"), r#"scope_claims = ["scp"]"#, vec!["without `/` at the end"]),
        ("https://id.example.com/realms/acme", "", vec![]),
        ("https://id.example.com/realms/acme/", "", vec!["issuer: Keycloak writes its issuer without `/`"]),
        ("https://id.example.com/realms/acme", "require_typ = true", vec!["require_typ: Keycloak does not send"]),
        (
            "https://accounts.google.com",
            "",
            vec!["scope_claims: tokens of Google contain no scopes", "tenant_claim: tokens of Google have no claim `tenant`"],
        ),
        (
            "https://token.actions.githubusercontent.com",
            r#"tenant = "acme""#,
            vec!["scope_claims: tokens of GitHub Actions contain no scopes"],
        ),
        (
            "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC",
            r#"tenant_claim = "kubernetes.io.namespace""#,
            vec!["scope_claims: tokens of Kubernetes contain no scopes"],
        ),
        (
            "https://securetoken.google.com/my-project",
            "",
            vec!["audiences: Firebase writes the project's id, `my-project`, into `aud`"],
        ),
        ("https://securetoken.google.com/my-project", r#"audiences = ["my-project"]"#, vec![]),
        (
            "https://x.zitadel.cloud",
            r#"scope_claims = ["urn:zitadel:iam:org:project:roles"]"#,
            vec!["Zitadel writes roles as an object"],
        ),
        ("https://id.example.com", "", vec![]),
    ] {
        let text = document(ISSUER, &format!("issuer = \"{issuer}\"\n{more}"));
        let warnings = parsed(&text, &[]).unwrap_or_else(|errors| panic!("{issuer} {more}: {errors}")).warnings;
        let found: Vec<_> = warnings.iter().filter(|line| line.contains("auth.issuers")).collect();
        assert_eq!(found.len(), expected.len(), "{issuer} {more}: {found:?}");
        for text in expected {
            assert!(found.iter().any(|line| line.contains(text)), "{issuer} {more}: {text}: {found:?}");
        }
    }
}

#[test]
fn the_development_issuer_needs_two_keys_to_turn() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jwks.json"), "{}").unwrap();
    let refused = |listen: &str, more: &str, on_lambda: bool| {
        let issuer = "issuer = \"logmark-dev\"\nkeys = \"file:jwks.json\"";
        let text = format!("[server]\nlisten = \"{listen}\"\n{more}\n{}", document(ISSUER, issuer));
        let path = folder.path().join("logmark.toml");
        let config = parse(Some((&path, &text)), &BTreeMap::new()).unwrap_or_else(|errors| panic!("{errors}"));
        config.check_development_issuer(on_lambda).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let demo = "[demo]\ndevelopment_issuer = true";
    for (listen, more, on_lambda, expected) in [
        ("127.0.0.1:8080", "", false, "set `development_issuer = true` in `[demo]`"),
        ("0.0.0.0:8080", demo, false, "`server.listen` is `0.0.0.0:8080`"),
        ("[::]:8080", demo, false, "listen on a loopback address"),
        ("192.0.2.1:8080", demo, false, "listen on a loopback address"),
        (
            "127.0.0.1:8080",
            "public_url = \"https://logs.example.com\"\n[demo]\ndevelopment_issuer = true",
            false,
            "`https://logs.example.com` is not on this machine",
        ),
        ("127.0.0.1:8080", demo, true, "a function has callers from other machines"),
        ("127.0.0.1:8080", "[demo]\ndevelopment_issuer = false", false, "in `[demo]`"),
    ] {
        let found = refused(listen, more, on_lambda);
        assert!(found.contains(expected) && found.contains("`logmark-dev`"), "{listen} {more}: {found}");
    }
    for listen in ["127.0.0.1:8080", "[::1]:8080", "127.9.9.9:8080"] {
        assert_eq!(refused(listen, demo, false), "");
    }
    assert_eq!(refused("127.0.0.1:8080", "public_url = \"http://localhost:8080\"\n[demo]\ndevelopment_issuer = true", false), "");
    let other = parsed(&document("", ""), &[]).unwrap();
    assert!(other.check_development_issuer(true).is_ok());
}

#[test]
fn a_template_that_reaches_groups_of_aws_is_warned_of() {
    warned(
        "[tenant_template]",
        &[
            (
                r#"groups = ["/{tenant}/*"]"#,
                "logmark.toml:2:11: tenant_template.groups[0]: matches groups that AWS or this service writes, `/aws/…`, for some tenant ids: begin the pattern with your own prefix, such as `/customers/{tenant}/*`",
            ),
            (r#"groups = ["/customers/{tenant}/*"]"#, ""),
            (r#"groups = ["/aws/lambda/{tenant}-api"]"#, ""),
        ],
    );
}

#[test]
fn hosts_are_listed_as_they_stand_in_the_field() {
    let hosts = |snippet: &str| parsed(&document("[server]", snippet), &[]).map(|config| config.server.allowed_hosts);
    assert_eq!(hosts("").unwrap(), None);
    let found =
        hosts("public_url = \"https://Logs.example.com/x\"\nallowed_hosts = [\"public_url\", \"inside:8443\", \"[::1]:8080\"]")
            .unwrap();
    assert_eq!(found.unwrap(), ["logs.example.com", "inside:8443", "[::1]:8080"]);
    let found = hosts("public_url = \"https://logs.example.com:444\"\nallowed_hosts = [\"public_url\"]").unwrap();
    assert_eq!(found.unwrap(), ["logs.example.com:444"]);
    refused(
        "[server]",
        &[
            (
                r#"allowed_hosts = ["public_url"]"#,
                "logmark.toml:2:18: server.allowed_hosts[0]: refers to `public_url`, which is not set",
            ),
            ("allowed_hosts = []", "logmark.toml:2:17: server.allowed_hosts: is empty: remove the key to allow any host"),
            (
                r#"allowed_hosts = ["https://a"]"#,
                "logmark.toml:2:18: server.allowed_hosts[0]: `https://a` is not a host with an optional port, such as `logs.example.com` or `logs.internal:8443`",
            ),
        ],
    );
}
