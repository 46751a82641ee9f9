//! Shared by the attacks: byte-for-byte comparison of refusals, and the real binary with a fake CloudWatch.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use logmark::domain::time::{Clock as _, SystemClock};
use logmark::sources::cloudwatch::quotas::Api;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::{Fake, REGION, SECRET};
use crate::world::tokens::Issuer;

/// The body without the request id, the only difference that two refusals of one kind may have.
pub fn without_instance(answer: &Answer) -> String {
    let id = answer.header("x-request-id");
    assert_eq!(id.len(), 32, "{} {}", answer.status, answer.text());
    assert!(answer.text().contains(&id), "{}", answer.text());
    answer.text().replace(&id, "")
}

/// Status, headers and body without the parts that differ in every answer: the request id and the date.
pub fn whole(answer: &Answer) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    let id = answer.header("x-request-id");
    format!("{}\n{}\n\n{}", answer.status, headers.join("\n"), answer.text().replace(&id, ""))
}

/// The shipped binary, with a fake CloudWatch and all of its output.
pub struct Binary {
    /// The address of the public listener.
    pub address: SocketAddr,
    /// The address of the admin listener.
    pub admin: SocketAddr,
    /// Signs tokens that the service accepts.
    pub issuer: Issuer,
    /// Its upstream.
    pub fake: Fake,
    folder: TempDir,
    config: String,
    tenants: String,
    variables: Vec<(String, String)>,
    written: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    child: Child,
}

/// The options of a binary.
#[derive(Debug, Default)]
pub struct Setup {
    /// Additional lines for `[server]`.
    pub server: String,
    /// `[telemetry]`.
    pub telemetry: String,
    /// `[tenants…]`.
    pub tenants: String,
    /// The source has quotas that are never reached.
    pub quotas: bool,
    /// The source looks up each name at every use, so that calls do not depend on the time.
    pub remembers_nothing: bool,
    /// Variables of its environment in addition to the credentials.
    pub variables: Vec<(String, String)>,
}

impl Binary {
    /// Starts a binary with these options.
    pub async fn start(setup: Setup) -> Self {
        let fake = Fake::start(SystemClock.now().0).await;
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(folder.path());
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\npublic_url = \"http://logs.test\"\n{}\n\
             [telemetry]\n{}\n\
             [[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\n\
             [[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\ncache = {{ bytes = 0{} }}\n{}\n\n{}",
            setup.server,
            setup.telemetry,
            fake.endpoint(),
            if setup.remembers_nothing { ", lists = \"0s\"" } else { "" },
            if setup.quotas { plenty() } else { String::new() },
            setup.tenants
        );
        let tenants = setup.tenants;
        let mut variables = setup.variables;
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "AKIDCANARY"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", "session-canary"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ] {
            variables.push((name.to_owned(), value.to_owned()));
        }
        let written = Arc::default();
        let (child, readers, [address, admin]) = run(&folder, &config, &variables, &written).await;
        Self { address, admin, issuer, fake, folder, config, tenants, variables, written, readers, child }
    }

    /// Kills it and starts it again with the same configuration, environment and upstream.
    pub async fn restart(&mut self) {
        self.child.kill().await.unwrap();
        let (child, readers, [address, admin]) = run(&self.folder, &self.config, &self.variables, &self.written).await;
        (self.child, self.address, self.admin) = (child, address, admin);
        self.readers.extend(readers);
    }

    /// Starts it again with other tenants.
    pub async fn reconfigure(&mut self, tenants: &str) {
        self.config = self.config.replace(&self.tenants, tenants);
        tenants.clone_into(&mut self.tenants);
        self.restart().await;
    }

    /// Ends it, which writes the queued lines, and returns all of its output.
    pub async fn end(mut self) -> String {
        if let Some(id) = self.child.id() {
            let sent = Command::new("kill").args(["-s", "TERM", &id.to_string()]).status().await.unwrap();
            assert!(sent.success());
            // With open connections, shutdown takes a while.
            drop(tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await);
        }
        self.child.kill().await.unwrap();
        for reader in self.readers {
            reader.await.unwrap();
        }
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A client with all scopes of the tenant.
    pub fn tenant(&self, tenant: &str) -> Client {
        self.with_token(&self.issuer.token(tenant, "logs:*:*"))
    }

    /// A client with this text as its token.
    pub fn with_token(&self, token: &str) -> Client {
        Client::new(self.address, Some(token.to_owned()))
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address, None)
    }
}

/// Quotas that are never reached.
fn plenty() -> String {
    format!("quotas = {{ {} }}", Api::ALL.map(|api| format!("{api} = 10000")).join(", "))
}

async fn run(
    folder: &TempDir,
    config: &str,
    variables: &[(String, String)],
    written: &Arc<Mutex<String>>,
) -> (Child, Vec<JoinHandle<()>>, [SocketAddr; 2]) {
    let path = folder.path().join("logmark.toml");
    std::fs::write(&path, config).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_logmark"))
        .args(["serve", "--config"])
        .arg(&path)
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let out = keep(child.stdout.take().unwrap(), written, tell.clone());
    let error = keep(child.stderr.take().unwrap(), written, tell);
    let addresses = loop {
        let line = told.recv().await.unwrap_or_else(|| panic!("it ended at once: {}", written.lock().unwrap()));
        if let Some(addresses) = addresses(&line) {
            break addresses;
        }
    };
    (child, vec![out, error], addresses)
}

/// The addresses in its log line, in both formats.
fn addresses(line: &str) -> Option<[SocketAddr; 2]> {
    let after = |name: &str| {
        let text = line.split_once(name)?.1.trim_start_matches(['"', ':', '=']);
        text.split(['"', ' ']).next()?.parse().ok()
    };
    line.contains("admin_listen").then_some([after(" listen=").or_else(|| after("\"listen\""))?, after("admin_listen")?])
}

fn keep(
    output: impl AsyncRead + Unpin + Send + 'static,
    written: &Arc<Mutex<String>>,
    tell: tokio::sync::mpsc::UnboundedSender<String>,
) -> JoinHandle<()> {
    let written = Arc::clone(written);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            written.push_str(&line);
            written.push('\n');
            let _started_long_ago = tell.send(line);
        }
    })
}

/// A value of a JSON answer, as text.
pub fn text_of(answer: &Answer, pointer: &str) -> String {
    let value: Value = answer.json();
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}
