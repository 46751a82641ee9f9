//! Lookup tables: CSV files in the source's folder `lookup`.
//!
//! Maps names to files: `lookup/TENANT/NAME.csv` is a table of one tenant, `lookup/NAME.csv` a table of every tenant with a query
//! grant for the source; the tenant's own table has priority. INVARIANT: a name never leaves these two folders.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use logmark_engine::error::InputError;
use logmark_engine::input::Table;

use crate::domain::name::TenantId;

/// CloudWatch's limit for the file of a table (10 MiB).
pub(super) const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// Bytes of parsed tables that are kept for later queries: the largest table of short cells fits.
const MAX_CACHED_BYTES: usize = 32 << 20;

/// The tables of one tenant.
#[derive(Debug)]
pub(super) struct TableFolder {
    shared: PathBuf,
    own: Option<PathBuf>,
    cache: Arc<TableCache>,
}

impl TableFolder {
    pub(super) fn new(folder: PathBuf, tenant: &TenantId, cache: Arc<TableCache>) -> Self {
        // A tenant's id may be `..`.
        let own = (!tenant.as_str().starts_with('.')).then(|| folder.join(tenant.as_str()));
        Self { shared: folder, own, cache }
    }

    /// The table of this name; `None` if no such file exists.
    ///
    /// # Errors
    /// When its file cannot be read, or is not a table.
    pub(super) fn read(&self, name: &str) -> Result<Option<Arc<Table>>, InputError> {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !is_name {
            return Ok(None);
        }
        for folder in self.own.iter().chain([&self.shared]) {
            if let Some(table) = self.cache.read(&folder.join(format!("{name}.csv")), name)? {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }
}

/// Parsed tables, by path. Bounded: the table that was not used for longest is dropped first. The file is opened for each query,
/// and a table of another file than before is parsed again.
#[derive(Debug, Default)]
pub(super) struct TableCache {
    /// The table that was used last comes last.
    tables: Mutex<Vec<CachedTable>>,
}

#[derive(Debug)]
struct CachedTable {
    path: PathBuf,
    file: FileIdentity,
    table: Arc<Table>,
}

/// The identity of a file's version. A rewritten file has another modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    bytes: u64,
    modified: Option<std::time::SystemTime>,
    /// Device, inode, seconds and nanoseconds of the last change of the inode.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl FileIdentity {
    fn of(file: &File) -> Result<Self, InputError> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        let metadata = file.metadata().map_err(failed)?;
        Ok(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl TableCache {
    /// The table of a file; `None` without a file.
    fn read(&self, path: &Path, name: &str) -> Result<Option<Arc<Table>>, InputError> {
        let Some(file) = open(path)? else { return Ok(None) };
        let identity = FileIdentity::of(&file)?;
        if let Some(table) = self.find(path, identity) {
            return Ok(Some(table));
        }
        let table = Arc::new(table(name, &text(&file)?)?);
        // A file that was changed while it was read is read again by the next query.
        if FileIdentity::of(&file)? == identity {
            self.keep(CachedTable { path: path.to_owned(), file: identity, table: Arc::clone(&table) });
        }
        Ok(Some(table))
    }

    fn find(&self, path: &Path, file: FileIdentity) -> Option<Arc<Table>> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tables.iter().position(|cached| cached.path == path)?;
        let cached = tables.remove(place);
        if cached.file != file {
            return None;
        }
        let table = Arc::clone(&cached.table);
        tables.push(cached);
        Some(table)
    }

    fn keep(&self, newest: CachedTable) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|cached| cached.path != newest.path);
        let mut bytes = newest.table.bytes();
        tables.push(newest);
        // From the newest back, all that fit.
        let older = tables.iter().rev().skip(1).take_while(|cached| {
            bytes += cached.table.bytes();
            bytes <= MAX_CACHED_BYTES
        });
        let kept = 1 + older.count();
        let dropped = tables.len() - kept;
        tables.drain(..dropped);
    }
}

fn failed(error: std::io::Error) -> InputError {
    InputError::Failed(Box::new(error))
}

fn open(path: &Path) -> Result<Option<File>, InputError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn text(file: &File) -> Result<String, InputError> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(std::io::Error::new(ErrorKind::FileTooLarge, "a lookup table is larger than 10 MiB")));
    }
    String::from_utf8(bytes).map_err(|error| InputError::Failed(Box::new(error)))
}

/// The text of a table's file; `None` without a file.
pub(super) fn read_file(path: &Path) -> Result<Option<String>, InputError> {
    open(path)?.map(|file| text(&file)).transpose()
}

/// The table of a CSV text.
pub(super) fn table(name: &str, text: &str) -> Result<Table, InputError> {
    let mut records = Records::of(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut table = Table::new(records.next().unwrap_or_default());
    for (number, record) in (2..).zip(records) {
        if table.push(record).is_err() {
            let text = format!("record {number} of the lookup table `{name}` has another number of columns than its header");
            return Err(InputError::Failed(text.into()));
        }
    }
    table.shrink_to_fit();
    Ok(table)
}

/// The records of a CSV text (RFC 4180). An empty line is not a record.
struct Records<'t> {
    characters: std::iter::Peekable<std::str::Chars<'t>>,
}

impl<'t> Records<'t> {
    fn of(text: &'t str) -> Self {
        Self { characters: text.chars().peekable() }
    }
}

impl Iterator for Records<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        let (mut record, mut cell, mut is_quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
        while let Some(character) = self.characters.next() {
            match character {
                '"' if is_quoted && self.characters.next_if_eq(&'"').is_some() => cell.push('"'),
                '"' if is_quoted => is_quoted = false,
                '"' if cell.is_empty() && !was_quoted => (is_quoted, was_quoted) = (true, true),
                ',' if !is_quoted => {
                    record.push(std::mem::take(&mut cell));
                    was_quoted = false;
                }
                '\r' if !is_quoted && self.characters.peek().is_none_or(|next| *next == '\n') => {}
                '\n' if !is_quoted => {
                    if !(record.is_empty() && cell.is_empty() && !was_quoted) {
                        record.push(cell);
                        return Some(record);
                    }
                    was_quoted = false;
                }
                character => cell.push(character),
            }
        }
        if record.is_empty() && cell.is_empty() && !was_quoted {
            return None;
        }
        record.push(cell);
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_rfc_4180_writes_them() {
        let text = "id,name\r\n1,\"a, \"\"b\"\"\"\r\n\r\n2,\"two\nlines\"\n3,\n\"\",x";
        assert_eq!(
            Records::of(text).collect::<Vec<_>>(),
            [vec!["id", "name"], vec!["1", "a, \"b\""], vec!["2", "two\nlines"], vec!["3", ""], vec!["", "x"]]
        );
        assert!(Records::of("").next().is_none());
    }

    #[test]
    fn a_tenants_own_table_comes_first_and_no_name_leads_out_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("lookup");
        std::fs::create_dir_all(folder.join("acme")).unwrap();
        std::fs::create_dir_all(folder.join("globex")).unwrap();
        std::fs::write(root.path().join("secret.csv"), "k\nsecret").unwrap();
        std::fs::write(folder.join("users.csv"), "k\nshared").unwrap();
        std::fs::write(folder.join("acme/users.csv"), "k\nown").unwrap();
        std::fs::write(folder.join("globex/plans.csv"), "k\nglobex").unwrap();
        std::fs::write(folder.join("bad.csv"), "a,b\n1").unwrap();
        let tables = |tenant: &str| TableFolder::new(folder.clone(), &TenantId::try_from(tenant).unwrap(), Arc::default());
        let first =
            |tenant: &str, name: &str| tables(tenant).read(name).unwrap().map(|table| table.cell(0, 0).unwrap().to_owned());
        assert_eq!(first("acme", "users").as_deref(), Some("own"));
        assert_eq!(first("globex", "users").as_deref(), Some("shared"));
        for (tenant, name) in [("acme", "plans"), ("acme", "../secret"), ("acme", "globex/plans"), ("acme", ""), ("..", "secret")]
        {
            assert_eq!(first(tenant, name), None, "{tenant} {name}");
        }
        assert!(tables("acme").read("bad").is_err());
    }

    #[test]
    fn a_table_is_parsed_once_and_again_when_its_file_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let tables = || Arc::new(TableCache::default());
        let (cache, path) = (tables(), folder.path().join("users.csv"));
        let read = |cache: &Arc<TableCache>| {
            let tenant = TenantId::try_from("acme").unwrap();
            TableFolder::new(folder.path().to_owned(), &tenant, Arc::clone(cache)).read("users").unwrap()
        };
        std::fs::write(&path, "k\n1").unwrap();
        let first = read(&cache).unwrap();
        assert!(Arc::ptr_eq(&first, &read(&cache).unwrap()));
        assert!(!Arc::ptr_eq(&first, &read(&tables()).unwrap()));
        // Another file with the same name and length.
        std::fs::write(folder.path().join("new"), "k\n2").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(read(&cache).unwrap().cell(0, 0), Some("2"));
        std::fs::remove_file(&path).unwrap();
        assert!(read(&cache).is_none());
    }

    #[test]
    fn the_cache_keeps_the_tables_that_were_used_last() {
        let cache = TableCache::default();
        let cached = |number: usize| {
            let mut table = Table::new(["k".to_owned()]);
            table.push(["x".repeat(MAX_CACHED_BYTES / 4)]).unwrap();
            let file = FileIdentity { bytes: 0, modified: None, inode: (0, 0, 0, 0) };
            CachedTable { path: PathBuf::from(number.to_string()), file, table: Arc::new(table) }
        };
        let file = cached(0).file;
        let is_kept = |number: usize| cache.find(Path::new(&number.to_string()), file).is_some();
        (0..3).for_each(|number| cache.keep(cached(number)));
        assert!(is_kept(0), "and is therefore used last");
        cache.keep(cached(3));
        assert!(!is_kept(1));
        assert!(is_kept(2) && is_kept(0) && is_kept(3));
    }
}
