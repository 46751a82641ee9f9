//! Small pages, requested repeatedly on persistent connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::servers::{Running, cpu_seconds};

const TARGET: &str = "/logs/:acme:api/web-1?from=head&limit=10";

/// The figures of the rounds of one server.
#[derive(Default)]
pub(crate) struct Figures {
    took: Vec<Duration>,
    per_second: Vec<f64>,
    /// Microseconds of CPU time per request, of the server and of the client.
    server_micros: Vec<f64>,
    client_micros: Vec<f64>,
}

/// The figures that are compared with another server's.
#[derive(Clone, Copy)]
pub(crate) struct Base {
    per_second: f64,
    micros: f64,
}

impl Figures {
    pub(crate) fn base(&self) -> Base {
        Base { per_second: median(&self.per_second), micros: median(&self.server_micros) + median(&self.client_micros) }
    }

    pub(crate) fn print(&mut self, name: &str, bare: Base) {
        self.took.sort();
        let at = |share: f64| {
            let index = (self.took.len() as f64 * share) as usize;
            self.took[index.min(self.took.len() - 1)].as_secs_f64() * 1e3
        };
        let (p50, p99, p999) = (at(0.5), at(0.99), at(0.999));
        let own = self.base();
        println!(
            "{name:<26}{:>10.0}{:>8.2}{:>11.1}{:>11.1}{:>8.2}{p50:>10.3}{p99:>10.3}{p999:>10.3}",
            own.per_second,
            own.per_second / bare.per_second,
            median(&self.server_micros),
            median(&self.client_micros),
            bare.micros / own.micros,
        );
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn connect(address: SocketAddr) -> http1::SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(token: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(TARGET).header("host", "localhost").header("authorization", format!("Bearer {token}"));
    request.body(Empty::new()).unwrap()
}

pub(crate) async fn once(address: SocketAddr, token: &str) -> (HeaderMap, Bytes) {
    let response = connect(address).await.send_request(request(token)).await.unwrap();
    assert_eq!(response.status(), 200);
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes())
}

/// One round.
pub(crate) async fn load(server: &Running, token: &str, clients: u64, time: Duration, figures: &mut Figures) {
    let (address, cpu, own) = (server.address, server.cpu_seconds(), cpu_seconds("self"));
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let token = token.to_owned();
        tasks.spawn(async move {
            let mut sender = connect(address).await;
            let mut took = Vec::new();
            while begun.elapsed() < time {
                let asked = Instant::now();
                sender.ready().await.unwrap();
                let response = sender.send_request(request(&token)).await.unwrap();
                assert_eq!(response.status(), 200);
                response.into_body().collect().await.unwrap();
                took.push(asked.elapsed());
            }
            took
        });
    }
    let took: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    figures.per_second.push(took.len() as f64 / begun.elapsed().as_secs_f64());
    let micros = |seconds: f64| seconds * 1e6 / took.len() as f64;
    figures.server_micros.push(micros(server.cpu_seconds() - cpu));
    figures.client_micros.push(micros(cpu_seconds("self") - own));
    figures.took.extend(took);
}
