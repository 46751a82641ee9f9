//! Countries of addresses, from a `MaxMind` database file of the operator.
//!
//! Owns the open database. It is read into memory once, and again when the configuration is read again, so a new file is used after a
//! reload. An address that the database does not have has no country.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Reader, path};

use crate::config::stamp::Stamp;

/// The largest file. GeoLite2-City has 60 MB.
const MAX_BYTES: u64 = 512 << 20;

/// An open database.
pub struct Countries {
    reader: Reader<Vec<u8>>,
    path: PathBuf,
    stamp: Option<Stamp>,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CountriesError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// Too large.
    #[error("has more than 512 MiB")]
    TooLarge,
    /// Another format.
    #[error("is not a MaxMind database: {0}")]
    Format(MaxMindDbError),
    /// A database of something else.
    #[error("is a database of the type `{0}`, which has no countries: use a Country or City database, such as GeoLite2-Country")]
    Type(String),
}

impl Countries {
    /// Opens a file.
    ///
    /// # Errors
    /// [`CountriesError`].
    pub fn open(file: &Path) -> Result<Self, CountriesError> {
        let stamp = Stamp::at(file);
        let size = std::fs::metadata(file).map_err(CountriesError::Unreadable)?.len();
        if size > MAX_BYTES {
            return Err(CountriesError::TooLarge);
        }
        let bytes = std::fs::read(file).map_err(CountriesError::Unreadable)?;
        let reader = Reader::from_source(bytes).map_err(CountriesError::Format)?;
        let kind = reader.metadata().database_type.clone();
        if !["Country", "City", "Enterprise"].iter().any(|word| kind.contains(word)) {
            return Err(CountriesError::Type(kind));
        }
        Ok(Self { reader, path: file.to_owned(), stamp })
    }

    /// The ISO 3166 code of an address's country.
    #[must_use]
    pub fn country(&self, address: IpAddr) -> Option<String> {
        let found = self.reader.lookup(address.to_canonical()).ok()?;
        found.decode_path::<String>(&path!["country", "iso_code"]).ok()?
    }

    /// The type and the date of the database, for the operator.
    #[must_use]
    pub fn description(&self) -> String {
        let built =
            i64::try_from(self.reader.metadata().build_epoch).ok().and_then(|epoch| jiff::Timestamp::from_second(epoch).ok());
        let built = built.map_or_else(|| "unknown".to_owned(), |built| built.strftime("%Y-%m-%d").to_string());
        format!("{} of {built}, {}", self.reader.metadata().database_type, self.path.display())
    }
}

impl fmt::Debug for Countries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Countries").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Two databases are equal if they were read from the same state of the same file.
impl PartialEq for Countries {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.stamp == other.stamp && self.stamp.is_some()
    }
}

#[cfg(test)]
pub(crate) mod tests;
