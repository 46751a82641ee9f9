//! The documentation's example and its values.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine;

use super::*;
use crate::auth::keys::{Algorithm, KeySource};
use crate::config::server::CursorKeys;
use crate::config::source::SourceKind;
use crate::domain::name::TenantId;
use crate::domain::operation::Action;
use crate::sources::local_settings::LocalQuerySettings;

/// `logmark.toml` of the documentation, unchanged.
const EXAMPLE: &str = r#"[server]
listen = "0.0.0.0:8443"
public_url = "https://logs.example.com"
tls = { cert = "cert.pem", key = "key.pem" }        # absent: plain HTTP, for behind a TLS terminator
admin_listen = "127.0.0.1:9090"
cursor_keys = ["env:LOGMARK_CURSOR_KEY"]             # 32 random bytes in base64; first seals, all open: rotation

[[auth.issuers]]
issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
audiences = ["logmark"]
algorithms = ["RS256"]
keys = "discover"                                    # or a JWKS URL, or "file:jwks.json" (an `oct` key there allows HS256)
tenant_claim = "custom:tenant_id"
scope_claims = ["scope", "cognito:groups"]

[[sources]]
name = "eu"
kind = "cloudwatch"                                  # or "local"
region = "eu-central-1"
endpoint = "http://127.0.0.1:5000"                   # only for a compatible server
assume_role = "arn:aws:iam::123456789012:role/logmark-read"

[[sources]]
name = "disk"
kind = "local"
path = "./logmark-data"
endpoint = { listen = "127.0.0.1:4586", access_key = "env:LOGMARK_LOCAL_KEY", secret_key = "env:LOGMARK_LOCAL_SECRET" }

[tenants.acme]
weight = 1
limits = { requests_per_second = 20, concurrent_queries = 3, scanned_gb_per_day = 50, tails = 5, max_range = "31d" }
[[tenants.acme.grants]]
source = "eu"
groups = ["/acme/*", "/shared/gateway"]
streams = ["prod-*"]                                 # absent: all
actions = ["read", "query", "tail"]
where = '{ $.tenant = "acme" }'                      # only rows that match
mask = ["$.card", "$.user.email"]                    # fields never shown, filtered or sorted by

[tenant_template]                                    # for tenants without a section of their own
groups = ["/customers/{tenant}/*"]
actions = ["read", "tail"]
"#;

/// The example's folder with the files that it names, and a key for its cursors.
struct Folder {
    location: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

impl Folder {
    fn new() -> Self {
        let location = tempfile::tempdir().unwrap();
        for name in ["cert.pem", "key.pem"] {
            let path = location.path().join(name);
            fs::write(&path, "PEM").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let key = base64::engine::general_purpose::STANDARD.encode(std::array::from_fn::<u8, 32, _>(|i| i as u8));
        let local = [("LOGMARK_LOCAL_KEY", "AKIDLOCAL"), ("LOGMARK_LOCAL_SECRET", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")];
        let environment = variables(&[[("LOGMARK_CURSOR_KEY", key.as_str())].as_slice(), &local].concat());
        Self { location, environment }
    }

    fn parse(&self, text: &str) -> Result<Config, ConfigErrors> {
        parse(Some((&self.location.path().join("logmark.toml"), text)), &self.environment)
    }
}

#[test]
fn the_example_means_what_it_says() {
    let folder = Folder::new();
    let config = folder.parse(EXAMPLE).unwrap();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:8443");
    assert_eq!(config.server.public_url(config.server.listen), "https://logs.example.com");
    assert_eq!(config.server.tls.as_ref().unwrap().cert, folder.location.path().join("cert.pem"));
    let CursorKeys::Given(keys) = &config.server.cursor_keys else { panic!("no keys") };
    assert_eq!((keys[0].origin(), keys[0].expose()[31]), ("env:LOGMARK_CURSOR_KEY", 31));
    let issuer = &config.issuers[0];
    assert_eq!((issuer.algorithms.as_slice(), issuer.tenant_claim.as_str()), ([Algorithm::Rs256].as_slice(), "custom:tenant_id"));
    assert_eq!(issuer.keys, KeySource::Discover);
    let SourceKind::CloudWatch(eu) = &config.sources[0].kind else { panic!("not CloudWatch") };
    assert_eq!((eu.region.as_str(), eu.endpoint.as_ref().unwrap().as_str()), ("eu-central-1", "http://127.0.0.1:5000/"));
    let SourceKind::Local { path, endpoint: Some(endpoint), .. } = &config.sources[1].kind else { panic!("no endpoint") };
    assert_eq!(*path, folder.location.path().join("./logmark-data"));
    assert_eq!((endpoint.listen.to_string().as_str(), endpoint.access_key.as_str()), ("127.0.0.1:4586", "AKIDLOCAL"));
    assert_eq!((endpoint.secret_key.origin(), endpoint.account.as_str()), ("env:LOGMARK_LOCAL_SECRET", "000000000000"));
    let printed = config.effective().to_string();
    assert!(printed.contains("on 127.0.0.1:4586, access key AKIDLOCAL, secret key env:LOGMARK_LOCAL_SECRET"), "{printed}");
    assert!(!printed.contains("wJalr"), "{printed}");
    let acme = config.tenants.get(&TenantId::try_from("acme").unwrap());
    assert_eq!(acme.limits.max_range, Some(Duration::from_secs(31 * 86_400)));
    assert_eq!(acme.limits.scanned_gb_per_day, Some(50.0));
    assert_eq!(acme.grants[0].rule, "tenants.acme.grants[0]");
    assert!(acme.grants[0].covers_group("/acme/api") && !acme.grants[0].covers_stream("test-1"));
    let (rows, mask) = (acme.grants[0].rows.as_ref().unwrap(), acme.grants[0].mask.as_ref().unwrap());
    assert!(rows.matches(r#"{"tenant":"acme"}"#) && !rows.matches(r#"{"tenant":"globex"}"#));
    assert_eq!(mask.fields().paths().iter().map(ToString::to_string).collect::<Vec<_>>(), ["$.card", "$.user.email"]);
    assert!(printed.contains("only events that match { $.tenant = acme }"), "{printed}");
    let other = config.tenants.get(&TenantId::try_from("other").unwrap());
    assert_eq!((other.grants[0].rule.as_str(), other.grants[0].source.as_str()), ("tenant_template", "eu"));
    assert_eq!(other.grants[0].actions, [Action::Read, Action::Tail]);
    assert!(other.grants[0].covers_group("/customers/other/x") && !other.grants[0].covers_group("/customers/acme/x"));
    let warning = "tenant_template.source: is missing: the grant applies to `eu`, the first source";
    assert!(config.warnings.len() == 3 && config.warnings[2].ends_with(warning), "{:?}", config.warnings);
}

#[test]
fn the_smallest_configuration_has_the_documented_defaults() {
    let config = parsed(&document("", ""), &[]).unwrap();
    assert_eq!(config.server.public_url(config.server.listen), "http://127.0.0.1:8080");
    assert_eq!(config.server.admin_listen.to_string(), "127.0.0.1:9090");
    assert_eq!(config.server.limits, crate::config::server::ServerLimits::default());
    assert_eq!(config.telemetry, crate::config::telemetry::Telemetry::default());
    let issuer = &config.issuers[0];
    assert_eq!((issuer.tenant_claim.as_str(), issuer.scope_claims.join(" ")), ("tenant", "scope".to_owned()));
    let times = [issuer.leeway, issuer.max_lifetime, issuer.refresh].map(|time| time.as_secs());
    assert_eq!((times, issuer.require_typ), ([60, 86_400, 600], false));
    let anybody = config.tenants.get(&TenantId::try_from("anybody").unwrap());
    assert!(anybody.grants.is_empty());
    assert_eq!(config.warnings.len(), 2, "{:?}", config.warnings);
}

#[test]
fn with_tls_the_address_is_another_and_work_ends_before_the_request_does() {
    let folder = Folder::new();
    let text = document(
        "[server]",
        "tls = { cert = \"cert.pem\", key = \"key.pem\" }\nlimits = { request_timeout = \"3s\", max_connections_per_ip = 0 }",
    );
    let server = folder.parse(&text).unwrap().server;
    assert_eq!(server.listen.to_string(), "0.0.0.0:8443");
    assert_eq!(server.public_url("127.0.0.1:4711".parse().unwrap()), "https://127.0.0.1:4711");
    assert_eq!((server.limits.work_time, server.limits.max_connections_per_ip), (Duration::from_secs(2), None));
}

#[test]
fn what_holds_is_printed_without_a_secret() {
    let folder = Folder::new();
    let printed =
        folder.parse(EXAMPLE).unwrap().effective().to_string().replace(&format!("{}/", folder.location.path().display()), "");
    // As many threads as this machine has processors.
    let threads = LocalQuerySettings::default().threads.to_string();
    let printed = printed.replace(&format!("on {threads} threads"), "on N threads");
    let expected = "server: https://logs.example.com
  listen 0.0.0.0:8443 with TLS: cert.pem, key.pem
  admin 127.0.0.1:9090
  cursor keys: env:LOGMARK_CURSOR_KEY
  CORS origins: none
  trusted proxies: none
  connections: 10000, per address 1000
  bytes: body 1048576, headers 32768, page 4194304
  concurrent requests: 10000, per address 2000
  live tails: 10000
  response memory: 134217728 bytes
  times: handshake 10s, headers 10s, idle 1m, request 30s, work 20s, drain 20s
tenant limits: counted in this process
telemetry: json, info
audit: standard output
issuer https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc
  keys discover, RS256
  audience logmark
  tenant from custom:tenant_id, scopes from scope, cognito:groups
  leeway 1m, lifetime 1d, key refresh 10m
source eu: cloudwatch, eu-central-1, at http://127.0.0.1:5000/, account 123456789012, as arn:aws:iam::123456789012:role/logmark-read
  calls per second: GetLogEvents 10, FilterLogEvents 5, DescribeLogGroups 10, DescribeLogStreams 25, StartQuery 10, GetQueryResults 10, StopQuery 5, ListLogGroupsForQuery 5, GetLogGroupFields 5, GetLogRecord 5, StartLiveTail 5
  concurrent queries: 100; reserved for other callers: 20%
  cache: 67108864 bytes, live 1s, lists 5s, ingestion delay 15m
  queries: 0.005 USD per GB, abandoned after 2m, maximum 15m
  live tail: 12 sessions, sweeps 40% of FilterLogEvents, lateness 2m30s, settling 15s
source disk: local, ./logmark-data
  queries: 100 concurrent on N threads, memory 256 MiB per query, 320 MiB in total
  CloudWatch Logs protocol on 127.0.0.1:4586, access key AKIDLOCAL, secret key env:LOGMARK_LOCAL_SECRET, account 000000000000
tenant acme, weight 1, 20 requests per second, 3 concurrent queries, 5 tails, 50 GB scanned per day, range 31d
  may read, query, tail in /acme/*, /shared/gateway of eu, streams prod-* (tenants.acme.grants[0])
    only events that match { $.tenant = acme }
    masked with \"***\": $.card, $.user.email
any other tenant, weight 1
  may read, tail in /customers/{tenant}/* of eu, all streams (tenant_template)
warning: logmark.toml:8:1: auth.issuers[0].client_ids: is missing, and no entry of `audiences` looks like a client id: access tokens of Amazon Cognito have no `aud`, so every token is refused; list the ids of the app clients
warning: logmark.toml:13:16: auth.issuers[0].tenant_claim: Amazon Cognito puts attributes into ID tokens, not into access tokens: a trigger before token generation (event version 2) must add this claim, or every token is refused
warning: logmark.toml:40:1: tenant_template.source: is missing: the grant applies to `eu`, the first source
";
    assert_eq!(printed, expected);
}

#[test]
fn all_errors_are_reported_in_the_order_of_their_locations() {
    let text =
        "[tenant_template]\ngroups = []\n[server]\nlisen = 1\nadmin_listen = \"x\"\n[[sources]]\nname = \"eu\"\nkind = \"s3\"\n";
    let errors = parsed(text, &[("LOGMARK__SERVER__LISTEN", "y"), ("LOGMARK__ADUIT", "true")]).unwrap_err();
    let expected =
        "logmark.toml:1:1: auth.issuers: is missing: write at least one `[[auth.issuers]]`, or no token is accepted
logmark.toml:1:1: tenant_template.actions: is missing: list what the grant allows: `read`, `query`, `tail`, `describe`
logmark.toml:2:10: tenant_template.groups: is empty: the grant would allow nothing
logmark.toml:4:1: server.lisen: unknown key: did you mean `listen`?
logmark.toml:5:16: server.admin_listen: `x` is not an address to listen on: write a host and a port, such as `127.0.0.1:8080`, `localhost:8080`, `:8080` or `[::]:8443`
logmark.toml:8:8: sources[0].kind: `s3` is unknown: expected `cloudwatch` or `local`
LOGMARK__ADUIT: unknown key: did you mean `audit`?
LOGMARK__SERVER__LISTEN: `y` is not an address to listen on: write a host and a port, such as `127.0.0.1:8080`, `localhost:8080`, `:8080` or `[::]:8443`
8 errors in the configuration";
    assert_eq!(errors.render(), expected);
    assert_eq!(errors.to_string(), expected);
}

#[test]
fn sizes_and_addresses_take_the_usual_forms() {
    let text = document(
        "[server]",
        "listen = \":8443\"\npublic_url = \"https://logs.example.com\"\nadmin_listen = \"localhost:9091\"\n\
         trusted_proxies = [\"10.0.0.0/8\", \"fd00::1\"]\nforwarding_header = \"Forwarded\"\n\
         limits = { max_body_bytes = \"2 MiB\", max_header_bytes = \"16KiB\", page_bytes = \"1MB\" }",
    );
    let server = parsed(&text, &[]).unwrap_or_else(|errors| panic!("{errors}")).server;
    assert_eq!(server.listen, "0.0.0.0:8443".parse().unwrap());
    assert_eq!(server.admin_listen, "127.0.0.1:9091".parse().unwrap());
    let limits = &server.limits;
    assert_eq!((limits.max_body_bytes, limits.max_header_bytes, limits.page_bytes), (2 << 20, 16 << 10, 1_000_000));
    assert!(server.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
    assert_eq!(server.forwarding_header.as_str(), "forwarded");
    let variables = [("LOGMARK__SERVER__LIMITS__PAGE_BYTES", "65536"), ("LOGMARK__SERVER__LISTEN", "localhost:1")];
    let server = parsed(&document("[server]", ""), &variables).unwrap_or_else(|errors| panic!("{errors}")).server;
    assert_eq!((server.limits.page_bytes, server.listen), (65_536, "127.0.0.1:1".parse().unwrap()));
}
