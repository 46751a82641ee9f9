//! Reports on the callers: customers, users, addresses, programs.

use crate::reports::definition::{Definition, Key, Only, Shape};
use crate::reports::fields;

pub(super) const USAGE_PLANS: Definition = Definition {
    name: "usage-plans",
    title: "Usage plans",
    description: "Requests by day, usage plan, domain, path and status.",
    keys: &[Key::Day, Key::Plan, Key::Also(fields::DOMAIN_NAME), Key::Path, Key::Field(fields::STATUS)],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const CUSTOMERS: Definition = Definition {
    name: "customers",
    title: "Customers",
    description: "Requests by customer: the name of the API key, or its id where the name is not known.",
    keys: &[Key::Customer],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const CUSTOMER_ROUTES: Definition = Definition {
    name: "customer-routes",
    title: "Routes of customers",
    description: "Requests by usage plan, customer and route. `pct` is the percentage of the customer's requests.",
    keys: &[Key::Plan, Key::Customer, Key::Route],
    only: None,
    shape: Shape::PivotOf(Key::Customer),
};

pub(super) const USER_AGENTS: Definition = Definition {
    name: "user-agents",
    title: "User agents",
    description: "Requests by user agent, with its family, operating system and class where they are recognised.",
    keys: &[Key::Field(fields::USER_AGENT), Key::AgentFamily, Key::AgentOs, Key::AgentClass],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const AUTH_METHODS: Definition = Definition {
    name: "auth-methods",
    title: "Authentication methods",
    description: "Requests by the way in which the caller was authenticated: `iam`, `cognito_pool`, `cognito_identity`, `lambda`, \
        `mtls`, `api_key` or `none`.",
    keys: &[Key::AuthMethod],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const COGNITO: Definition = Definition {
    name: "cognito",
    title: "Access by Cognito user pools",
    description: "Requests with a token of a user pool, by day, usage plan, path, status, subject, issuer and audience.",
    keys: &[
        Key::Day,
        Key::Plan,
        Key::Also(fields::DOMAIN_NAME),
        Key::Path,
        Key::Field(fields::STATUS),
        Key::Field(fields::SUB),
        Key::Issuer,
        Key::Also(fields::AUD),
    ],
    only: Some(Only(&[(fields::SUB, r#"ispresent(sub) and sub != "-""#)])),
    shape: Shape::Grouped,
};

pub(super) const IAM: Definition = Definition {
    name: "iam",
    title: "Access by IAM",
    description: "Requests that were signed with IAM credentials, by identity, address, method, path and status.",
    keys: &[
        Key::Field(fields::USER_ARN),
        Key::Also(fields::USER),
        Key::Also(fields::CALLER),
        Key::Also(fields::IDENTITY_ACCOUNT_ID),
        Key::Also(fields::PRINCIPAL_ORG_ID),
        Key::Also(fields::IP),
        Key::Path,
        Key::Also(fields::HTTP_METHOD),
        Key::Field(fields::STATUS),
    ],
    only: Some(Only(&[(fields::USER_ARN, r#"ispresent(identityUserArn) and identityUserArn != "-""#)])),
    shape: Shape::Grouped,
};

pub(super) const HOSTS: Definition = Definition {
    name: "hosts",
    title: "Addresses",
    description: "Requests by the address of the client, with its country where the operator supplied a database of countries.",
    keys: &[Key::Field(fields::IP), Key::Country],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const USERS: Definition = Definition {
    name: "users",
    title: "Users",
    description: "Requests of known users: IAM user, caller, subject of a token, principal of an authorizer.",
    keys: &[
        Key::Also(fields::USER),
        Key::Also(fields::CALLER),
        Key::Also(fields::SUB),
        Key::Also(fields::AUTHORIZER_PRINCIPAL_ID),
    ],
    only: Some(Only(&[
        (fields::USER, r#"(ispresent(identityUser) and identityUser != "-")"#),
        (fields::CALLER, r#"(ispresent(identityCaller) and identityCaller != "-")"#),
        (fields::SUB, r#"(ispresent(sub) and sub != "-")"#),
        (fields::AUTHORIZER_PRINCIPAL_ID, r#"(ispresent(authorizerPrincipalId) and authorizerPrincipalId != "-")"#),
    ])),
    shape: Shape::Grouped,
};

pub(super) const BILLING: Definition = Definition {
    name: "billing",
    title: "Billing",
    description: "Requests and bytes by customer, route and status, with the amount by the operator's price model. Use the range of a \
        month.",
    keys: &[Key::Plan, Key::Customer, Key::Also(fields::HTTP_METHOD), Key::Route, Key::Field(fields::STATUS)],
    only: Some(Only(&[(fields::API_KEY_ID, r#"ispresent(identityApiKeyId) and identityApiKeyId != "-""#)])),
    shape: Shape::Billing,
};
