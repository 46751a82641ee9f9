//! `logmark logs`.

use std::fmt::Write as _;

use super::environment::{Cutter, acme, command, token, url};
use crate::world::World;
use crate::world::binary::{Binary, logmark};

const START: i64 = 1_795_168_800_000;
const RANGE: [&str; 2] = ["--start", "2026-11-20T10:00:00Z"];

async fn with_events(count: usize) -> (World, Vec<String>) {
    let world = World::new().await;
    let messages: Vec<String> = (0..count).map(|number| format!("event {number:06}")).collect();
    let events: Vec<(i64, &str)> = messages.iter().zip(START..).map(|(message, time)| (time, message.as_str())).collect();
    world.put("/acme/api", "web-1", &events).await;
    (world, messages)
}

#[tokio::test]
async fn the_newest_events_are_shown_with_their_times() {
    let (world, _) = with_events(300).await;
    let said = acme(&world, &["logs", "/acme/api", "web-1", "--limit", "2"]).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(said.out, "2026-11-20T10:00:00.298Z event 000298\n2026-11-20T10:00:00.299Z event 000299\n");
    let group = acme(&world, &["logs", ":acme:api", "--limit", "1"]).await;
    assert_eq!(group.out, "2026-11-20T10:00:00.299Z web-1 event 000299\n");
    let newest = acme(&world, &["logs", "/acme/api"]).await;
    assert_eq!(newest.out.lines().count(), 100);
}

#[tokio::test]
async fn all_events_of_a_range_are_read_in_parts() {
    let (world, messages) = with_events(25_000).await;
    let said = acme(&world, &[&["logs", "/acme/api", "web-1", "--columns", "message"], &RANGE[..]].concat()).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.lines().eq(&messages), "{} lines", said.out.lines().count());
    let limited = acme(&world, &[&["logs", "/acme/api", "--limit", "12000", "--columns", "message"], &RANGE[..]].concat()).await;
    assert!(limited.out.lines().eq(&messages[..12_000]), "{} lines", limited.out.lines().count());
}

#[tokio::test]
async fn a_cut_connection_loses_no_event_and_repeats_none() {
    let (world, messages) = with_events(25_000).await;
    // Cut in the head, then within the first part of 10,000 events, which is a quarter of a megabyte.
    let cutter = Cutter::before(world.address, &[50, 5_000, 100_000, 150_000, 200_000]).await;
    let arguments = [&["logs", "/acme/api", "--columns", "message"], &RANGE[..]].concat();
    let said = command(&url(cutter.address), &token(&world), &arguments).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), messages.len());
    assert!(lines.iter().eq(messages.iter()));
    assert_eq!(cutter.connections(), 6, "each cut happened");
}

#[tokio::test]
async fn csv_and_ndjson_are_complete_and_neutral() {
    let world = World::new().await;
    let message = "=cmd|' /C calc'!A0 \u{1b}[2J \u{9b}31m \u{202e} tab\tend";
    world.put("/acme/api", "web-1", &[(START, message), (START + 1, r#"{"status":404,"path":"/a,b"}"#)]).await;
    let read = async |more: &[&str]| acme(&world, &[&["logs", "/acme/api"], &RANGE[..], more].concat()).await;
    let csv = read(&["--format", "csv"]).await;
    let lines: Vec<&str> = csv.out.split("\r\n").collect();
    assert_eq!(lines[0], "timestamp,ingestionTime,logStream,eventId,message");
    assert!(lines[1].contains(r",'=cmd|' /C calc'!A0 \x1b[2J \x9b31m \u202e tab"), "{}", lines[1]);
    assert!(lines[2].ends_with(r#","{""status"":404,""path"":""/a,b""}""#), "{}", lines[2]);
    let ndjson = read(&["--format", "ndjson"]).await;
    let events: Vec<serde_json::Value> = ndjson.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["message"], message);
    let text = read(&[]).await;
    for output in [&csv.out, &ndjson.out, &text.out] {
        assert!(!output.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{output}");
    }
    assert!(read(&["--raw"]).await.out.contains(message));
    let columns = read(&["--columns", "timestamp,$.status,$.path"]).await;
    assert_eq!(columns.out, "2026-11-20T10:00:00.000Z\t\t\n2026-11-20T10:00:00.001Z\t404\t/a,b\n");
    let csv = read(&["--columns", "$.status,$.path", "--format", "csv"]).await;
    assert_eq!(csv.out, "$.status,$.path\r\n,\r\n404,\"/a,b\"\r\n");
}

#[tokio::test]
async fn colours_show_the_level_only_if_they_are_wanted() {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(START, "ERROR a"), (START + 1, r#"{"level":"warn"}"#), (START + 2, "plain")]).await;
    let arguments = [&["logs", "/acme/api", "web-1"], &RANGE[..]].concat();
    let plain = acme(&world, &arguments).await;
    assert!(!plain.out.contains('\u{1b}'), "{}", plain.out);
    let colored = acme(&world, &[&arguments[..], &["--color", "always"]].concat()).await;
    let messages: Vec<&str> = colored.out.lines().map(|line| line.split_once("\u{1b}[0m ").unwrap().1).collect();
    assert_eq!(messages, ["\u{1b}[31mERROR a\u{1b}[0m", "\u{1b}[33m{\"level\":\"warn\"}\u{1b}[0m", "plain"]);
}

#[tokio::test]
async fn a_reader_that_closes_the_pipe_ends_it_without_a_word() {
    let (world, _) = with_events(25_000).await;
    let folder = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_logmark");
    let line = format!("'{binary}' logs /acme/api --start 2026-11-20T10:00:00Z; echo $? > code");
    let mut shell = tokio::process::Command::new("bash");
    shell.args(["-c", &format!("({line}) | head -n 1")]).current_dir(folder.path()).env("NO_PROXY", "*");
    shell.env("LOGMARK_URL", url(world.address)).env("LOGMARK_TOKEN", token(&world)).kill_on_drop(true);
    let output = shell.output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert_eq!(std::fs::read_to_string(folder.path().join("code")).unwrap().trim(), "141");
}

#[tokio::test]
async fn ctrl_c_ends_it_even_while_the_reader_of_the_pipe_waits() {
    let (world, _) = with_events(25_000).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = logmark(folder.path());
    command.args(["logs", "/acme/api"]).args(RANGE).env("NO_PROXY", "*");
    command.env("LOGMARK_URL", url(world.address)).env("LOGMARK_TOKEN", token(&world));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    // Reads the first bytes and then stops: the pipe is soon full.
    tokio::io::AsyncReadExt::read(&mut out, &mut [0; 16]).await.unwrap();
    let sent = tokio::process::Command::new("kill").args(["-s", "INT", &child.id().unwrap().to_string()]).status().await.unwrap();
    assert!(sent.success());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), child.wait()).await.expect("it ends").unwrap();
    assert_eq!(ended.code(), Some(130));
}

#[tokio::test]
async fn the_output_before_a_failure_is_kept_and_the_failure_is_told() {
    let (world, _) = with_events(11_000).await;
    // All connections after the first one are refused at once.
    let cutter = Cutter::before(world.address, &[300_000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await;
    let arguments = [&["logs", "/acme/api"], &RANGE[..]].concat();
    let said = command(&url(cutter.address), &token(&world), &arguments).await;
    assert_eq!(said.code, 6, "{}", said.err);
    let lines = said.out.lines().count();
    assert!(lines > 100 && lines < 11_000, "{lines}");
    let mut expected = String::new();
    write!(expected, "the output ends after {lines} events").unwrap();
    assert!(said.err.contains(&expected), "{}", said.err);
}

#[tokio::test]
async fn a_token_file_and_a_url_with_a_path_work() {
    let (world, _) = with_events(3).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), token(&world) + "\n").unwrap();
    let mut command = logmark(folder.path());
    command.args(["logs", "/acme/api", "--limit", "1", "--token-file", "token", "--url", &format!("{}/", url(world.address))]);
    let mut process = Binary::start(command);
    process.wait_for_output("event 000002").await;
    assert_eq!(process.ended().await.code(), Some(0));
}
