//! The values of valid configurations, and the errors of invalid ones: tables of snippets with the whole text of their errors.
//!
//! Owns the helpers: a small valid configuration, in which a snippet replaces lines. Look next at [`example`], which reads the
//! documentation's own example, and at `bad_*`, one table for each section.

#[cfg(feature = "local")]
mod example;
mod bad_server;
mod bad_issuers;
mod issuers;
mod claims;
mod bad_sources;
mod cloudwatch;
mod reports;
mod bad_limits;
mod log_formats;
mod bad_tenants;
mod rules;
mod lambda;
mod environment;
mod deserializer;
mod secrets;

use std::collections::BTreeMap;
use std::path::Path;

use super::error::ConfigErrors;
use super::{Config, parse};

const ISSUER: &str = "[[auth.issuers]]";
const SOURCE: &str = "[[sources]]";

/// The lines that a valid section needs.
fn needed(header: &str) -> &'static [&'static str] {
    match header {
        ISSUER => &[
            r#"issuer = "https://id.example.com""#,
            r#"audiences = ["logmark"]"#,
            r#"algorithms = ["RS256"]"#,
            r#"keys = "discover""#,
        ],
        SOURCE => &[r#"name = "eu""#, r#"kind = "cloudwatch""#, r#"region = "eu-central-1""#],
        "[[tenants.acme.grants]]" | "[tenant_template]" => &[r#"groups = ["/acme/*"]"#, r#"actions = ["read"]"#],
        _ => &[],
    }
}

/// A section: its header, the snippet's lines, and the needed lines whose keys the snippet lacks. A line `-key` in the snippet
/// removes the needed line of that key.
fn section(header: &str, snippet: &str) -> String {
    let key = |line: &str| line.trim_start_matches('-').split(['=', ' ', '.']).next().unwrap_or("").to_owned();
    let replaced: Vec<String> = snippet.lines().map(key).collect();
    let written = snippet.lines().filter(|line| !line.starts_with('-'));
    let kept = needed(header).iter().copied().filter(|line| !replaced.contains(&key(line)));
    [header].into_iter().chain(written).chain(kept).map(|line| format!("{line}\n")).collect()
}

/// A document that begins with the section and is otherwise valid.
fn document(header: &str, snippet: &str) -> String {
    let mut document = if header.is_empty() { snippet.to_owned() + "\n" } else { section(header, snippet) };
    for (header, word) in [(ISSUER, "issuers"), (SOURCE, "sources")] {
        if !document.contains(word) {
            document += &section(header, "");
        }
    }
    document
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn parsed(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    parse(Some((Path::new("logmark.toml"), text)), &variables(environment))
}

/// The errors, one per line; empty without errors.
fn lines(result: Result<Config, ConfigErrors>) -> String {
    result.err().map(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")).unwrap_or_default()
}

/// Asserts that every snippet, put into its section, has exactly these errors.
#[track_caller]
fn refused(header: &str, cases: &[(&str, &str)]) {
    for (snippet, expected) in cases {
        let found = lines(parsed(&document(header, snippet), &[]));
        assert!(!found.is_empty(), "{snippet} is accepted");
        assert_eq!(found, *expected, "{header} {snippet}");
    }
}

/// Asserts that every snippet, put into its section, is accepted with exactly these warnings, apart from warnings of the small
/// configuration.
#[track_caller]
fn warned(header: &str, cases: &[(&str, &str)]) {
    for (snippet, expected) in cases {
        let found =
            parsed(&document(header, snippet), &[]).map(|config| config.warnings).unwrap_or_else(|errors| panic!("{errors}"));
        let usual = ["server.cursor_keys: is missing", "tenants: is missing, and so is"];
        let found: Vec<String> = found.into_iter().filter(|line| !usual.iter().any(|usual| line.contains(usual))).collect();
        assert_eq!(found.join("\n"), *expected, "{header} {snippet}");
    }
}
