//! What of a configuration can change while the service runs.
//!
//! Owns that list: every key is in one of the two functions below, because they name every field. Tenants, issuers, cursor keys, the
//! files of the certificate, the tables of reports, log formats and the log level can change. Everything else is fixed at the start: sockets, sources, budgets of memory.

use super::Config;
use super::server::{CursorKeys, Server};
use super::telemetry::Telemetry;

/// The keys that differ and need a restart.
#[must_use]
pub fn fixed_keys_changed(old: &Config, new: &Config) -> Vec<&'static str> {
    let Config {
        server,
        limits,
        telemetry,
        audit,
        lambda,
        demo,
        sources,
        issuers: _,
        reports: _,
        log_formats: _,
        tenants: _,
        warnings: _,
    } = old;
    let mut changed = server_keys_changed(server, &new.server);
    let Telemetry { log_format, audit: writes_audit, log_level: _ } = telemetry;
    changed.extend(differing([
        ("telemetry.log_format", *log_format != new.telemetry.log_format),
        ("telemetry.audit", *writes_audit != new.telemetry.audit),
        ("limits", *limits != new.limits),
        ("audit", *audit != new.audit),
        ("lambda", *lambda != new.lambda),
        ("demo", *demo != new.demo),
        ("sources", *sources != new.sources),
    ]));
    changed
}

fn server_keys_changed(old: &Server, new: &Server) -> Vec<&'static str> {
    let Server {
        listen,
        given_url,
        tls,
        admin_listen,
        cursor_keys,
        cors_origins,
        trusted_proxies,
        forwarding_header,
        allowed_hosts,
        shared_tickets,
        limits,
    } = old;
    let has_keys = |keys: &CursorKeys| matches!(keys, CursorKeys::Given(_));
    differing([
        ("server.listen", *listen != new.listen),
        ("server.public_url", *given_url != new.given_url),
        ("server.tls", tls.is_some() != new.tls.is_some()),
        ("server.admin_listen", *admin_listen != new.admin_listen),
        ("server.cursor_keys", has_keys(cursor_keys) != has_keys(&new.cursor_keys)),
        ("server.cors_origins", *cors_origins != new.cors_origins),
        ("server.trusted_proxies", *trusted_proxies != new.trusted_proxies),
        ("server.forwarding_header", *forwarding_header != new.forwarding_header),
        ("server.allowed_hosts", *allowed_hosts != new.allowed_hosts),
        ("server.shared_tickets", *shared_tickets != new.shared_tickets),
        ("server.limits", *limits != new.limits),
    ])
}

/// Whether something differs that a reload applies.
#[must_use]
pub fn has_changes(old: &Config, new: &Config) -> bool {
    let same_keys = match (&old.server.cursor_keys, &new.server.cursor_keys) {
        (CursorKeys::Given(old), CursorKeys::Given(new)) => old == new,
        (CursorKeys::PerProcess, CursorKeys::PerProcess) => true,
        _ => false,
    };
    !same_keys
        || old.issuers != new.issuers
        || old.server.tls != new.server.tls
        || old.telemetry.log_level != new.telemetry.log_level
        || old.reports != new.reports
        || old.log_formats != new.log_formats
        || old.tenants != new.tenants
}

fn differing<const N: usize>(keys: [(&'static str, bool); N]) -> Vec<&'static str> {
    keys.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}
