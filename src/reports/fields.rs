//! The fields of access logs that reports use, by their canonical names.
//!
//! The names are those of the usage dashboard's log format. The query of a format begins with commands that give the fields these
//! names ([`super::format`], [`logmark_access_log::Field`]).

use std::fmt;

/// A field of an access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(&'static str);

impl Field {
    /// A column that a query computes.
    pub(super) const fn computed(name: &'static str) -> Self {
        Self(name)
    }

    /// The canonical name, as queries and rows have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Declares the fields, and the list of all.
macro_rules! fields {
    ($($constant:ident $name:literal,)*) => {
        $(#[doc = concat!("`", $name, "`")] pub const $constant: Field = Field($name);)*

        /// All fields.
        pub const ALL: &[Field] = &[$($constant,)*];
    };
}

fields! {
    STATUS "status",
    HTTP_METHOD "httpMethod",
    ROUTE_KEY "routeKey",
    RESOURCE_PATH "resourcePath",
    PATH "path",
    PROTOCOL "protocol",
    DOMAIN_NAME "domainName",
    API_ID "apiId",
    STAGE "stage",
    REQUEST_ID "requestId",
    EXTENDED_REQUEST_ID "extendedRequestId",
    REQUEST_TIME "requestTime",
    RESPONSE_LENGTH "responseLength",
    IP "ip",
    USER_AGENT "identityUserAgent",
    API_KEY_ID "identityApiKeyId",
    USER "identityUser",
    USER_ARN "identityUserArn",
    CALLER "identityCaller",
    IDENTITY_ACCOUNT_ID "identityAccountId",
    PRINCIPAL_ORG_ID "identityPrincipalOrgId",
    COGNITO_IDENTITY_ID "identityCognitoIdentityId",
    CLIENT_CERT_SUBJECT "identityClientCertSubjectDN",
    SUB "sub",
    CLIENT_ID "clientId",
    AUD "aud",
    AUTHORIZER_PRINCIPAL_ID "authorizerPrincipalId",
    AUTHORIZER_ERROR "authorizerError",
    AUTHORIZER_INTEGRATION_STATUS "authorizerIntegrationStatus",
    AUTHORIZE_ERROR "authorizeError",
    AUTHORIZE_STATUS "authorizeStatus",
    ERROR_MESSAGE "errorMessage",
    ERROR_RESPONSE_TYPE "errorResponseType",
    INTEGRATION_STATUS "integrationStatus",
    INTEGRATION_ERROR "integrationError",
    BACKEND_STATUS "backendStatus",
    WAF_RESPONSE_CODE "wafResponseCode",
    WEB_ACL_ARN "webaclArn",
    WAF_STATUS "wafStatus",
    RESPONSE_LATENCY "responseLatency",
    INTEGRATION_LATENCY "integrationLatency",
    AUTHORIZER_INTEGRATION_LATENCY "authorizerIntegrationLatency",
    AUTHORIZER_LATENCY "authorizerLatency",
    AUTHORIZE_LATENCY "authorizeLatency",
    WAF_LATENCY "wafLatency",
}
