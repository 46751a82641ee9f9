//! The documentation: the configuration reference has every key; links and paths refer to existing files and headings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// An unknown key.
const UNKNOWN: &str = "qqqqqq";

/// Every table of a configuration, each with the unknown key.
const TABLES: &str = "qqqqqq = 1
[server]
qqqqqq = 1
[server.tls]
qqqqqq = 1
[server.limits]
qqqqqq = 1
[telemetry]
qqqqqq = 1
[audit]
qqqqqq = 1
[lambda]
qqqqqq = 1
[demo]
qqqqqq = 1
[[auth.issuers]]
qqqqqq = 1
[[sources]]
kind = \"cloudwatch\"
qqqqqq = 1
quotas = { qqqqqq = 1 }
cache = { qqqqqq = 1 }
queries = { qqqqqq = 1 }
tail = { qqqqqq = 1 }
[[sources]]
kind = \"local\"
qqqqqq = 1
[reports]
qqqqqq = 1
[reports.api_gateway]
qqqqqq = 1
[reports.prices]
qqqqqq = 1
tiers = [{ qqqqqq = 1 }]
plans = { Gold = { qqqqqq = 1 } }
[[log_formats]]
qqqqqq = 1
[tenants.acme]
qqqqqq = 1
limits = { qqqqqq = 1 }
[[tenants.acme.grants]]
qqqqqq = 1
[tenant_template]
qqqqqq = 1
limits = { qqqqqq = 1 }
";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The texts between backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn the_configuration_reference_has_every_key() {
    let parsed = logmark::config::parse(Some((Path::new("logmark.toml"), TABLES)), &BTreeMap::new());
    let errors = parsed.unwrap_err().to_string();
    // The error of an unknown key lists the keys of its table.
    let lists: Vec<&str> = errors.lines().filter(|line| line.contains(UNKNOWN)).collect();
    assert_eq!(lists.len(), TABLES.matches(UNKNOWN).count(), "{errors}");
    let keys: BTreeSet<&str> = lists.iter().flat_map(|line| code_spans(line)).filter(|key| *key != UNKNOWN).collect();
    assert!(keys.len() > 60, "{keys:?}");
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    // Outside code blocks, whose fences are backticks too.
    let prose: String = page.split("```").step_by(2).collect();
    let documented: BTreeSet<&str> = code_spans(&prose).flat_map(words).collect();
    let missing: Vec<_> = keys.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/configuration.md does not describe {missing:?}");
}

/// Every documentation page of the repository: its path from the root, and its text.
fn pages() -> BTreeMap<PathBuf, String> {
    let read = |path: PathBuf| (path.strip_prefix(root()).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap());
    let mut folders: Vec<PathBuf> = ["docs", "infra", "sdk"].map(|folder| root().join(folder)).into();
    let mut pages = BTreeMap::from([read(root().join("README.md"))]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            // Installed and generated files are skipped.
            let is_ours = !["node_modules", "generated", "build", "target", "dist"].contains(&name.as_str());
            match entry.file_type().unwrap() {
                kind if kind.is_dir() && is_ours && !name.starts_with('.') => folders.push(path),
                kind if kind.is_file() && name.ends_with(".md") => pages.extend([read(path)]),
                _ => {}
            }
        }
    }
    assert!(pages.len() > 20, "{:?}", pages.keys());
    pages
}

/// The text outside code blocks.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The anchors of a page's headings on GitHub.
fn anchors(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let kept = heading.trim().to_lowercase();
        let kept: String = kept.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).collect();
        kept.replace(' ', "-")
    };
    prose(text).lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn links_lead_to_files_and_headings() {
    let pages = pages();
    let mut broken = Vec::new();
    for (page, text) in &pages {
        let text = prose(text);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://") && !target.contains(' ')) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { page.clone() } else { plain(&page.parent().unwrap().join(path)) };
            let has_anchor = || pages.get(&file).is_none_or(|text| anchors(text).contains(anchor));
            if !root().join(&file).exists() || (!anchor.is_empty() && !has_anchor()) {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn paths_in_docs_exist() {
    const FOLDERS: [&str; 6] = ["src/", "tests/", "crates/", "infra/", "openapi/", "sdk/samples/"];
    let mut missing = Vec::new();
    for (page, text) in pages().into_iter().filter(|(page, _)| page.starts_with("docs")) {
        let text = prose(&text);
        let paths = code_spans(&text).filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)));
        // A pattern, a placeholder or a sentence is not a path.
        for path in paths.filter(|path| !path.contains(['*', '<', '{', ' ', ':'])) {
            if !root().join(path).exists() {
                missing.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "paths that do not exist:\n{}", missing.join("\n"));
}

/// The functions with `#[test]` or `#[tokio::test]` of a file.
fn tests_of(text: &str) -> BTreeSet<&str> {
    let after_attribute = text.split("test]\n").chain(text.split("test(")).skip(1);
    after_attribute.filter_map(|rest| rest.split_once("fn ")?.1.split_once('(')).map(|(name, _)| name).collect()
}

/// docs/security.md names the test of each answer to a threat: `folder::file::name`.
#[test]
fn the_tests_that_the_security_page_names_exist() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let named: Vec<&str> = code_spans(&page).filter(|span| span.matches("::").count() >= 2 && !span.contains('…')).collect();
    assert!(named.len() > 50, "{named:?}");
    let exists = |path: &&&str| {
        let (module, name) = path.rsplit_once("::").unwrap();
        let file = root().join("tests").join(module.replace("::", "/")).with_extension("rs");
        std::fs::read_to_string(file).is_ok_and(|text| tests_of(&text).contains(name))
    };
    let missing: Vec<_> = named.iter().filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that do not exist: {missing:#?}");
}
