//! A directory written by another release.

use redb::{Database, TableDefinition};

use crate::{OpenError, Options, Store};

#[test]
fn a_directory_of_another_layout_is_refused_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::create(directory.path().join("catalogue.redb")).unwrap();
    let change = database.begin_write().unwrap();
    // Only its number, because rows of another layout are not read.
    change.open_table(TableDefinition::<&str, u64>::new("meta")).unwrap().insert("layout", 1).unwrap();
    change.commit().unwrap();
    drop(database);
    let refused = Store::open(directory.path(), Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Layout { found: 1, expected: 2, .. }), "{refused}");
    assert!(refused.to_string().ends_with("import the logs again into a new directory, or use the release that wrote it"));
}
