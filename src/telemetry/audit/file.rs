//! A file of audit lines: opened, continued, rotated, synchronised.
//!
//! Owns the names of rotated files, and how a chain continues over them. A file has one writer: it is locked. Another program may rename
//! or remove the file at any time: the next batch begins a new one. Lines are only appended, so a program that cuts the file after it has
//! copied it (`copytruncate`) loses nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::chain::{Chain, LineHash, MacKey};
use super::record::{Event, Record};
use super::sink::{Opened, Sink, first_record};
use crate::files;

/// The longest line that a file can end with. A line has bounded members, so it is never that long.
const MAX_LINE: u64 = 1 << 20;

/// When lines are forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fsync {
    /// With each batch: the lines of up to 5 ms.
    Batch,
    /// When the system decides.
    Never,
}

/// The settings of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// Where.
    pub path: PathBuf,
    /// The size from which on a file is rotated.
    pub max_bytes: u64,
    /// The age from which on a file is rotated.
    pub max_age: Option<Duration>,
    /// Rotated files to keep; `None`: all.
    pub keep: Option<u32>,
    /// When lines are forced to the disk.
    pub fsync: Fsync,
}

#[derive(Debug)]
struct AuditFile {
    settings: FileSettings,
    file: File,
    bytes: u64,
    born: SystemTime,
    is_dirty: bool,
}

/// The members of the chain in a line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linked {
    chain: String,
    seq: u64,
    #[serde(rename = "previousHash")]
    _previous_hash: String,
}

/// Opens the file and continues its chain.
///
/// # Errors
/// If it cannot be used: in use by another process, not an audit file, or an error of the system.
pub(super) fn open(settings: FileSettings, key: Option<MacKey>) -> io::Result<Opened> {
    if let Some(folder) = settings.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        files::create_private_folder(folder)?;
    }
    let mut file = open_locked(&settings.path)?;
    let mut first = first_record();
    let here = end_of(&mut file)?;
    if here.is_foreign {
        return Err(io::Error::new(ErrorKind::InvalidData, "the file does not end with an audit line: move it away"));
    }
    if let Some(torn) = here.torn {
        // The bytes stay as evidence, on a separate line.
        file.write_all(b"\n")?;
        first.word("tornHash", &torn.to_string());
    }
    // Without lines here, a process may have ended after it renamed the file and before it began the next one.
    let before = if here.last.is_none() { rotated(&settings.path)?.pop() } else { None };
    let last = match &before {
        Some(path) => {
            first.text("previousFile", &file_name(path));
            end_of(&mut File::open(path)?)?.last
        }
        None => here.last,
    };
    let chain = match last {
        Some((linked, hash)) => Chain::continued(linked.chain, linked.seq, hash, key),
        None => Chain::new(key),
    };
    let bytes = file.metadata()?.len();
    let sink = AuditFile { settings, file, bytes, born: SystemTime::from(jiff::Timestamp::now()), is_dirty: false };
    Ok(Opened { sink: Box::new(sink.aged()), chain, first })
}

/// Opens or creates a file for its owner only, for this process only.
fn open_locked(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, files::PRIVATE);
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let why = "another process writes to it: give each replica a file of its own";
            return Err(io::Error::new(ErrorKind::ResourceBusy, why));
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(files::PRIVATE))?;
    Ok(file)
}

/// The end of a file.
struct End {
    /// The last line that is complete, with its hash.
    last: Option<(Linked, LineHash)>,
    /// The hash of the bytes after the last line feed: a process was killed while it wrote them.
    torn: Option<LineHash>,
    /// The last line that is complete is not an audit line.
    is_foreign: bool,
}

/// Reads the end of a file.
fn end_of(file: &mut File) -> io::Result<End> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(2 * MAX_LINE)))?;
    let mut end = Vec::new();
    file.take(2 * MAX_LINE).read_to_end(&mut end)?;
    let mut lines = end.rsplit(|byte| *byte == b'\n');
    let torn = lines.next().filter(|tail| !tail.is_empty()).map(LineHash::of);
    let line = lines.next();
    let last = line.and_then(|line| Some((serde_json::from_slice::<Linked>(line).ok()?, LineHash::of(line))));
    let is_foreign = line.is_some() && last.is_none();
    Ok(End { last, torn, is_foreign })
}

/// The rotated files of a path, oldest first.
pub(super) fn rotated(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = format!("{}.", file_name(path));
    let is_ours = |name: &str| {
        let time = name.strip_prefix(&prefix).unwrap_or_default();
        time.len() == "20261129T235024.256448Z".len() && time.ends_with('Z') && time.starts_with(|c: char| c.is_ascii_digit())
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if is_ours(&file_name(&path)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The name of a file that is rotated now.
fn rotated_name(path: &Path) -> PathBuf {
    let now = jiff::Timestamp::now();
    let time: String = format!("{now:.6}").chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{time}"));
    PathBuf::from(name)
}

impl AuditFile {
    /// With the age of the file that was opened.
    fn aged(mut self) -> Self {
        let created = self.file.metadata().and_then(|metadata| metadata.created());
        self.born = created.unwrap_or_else(|_| SystemTime::from(jiff::Timestamp::now()));
        self
    }

    /// Whether the path still leads to the open file.
    fn is_in_place(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let (there, here) = (std::fs::metadata(&self.settings.path), self.file.metadata());
            matches!((there, here), (Ok(there), Ok(here)) if (there.dev(), there.ino()) == (here.dev(), here.ino()))
        }
        #[cfg(not(unix))]
        self.settings.path.exists()
    }

    fn is_due(&self) -> bool {
        let is_old = |age: Duration| self.born.elapsed().is_ok_and(|elapsed| elapsed >= age);
        self.bytes > 0 && (self.bytes >= self.settings.max_bytes || self.settings.max_age.is_some_and(is_old))
    }

    /// Begins the next file. The open one is renamed first, unless another program has done that.
    fn rotate(&mut self) -> io::Result<String> {
        self.sync()?;
        let mut name = String::new();
        if self.is_in_place() {
            let to = rotated_name(&self.settings.path);
            std::fs::rename(&self.settings.path, &to)?;
            name = file_name(&to);
        }
        self.file = open_locked(&self.settings.path)?;
        self.bytes = self.file.metadata()?.len();
        self.born = SystemTime::from(jiff::Timestamp::now());
        Ok(name)
    }

    fn remove_old(&self) -> io::Result<()> {
        let Some(keep) = self.settings.keep else { return Ok(()) };
        let rotated = rotated(&self.settings.path)?;
        for old in rotated.iter().take(rotated.len().saturating_sub(keep as usize)) {
            std::fs::remove_file(old)?;
            tracing::info!(file = %old.display(), "removed the audit file {}: `keep` is {keep}", old.display());
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_dirty) {
            self.file.sync_data().inspect_err(|_| self.is_dirty = true)?;
        }
        Ok(())
    }
}

impl Sink for AuditFile {
    fn begin_batch(&mut self, chain: &mut Chain, lines: &mut Vec<u8>) {
        if self.is_in_place() && !self.is_due() {
            return;
        }
        match self.rotate() {
            Ok(previous) => {
                let mut first = Record::of(Event::Rotate);
                if !previous.is_empty() {
                    first.text("previousFile", &previous);
                }
                chain.append_record(&first, lines);
                if let Err(error) = self.remove_old() {
                    tracing::warn!(%error, "old audit files cannot be removed: {error}");
                }
            }
            // The open file is used on, and the next batch tries again.
            Err(error) => tracing::error!(%error, "the audit file cannot be rotated: {error}"),
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.bytes == 0 && !self.is_in_place() {
            // Removed before anything was written to it.
            self.rotate()?;
        }
        loop {
            match self.file.write(lines) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", self.settings.path.display()))),
                Ok(written) => {
                    self.bytes += written as u64;
                    self.is_dirty = true;
                    return Ok(written);
                }
            }
        }
    }

    fn end_batch(&mut self) -> io::Result<()> {
        match self.settings.fsync {
            Fsync::Batch => self.sync(),
            Fsync::Never => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
