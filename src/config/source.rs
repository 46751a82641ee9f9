//! `[[sources]]`: where logs are, by name.
//!
//! Owns the section's keys, and which of them belong to which kind. Never reaches a source: a region, a role and an endpoint
//! are looked at for their form alone. Look next at `config::tenant`, whose grants name the sources.

use std::path::PathBuf;

use url::Url;

use super::reader::{Field, Table};
use super::spelling::{listed, quoted};
use super::values::{PlainHttp, is_loopback, text_type};
use crate::domain::name::SourceName;

text_type!(
    /// An AWS region: `eu-central-1`. INVARIANT: lower-case letters, digits and `-`, since it becomes part of a host's name.
    Region
);
text_type!(
    /// A role's ARN: `arn:aws:iam::123456789012:role/logmark-read`.
    RoleArn
);
text_type!(
    /// What the role's owner wants to hear from who assumes it (`sts:ExternalId`); not a secret.
    ExternalId
);

/// `[[sources]]`; in variables `LOGMARK__SOURCES__0__…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `…__NAME`, required: what grants call it.
    pub name: SourceName,
    /// `…__KIND`, required, and the keys of that kind.
    pub kind: SourceKind,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// Amazon CloudWatch Logs.
    CloudWatch(CloudWatch),
    /// The embedded store.
    Local {
        /// `…__PATH`, required: its folder, which is made if it is not there.
        path: PathBuf,
    },
}

/// A source of the kind `cloudwatch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudWatch {
    /// `…__REGION`, required.
    pub region: Region,
    /// `…__ENDPOINT`; absent: AWS's own. For a compatible server.
    pub endpoint: Option<Url>,
    /// `…__ASSUME_ROLE`; absent: the process's own credentials.
    pub assume_role: Option<RoleArn>,
    /// `…__EXTERNAL_ID`, only with a role; absent: none.
    pub external_id: Option<ExternalId>,
}

/// The sources that the configuration names, for grants to be checked against.
#[derive(Default)]
pub(super) struct Declared {
    /// Their names, also of those with other mistakes.
    pub(super) names: Vec<SourceName>,
    /// One has no name, or a wrong one: which it should be is not known.
    pub(super) incomplete: bool,
    paths: Vec<PathBuf>,
}

/// Reads `[[sources]]`.
pub(super) fn read(root: &Table<'_>) -> (Vec<Source>, Declared) {
    const NEEDED: &str = "write at least one `[[sources]]`, or there are no logs to give";
    let mut declared = Declared::default();
    let Some(field) = root.required("sources", NEEDED) else {
        declared.incomplete = true;
        return (Vec::new(), declared);
    };
    let sources = field.tables(NEEDED, |table| source(table, &mut declared));
    declared.incomplete |= declared.names.is_empty();
    (sources, declared)
}

fn source(table: &Table<'_>, declared: &mut Declared) -> Option<Source> {
    let name = table.required("name", "grants name the source by it").and_then(|field| name(&field, declared));
    declared.incomplete |= name.is_none();
    let Some(field) = table.required("kind", "write `cloudwatch` or `local`") else {
        table.leave();
        return None;
    };
    let kind = match field.text() {
        Some("cloudwatch") => cloudwatch(table),
        Some("local") => local(table, &field, declared),
        text => {
            if let Some(text) = text {
                field.wrong(format_args!("{} is no kind of source: there are `cloudwatch` and `local`", quoted(text)));
            }
            table.leave();
            None
        }
    };
    Some(Source { name: name?, kind: kind? })
}

fn name(field: &Field<'_>, declared: &mut Declared) -> Option<SourceName> {
    let name = field.parsed(|text| SourceName::try_from(text))?;
    if declared.names.contains(&name) {
        field.wrong(format_args!("{} is there twice: give each source a name of its own", listed([&name])));
    } else {
        declared.names.push(name.clone());
    }
    Some(name)
}

fn cloudwatch(table: &Table<'_>) -> Option<SourceKind> {
    table.refuse(&["path"], "belongs to the kind `local`, and this source is `cloudwatch`");
    let endpoint_field = table.get("endpoint");
    let endpoint = endpoint_field.as_ref().and_then(endpoint);
    let own = endpoint_field.is_none();
    let region = table.required("region", "write the region of the logs, such as `eu-central-1`");
    let region = region.and_then(|field| field.parsed(|text| region_of(text, own)));
    let role_field = table.get("assume_role");
    let assume_role = role_field.as_ref().and_then(|field| field.parsed(role_arn));
    let external_id = table.get("external_id");
    if let Some(field) = external_id.as_ref().filter(|_| role_field.is_none()) {
        field.wrong("goes with `assume_role`, which is missing");
    }
    let external_id = external_id.and_then(|field| field.parsed(external_id_of));
    Some(SourceKind::CloudWatch(CloudWatch { region: region?, endpoint, assume_role, external_id }))
}

fn endpoint(field: &Field<'_>) -> Option<Url> {
    let url = field.base_url(PlainHttp::Anywhere)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        field.warn("begins with `http://`: logs will come over the network in plain text");
    }
    Some(url)
}

fn region_of(text: &str, aws: bool) -> Result<Region, &'static str> {
    let legal = !text.is_empty() && text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase());
    let legal = legal && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let numbered = |text: &str| text.rsplit_once('-').is_some_and(|(_, end)| end.parse::<u8>().is_ok());
    if legal && !text.ends_with('-') && (numbered(text) || !aws) {
        return Ok(Region(text.to_owned()));
    }
    if legal && text.strip_suffix(|c: char| c.is_ascii_lowercase()).is_some_and(numbered) {
        return Err("is an availability zone: write the region, without the letter at the end");
    }
    Err("is no region: write it as AWS does, such as `eu-central-1`")
}

fn role_arn(text: &str) -> Result<RoleArn, &'static str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    let role = |text: &str| !text.is_empty() && !text.ends_with('/') && text.chars().all(name);
    let fits = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws") && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            && account.len() == 12 && account.chars().all(|c| c.is_ascii_digit())
            && resource.strip_prefix("role/").is_some_and(role));
    if fits { Ok(RoleArn(text.to_owned())) } else { Err("is no role's ARN: write `arn:aws:iam::123456789012:role/NAME`") }
}

fn external_id_of(text: &str) -> Result<ExternalId, &'static str> {
    let fits = (2..=1224).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
    if fits { Ok(ExternalId(text.to_owned())) } else { Err("is no external id: AWS takes 2 to 1224 of `A-Za-z0-9_+=,.@:/-`") }
}

fn local(table: &Table<'_>, kind: &Field<'_>, declared: &mut Declared) -> Option<SourceKind> {
    let foreign = ["region", "assume_role", "external_id"];
    table.refuse(&foreign, "belongs to the kind `cloudwatch`, and this source is `local`");
    let unsupported = "is not supported yet by this version: the local source has no endpoint of its own; leave the key out";
    table.refuse(&["endpoint"], unsupported);
    if !cfg!(feature = "local") {
        kind.wrong("`local` is not part of this build: it was made without the feature `local`");
    }
    let field = table.required("path", "write the folder for its logs")?;
    let path = field.path(field.text()?)?;
    if declared.paths.contains(&path) {
        field.wrong("is another source's folder already: one folder, one source");
        return None;
    }
    declared.paths.push(path.clone());
    Some(SourceKind::Local { path })
}
