//! What the service adds to the rows of a report: usage plan, customer, amount, user agent, country.
//!
//! Owns the tables of the operator and their state. INVARIANT: each addition is a lookup by values of the caller's own rows, so that a
//! report shows nothing of other tenants' plans and customers. Never asks a service on the internet about an address or a user agent.
//!
//! Reading order: [`plan_table`] (the table, and its CSV), [`plans`] (where it comes from), [`prices`], [`countries`].

pub mod plan_table;
mod csv;
pub mod plans;
pub mod prices;
pub mod countries;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use logmark_user_agents::{UNKNOWN, UserAgent};

use super::enrichment::{Agent, Enrichment, PlanAndCustomer};
use countries::Countries;
use plan_table::PlanTable;
use plans::Plans;
use prices::Prices;

/// The additions that the operator has configured. A reload of the configuration replaces them.
#[derive(Debug, Clone, Default)]
pub struct Enricher {
    /// Usage plans and customers.
    pub plans: Plans,
    /// Prices; `None`: reports have no amounts.
    pub prices: Option<Arc<Prices>>,
    /// Countries; `None`: reports have none.
    pub countries: Option<Arc<Countries>>,
}

impl Enricher {
    /// The additions for one report. `needs_plans`: the report has plans or customers, for which it may have to wait.
    pub async fn for_report(&self, needs_plans: bool) -> ReportEnrichment {
        let (table, note) = if needs_plans { self.plans.table().await } else { (None, None) };
        ReportEnrichment { table, prices: self.prices.clone(), countries: self.countries.clone(), note }
    }
}

/// The additions to one report: all of its rows are by the same tables.
#[derive(Debug, Clone, Default)]
pub struct ReportEnrichment {
    table: Option<Arc<PlanTable>>,
    prices: Option<Arc<Prices>>,
    countries: Option<Arc<Countries>>,
    note: Option<String>,
}

impl ReportEnrichment {
    /// What the report says about the age of plans and customers.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The currency of amounts.
    #[must_use]
    pub fn currency(&self) -> Option<&str> {
        self.prices.as_ref().map(|prices| prices.currency.as_str())
    }
}

impl Enrichment for ReportEnrichment {
    fn customer(&self, api: &str, stage: &str, key: &str) -> Option<PlanAndCustomer> {
        let table = self.table.as_ref()?;
        let plan = table.plan(api, stage, key).map(str::to_owned);
        let customer = table.customer(key).map(str::to_owned);
        (plan.is_some() || customer.is_some()).then_some(PlanAndCustomer { plan, customer })
    }

    fn agent(&self, user_agent: &str) -> Option<Agent> {
        let UserAgent { family, system, class } = logmark_user_agents::recognize(user_agent);
        let known = |name: Cow<'_, str>| (name != UNKNOWN).then(|| name.into_owned());
        Some(Agent { family: known(family), os: known(system), class })
    }

    fn country(&self, address: &str) -> Option<String> {
        self.countries.as_ref()?.country(address.parse::<IpAddr>().ok()?)
    }

    fn amount(&self, plan: Option<&str>, _customer: Option<&str>, requests: u64, bytes: u64) -> Option<f64> {
        Some(self.prices.as_ref()?.bill(plan, requests, bytes)?.total().to_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_plan_customer_agent_and_amount() {
        let table = PlanTable::from_csv("apiId,stage,keyId,planName,customer\na1,prod,k1,Gold,Ann\n").unwrap();
        let enrichment = ReportEnrichment { table: Some(Arc::new(table)), ..ReportEnrichment::default() };
        let found = |api, key| enrichment.customer(api, "prod", key).map(|found| (found.plan, found.customer));
        assert_eq!(found("a1", "k1"), Some((Some("Gold".to_owned()), Some("Ann".to_owned()))));
        assert_eq!(found("a2", "k1"), Some((None, Some("Ann".to_owned()))));
        assert_eq!(found("a1", "k2"), None);
        let agent = enrichment.agent("curl/8.5.0").unwrap();
        assert_eq!((agent.family.as_deref(), agent.os, agent.class.is_bot()), (Some("curl"), None, false));
        assert_eq!((enrichment.country("10.0.0.1"), enrichment.amount(None, None, 1, 1)), (None, None));
    }
}
