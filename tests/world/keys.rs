//! Container credentials: an endpoint that returns a new key at each request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::fake_cloudwatch::SECRET;

/// A running endpoint; ends with the tokio runtime.
#[derive(Debug)]
pub struct Keys {
    address: SocketAddr,
    given: Arc<AtomicUsize>,
}

impl Keys {
    /// Starts the endpoint: it returns `AKIDOLD` first, then `AKIDNEW`.
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

    /// The environment variable with its URL.
    pub fn variable(&self) -> (&'static str, String) {
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{}/keys", self.address))
    }

    /// The number of keys returned.
    pub fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }
}
