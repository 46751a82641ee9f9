//! What is added to reports, made from the configuration.
//!
//! Owns what a reload keeps: plans that were read from API Gateway stay in use if the section that says where they are is the same.

use std::sync::Arc;

use crate::aws::usage_plans::{UsagePlanReader, UsagePlanSettings};
use crate::config::reports::{ApiGateway, PlanSource, Reports};
use crate::domain::time::Clock;
use crate::http::AppState;
use crate::outbound::Outbound;
use crate::reports::enrich::Enricher;
use crate::reports::enrich::plans::{GatewayPlans, Plans};

/// The additions of a configuration.
///
/// # Errors
/// If the endpoint of API Gateway is invalid.
pub(super) fn make(reports: &Reports, outbound: &Outbound, clock: &Arc<dyn Clock>) -> Result<Enricher, String> {
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
    Ok(Enricher { plans, prices: reports.prices.clone(), countries: reports.countries.clone() })
}

/// The additions of a changed configuration.
///
/// # Errors
/// As of [`make`].
pub(super) fn remade(reports: &Reports, former: &Reports, app: &AppState) -> Result<Enricher, String> {
    if reports.plans == former.plans {
        let plans = app.enricher().plans.clone();
        return Ok(Enricher { plans, prices: reports.prices.clone(), countries: reports.countries.clone() });
    }
    let outbound = Outbound::new().map_err(|error| format!("reports: {error}"))?;
    make(reports, &outbound, app.clock()).map_err(|error| format!("reports.{error}"))
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
