//! `[tenants] directory`: a folder with a file for each tenant, `<id>.toml`, whose keys are those of `[tenants.<id>]`.
//!
//! Owns reading the folder, and keeps the tenants whose files have not changed, so that a reload parses only the others. A name that
//! is neither a tenant's file nor a usual backup is an error: a tenant whose file is overlooked would get what `[tenant_template]` allows.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::deserializer;
use super::error::ConfigError;
use super::folder_watch::FolderWatch;
use super::issuer::tenant_id;
use super::paths::{FileError, open};
use super::source::Declared;
use super::stamp::{DirectoryStamp, Stamp};
use super::tenant::{RawTenant, validate_tenant};
use super::tree::{self, Entry, Node, Value};
use super::validation::{Key, Validator, join};
use crate::auth::tenant::Tenant;
use crate::domain::name::TenantId;
use crate::files;

/// The key of the folder. A table of this name is the section of a tenant.
const KEY: &str = "directory";
/// The ending of a tenant's file.
const ENDING: &str = ".toml";
/// Endings of the copies that editors and people make.
const BACKUPS: [&str; 6] = ["~", ".bak", ".orig", ".swp", ".tmp", ".new"];
/// Files of a folder at most.
const MAX_FILES: usize = 1_000_000;
/// Bytes of a tenant's file at most.
const MAX_BYTES: u64 = 1 << 20;
/// Files for which a further thread is worth starting.
const FILES_OF_A_THREAD: usize = 500;
const MAX_THREADS: usize = 8;
/// Errors of one file that are kept, so that a folder of wrong files does not fill the memory.
const MAX_ERRORS_OF_A_FILE: usize = 20;
/// How often a file that changes while it is read is read again.
const READS: usize = 3;

/// Takes the folder out of the table of tenants, unless it is the table of a tenant with that name.
pub(super) fn take_directory(root: &mut Node) -> Option<Entry> {
    let tenants = root.entries_mut()?.get_mut("tenants")?.node.entries_mut()?;
    let is_folder = !matches!(tenants.get(KEY)?.node.value.resolved(), Value::Table(_));
    if is_folder { tenants.remove(KEY) } else { None }
}

/// The folder that the key names.
pub(super) fn path(key: &Key<'_>, value: &Value) -> Option<PathBuf> {
    match value.text() {
        Some(text) => key.path(text),
        None => {
            key.error(format_args!("must be a string, not {}: write the folder of the tenants' files", value.kind()));
            None
        }
    }
}

/// The files that were read, by name.
#[derive(Default)]
pub(super) struct TenantFiles {
    sources: Declared,
    known: HashMap<OsString, KnownFile>,
    /// The files as they were read.
    pub(super) stamp: DirectoryStamp,
    /// Whether they may have changed since.
    pub(super) watch: FolderWatch,
}

/// The files of the folder that are to be read.
#[derive(Default)]
struct Listing {
    names: Vec<OsString>,
    /// Whether one of them is a symbolic link.
    has_links: bool,
}

#[derive(Clone)]
struct KnownFile {
    stamp: Stamp,
    tenant: Arc<Tenant>,
    warnings: Arc<[ConfigError]>,
}

/// A file of the folder.
struct TenantFile {
    name: OsString,
    path: PathBuf,
    outcome: Result<KnownFile, Vec<ConfigError>>,
    stamp: Option<Stamp>,
}

impl TenantFiles {
    /// Reads the folder: the tenants, and the file of each. Errors and warnings go to the validator.
    pub(super) fn read(
        &mut self,
        directory: &Path,
        sources: &Declared,
        validator: &Validator<'_>,
    ) -> Vec<(Arc<Tenant>, PathBuf)> {
        self.stamp = DirectoryStamp::default();
        self.watch.begin(directory);
        let Listing { names, has_links } = match list(directory) {
            Ok(mut listing) => {
                listing.names.sort_unstable();
                listing
            }
            Err(error) => {
                self.stamp = DirectoryStamp::unreadable();
                validator.extend(vec![ConfigError::about(&directory.display().to_string(), error.to_string())], Vec::new());
                return Vec::new();
            }
        };
        if self.sources != *sources {
            (self.sources, self.known) = (sources.clone(), HashMap::new());
        }
        let files = self.read_all(directory, names);
        let (mut tenants, mut known) = (Vec::with_capacity(files.len()), HashMap::with_capacity(files.len()));
        for TenantFile { name, path, outcome, stamp } in files {
            self.stamp.add(&name, stamp);
            match outcome {
                Ok(file) => {
                    validator.extend(Vec::new(), file.warnings.to_vec());
                    tenants.push((Arc::clone(&file.tenant), path));
                    known.insert(name, file);
                }
                Err(errors) => validator.extend(errors, Vec::new()),
            }
        }
        if has_links {
            self.stamp.add_link();
        }
        self.watch.seen(self.stamp);
        self.known = known;
        tenants
    }

    /// Reads the files on several threads: parsing 100,000 takes seconds of one.
    fn read_all(&self, directory: &Path, names: Vec<OsString>) -> Vec<TenantFile> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let threads = (names.len() / FILES_OF_A_THREAD + 1).min(cores).min(MAX_THREADS);
        let part = names.len().div_ceil(threads).max(1);
        let read_part = |names: &[OsString]| names.iter().map(|name| self.read_one(directory, name)).collect::<Vec<_>>();
        if threads == 1 {
            return read_part(&names);
        }
        std::thread::scope(|scope| {
            let parts: Vec<_> = names.chunks(part).map(|names| scope.spawn(move || read_part(names))).collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    }

    fn read_one(&self, directory: &Path, name: &OsStr) -> TenantFile {
        let path = directory.join(name);
        let stamp = Stamp::at(&path);
        let known = self.known.get(name).filter(|known| Some(known.stamp) == stamp);
        let outcome = match known {
            Some(known) => Ok(known.clone()),
            None => self.parse(name, &path).map_err(|errors| errors.into_iter().take(MAX_ERRORS_OF_A_FILE).collect()),
        };
        let stamp = outcome.as_ref().map_or(stamp, |file| Some(file.stamp));
        TenantFile { name: name.to_owned(), path, outcome, stamp }
    }

    fn parse(&self, name: &OsStr, path: &Path) -> Result<KnownFile, Vec<ConfigError>> {
        let shown = path.display().to_string();
        let about = |text: String| vec![ConfigError::about(&shown, text)];
        let id = id_of(name).map_err(|error| about(error.to_string()))?;
        let (text, stamp) = read_file(path).map_err(|error| about(error.to_string()))?;
        let text = String::from_utf8(text).map_err(|error| vec![super::not_utf8(&shown, &error)])?;
        let root = tree::read(&shown, &text).map_err(|error| vec![error])?;
        let variables = std::collections::BTreeMap::new();
        let validator = Validator::new(&variables, Path::new(""), Vec::new());
        let key = join("tenants", id.as_str());
        let raw: Option<RawTenant> = deserializer::read_at(&root, &key, &validator);
        let tenant = raw.map(|raw| validate_tenant(id, raw, &Key::of_document(&validator, &root, key), &self.sources));
        let (errors, warnings) = validator.finish();
        match tenant {
            Some(tenant) if errors.is_empty() => Ok(KnownFile { stamp, tenant: Arc::new(tenant), warnings: warnings.into() }),
            _ => Err(errors),
        }
    }
}

/// Why the folder or a file in it is not used.
#[derive(Debug, thiserror::Error)]
enum FolderError {
    #[error("the folder `{0}` does not exist: make it, or remove `tenants.directory`")]
    Missing(PathBuf),
    #[error("`{0}` is not a folder")]
    NotAFolder(PathBuf),
    #[error("the folder `{path}` cannot be listed: {kind}")]
    Unlisted { path: PathBuf, kind: std::io::ErrorKind },
    #[error("the folder `{path}` can be changed by its group or by others (mode {mode:03o}): run `chmod go-w` on it")]
    Writable { path: PathBuf, mode: u32 },
    #[error("the folder has more than {MAX_FILES} files")]
    TooMany,
    #[error("is not a tenant's file: name it after the tenant, `<id>.toml`, or move it out of the folder")]
    OtherName,
    #[error("the name before `.toml` {0}")]
    BadId(String),
    #[error("is empty: write the tenant's grants, or a comment if it may read nothing")]
    Empty,
    #[error("is larger than 1 MiB")]
    TooLarge,
    #[error("changes while it is read: write a new file and rename it to this one")]
    Changing,
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Exposed(#[from] files::Exposed),
}

/// The names in the folder that are to be read, in any order. Hidden files (those of editors, and the links of a `ConfigMap`) and copies of
/// editors are left out.
fn list(directory: &Path) -> Result<Listing, FolderError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => FolderError::Missing(directory.to_owned()),
        std::io::ErrorKind::NotADirectory => FolderError::NotAFolder(directory.to_owned()),
        kind => FolderError::Unlisted { path: directory.to_owned(), kind },
    };
    let metadata = std::fs::metadata(directory).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(FolderError::NotAFolder(directory.to_owned()));
    }
    match files::mode(&metadata) {
        Some(mode) if mode & 0o022 != 0 && !files::is_read_only(directory) => {
            return Err(FolderError::Writable { path: directory.to_owned(), mode });
        }
        _ => {}
    }
    let mut listing = Listing::default();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if is_ignored(&name) {
            continue;
        }
        listing.has_links |= !entry.file_type().is_ok_and(|kind| kind.is_file());
        listing.names.push(name);
        if listing.names.len() > MAX_FILES {
            return Err(FolderError::TooMany);
        }
    }
    Ok(listing)
}

/// The stamp of the folder now.
pub(super) fn stamp_of(directory: &Path) -> DirectoryStamp {
    let Ok(Listing { names, has_links }) = list(directory) else { return DirectoryStamp::unreadable() };
    let mut stamp = DirectoryStamp::default();
    if has_links {
        stamp.add_link();
    }
    names.iter().for_each(|name| stamp.add(name, Stamp::at(&directory.join(name))));
    stamp
}

fn is_ignored(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || name.starts_with(b"#") || BACKUPS.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

fn id_of(name: &OsStr) -> Result<TenantId, FolderError> {
    let id = name.to_str().and_then(|name| name.strip_suffix(ENDING)).ok_or(FolderError::OtherName)?;
    tenant_id(id).map_err(|error| FolderError::BadId(error.to_string()))
}

/// The content of a file, and its stamp. A file that is written at the same time is read again.
fn read_file(path: &Path) -> Result<(Vec<u8>, Stamp), FolderError> {
    let failed = |error: std::io::Error| FileError::of(path, &error);
    for _ in 0..READS {
        let mut file = open(path)?;
        let metadata = file.metadata().map_err(failed)?;
        files::check_unchangeable(&metadata, path)?;
        let mut bytes = Vec::new();
        (&mut file).take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(FolderError::TooLarge);
        }
        let stamp = Stamp::of(&metadata);
        if Stamp::of(&file.metadata().map_err(failed)?) == stamp {
            // Writing a file in place begins with emptying it.
            return if bytes.is_empty() { Err(FolderError::Empty) } else { Ok((bytes, stamp)) };
        }
    }
    Err(FolderError::Changing)
}
