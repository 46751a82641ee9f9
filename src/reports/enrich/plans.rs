//! Where the table of plans and customers comes from: a file of the configuration, or API Gateway.
//!
//! Owns reading it from API Gateway again: at the first report after the interval of the configuration, in the background, one reading at a time.
//! A failed reading changes nothing, and reports tell the age of the table. Works without a timer, because functions are frozen between
//! their requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::plan_table::PlanTable;
use crate::aws::usage_plans::{PlansAndKeys, UsagePlanReader};
use crate::domain::time::{Clock, Millis};

/// How long the first report waits for a table. Then it has no plans, and says so.
const FIRST_WAIT: Duration = Duration::from_secs(8);
/// The time after a failed reading before the next one.
const PAUSE_MILLIS: i64 = 30_000;

/// Where the table comes from.
#[derive(Debug, Clone, Default)]
pub enum Plans {
    /// Nowhere.
    #[default]
    None,
    /// A file of the configuration.
    File(Arc<PlanTable>),
    /// API Gateway.
    Gateway(Arc<GatewayPlans>),
}

impl Plans {
    /// The table for one report, and what the report says about it.
    pub async fn table(&self) -> (Option<Arc<PlanTable>>, Option<String>) {
        match self {
            Self::None => (None, None),
            Self::File(table) => (Some(Arc::clone(table)), None),
            Self::Gateway(plans) => Arc::clone(plans).table().await,
        }
    }
}

/// The table of API Gateway.
#[derive(Debug)]
pub struct GatewayPlans {
    reader: UsagePlanReader,
    /// The age at which the table is read again.
    refresh: Duration,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held while the table is read.
    reading: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    table: Option<(Arc<PlanTable>, Millis)>,
    failed_at: Option<Millis>,
}

impl GatewayPlans {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(reader: UsagePlanReader, refresh: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { reader, refresh, clock, state: Mutex::default(), reading: Arc::default() }
    }

    async fn table(self: Arc<Self>) -> (Option<Arc<PlanTable>>, Option<String>) {
        if self.is_due()
            && let Ok(alone) = Arc::clone(&self.reading).try_lock_owned()
        {
            let plans = Arc::clone(&self);
            tokio::spawn(async move {
                plans.read().await;
                drop(alone);
            });
        }
        if self.state().table.is_none() {
            let _in_time = tokio::time::timeout(FIRST_WAIT, self.reading.lock()).await;
        }
        let now = self.clock.now();
        let state = self.state();
        match &state.table {
            None => (None, Some("usage plans and customers are missing: they could not be read".to_owned())),
            // Twice the interval: a table that is being read again at this moment is not late.
            Some((table, read_at)) if now.0 - read_at.0 > 2 * self.refresh_millis() => {
                (Some(Arc::clone(table)), Some(format!("usage plans and customers are those of {read_at}")))
            }
            Some((table, _)) => (Some(Arc::clone(table)), None),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refresh_millis(&self) -> i64 {
        i64::try_from(self.refresh.as_millis()).unwrap_or(i64::MAX / 4)
    }

    fn is_due(&self) -> bool {
        let now = self.clock.now().0;
        let state = self.state();
        let is_old = state.table.as_ref().is_none_or(|(_, read_at)| now - read_at.0 >= self.refresh_millis());
        is_old && state.failed_at.is_none_or(|failed| now - failed.0 >= PAUSE_MILLIS)
    }

    async fn read(&self) {
        let begun = self.clock.now();
        match self.reader.read().await {
            Ok(read) => {
                let table = Arc::new(table_of(&read));
                tracing::debug!(plans = read.plans.len(), keys = read.keys.len(), "usage plans were read");
                *self.state() = State { table: Some((table, begun)), failed_at: None };
            }
            Err(error) => {
                tracing::warn!(%error, "usage plans of API Gateway were not read, so reports use the former ones: {error}");
                self.state().failed_at = Some(self.clock.now());
            }
        }
    }
}

/// The table of API Gateway's plans and keys. A name in the list of keys is newer than one in a plan.
fn table_of(read: &PlansAndKeys) -> PlanTable {
    let mut table = PlanTable::default();
    for plan in &read.plans {
        let name = Arc::from(plan.name.as_str());
        for key in &plan.keys {
            for stage in &plan.stages {
                table.set_plan((&stage.api_id, &stage.stage, &key.id), &name);
            }
        }
    }
    for key in read.plans.iter().flat_map(|plan| &plan.keys).chain(&read.keys) {
        if let Some(name) = key.name.as_deref().filter(|name| !name.is_empty()) {
            table.set_customer(&key.id, name);
        }
    }
    table
}

#[cfg(test)]
mod tests;
