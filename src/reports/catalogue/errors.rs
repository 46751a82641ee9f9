//! Reports on requests that failed or were refused.

use crate::reports::definition::{Definition, Key, Only, Shape};
use crate::reports::fields;

pub(super) const NOT_FOUND: Definition = Definition {
    name: "not-found",
    title: "Not found",
    description: "Requests with status 404, and those that no route takes, by path.",
    keys: &[Key::Path],
    only: Some(Only(&[
        (fields::STATUS, "status = 404"),
        (fields::ERROR_RESPONSE_TYPE, r#"errorResponseType = "MISSING_AUTHENTICATION_TOKEN""#),
    ])),
    shape: Shape::Grouped,
};

pub(super) const CLIENT_ERRORS: Definition = Definition {
    name: "client-errors",
    title: "Client errors",
    description: "Requests with a status of 400 to 499 over time, by status, domain, method, path and kind of error.",
    keys: &[
        Key::Time,
        Key::Field(fields::STATUS),
        Key::Also(fields::DOMAIN_NAME),
        Key::Also(fields::HTTP_METHOD),
        Key::Path,
        Key::Also(fields::ERROR_RESPONSE_TYPE),
    ],
    only: Some(Only(&[(fields::STATUS, "status >= 400 and status <= 499")])),
    shape: Shape::Grouped,
};

/// Its requests depend on `class`: see [`crate::reports::plan`].
pub(super) const ERRORS_BY_ROUTE: Definition = Definition {
    name: "errors-by-route",
    title: "Errors by route",
    description: "Errors by path and status. `class` is `4xx` or `5xx`.",
    keys: &[Key::Path, Key::Field(fields::STATUS)],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const SERVER_ERRORS: Definition = Definition {
    name: "server-errors",
    title: "Server errors",
    description: "Requests with a status of 500 or more, with the error, and whether the gateway or the backend made it.",
    keys: &[
        Key::Field(fields::STATUS),
        Key::Path,
        Key::Origin,
        Key::Also(fields::INTEGRATION_STATUS),
        Key::Also(fields::INTEGRATION_ERROR),
        Key::Also(fields::ERROR_RESPONSE_TYPE),
        Key::Also(fields::ERROR_MESSAGE),
    ],
    only: Some(Only(&[(fields::STATUS, "status >= 500 and status <= 599")])),
    shape: Shape::Grouped,
};

const REFUSED_CUSTOMER: &[Key] = &[Key::Also(fields::DOMAIN_NAME), Key::Plan, Key::Customer, Key::Path];

pub(super) const QUOTA: Definition = Definition {
    name: "quota",
    title: "Quotas reached",
    description: "Requests that were refused because the quota of a usage plan was used up.",
    keys: REFUSED_CUSTOMER,
    only: Some(Only(&[
        (fields::ERROR_RESPONSE_TYPE, r#"errorResponseType = "QUOTA_EXCEEDED""#),
        (fields::ERROR_MESSAGE, r#"errorMessage = "Limit Exceeded""#),
    ])),
    shape: Shape::Grouped,
};

pub(super) const THROTTLED: Definition = Definition {
    name: "throttled",
    title: "Throttled requests",
    description: "Requests that were refused because they came too fast.",
    keys: REFUSED_CUSTOMER,
    only: Some(Only(&[
        (fields::ERROR_RESPONSE_TYPE, r#"errorResponseType = "THROTTLED""#),
        (fields::ERROR_MESSAGE, r#"errorMessage = "Too Many Requests""#),
    ])),
    shape: Shape::Grouped,
};

pub(super) const AUTH_FAILURES: Definition = Definition {
    name: "auth-failures",
    title: "Authentication failures",
    description: "Requests with status 401 or 403, by domain, kind of error, method, path and usage plan.",
    keys: &[
        Key::Also(fields::DOMAIN_NAME),
        Key::Field(fields::STATUS),
        Key::Also(fields::ERROR_RESPONSE_TYPE),
        Key::Also(fields::HTTP_METHOD),
        Key::Path,
        Key::Plan,
    ],
    only: Some(Only(&[(fields::STATUS, "status in [401, 403]")])),
    shape: Shape::Grouped,
};

pub(super) const WAF: Definition = Definition {
    name: "waf",
    title: "Web application firewall",
    description: "Requests by the decision of AWS WAF. `latency` is the firewall's.",
    keys: &[Key::Field(fields::WAF_RESPONSE_CODE), Key::Also(fields::WAF_STATUS), Key::Also(fields::WEB_ACL_ARN)],
    only: Some(Only(&[(fields::WAF_RESPONSE_CODE, r#"ispresent(wafResponseCode) and wafResponseCode != "-""#)])),
    shape: Shape::Grouped,
};
