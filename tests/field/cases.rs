//! The case files.

use serde_json::Value;

/// The cases of a file; `None`, and a printed line, without the file.
pub fn of(file: &str) -> Option<Vec<Value>> {
    let path = crate::auth::support::test_data()?.join("field").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// The text of a member; empty if it is missing.
pub fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_default()
}
