//! The state of the configuration for operators: when it was applied, and why a changed one is not.
//!
//! Owns that state, for `/readyz` and metrics. See also `service::reload`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::domain::time::Millis;
use crate::telemetry::metrics::{self, ConfigReload};

/// Errors that are kept. A folder of tenants' files can have many thousands.
pub const MAX_ERRORS: usize = 20;

/// Which configuration is in use.
#[derive(Debug)]
pub struct ConfigStatus(Mutex<State>);

#[derive(Debug)]
struct State {
    generation: u64,
    applied_at: Millis,
    refused: Option<RefusedConfig>,
}

/// A changed configuration that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedConfig {
    /// Its first errors.
    pub errors: Vec<String>,
    /// All of its errors.
    pub total: usize,
}

/// The state for `/readyz`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReport {
    /// 1 at the start; one more with each change.
    generation: u64,
    /// When it was applied.
    applied_at: Millis,
    /// The first errors of a changed configuration that is not used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    /// How many errors more there are.
    #[serde(skip_serializing_if = "is_zero")]
    more_errors: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's `skip_serializing_if` takes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl ConfigReport {
    /// Why a changed configuration is not used, in one line.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let first = self.errors.first()?;
        Some(match self.errors.len() + self.more_errors - 1 {
            0 => format!("the changed configuration is not used: {first}"),
            more => format!("the changed configuration is not used: {first}; and {more} more errors"),
        })
    }
}

impl ConfigStatus {
    /// The configuration of the start.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self(Mutex::new(State { generation: 1, applied_at: now, refused: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the metrics. Call it once they are collected.
    pub fn begin_metrics(&self, tenants: usize) {
        let state = self.state();
        metrics::config_begins();
        metrics::config_applied(state.generation, state.applied_at, tenants);
    }

    /// A changed configuration is in use from now on. Returns its generation.
    pub fn applied(&self, now: Millis, tenants: usize) -> u64 {
        let mut state = self.state();
        *state = State { generation: state.generation + 1, applied_at: now, refused: None };
        metrics::config_applied(state.generation, now, tenants);
        metrics::config_reload(ConfigReload::Applied);
        state.generation
    }

    /// The configuration was read again without errors, and equals the one in use.
    pub fn unchanged(&self) {
        self.state().refused = None;
        metrics::config_reload(ConfigReload::Unchanged);
    }

    /// A changed configuration has errors. Returns whether they are others than those of the last one.
    pub fn refused(&self, mut errors: Vec<String>) -> (RefusedConfig, bool) {
        let total = errors.len();
        errors.truncate(MAX_ERRORS);
        let refused = RefusedConfig { errors, total };
        let mut state = self.state();
        let is_new = state.refused.as_ref() != Some(&refused);
        state.refused = Some(refused.clone());
        metrics::config_reload(ConfigReload::Refused);
        (refused, is_new)
    }

    /// For `/readyz`.
    #[must_use]
    pub fn report(&self) -> ConfigReport {
        let state = self.state();
        let (errors, total) = state.refused.clone().map_or((Vec::new(), 0), |refused| (refused.errors, refused.total));
        ConfigReport {
            generation: state.generation,
            applied_at: state.applied_at,
            more_errors: total.saturating_sub(errors.len()),
            errors,
        }
    }
}
