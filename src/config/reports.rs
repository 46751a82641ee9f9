//! `[reports]`: what the service adds to access-log reports.
//!
//! Owns the section's keys. Reads the two files that it names, the table of plans and the database of countries, so that a wrong one is an
//! error of the configuration, and a changed one is used after a reload. Never calls AWS.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::cloudwatch::{ExternalId, Region, RoleArn};
use super::validation::Key;
use super::values;
use crate::reports::enrich::countries::Countries;
use crate::reports::enrich::plan_table::PlanTable;
use crate::reports::enrich::prices::{Money, Price, PriceModel, Prices, Tier, TransferUnit};

/// The largest table of plans.
const MAX_PLANS_BYTES: u64 = 64 << 20;

/// `[reports]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reports {
    /// `LOGMARK__REPORTS__PLANS`, or `LOGMARK__REPORTS__API_GATEWAY__…`; none.
    pub plans: PlanSource,
    /// `LOGMARK__REPORTS__COUNTRIES`; none. A `MaxMind` database.
    pub countries: Option<Arc<Countries>>,
    /// `LOGMARK__REPORTS__PRICES__…`; none.
    pub prices: Option<Arc<Prices>>,
}

/// Where usage plans and customers come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum PlanSource {
    /// Nowhere.
    #[default]
    None,
    /// A CSV file.
    File(Arc<PlanTable>),
    /// API Gateway.
    ApiGateway(Box<ApiGateway>),
}

/// `[reports.api_gateway]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiGateway {
    /// `…__REGION`, required.
    pub region: Region,
    /// `…__ENDPOINT`; absent: the endpoint of AWS. For a compatible server.
    pub endpoint: Option<Url>,
    /// `…__ASSUME_ROLE`; absent: the credentials of the process.
    pub assume_role: Option<RoleArn>,
    /// `…__EXTERNAL_ID`, only with a role; absent: none.
    pub external_id: Option<ExternalId>,
    /// `…__REFRESH`; 10m. The age at which plans and keys are read again.
    pub refresh: Duration,
}

/// `[reports]` as written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawReports {
    plans: Option<String>,
    api_gateway: Option<RawApiGateway>,
    countries: Option<String>,
    prices: Option<RawPrices>,
}

#[derive(Deserialize)]
#[serde(default)]
struct RawApiGateway {
    region: Option<Region>,
    #[serde(deserialize_with = "values::base_url")]
    endpoint: Option<Url>,
    assume_role: Option<RoleArn>,
    external_id: Option<ExternalId>,
    #[serde(deserialize_with = "values::duration::<60, 86_400, _>")]
    refresh: Duration,
}

impl Default for RawApiGateway {
    fn default() -> Self {
        Self { region: None, endpoint: None, assume_role: None, external_id: None, refresh: Duration::from_secs(600) }
    }
}

/// `[reports.prices]` as written: the default price, and those of plans.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPrices {
    currency: Option<String>,
    model: Option<ModelKind>,
    per_request: Option<f64>,
    tiers: Option<Vec<RawTier>>,
    base_fee: Option<f64>,
    cost_per_request: Option<f64>,
    #[serde(deserialize_with = "values::optional_integer::<0, { 1 << 60 }, _, _>")]
    free_requests: Option<u64>,
    per_gb: Option<f64>,
    per_gib: Option<f64>,
    plans: BTreeMap<String, RawPrice>,
}

/// A price as written. `RawPrices` has the same keys.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPrice {
    model: Option<ModelKind>,
    per_request: Option<f64>,
    tiers: Option<Vec<RawTier>>,
    base_fee: Option<f64>,
    cost_per_request: Option<f64>,
    #[serde(deserialize_with = "values::optional_integer::<0, { 1 << 60 }, _, _>")]
    free_requests: Option<u64>,
    per_gb: Option<f64>,
    per_gib: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTier {
    #[serde(deserialize_with = "values::optional_integer::<1, { 1 << 60 }, _, _>")]
    up_to: Option<u64>,
    per_request: Option<f64>,
}

/// The price models.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ModelKind {
    Consumption,
    Tiered,
    Subscription,
    Freemium,
}

/// The keys that charge requests, and the models that have them.
const CHARGES: [(&str, &[ModelKind]); 5] = [
    ("per_request", &[ModelKind::Consumption, ModelKind::Freemium]),
    ("tiers", &[ModelKind::Tiered]),
    ("base_fee", &[ModelKind::Subscription]),
    ("cost_per_request", &[ModelKind::Subscription]),
    ("free_requests", &[ModelKind::Freemium]),
];

const NO_TIERS: &str = "write at least one tier, such as `{ per_request = 0.0000035 }`";

/// Checks the section, and reads the files that it names.
pub(super) fn validate(raw: RawReports, key: &Key<'_>) -> Reports {
    let RawReports { plans, api_gateway, countries, prices } = raw;
    if plans.is_some() && api_gateway.is_some() {
        key.key("api_gateway").key_error("excludes `plans`: remove one of the two");
    }
    let source = match (plans, api_gateway) {
        (Some(path), _) => read_plans(&path, &key.key("plans")).map_or(PlanSource::None, PlanSource::File),
        (None, Some(raw)) => validate_gateway(raw, &key.key("api_gateway")),
        (None, None) => PlanSource::None,
    };
    let countries = countries.and_then(|path| {
        let key = key.key("countries");
        let path = key.readable(&path)?;
        let opened = Countries::open(&path).map_err(|error| format!("the file `{}` {error}", path.display()));
        key.check(opened).map(Arc::new)
    });
    let prices = prices.and_then(|raw| validate_prices(raw, &key.key("prices"))).map(Arc::new);
    Reports { plans: source, countries, prices }
}

fn read_plans(text: &str, key: &Key<'_>) -> Option<Arc<PlanTable>> {
    let path = key.readable(text)?;
    let text = key.check(read_text(&path))?;
    match PlanTable::from_csv(&text) {
        Ok(table) => Some(Arc::new(table)),
        Err(errors) => {
            for error in errors {
                key.error(format_args!("the file `{}`: {error}", path.display()));
            }
            None
        }
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::InvalidData => format!("the file `{shown}` is not UTF-8 text"),
        _ => format!("the file `{shown}` cannot be read: {error}"),
    };
    if std::fs::metadata(path).map_err(failed)?.len() > MAX_PLANS_BYTES {
        return Err(format!("the file `{shown}` is larger than 64 MiB"));
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn validate_gateway(raw: RawApiGateway, key: &Key<'_>) -> PlanSource {
    key.key("region").require("write the region of the APIs, such as `eu-central-1`");
    if raw.external_id.is_some() && raw.assume_role.is_none() && !key.key("assume_role").is_set() {
        key.key("external_id").error("requires `assume_role`, which is missing");
    }
    let RawApiGateway { region, endpoint, assume_role, external_id, refresh } = raw;
    match region {
        Some(region) => PlanSource::ApiGateway(Box::new(ApiGateway { region, endpoint, assume_role, external_id, refresh })),
        None => PlanSource::None,
    }
}

fn validate_prices(raw: RawPrices, key: &Key<'_>) -> Option<Prices> {
    let RawPrices { currency, model, per_request, tiers, base_fee, cost_per_request, free_requests, per_gb, per_gib, plans } =
        raw;
    let currency = currency.unwrap_or_else(|| "USD".to_owned());
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        key.key("currency").error("is not the code of a currency: write it as ISO 4217 does, such as `USD`");
    }
    let raw = RawPrice { model, per_request, tiers, base_fee, cost_per_request, free_requests, per_gb, per_gib };
    let has_default = raw.model.is_some() || plans.is_empty() || CHARGES.iter().any(|(name, _)| key.key(name).is_set());
    let default = if has_default { validate_price(raw, key) } else { None };
    let plan_keys = key.key("plans");
    let plans = plans
        .into_iter()
        .filter_map(|(name, raw)| {
            let price = validate_price(raw, &plan_keys.key(&name))?;
            Some((name, price))
        })
        .collect();
    Some(Prices { currency, default, plans })
}

fn validate_price(raw: RawPrice, key: &Key<'_>) -> Option<Price> {
    key.key("model").require("write `consumption`, `tiered`, `subscription` or `freemium`");
    let kind = raw.model?;
    for (name, _) in CHARGES.iter().filter(|(_, models)| !models.contains(&kind)) {
        key.refuse(&[name], "belongs to another price model: remove it, or change `model`");
    }
    let money = |name: &str, number: Option<f64>| {
        key.key(name).require("write a price, such as `0.0000035`");
        key.key(name).check(number.map_or(Ok(Money::default()), Money::price))
    };
    let model = match kind {
        ModelKind::Consumption => PriceModel::Consumption { per_request: money("per_request", raw.per_request)? },
        ModelKind::Tiered => {
            key.key("tiers").require(NO_TIERS);
            PriceModel::Tiered(validate_tiers(raw.tiers?, &key.key("tiers"))?)
        }
        ModelKind::Subscription => PriceModel::Subscription {
            base_fee: money("base_fee", raw.base_fee)?,
            cost_per_request: raw
                .cost_per_request
                .map_or(Some(Money::default()), |cost| money("cost_per_request", Some(cost)))?,
        },
        ModelKind::Freemium => {
            key.key("free_requests").require("write how many requests are free");
            let per_request = money("per_request", raw.per_request)?;
            PriceModel::Freemium { free_requests: raw.free_requests.unwrap_or(0), per_request }
        }
    };
    if raw.per_gb.is_some() && raw.per_gib.is_some() {
        key.key("per_gib").key_error("excludes `per_gb`: remove one of the two");
    }
    let (transfer, unit) = match (raw.per_gb, raw.per_gib) {
        (Some(price), _) => (money("per_gb", Some(price))?, TransferUnit::Gigabyte),
        (None, Some(price)) => (money("per_gib", Some(price))?, TransferUnit::Gibibyte),
        (None, None) => (Money::default(), TransferUnit::default()),
    };
    Some(Price { model, transfer, unit })
}

fn validate_tiers(raw: Vec<RawTier>, key: &Key<'_>) -> Option<Vec<Tier>> {
    key.require_items(NO_TIERS);
    let (mut tiers, mut below, count) = (Vec::new(), 0, raw.len());
    for (index, (RawTier { up_to, per_request }, key)) in raw.into_iter().zip(key.items()).enumerate() {
        key.key("per_request").require("write the price of a request in this tier");
        match up_to {
            Some(end) if end <= below => key.key("up_to").error("must be above that of the tier before"),
            Some(_) if index + 1 == count => key.key("up_to").error("must be absent in the last tier, which has no end"),
            None if index + 1 < count => key.error("has no `up_to`, which only the last tier may lack"),
            _ => {}
        }
        below = up_to.unwrap_or(below);
        let rate = key.key("per_request").check(per_request.map_or(Ok(Money::default()), Money::price))?;
        tiers.push(Tier { up_to, rate });
    }
    Some(tiers)
}
