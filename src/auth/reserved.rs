//! Reserved tenant ids: names of log groups of AWS and of this service begin with them.
//!
//! A template such as `/{tenant}/*` would give a tenant with the id `aws` the logs of AWS services. Such ids are therefore refused,
//! and a template that could match these groups causes a warning. Sources: the log group names that AWS services create by themselves
//! (Amazon CloudWatch Logs user guide, "AWS services that publish logs to CloudWatch Logs", and those services' own guides);
//! `/logmark/` is the group of this service in `infra/`.

use crate::domain::name::TenantId;

/// Prefixes of the groups that AWS services and this service create.
const GROUP_PREFIXES: [&str; 12] = [
    "/aws/",
    "aws/",
    "/aws-",
    "aws-",
    "API-Gateway-Execution-Logs_",
    "/ecs/",
    "/logmark/",
    "sns/",
    "CloudTrail/",
    "RDSOSMetrics",
    "AWSIotLogs",
    "dms-tasks-",
];

/// Ids that are the first part of such a name, in lower case.
const IDS: [&str; 7] = ["aws", "ecs", "sns", "cloudtrail", "rdsosmetrics", "awsiotlogs", "logmark"];

/// Prefixes of ids that are the first part of such a name, in lower case.
const ID_PREFIXES: [&str; 6] = ["aws-", "aws_", "aws.", "awsiotlogs", "api-gateway-execution-logs", "dms-tasks-"];

/// The placeholder of the id in a template.
const TENANT: &str = "{tenant}";

/// Whether names of AWS or of this service begin with the id. Ignores case: log group names are case-sensitive, but ids that
/// differ only in case invite errors.
#[must_use]
pub fn is_reserved(id: &TenantId) -> bool {
    let id = id.as_str().to_ascii_lowercase();
    IDS.contains(&id.as_str()) || ID_PREFIXES.iter().any(|prefix| id.starts_with(prefix))
}

/// The first of the reserved prefixes that a template can match for some tenant without naming it.
///
/// `/aws/lambda/{tenant}-*` contains the prefix, so its author intends it.
#[must_use]
pub fn reached_by(template: &str) -> Option<&'static str> {
    let fixed = template.split(['{', '*']).next().unwrap_or_default();
    GROUP_PREFIXES.into_iter().find(|prefix| !fixed.starts_with(prefix) && reaches(template, prefix))
}

/// Whether the template can match a name that begins with `head`, for some tenant. Two placeholders may have different values
/// here.
fn reaches(template: &str, head: &str) -> bool {
    let Some(first) = head.chars().next() else { return true };
    if let Some(rest) = template.strip_prefix(TENANT) {
        let of_id = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let most = head.chars().take_while(|c| of_id(*c)).count();
        return (1..=most).any(|taken| reaches(rest, &head[taken..]));
    }
    match template.chars().next() {
        None => false,
        Some('*') => true,
        Some(c) => c == first && reaches(&template[c.len_utf8()..], &head[first.len_utf8()..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_could_match_aws_groups_is_found() {
        for (template, expected) in [
            ("/{tenant}/*", Some("/aws/")),
            ("/{tenant}", Some("/aws-")),
            ("{tenant}/*", Some("aws/")),
            ("{tenant}*", Some("aws/")),
            ("{tenant}_{tenant}/x", Some("aws-")),
            ("API{tenant}_x/*", Some("API-Gateway-Execution-Logs_")),
            ("{tenant}-*", Some("aws-")),
            ("API-{tenant}/*", Some("API-Gateway-Execution-Logs_")),
            ("/a{tenant}/*", Some("/aws/")),
            ("/log{tenant}/*", Some("/logmark/")),
            ("*{tenant}", Some("/aws/")),
            ("*", Some("/aws/")),
            ("/customers/{tenant}/*", None),
            ("/aws/lambda/{tenant}-*", None),
            ("customer-{tenant}/*", None),
            ("/tenants/{tenant}", None),
            ("/{tenant}-prod/*", Some("/aws-")),
        ] {
            assert_eq!(reached_by(template), expected, "{template}");
        }
    }

    #[test]
    fn ids_that_begin_such_names_are_reserved() {
        for (id, expected) in [
            ("aws", true),
            ("AWS", true),
            ("aws-waf-logs-x", true),
            ("API-Gateway-Execution-Logs_abc123", true),
            ("api-gateway-execution-logs", true),
            ("logmark", true),
            ("ecs", true),
            ("acme", false),
            ("awsome", false),
            ("logmark2", false),
            ("my-aws", false),
            ("ecstasy", false),
        ] {
            assert_eq!(is_reserved(&TenantId::try_from(id).unwrap()), expected, "{id}");
        }
    }
}
