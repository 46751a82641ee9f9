//! An HTTP/2 client that opens many streams on one connection and does not read their bodies.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::future::join_all;
use h2::client::{self, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The connection and the answers with unread bodies.
#[derive(Debug)]
pub struct UnreadConnection {
    sender: SendRequest<Bytes>,
    connection: JoinHandle<()>,
    /// Answers whose bodies are not read.
    pub waiting: Vec<Response<RecvStream>>,
}

impl UnreadConnection {
    /// Connects with a window of this many bytes for each stream.
    pub async fn connect(address: SocketAddr, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut builder = client::Builder::new();
        builder.initial_window_size(window).max_concurrent_streams(1000).initial_max_send_streams(100);
        let (sender, connection) = builder.handshake::<_, Bytes>(stream).await.unwrap();
        let connection = tokio::spawn(async move {
            let _closed = connection.await;
        });
        Self { sender, connection, waiting: Vec::new() }
    }

    /// Sends this many requests for the target at once and reads the heads of the answers. Stores those with a body.
    pub async fn ask(&mut self, target: &str, headers: &[(&str, &str)], times: usize) -> Vec<u16> {
        let mut asked: Vec<ResponseFuture> = Vec::new();
        for _ in 0..times {
            let mut sender = self.sender.clone().ready().await.unwrap();
            let mut request = Request::get(format!("http://logs.test{target}"));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            asked.push(sender.send_request(request.body(()).unwrap(), true).unwrap().0);
        }
        let mut statuses = Vec::new();
        for answer in join_all(asked).await.into_iter().map(Result::unwrap) {
            statuses.push(answer.status().as_u16());
            self.waiting.push(answer);
        }
        statuses
    }

    /// Waits until each stored body has ended and returns its reason: `None` for a regular end.
    pub async fn ends(&mut self) -> Vec<Option<Reason>> {
        let end = async |answer: Response<RecvStream>| {
            let mut body = answer.into_body();
            while let Some(data) = body.data().await {
                if let Err(error) = data {
                    return Some(error.reason().unwrap_or(Reason::INTERNAL_ERROR));
                }
            }
            None
        };
        join_all(std::mem::take(&mut self.waiting).into_iter().map(end)).await
    }
}

impl Drop for UnreadConnection {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
