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

use std::net::IpAddr;
use std::sync::Arc;

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

    /// The name of the usage plan.
    #[must_use]
    pub fn plan_name(&self, api: &str, stage: &str, key: &str) -> Option<&str> {
        self.table.as_ref()?.plan(api, stage, key)
    }

    /// The name of the customer.
    #[must_use]
    pub fn customer_name(&self, key: &str) -> Option<&str> {
        self.table.as_ref()?.customer(key)
    }

    /// The prices.
    #[must_use]
    pub fn prices(&self) -> Option<&Prices> {
        self.prices.as_deref()
    }

    /// The ISO 3166 code of the country of an address.
    #[must_use]
    pub fn country_of(&self, address: &str) -> Option<String> {
        self.countries.as_ref()?.country(address.parse::<IpAddr>().ok()?)
    }
}
