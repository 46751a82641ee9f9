//! README's "Five minutes", followed literally: each of its lines is given to a shell, and does what is written beside it.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::world::demo::Demo;

/// Ends what a line writes; no line writes it by itself.
const END: &str = "\u{1e}";

/// The lines of the section, in order.
fn lines() -> Vec<&'static str> {
    let readme = include_str!("../../README.md");
    let section = readme.split("\n## Five minutes\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks = section.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let lines: Vec<_> = blocks.flat_map(str::lines).collect();
    assert!(lines.len() > 15, "{lines:?}");
    lines
}

/// A shell that goes on.
struct Shell {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    fn start(folder: &Path, demo: &Demo) -> Self {
        let mut command = Command::new("sh");
        command.current_dir(folder).env("ACME", demo.token("ACME")).env("GLOBEX", demo.token("GLOBEX"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { _child: child, input, output }
    }

    /// What the line writes. It must end well, but for a question whose answer is no.
    async fn run(&mut self, line: &str) -> String {
        self.input.write_all(format!("{line}\nprintf '\\n{END}%s\\n' $?\n").as_bytes()).await.unwrap();
        let mut said = String::new();
        loop {
            let mut next = String::new();
            assert!(self.output.read_line(&mut next).await.unwrap() > 0, "the shell ended after `{line}`: {said}");
            if let Some(status) = next.strip_prefix(END) {
                let expected = if line.starts_with("logmark explain") { "1" } else { "0" };
                assert_eq!(status.trim_end(), expected, "{line}: {said}");
                return said.trim_end_matches('\n').to_owned();
            }
            said.push_str(&next);
        }
    }
}

fn json(line: &str, said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|error| panic!("{line}: {error}: {said}"))
}

fn events(line: &str, said: &str) -> Vec<Value> {
    json(line, said)["events"].as_array().unwrap_or_else(|| panic!("{line}: {said}")).clone()
}

/// Does the line's output show what README says of the line?
fn judge(folder: &Path, line: &str, said: &str) {
    let has = |part: &str| line.contains(part);
    let is = |pointer: &str, expected: Value| assert_eq!(json(line, said).pointer(pointer), Some(&expected), "{line}");
    match () {
        () if has("$SMALL") && has("/groups'") => is("/groups/0/name", "/acme/java/orders".into()),
        () if has("# 403") => {
            is("/code", "insufficient_scope".into());
            assert!(said.contains("logs:read:/acme/api"), "names the scope that would do: {said}");
        }
        () if has("$GLOBEX") && has("/logs/:acme:api") => is("/code", "not_found".into()),
        () if has("/me'") => is("/tenant", "globex".into()),
        () if has("/me/explain?") => is("/allowed", false.into()),
        () if has("/groups'") => assert!(json(line, said)["groups"].as_array().unwrap().len() >= 3, "{said}"),
        () if has("prod-a?limit=3") => assert_eq!(events(line, said).len(), 3),
        () if has("start=-15m&limit=5") => assert_eq!(events(line, said).len(), 5),
        () if has("cursor=") => assert!(!events(line, said).is_empty(), "it goes on"),
        () if has("-o api.csv") => {
            let table = std::fs::read_to_string(folder.join("api.csv")).unwrap();
            assert!(
                table.starts_with("timestamp,ingestionTime,logStream,eventId,message") && table.lines().count() > 100,
                "{table}"
            );
        }
        () if has("-o status.csv") => {
            let table = std::fs::read_to_string(folder.join("status.csv")).unwrap();
            assert!(table.starts_with("\u{feff}timestamp,logStream,$.status,$.path\r\n"), "{table}");
            assert!(table.lines().any(|line| line.contains(",200,/")), "{table}");
        }
        () if has("$.status = 5*") => {
            let status = |event: &Value| json(line, event["message"].as_str().unwrap())["status"].to_string();
            let failed = |event: &Value| status(event).trim_matches('"').starts_with('5');
            assert!(events(line, said).iter().all(failed) && events(line, said).len() == 3, "{said}");
        }
        () if has("filter=ERROR -StockException") => {
            assert!(said.lines().count() > 0 && said.contains("ERROR") && !said.contains("StockException"), "{said}");
        }
        () if has("$.status == 500") => {
            is("/code", "invalid_filter".into());
            assert!(json(line, said).pointer("/errors/0/hint").is_some(), "place, what was expected there, and a hint: {said}");
        }
        () if has("format=text") => assert!(said.lines().count() > 10, "{said}"),
        () if has("logmark explain") => assert!(said.contains("refused") && said.contains("logs:read:/acme/api"), "{said}"),
        () if has("export PATH=") || has("SMALL=$(") => assert_eq!(said, ""),
        () => panic!("README promises something of `{line}`: say here what"),
    }
}

#[tokio::test]
async fn the_five_minutes_of_the_readme_are_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // A clone in which the demo was built; the binary is where README says.
    let built = Path::new(env!("CARGO_BIN_EXE_logmark"));
    std::fs::create_dir_all(folder.join("target/debug")).unwrap();
    std::os::unix::fs::symlink(built, folder.join("target/debug/logmark")).unwrap();
    let mut demo = Demo::start_in(folder, "logmark-demo").await;
    let mut shell = Shell::start(folder, &demo);
    let mut cursor = String::new();
    for line in lines() {
        if line.starts_with("logmark import") {
            demo.process.signal("INT").await;
            assert_eq!(demo.process.ended().await.code(), Some(0));
            let log = "198.51.100.7 - - [20/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5\n";
            std::fs::write(folder.join("access.log"), log).unwrap();
            shell.run(line).await;
        } else if line == "logmark demo" {
            demo = Demo::start_in(folder, "logmark-demo").await;
            let page = demo.client("ACME").get("/logs/:web:mine/prod").await;
            assert_eq!(page.messages(), ["198.51.100.7 - - [20/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5"]);
        } else {
            let line = line.replace("127.0.0.1:8080", &demo.address.to_string()).replace("PASTE-nextCursor-HERE", &cursor);
            let said = shell.run(&line).await;
            judge(folder, &line, &said);
            if let Some(next) = serde_json::from_str(&said).ok().as_ref().and_then(|page: &Value| page["nextCursor"].as_str()) {
                next.clone_into(&mut cursor);
            }
        }
    }
    demo.process.signal("TERM").await;
    assert_eq!(demo.process.ended().await.code(), Some(0));
}
