//! The quickstarts: each prints the data of its operation, and the READMEs show them unchanged.

use super::environment::{TestEnvironment, root};

/// The operations with a sample in every language, and the data that each prints.
pub const SAMPLES: [(&str, &[&str]); 4] = [
    ("listGroups", &["/acme/api", "/acme/small"]),
    ("readStream", &[":200}", ":404}", ":500}"]),
    ("readGroup", &[":200}", ":404}", ":500}"]),
    ("startQuery", &["0", "1", "2"]),
];

/// The quickstarts in READMEs, and the README of each.
const SHOWN: [(&str, &str); 8] = [
    ("README.md", "readStream.ts"),
    ("README.md", "readStream.py"),
    ("README.md", "readStream.rs"),
    ("README.md", "readStream.go"),
    ("sdk/typescript/README.md", "readStream.ts"),
    ("sdk/python/README.md", "readStream.py"),
    ("sdk/rust/README.md", "readStream.rs"),
    ("sdk/go/README.md", "readStream.go"),
];

/// Runs a language's samples, each with the command made from its operation id.
pub async fn assert_run(environment: &TestEnvironment, folder: &str, command: impl Fn(&str) -> Vec<String>) {
    for (operation, printed) in SAMPLES {
        let command = command(operation);
        let out = environment.run(folder, &command.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for text in printed {
            assert!(out.contains(text), "{operation} does not print {text}:\n{out}");
        }
    }
    // The tail does not end by itself.
    let command = command("tail");
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    environment.run_until(folder, &command, &["order 0", "order 1", "order 2"]).await;
}

#[test]
fn the_readmes_show_the_samples_as_they_are() {
    for (place, name) in SHOWN {
        let readme = std::fs::read_to_string(root().join(place)).unwrap();
        let (_, language) = name.split_once('.').unwrap();
        let sample = std::fs::read_to_string(root().join("sdk/samples").join(name)).unwrap();
        let block = format!("```{language}\n{sample}```\n");
        assert!(readme.contains(&block), "{place} does not have this block:\n{block}");
    }
}
