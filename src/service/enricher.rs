//! What is added to reports, made from the configuration.
//!
//! Owns what a reload keeps: plans that were read from API Gateway stay in use if the section that says where they are is the same.

use std::sync::Arc;

use crate::aws::usage_plans::{UsagePlanReader, UsagePlanSettings};
use crate::config::Config;
use crate::config::reports::{ApiGateway, PlanSource};
use crate::domain::time::Clock;
use crate::http::AppState;
use crate::outbound::Outbound;
use crate::reports::enrich::Enricher;
use crate::reports::enrich::plans::{GatewayPlans, Plans};

/// The additions of a configuration.
///
/// # Errors
/// If the endpoint of API Gateway is invalid.
pub(super) fn make(config: &Config, outbound: &Outbound, clock: &Arc<dyn Clock>) -> Result<Enricher, String> {
    let reports = &config.reports;
    let plans = match &reports.plans {
        PlanSource::None => Plans::None,
        PlanSource::File(table) => Plans::File(Arc::clone(table)),
        PlanSource::ApiGateway(gateway) => {
            let settings = settings_of(gateway)?;
            let reader = UsagePlanReader::new(&settings, outbound.clone(), Arc::clone(clock));
            let reader = reader.map_err(|error| format!("api_gateway: {error}"))?;
            Plans::Gateway(Arc::new(GatewayPlans::new(reader, gateway.refresh, Arc::clone(clock))))
        }
    };
    Ok(with_plans(config, plans))
}

fn with_plans(config: &Config, plans: Plans) -> Enricher {
    let reports = &config.reports;
    let (prices, countries) = (reports.prices.clone(), reports.countries.clone());
    Enricher { plans, prices, countries, formats: config.log_formats.clone() }
}

/// The additions of a changed configuration.
///
/// # Errors
/// As of [`make`].
pub(super) fn remade(config: &Config, former: &Config, app: &AppState) -> Result<Enricher, String> {
    if config.reports.plans == former.reports.plans {
        return Ok(with_plans(config, app.enricher().plans.clone()));
    }
    let outbound = Outbound::new().map_err(|error| format!("reports: {error}"))?;
    make(config, &outbound, app.clock()).map_err(|error| format!("reports.{error}"))
}

fn settings_of(gateway: &ApiGateway) -> Result<UsagePlanSettings, String> {
    let parse = |url: &url::Url| url.as_str().parse().map_err(|error: http::uri::InvalidUri| format!("endpoint: {error}"));
    Ok(UsagePlanSettings {
        region: gateway.region.to_string(),
        endpoint: gateway.endpoint.as_ref().map(parse).transpose()?,
        assume_role: gateway.assume_role.as_ref().map(ToString::to_string),
        external_id: gateway.external_id.as_ref().map(ToString::to_string),
    })
}
