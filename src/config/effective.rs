//! The effective configuration as text, with defaults, for `logmark check`.
//!
//! The text is for operators and may change. Never prints a secret, only its origin.

use std::fmt;
use std::time::Duration;

use super::Config;
use super::audit::{Audit, AuditSink};
use super::cloudwatch::CloudWatch;
use super::endpoint::Endpoint;
use super::limits::Limiting;
use super::reports::{PlanSource, Reports};
use super::secret::CursorKey;
use super::server::{CursorKeys, Server, ServerLimits};
use super::source::{Source, SourceKind};
use super::spelling::duration;
use crate::auth::tenant::{Grant, Limits};
use crate::auth::token::{IssuerRules, TenantRule};
use crate::reports::configured::ConfiguredFormat;
use crate::sources::cloudwatch::settings::{CacheSettings, QuerySettings, TailSettings};
use crate::telemetry::audit::file::{FileSettings, Fsync};

/// Prints a configuration; made by [`Config::effective`].
#[derive(Debug, Clone, Copy)]
pub struct Effective<'a>(pub(super) &'a Config);

impl fmt::Display for Effective<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { server, limits, telemetry, audit, lambda, demo, issuers, sources, reports, log_formats, tenants, warnings } =
            self.0;
        write_server(f, server)?;
        write_limit_store(f, limits)?;
        writeln!(f, "telemetry: {}, {}", telemetry.log_format.as_str(), telemetry.log_level)?;
        write_audit(f, audit, telemetry.audit)?;
        if !lambda.streaming.is_empty() {
            writeln!(f, "lambda: streams to {}", joined(lambda.streaming.iter().map(|door| door.as_str())))?;
        }
        if demo.development_issuer {
            writeln!(f, "demo: the development issuer is allowed on a loopback listener")?;
        }
        for issuer in issuers {
            write_issuer(f, issuer)?;
        }
        for source in sources {
            write_source(f, source)?;
        }
        write_reports(f, reports)?;
        log_formats.iter().try_for_each(|format| write_log_format(f, format))?;
        for tenant in tenants.in_order() {
            write_tenant(f, &format!("tenant {}", tenant.id), tenant.weight, &tenant.limits, &tenant.grants)?;
        }
        match &tenants.template {
            Some(template) => write_tenant(f, "any other tenant", template.weight, &template.limits, &template.grants)?,
            None => writeln!(f, "any other tenant: no grants")?,
        }
        warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}

fn write_audit(f: &mut fmt::Formatter<'_>, audit: &Audit, is_enabled: bool) -> fmt::Result {
    if !is_enabled {
        return writeln!(f, "audit: off");
    }
    match &audit.sink {
        AuditSink::Stdout => write!(f, "audit: standard output")?,
        AuditSink::File(FileSettings { path, max_bytes, max_age, keep, fsync }) => {
            write!(f, "audit: {}, rotated at {max_bytes} bytes", path.display())?;
            max_age.map_or(Ok(()), |age| write!(f, " or after {}", duration(age)))?;
            match keep {
                Some(keep) => write!(f, ", {keep} rotated files kept")?,
                None => write!(f, ", all rotated files kept")?,
            }
            write!(f, ", fsync {}", if *fsync == Fsync::Batch { "with each batch" } else { "never" })?;
        }
        AuditSink::LogGroup { source, group } => write!(f, "audit: log group {group} of {source}")?,
    }
    audit.key.as_ref().map_or(Ok(()), |key| write!(f, ", mac by {}", key.origin()))?;
    writeln!(f)
}

fn write_server(f: &mut fmt::Formatter<'_>, server: &Server) -> fmt::Result {
    writeln!(f, "server: {}", server.public_url(server.listen))?;
    match &server.tls {
        Some(tls) => writeln!(f, "  listen {} with TLS: {}, {}", server.listen, tls.cert.display(), tls.key.display())?,
        None => writeln!(f, "  listen {} with plain HTTP", server.listen)?,
    }
    writeln!(f, "  admin {}", server.admin_listen)?;
    match &server.cursor_keys {
        CursorKeys::PerProcess => writeln!(f, "  cursor keys: random, only for this process")?,
        CursorKeys::Given(keys) => writeln!(f, "  cursor keys: {}", joined(keys.iter().map(CursorKey::origin)))?,
    }
    match server.cors_origins.as_slice() {
        [] => writeln!(f, "  CORS origins: none")?,
        origins => writeln!(f, "  CORS origins: {}", joined(origins))?,
    }
    match server.trusted_proxies.as_slice() {
        [] => writeln!(f, "  trusted proxies: none")?,
        proxies => writeln!(f, "  trusted proxies: {}, by {}", joined(proxies), server.forwarding_header.as_str())?,
    }
    if let Some(hosts) = &server.allowed_hosts {
        writeln!(f, "  hosts: {}", joined(hosts))?;
    }
    if server.shared_tickets {
        writeln!(f, "  tickets: those of other processes are accepted too")?;
    }
    write_server_limits(f, &server.limits)
}

fn write_server_limits(f: &mut fmt::Formatter<'_>, limits: &ServerLimits) -> fmt::Result {
    let per_ip = limits.max_connections_per_ip.map_or("unlimited".to_owned(), |most| most.to_string());
    writeln!(f, "  connections: {}, per address {per_ip}", limits.max_connections)?;
    let (body, header, page) = (limits.max_body_bytes, limits.max_header_bytes, limits.page_bytes);
    writeln!(f, "  bytes: body {body}, headers {header}, page {page}")?;
    let per_ip = limits.max_requests_per_ip.map_or("unlimited".to_owned(), |most| most.to_string());
    writeln!(f, "  concurrent requests: {}, per address {per_ip}", limits.max_requests)?;
    writeln!(f, "  live tails: {}", limits.max_tails)?;
    writeln!(f, "  response memory: {} bytes", limits.response_memory)?;
    let times: [(&str, Duration); 6] = [
        ("handshake", limits.handshake_timeout),
        ("headers", limits.header_timeout),
        ("idle", limits.idle_timeout),
        ("request", limits.request_timeout),
        ("work", limits.work_time),
        ("drain", limits.drain_timeout),
    ];
    writeln!(f, "  times: {}", joined(times.map(|(what, time)| format!("{what} {}", duration(time)))))
}

fn write_limit_store(f: &mut fmt::Formatter<'_>, limits: &Limiting) -> fmt::Result {
    let Some(store) = &limits.store else { return writeln!(f, "tenant limits: counted in this process") };
    writeln!(f, "tenant limits: shared in {}, keys `{}:…`", store.url(), store.prefix)?;
    if let Some(ca) = &store.ca {
        writeln!(f, "  certificate authorities {}", ca.display())?;
    }
    let user = limits.username_origin.as_deref().unwrap_or("default");
    let password = limits.password_origin.as_deref().unwrap_or("none");
    writeln!(f, "  user {user}, password {password}")?;
    let (share, timeout) = (percent(store.fallback_share), duration(store.timeout));
    writeln!(f, "  timeout {timeout}; while the store is away, this process allows {share}% of each limit")
}

fn write_issuer(f: &mut fmt::Formatter<'_>, issuer: &IssuerRules) -> fmt::Result {
    writeln!(f, "issuer {}", issuer.issuer)?;
    let typ = if issuer.require_typ { ", `typ` required" } else { "" };
    writeln!(f, "  keys {}, {}{typ}", issuer.keys, joined(&issuer.algorithms))?;
    let of = |what: &str, names: &[String]| if names.is_empty() { None } else { Some(format!("{what} {}", names.join(", "))) };
    let accepted = [of("audience", &issuer.audiences), of("client", &issuer.client_ids)];
    writeln!(f, "  {}", accepted.into_iter().flatten().collect::<Vec<_>>().join(" or "))?;
    let tenant = match &issuer.tenants {
        TenantRule::Any => format!("tenant from {}", issuer.tenant_claim),
        TenantRule::Matching(patterns) => format!("tenant from {}, only {}", issuer.tenant_claim, joined(patterns)),
        TenantRule::Mapped(map) => {
            let entries = map.iter().map(|(value, tenant)| format!("{value} = {tenant}"));
            format!("tenant from {} by the map {}", issuer.tenant_claim, joined(entries))
        }
        TenantRule::Fixed(tenant) => format!("tenant {tenant} for all tokens"),
    };
    writeln!(f, "  {tenant}, scopes from {}", issuer.scope_claims.join(", "))?;
    for (value, scopes) in &issuer.scope_map {
        writeln!(f, "    {value} gives {}", joined(scopes))?;
    }
    for (claim, values) in &issuer.required_claims {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        writeln!(f, "  requires {claim}: {}", values.join(" or "))?;
    }
    let (leeway, lifetime, refresh) = (issuer.leeway, issuer.max_lifetime, issuer.refresh);
    writeln!(f, "  leeway {}, lifetime {}, key refresh {}", duration(leeway), duration(lifetime), duration(refresh))
}

fn write_source(f: &mut fmt::Formatter<'_>, source: &Source) -> fmt::Result {
    write!(f, "source {}: ", source.name)?;
    match &source.kind {
        SourceKind::Local { path, queries, endpoint } => {
            write!(f, "local, {}\n  queries: ", path.display())?;
            write!(f, "{} concurrent on {} threads, ", queries.concurrent, queries.threads)?;
            write!(f, "memory {} MiB per query, {} MiB in total", queries.memory_per_query >> 20, queries.memory >> 20)?;
            if let Some(endpoint) = endpoint {
                let Endpoint { listen, access_key, secret_key, account } = &**endpoint;
                write!(f, "\n  CloudWatch Logs protocol on {listen}, access key {access_key}, secret key ")?;
                write!(f, "{}, account {account}", secret_key.origin())?;
            }
        }
        SourceKind::CloudWatch(cloudwatch) => return write_cloudwatch(f, cloudwatch),
    }
    writeln!(f)
}

fn write_cloudwatch(f: &mut fmt::Formatter<'_>, cloudwatch: &CloudWatch) -> fmt::Result {
    write!(f, "cloudwatch, {}", cloudwatch.region)?;
    cloudwatch.endpoint.iter().try_for_each(|endpoint| write!(f, ", at {endpoint}"))?;
    cloudwatch.account.iter().try_for_each(|account| write!(f, ", account {account}"))?;
    cloudwatch.assume_role.iter().try_for_each(|role| write!(f, ", as {role}"))?;
    cloudwatch.external_id.iter().try_for_each(|id| write!(f, " with the external id {id}"))?;
    let quotas = cloudwatch.quotas();
    let rates = quotas.calls_per_second.iter().map(|(api, rate)| format!("{api} {rate}"));
    let read = if cloudwatch.reads_quotas { ", others from Service Quotas" } else { "" };
    writeln!(f, "\n  calls per second: {}{read}", joined(rates))?;
    writeln!(f, "  concurrent queries: {}; reserved for other callers: {}%", quotas.concurrent_queries, percent(quotas.reserve))?;
    let CacheSettings { bytes, live, lists, ingestion_delay } = cloudwatch.cache;
    match bytes {
        0 => writeln!(f, "  cache: none")?,
        bytes => {
            let times = [("live", live), ("lists", lists), ("ingestion delay", ingestion_delay)];
            let times = times.map(|(what, time)| format!("{what} {}", duration(time)));
            writeln!(f, "  cache: {bytes} bytes, {}", joined(times))?;
        }
    }
    let QuerySettings { price_per_gb, abandoned_after, max_time } = cloudwatch.queries;
    let price = price_per_gb.map_or("no price".to_owned(), |price| format!("{price} USD per GB"));
    writeln!(f, "  queries: {price}, abandoned after {}, maximum {}", duration(abandoned_after), duration(max_time))?;
    let TailSettings { sessions, sweep_share, lateness, settling, .. } = cloudwatch.tail;
    let share = percent(sweep_share);
    let (lateness, settling) = (duration(lateness), duration(settling));
    writeln!(f, "  live tail: {sessions} sessions, sweeps {share}% of FilterLogEvents, lateness {lateness}, settling {settling}")
}

/// The format of some groups, and the reports that it lacks fields for.
fn write_log_format(f: &mut fmt::Formatter<'_>, format: &ConfiguredFormat) -> fmt::Result {
    let groups = joined(format.groups.iter().map(|pattern| pattern.as_str()));
    writeln!(f, "log format of {groups}: {}, {} fields", format.name(), format.format.fields().count())?;
    for (field, reports) in format.lacking() {
        writeln!(f, "  without {field}, so without the reports {}", joined(reports.into_iter()))?;
    }
    Ok(())
}

fn write_reports(f: &mut fmt::Formatter<'_>, reports: &Reports) -> fmt::Result {
    match &reports.plans {
        PlanSource::None => {}
        PlanSource::File(table) => writeln!(f, "reports: customers of {} API keys, from a file", table.customers())?,
        PlanSource::ApiGateway(gateway) => {
            let role = gateway.assume_role.as_ref().map_or_else(String::new, |role| format!(", role {role}"));
            let (region, refresh) = (&gateway.region, duration(gateway.refresh));
            writeln!(f, "reports: customers from API Gateway in {region}{role}, read again after {refresh}")?;
        }
    }
    if let Some(countries) = &reports.countries {
        writeln!(f, "reports: countries from {}", countries.description())?;
    }
    if let Some(prices) = &reports.prices {
        let default = if prices.default.is_some() { "a default price" } else { "no default price" };
        writeln!(
            f,
            "reports: amounts in {}, {default}, {} plans with a price of their own",
            prices.currency,
            prices.plans.len()
        )?;
    }
    Ok(())
}

/// A share in percent: `20`, `12.5`.
fn percent(share: f64) -> f64 {
    (share * 1e6).round() / 1e4
}

fn write_tenant(f: &mut fmt::Formatter<'_>, who: &str, weight: u32, limits: &Limits, grants: &[Grant]) -> fmt::Result {
    writeln!(f, "{who}, weight {weight}{}", written_limits(limits))?;
    for grant in grants {
        let streams = grant.streams.as_ref().map_or("all streams".to_owned(), |streams| format!("streams {}", joined(streams)));
        let (actions, groups, source) = (joined(&grant.actions), joined(&grant.groups), &grant.source);
        writeln!(f, "  may {actions} in {groups} of {source}, {streams} ({})", grant.rule)?;
        if let Some(rows) = &grant.rows {
            writeln!(f, "    only events that match {rows}")?;
        }
        if let Some(mask) = &grant.mask {
            let paths = joined(mask.path_texts());
            match mask.replacement_text() {
                Some(text) => writeln!(f, "    masked with {text:?}: {paths}")?,
                None => writeln!(f, "    removed: {paths}")?,
            }
        }
    }
    if grants.is_empty() { writeln!(f, "  no grants") } else { Ok(()) }
}

fn written_limits(limits: &Limits) -> String {
    let written = [
        limits.requests_per_second.map(|most| format!("{most} requests per second")),
        limits.concurrent_requests.map(|most| format!("{most} concurrent requests")),
        limits.concurrent_queries.map(|most| format!("{most} concurrent queries")),
        limits.concurrent_exports.map(|most| format!("{most} concurrent exports")),
        limits.tails.map(|most| format!("{most} tails")),
        limits.scanned_gb_per_day.map(|most| format!("{most} GB scanned per day")),
        limits.sent_gb_per_day.map(|most| format!("{most} GB sent per day")),
        limits.max_range.map(|most| format!("range {}", duration(most))),
    ];
    written.into_iter().flatten().map(|limit| format!(", {limit}")).collect()
}

fn joined(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
