//! The endpoints of local sources as a part of the service: made, bound, served and left with it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{BuildError, listen};
use crate::aws_protocol::endpoint::{Endpoint, Shared};
use crate::config::Config;
use crate::config::endpoint::Endpoint as Settings;
use crate::config::source::{Source, SourceKind};
use crate::domain::name::NameError;
use crate::domain::time::Clock;
use crate::http::cursor::CursorSealer;
use crate::http::server::{self, ConnectionLimits};
use crate::sources::Sources;
use crate::telemetry::audit::AuditLog;

/// The sources that have endpoints, with their settings, in the order of the configuration.
fn configured(config: &Config) -> impl Iterator<Item = (&Source, &Settings)> {
    config.sources.iter().filter_map(|source| match &source.kind {
        SourceKind::Local { endpoint: Some(endpoint), .. } => Some((source, &**endpoint)),
        SourceKind::Local { .. } | SourceKind::CloudWatch(_) => None,
    })
}

/// The endpoints of the configuration's local sources.
pub(super) fn make(
    config: &Config,
    sources: &Sources,
    cursor_keys: &[[u8; 32]],
    clock: &Arc<dyn Clock>,
    audit: &AuditLog,
) -> Result<Vec<Arc<Endpoint>>, BuildError> {
    let mut endpoints = Vec::new();
    for (source, settings) in configured(config) {
        let shared = Shared {
            sources: sources.clone(),
            sealer: CursorSealer::new(cursor_keys)?,
            clock: Arc::clone(clock),
            request_time: config.server.limits.request_timeout,
            header_bytes: config.server.limits.max_header_bytes,
            audit: audit.clone(),
        };
        let failed = |why: NameError| BuildError::Source { name: source.name.to_string(), why: why.to_string() };
        endpoints.push(Endpoint::new(source.name.clone(), settings, shared).map_err(failed)?);
    }
    Ok(endpoints)
}

/// Takes their addresses: where each is bound, and its listener.
pub(super) async fn bind(config: &Config) -> Result<(Vec<SocketAddr>, Vec<TcpListener>), BuildError> {
    let (mut addresses, mut listeners) = (Vec::new(), Vec::new());
    for (_, settings) in configured(config) {
        let (listener, bound) = listen(settings.listen).await?;
        addresses.push(bound);
        listeners.push(listener);
    }
    Ok((addresses, listeners))
}

/// Serves them until the sender sends `true`; then they drain like the public listener.
pub(super) fn serve(
    endpoints: &[Arc<Endpoint>],
    listeners: Vec<TcpListener>,
    limits: ConnectionLimits,
) -> (watch::Sender<bool>, JoinSet<()>) {
    let (leave, leaving) = watch::channel(false);
    let mut served = JoinSet::new();
    for (endpoint, listener) in endpoints.iter().zip(listeners) {
        let (router, mut leaving) = (Arc::clone(endpoint).router(), leaving.clone());
        let endpoint = Arc::clone(endpoint);
        let stop = async move {
            drop(leaving.wait_for(|leaving| *leaving).await);
            endpoint.end_live_tails();
        };
        served.spawn(server::serve("aws", listener, router, None, limits, Arc::default(), stop));
    }
    (leave, served)
}

/// Endpoints that are to listen where another listener does.
pub(super) fn conflicts(config: &Config) -> Vec<String> {
    let taken = [("server.listen", config.server.listen), ("server.admin_listen", config.server.admin_listen)];
    let conflict = |(source, settings): (&Source, &Settings)| {
        let (key, _) = taken.iter().find(|(_, address)| *address == settings.listen && address.port() != 0)?;
        Some(format!("source `{}`: endpoint.listen is the address of `{key}`: give it another", source.name))
    };
    configured(config).filter_map(conflict).collect()
}
