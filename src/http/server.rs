//! Sockets: accepting, limiting, serving HTTP/1.1 and HTTP/2, and leaving without dropping anybody.
//!
//! Owns connections. Never looks into a request. Every wait on a peer has an end: handshake, first byte, headers, writes,
//! age (reference: hyper sets no limit of its own where no timer is given, and none before HTTP/2's first frame).

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use super::tls::{Certificates, TlsError};

use super::stall::StallGuard;
use super::unfinished::{Reset, Unfinished};
use crate::telemetry::metrics;

/// What bounds connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Open at a time, in all.
    pub total: usize,
    /// Open at a time from one address; `None`: no limit.
    pub per_address: Option<usize>,
    /// For a TLS handshake.
    pub handshake_time: Duration,
    /// For the first byte, and for a request's headers, each.
    pub header_time: Duration,
    /// How long a peer may leave a write unread.
    pub write_stall: Duration,
    /// How long an HTTP/2 connection may be silent before it is asked whether it still lives.
    pub idle: Duration,
    /// After so long a connection is asked to come again.
    pub age: Duration,
    /// Header bytes that the parser takes; more is refused by the parser itself.
    pub header_bytes: usize,
    /// How long open requests may go on after the service was told to stop.
    pub drain: Duration,
}

/// What counts as one address: an IPv4 address, or the 64 bits of an IPv6 address that one subscriber gets at least, since
/// the other 64 are the subscriber's to choose.
fn block_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        canonical => canonical,
    }
}

/// How many connections of a listener are open, in all and by address.
#[derive(Debug)]
struct Open {
    /// The listener, as figures name it.
    listener: &'static str,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// One open connection; counted until it is dropped.
struct Place {
    open: Arc<Open>,
    address: IpAddr,
}

impl Open {
    fn of(listener: &'static str) -> Arc<Self> {
        Arc::new(Self { listener, by_address: Mutex::default() })
    }

    fn place(self: &Arc<Self>, address: IpAddr, limits: ConnectionLimits) -> Result<Place, &'static str> {
        let address = block_of(address);
        let mut open = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let total: usize = open.values().sum();
        let from_here = open.get(&address).copied().unwrap_or(0);
        if total >= limits.total {
            return Err("total");
        }
        if limits.per_address.is_some_and(|most| from_here >= most) {
            return Err("address");
        }
        open.insert(address, from_here + 1);
        metrics::connections(self.listener, total + 1);
        Ok(Place { open: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
        metrics::connections(self.open.listener, open.values().sum());
    }
}

/// Serves until `stop` resolves, then lets open requests end within the drain time. Figures call the listener `name`.
pub async fn serve(
    name: &'static str,
    listener: TcpListener,
    router: Router,
    certificates: Option<Arc<Certificates>>,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let (leave, leaving) = watch::channel(false);
    let open = Open::of(name);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => match open.place(peer.ip(), limits) {
                Ok(place) => {
                    let connection = Connection { router: router.clone(), limits, leaving: leaving.clone() };
                    let certificates = certificates.clone();
                    connections.spawn(async move {
                        connection.run(stream, peer, certificates).await;
                        drop(place);
                    });
                }
                Err(limit) => metrics::connection_refused(limit),
            },
            Err(error) => {
                // Out of file descriptors, most likely: waiting lets some close; spinning would help nobody.
                tracing::warn!(error = %error, "can't accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let _receivers = leave.send(true);
    let drained = tokio::time::timeout(limits.drain, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(connections = connections.len(), "the drain time is over; {} connections are cut", connections.len());
    }
}

struct Connection {
    router: Router,
    limits: ConnectionLimits,
    leaving: watch::Receiver<bool>,
}

impl Connection {
    async fn run(self, stream: TcpStream, peer: SocketAddr, certificates: Option<Arc<Certificates>>) {
        let _best_effort = stream.set_nodelay(true);
        let limits = self.limits;
        let Some(certificates) = certificates else {
            return self.serve(StallGuard::new(stream, limits.header_time, limits.write_stall)).await;
        };
        match tokio::time::timeout(limits.handshake_time, certificates.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.serve(StallGuard::new(stream, limits.header_time, limits.write_stall)).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
            Err(_elapsed) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn serve<Io: AsyncRead + AsyncWrite + Reset + Unpin + Send + 'static>(mut self, io: StallGuard<Io>) {
        let builder = builder(self.limits);
        let unfinished = Unfinished::default();
        let io = io.watching(unfinished.clone());
        let router = TowerToHyperService::new(self.router);
        let service = service_fn(move |request: Request<Incoming>| {
            let (version, method) = (request.version(), request.method().clone());
            let (answer, unfinished) = (router.call(request), unfinished.clone());
            async move { answer.await.map(|answer| unfinished.watch(version, &method, answer)) }
        });
        let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
        let mut age = pin!(tokio::time::sleep_until(Instant::now() + self.limits.age));
        let mut asked_to_leave = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                _ = self.leaving.wait_for(|leaving| *leaving), if !asked_to_leave => {
                    asked_to_leave = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = &mut age, if !asked_to_leave => {
                    asked_to_leave = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn builder(limits: ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_bytes.max(8192))
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        .max_send_buf_size(256 * 1024)
        .keep_alive_interval(limits.idle)
        .keep_alive_timeout(limits.header_time);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_one_subscriber_has() {
        for (one, other, expected) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("::1", "::2", true),
        ] {
            let block = |text: &str| block_of(text.parse().unwrap());
            assert_eq!(block(one) == block(other), expected, "{one} {other}");
        }
    }
}
