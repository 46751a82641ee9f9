//! Calls of an operation in several languages (`x-codeSamples`).
//!
//! Owns the list of samples. Each is a file in `sdk/samples`, named after its operation (live tail: `tail`) and its language. It reads `LOGMARK_URL`
//! and `LOGMARK_TOKEN` from the environment, and the tests run it against a service.

use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;

/// A language: the extension of its files, its name in the document, and its label.
const LANGUAGES: [(&str, &str, &str); 5] = [
    ("sh", "Shell", "curl"),
    ("ts", "TypeScript", "TypeScript"),
    ("py", "Python", "Python"),
    ("rs", "Rust", "Rust"),
    ("go", "Go", "Go"),
];

macro_rules! samples {
    ($($file:literal,)*) => {
        [$(($file, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sdk/samples/", $file)))),*]
    };
}

/// File and text, in the order of the document.
const SAMPLES: &[(&str, &str)] = &samples![
    "listGroups.sh",
    "listGroups.ts",
    "listGroups.py",
    "listGroups.rs",
    "listGroups.go",
    "readStream.sh",
    "readStream.ts",
    "readStream.py",
    "readStream.rs",
    "readStream.go",
    "readGroup.sh",
    "readGroup.ts",
    "readGroup.py",
    "readGroup.rs",
    "readGroup.go",
    "tail.sh",
    "tail.ts",
    "tail.py",
    "tail.rs",
    "tail.go",
    "startQuery.sh",
    "startQuery.ts",
    "startQuery.py",
    "startQuery.rs",
    "startQuery.go",
];

/// Adds the samples to the operation.
pub(super) fn apply_to(operation: &mut Operation) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let samples: Vec<Value> = SAMPLES.iter().filter_map(|(file, text)| sample(id, file, text)).collect();
    if !samples.is_empty() {
        operation.extensions.get_or_insert_default().merge(Extensions::from_iter([("x-codeSamples", samples)]));
    }
}

fn sample(operation: &str, file: &str, text: &str) -> Option<Value> {
    // The operation with its names as parameters shows live tail.
    let operation = if operation == "readLogs" { "tail" } else { operation };
    let extension = file.strip_prefix(operation)?.strip_prefix('.')?;
    let (_, language, label) = LANGUAGES.iter().find(|(known, ..)| *known == extension)?;
    Some(json!({ "lang": language, "label": label, "source": text }))
}
