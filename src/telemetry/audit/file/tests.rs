//! Files across restarts, rotations and damage: the chain continues through all of them.

use super::*;
use crate::telemetry::audit::verify::{Options, Place, Verdict, Verifier, position};
use crate::telemetry::audit::{AuditLog, Destination};

const LONG: Duration = Duration::from_secs(60);

fn settings(folder: &Path) -> FileSettings {
    FileSettings { path: folder.join("audit.jsonl"), max_bytes: 1 << 20, max_age: None, keep: None, fsync: Fsync::Batch }
}

fn started(settings: &FileSettings) -> AuditLog {
    AuditLog::start(Destination::File(settings.clone()), None, false).unwrap()
}

fn push(log: &AuditLog, rows: u64) {
    let mut record = Record::of(Event::Read);
    record.number("rows", rows);
    log.push(&record);
    assert!(log.flush(LONG));
}

/// Verifies the files, in the order of their first lines.
fn proved(folder: &Path) -> Verdict {
    let mut files: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let first = text.split(|byte| *byte == b'\n').next().unwrap().to_vec();
        files.push((position(&first).unwrap().1, path));
    }
    files.sort();
    let mut verifier = Verifier::new(Options::default());
    for (file_index, (_, path)) in files.iter().enumerate() {
        let text = std::fs::read_to_string(path).unwrap();
        for (line, text) in text.lines().enumerate() {
            let file = path.display().to_string().into();
            verifier.line(&Place { file_index, file, line: line as u64 + 1 }, text.as_bytes());
        }
    }
    verifier.finish()
}

#[test]
fn a_restart_continues_the_chain_and_the_file_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    std::fs::write(&settings.path, "").unwrap();
    for rows in 0..3 {
        let log = started(&settings);
        push(&log, rows);
        log.close(LONG);
    }
    let verdict = proved(folder.path());
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    let [chain] = verdict.chains.as_slice() else { panic!("{:?}", verdict.chains) };
    assert_eq!((chain.lines, chain.unclean_ends, chain.first_seq), (9, 0, 0));
    assert_eq!(files::mode(&std::fs::metadata(&settings.path).unwrap()), Some(0o600));
}

#[test]
fn a_full_file_is_rotated_and_old_ones_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let settings = FileSettings { max_bytes: 1024, keep: Some(3), ..settings(folder.path()) };
    let log = started(&settings);
    (0..60).for_each(|rows| push(&log, rows));
    log.close(LONG);
    let rotated = rotated(&settings.path).unwrap();
    assert_eq!(rotated.len(), 3);
    let verdict = proved(folder.path());
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    assert!(verdict.chains[0].first_seq > 0, "the oldest files are gone");
    let first = std::fs::read_to_string(&settings.path).unwrap();
    let first: serde_json::Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["event"], "rotate");
    assert_eq!(first["previousFile"], file_name(&rotated[2]));
    for path in &rotated {
        assert_eq!(files::mode(&std::fs::metadata(path).unwrap()), Some(0o600));
    }
}

#[test]
fn an_old_file_is_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let settings = FileSettings { max_age: Some(Duration::ZERO), ..settings(folder.path()) };
    let log = started(&settings);
    (0..3).for_each(|rows| push(&log, rows));
    log.close(LONG);
    assert!(rotated(&settings.path).unwrap().len() >= 3);
    assert!(proved(folder.path()).is_intact());
}

#[test]
fn a_file_that_another_program_moves_removes_or_empties_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let log = started(&settings);
    push(&log, 1);
    std::fs::rename(&settings.path, folder.path().join("moved")).unwrap();
    push(&log, 2);
    assert!(std::fs::read_to_string(&settings.path).unwrap().contains("\"rows\":2"));
    // Copied and emptied, as `copytruncate` does.
    std::fs::copy(&settings.path, folder.path().join("copied")).unwrap();
    File::options().write(true).truncate(true).open(&settings.path).unwrap();
    push(&log, 3);
    log.close(LONG);
    let verdict = proved(folder.path());
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    assert_eq!(verdict.chains.len(), 1);
    assert!(verdict.chains[0].ends_with_stop);
}

#[test]
fn lines_after_a_removed_file_are_written_and_the_loss_shows() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let log = started(&settings);
    push(&log, 1);
    std::fs::remove_file(&settings.path).unwrap();
    push(&log, 2);
    log.close(LONG);
    let verdict = proved(folder.path());
    assert!(verdict.is_intact());
    assert_eq!(verdict.chains[0].first_seq, 2, "the first two lines are gone, and the chain says so");
}

#[test]
fn a_torn_line_stays_and_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let log = started(&settings);
    push(&log, 1);
    drop(log.clone());
    log.close(LONG);
    let torn = "{\"version\":1,\"chain\":\"00";
    let mut file = File::options().append(true).open(&settings.path).unwrap();
    file.write_all(torn.as_bytes()).unwrap();
    drop(file);
    let log = started(&settings);
    push(&log, 2);
    log.close(LONG);
    let verdict = proved(folder.path());
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    assert_eq!(verdict.chains[0].torn_lines, 1);
    assert!(std::fs::read_to_string(&settings.path).unwrap().contains(&format!("{torn}\n")), "the evidence stays");
}

#[test]
fn a_process_that_ended_between_renaming_and_creating_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let log = started(&settings);
    push(&log, 1);
    log.close(LONG);
    std::fs::rename(&settings.path, rotated_name(&settings.path)).unwrap();
    let log = started(&settings);
    push(&log, 2);
    log.close(LONG);
    let verdict = proved(folder.path());
    assert!(verdict.is_intact(), "{:?}", verdict.faults);
    assert_eq!(verdict.chains.len(), 1);
}

#[test]
fn files_that_cannot_be_used_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let refused =
        |settings: &FileSettings| AuditLog::start(Destination::File(settings.clone()), None, false).unwrap_err().to_string();
    let usual = settings(folder.path());
    std::fs::write(&usual.path, "a letter\n").unwrap();
    assert_eq!(refused(&usual), "the file does not end with an audit line: move it away");
    std::fs::remove_file(&usual.path).unwrap();
    let log = started(&usual);
    assert!(refused(&usual).contains("another process writes to it"), "{}", refused(&usual));
    log.close(LONG);
    drop(log);
    let directory = FileSettings { path: folder.path().to_owned(), ..usual };
    assert!(!refused(&directory).is_empty());
    #[cfg(unix)]
    assert_eq!(refused(&FileSettings { path: "/dev/null".into(), ..directory }), "it is not a regular file");
}
