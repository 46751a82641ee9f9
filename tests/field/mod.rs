//! Cases from the field: tokens, logs, queries and readings that other tools got wrong. They lie beside the project, in
//! `shared/data/field`; without them these tests say so and do nothing.

mod tokens;

use serde_json::Value;

/// The cases of a file, or `None` with a line that says why their test does nothing.
pub(crate) fn cases(name: &str) -> Option<Vec<Value>> {
    let path = crate::auth::support::test_data()?.join("field").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            None
        }
    }
}
