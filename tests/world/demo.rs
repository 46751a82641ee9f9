//! Runs `logmark demo`.

use std::net::SocketAddr;
use std::path::Path;

use tokio::process::Command;

use super::binary::{Binary, logmark};
use super::client::Client;

/// A running demo and its first output.
#[derive(Debug)]
pub struct Demo {
    /// The process.
    pub process: Binary,
    /// Its output until it was ready.
    pub said: String,
    /// Its address.
    pub address: SocketAddr,
}

impl Demo {
    /// Starts a demo in the folder, with its data in `demo`.
    pub async fn start(folder: &Path) -> Self {
        Self::start_in(folder, "demo").await
    }

    /// Starts a demo with this data folder.
    pub async fn start_in(folder: &Path, data: &str) -> Self {
        let mut command = logmark(folder);
        command.args(["demo", "--port", "0", "--data", data]);
        Self::start_as(command).await
    }

    /// Starts a demo with this command.
    pub async fn start_as(command: Command) -> Self {
        let mut process = Binary::start(command);
        let said = process.wait_for_output("Stop with Ctrl-C").await;
        let url = said.split_whitespace().find_map(|word| word.strip_suffix("/groups")).unwrap();
        let address = url.strip_prefix("http://").unwrap().parse().unwrap();
        Self { process, said, address }
    }

    /// The printed token of the tenant, such as `ACME`.
    pub fn token(&self, tenant: &str) -> &str {
        self.said.lines().find_map(|line| line.strip_prefix(&format!("export {tenant}="))).unwrap()
    }

    /// A client of the tenant.
    pub fn client(&self, tenant: &str) -> Client {
        Client::new(self.address, Some(self.token(tenant).to_owned()))
    }
}
