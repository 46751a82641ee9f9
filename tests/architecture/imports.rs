//! Which module may use which library, and the first line of every file.

use std::path::{Path, PathBuf};

/// Maximum lines of a file.
const MOST_LINES: usize = 400;

/// A used path, and where it is allowed: paths under `src`.
const ROOMS: [(&[&str], &[&str]); 22] = [
    (&["axum", "tower_http", "utoipa_axum", "utoipa_swagger_ui"], &["http/", "aws_protocol/", "lambda/", "service.rs"]),
    (&["aws_config", "aws_credential_types", "aws_sigv4"], &["aws/", "sources/cloudwatch/", "cli/import/remote.rs"]),
    (&["aws_sdk_cloudwatchlogs"], &["aws/", "sources/cloudwatch/"]),
    (&["aws_smithy_eventstream"], &["aws_protocol/logs/live_tail.rs"]),
    (&["logmark_tail_merge"], &["sources/cloudwatch/", "config/cloudwatch.rs"]),
    (&["logmark_store"], &["sources/local.rs", "sources/local/", "service.rs", "service/opened.rs", "cli/"]),
    (&["logmark_engine"], &["domain/query/tests.rs", "sources/local/queries/"]),
    (&["logmark_log_import"], &["cli/"]),
    (&["jsonwebtoken"], &["auth/keys/"]),
    (&["hyper_util::client"], &["outbound.rs", "lambda/runtime.rs", "cli/client/"]),
    (&["hyper_rustls"], &["outbound.rs", "cli/client/"]),
    (&["redis"], &["limits/shared/"]),
    (&["lambda_http"], &["lambda/"]),
    (&["clap", "clap_complete", "indicatif", "terminal_size", "unicode_width"], &["cli/", "main.rs"]),
    (&["toml"], &["config/"]),
    (&["maxminddb"], &["reports/enrich/countries.rs"]),
    (&["logmark_user_agents"], &["reports/"]),
    (
        &["logmark_filter_pattern"],
        &["domain/filter.rs", "domain/tenant_filter.rs", "config/rules.rs", "sources/cloudwatch/group_filter.rs"],
    ),
    (
        &["logmark_event_page"],
        &[
            "domain/event.rs",
            "sources/",
            "aws_protocol/logs/",
            "http/encode/",
            "http/validator.rs",
            "http/ops/events/",
            "http/ops/tail/",
            "cli/client/",
        ],
    ),
    (&["logmark_insights"], &["domain/query/", "reports/condition.rs", "reports/filters.rs", "sources/local/queries/tests.rs"]),
    (&["logmark_access_log"], &["config/", "http/ops/reports/", "reports/"]),
    (
        &["logmark_diagnostics"],
        &[
            "config/spelling.rs",
            "config/rules.rs",
            "domain/filter.rs",
            "domain/tenant_filter.rs",
            "domain/query/",
            "reports/condition.rs",
            "sources/error.rs",
            "aws_protocol/logs/",
            "http/",
        ],
    ),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file under `src`: its path relative to `src`, and its text.
fn files() -> Vec<(String, String)> {
    let files = files_in(&source());
    assert!(files.len() > 100, "{}", files.len());
    files
}

/// The folder of each library.
fn crates() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let crates: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(crates.len() >= 4, "{crates:?}");
    crates
}

/// Every source file in the folder: its relative path, and its text.
fn files_in(root: &Path) -> Vec<(String, String)> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Whether the line of code names the crate or the path. Comments and longer words do not count.
fn names(line: &str, path: &str) -> bool {
    let code = line.split("//").next().unwrap_or("");
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(path).any(|(index, _)| {
        let (before, after) = (&code[..index], &code[index + path.len()..]);
        let is_whole = !before.ends_with(word) && !before.ends_with('"') && !after.starts_with(word);
        let is_path = after.starts_with("::") || after.trim_start().starts_with([';', '{']) || before.trim_end().ends_with("use");
        is_whole && is_path && !before.ends_with("::") && !before.ends_with('.')
    })
}

#[test]
fn every_library_stays_in_its_room() {
    let mut strays = Vec::new();
    for (file, text) in files() {
        for (libraries, rooms) in ROOMS {
            if rooms.iter().any(|room| file.starts_with(room)) {
                continue;
            }
            for (index, line) in text.lines().enumerate() {
                if let Some(library) = libraries.iter().find(|library| names(line, library)) {
                    strays.push(format!("{file}:{}: {library} belongs in {rooms:?}: {}", index + 1, line.trim()));
                }
            }
        }
    }
    assert!(strays.is_empty(), "{}", strays.join("\n"));
}

/// Checks that the rule above finds something.
#[test]
fn every_library_is_found_in_its_room() {
    let files = files();
    for (libraries, rooms) in ROOMS {
        for library in libraries {
            let is_used = files.iter().any(|(file, text)| {
                rooms.iter().any(|room| file.starts_with(room)) && text.lines().any(|line| names(line, library))
            });
            assert!(is_used, "{library} is not used in {rooms:?}: remove it from the list");
        }
    }
}

#[test]
fn a_name_counts_in_code_alone() {
    for (line, path, expected) in [
        ("use axum::Router;", "axum", true),
        ("use axum;", "axum", true),
        ("    let x = axum::Json(y);", "axum", true),
        ("pub use ::axum::Json;", "axum", false),
        ("/// as axum::Json does", "axum", false),
        ("let a = 1; // axum::Json", "axum", false),
        ("use maxum::x;", "axum", false),
        ("use axum_extra::x;", "axum", false),
        ("use crate::axum::x;", "axum", false),
        ("\"axum::x\"", "axum", false),
        ("use hyper_util::client::legacy;", "hyper_util::client", true),
    ] {
        assert_eq!(names(line, path), expected, "{line}");
    }
    // Closes the only way around the rule.
    let around: Vec<_> =
        files().into_iter().filter(|(_, text)| text.contains("use ::") || text.contains("extern crate")).collect();
    assert!(around.is_empty(), "{:?}", around.iter().map(|(file, _)| file).collect::<Vec<_>>());
}

/// Only the extractor of the HTTP API, the calls of the CloudWatch Logs protocol, and the audit log for its own lines may request a
/// permit. Only the policy may create one.
#[test]
fn permits_are_asked_for_and_made_in_one_place() {
    let ways_in = ["aws_protocol/endpoint.rs", "http/authorized.rs", "service/audit_log.rs"];
    // Claims without a signature are for `logmark policy test` alone.
    let unsigned = ["auth/token/unsigned.rs", "cli/policy.rs"];
    for (word, places) in
        [("Permit::grant(", ["auth/policy.rs"].as_slice()), ("policy::authorize(", &ways_in), ("read_unsigned(", &unsigned)]
    {
        let is_test = |file: &str| file.contains("/tests");
        let found: Vec<_> =
            files().into_iter().filter(|(file, text)| !is_test(file) && text.contains(word)).map(|(file, _)| file).collect();
        assert_eq!(found, places, "{word}");
    }
}

#[test]
fn no_file_is_too_long_and_each_says_what_it_owns() {
    let mut faults = Vec::new();
    let libraries = crates().into_iter().flat_map(|library| {
        let name = library.file_name().unwrap().to_string_lossy().into_owned();
        files_in(&library.join("src")).into_iter().map(move |(file, text)| (format!("{name}/{file}"), text))
    });
    for (file, text) in files().into_iter().chain(libraries) {
        if !text.starts_with("//! ") {
            faults.push(format!("{file} does not begin with `//!`"));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!("{file} has {lines} lines"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The language and store crates are independent: they know neither the service nor its libraries.
#[test]
fn libraries_know_nothing_of_http_tenants_or_aws() {
    for library in crates() {
        let manifest: toml::Table = std::fs::read_to_string(library.join("Cargo.toml")).unwrap().parse().unwrap();
        let depends: Vec<&String> = manifest["dependencies"].as_table().unwrap().keys().collect();
        assert!(!depends.is_empty());
        let of_service = |name: &&&String| {
            ["axum", "http", "hyper", "tower", "rustls", "jsonwebtoken", "logmark", "logmark-store"].contains(&name.as_str())
                || name.starts_with("aws-")
        };
        assert_eq!(depends.iter().find(of_service), None, "{}", library.display());
    }
}
