//! The lock file that limits a directory to one open store.
//!
//! The lock is a kernel lock on the open file, so it ends with the process in any case; the process number in the file is only
//! for the error. The file is never removed, because that races with the next opener. See also `store::open`.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::disk::Disk;
use crate::error::{OpenError, StorageError};

const FILE_NAME: &str = "lock";

/// Held while the store is open.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Closing the file is not enough while a forked child process has a copy of it.
        let _ = self.file.unlock();
    }
}

impl DirectoryLock {
    pub(crate) fn take(disk: &Disk, directory: &Path) -> Result<DirectoryLock, OpenError> {
        let path = directory.join(FILE_NAME);
        let mut file = disk.open_or_create(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { directory: directory.to_owned(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(StorageError::io("lock", &path)(error).into()),
        }
        write_pid(&mut file).map_err(StorageError::io("write", &path))?;
        Ok(DirectoryLock { file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
