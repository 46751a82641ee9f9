//! Credentials as a container gets them: an endpoint that gives a new key each time it is asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::fake_cloudwatch::SECRET;

/// The endpoint; ends with the runtime.
#[derive(Debug)]
pub struct Keys {
    address: SocketAddr,
    given: Arc<AtomicUsize>,
}

impl Keys {
    /// Starts it: first it gives `AKIDOLD`, then `AKIDNEW`.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let keys = Self { address: listener.local_addr().unwrap(), given: Arc::default() };
        let given = Arc::clone(&keys.given);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let key = if given.fetch_add(1, Ordering::SeqCst) == 0 { "AKIDOLD" } else { "AKIDNEW" };
                let expiry = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
                let body = json!({ "AccessKeyId": key, "SecretAccessKey": SECRET, "Token": "session", "Expiration": expiry });
                let body = body.to_string();
                let mut head = Vec::new();
                while memchr::memmem::find(&head, b"\r\n\r\n").is_none() {
                    if socket.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
                        continue;
                    }
                    break;
                }
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _gone = socket.write_all(answer.as_bytes()).await;
            }
        });
        keys
    }

    /// The environment variable that leads to it.
    pub fn variable(&self) -> (&'static str, String) {
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{}/keys", self.address))
    }

    /// How often a key was given.
    pub fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }
}
