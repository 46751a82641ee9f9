//! Opens the sources of a configuration.
//!
//! Owns the settings of each kind of source, made from the configuration's.

use std::sync::Arc;

use super::BuildError;
use crate::config::source::SourceKind;
use crate::config::{self, Config};
use crate::domain::name::SourceName;
use crate::domain::time::Clock;
use crate::outbound::Outbound;
use crate::sources::Source;
use crate::sources::cloudwatch::settings::QuotaRefresh;
use crate::sources::cloudwatch::{Accounts, CloudWatch, DEFAULT_DEADLINE, Settings};
use crate::sources::local_settings::LocalQuerySettings;

fn endpoint(cloudwatch: &config::cloudwatch::CloudWatch) -> Result<Option<http::Uri>, String> {
    let parse = |url: &url::Url| url.as_str().parse().map_err(|error: http::uri::InvalidUri| format!("endpoint: {error}"));
    cloudwatch.endpoint.as_ref().map(parse).transpose()
}

/// The settings of a CloudWatch source.
pub(super) fn settings_of(
    name: &SourceName,
    cloudwatch: &config::cloudwatch::CloudWatch,
    config: &Config,
) -> Result<Settings, String> {
    Ok(Settings {
        // Shorter than the timeout of the request, so that a slow or throttled source is reported as such.
        deadline: DEFAULT_DEADLINE.min(config.server.limits.work_time),
        endpoint: endpoint(cloudwatch)?,
        assume_role: cloudwatch.assume_role.as_ref().map(ToString::to_string),
        external_id: cloudwatch.external_id.as_ref().map(ToString::to_string),
        account: cloudwatch.account.as_ref().map(ToString::to_string),
        quotas: cloudwatch.quotas(),
        service_quotas: cloudwatch.reads_quotas.then(|| QuotaRefresh { endpoint: None, given: cloudwatch.given_quotas.clone() }),
        cache: cloudwatch.cache,
        queries: cloudwatch.queries,
        tail: cloudwatch.tail,
        ..Settings::new(name.clone(), cloudwatch.region.as_str())
    })
}

/// The open sources.
pub(super) struct Opened {
    pub(super) sources: Vec<(SourceName, Arc<dyn Source>)>,
    #[cfg(feature = "local")]
    pub(super) stores: Vec<logmark_store::Store>,
    /// The CloudWatch sources among them, for their background tasks.
    pub(super) cloudwatch: Vec<Arc<CloudWatch>>,
}

impl Opened {
    pub(super) async fn open(config: &Config, outbound: &Outbound, clock: &Arc<dyn Clock>) -> Result<Self, BuildError> {
        let mut opened = Self {
            sources: Vec::new(),
            #[cfg(feature = "local")]
            stores: Vec::new(),
            cloudwatch: Vec::new(),
        };
        let accounts = Accounts::default();
        for source in &config.sources {
            let failed = |why: String| BuildError::Source { name: source.name.to_string(), why };
            let made: Arc<dyn Source> = match &source.kind {
                SourceKind::CloudWatch(cloudwatch) => {
                    let settings = settings_of(&source.name, cloudwatch, config).map_err(failed)?;
                    let made = CloudWatch::connect(settings, outbound.clone(), Arc::clone(clock), &accounts);
                    let made = Arc::new(made.map_err(|error| failed(error.to_string()))?);
                    opened.cloudwatch.push(Arc::clone(&made));
                    made
                }
                SourceKind::Local { path, queries, .. } => opened.local(&source.name, path, *queries, clock).await?,
            };
            opened.sources.push((source.name.clone(), made));
        }
        Ok(opened)
    }

    #[cfg(feature = "local")]
    async fn local(
        &mut self,
        name: &SourceName,
        path: &std::path::Path,
        queries: LocalQuerySettings,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn Source>, BuildError> {
        use logmark_store::{Options, Store};
        let failed = |why: String| BuildError::Source { name: name.to_string(), why };
        let directory = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || Store::open(&directory, Options::default())).await;
        let store = opening.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
        self.stores.push(store.clone());
        let source = crate::sources::local::Local::new(name.clone(), store, path, queries, Arc::clone(clock));
        Ok(Arc::new(source.map_err(|error| failed(format!("no threads for queries: {error}")))?))
    }

    #[cfg(not(feature = "local"))]
    #[expect(clippy::unused_async, reason = "has the form of the one that opens stores")]
    async fn local(
        &mut self,
        name: &SourceName,
        _path: &std::path::Path,
        _queries: LocalQuerySettings,
        _clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn Source>, BuildError> {
        Err(BuildError::NoLocal(name.to_string()))
    }
}
