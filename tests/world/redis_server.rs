//! Runs a real redis-server as a child process, on a free port, without files.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than any start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; ends when dropped.
#[derive(Debug)]
pub struct RedisServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    options: Vec<String>,
    folder: TempDir,
    child: Child,
}

impl RedisServer {
    /// Starts a server with these command-line options.
    pub fn start(options: &[&str]) -> Self {
        // The port is free now. Another process is unlikely to take it in the milliseconds before the server binds it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let child = spawn(port, &options, &folder);
        let server = Self { port, options, folder, child };
        server.until_ready();
        server
    }

    /// Starts a server that speaks TLS only, with the certificate `cert.pem` and the key `key.pem` of the folder.
    pub fn start_tls(certificates: &std::path::Path) -> Self {
        let path = |name: &str| certificates.join(name).to_str().unwrap().to_owned();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (path("cert.pem"), path("key.pem"));
        let options =
            ["--tls-port", &port.to_string(), "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-auth-clients", "no"];
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        // Without a port for plain text.
        let child = spawn(0, &options, &folder);
        let server = Self { port, options, folder, child };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "redis-server does not answer on port {port}");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// The URL for `[limits] store`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server with all of its data.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again on its port, without data.
    pub fn restart(&mut self) {
        self.child = spawn(self.port, &self.options, &self.folder);
        self.until_ready();
    }

    /// A new connection to the server.
    pub fn connect(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    fn until_ready(&self) {
        let began = Instant::now();
        loop {
            let client = redis::Client::open(self.url()).unwrap();
            if let Ok(mut connection) = client.get_connection_with_timeout(Duration::from_secs(1)) {
                // A server that requires a password answers with an error, which counts as running.
                let answer: redis::RedisResult<String> = redis::cmd("PING").query(&mut connection);
                if answer.is_ok() || answer.is_err_and(|error| error.code() == Some("NOAUTH")) {
                    return;
                }
            }
            assert!(began.elapsed() < PATIENCE, "redis-server does not answer on port {}", self.port);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn spawn(port: u16, options: &[String], folder: &TempDir) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(folder.path()).args(options).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("redis-server: {error}: run `make setup`"))
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}
