//! ARNs of groups, streams and lookup tables: `arn:aws:logs:<region>:<account>:log-group:<name>`.
//!
//! Owns their form. The region is the one of the request's signature: one source answers for every region.

/// A group that an ARN names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The account's number.
    pub account: &'a str,
    /// The group's name.
    pub group: &'a str,
}

/// The region and account of an ARN.
#[derive(Debug, Clone, Copy)]
pub struct ArnScope<'a> {
    /// The region.
    pub region: &'a str,
    /// The account's number.
    pub account: &'a str,
}

impl ArnScope<'_> {
    /// The ARN of a group.
    #[must_use]
    pub fn group(self, group: &str) -> String {
        self.resource("log-group", group)
    }

    /// The ARN of a lookup table.
    #[must_use]
    pub fn table(self, table: &str) -> String {
        self.resource("lookup-table", table)
    }

    fn resource(self, kind: &str, name: &str) -> String {
        let partition = if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        };
        format!("arn:{partition}:logs:{}:{}:{kind}:{name}", self.region, self.account)
    }

    /// The ARN of a stream.
    #[must_use]
    pub fn stream(self, group: &str, stream: &str) -> String {
        format!("{}:log-stream:{stream}", self.group(group))
    }
}

/// Account, kind and name of a resource.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let mut parts = text.splitn(7, ':');
    let (Some("arn"), Some(_partition), Some("logs"), Some(_region), Some(account), Some(kind), Some(rest)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    Some((account, kind, rest))
}

/// Reads the ARN of a lookup table: its account and its name. `None`: the text is not the ARN of a lookup table.
#[must_use]
pub fn table_of(text: &str) -> Option<(&str, &str)> {
    parts(text).filter(|(_, kind, _)| *kind == "lookup-table").map(|(account, _, name)| (account, name))
}

/// Reads the ARN of a group, with or without a colon at its end or `:*`. `None`: the text is not the ARN of a group.
#[must_use]
pub fn group_of(text: &str) -> Option<Resource<'_>> {
    let (account, _, rest) = parts(text).filter(|(_, kind, _)| *kind == "log-group")?;
    let group = rest.strip_suffix(":*").or_else(|| rest.strip_suffix(':')).unwrap_or(rest);
    Some(Resource { account, group })
}
