//! Values that the service adds to the rows of a report: usage plan, customer, user agent, country.
//!
//! Owns the interface. INVARIANT: an enrichment is a lookup by values of the caller's own rows, so a report shows nothing of other
//! tenants' plans and customers.

use std::fmt;

/// The usage plan and the customer of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanAndCustomer {
    /// The name of the plan.
    pub plan: Option<String>,
    /// The name of the customer.
    pub customer: Option<String>,
}

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentClass {
    /// A browser that a person uses.
    Browser,
    /// A crawler or another bot.
    Bot,
    /// A program or library, such as curl.
    Program,
}

impl AgentClass {
    /// The word in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Bot => "bot",
            Self::Program => "program",
        }
    }
}

/// A user agent, recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The product without its version.
    pub family: Option<String>,
    /// The operating system.
    pub os: Option<String>,
    /// What it is; `None`: not known.
    pub class: Option<AgentClass>,
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
