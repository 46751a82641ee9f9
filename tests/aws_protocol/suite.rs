//! AWS's own signature test suite, if it is available beside the project: each case in both forms.

use std::path::{Path, PathBuf};

use logmark::aws_protocol::sigv4::canonical::{Style, canonical_request};
use logmark::aws_protocol::sigv4::signature::{SignatureFields, decoded_query};
use logmark::aws_protocol::sigv4::{Head, check_scope, is_signed_with, sha256, string_to_sign};
use logmark::domain::time::Millis;
use serde_json::Value;

/// A signed request of the suite. Header lines may be folded there.
struct Signed {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Signed {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let head = head.replace("\n ", " ");
        let mut lines = head.lines();
        let line = lines.next().unwrap().strip_suffix(" HTTP/1.1").unwrap();
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        // Without a body the file ends in an empty line.
        let body = if body.trim_end().is_empty() { String::new() } else { body.trim_end_matches('\n').to_owned() };
        Self { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), headers: headers.collect(), body }
    }

    fn head(&self) -> Head<'_> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        Head { method: &self.method, path: &self.path, query: &self.query, headers }
    }
}

fn suite() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/aws-sig-v4-suite/v4");
    let found = Some(folder).filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: AWS's suite of signatures is not beside the project");
    }
    found
}

#[test]
fn every_case_is_verified_in_both_forms() {
    let Some(folder) = suite() else { return };
    let mut cases = 0;
    for case in std::fs::read_dir(folder).unwrap() {
        let case = case.unwrap().path();
        let read = |name: &str| std::fs::read_to_string(case.join(name)).unwrap();
        let context: Value = serde_json::from_str(&read("context.json")).unwrap();
        let omits_token = context["omit_session_token"] == true;
        let style =
            Style { normalizes: context["normalize"] == true, unsigned_parameter: omits_token.then_some("X-Amz-Security-Token") };
        let secret = context["credentials"]["secret_access_key"].as_str().unwrap();
        let now: jiff::Timestamp = context["timestamp"].as_str().unwrap().parse().unwrap();
        for form in ["header", "query"] {
            let name = format!("{}, {form}", case.display());
            let signed = Signed::read(&read(&format!("{form}-signed-request.txt")));
            let (head, decoded) = (signed.head(), decoded_query(&signed.query));
            let signature = SignatureFields::read(&head, &decoded).unwrap_or_else(|error| panic!("{name}: {error}"));
            check_scope(&signature, &["service"], Millis(now.as_millisecond())).unwrap_or_else(|error| panic!("{name}: {error}"));
            let canonical = canonical_request(&head, &signature, &sha256(signed.body.as_bytes()), style).unwrap();
            assert_eq!(canonical, read(&format!("{form}-canonical-request.txt")).trim_end(), "{name}");
            assert_eq!(string_to_sign(&signature, &canonical), read(&format!("{form}-string-to-sign.txt")).trim_end(), "{name}");
            assert!(is_signed_with(&signature, &canonical, secret), "{name}");
            assert!(!is_signed_with(&signature, &canonical, "another secret"), "{name}");
            cases += 1;
        }
    }
    assert_eq!(cases, 76, "38 cases in two forms");
}
