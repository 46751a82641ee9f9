//! HTTP/1.0 as proxies speak it to their upstreams, read with nothing but the socket: how the connection ended is part of the
//! answer.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What came back until the connection ended.
#[derive(Debug)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The body as far as it came.
    pub body: Vec<u8>,
    /// The end of the connection: in order, or broken off.
    pub ended: std::io::Result<()>,
}

/// Sends a GET.
pub async fn ask(socket: &mut (impl AsyncWrite + Unpin), target: &str, token: &str, headers: &[String]) {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("GET {target} HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{headers}\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
}

/// Reads to the end of the connection. A body with a length that did not come whole is broken off too.
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

/// A GET, read to the end of the connection.
pub async fn get(mut socket: impl AsyncRead + AsyncWrite + Unpin, target: &str, token: &str, headers: &[String]) -> Received {
    ask(&mut socket, target, token, headers).await;
    rest(socket).await
}
