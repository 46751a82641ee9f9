//! Sockets: accepting and limiting connections, serving HTTP/1.1 and HTTP/2, and draining at shutdown.
//!
//! Owns connections. Never reads a request's contents. Every wait for a peer has a limit: handshake, first byte, headers, writes, age
//! (hyper has no limit without a timer, and none before HTTP/2's first frame).

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use http::header::CONTENT_TYPE;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt as _;

pub use super::tls::{Certificates, TlsError};

use super::activity::{ActiveRequest, Activity};
use super::client_address::{ClientAddress, Peer, Proxies, block_of};
use super::incomplete_body::{IncompleteBody, ResetOnClose};
use super::listener_load::{ConnectionGuard, ListenerLoad, LongLived, RequestGuard};
use super::problem::ApiError;
use super::progress::{Progress, WatchedBody};
use super::stall_guard::{PeerTimeouts, StallGuard};
use crate::telemetry::metrics;

/// The limits of connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Open connections in all.
    pub total: usize,
    /// Open connections from one address; `None`: no limit.
    pub per_address: Option<usize>,
    /// Requests whose answers are not sent yet, in all.
    pub requests: usize,
    /// The same from one address; `None`: no limit.
    pub requests_per_address: Option<usize>,
    /// Time for a TLS handshake.
    pub handshake_time: Duration,
    /// Time for the first byte of a connection, and from the first byte of a request to the last of its headers, each.
    pub header_time: Duration,
    /// How long a peer may leave a write unread, and an answer without progress.
    pub write_stall: Duration,
    /// How long a connection can be idle before it is closed. An HTTP/2 peer that is silent for this time while a request runs gets a
    /// ping.
    pub idle: Duration,
    /// Age at which a connection is closed gracefully.
    pub age: Duration,
    /// Header bytes that the parser accepts.
    pub header_bytes: usize,
    /// How long open requests can continue after the service is told to stop.
    pub drain: Duration,
}

impl ConnectionLimits {
    /// The limits for a peer. A trusted proxy has the connections of many clients, so the limits for one address do not apply to it.
    fn of_peer(self, is_trusted_proxy: bool) -> Self {
        Self { per_address: self.per_address.filter(|_| !is_trusted_proxy), ..self }
    }
}

/// The phases of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ShutdownPhase {
    Serving,
    /// No new requests; answers that make progress are sent.
    Draining,
    /// The drain time has ended.
    Closed,
}

/// Serves until `stop` resolves, then lets open requests end within the drain time. `name` is the listener in metrics.
pub async fn serve(
    name: &'static str,
    listener: TcpListener,
    router: Router,
    certificates: Option<Arc<Certificates>>,
    limits: ConnectionLimits,
    proxies: Arc<Proxies>,
    stop: impl Future<Output = ()>,
) {
    let (phases, phase) = watch::channel(ShutdownPhase::Serving);
    let load = ListenerLoad::new(name);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => match load.admit_connection(peer.ip(), limits.of_peer(proxies.trusts(peer.ip()))) {
                Ok(connection_guard) => {
                    let limits = limits.of_peer(proxies.trusts(peer.ip()));
                    let (phase, proxies) = (phase.clone(), Arc::clone(&proxies));
                    let connection =
                        Connection { router: router.clone(), peer: peer.ip(), proxies, limits, phase, connection_guard };
                    connections.spawn(connection.run(stream, peer, certificates.clone()));
                }
                Err(limit) => metrics::connection_refused(name, limit),
            },
            Err(error) => {
                // Most likely out of file descriptors. Wait, so that some are closed.
                tracing::warn!(error = %error, "cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    phases.send_replace(ShutdownPhase::Draining);
    let drained = tokio::time::timeout(limits.drain, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(connections = connections.len(), "the drain time has ended: {} connections are closed", connections.len());
    }
    // Ends the tasks of HTTP/2 streams.
    phases.send_replace(ShutdownPhase::Closed);
}

/// The counters of an answer until it is sent: the listener's requests and the connection's running requests.
type ResponseGuards = (Option<RequestGuard>, ActiveRequest);

struct Connection {
    router: Router,
    peer: IpAddr,
    proxies: Arc<Proxies>,
    limits: ConnectionLimits,
    phase: watch::Receiver<ShutdownPhase>,
    /// Given back with the connection.
    connection_guard: ConnectionGuard,
}

impl Connection {
    async fn run(self, stream: TcpStream, peer: SocketAddr, certificates: Option<Arc<Certificates>>) {
        let _best_effort = stream.set_nodelay(true);
        let limits = self.limits;
        detect_dead_peer(&stream, limits.write_stall);
        let Some(certificates) = certificates else {
            return self.serve(stream).await;
        };
        match tokio::time::timeout(limits.handshake_time, certificates.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
            Err(_elapsed) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn serve<Io: AsyncRead + AsyncWrite + ResetOnClose + Unpin + Send + 'static>(self, io: Io) {
        let activity = Activity::new();
        let incomplete_body = IncompleteBody::default();
        let timeouts = PeerTimeouts { headers: self.limits.header_time, idle: self.limits.idle, write: self.limits.write_stall };
        let io = StallGuard::new(io, timeouts, Arc::clone(&activity)).watching(incomplete_body.clone());
        let streams = StreamExecutor { limits: self.limits, phase: self.phase.clone() };
        let (builder, service, end) = (builder(self.limits, streams.clone()), self.service(&activity, incomplete_body), streams);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
        // For answers over HTTP/1.1, which are sent here. Those over HTTP/2 are tasks of their own.
        let progress = Progress::new();
        let mut signals = signals(end, Arc::clone(&progress), self.limits, self.phase, activity);
        loop {
            tokio::select! {
                biased;
                aborted = progress.watch(connection.as_mut()) => {
                    if let Err(error) = aborted {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                Some(signal) = signals.next() => match signal {
                    Signal::Abort(reason) => {
                        tracing::debug!("a connection is closed: {reason}");
                        return;
                    }
                    Signal::ShutDown => connection.as_mut().graceful_shutdown(),
                }
            }
        }
    }

    /// The router for requests of this connection. Each request counts until its answer is sent, and the answer's progress is watched.
    fn service(
        &self,
        activity: &Arc<Activity>,
        incomplete_body: IncompleteBody,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = Response<WatchedBody<ResponseGuards>>,
        Error = Infallible,
        Future = impl Future<Output = Result<Response<WatchedBody<ResponseGuards>>, Infallible>> + Send + use<>,
    > + Send
    + use<> {
        let (router, limits, activity) = (self.router.clone(), self.limits, Arc::clone(activity));
        let (load, peer, proxies) = (Arc::clone(&self.connection_guard.load), self.peer, Arc::clone(&self.proxies));
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            let client = proxies.client(peer, request.headers());
            let (listener, active_request) = (load.listener, activity.begin());
            let (router, counted) = (router.clone(), load.admit_request(block_of(client), limits));
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(ClientAddress(client));
            let (version, method, incomplete_body) = (request.version(), request.method().clone(), incomplete_body.clone());
            async move {
                match counted {
                    Ok(request_guard) => {
                        let response = incomplete_body.watch(version, &method, router.oneshot(request).await?);
                        let is_long_lived = response.extensions().get::<LongLived>().is_some();
                        let request_guard = Some(request_guard).filter(|_| !is_long_lived);
                        Ok(response.map(|body| WatchedBody::new(body, (request_guard, active_request))))
                    }
                    Err(limit) => {
                        metrics::request_refused(listener, limit);
                        Ok(overloaded(request.version()).map(|body| WatchedBody::new(body, (None, active_request))))
                    }
                }
            }
        })
    }
}

/// What ends a connection.
enum Signal {
    /// At once, for this reason.
    Abort(&'static str),
    /// After the running requests.
    ShutDown,
}

/// Waits for all that ends a connection. Each wait is polled only when it is woken itself: a connection is polled for every read and
/// write, and polling all of its timers with it takes longer than a small request.
fn signals(
    streams: StreamExecutor,
    progress: Arc<Progress>,
    limits: ConnectionLimits,
    mut phase: watch::Receiver<ShutdownPhase>,
    activity: Arc<Activity>,
) -> FuturesUnordered<BoxFuture<'static, Signal>> {
    let stalled: BoxFuture<'static, Signal> = Box::pin(async move { Signal::Abort(streams.aborted(progress).await) });
    let draining: BoxFuture<'static, Signal> = Box::pin(async move {
        drop(phase.wait_for(|phase| *phase >= ShutdownPhase::Draining).await);
        Signal::ShutDown
    });
    let ends = Instant::now() + limits.age;
    let idle_or_old: BoxFuture<'static, Signal> = Box::pin(async move {
        tokio::select! {
            () = activity.idle_for(limits.idle) => {}
            () = tokio::time::sleep_until(ends) => {}
        }
        Signal::ShutDown
    });
    [stalled, draining, idle_or_old].into_iter().collect()
}

/// Closes the connection when the peer's machine has not acknowledged sent bytes for this time. An answer with little to send, such as
/// a live tail, does not fill the socket's buffer, so the limit for writes alone would not notice that the peer is gone.
#[cfg(target_os = "linux")]
fn detect_dead_peer(stream: &TcpStream, timeout: Duration) {
    let _best_effort = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(timeout));
}

#[cfg(not(target_os = "linux"))]
fn detect_dead_peer(_stream: &TcpStream, _timeout: Duration) {}

/// The answer to a request over the limits. Over HTTP/2 it has no body, since a peer that reads none could make many of them wait.
fn overloaded(version: Version) -> Response<Body> {
    let response = ApiError::Overloaded.problem().into_http("");
    if version < Version::HTTP_2 {
        return response;
    }
    let mut response = response.map(|_| Body::empty());
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// Runs the streams of an HTTP/2 connection, each as a task, and ends those whose answers make no progress: the peer gets
/// `RST_STREAM`, and their memory is released.
#[derive(Debug, Clone)]
struct StreamExecutor {
    limits: ConnectionLimits,
    phase: watch::Receiver<ShutdownPhase>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for StreamExecutor {
    fn execute(&self, stream: F) {
        let aborted = self.clone();
        tokio::spawn(async move {
            let progress = Progress::new();
            tokio::select! {
                biased;
                () = progress.watch(stream) => {}
                reason = aborted.aborted(Arc::clone(&progress)) => tracing::debug!("a stream is reset: {reason}"),
            }
        });
    }
}

impl StreamExecutor {
    /// Waits until an answer must end: it makes no progress, or the service stops. During a shutdown an answer without progress gets
    /// half of the drain time, so that it does not delay the shutdown.
    async fn aborted(mut self, progress: Arc<Progress>) -> &'static str {
        let limits = self.limits;
        let mut closed = self.phase.clone();
        let draining = async {
            drop(self.phase.wait_for(|phase| *phase >= ShutdownPhase::Draining).await);
            progress.stalled(limits.write_stall.min(limits.drain / 2)).await;
        };
        tokio::select! {
            () = progress.stalled(limits.write_stall) => "its answer makes no progress",
            () = draining => "its answer makes no progress, and the service ends",
            _ = closed.wait_for(|phase| *phase == ShutdownPhase::Closed) => "the service ends",
        }
    }
}

/// Bytes of a request's body that an HTTP/2 stream buffers. Bodies are small.
const STREAM_WINDOW: u32 = 64 * 1024;
/// The same for all streams of a connection.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// Concurrent streams of a connection.
const MAX_STREAMS: u32 = 100;

fn builder(limits: ConnectionLimits, streams: StreamExecutor) -> auto::Builder<StreamExecutor> {
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        // The timer of `stall_guard` begins with a request's first byte, not with the end of the last answer.
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes.max(8192))
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        .max_send_buf_size(256 * 1024)
        .keep_alive_interval(limits.idle)
        .keep_alive_timeout(limits.header_time);
    builder
}
