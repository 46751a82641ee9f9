//! `[[sources]]`: where logs are, by name.
//!
//! Owns the section's keys, and which of them belong to which kind. Never reaches a source: a region, a role and an endpoint
//! are looked at for their form alone. Look next at [`super::cloudwatch`], the keys of that kind, at [`super::endpoint`], and at
//! `config::tenant`, whose grants name the sources.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::cloudwatch::{self, CloudWatch};
use super::endpoint::{self, Endpoint};
use super::reader::{Field, Table};
use super::spelling::{listed, quoted};
use crate::domain::name::SourceName;
use crate::sources::local_settings::LocalQuerySettings;

/// `[[sources]]`; in variables `LOGMARK__SOURCES__0__…`.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// `…__NAME`, required: what grants call it.
    pub name: SourceName,
    /// `…__KIND`, required, and the keys of that kind.
    pub kind: SourceKind,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// Amazon CloudWatch Logs.
    CloudWatch(Box<CloudWatch>),
    /// The embedded store.
    Local {
        /// `…__PATH`, required: its folder, which is made if it is not there.
        path: PathBuf,
        /// `…__QUERIES__…`.
        queries: LocalQuerySettings,
        /// `…__ENDPOINT`; absent: none. Where it speaks the protocol of CloudWatch Logs.
        endpoint: Option<Box<Endpoint>>,
    },
}

/// The sources that the configuration names, for grants to be checked against.
#[derive(Default)]
pub(super) struct Declared {
    /// Their names, also of those with other errors.
    pub(super) names: Vec<SourceName>,
    /// One has no name, or a wrong one: which it should be is not known.
    pub(super) incomplete: bool,
    paths: Vec<PathBuf>,
    listening: Vec<SocketAddr>,
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
        Some("cloudwatch") => {
            table.refuse(&["path"], "belongs to the kind `local`, and this source is `cloudwatch`");
            cloudwatch::read(table).map(|cloudwatch| SourceKind::CloudWatch(Box::new(cloudwatch)))
        }
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

fn local(table: &Table<'_>, kind: &Field<'_>, declared: &mut Declared) -> Option<SourceKind> {
    table.refuse(&cloudwatch::ONLY_HERE, "belongs to the kind `cloudwatch`, and this source is `local`");
    if !cfg!(feature = "local") {
        kind.wrong("`local` is not part of this build: it was made without the feature `local`");
    }
    let default = LocalQuerySettings::default();
    let local_queries = table.or("queries", default, |field| field.table(|table| Some(queries(table))));
    let endpoint = endpoint(table, declared);
    let field = table.required("path", "write the folder for its logs")?;
    let path = field.path(field.text()?)?;
    if declared.paths.contains(&path) {
        field.wrong("is another source's folder already: one folder, one source");
        return None;
    }
    declared.paths.push(path.clone());
    Some(SourceKind::Local { path, queries: local_queries, endpoint: endpoint.map(Box::new) })
}

/// Reads `endpoint`.
fn endpoint(table: &Table<'_>, declared: &mut Declared) -> Option<Endpoint> {
    let field = table.get("endpoint")?;
    let endpoint = field.table(endpoint::read)?;
    // Port 0 is another one for each.
    if endpoint.listen.port() != 0 && declared.listening.contains(&endpoint.listen) {
        field.wrong("listens where another source's endpoint does: give each an address of its own");
    }
    declared.listening.push(endpoint.listen);
    Some(endpoint)
}

/// Reads `queries` of a local source.
fn queries(table: &Table<'_>) -> LocalQuerySettings {
    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);
    const MIB: u64 = 1 << 20;
    let default = LocalQuerySettings::default();
    let time = |key, default, range: RangeInclusive<Duration>| table.or(key, default, |field| field.duration(range));
    let memory = |key, default| {
        table.or(key, default, |field| field.bytes(16 * MIB..=65_536 * MIB).and_then(|bytes| usize::try_from(bytes).ok()))
    };
    LocalQuerySettings {
        threads: table
            .or("threads", default.threads, |field| field.whole(1u16..=256).and_then(|number| NonZeroUsize::new(number.into()))),
        concurrent: table.or("concurrent", default.concurrent, |field| field.whole(1u32..=10_000).and_then(NonZeroU32::new)),
        memory: memory("memory", default.memory),
        memory_per_query: memory("memory_per_query", default.memory_per_query),
        abandoned_after: time("abandoned_after", default.abandoned_after, SECOND * 10..=HOUR),
        max_time: time("max_time", default.max_time, SECOND..=HOUR),
        results_kept: time("results_kept", default.results_kept, SECOND * 10..=HOUR * 24),
    }
}
