//! Values that the service adds to the rows of a report: usage plan, customer, user agent, country.
//!
//! Owns the interface. INVARIANT: an enrichment is a lookup by values of the caller's own rows, so a report shows nothing of other
//! tenants' plans and customers.

use std::fmt;

use logmark_user_agents::Class;

/// The usage plan and the customer of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanAndCustomer {
    /// The name of the plan.
    pub plan: Option<String>,
    /// The name of the customer.
    pub customer: Option<String>,
}

/// A user agent, recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The product without its version.
    pub family: Option<String>,
    /// The operating system.
    pub os: Option<String>,
    /// What it is.
    pub class: Class,
}

/// Lookups.
pub trait Enrichment: fmt::Debug + Send + Sync {
    /// The plan and the customer of an API key at a stage of an API. `None`: not known.
    fn customer(&self, api: &str, stage: &str, key: &str) -> Option<PlanAndCustomer>;

    /// The user agent. `None`: not recognised.
    fn agent(&self, user_agent: &str) -> Option<Agent>;

    /// The country of an address, as its ISO 3166 code. `None`: not known.
    fn country(&self, address: &str) -> Option<String>;

    /// The amount for all requests of a customer, by the price model of its plan. `None`: no price model is configured.
    fn amount(&self, plan: Option<&str>, customer: Option<&str>, requests: u64, bytes: u64) -> Option<f64>;
}

/// No enrichment is configured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unenriched;

impl Enrichment for Unenriched {
    fn customer(&self, _: &str, _: &str, _: &str) -> Option<PlanAndCustomer> {
        None
    }

    fn agent(&self, _: &str) -> Option<Agent> {
        None
    }

    fn country(&self, _: &str) -> Option<String> {
        None
    }

    fn amount(&self, _: Option<&str>, _: Option<&str>, _: u64, _: u64) -> Option<f64> {
        None
    }
}
