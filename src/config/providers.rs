//! Known identity providers: the contents of their access tokens, and warnings about settings that refuse all of them.
//!
//! Recognizes a provider by its `iss`. Never changes a setting, because most providers can be configured to add claims. The
//! source is the documentation of each provider; what it leaves open causes no warning.

use super::spelling::{listed, quoted};
use super::validation::Key;
use crate::auth::keys::Algorithm;
use crate::auth::token::{IssuerRules, TenantRule};

/// How the issuer ends in tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IssuerEnding {
    Slash,
    NoSlash,
    Any,
}

/// What is known about the access tokens of a provider.
struct Provider {
    name: &'static str,
    is_issuer: fn(&str) -> bool,
    ending: IssuerEnding,
    /// Its signing algorithms; empty: not known.
    algorithms: &'static [Algorithm],
    /// Whether `typ` is not `at+jwt` by default.
    lacks_typ: bool,
    /// The claims that can contain scopes; `None`: any claim.
    scopes: Option<&'static [&'static str]>,
    /// The claims that can name a tenant; `None`: any claim.
    tenants: Option<&'static [&'static str]>,
}

const ANY: Provider = Provider {
    name: "",
    is_issuer: |_| false,
    ending: IssuerEnding::NoSlash,
    algorithms: &[Algorithm::Rs256],
    lacks_typ: true,
    scopes: None,
    tenants: None,
};

const PROVIDERS: [Provider; 15] = [
    Provider { name: "Amazon Cognito", is_issuer: |issuer| host(issuer).starts_with("cognito-idp."), ..ANY },
    Provider {
        name: "Auth0",
        is_issuer: |issuer| within(issuer, ".auth0.com"),
        ending: IssuerEnding::Slash,
        algorithms: &[Algorithm::Rs256, Algorithm::Ps256],
        // `at+jwt` with the profile RFC 9068, which is a setting of each API.
        lacks_typ: false,
        ..ANY
    },
    Provider { name: "Okta", is_issuer: is_okta, scopes: Some(&["scp", "groups"]), ..ANY },
    Provider {
        name: "Microsoft Entra ID (v2.0 tokens)",
        is_issuer: |issuer| host(issuer).starts_with("login.microsoftonline.") && issuer.contains("/v2.0"),
        scopes: Some(&["scp", "roles", "groups"]),
        ..ANY
    },
    Provider {
        name: "Microsoft Entra ID (v1.0 tokens)",
        is_issuer: |issuer| host(issuer) == "sts.windows.net",
        ending: IssuerEnding::Slash,
        scopes: Some(&["scp", "roles", "groups"]),
        ..ANY
    },
    Provider { name: "Keycloak", is_issuer: |issuer| issuer.contains("/realms/"), algorithms: &[], ..ANY },
    Provider {
        name: "Google",
        is_issuer: |issuer| issuer == "accounts.google.com" || host(issuer) == "accounts.google.com",
        scopes: Some(&[]),
        tenants: Some(&["hd", "sub", "azp", "email", "aud"]),
        ..ANY
    },
    Provider { name: "Firebase", is_issuer: |issuer| host(issuer) == "securetoken.google.com", ..ANY },
    Provider {
        name: "GitHub Actions",
        is_issuer: |issuer| host(issuer) == "token.actions.githubusercontent.com",
        scopes: Some(&[]),
        tenants: Some(&[
            "repository_owner",
            "repository_owner_id",
            "repository",
            "repository_id",
            "sub",
            "job_workflow_ref",
            "enterprise",
            "enterprise_id",
            "environment",
        ]),
        ..ANY
    },
    Provider {
        name: "GitLab",
        is_issuer: |issuer| host(issuer) == "gitlab.com",
        scopes: Some(&[]),
        tenants: Some(&["namespace_id", "namespace_path", "project_id", "environment"]),
        ..ANY
    },
    Provider {
        name: "Kubernetes",
        is_issuer: is_kubernetes,
        ending: IssuerEnding::Any,
        algorithms: &[],
        scopes: Some(&[]),
        tenants: Some(&["kubernetes.io.namespace", "kubernetes.io.serviceaccount.name", "sub"]),
        ..ANY
    },
    Provider { name: "Clerk", is_issuer: |issuer| within(issuer, ".clerk.accounts.dev"), ..ANY },
    Provider { name: "Zitadel", is_issuer: |issuer| within(issuer, ".zitadel.cloud"), algorithms: &[], lacks_typ: false, ..ANY },
    Provider {
        name: "Supabase",
        is_issuer: |issuer| within(issuer, ".supabase.co"),
        algorithms: &[Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256],
        ..ANY
    },
    Provider {
        name: "Authentik",
        is_issuer: |issuer| issuer.contains("/application/o/"),
        ending: IssuerEnding::Slash,
        algorithms: &[],
        ..ANY
    },
];

/// Warns about settings that make the service refuse every token of a known provider.
pub(super) fn warn(key: &Key<'_>, rules: &IssuerRules) {
    let Some(provider) = PROVIDERS.iter().find(|provider| (provider.is_issuer)(&rules.issuer)) else { return };
    for (name, text) in provider.faults(rules).into_iter().chain(special(provider.name, rules)) {
        key.key(name).warn(text);
    }
}

impl Provider {
    /// The settings that do not match the provider: keys and texts.
    fn faults(&self, rules: &IssuerRules) -> Vec<(&'static str, String)> {
        let (name, mut faults) = (self.name, Vec::new());
        match (self.ending, rules.issuer.ends_with('/')) {
            (IssuerEnding::Slash, false) => faults
                .push(("issuer", format!("{name} writes its issuer with `/` at the end: without it, every token is refused"))),
            (IssuerEnding::NoSlash, true) => {
                faults.push((
                    "issuer",
                    format!("{name} writes its issuer without `/` at the end: with it, every token is refused"),
                ));
            }
            _ => {}
        }
        if !self.algorithms.is_empty() && !rules.algorithms.iter().any(|algorithm| self.algorithms.contains(algorithm)) {
            faults.push(("algorithms", format!("{name} signs with {}: every token is refused", listed(self.algorithms))));
        }
        if rules.require_typ && self.lacks_typ {
            let text = format!("{name} does not send `typ: at+jwt` by default: check that it does, or every token is refused");
            faults.push(("require_typ", text));
        }
        match self.scopes {
            Some([]) if rules.scope_map.is_empty() || rules.scope_claims.iter().all(|claim| claim == "scope") => {
                let text = format!(
                    "tokens of {name} contain no scopes, so every request fails with 403: name another claim, and map its values \
                     with `scope_map`"
                );
                faults.push(("scope_claims", text));
            }
            Some(known @ [_, ..]) if !rules.scope_claims.iter().any(|claim| may_be(known, claim)) => {
                let text = format!("{name} puts scopes into {}: every request fails with 403", listed(known));
                faults.push(("scope_claims", text));
            }
            _ => {}
        }
        if let Some(known) = self.tenants
            && !matches!(rules.tenants, TenantRule::Fixed(_))
            && !known.iter().any(|known| rules.tenant_claim == *known)
        {
            let claim = quoted(&rules.tenant_claim);
            let text = format!(
                "tokens of {name} have no claim {claim}, so every token is refused: use a claim that they have, such as `{}`, or \
                 set one tenant with `tenant`",
                known.first().copied().unwrap_or_default()
            );
            faults.push(("tenant_claim", text));
        }
        faults
    }
}

/// Whether the claim is known, or may be added by an administrator, whose names are long or paths.
fn may_be(known: &[&str], claim: &str) -> bool {
    known.contains(&claim) || !["scope", "scopes", "permissions"].contains(&claim)
}

/// Warnings for one provider only.
fn special(name: &str, rules: &IssuerRules) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let issuer = rules.issuer.as_str();
    match name {
        "Amazon Cognito" => {
            if rules.client_ids.is_empty() && !rules.audiences.iter().any(|audience| is_cognito_client(audience)) {
                let text = "is missing, and no entry of `audiences` looks like a client id: access tokens of Amazon Cognito have \
                            no `aud`, so every token is refused; list the ids of the app clients";
                faults.push(("client_ids", text.to_owned()));
            }
            if rules.tenant_claim.starts_with("custom:") {
                let text = "Amazon Cognito puts attributes into ID tokens, not into access tokens: a trigger before token \
                            generation (event version 2) must add this claim, or every token is refused";
                faults.push(("tenant_claim", text.to_owned()));
            }
        }
        "Okta" if !issuer.contains("/oauth2/") => {
            let text = "this is Okta's organization authorization server, whose access tokens are for Okta alone: use a custom one, \
                        such as `https://example.okta.com/oauth2/default`";
            faults.push(("issuer", text.to_owned()));
        }
        name if name.starts_with("Microsoft Entra ID") => faults.extend(entra(name, rules)),
        "Firebase" => {
            let project = issuer.rsplit('/').next().unwrap_or_default();
            if !rules.audiences.iter().any(|audience| audience == project) {
                let text = format!("Firebase writes the project's id, {}, into `aud`: every token is refused", quoted(project));
                faults.push(("audiences", text));
            }
        }
        "Clerk" if rules.client_ids.is_empty() => {
            let text = "Clerk's session tokens have no `aud`: use a JWT template that sets it, or every token is refused";
            faults.push(("audiences", text.to_owned()));
        }
        "Zitadel" if rules.scope_claims.iter().any(|claim| claim.starts_with("urn:zitadel:iam:org:project:")) => {
            let text = "Zitadel writes roles as an object, which refuses the token: have an action add them as a list, under \
                        another name";
            faults.push(("scope_claims", text.to_owned()));
        }
        _ => {}
    }
    faults
}

/// The directory stands in the issuer; the two versions of tokens name their audience differently.
fn entra(name: &str, rules: &IssuerRules) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let directory = rules.issuer.split('/').nth(3).unwrap_or_default();
    if directory.len() != 36 || !directory.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        let text = format!(
            "{name} writes the directory's id into its issuer, not {}: every token is refused; write one issuer for each \
             directory",
            quoted(directory)
        );
        faults.push(("issuer", text));
    }
    let is_uri = |audience: &String| audience.contains("://");
    if name.contains("v2.0") && !rules.audiences.is_empty() && rules.audiences.iter().all(is_uri) {
        let text = "v2.0 tokens of Microsoft Entra ID have the application's client id in `aud`, not its URI: every token is \
                    refused";
        faults.push(("audiences", text.to_owned()));
    }
    faults
}

/// App client ids of Cognito are lower-case letters and digits, today 25 or 26 of them.
fn is_cognito_client(audience: &str) -> bool {
    (20..=128).contains(&audience.len())
        && audience.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+".contains(c))
        || audience.contains("://")
}

/// The host of a URL, without looking further at it.
fn host(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default()
}

fn within(issuer: &str, domain: &str) -> bool {
    host(issuer).ends_with(domain)
}

fn is_okta(issuer: &str) -> bool {
    [".okta.com", ".oktapreview.com", ".okta-emea.com"].iter().any(|domain| within(issuer, domain))
}

fn is_kubernetes(issuer: &str) -> bool {
    let host = host(issuer);
    host.starts_with("kubernetes.default.svc")
        || host.starts_with("oidc.eks.")
        || host == "container.googleapis.com"
        || host.ends_with(".oic.prod-aks.azure.com")
}
