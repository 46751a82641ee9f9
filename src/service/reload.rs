//! Reading the configuration again while the service runs: at a request (SIGHUP), and when its files change.
//!
//! Owns when it is read, and applying it. INVARIANT: all or nothing. A configuration with an error, or with a change that needs a
//! restart, changes nothing; its errors are in the log, in `/readyz` and in a metric.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{cursor_keys, enricher, issuer_names, preflight};
use crate::auth::snapshot::PolicySnapshot;
use crate::aws_protocol::endpoint::Endpoint;
use crate::config::Config;
use crate::config::changes::{fixed_keys_changed, has_changes};
use crate::config::loader::Loader;
use crate::http::AppState;
use crate::http::config_status::RefusedConfig;
use crate::http::server::Certificates;
use crate::telemetry::log;

/// The time between two looks at the files. With the time to settle and to read, a change is applied within 5 seconds.
const LOOK: Duration = Duration::from_secs(2);
/// The time in which files must not change before they are read, so that a file that is being written is read at its end.
const SETTLE: Duration = Duration::from_millis(300);
/// Files that change all the time are read after this many times to settle.
const MAX_SETTLES: u32 = 5;
/// Warnings of a configuration in the log at most.
const MAX_WARNINGS: usize = 20;

/// Why the configuration is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
    /// A request of the operator.
    Request,
    /// A file has changed.
    Files,
}

/// Reads and applies the configuration of one service.
#[derive(Debug)]
pub(super) struct Reloader {
    loader: Arc<Mutex<Loader>>,
    current: Config,
    app: AppState,
    endpoints: Vec<Arc<Endpoint>>,
    certificates: Option<Arc<Certificates>>,
    requests: Arc<Notify>,
}

/// What a service needs to read its configuration again.
#[derive(Debug)]
pub(super) struct Reloading {
    /// Reads it. It has read `current` before.
    pub(super) loader: Loader,
    /// The configuration in use.
    pub(super) current: Config,
    /// Notified when the configuration must be read now.
    pub(super) requests: Arc<Notify>,
}

impl Reloader {
    pub(super) fn new(
        reloading: Reloading,
        app: AppState,
        endpoints: Vec<Arc<Endpoint>>,
        certificates: Option<Arc<Certificates>>,
    ) -> Self {
        let Reloading { loader, current, requests } = reloading;
        Self { loader: Arc::new(Mutex::new(loader)), current, app, endpoints, certificates, requests }
    }

    /// Runs until the service ends.
    pub(super) async fn run(mut self) {
        loop {
            let requests = Arc::clone(&self.requests);
            let trigger = tokio::select! {
                () = requests.notified() => Some(Trigger::Request),
                () = tokio::time::sleep(LOOK) => self.has_changed().await.then_some(Trigger::Files),
            };
            if let Some(trigger) = trigger {
                self.reload(trigger).await;
            }
        }
    }

    /// Does something with the loader, off the threads of requests: it reads files.
    async fn with_loader<T: Send + 'static>(&self, act: impl FnOnce(&mut Loader) -> T + Send + 'static) -> Option<T> {
        let loader = Arc::clone(&self.loader);
        let task = tokio::task::spawn_blocking(move || act(&mut loader.lock().unwrap_or_else(PoisonError::into_inner)));
        match task.await {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::error!(error = %error, "reading the configuration failed: {error}");
                None
            }
        }
    }

    /// Whether a file has changed since it was read, and all have settled.
    async fn has_changed(&self) -> bool {
        let changed = self.with_loader(|loader| {
            let now = loader.scan();
            (now != *loader.seen()).then_some(now)
        });
        let Some(Some(mut last)) = changed.await else { return false };
        for _ in 0..MAX_SETTLES {
            tokio::time::sleep(SETTLE).await;
            let Some(now) = self.with_loader(|loader| loader.scan()).await else { return false };
            if now == last {
                break;
            }
            last = now;
        }
        true
    }

    async fn reload(&mut self, trigger: Trigger) {
        let begun = Instant::now();
        let read = self.with_loader(|loader| {
            let config = loader.load().map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
            let problems = preflight(&config);
            if problems.is_empty() { Ok(config) } else { Err(problems) }
        });
        let Some(read) = read.await else { return };
        match read.and_then(|config| self.apply(config, trigger)) {
            Ok(Some(generation)) => {
                let tenants = self.current.tenants.named.len();
                let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(
                    config.generation = generation,
                    tenants,
                    duration_ms,
                    "the configuration was reloaded: generation {generation}, {tenants} tenants"
                );
                for warning in self.current.warnings.iter().take(MAX_WARNINGS) {
                    tracing::warn!("{warning}");
                }
            }
            Ok(None) => tracing::info!("the configuration was read again: nothing to apply"),
            Err(errors) => self.refuse(errors),
        }
    }

    /// Reports a configuration that is not used. The same errors as last time are not repeated.
    fn refuse(&self, errors: Vec<String>) {
        let (RefusedConfig { errors, total }, is_new) = self.app.config_status().refused(errors);
        if is_new {
            for error in &errors {
                tracing::error!(config.error = error, "the changed configuration is not used: {error}");
            }
        }
        let more = if total > errors.len() { format!(", of which {} are shown", errors.len()) } else { String::new() };
        let errors = if total == 1 { "1 error" } else { "errors" };
        let count = if total == 1 { errors.to_owned() } else { format!("{total} {errors}") };
        tracing::error!(
            config.errors = total,
            "the changed configuration has {count}{more}, so nothing of it is used and the former one stays in use"
        );
    }

    /// Replaces what has changed. Returns the new generation; `None` if nothing has changed.
    fn apply(&mut self, config: Config, trigger: Trigger) -> Result<Option<u64>, Vec<String>> {
        let fixed = fixed_keys_changed(&self.current, &config);
        if !fixed.is_empty() {
            return Err(fixed
                .iter()
                .map(|key| format!("`{key}` has changed, which a running service cannot apply: restart it"))
                .collect());
        }
        let before = self.app.policy();
        if !has_changes(&self.current, &config) {
            self.app.config_status().unchanged();
            self.read_keys(trigger);
            return Ok(None);
        }
        // Everything that can fail comes first.
        let verifier = if before.verifier.has_rules(&config.issuers) {
            Arc::clone(&before.verifier)
        } else {
            let verifier = before.verifier.with_rules(config.issuers.clone());
            Arc::new(verifier.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?)
        };
        let certificate = match &config.server.tls {
            Some(tls) if self.current.server.tls != config.server.tls => {
                Some(Certificates::check(&tls.cert, &tls.key).map_err(|error| vec![format!("server.tls: {error}")])?)
            }
            _ => None,
        };
        let enricher = match config.reports == self.current.reports {
            true => None,
            false => Some(enricher::remade(&config.reports, &self.current.reports, &self.app).map_err(|error| vec![error])?),
        };
        let keys = cursor_keys(&config);
        let mut sealers = self.endpoints.iter().map(|endpoint| &endpoint.sealer).chain([self.app.sealer()]);
        sealers
            .try_for_each(|sealer| sealer.replace_keys(&keys))
            .map_err(|error| vec![format!("server.cursor_keys: {error}")])?;
        if let Err(error) = log::set_filter(config.telemetry.log_level.as_str()) {
            return Err(vec![format!("telemetry.log_level: {error}")]);
        }
        if let (Some(certificates), Some(certificate)) = (&self.certificates, certificate) {
            certificates.replace(certificate);
        }
        if let Some(enricher) = enricher {
            self.app.replace_enricher(enricher);
        }
        self.app.replace_configured_formats(config.log_formats.clone());
        let tenants = Arc::clone(&config.tenants);
        let count = tenants.named.len();
        self.app.replace_policy(PolicySnapshot { verifier, tenants, issuers: issuer_names(&config) });
        self.current = config;
        let generation = self.app.config_status().applied(self.app.now(), count);
        self.read_keys(trigger);
        Ok(Some(generation))
    }

    /// Reads the keys of issuers again: at a request those of all, else those in files and of new issuers. Then open live tails check
    /// their permission once more, since a key may have been withdrawn.
    fn read_keys(&self, trigger: Trigger) {
        let app = self.app.clone();
        tokio::spawn(async move {
            let policy = app.policy();
            match trigger {
                Trigger::Request => policy.verifier.refresh().await,
                Trigger::Files => policy.verifier.refresh_local().await,
            }
            app.check_permissions();
        });
    }
}
