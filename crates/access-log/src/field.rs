//! The canonical fields of access logs: one name for each, in all formats.
//!
//! The first names are the keys of AWS's usage dashboard for API Gateway, so that logs in its format need no renaming. The
//! table also has the `$context` variables that fill a field, the preferred one first.

use std::fmt;

/// What the text of a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A word without white space: an identifier or a name.
    Token,
    /// A path of a URL, percent-encoded. It may contain commas and quotes, but no white space.
    Path,
    /// A route of an HTTP or WebSocket API: `GET /pets`, `$default`.
    RouteKey,
    /// Any text, such as a user agent or an error message.
    Text,
    /// A whole number: milliseconds, bytes.
    Integer,
    /// A number of seconds with decimals, which a record gives in milliseconds.
    Seconds,
    /// A status code of HTTP: three digits.
    Status,
    /// A time such as `17/May/2015:10:05:03 +0000`.
    ClfTime,
    /// Milliseconds since 1970.
    EpochMillis,
    /// An IP address; parts of it may be replaced by `X` or `*`.
    Ip,
    /// A method of HTTP.
    Method,
    /// A protocol such as `HTTP/1.1`.
    Protocol,
    /// The name of a host, with or without a port.
    Domain,
}

impl Kind {
    /// Whether values are numbers.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Seconds | Self::Status | Self::EpochMillis)
    }
}

macro_rules! fields {
    ($($variant:ident $name:literal $kind:ident [$($variable:literal),*] $doc:literal;)+) => {
        /// A field of an access-log line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`: ", $doc)] $variant,)+
        }

        impl Field {
            /// All fields. The first [`Field::DASHBOARD`] are those of AWS's usage dashboard, in its order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The canonical name: the name in queries, and the key in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its values look like.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)+ }
            }

            /// The `$context` variables of API Gateway with this value, the preferred one first, without `$context.`.
            #[must_use]
            pub const fn variables(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($variable),*],)+ }
            }

            /// What it is, in a few words.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

fields! {
    ApiId "apiId" Token ["apiId"] "the identifier of the API";
    Stage "stage" Token ["stage"] "the deployment stage; `$default` for many HTTP APIs";
    RequestId "requestId" Token ["requestId"] "the identifier of the request, which a client can choose";
    Ip "ip" Ip ["identity.sourceIp"] "the address of the TCP peer";
    RequestTime "requestTime" ClfTime ["requestTime"] "the time of the request";
    HttpMethod "httpMethod" Method ["httpMethod"] "the method";
    RouteKey "routeKey" RouteKey ["routeKey"] "the route of an HTTP or WebSocket API";
    Status "status" Status ["status"] "the status of the response";
    Protocol "protocol" Protocol ["protocol"] "the protocol of the request";
    ResponseLength "responseLength" Integer ["responseLength"] "bytes of the response's body";
    AccountId "accountId" Token ["accountId"] "the account of the API's owner";
    AuthorizerClaimsProperty "authorizerClaimsProperty" Text ["authorizer.claims.property"] "the claim named `property`";
    AuthorizerPrincipalId "authorizerPrincipalId" Text ["authorizer.principalId"] "the principal that a Lambda authorizer returned";
    AuthorizerProperty "authorizerProperty" Text ["authorizer.property"] "the authorizer's value named `property`";
    DomainName "domainName" Domain ["domainName"] "the host that was called";
    DomainPrefix "domainPrefix" Domain ["domainPrefix"] "the first label of the host";
    ErrorMessage "errorMessage" Text ["error.message", "error.messageString"] "API Gateway's error message";
    ErrorResponseType "errorResponseType" Token ["error.responseType"] "the kind of API Gateway's own response";
    IdentityAccountId "identityAccountId" Token ["identity.accountId"] "the caller's account";
    IdentityApiKeyId "identityApiKeyId" Token ["identity.apiKeyId"] "the identifier of the caller's API key";
    IdentityCaller "identityCaller" Token ["identity.caller"] "the signed caller";
    IdentityCognitoAuthenticationProvider "identityCognitoAuthenticationProvider" Text ["identity.cognitoAuthenticationProvider"] "the caller's Cognito providers, separated by commas";
    IdentityCognitoAuthenticationType "identityCognitoAuthenticationType" Token ["identity.cognitoAuthenticationType"] "`authenticated` or `unauthenticated`";
    IdentityCognitoIdentityId "identityCognitoIdentityId" Token ["identity.cognitoIdentityId"] "the caller's Cognito identity";
    IdentityCognitoIdentityPoolId "identityCognitoIdentityPoolId" Token ["identity.cognitoIdentityPoolId"] "the caller's Cognito identity pool";
    IdentityPrincipalOrgId "identityPrincipalOrgId" Token ["identity.principalOrgId"] "the caller's AWS organization";
    IdentityUser "identityUser" Token ["identity.user"] "the user who was authorized";
    IdentityUserAgent "identityUserAgent" Text ["identity.userAgent"] "the user agent";
    IdentityUserArn "identityUserArn" Token ["identity.userArn"] "the ARN of the IAM user or role";
    Path "path" Path ["path"] "the path of the request";
    ResourcePath "resourcePath" Path ["resourcePath"] "the path of the resource, such as `/pets/{id}`";
    WafResponseCode "wafResponseCode" Token ["wafResponseCode"] "`WAF_ALLOW` or `WAF_BLOCK`";
    WebaclArn "webaclArn" Token ["webaclArn"] "the web ACL";
    Sub "sub" Text ["authorizer.claims.sub"] "the claim `sub`";
    ClientId "clientId" Text ["authorizer.claims.iss"] "the claim `iss`; AWS's dashboard names it so";
    Aud "aud" Text ["authorizer.claims.aud"] "the claim `aud`";
    AuthorizeError "authorizeError" Text ["authorize.error"] "the error of the authorization";
    AuthorizeLatency "authorizeLatency" Integer ["authorize.latency"] "milliseconds of the authorization";
    AuthorizeStatus "authorizeStatus" Status ["authorize.status"] "the status of the authorization";
    AuthorizerError "authorizerError" Text ["authorizer.error"] "the authorizer's error";
    AuthorizerIntegrationLatency "authorizerIntegrationLatency" Integer ["authorizer.integrationLatency"] "milliseconds of the authorizer's function";
    AuthorizerIntegrationStatus "authorizerIntegrationStatus" Status ["authorizer.integrationStatus"] "the status of the authorizer's function";
    AuthorizerLatency "authorizerLatency" Integer ["authorizer.latency"] "milliseconds of the authorizer";
    AuthorizerStatus "authorizerStatus" Status ["authorizer.status"] "the authorizer's status";
    IntegrationLatency "integrationLatency" Integer ["integration.latency", "integrationLatency"] "milliseconds of the backend";
    ResponseLatency "responseLatency" Integer ["responseLatency"] "milliseconds of the whole response";

    ExtendedRequestId "extendedRequestId" Token ["extendedRequestId"] "the identifier of the request that API Gateway chose";
    RequestTimeEpoch "requestTimeEpoch" EpochMillis ["requestTimeEpoch"] "the time of the request, in milliseconds since 1970";
    AwsEndpointRequestId "awsEndpointRequestId" Token ["awsEndpointRequestId"] "the AWS endpoint's request identifier";
    AwsEndpointRequestId2 "awsEndpointRequestId2" Token ["awsEndpointRequestId2"] "the AWS endpoint's second request identifier";
    DeploymentId "deploymentId" Token ["deploymentId"] "the deployment";
    ResourceId "resourceId" Token ["resourceId"] "the identifier of the resource";
    ErrorValidationErrorString "errorValidationErrorString" Text ["error.validationErrorString"] "the details of a failed validation";
    IdentityApiKey "identityApiKey" Token ["identity.apiKey"] "the API key itself, which is a secret";
    IdentityClientCertPem "identityClientCertPem" Text ["identity.clientCert.clientCertPem"] "the client's certificate";
    IdentityClientCertSubject "identityClientCertSubjectDN" Text ["identity.clientCert.subjectDN"] "the subject of the client's certificate";
    IdentityClientCertIssuer "identityClientCertIssuerDN" Text ["identity.clientCert.issuerDN"] "the issuer of the client's certificate";
    IdentityClientCertSerial "identityClientCertSerialNumber" Token ["identity.clientCert.serialNumber"] "the serial number of the client's certificate";
    IdentityClientCertNotBefore "identityClientCertNotBefore" Text ["identity.clientCert.validity.notBefore"] "the begin of the certificate's validity";
    IdentityClientCertNotAfter "identityClientCertNotAfter" Text ["identity.clientCert.validity.notAfter"] "the end of the certificate's validity";
    IdentityVpcId "identityVpcId" Token ["identity.vpcId"] "the VPC of a private API's caller";
    IdentityVpceId "identityVpceId" Token ["identity.vpceId"] "the VPC endpoint of a private API's caller";
    ResponseOverrideStatus "responseOverrideStatus" Status ["responseOverride.status"] "the status that a mapping template set";
    AuthenticateError "authenticateError" Text ["authenticate.error"] "the error of the authentication";
    AuthenticateLatency "authenticateLatency" Integer ["authenticate.latency"] "milliseconds of the authentication";
    AuthenticateStatus "authenticateStatus" Status ["authenticate.status"] "the status of the authentication";
    AuthorizerRequestId "authorizerRequestId" Token ["authorizer.requestId"] "the request identifier of the authorizer's function";
    CustomDomainBasePathMatched "customDomainBasePathMatched" Path ["customDomain.basePathMatched"] "the base path of the custom domain";
    IntegrationError "integrationError" Text ["integration.error", "integrationErrorMessage"] "the error of the backend";
    IntegrationStatus "integrationStatus" Status ["integration.integrationStatus", "integrationStatus"] "the status of the call to the backend";
    BackendStatus "backendStatus" Status ["integration.status"] "the status that the backend's own code returned";
    IntegrationRequestId "integrationRequestId" Token ["integration.requestId"] "the backend's request identifier";
    IntegrationResponseTransferMode "integrationResponseTransferMode" Token ["integration.responseTransferMode"] "`BUFFERED` or `STREAMED`";
    IntegrationTimeToAllHeaders "integrationTimeToAllHeaders" Integer ["integration.timeToAllHeaders"] "milliseconds until all headers of a streamed response";
    IntegrationTimeToFirstContent "integrationTimeToFirstContent" Integer ["integration.timeToFirstContent"] "milliseconds until the first byte of a streamed body";
    WafError "wafError" Text ["waf.error"] "the error of AWS WAF";
    WafLatency "wafLatency" Integer ["waf.latency"] "milliseconds of AWS WAF";
    WafStatus "wafStatus" Status ["waf.status"] "the status of AWS WAF";
    XrayTraceId "xrayTraceId" Token ["xrayTraceId"] "the trace in X-Ray";
    TlsVersion "tlsVersion" Token ["tlsVersion"] "the version of TLS";
    CipherSuite "cipherSuite" Token ["cipherSuite"] "the cipher suite of TLS";
    DataProcessed "dataProcessed" Integer ["dataProcessed"] "bytes that an HTTP API processed";
    ConnectedAt "connectedAt" EpochMillis ["connectedAt"] "the begin of a WebSocket connection, in milliseconds since 1970";
    ConnectionId "connectionId" Token ["connectionId"] "the WebSocket connection";
    EventType "eventType" Token ["eventType"] "`CONNECT`, `MESSAGE` or `DISCONNECT`";
    MessageId "messageId" Token ["messageId"] "the message of a WebSocket connection";

    Referer "referer" Text [] "the page that linked to this one";
    RequestLength "requestLength" Integer [] "bytes of the request";
    TargetStatus "targetStatus" Status [] "the status of a load balancer's target";
    EdgeLocation "edgeLocation" Token [] "the edge location of CloudFront";
    EdgeResultType "edgeResultType" Token [] "CloudFront's cache result";
}

impl Field {
    /// How many fields AWS's usage dashboard for API Gateway requires.
    pub const DASHBOARD: usize = 46;

    /// The field with a canonical name.
    ///
    /// ```
    /// use logmark_access_log::Field;
    ///
    /// assert_eq!(Field::named("identityUserAgent"), Some(Field::IdentityUserAgent));
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// The field that a `$context` variable fills, without `$context.`.
    #[must_use]
    pub fn of_variable(variable: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.variables().contains(&variable))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
