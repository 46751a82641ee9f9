//! Checks of the files that the configuration names: they can be read, and others cannot change or read them.
//!
//! Never reads their content, except for [`super::secret`].

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::validation::Key;
use crate::files;

impl Key<'_> {
    /// A path, relative to the folder of the configuration file. Nothing needs to exist there.
    pub(super) fn path(&self, text: &str) -> Option<PathBuf> {
        if text.is_empty() || text.contains('\0') {
            self.error("is not a path: write the path of a file or folder");
            return None;
        }
        Some(self.validator.resolve(text))
    }

    /// A readable file.
    pub(super) fn readable(&self, text: &str) -> Option<PathBuf> {
        let path = self.path(text)?;
        self.validator.note_file(&path);
        self.check(open(&path)).map(|_| path)
    }

    /// A readable file that only its owner can change.
    pub(super) fn unchangeable(&self, text: &str) -> Option<PathBuf> {
        let path = self.path(text)?;
        self.validator.note_file(&path);
        let file = self.check(open(&path))?;
        let metadata = self.check(file.metadata().map_err(|error| FileError::of(&path, &error)))?;
        self.check(files::check_unchangeable(&metadata, &path)).map(|()| path)
    }

    /// A file with a private key: only its owner can change it, and not everyone can read it. A file that its group can read
    /// is a warning: orchestrators mount keys for a group.
    pub(super) fn key_file(&self, text: &str) -> Option<PathBuf> {
        let path = self.unchangeable(text)?;
        let file = self.check(open(&path))?;
        let metadata = self.check(file.metadata().map_err(|error| FileError::of(&path, &error)))?;
        self.check(files::check_secret(&metadata, &path))?;
        if let Err(error) = check_private(&file, &path) {
            self.warn(error);
        }
        Some(path)
    }
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("the file `{0}` does not exist")]
    Missing(PathBuf),
    #[error("`{0}` is not a file")]
    NotAFile(PathBuf),
    #[error("the file `{0}` is not readable for this process")]
    Denied(PathBuf),
    #[error("the file `{path}` can be read by others (mode {mode:03o}): run `chmod 600` on it")]
    Open { path: PathBuf, mode: u32 },
    #[error("the file `{path}` cannot be read: {kind}")]
    Other { path: PathBuf, kind: ErrorKind },
}

impl FileError {
    /// From an error of the system.
    pub(super) fn of(path: &Path, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::NotFound => Self::Missing(path),
            ErrorKind::PermissionDenied => Self::Denied(path),
            kind => Self::Other { path, kind },
        }
    }
}

/// Opens a file for reading.
pub(super) fn open(path: &Path) -> Result<File, FileError> {
    let located = |error| FileError::of(path, &error);
    // Checked before opening: opening a pipe without a writer would block.
    if !std::fs::metadata(path).map_err(located)?.is_file() {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    File::open(path).map_err(located)
}

/// Refuses a file that its group or others can access. Checks the open file, because the name may lead to another one later.
#[cfg(unix)]
pub(super) fn check_private(file: &File, path: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|error| FileError::of(path, &error))?.permissions().mode() & 0o777;
    let others = if is_credential(path) { 0o037 } else { 0o077 };
    if mode & others == 0 { Ok(()) } else { Err(FileError::Open { path: path.to_owned(), mode }) }
}

/// Whether systemd made the file for this service (`LoadCredential=`). Such files belong to root, and their group bits are the
/// mask of an access list that admits the user of the service (systemd issue 29435).
#[cfg(unix)]
fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.parent() == Some(Path::new(&folder)))
}

/// Permissions of other systems are not checked.
#[cfg(not(unix))]
pub(super) fn check_private(_: &File, _: &Path) -> Result<(), FileError> {
    Ok(())
}
