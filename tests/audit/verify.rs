//! `logmark audit verify`, as an operator runs it.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::world::binary::{CommandOutput, run, run_with};
use crate::world::{Options, World};

/// A stopped world with rotated audit files: their names, oldest first.
async fn rotated() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let audit = "[audit]\nsink = \"file\"\npath = \"audit.jsonl\"\nmax_bytes = 2048\nfsync = \"never\"\n";
    let world = World::with(Options { folder: Some(folder), audit: Some(audit.to_owned()), ..Options::default() }).await;
    let acme = world.tenant("acme");
    for _ in 0..30 {
        // One after the other, so that each line is in a separate batch.
        let id = acme.get("/me").await.header("x-request-id");
        world.wait_for_audit(&id).await;
    }
    let folder = world.stop().await;
    let mut files: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("audit.jsonl."))
        .collect();
    files.sort();
    files.push("audit.jsonl".to_owned());
    assert!(files.len() >= 4, "{files:?}");
    (folder, files)
}

async fn verified(folder: &Path, options: &[&str], files: &[String]) -> CommandOutput {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    run(folder, &[&["audit", "verify"], options, files.as_slice()].concat()).await
}

#[tokio::test]
async fn rotated_and_compressed_files_are_proved_in_any_order() {
    let (folder, mut files) = rotated().await;
    let whole = verified(folder.path(), &["--json"], &files).await;
    assert_eq!(whole.code, 0, "{}{}", whole.out, whole.err);
    let first: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!((&first["intact"], first["chains"].as_array().unwrap().len()), (&Value::Bool(true), 1));
    assert_eq!(first["chains"][0]["firstSeq"], 0);
    assert_eq!(first["chains"][0]["endsWithStop"], true);

    // The first compressed with gzip, the second with zstd, all in the wrong order.
    let bytes = std::fs::read(folder.path().join(&files[0])).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&bytes).unwrap();
    std::fs::write(folder.path().join("first.gz"), packed.finish().unwrap()).unwrap();
    let bytes = std::fs::read(folder.path().join(&files[1])).unwrap();
    std::fs::write(folder.path().join("second.zst"), zstd::encode_all(bytes.as_slice(), 3).unwrap()).unwrap();
    "first.gz".clone_into(&mut files[0]);
    "second.zst".clone_into(&mut files[1]);
    files.reverse();
    let again = verified(folder.path(), &["--json"], &files).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert_eq!(again.out, whole.out);
}

#[tokio::test]
async fn a_falsified_trail_is_told_with_its_file_and_line() {
    let (folder, files) = rotated().await;
    let path = folder.path().join(&files[1]);
    let genuine = std::fs::read_to_string(&path).unwrap();
    let changed = genuine.replacen("\"tenant\":\"acme\"", "\"tenant\":\"evil\"", 1);
    assert_ne!(changed, genuine);
    std::fs::write(&path, changed).unwrap();
    let found = verified(folder.path(), &[], &files).await;
    assert_eq!(found.code, 1, "{}{}", found.out, found.err);
    assert!(found.err.contains(&format!("{}:2: this line was changed", files[1])), "{}", found.err);
    assert!(found.out.contains("The trail is NOT intact: 1 fault."), "{}", found.out);

    // A whole file in the middle is missing.
    std::fs::write(&path, genuine).unwrap();
    let without: Vec<String> = files.iter().filter(|name| **name != files[1]).cloned().collect();
    let found = verified(folder.path(), &[], &without).await;
    assert_eq!(found.code, 1);
    assert!(found.err.contains("were removed before this line"), "{}", found.err);
    // The oldest file is missing: the report says so, and it is not an error.
    let found = verified(folder.path(), &[], &files[1..]).await;
    assert_eq!(found.code, 0, "{}", found.err);
    assert!(found.out.contains("are not in these files"), "{}", found.out);
}

#[tokio::test]
async fn a_cut_end_is_found_with_the_head_that_an_earlier_run_printed() {
    let (folder, files) = rotated().await;
    let whole = verified(folder.path(), &[], &files).await;
    let head = whole.out.lines().find_map(|line| line.trim().strip_prefix("head ")).unwrap().to_owned();
    assert_eq!(verified(folder.path(), &["--head", &head], &files).await.code, 0);
    let path = folder.path().join("audit.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let cut = text.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
    std::fs::write(&path, cut).unwrap();
    let without = verified(folder.path(), &[], &files).await;
    assert_eq!(without.code, 0);
    assert!(without.out.contains("does not end with a stop line"), "{}", without.out);
    let with = verified(folder.path(), &["--head", &head], &files).await;
    assert_eq!(with.code, 1);
    assert!(with.err.contains("no line has the hash"), "{}", with.err);
}

#[tokio::test]
async fn lines_with_a_mac_are_proved_with_the_key_alone() {
    let key = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, b"audit-key-canary-of-32-bytes-!!!");
    let audit = "[audit]\nsink = \"file\"\npath = \"audit.jsonl\"\nkey = \"env:AUDIT_KEY\"\n";
    let environment = vec![("AUDIT_KEY", &*key.leak())];
    let (key, options) = (environment[0].1, Options { audit: Some(audit.to_owned()), environment, ..Options::default() });
    let world = World::with(options).await;
    let id = world.tenant("acme").get("/me").await.header("x-request-id");
    world.wait_for_audit(&id).await;
    let folder = world.stop().await;
    let verify = ["audit", "verify", "--key", "env:AUDIT_KEY", "audit.jsonl"];
    let proved = run_with(folder.path(), &verify, &[("AUDIT_KEY", key)]).await;
    assert_eq!(proved.code, 0, "{}{}", proved.out, proved.err);
    let other = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, b"another-key-canary-of-32-bytes-!");
    let refuted = run_with(folder.path(), &verify, &[("AUDIT_KEY", &other)]).await;
    assert_eq!(refuted.code, 1);
    assert!(refuted.err.contains("the `mac` is wrong"), "{}", refuted.err);
    let missing = run(folder.path(), &verify).await;
    assert_eq!((missing.code, missing.err.contains("the variable `AUDIT_KEY` is not set")), (2, true), "{}", missing.err);
}

#[tokio::test]
async fn what_cannot_be_verified_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter"), "").unwrap();
    for (arguments, expected) in [
        (vec!["audit", "verify"], "required arguments were not provided"),
        (vec!["audit", "verify", "nowhere"], "nowhere: No such file"),
        (vec!["audit", "verify", "letter"], "the files have no audit lines"),
        (vec!["audit", "verify", "--head", "abc", "letter"], "--head `abc` is not a hash: write 64 hexadecimal digits"),
        (vec!["audit", "verify", "--key", "secret", "letter"], "--key: is a secret in plain text"),
    ] {
        let ended = run(folder.path(), &arguments).await;
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(expected), "{arguments:?}: {}", ended.err);
    }
}
