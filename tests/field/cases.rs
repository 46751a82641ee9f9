//! The case files.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The cases of a file; `None`, and a printed line, without the file.
pub fn of(file: &str) -> Option<Vec<Value>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = || manifest.ancestors().skip(1).map(|folder| folder.join("shared/data")).find(|folder| folder.is_dir());
    let folder = std::env::var_os("LOGMARK_TEST_DATA").map(PathBuf::from).or_else(beside);
    let Some(text) = folder.and_then(|folder| std::fs::read_to_string(folder.join("field").join(file)).ok()) else {
        println!("skipped: no `field/{file}`; LOGMARK_TEST_DATA names its folder");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// A member that is a text; empty when there is none.
pub fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_default()
}
