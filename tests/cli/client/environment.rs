//! Runs client commands, a proxy that cuts connections, and a server with scripted answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::world::World;
use crate::world::binary::{CommandOutput, run_with};

/// Runs a command against a URL, with a token.
pub(super) async fn command(url: &str, token: &str, arguments: &[&str]) -> CommandOutput {
    command_with(url, token, arguments, &[]).await
}

async fn command_with(url: &str, token: &str, arguments: &[&str], more: &[(&str, &str)]) -> CommandOutput {
    let folder = tempfile::tempdir().unwrap();
    // Without this machine's proxy settings.
    let variables = [("LOGMARK_URL", url), ("LOGMARK_TOKEN", token), ("NO_PROXY", "*"), ("no_proxy", "*")];
    run_with(folder.path(), arguments, &[&variables, more].concat()).await
}

/// Runs a command against the world's service as tenant acme.
pub(super) async fn acme(world: &World, arguments: &[&str]) -> CommandOutput {
    command(&url(world.address), &token(world), arguments).await
}

/// The same with environment variables.
pub(super) async fn acme_with(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> CommandOutput {
    command_with(&url(world.address), &token(world), arguments, variables).await
}

pub(super) fn token(world: &World) -> String {
    world.issuer.token("acme", "logs:*:*")
}

pub(super) fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// A proxy. It cuts the first connections after the given numbers of answer bytes, and forwards the later ones unchanged.
#[derive(Debug)]
pub(super) struct Cutter {
    pub(super) address: SocketAddr,
    service: Arc<Mutex<SocketAddr>>,
    connections: Arc<Mutex<usize>>,
}

impl Cutter {
    pub(super) async fn before(service: SocketAddr, cuts: &'static [u64]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<Mutex<usize>>::default();
        let service = Arc::new(Mutex::new(service));
        let (count, leads_to) = (Arc::clone(&connections), Arc::clone(&service));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = {
                    let mut count = count.lock().unwrap();
                    *count += 1;
                    *count - 1
                };
                let service = *leads_to.lock().unwrap();
                tokio::spawn(pass(client, service, cuts.get(number).copied()));
            }
        });
        Self { address, service, connections }
    }

    /// Forwards new connections to another address.
    pub(super) fn lead_to(&self, service: SocketAddr) {
        *self.service.lock().unwrap() = service;
    }

    /// The number of connections so far.
    pub(super) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn pass(client: TcpStream, service: SocketAddr, cut: Option<u64>) -> Option<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_service, mut to_service) = TcpStream::connect(service).await.ok()?.into_split();
    let requests = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_service).await });
    let _gone = match cut {
        Some(bytes) => tokio::io::copy(&mut (&mut from_service).take(bytes), &mut to_client).await,
        None => tokio::io::copy(&mut from_service, &mut to_client).await,
    };
    requests.abort();
    to_client.shutdown().await.ok()
}

/// A server that answers each connection with the next of these bytes, and every later one with the last.
pub(super) async fn lies(answers: Vec<Vec<u8>>) -> String {
    recorded_lies(answers).await.0
}

/// Like `lies`; also returns the heads of the requests so far.
pub(super) async fn recorded_lies(answers: Vec<Vec<u8>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url(listener.local_addr().unwrap());
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let record = Arc::clone(&requests);
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut client, _)) = listener.accept().await {
            let answer = answers[number.min(answers.len() - 1)].clone();
            number += 1;
            let record = Arc::clone(&record);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    if client.read_buf(&mut head).await.ok()? == 0 {
                        return None;
                    }
                }
                record.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                client.write_all(&answer).await.ok()?;
                client.shutdown().await.ok()
            });
        }
    });
    (url, requests)
}

/// An answer with `Content-Length`.
pub(super) fn answer(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// NDJSON whose end is the end of the connection.
pub(super) fn ndjson(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n{body}").into_bytes()
}
