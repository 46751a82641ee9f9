//! Groups and account numbers in CloudWatch's responses: compared with the permit, and removed from results.
//!
//! Owns the formats of ARNs and of `@log`. INVARIANT: results contain no account number in values that CloudWatch composed.

use crate::domain::name::LogGroupName;
use crate::domain::query::names_entity_attribute;
use crate::domain::query::operations::Record;

/// The group of an identifier of ListLogGroupsForQuery in this account and region: a name, or
/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, which may end in `:*`. `None` for another account, region or format.
pub(super) fn group_of<'a>(identifier: &'a str, region: &str, account: Option<&str>) -> Option<&'a str> {
    let Some(arn) = identifier.strip_prefix("arn:") else { return (!identifier.contains(':')).then_some(identifier) };
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        [_partition, "logs", in_region, of_account, "log-group", name]
        | [_partition, "logs", in_region, of_account, "log-group", name, "*"]
            if *in_region == region && account.is_none_or(|account| account == *of_account) =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// The account and the group of a value of `@log`: twelve digits, `:`, a name. Emulators omit the number.
pub(super) fn parts_of_log(value: &str) -> (Option<&str>, &str) {
    match value.split_once(':') {
        Some((account, group)) if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
            (Some(account), group)
        }
        _ => (None, value),
    }
}

/// Removes the account number from a value that is the `@log` of one of the groups, in any column.
pub(super) fn without_account(value: String, groups: &[LogGroupName]) -> String {
    match parts_of_log(&value) {
        (Some(_), group) if groups.iter().any(|known| known.as_str() == group) => group.to_owned(),
        _ => value,
    }
}

/// Removes the account number, and all system fields that contain it, from a record. Messages and their discovered fields are the
/// customer's data and do not change: their names never begin with a single `@`.
pub(super) fn hide_account(record: &mut Record, groups: &[LogGroupName]) {
    let account = record.get("@log").and_then(|value| parts_of_log(value).0).map(str::to_owned);
    if let Some(value) = record.get_mut("@log") {
        *value = without_account(std::mem::take(value), groups);
    }
    record.retain(|name, value| {
        let is_system = name.starts_with('@') && !name.starts_with("@@") && name != "@message";
        let names_account = ["@aws.account", "@entity", "@source.log"].iter().any(|system| name.starts_with(system))
            && !names_entity_attribute(name);
        !(is_system && (names_account || account.as_ref().is_some_and(|account| value.contains(account.as_str()))))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_a_group_of_this_account_and_region_or_nothing() {
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api";
        for (identifier, account, expected) in [
            ("/acme/api", None, Some("/acme/api")),
            (arn, None, Some("/acme/api")),
            (arn, Some("123456789012"), Some("/acme/api")),
            (arn, Some("210987654321"), None),
            ("arn:aws-cn:logs:eu-west-1:123456789012:log-group:/acme/api:*", None, Some("/acme/api")),
            ("arn:aws:logs:eu-west-2:123456789012:log-group:/acme/api", None, None),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api:log-stream:x", None, None),
            ("arn:aws:s3:eu-west-1:123456789012:log-group:/acme/api", None, None),
            ("123456789012:/acme/api", None, None),
        ] {
            assert_eq!(group_of(identifier, "eu-west-1", account), expected, "{identifier}");
        }
    }

    #[test]
    fn the_number_goes_and_what_is_the_customers_stays() {
        let groups = [LogGroupName::try_from("/acme/api").unwrap()];
        for (value, expected) in [
            ("123456789012:/acme/api", "/acme/api"),
            ("123456789012:/other", "123456789012:/other"),
            ("12345:/acme/api", "12345:/acme/api"),
            ("123456789012", "123456789012"),
        ] {
            assert_eq!(without_account(value.to_owned(), &groups), expected);
        }
        let mut record: Record = [
            ("@log", "123456789012:/acme/api"),
            ("@message", "role 123456789012"),
            ("@aws.account", "123456789012"),
            ("@entity.KeyAttributes.Name", "shop"),
            ("@entity.KeyAttributes.AwsAccountId", "210987654321"),
            ("@entity.Attributes.Owner", "role-123456789012"),
            ("@data_source", "x-123456789012"),
            ("@@owner", "123456789012"),
            ("owner", "123456789012"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        hide_account(&mut record, &groups);
        let names: Vec<&str> = record.keys().map(String::as_str).collect();
        assert_eq!(names, ["@@owner", "@entity.KeyAttributes.Name", "@log", "@message", "owner"]);
        assert_eq!(record["@log"], "/acme/api");
    }
}
