//! README's first request and "Five minutes", executed literally: a shell runs each line, which must do what the text says, and
//! print the output shown below it.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::world::demo::Demo;

/// Marks the end of a line's output; no command prints it.
const END: &str = "\u{1e}";
const README: &str = include_str!("../../README.md");

/// A command, and the output block below it: its language, and its text.
#[derive(Debug)]
struct ReadmeStep {
    line: &'static str,
    shown: Option<(&'static str, &'static str)>,
}

/// The first request, and the steps of "Five minutes", in order. An output is directly below its command.
fn steps() -> Vec<ReadmeStep> {
    let section = |title: &str| README.split(&format!("\n## {title}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let (start, tour) = (section("Start"), section("Five minutes"));
    let first_request = start.split("\n```sh\n").filter(|rest| rest.starts_with("curl "));
    let mut steps = Vec::new();
    for rest in first_request.chain(tour.split("\n```sh\n").skip(1)) {
        let (block, behind) = rest.split_once("\n```\n").unwrap();
        let shown = behind.strip_prefix("```").map(|output| {
            let (language, output) = output.split_once('\n').unwrap();
            (language, output.split("\n```").next().unwrap())
        });
        let lines: Vec<&str> = block.lines().collect();
        assert!(shown.is_none() || lines.len() == 1, "one command for an output: {block}");
        steps.extend(lines.into_iter().map(|line| ReadmeStep { line, shown }));
    }
    assert!(steps.len() > 15, "{steps:?}");
    for step in steps.iter().filter(|step| step.line.starts_with("curl ") || step.line.starts_with("logmark explain")) {
        assert!(step.shown.is_some(), "README shows no output of `{}`", step.line);
    }
    steps
}

/// Whether the real value has each shown member, with the same type.
fn covers(shown: &Value, real: &Value) -> bool {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            shown.iter().all(|(name, shown)| real.get(name).is_some_and(|real| covers(shown, real)))
        }
        (Value::Array(shown), Value::Array(real)) => {
            shown.len() <= real.len() && shown.iter().zip(real).all(|(shown, real)| covers(shown, real))
        }
        _ => std::mem::discriminant(shown) == std::mem::discriminant(real),
    }
}

/// Whether the command prints the output in README.
fn compare(step: &ReadmeStep, said: &str) {
    match step.shown {
        None => {}
        Some(("json", shown)) => {
            let shown: Value = serde_json::from_str(shown).unwrap_or_else(|error| panic!("README: {error}: {shown}"));
            assert!(
                covers(&shown, &json(step.line, said)),
                "the output of `{}` lacks what README shows:\n{shown}\n{said}",
                step.line
            );
        }
        Some(("text", shown)) if step.line.starts_with("logmark explain") => {
            let first_words =
                |text: &str| text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
            assert_eq!(first_words(shown), first_words(said), "{said}");
        }
        Some(("text", shown)) if shown.lines().count() == 1 => assert_eq!(shown, said.trim_end()),
        // Log lines: the same number of fields before the message, with the same kinds of characters.
        Some(("text", shown)) => assert_eq!(form(shown), form(said), "{said}"),
        Some((other, _)) => panic!("README: an output in `{other}`"),
    }
}

/// The time at the beginning of a text, with `0` for each digit.
fn form(text: &str) -> String {
    text.chars().take(23).map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect()
}

/// A shell session.
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

    /// The output of the command. It must succeed, except a check whose result is no.
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

/// Whether the command's output matches the text about it.
fn judge(folder: &Path, line: &str, said: &str) {
    let has = |part: &str| line.contains(part);
    let is = |pointer: &str, expected: Value| assert_eq!(json(line, said).pointer(pointer), Some(&expected), "{line}");
    match () {
        () if has("$SMALL") && has("/groups'") => is("/groups/0/name", "/acme/java/orders".into()),
        () if has("# 403") => {
            is("/code", "insufficient_scope".into());
            assert!(said.contains("logs:read:/acme/api"), "names the missing scope: {said}");
        }
        () if has("$GLOBEX") && has("/logs/:acme:api") => is("/code", "not_found".into()),
        () if has("/me'") => is("/tenant", "globex".into()),
        () if has("/me/explain?") => is("/allowed", false.into()),
        () if has("/groups'") => assert!(json(line, said)["groups"].as_array().unwrap().len() >= 3, "{said}"),
        () if has("/queries/check'") => {
            is("/shape", "series".into());
            is("/diagnostics", Value::Array(Vec::new()));
        }
        () if has("/queries?format=csv") => {
            assert_eq!(said.lines().count(), 5, "a header and four rows: {said}");
        }
        () if has("/queries'") => {
            is("/status", "Complete".into());
            is("/results/0/status", "200".into());
        }
        () if has("start=-1h&limit=5") => assert_eq!(events(line, said).len(), 5),
        () if has("cursor=") => assert!(!events(line, said).is_empty(), "it continues"),
        () if has("-o api.csv") => {
            assert_eq!(said.trim_end(), "timestamp,ingestionTime,logStream,eventId,message");
            let table = std::fs::read_to_string(folder.join("api.csv")).unwrap();
            assert!(
                table.starts_with("timestamp,ingestionTime,logStream,eventId,message") && table.lines().count() > 100,
                "{table}"
            );
        }
        () if has("-o status.csv") => {
            let table = std::fs::read_to_string(folder.join("status.csv")).unwrap();
            assert!(table.starts_with("timestamp,logStream,$.status,$.path\r\n"), "{table}");
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
        () if has("filter=ERROR' -d limit=1") => assert_eq!(said.matches(" ERROR ").count(), 1, "{said}"),
        () if has("$.status == 500") => {
            is("/code", "invalid_filter".into());
            assert!(json(line, said).pointer("/errors/0/hint").is_some(), "place, what was expected there, and a hint: {said}");
        }
        () if has("format=text") => assert!(said.lines().count() > 10, "{said}"),
        () if has("logmark explain") => assert!(said.contains("refused") && said.contains("logs:read:/acme/api"), "{said}"),
        () if has("logmark logs") => assert_eq!(said.lines().count(), 2, "{said}"),
        () if has("logmark tail") => assert_eq!(said.lines().count(), 3, "{said}"),
        () if has("logmark query") => assert_eq!(said.lines().count(), 4, "a header and three rows: {said}"),
        () if has("export PATH=") || has("export LOGMARK_URL=") || has("SMALL=$(") => assert_eq!(said, ""),
        () => panic!("README describes the output of `{line}`: add its check here"),
    }
}

#[tokio::test]
async fn the_five_minutes_of_the_readme_are_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // A clone with a built demo; the binary is at README's path.
    let built = Path::new(env!("CARGO_BIN_EXE_logmark"));
    std::fs::create_dir_all(folder.join("target/debug")).unwrap();
    std::os::unix::fs::symlink(built, folder.join("target/debug/logmark")).unwrap();
    let mut demo = Demo::start_in(folder, "logmark-demo").await;
    let mut shell = Shell::start(folder, &demo);
    let mut cursor = String::new();
    for step in steps() {
        let line = step.line;
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
            compare(&step, &said);
            if let Some(next) = serde_json::from_str(&said).ok().as_ref().and_then(|page: &Value| page["nextCursor"].as_str()) {
                next.clone_into(&mut cursor);
            }
        }
    }
    demo.process.signal("TERM").await;
    assert_eq!(demo.process.ended().await.code(), Some(0));
}

/// README shows the beginning of the demo's output, up to the lines to copy.
#[tokio::test]
async fn the_readme_shows_what_the_demo_prints() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start_in(folder.path(), "logmark-demo").await;
    let section = README.split("\n## Start\n").nth(1).unwrap();
    let shown = section.split("\n```text\n").nth(1).unwrap().split("\n…\n```").next().unwrap();
    let admin =
        demo.said.lines().find_map(|line| line.trim().strip_prefix("Admin     http://")?.strip_suffix("/readyz, /metrics"));
    let said = demo.said.replace(&demo.address.to_string(), "127.0.0.1:8080").replace(admin.unwrap(), "127.0.0.1:8081");
    let mut lines = said.trim_start().lines();
    for shown in shown.lines() {
        let said = lines.next().unwrap();
        match shown.split_once("=eyJ") {
            Some((variable, _)) => assert!(said.starts_with(&format!("{variable}=eyJ")), "{said}"),
            None => assert_eq!(shown, said.trim_end()),
        }
    }
}
