//! `logmark query`.

use insta::assert_snapshot;

use super::environment::{acme, token, url};
use crate::contract::subject::{self, KEEPS_NOTHING, KEYS, cloudwatch, now};
use crate::world::binary::{Binary, logmark, run_with};
use crate::world::fake_cloudwatch::Fake;
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::{TENANTS, World};

const RANGE: [&str; 4] = ["--start", "2026-11-20T10:00:00Z", "--end", "2026-11-20T11:00:00Z"];

async fn world() -> World {
    let world = World::new().await;
    let events: Vec<(i64, &str)> = (0..6)
        .map(|number| {
            (
                1_795_168_800_000 + number,
                [r#"{"status":200,"path":"=a,b"}"#, r#"{"status":404,"path":"\u001b[2J"}"#][(number % 2) as usize],
            )
        })
        .collect();
    world.put("/acme/api", "web-1", &events).await;
    world
}

async fn query(world: &World, text: &str, more: &[&str]) -> crate::world::binary::CommandOutput {
    acme(world, &[&["query", text, "--group", "/acme/api"], &RANGE[..], more].concat()).await
}

#[tokio::test]
async fn rows_are_a_table_csv_json_or_ndjson() {
    let world = world().await;
    let text = "stats count(*) as n by status, path | sort status";
    let table = query(&world, text, &[]).await;
    assert_eq!((table.code, table.err.as_str()), (0, ""));
    assert_snapshot!(table.out, @r"
    status  path     n
       200  =a,b     3
       404  \x1b[2J  3
    ");
    assert_eq!(query(&world, text, &["--format", "csv"]).await.out, "status,path,n\r\n200,\"'=a,b\",3\r\n404,\\x1b[2J,3\r\n");
    let ndjson = query(&world, text, &["--format", "ndjson"]).await.out;
    assert_eq!(ndjson.lines().next().unwrap(), r#"{"status":"200","path":"=a,b","n":"3"}"#);
    let json: serde_json::Value = serde_json::from_str(&query(&world, text, &["--format", "json"]).await.out).unwrap();
    assert_eq!(json[1]["path"], "\u{1b}[2J");
    let nothing = query(&world, "filter status = 500", &[]).await;
    assert_eq!((nothing.code, nothing.out.as_str(), nothing.err.as_str()), (0, "", "no rows\n"));
    let pointers = query(&world, "fields @timestamp | limit 1", &[]).await;
    assert!(!pointers.out.contains("@ptr") && pointers.out.contains("2026-11-20"), "{}", pointers.out);
}

#[tokio::test]
async fn more_rows_than_a_page_are_read() {
    let world = World::new().await;
    let messages: Vec<String> = (0..12_000).map(|number| format!("m{number}")).collect();
    let events: Vec<(i64, &str)> =
        messages.iter().zip(1_795_168_800_000..).map(|(message, time)| (time, message.as_str())).collect();
    world.put("/acme/api", "web-1", &events).await;
    let said = query(&world, "fields @message | sort @timestamp | limit 12000", &["--format", "csv"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.out.lines().count(), 12_001);
}

#[tokio::test]
async fn faults_of_a_query_have_their_position() {
    let world = world().await;
    let said = query(&world, "stats cuont(*) by status", &[]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("/query, line 1, column 7: ") && said.err.contains("invalid_query (400)"), "{}", said.err);
    let forbidden = query(&world, "SOURCE '/globex/api' | limit 1", &[]).await;
    assert_eq!(forbidden.code, 2, "{}", forbidden.err);
    let foreign = acme(&world, &["query", "limit 1", "--group", "/globex/api"]).await;
    assert_eq!(foreign.code, 4, "{}", foreign.err);
}

#[tokio::test]
async fn an_interrupted_query_is_stopped_on_the_service() {
    // A query without an end, on the fake CloudWatch.
    let fake = Fake::start(now()).await;
    {
        let mut state = fake.state();
        state.logs.add_stream("/acme/endless", "web-1");
        state.queries.scripts.insert("/acme/endless".to_owned(), Script { looks: usize::MAX, ..Script::default() });
    }
    let service = subject::Binary::with(&(cloudwatch(&fake.endpoint(), KEEPS_NOTHING) + TENANTS), "", &KEYS).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = logmark(folder.path());
    command.args(["query", "limit 1", "--group", "/acme/endless", "--start", "-1h"]).env("NO_PROXY", "*");
    command.env("LOGMARK_URL", url(service.process().address)).env("LOGMARK_TOKEN", service.token());
    let mut running = Binary::start(command);
    // The log line of the request that started the query: the command knows its id and polls it.
    while !service.log().contains("startQuery") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(fake.state().queries.running(), 1);
    running.signal("INT").await;
    assert_eq!(running.ended().await.code(), Some(130));
    assert_eq!(fake.state().queries.running(), 0, "{}", service.log());
}

#[tokio::test]
async fn a_query_can_come_from_standard_input() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("query"), "stats count(*) as n").unwrap();
    let binary = env!("CARGO_BIN_EXE_logmark");
    let line = format!("'{binary}' query - -g /acme/api --start 2026-11-20T10:00:00Z --format csv < query");
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder.path()).env("NO_PROXY", "*");
    shell.env("LOGMARK_URL", url(world.address)).env("LOGMARK_TOKEN", token(&world));
    let output = shell.output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "n\r\n6\r\n", "{}", String::from_utf8_lossy(&output.stderr));
    let missing = run_with(folder.path(), &["query", "limit 1"], &[]).await;
    assert!(missing.code == 2 && missing.err.contains("--group <GROUP>"), "{}", missing.err);
}
