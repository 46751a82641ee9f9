//! Names of log groups, and so ids of tenants, that belong to AWS or to this service.
//!
//! A template such as `/{tenant}/*` hands a tenant called `aws` the account's own logs. So such an id is no tenant's, and a
//! template that could reach these groups is reported. Sources: the log group names that AWS services create by themselves
//! (Amazon CloudWatch Logs user guide, "AWS services that publish logs to CloudWatch Logs", and those services' own guides);
//! `/logmark/` is the group of this service in `infra/`.

use crate::domain::name::TenantId;

/// How the groups begin that AWS services and this service create by themselves.
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

/// Ids that are the first part of such a group's name, in lower case.
const IDS: [&str; 7] = ["aws", "ecs", "sns", "cloudtrail", "rdsosmetrics", "awsiotlogs", "logmark"];

/// How ids begin that are the first part of such a group's name, in lower case.
const ID_PREFIXES: [&str; 6] = ["aws-", "aws_", "aws.", "awsiotlogs", "api-gateway-execution-logs", "dms-tasks-"];

/// What stands for the tenant's id in a template.
const TENANT: &str = "{tenant}";

/// Is the id the beginning of a name that belongs to AWS or to this service? Names of log groups tell capital letters apart,
/// ids that differ in nothing else only invite errors.
#[must_use]
pub fn is_reserved(id: &TenantId) -> bool {
    let id = id.as_str().to_ascii_lowercase();
    IDS.contains(&id.as_str()) || ID_PREFIXES.iter().any(|prefix| id.starts_with(prefix))
}

/// The first of the reserved prefixes that a template can match for some tenant without naming it.
///
/// `/aws/lambda/{tenant}-*` spells the prefix out, so it is meant.
#[must_use]
pub fn reached_by(template: &str) -> Option<&'static str> {
    let fixed = template.split(['{', '*']).next().unwrap_or_default();
    GROUP_PREFIXES.into_iter().find(|prefix| !fixed.starts_with(prefix) && reaches(template, prefix))
}

/// Can the template, filled in for some tenant, match a name that begins with `head`? An id that stands twice may differ here.
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
