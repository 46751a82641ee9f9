//! All changes to files outside the catalogue's database: one small method per system call, with the file in its error.
//!
//! Does not retry, and does not interpret files. Tests make the n-th change fail here. See also `wal` and `segment`, which use
//! it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::error::StorageError;

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The only access to the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    #[cfg(test)]
    pub(crate) faults: std::sync::Arc<faults::Faults>,
}

impl Disk {
    /// Creates the directory (and its parents) durably, or restricts its mode if it exists.
    pub(crate) fn create_directory(&self, path: &Path) -> Result<(), StorageError> {
        self.step("create", path)?;
        let made = !path.try_exists().map_err(StorageError::io("inspect", path))?;
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path).map_err(StorageError::io("create", path))?;
        if made {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            self.sync_directory(parent.unwrap_or(Path::new(".")))?;
        }
        let mode = fs::metadata(path).map_err(StorageError::io("inspect", path))?.permissions().mode();
        if mode & 0o777 == DIRECTORY_MODE {
            return Ok(());
        }
        fs::set_permissions(path, fs::Permissions::from_mode(DIRECTORY_MODE)).map_err(StorageError::io("set the mode of", path))
    }

    /// Creates a file that must not exist yet.
    pub(crate) fn create_file(&self, path: &Path) -> Result<File, StorageError> {
        self.step("create", path)?;
        let file = open_options().read(true).write(true).create_new(true).open(path).map_err(StorageError::io("create", path))?;
        #[cfg(test)]
        self.faults.created(path);
        Ok(file)
    }

    /// Opens a file for reading and writing, creating it if needed.
    pub(crate) fn open_or_create(&self, path: &Path) -> Result<File, StorageError> {
        self.step("open", path)?;
        open_options().read(true).write(true).create(true).truncate(false).open(path).map_err(StorageError::io("open", path))
    }

    pub(crate) fn open_to_read(&self, path: &Path) -> Result<File, StorageError> {
        open_options().read(true).open(path).map_err(StorageError::io("open", path))
    }

    pub(crate) fn write(&self, file: &mut File, path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
        #[cfg(test)]
        if self.faults.due() {
            // Half of it is written, as when a disk fills up.
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            file.write_all(half).map_err(StorageError::io("write", path))?;
            return Err(faults::error("write", path));
        }
        file.write_all(bytes).map_err(StorageError::io("write", path))?;
        #[cfg(test)]
        self.faults.written(path, bytes.len());
        Ok(())
    }

    /// Makes the contents of a file durable.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> Result<(), StorageError> {
        self.step("sync", path)?;
        file.sync_data().map_err(StorageError::io("sync", path))?;
        #[cfg(test)]
        self.faults.synced(path);
        Ok(())
    }

    /// Makes creations, renames and removals in a directory durable.
    pub(crate) fn sync_directory(&self, path: &Path) -> Result<(), StorageError> {
        self.step("sync", path)?;
        let directory = File::open(path).map_err(StorageError::io("open", path))?;
        directory.sync_all().map_err(StorageError::io("sync", path))?;
        #[cfg(test)]
        self.faults.synced_directory(path);
        Ok(())
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), StorageError> {
        self.step("rename", from)?;
        fs::rename(from, to).map_err(StorageError::io("rename", from))?;
        #[cfg(test)]
        self.faults.renamed(from, to);
        Ok(())
    }

    pub(crate) fn remove(&self, path: &Path) -> Result<(), StorageError> {
        self.step("remove", path)?;
        fs::remove_file(path).map_err(StorageError::io("remove", path))?;
        #[cfg(test)]
        self.faults.removed(path);
        Ok(())
    }

    /// Truncates a file to `length` bytes durably.
    pub(crate) fn truncate(&self, path: &Path, length: u64) -> Result<(), StorageError> {
        self.step("cut", path)?;
        let file = open_options().write(true).open(path).map_err(StorageError::io("open", path))?;
        file.set_len(length).map_err(StorageError::io("cut", path))?;
        file.sync_all().map_err(StorageError::io("sync", path))
    }

    /// A point where a test can make the store fail; no-op outside tests.
    #[cfg_attr(not(test), expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "fails in tests only"))]
    pub(crate) fn step(&self, action: &'static str, path: &Path) -> Result<(), StorageError> {
        #[cfg(test)]
        self.faults.wait_if_held(action);
        #[cfg(test)]
        if self.faults.due() {
            return Err(faults::error(action, path));
        }
        let _ = (action, path);
        Ok(())
    }
}

// A planted link in the directory must not redirect a write.
fn open_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE_MODE).custom_flags(libc::O_NOFOLLOW);
    options
}

/// The number and full path of each file `<number>.<extension>` in a directory, ascending. Other files are ignored.
pub(crate) fn numbered_files(directory: &Path, extension: &str) -> Result<Vec<(u64, std::path::PathBuf)>, StorageError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(StorageError::io("list", directory))? {
        let path = entry.map_err(StorageError::io("list", directory))?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (Some(number), true) = (number, path.extension().is_some_and(|found| found == extension)) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
pub(crate) mod faults;
