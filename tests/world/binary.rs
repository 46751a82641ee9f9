//! Runs the real `logmark` binary as a separate process: starts, watches and stops it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use logmark_store::{NewEvent, Options, Store};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::TENANTS;
use super::tokens::Issuer;

/// Long enough for a busy machine; reached only on a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command, in a folder, without any variable of the tests' environment that it would read.
pub fn logmark(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logmark"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("LOGMARK") || text.starts_with("AWS_") {
            command.env_remove(&name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The result of a command that ended by itself: exit code, standard output, standard error.
#[derive(Debug)]
pub struct CommandOutput {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for CommandOutput {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl CommandOutput {
    /// Exit code, standard output and standard error, for snapshots; `folder` is written as `DIR`.
    pub fn shown(&self, folder: &Path) -> String {
        let mut shown = format!("exit {}\n", self.code);
        for text in [&self.out, &self.err] {
            let _infallible = shown.write_str(&text.replace(&folder.display().to_string(), "DIR"));
        }
        shown.trim_end().to_owned()
    }
}

/// Runs a command and waits for its end.
pub async fn run(folder: &Path, arguments: &[&str]) -> CommandOutput {
    run_with(folder, arguments, &[]).await
}

/// Runs a command with environment variables and waits for its end.
pub async fn run_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> CommandOutput {
    let mut command = logmark(folder);
    let output = tokio::time::timeout(PATIENCE, command.args(arguments).envs(variables.iter().copied()).output()).await;
    output.expect("the command ends").unwrap().into()
}

/// A process that runs until it is stopped; killed when dropped.
#[derive(Debug)]
pub struct Binary {
    child: Child,
    out: watch::Receiver<String>,
    err: watch::Receiver<String>,
}

impl Binary {
    /// Starts the command.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = collect(child.stdout.take().unwrap());
        let err = collect(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// Waits until standard output contains `text` and returns all output so far.
    pub async fn wait_for_output(&mut self, text: &str) -> String {
        let (out, err) = (self.out.clone(), self.err.clone());
        let said = until(self.out.clone(), text).await;
        said.unwrap_or_else(|reason| panic!("{reason} without `{text}`\n{}\n{}", *out.borrow(), *err.borrow()))
    }

    /// Waits until standard error contains `text` and returns all of it so far.
    pub async fn wait_for_log(&mut self, text: &str) -> String {
        let (out, err) = (self.out.clone(), self.err.clone());
        let said = until(self.err.clone(), text).await;
        said.unwrap_or_else(|reason| panic!("{reason} without `{text}`\n{}\n{}", *out.borrow(), *err.borrow()))
    }

    /// Standard error so far.
    pub fn log(&self) -> String {
        self.err.borrow().clone()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the process ends").unwrap()
    }

    /// Kills the process with SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// The process's memory in huge pages, in KiB; zero where the kernel does not report it.
    pub fn huge_pages_kib(&self) -> u64 {
        let figures = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid())).unwrap_or_default();
        let line = figures.lines().find(|line| line.starts_with("AnonHugePages:"));
        line.map_or(0, |line| line.split_whitespace().nth(1).unwrap().parse().unwrap())
    }

    /// A figure of `/proc/PID/status` in KiB, such as `VmRSS`.
    pub fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

async fn until(mut output: watch::Receiver<String>, text: &str) -> Result<String, &'static str> {
    match tokio::time::timeout(PATIENCE, output.wait_for(|output| output.contains(text))).await {
        Ok(Ok(output)) => Ok(output.clone()),
        Ok(Err(_closed)) => Err("the process ended"),
        Err(_elapsed) => Err("the time is over"),
    }
}

fn collect(stream: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<String> {
    let (sender, receiver) = watch::channel(String::new());
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send_modify(|all| {
                all.push_str(&line);
                all.push('\n');
            });
        }
    });
    receiver
}

/// A folder with a configuration, an issuer and a store. `logmark serve` can be started on it several times.
#[derive(Debug)]
pub struct ServiceDirectory {
    /// The folder.
    pub folder: TempDir,
    /// Signs tokens that the service accepts.
    pub issuer: Issuer,
}

/// A running `logmark serve`.
#[derive(Debug)]
pub struct RunningService {
    /// The process.
    pub process: Binary,
    /// The address of the public listener.
    pub address: SocketAddr,
    /// The address of the admin listener.
    pub admin: SocketAddr,
}

impl ServiceDirectory {
    /// A folder with the default tenants; `server` adds lines to `[server]`.
    pub fn new(server: &str) -> Self {
        Self::with_tenants(server, TENANTS)
    }

    /// A folder with these tenants.
    pub fn with_tenants(server: &str, tenants: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(folder.path());
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n{server}\n\
             [[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\n\
             [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n{tenants}"
        );
        std::fs::write(folder.path().join("logmark.toml"), text).unwrap();
        Self { folder, issuer }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts events into the store, which must not be open elsewhere: (milliseconds, message).
    pub fn put(&self, group: &str, stream: &str, events: impl Iterator<Item = (i64, String)> + Send) {
        // In a thread of its own: in a tokio thread, a task's cooperative budget limits how often it may wait before it yields.
        std::thread::scope(|scope| scope.spawn(|| self.put_here(group, stream, events)).join().unwrap());
    }

    fn put_here(&self, group: &str, stream: &str, events: impl Iterator<Item = (i64, String)>) {
        const BATCH: usize = 2 << 20;
        let store = Store::open(&self.path().join("store"), Options::default()).unwrap();
        let _exists = store.create_group(group, 1_700_000_000_000);
        let _exists = store.create_stream(group, stream, 1_700_000_000_000);
        let (mut part, mut bytes) = (Vec::new(), 0);
        let append = |part| store.append_blocking(group, stream, part, 1_700_000_000_500).unwrap();
        for (timestamp, message) in events {
            bytes += message.len();
            part.push(NewEvent { timestamp, message });
            if bytes >= BATCH || part.len() == 10_000 {
                append(std::mem::take(&mut part));
                bytes = 0;
            }
        }
        append(part);
        store.close().unwrap();
    }

    /// Starts `logmark serve` and waits until it reports its addresses.
    pub async fn serve(&self) -> RunningService {
        self.serve_with(&[]).await
    }

    /// Starts `logmark serve` with environment variables.
    pub async fn serve_with(&self, variables: &[(&str, &str)]) -> RunningService {
        let mut command = logmark(self.path());
        command.arg("serve").envs(variables.iter().copied());
        let mut process = Binary::start(command);
        let log = process.wait_for_log("admin_listen").await;
        let line = log.lines().find(|line| line.contains("admin_listen")).unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
        RunningService { address: address("listen"), admin: address("admin_listen"), process }
    }
}
