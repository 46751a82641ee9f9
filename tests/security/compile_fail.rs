//! Code that must not compile: a call of a source's method without a permit for that operation, and a permit that the policy did
//! not create.
//!
//! The test runs the compiler on each file of `tests/compile_fail`, against the library that this test is linked with: one second
//! each. (A harness that builds the dependencies again takes minutes.) Each file marks its errors as `//~ E0308` on their lines,
//! so that none fails for another reason; a file without a mark must compile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The last build of the library, beside this test.
fn library(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("liblogmark-") && name.ends_with(".rlib")
    };
    let modified = |path: &PathBuf| std::fs::metadata(path).unwrap().modified().unwrap();
    files.filter(is_library).max_by_key(modified).expect("`cargo test` built the library")
}

/// The compiler's errors: line and code.
fn errors(file: &Path) -> BTreeSet<(usize, String)> {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap();
    let out = tempfile::tempdir().unwrap();
    let output = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=json", "--cap-lints=allow"])
        .arg("--extern")
        .arg(format!("logmark={}", library(folder).display()))
        .arg("-L")
        .arg(format!("dependency={}", folder.display()))
        .arg("--out-dir")
        .arg(out.path())
        .arg(file)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("rustc is in the path, as for cargo");
    let text = String::from_utf8(output.stderr).unwrap();
    let messages = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{text}")));
    let found: BTreeSet<_> = messages
        .filter(|message| message["level"] == "error" && !message["spans"].as_array().unwrap().is_empty())
        .map(|message| {
            let primary = message["spans"].as_array().unwrap().iter().find(|span| span["is_primary"] == true).unwrap();
            assert!(primary["file_name"].as_str().unwrap().contains("compile_fail"), "{message}");
            let line = usize::try_from(primary["line_start"].as_u64().unwrap()).unwrap();
            (line, message["code"]["code"].as_str().unwrap_or("no code").to_owned())
        })
        .collect();
    assert_eq!(output.status.success(), found.is_empty(), "{text}");
    found
}

/// The errors that the file marks.
fn marks(file: &Path) -> BTreeSet<(usize, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().enumerate();
    lines.filter_map(|(index, line)| Some((index + 1, line.split_once("//~ ")?.1.to_owned()))).collect()
}

#[test]
fn no_handler_without_a_permit_of_the_policy_compiles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let mut tried = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let expected = marks(&file);
        assert_eq!(errors(&file), expected, "{}", file.display());
        if expected.is_empty() { tried.0 += 1 } else { tried.1 += 1 }
    }
    assert!(tried.0 >= 1 && tried.1 >= 5, "{tried:?}");
}
