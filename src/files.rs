//! Permissions of files that decide about access: who else may change them or read them.
//!
//! Owns these checks and the writing of files with exactly the permissions they need, whatever the umask is. The checks look
//! at the metadata of the open file, so that the file that is read is the file that was judged. Systems without Unix
//! permissions are not judged.

use std::fs::Metadata;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Readable and writable by its owner alone.
pub const PRIVATE: u32 = 0o600;
/// Readable by everybody, writable by its owner alone.
pub const PUBLIC: u32 = 0o644;

/// Others may do with the file what they must not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Exposed {
    /// Change it.
    #[error("the file `{path}` can be changed by its group or by others (mode {mode:03o}): run `chmod go-w` on it")]
    Writable {
        /// Where.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Read the secret in it.
    #[error("the file `{path}` can be read by others (mode {mode:03o}): make it the service's own with `chmod 600`")]
    Readable {
        /// Where.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// The permission bits.
#[cfg(unix)]
#[must_use]
pub fn mode(metadata: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777)
}

/// Other systems' permissions are not ours to judge.
#[cfg(not(unix))]
#[must_use]
pub fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// Refuses a file that its group or others may write.
///
/// # Errors
/// [`Exposed::Writable`].
pub fn check_unchangeable(metadata: &Metadata, path: &Path) -> Result<(), Exposed> {
    match mode(metadata) {
        Some(mode) if mode & 0o022 != 0 => Err(Exposed::Writable { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

/// Refuses a file that everybody may read. Its group may: orchestrators mount keys for a group.
///
/// # Errors
/// [`Exposed::Readable`].
pub fn check_secret(metadata: &Metadata, path: &Path) -> Result<(), Exposed> {
    match mode(metadata) {
        Some(mode) if mode & 0o004 != 0 => Err(Exposed::Readable { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

/// Creates a file that must not exist yet, with exactly these permissions. At no moment has it more.
///
/// # Errors
/// What the system says.
pub fn create_new(path: &Path, mode: u32) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let file = options.open(path)?;
    set_mode(&file, mode)?;
    Ok(file)
}

/// Writes a file with exactly these permissions in place of the one that may be there. Readers see the old one or the new one.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let _not_there = std::fs::remove_file(&new);
    let written = create_new(&new, mode).and_then(|mut file| file.write_all(bytes)).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        let _not_there = std::fs::remove_file(&new);
    }
    written
}

/// Creates a folder and those above it, for its owner alone. One that is there stays as it is.
///
/// # Errors
/// What the system says.
pub fn create_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The umask takes away from the mode that a file is created with, so it is set once more.
#[cfg(unix)]
fn set_mode(file: &std::fs::File, mode: u32) -> std::io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &std::fs::File, _: u32) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn group_and_others_may_not_write_and_others_may_not_read_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (mode, unchangeable, secret) in [
            (0o600, true, true),
            (0o640, true, true),
            (0o644, true, false),
            (0o660, false, true),
            (0o602, false, true),
            (0o606, false, false),
            (0o400, true, true),
        ] {
            std::fs::write(&path, "x").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let metadata = std::fs::metadata(&path).unwrap();
            assert_eq!(check_unchangeable(&metadata, &path).is_ok(), unchangeable, "{mode:o}");
            assert_eq!(check_secret(&metadata, &path).is_ok(), secret, "{mode:o}");
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_file_is_replaced_with_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        for expected in [PUBLIC, PRIVATE] {
            replace(&path, b"new", expected).unwrap();
            let metadata = std::fs::metadata(&path).unwrap();
            assert_eq!((mode(&metadata), std::fs::read(&path).unwrap()), (Some(expected), b"new".to_vec()));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(create_new(&path, PRIVATE).is_err());
    }
}
