//! The audit lines of a world.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::World;

/// Longer than any line takes to be written on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

impl World {
    /// All audit lines so far.
    pub fn audit_text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap_or_default()
    }

    /// Waits until a line of the request is written, to the file or to a rotated file.
    pub async fn wait_for_audit(&self, request_id: &str) {
        let begun = Instant::now();
        loop {
            let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
            let is_audit = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("audit.jsonl");
            let has_line = |path| std::fs::read_to_string(path).unwrap_or_default().contains(request_id);
            if files.filter(is_audit).any(has_line) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no line of {request_id}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for `lines` audit lines of the request and returns them. A line is written after its answer has been sent.
    pub async fn audit_of(&self, request_id: &str, lines: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let text = self.audit_text();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let parsed = whole.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let found: Vec<Value> = parsed.filter(|line| line["requestId"] == request_id).collect();
            if found.len() >= lines {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{} lines of {request_id} instead of {lines}:\n{text}", found.len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
