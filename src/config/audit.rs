//! `[audit]`: where audit lines go.
//!
//! Owns the section's keys, their defaults, and the secret that they name. Never opens the destination: [`crate::telemetry::audit`] does.
//! `telemetry.audit` turns audit lines off.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::secret::{CursorKey, cursor_key};
use super::source::{self, Declared};
use super::spelling::expected;
use super::validation::Key;
use super::values;
use crate::domain::name::{LogGroupName, SourceName};
use crate::telemetry::audit::MacKey;
use crate::telemetry::audit::file::{FileSettings, Fsync};

/// `[audit]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// `LOGMARK__AUDIT__SINK` and the keys that belong to it; `stdout`.
    pub sink: AuditSink,
    /// `LOGMARK__AUDIT__KEY`; none. The key of each line's `mac`.
    pub key: Option<CursorKey>,
}

/// Where audit lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditSink {
    /// Standard output.
    Stdout,
    /// A file.
    File(FileSettings),
    /// A log group.
    LogGroup {
        /// The source that has it.
        source: SourceName,
        /// Its name.
        group: LogGroupName,
    },
}

impl Audit {
    /// The key of each line's `mac`.
    #[must_use]
    pub fn mac_key(&self) -> Option<MacKey> {
        self.key.as_ref().map(|key| MacKey::new(key.expose()))
    }
}

/// `[audit]` as written.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct RawAudit {
    /// `LOGMARK__AUDIT__SINK`; `stdout`.
    sink: SinkKind,
    /// `LOGMARK__AUDIT__PATH`; required with `sink = "file"`.
    path: Option<String>,
    /// `LOGMARK__AUDIT__MAX_BYTES`; 64 MiB.
    #[serde(deserialize_with = "values::bytes::<1024, { 1 << 40 }, _, _>")]
    max_bytes: u64,
    /// `LOGMARK__AUDIT__MAX_AGE`; none.
    #[serde(deserialize_with = "values::optional_duration::<1, { 366 * 86_400 }, _>")]
    max_age: Option<Duration>,
    /// `LOGMARK__AUDIT__KEEP`; all.
    #[serde(deserialize_with = "values::optional_integer::<1, 1_000_000, _, _>")]
    keep: Option<u32>,
    /// `LOGMARK__AUDIT__FSYNC`; `batch`.
    fsync: Fsync,
    /// `LOGMARK__AUDIT__SOURCE`; required with `sink = "log_group"`.
    #[serde(deserialize_with = "source::name")]
    source: Option<SourceName>,
    /// `LOGMARK__AUDIT__GROUP`; required with `sink = "log_group"`.
    #[serde(deserialize_with = "group_name")]
    group: Option<LogGroupName>,
    /// `LOGMARK__AUDIT__KEY`; none.
    key: Option<String>,
}

fn group_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LogGroupName>, D::Error> {
    let check = |text: &str| LogGroupName::try_from(text).map_err(|error| format!("does not name a log group: it {error}"));
    values::text(deserializer, check).map(Some)
}

/// The kinds of destinations.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SinkKind {
    Stdout,
    File,
    LogGroup,
}

impl Default for RawAudit {
    fn default() -> Self {
        Self {
            sink: SinkKind::Stdout,
            path: None,
            max_bytes: 64 << 20,
            max_age: None,
            keep: None,
            fsync: Fsync::Batch,
            source: None,
            group: None,
            key: None,
        }
    }
}

/// The keys of a file.
const OF_FILE: [&str; 5] = ["path", "max_bytes", "max_age", "keep", "fsync"];
/// The keys of a log group.
const OF_GROUP: [&str; 2] = ["source", "group"];
/// Why keys of another sink are refused.
const NOT_A_FILE: &str = "applies to `sink = \"file\"`: set the sink, or remove the key";
const NOT_A_GROUP: &str = "applies to `sink = \"log_group\"`: set the sink, or remove the key";

/// Checks the section, and reads the secret that it names.
pub(super) fn validate(raw: RawAudit, key: &Key<'_>, declared: &Declared) -> Audit {
    let mac = key.key("key");
    let mac_key = raw.key.as_deref().and_then(|place| mac.check(cursor_key(place, mac.validator)));
    if raw.sink != SinkKind::File {
        key.refuse(&OF_FILE, NOT_A_FILE);
    }
    if raw.sink != SinkKind::LogGroup {
        key.refuse(&OF_GROUP, NOT_A_GROUP);
    }
    let sink = match raw.sink {
        SinkKind::Stdout => AuditSink::Stdout,
        SinkKind::File => {
            let path = key.key("path");
            path.require("write the path of the file");
            let path = raw.path.as_deref().and_then(|text| path.path(text)).unwrap_or_default();
            let RawAudit { max_bytes, max_age, keep, fsync, .. } = raw;
            AuditSink::File(FileSettings { path, max_bytes, max_age, keep, fsync })
        }
        SinkKind::LogGroup => {
            key.key("source").require("write the name of the source that has the log group");
            key.key("group").require("write the name of the log group");
            // After an error, the section is refused as a whole.
            raw.source.zip(raw.group).map_or(AuditSink::Stdout, |(source, group)| {
                check_source(&source, &key.key("source"), declared);
                AuditSink::LogGroup { source, group }
            })
        }
    };
    Audit { sink, key: mac_key }
}

fn check_source(source: &SourceName, key: &Key<'_>, declared: &Declared) {
    if !declared.incomplete && !declared.names.contains(source) {
        let names: Vec<&str> = declared.names.iter().map(SourceName::as_str).collect();
        key.error(format_args!("`{source}` is not the name of a source: {}", expected(source.as_str(), &names)));
    }
}
