//! Which changes of a folder are noticed, and when its files are not looked at.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::*;

struct Folder {
    root: tempfile::TempDir,
    watch: FolderWatch,
}

impl Folder {
    /// A folder with a file.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("tenants.d")).unwrap();
        let folder = Self { root, watch: FolderWatch::default() };
        fs::write(folder.path("tenants.d/acme.toml"), "# one").unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Reads the folder.
    fn read(&mut self) -> DirectoryStamp {
        let directory = self.path("tenants.d");
        self.watch.begin(&directory);
        let stamp = stamp_of(&directory);
        self.watch.seen(stamp);
        stamp
    }

    fn stamp(&mut self) -> DirectoryStamp {
        let directory = self.path("tenants.d");
        self.watch.stamp(&directory)
    }

    /// Whether the files are not looked at: then a stamp of no folder is used again.
    fn is_trusted(&mut self) -> bool {
        let (before, other) = (self.stamp(), DirectoryStamp::default());
        let other = if before.has_only_own_files() { other } else { DirectoryStamp::unreadable() };
        self.watch.seen(other);
        let is_trusted = self.stamp() == other;
        self.watch.seen(before);
        is_trusted
    }
}

#[test]
fn files_are_looked_at_only_after_a_notification() {
    let mut folder = Folder::new();
    let read = folder.read();
    assert_eq!(folder.stamp(), read);
    assert!(folder.is_trusted(), "without a change");
}

/// A change of the folder at this path.
type Change = fn(&Folder);

#[test]
fn every_change_is_noticed() {
    let changes: [(&str, Change); 9] = [
        ("edited in place", |folder| fs::write(folder.path("tenants.d/acme.toml"), "# other").unwrap()),
        ("edited in place to a text of the same length", |folder| {
            fs::write(folder.path("tenants.d/acme.toml"), "# two").unwrap()
        }),
        ("renamed over", |folder| {
            fs::write(folder.path("tenants.d/.new"), "# one").unwrap();
            fs::rename(folder.path("tenants.d/.new"), folder.path("tenants.d/acme.toml")).unwrap();
        }),
        ("moved into the folder", |folder| {
            fs::write(folder.path("globex.toml"), "# one").unwrap();
            fs::rename(folder.path("globex.toml"), folder.path("tenants.d/globex.toml")).unwrap();
        }),
        ("moved out of the folder", |folder| {
            fs::rename(folder.path("tenants.d/acme.toml"), folder.path("acme.toml")).unwrap();
        }),
        ("deleted", |folder| fs::remove_file(folder.path("tenants.d/acme.toml")).unwrap()),
        ("made writable", |folder| {
            fs::set_permissions(folder.path("tenants.d/acme.toml"), fs::Permissions::from_mode(0o666)).unwrap();
        }),
        ("the folder is replaced", |folder| {
            fs::create_dir(folder.path("next")).unwrap();
            fs::write(folder.path("next/globex.toml"), "# one").unwrap();
            fs::rename(folder.path("tenants.d"), folder.path("former")).unwrap();
            fs::rename(folder.path("next"), folder.path("tenants.d")).unwrap();
        }),
        ("the folder is deleted", |folder| fs::remove_dir_all(folder.path("tenants.d")).unwrap()),
    ];
    for (name, change) in changes {
        let mut folder = Folder::new();
        let read = folder.read();
        assert_eq!(folder.stamp(), read, "{name}");
        change(&folder);
        let changed = folder.stamp();
        assert_ne!(changed, read, "{name}");
        assert_eq!(changed, stamp_of(&folder.path("tenants.d")), "{name}");
        // And the change after it.
        let _existing = fs::create_dir(folder.path("tenants.d"));
        fs::write(folder.path("tenants.d/initech.toml"), "# one").unwrap();
        assert_ne!(folder.stamp(), changed, "{name}, then a further file");
    }
}

#[test]
fn a_folder_behind_a_link_is_noticed_when_the_link_changes() {
    let mut folder = Folder::new();
    fs::rename(folder.path("tenants.d"), folder.path("one")).unwrap();
    symlink("one", folder.path("tenants.d")).unwrap();
    fs::create_dir(folder.path("two")).unwrap();
    let read = folder.read();
    assert_eq!(folder.stamp(), read);
    symlink("two", folder.path("next")).unwrap();
    fs::rename(folder.path("next"), folder.path("tenants.d")).unwrap();
    assert_ne!(folder.stamp(), read);
}

/// A mounted `ConfigMap`: each file is a link through `..data`, which is replaced. The kernel tells nothing of files elsewhere.
#[test]
fn files_with_other_names_are_looked_at_each_time() {
    let mut folder = Folder::new();
    fs::create_dir(folder.path("elsewhere")).unwrap();
    fs::rename(folder.path("tenants.d/acme.toml"), folder.path("elsewhere/acme.toml")).unwrap();
    symlink("../elsewhere/acme.toml", folder.path("tenants.d/acme.toml")).unwrap();
    let read = folder.read();
    assert!(!folder.is_trusted(), "a symbolic link");
    fs::write(folder.path("elsewhere/acme.toml"), "# other").unwrap();
    assert_ne!(folder.stamp(), read);

    let mut folder = Folder::new();
    fs::hard_link(folder.path("tenants.d/acme.toml"), folder.path("acme.toml")).unwrap();
    let read = folder.read();
    assert!(!folder.is_trusted(), "a hard link");
    fs::write(folder.path("acme.toml"), "# other").unwrap();
    assert_ne!(folder.stamp(), read);
}

#[test]
fn a_change_while_the_folder_is_read_is_noticed() {
    let mut folder = Folder::new();
    let directory = folder.path("tenants.d");
    folder.read();
    folder.watch.begin(&directory);
    let read = stamp_of(&directory);
    fs::write(directory.join("acme.toml"), "# other").unwrap();
    folder.watch.seen(read);
    assert_ne!(folder.stamp(), read);
}
