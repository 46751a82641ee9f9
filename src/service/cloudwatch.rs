//! Builds a CloudWatch source from its configuration.

use std::sync::Arc;

use crate::config::cloudwatch::CloudWatch as CloudWatchConfig;
use crate::config::server::ServerLimits;
use crate::domain::name::SourceName;
use crate::domain::time::Clock;
use crate::outbound::Outbound;
use crate::sources::cloudwatch::settings::QuotaRefresh;
use crate::sources::cloudwatch::{Accounts, CloudWatch, DEFAULT_DEADLINE, Settings};

fn endpoint(cloudwatch: &CloudWatchConfig) -> Result<Option<http::Uri>, String> {
    let parse = |url: &url::Url| url.as_str().parse().map_err(|error: http::uri::InvalidUri| format!("endpoint: {error}"));
    cloudwatch.endpoint.as_ref().map(parse).transpose()
}

/// A CloudWatch source, without network requests.
pub(super) fn connect(
    name: &SourceName,
    cloudwatch: &CloudWatchConfig,
    limits: &ServerLimits,
    outbound: &Outbound,
    clock: &Arc<dyn Clock>,
    accounts: &Accounts,
) -> Result<CloudWatch, String> {
    let settings = Settings {
        // Shorter than the timeout of the request, so that a slow or throttled source is reported as such.
        deadline: DEFAULT_DEADLINE.min(limits.work_time),
        endpoint: endpoint(cloudwatch)?,
        assume_role: cloudwatch.assume_role.as_ref().map(ToString::to_string),
        external_id: cloudwatch.external_id.as_ref().map(ToString::to_string),
        account: cloudwatch.account.as_ref().map(ToString::to_string),
        quotas: cloudwatch.quotas(),
        service_quotas: cloudwatch.reads_quotas.then(|| QuotaRefresh { endpoint: None, given: cloudwatch.given_quotas.clone() }),
        cache: cloudwatch.cache,
        queries: cloudwatch.queries,
        tail: cloudwatch.tail,
        ..Settings::new(name.clone(), cloudwatch.region.as_str())
    };
    CloudWatch::connect(settings, outbound.clone(), Arc::clone(clock), accounts).map_err(|error| error.to_string())
}
