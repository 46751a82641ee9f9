//! `[[sources]]`: the log sources, by name.
//!
//! Owns the section's keys, and the kinds of sources. Never connects to a source. See also [`super::cloudwatch`],
//! [`super::endpoint`], and `config::tenant`, whose grants refer to the sources.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::cloudwatch::{self, CloudWatch, RawCloudWatch};
use super::endpoint::{self, Endpoint, RawEndpoint};
use super::spelling::listed;
use super::validation::Key;
use super::values;
use crate::domain::name::SourceName;
use crate::sources::local_settings::LocalQuerySettings;

/// `[[sources]]`; in variables `LOGMARK__SOURCES__0__…`.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// `…__NAME`, required: grants refer to it.
    pub name: SourceName,
    /// `…__KIND`, required, and the keys of that kind.
    pub kind: SourceKind,
}

/// The kind of a source.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// Amazon CloudWatch Logs.
    CloudWatch(Box<CloudWatch>),
    /// The embedded store.
    Local {
        /// `…__PATH`, required: its folder, created if it does not exist.
        path: PathBuf,
        /// `…__QUERIES__…`.
        queries: LocalQuerySettings,
        /// `…__ENDPOINT`; absent: none. Serves the CloudWatch Logs protocol.
        endpoint: Option<Box<Endpoint>>,
    },
}

/// `[[sources]]` as written, tagged by `kind`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawSource {
    CloudWatch(Box<RawCloudWatch>),
    Local(Box<RawLocal>),
    /// The kind is missing or wrong, which was reported.
    Unknown(RawUnknown),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLocal {
    #[serde(deserialize_with = "name")]
    name: Option<SourceName>,
    path: Option<String>,
    #[serde(with = "LocalQueryKeys")]
    queries: LocalQuerySettings,
    endpoint: Option<RawEndpoint>,
}

/// The keys of [`LocalQuerySettings`].
#[derive(Deserialize)]
#[serde(remote = "LocalQuerySettings", default = "LocalQuerySettings::default")]
struct LocalQueryKeys {
    #[serde(deserialize_with = "values::nonzero::<256, _, _>")]
    threads: NonZeroUsize,
    #[serde(deserialize_with = "values::nonzero::<10_000, _, _>")]
    concurrent: NonZeroU32,
    #[serde(deserialize_with = "values::bytes::<{ 16 << 20 }, { 64 << 30 }, _, _>")]
    memory: usize,
    #[serde(deserialize_with = "values::bytes::<{ 16 << 20 }, { 64 << 30 }, _, _>")]
    memory_per_query: usize,
    #[serde(deserialize_with = "values::duration::<10, 3600, _>")]
    abandoned_after: Duration,
    #[serde(deserialize_with = "values::duration::<1, 3600, _>")]
    max_time: Duration,
    #[serde(deserialize_with = "values::duration::<10, 86_400, _>")]
    results_kept: Duration,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawUnknown {
    #[serde(deserialize_with = "name")]
    name: Option<SourceName>,
}

/// The name of a source.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SourceName>, D::Error> {
    values::text(deserializer, |text| SourceName::try_from(text)).map(Some)
}

/// The sources that grants can refer to. Tenants that were read with equal ones need not be read again.
#[derive(Default, Clone, PartialEq)]
pub(super) struct Declared {
    /// Names of all sources, including those with errors.
    pub(super) names: Vec<SourceName>,
    /// The name of a source is missing or wrong, so names cannot be checked against the list.
    pub(super) incomplete: bool,
    paths: Vec<PathBuf>,
    listening: Vec<SocketAddr>,
}

/// Checks the section.
pub(super) fn validate(raw: Vec<RawSource>, key: &Key<'_>) -> (Vec<Source>, Declared) {
    const NEEDED: &str = "write at least one `[[sources]]`, or there are no logs to read";
    key.require(NEEDED);
    key.require_items(NEEDED);
    let mut declared = Declared::default();
    let mut sources = Vec::new();
    for (raw, key) in raw.into_iter().zip(key.items()) {
        let (name, kind) = match raw {
            RawSource::CloudWatch(raw) => {
                let name = raw.name.clone();
                (name, cloudwatch::validate(*raw, &key).map(|source| SourceKind::CloudWatch(Box::new(source))))
            }
            RawSource::Local(raw) => (raw.name.clone(), validate_local(*raw, &key, &mut declared)),
            RawSource::Unknown(raw) => (raw.name, None),
        };
        let name = validate_name(name, &key.key("name"), &mut declared);
        sources.extend(name.zip(kind).map(|(name, kind)| Source { name, kind }));
    }
    declared.incomplete |= declared.names.is_empty() || key.items_with_errors();
    (sources, declared)
}

fn validate_name(name: Option<SourceName>, key: &Key<'_>, declared: &mut Declared) -> Option<SourceName> {
    key.require("grants refer to the source by its name");
    let Some(name) = name else {
        declared.incomplete = true;
        return None;
    };
    if declared.names.contains(&name) {
        key.error(format_args!("{} is used twice: give each source its own name", listed([&name])));
    } else {
        declared.names.push(name.clone());
    }
    Some(name)
}

fn validate_local(raw: RawLocal, key: &Key<'_>, declared: &mut Declared) -> Option<SourceKind> {
    if !cfg!(feature = "local") {
        key.key("kind").error("`local` is not part of this build: build with the feature `local`");
    }
    let endpoint = raw.endpoint.map(|endpoint| validate_endpoint(endpoint, &key.key("endpoint"), declared));
    let key = key.key("path");
    key.require("write the folder for its logs");
    let path = key.path(raw.path.as_deref()?)?;
    if declared.paths.contains(&path) {
        key.error("is the folder of another source: give each source its own folder");
        return None;
    }
    declared.paths.push(path.clone());
    let endpoint = match endpoint {
        Some(endpoint) => Some(Box::new(endpoint?)),
        None => None,
    };
    Some(SourceKind::Local { path, queries: raw.queries, endpoint })
}

/// Checks `endpoint`, also against the endpoints of the sources before it.
fn validate_endpoint(raw: RawEndpoint, key: &Key<'_>, declared: &mut Declared) -> Option<Endpoint> {
    let endpoint = endpoint::validate(raw, key)?;
    // Port 0 stands for a different free port each time.
    if endpoint.listen.port() != 0 && declared.listening.contains(&endpoint.listen) {
        key.error("uses the same address as the endpoint of another source: give each endpoint its own address");
    }
    declared.listening.push(endpoint.listen);
    Some(endpoint)
}
