//! The names of keys and measures for readers.

/// Names that differ from their words.
const KEYS: [(&str, &str); 33] = [
    ("ip", "Address"),
    ("httpMethod", "Method"),
    ("resourcePath", "Route"),
    ("routeKey", "Route"),
    ("domainName", "Domain"),
    ("planName", "Plan"),
    ("identityUserAgent", "User agent"),
    ("identityApiKeyId", "API key"),
    ("identityUserArn", "User ARN"),
    ("identityUser", "IAM user"),
    ("identityCaller", "Caller"),
    ("identityAccountId", "Account"),
    ("identityPrincipalOrgId", "Organization"),
    ("authorizerPrincipalId", "Principal"),
    ("errorResponseType", "Error type"),
    ("errorMessage", "Error message"),
    ("integrationStatus", "Integration status"),
    ("integrationErrorMessage", "Integration error"),
    ("wafResponseCode", "Firewall"),
    ("webaclArn", "Web ACL"),
    ("statusClass", "Class"),
    ("authMethod", "Authentication"),
    ("os", "System"),
    ("class", "Class"),
    ("sub", "Subject"),
    ("aud", "Audience"),
    ("clientId", "Issuer"),
    ("apiId", "API"),
    ("requestId", "Request id"),
    ("extendedRequestId", "Extended request id"),
    ("authorizeError", "Authorization error"),
    ("authorizerError", "Authorizer error"),
    ("phase", "Latency"),
];

/// The name of a key: `httpMethod` is `Method`, and `someOtherKey` is `Some other key`.
pub(super) fn key(name: &str) -> String {
    if let Some((_, label)) = KEYS.iter().find(|(known, _)| *known == name) {
        return (*label).to_owned();
    }
    let mut label = String::new();
    for (index, character) in name.chars().enumerate() {
        match character {
            first if index == 0 => label.extend(first.to_uppercase()),
            upper if upper.is_ascii_uppercase() => {
                label.push(' ');
                label.push(upper.to_ascii_lowercase());
            }
            other => label.push(other),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_have_names_for_readers() {
        let labels = ["httpMethod", "responseLength", "customer", "", "é"].map(super::key);
        assert_eq!(labels, ["Method", "Response length", "Customer", "", "É"]);
    }
}
