//! `[audit]`: where audit lines go.
//!
//! Owns the section's keys, their defaults, and the secret that they name. Never opens the destination: [`crate::telemetry::audit`] does.
//! `telemetry.audit` turns audit lines off.

use std::time::Duration;

use serde::Deserialize;

use super::secret::{CursorKey, cursor_key};
use super::validation::Key;
use super::values;
use crate::telemetry::audit::file::{FileSettings, Fsync};
use crate::telemetry::audit::{Destination, MacKey};

/// `[audit]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// `LOGMARK__AUDIT__SINK` and the keys that belong to it; `stdout`.
    pub destination: Destination,
    /// `LOGMARK__AUDIT__KEY`; none. The key of each line's `mac`.
    pub key: Option<CursorKey>,
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
    /// `LOGMARK__AUDIT__KEY`; none.
    key: Option<String>,
}

/// The kinds of destinations.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SinkKind {
    Stdout,
    File,
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
            key: None,
        }
    }
}

/// The keys of a file.
const OF_FILE: [&str; 5] = ["path", "max_bytes", "max_age", "keep", "fsync"];

/// Checks the section, and reads the secret that it names.
pub(super) fn validate(raw: RawAudit, key: &Key<'_>) -> Audit {
    let mac = key.key("key");
    let mac_key = raw.key.as_deref().and_then(|place| mac.check(cursor_key(place, mac.validator)));
    let destination = match raw.sink {
        SinkKind::Stdout => {
            key.refuse(&OF_FILE, "applies to `sink = \"file\"`: set the sink, or remove the key");
            Destination::Stdout
        }
        SinkKind::File => {
            let path = key.key("path");
            path.require("write the path of the file");
            let path = raw.path.as_deref().and_then(|text| path.path(text)).unwrap_or_default();
            let RawAudit { max_bytes, max_age, keep, fsync, .. } = raw;
            Destination::File(FileSettings { path, max_bytes, max_age, keep, fsync })
        }
    };
    Audit { destination, key: mac_key }
}
