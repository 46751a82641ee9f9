//! Whether the folder of tenants' files may have changed, without a look at each of its files.
//!
//! Owns the notifications of the kernel (inotify) for the folder. INVARIANT: the last stamp of the folder is used again only where
//! every change of a file would have been told: on a file system of this machine, for files with one name each, and for at most
//! [`RESCAN`]. Else each file is looked at, as on NFS and for the symbolic links of a `ConfigMap`.

use std::path::Path;
use std::time::{Duration, Instant};

use super::stamp::DirectoryStamp;
use super::tenant_files::stamp_of;

/// After this time each file is looked at, also without a notification.
const RESCAN: Duration = Duration::from_secs(60);

/// The folder as it was seen last.
#[derive(Default)]
pub(super) struct FolderWatch {
    notifications: Option<notifications::Notifications>,
    last: Option<(DirectoryStamp, Instant)>,
}

impl FolderWatch {
    /// Prepares for reading the folder. Changes from now on are noticed.
    pub(super) fn begin(&mut self, directory: &Path) {
        self.last = None;
        let _news = self.has_news(directory);
    }

    /// Records the stamp of the folder that was read after [`FolderWatch::begin`].
    pub(super) fn seen(&mut self, stamp: DirectoryStamp) {
        self.last = Some((stamp, Instant::now()));
    }

    /// The stamp of the folder now.
    pub(super) fn stamp(&mut self, directory: &Path) -> DirectoryStamp {
        let has_news = self.has_news(directory);
        match self.last {
            Some((stamp, at)) if !has_news && stamp.has_only_own_files() && at.elapsed() < RESCAN => stamp,
            _ => {
                let stamp = stamp_of(directory);
                self.seen(stamp);
                stamp
            }
        }
    }

    /// Whether something in the folder may have changed since the last call. Watches the folder from now on.
    fn has_news(&mut self, directory: &Path) -> bool {
        if let Some(notifications) = &self.notifications
            && notifications.are_of(directory)
        {
            return notifications.take();
        }
        self.notifications = notifications::Notifications::of(directory);
        true
    }
}

#[cfg(target_os = "linux")]
mod notifications {
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    use rustix::fs::statfs;

    /// The types of file systems whose changes all go through this kernel (statfs(2)).
    const LOCAL: [u32; 9] = [
        0x0000_ef53, // ext2, ext3, ext4
        0x5846_5342, // xfs
        0x9123_683e, // btrfs
        0xf2f5_2010, // f2fs
        0x2fc1_2fc1, // zfs
        0xca45_1a4e, // bcachefs
        0x0102_1994, // tmpfs
        0x8584_58f6, // ramfs
        0x794c_7630, // overlayfs
    ];

    /// The notifications for one folder.
    pub(super) struct Notifications {
        queue: OwnedFd,
        /// Device and inode.
        folder: (u64, u64),
    }

    impl Notifications {
        /// Watches the folder; `None`: changes by other machines would be missed, or the kernel has no room for the watch.
        pub(super) fn of(directory: &Path) -> Option<Self> {
            let folder = place(directory)?;
            let kind = statfs(directory).ok()?.f_type;
            if !LOCAL.iter().any(|local| i64::from(*local) == kind || i64::from(local.cast_signed()) == kind) {
                return None;
            }
            let queue = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
            let flags = WatchFlags::MODIFY
                | WatchFlags::ATTRIB
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::ONLYDIR;
            add_watch(&queue, directory, flags).ok()?;
            // The watch follows a folder that is renamed meanwhile.
            (place(directory) == Some(folder)).then_some(Self { queue, folder })
        }

        /// Whether the path still leads to the watched folder.
        pub(super) fn are_of(&self, directory: &Path) -> bool {
            place(directory) == Some(self.folder)
        }

        /// Takes all notifications. Returns whether there were any, or whether they cannot be read.
        pub(super) fn take(&self) -> bool {
            let (mut buffer, mut has_news) = ([0; 4096], false);
            loop {
                match rustix::io::read(&self.queue, &mut buffer) {
                    Ok(1..) => has_news = true,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(rustix::io::Errno::AGAIN) => return has_news,
                    Ok(0) | Err(_) => return true,
                }
            }
        }
    }

    fn place(directory: &Path) -> Option<(u64, u64)> {
        std::fs::metadata(directory).ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }
}

#[cfg(not(target_os = "linux"))]
mod notifications {
    use std::path::Path;

    /// Other systems are not watched.
    pub(super) enum Notifications {}

    impl Notifications {
        pub(super) fn of(_: &Path) -> Option<Self> {
            None
        }

        pub(super) fn are_of(&self, _: &Path) -> bool {
            match *self {}
        }

        pub(super) fn take(&self) -> bool {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
#[path = "folder_watch_tests.rs"]
mod tests;
