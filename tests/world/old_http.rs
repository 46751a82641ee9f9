//! An HTTP/1.0 client on the raw socket, as proxies speak it to their upstreams: the way in which the connection ended is part of
//! the answer.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The answer up to the end of the connection.
#[derive(Debug)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The body as received.
    pub body: Vec<u8>,
    /// The end of the connection: regular or with an error.
    pub ended: std::io::Result<()>,
}

/// Sends a GET.
pub async fn ask(socket: &mut (impl AsyncWrite + Unpin), target: &str, token: &str, headers: &[String]) {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("GET {target} HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{headers}\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
}

/// Reads to the end of the connection. A body shorter than its length counts as an error too.
pub async fn rest(mut socket: impl AsyncRead + Unpin) -> Received {
    let mut all = Vec::new();
    let mut ended = loop {
        match socket.read_buf(&mut all).await {
            Ok(0) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    let end = memchr::memmem::find(&all, b"\r\n\r\n").map_or(all.len(), |end| end + 4);
    let body = all.split_off(end);
    let head = String::from_utf8(all).unwrap();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let length = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    if ended.is_ok() && length.is_some_and(|length: usize| length != body.len()) {
        ended = Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Received { status, body, ended }
}

/// Sends a GET and reads to the end of the connection.
pub async fn get(mut socket: impl AsyncRead + AsyncWrite + Unpin, target: &str, token: &str, headers: &[String]) -> Received {
    ask(&mut socket, target, token, headers).await;
    rest(socket).await
}
