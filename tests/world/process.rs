//! Runs the real binary as a child process: waits until it is ready, keeps its log, ends it when dropped.
//!
//! For the behaviour of a process: environment variables, arguments, signals. A service within the test process is
//! [`super::World`].

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::Client;

/// Longer than any start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `logmark serve`.
#[derive(Debug)]
pub struct Process {
    /// The address of the public listener.
    pub address: SocketAddr,
    /// The address of the admin listener.
    pub admin: SocketAddr,
    child: Child,
    log: Log,
}

/// The child's standard error so far, by line.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Process {
    /// Starts `logmark serve` with this configuration and these environment variables. The configuration must set `listen` and
    /// `admin_listen` with port 0, and keep the log format `json`.
    pub async fn serve(config: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logmark"));
        command.args(["serve", "--config"]).arg(config).env_clear();
        // Without this machine's AWS configuration and instance credentials.
        command.env("HOME", config.parent().unwrap()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::default();
        let (lines, errors) = (log.clone(), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || errors.lines().map_while(Result::ok).for_each(|line| lines.0.lock().unwrap().push(line)));
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Self { address: nowhere, admin: nowhere, child, log };
        (process.address, process.admin) = process.until(async |process: &mut Self| process.announced()).await;
        let operator = Client::new(process.admin, None);
        process.until(async |_| (operator.get("/readyz").await.status == 200).then_some(())).await;
        process
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.log.0.lock().unwrap().join("\n")
    }

    /// A figure of `/proc/PID/status` in KiB, such as `VmRSS`.
    pub fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn announced(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.log.0.lock().unwrap().iter().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some((line["listen"].as_str()?.parse().ok()?, line["admin_listen"].as_str()?.parse().ok()?))
        })
    }

    async fn until<T>(&mut self, mut look: impl AsyncFnMut(&mut Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "logmark did not start ({ended:?}):\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}
