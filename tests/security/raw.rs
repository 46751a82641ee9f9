//! Raw bytes on a socket, which no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A connection without an answer and without an end within this time counts as hanging.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The bytes received until the connection ended.
#[derive(Debug, Clone)]
pub struct Received {
    /// All bytes, as text.
    pub text: String,
}

impl Received {
    /// The status codes of all answers in it, in order.
    pub fn statuses(&self) -> Vec<u16> {
        let lines = self.text.split("HTTP/1.").skip(1);
        lines.map(|rest| rest.get(2..5).and_then(|code| code.parse().ok()).unwrap_or(0)).collect()
    }

    /// The body of the first answer.
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// Sends the bytes and reads until the peer closes the connection.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Received {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The peer may have closed before all of it was written.
    let _closed_early = socket.write_all(bytes).await;
    read_to_end(&mut socket).await
}

/// Reads until the peer closes the connection.
pub async fn read_to_end(socket: &mut TcpStream) -> Received {
    let mut received = Vec::new();
    let reading = async {
        // A reset counts as an end.
        while let Ok(1..) = socket.read_buf(&mut received).await {}
    };
    let ended = timeout(PATIENCE, reading).await;
    let text = String::from_utf8_lossy(&received).into_owned();
    assert!(ended.is_ok(), "a hang after {text:?}");
    Received { text }
}

/// An HTTP/1.1 request after which the connection ends.
pub fn get(target: &str, headers: &[&str]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("GET {target} HTTP/1.1\r\nhost: logs.test\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}
