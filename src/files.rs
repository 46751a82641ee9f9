//! Permissions of files that decide about access: checks, and writing with exact permissions.
//!
//! The checks use the metadata of the open file, so that the checked file is the file that is read. Files are written with the
//! given permissions, independent of the umask. On systems without Unix permissions nothing is checked.

use std::fs::Metadata;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Readable and writable only by its owner.
pub const PRIVATE: u32 = 0o600;
/// Readable by everyone, writable only by its owner.
pub const PUBLIC: u32 = 0o644;

/// Others have access that they must not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Exposed {
    /// Others can change the file.
    #[error("the file `{path}` can be changed by its group or by others (mode {mode:03o}): run `chmod go-w` on it")]
    Writable {
        /// Where.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Others can read the secret in it.
    #[error("the file `{path}` can be read by others (mode {mode:03o}): run `chmod 600` on it")]
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

/// Permissions of other systems are not checked.
#[cfg(not(unix))]
#[must_use]
pub fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// Whether the folder is on a file system that this machine cannot write, such as a mounted `ConfigMap`, whose folder has mode 777.
#[cfg(unix)]
#[must_use]
pub fn is_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|system| system.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Not known on other systems.
#[cfg(not(unix))]
#[must_use]
pub fn is_read_only(_: &Path) -> bool {
    false
}

/// Refuses a file that its group or others can write.
///
/// # Errors
/// [`Exposed::Writable`].
pub fn check_unchangeable(metadata: &Metadata, path: &Path) -> Result<(), Exposed> {
    match mode(metadata) {
        Some(mode) if mode & 0o022 != 0 => Err(Exposed::Writable { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

/// Refuses a file that everyone can read. Its group may read it, because orchestrators mount keys for a group.
///
/// # Errors
/// [`Exposed::Readable`].
pub fn check_secret(metadata: &Metadata, path: &Path) -> Result<(), Exposed> {
    match mode(metadata) {
        Some(mode) if mode & 0o004 != 0 => Err(Exposed::Readable { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

/// Creates a file that must not exist, with exactly these permissions. It never has more, even for a moment.
///
/// # Errors
/// The error of the system.
pub fn create_new(path: &Path, mode: u32) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let file = options.open(path)?;
    set_mode(&file, mode)?;
    Ok(file)
}

/// Writes or replaces a file atomically, with exactly these permissions.
///
/// # Errors
/// The error of the system.
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

/// Creates a folder and its parents, for the owner only. Existing folders stay unchanged.
///
/// # Errors
/// The error of the system.
pub fn create_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The umask reduces the mode of a created file, so the mode is set again.
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
