//! The lookup tables of all tenants, as the operator creates, changes and lists them: `lookup/NAME.csv`.
//!
//! Owns writing. A file is replaced as a whole and is durable before the call returns, so that a query reads the old content or the
//! new one. Descriptions and tags are documents of the store. An operator may also put a file into the folder by hand.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use logmark_store::Store;

use super::tables::{self, MAX_BYTES};
use crate::domain::time::Millis;
use crate::domain::write_operations::{LookupTable, TableBody, TableChange, TableDetails, TableName};
use crate::files;
use crate::sources::SourceError;
use crate::sources::write::WriteError;

/// The kind of the documents with descriptions and tags.
const DETAILS: &str = "lookup table";
/// CloudWatch's quota of tables in one region.
const MAX_TABLES: usize = 100;
/// CloudWatch's quota of tags of a resource.
const MAX_TAGS: usize = 50;
/// Files that are listed. There can be more tables than the quota if an operator puts files into the folder.
const MAX_LISTED: usize = 1_000;

/// The folder.
#[derive(Debug)]
pub(in crate::sources::local) struct TableFiles {
    folder: PathBuf,
    /// One change at a time, and the outlines of the files that were read.
    outlines: Mutex<BTreeMap<TableName, Outline>>,
}

/// The columns and rows of a file, as long as it has this size and time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outline {
    bytes: u64,
    modified: SystemTime,
    fields: Vec<String>,
    records: u64,
}

impl TableFiles {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, outlines: Mutex::default() }
    }

    /// The tables, ascending by name. A file that is not a table is left out.
    pub(in crate::sources::local) fn list(&self, store: &Store) -> Result<Vec<LookupTable>, WriteError> {
        let mut outlines = self.outlines.lock().unwrap_or_else(PoisonError::into_inner);
        let names = self.names()?;
        outlines.retain(|name, _| names.contains(name));
        let details: BTreeMap<String, Vec<u8>> = store.documents(DETAILS)?.into_iter().collect();
        let mut listed = Vec::with_capacity(names.len());
        for name in names.into_iter().take(MAX_LISTED) {
            let path = self.path(&name);
            let known = outlines.get(&name).filter(|known| is_current(known, &path)).cloned();
            let outline = match known {
                Some(outline) => outline,
                None => match outline(&path, &name) {
                    Ok(Some((outline, _))) => outline,
                    Ok(None) | Err(WriteError::Invalid(_)) => continue,
                    Err(error) => return Err(error),
                },
            };
            outlines.insert(name.clone(), outline.clone());
            let details = details.get(name.as_str()).map_or_else(TableDetails::default, |bytes| read_details(bytes));
            listed.push(described(name, outline, details));
        }
        Ok(listed)
    }

    /// A table and its content.
    pub(in crate::sources::local) fn read(
        &self,
        store: &Store,
        name: &TableName,
    ) -> Result<(LookupTable, TableBody), WriteError> {
        let found = outline(&self.path(name), name)?;
        let (outline, body) = found.ok_or(SourceError::NotFound)?;
        Ok((described(name.clone(), outline, details(store, name)?), TableBody(body)))
    }

    /// Creates or changes a table.
    pub(in crate::sources::local) fn save(
        &self,
        store: &Store,
        name: &TableName,
        change: TableChange,
    ) -> Result<LookupTable, WriteError> {
        let mut outlines = self.outlines.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(name);
        let is_there = path.exists();
        let body = match change {
            TableChange::Create(..) if is_there => return Err(WriteError::Exists),
            TableChange::Create(body, new) => {
                check(name, &body)?;
                if self.names()?.len() >= MAX_TABLES {
                    return Err(WriteError::TooMany(format!("There are {MAX_TABLES} lookup tables at most.")));
                }
                put_details(store, name, &new)?;
                Some(body)
            }
            TableChange::Update(..) | TableChange::Tag(..) if !is_there => return Err(SourceError::NotFound.into()),
            TableChange::Update(body, description) => {
                check(name, &body)?;
                if let Some(description) = description {
                    put_details(store, name, &TableDetails { description: Some(description), ..details(store, name)? })?;
                }
                Some(body)
            }
            TableChange::Tag(set, remove) => {
                let mut details = details(store, name)?;
                details.tags.extend(set);
                details.tags.retain(|key, _| !remove.contains(key));
                if details.tags.len() > MAX_TAGS {
                    return Err(WriteError::TooMany(format!("A lookup table has at most {MAX_TAGS} tags.")));
                }
                put_details(store, name, &details)?;
                None
            }
        };
        if let Some(TableBody(body)) = body {
            self.replace(&path, body.as_bytes()).map_err(failed)?;
        }
        let (outline, _) = outline(&path, name)?.ok_or(SourceError::NotFound)?;
        outlines.insert(name.clone(), outline.clone());
        Ok(described(name.clone(), outline, details(store, name)?))
    }

    /// Deletes a table. Whether it was there.
    pub(in crate::sources::local) fn delete(&self, store: &Store, name: &TableName) -> Result<bool, WriteError> {
        let mut outlines = self.outlines.lock().unwrap_or_else(PoisonError::into_inner);
        outlines.remove(name);
        match fs::remove_file(self.path(name)) {
            Ok(()) => sync_folder(&self.folder).map_err(failed)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        }
        store.delete_document(DETAILS, name.as_str())?;
        Ok(true)
    }

    fn path(&self, name: &TableName) -> PathBuf {
        self.folder.join(format!("{}.csv", name.as_str()))
    }

    /// The names of the files, ascending.
    fn names(&self) -> Result<Vec<TableName>, WriteError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(failed)?.file_name();
            names.extend(file.to_str().and_then(|file| file.strip_suffix(".csv")).and_then(TableName::new));
        }
        names.sort();
        Ok(names)
    }

    /// Replaces a file. The content is durable before the file has its name, and the name is before this returns.
    fn replace(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        if !self.folder.exists() {
            files::create_private_folder(&self.folder)?;
            self.folder.parent().map_or(Ok(()), sync_folder)?;
        }
        let new = path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = files::create_new(&new, files::PRIVATE)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_folder(&self.folder)
    }
}

fn failed(error: std::io::Error) -> WriteError {
    WriteError::Source(SourceError::Store(format!("a lookup table: {error}")))
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn modified(metadata: &Metadata) -> SystemTime {
    metadata.modified().unwrap_or(UNIX_EPOCH)
}

fn is_current(known: &Outline, path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| (metadata.len(), modified(&metadata)) == (known.bytes, known.modified))
}

/// The outline and the content of a file; `None` without a file.
fn outline(path: &Path, name: &TableName) -> Result<Option<(Outline, String)>, WriteError> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    let text = tables::read_file(path).map_err(|error| WriteError::Invalid(error.to_string()))?;
    let Some(text) = text else { return Ok(None) };
    let table = tables::table(name.as_str(), &text).map_err(|error| WriteError::Invalid(error.to_string()))?;
    let (bytes, records) = (text.len() as u64, table.rows() as u64);
    Ok(Some((Outline { bytes, modified: modified(&metadata), fields: table.columns().to_vec(), records }, text)))
}

/// Refuses a content that queries could not use.
fn check(name: &TableName, TableBody(body): &TableBody) -> Result<(), WriteError> {
    let invalid = |text: String| Err(WriteError::Invalid(text));
    if body.len() as u64 > MAX_BYTES {
        return invalid(format!("The lookup table has more than {MAX_BYTES} bytes."));
    }
    let table = match tables::table(name.as_str(), body) {
        Ok(table) => table,
        Err(error) => return invalid(format!("The lookup table is not valid CSV: {error}.")),
    };
    let columns = table.columns();
    if columns.is_empty() || columns.iter().any(|column| column.trim().is_empty()) {
        return invalid("The first row of a lookup table must name every column.".to_owned());
    }
    let twice = columns.iter().enumerate().find(|(index, column)| columns.iter().take(*index).any(|other| other == *column));
    match twice {
        Some((_, column)) => invalid(format!("The first row of the lookup table names the column '{column}' twice.")),
        None => Ok(()),
    }
}

fn described(name: TableName, outline: Outline, details: TableDetails) -> LookupTable {
    let Outline { bytes, modified, fields, records } = outline;
    let updated = modified.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    LookupTable { name, fields, records, bytes, updated: Millis(updated), details }
}

fn read_details(bytes: &[u8]) -> TableDetails {
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn details(store: &Store, name: &TableName) -> Result<TableDetails, WriteError> {
    let found = store.documents(DETAILS)?.into_iter().find(|(known, _)| known == name.as_str());
    Ok(found.map_or_else(TableDetails::default, |(_, bytes)| read_details(&bytes)))
}

fn put_details(store: &Store, name: &TableName, details: &TableDetails) -> Result<(), WriteError> {
    let bytes = serde_json::to_vec(details).map_err(|error| WriteError::Source(SourceError::Store(error.to_string())))?;
    // Descriptions of files that an operator deleted by hand may still be there.
    Ok(store.put_document(DETAILS, name.as_str(), &bytes, MAX_LISTED)?)
}
