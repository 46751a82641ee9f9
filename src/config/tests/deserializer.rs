//! Reading the raw structs: every error is reported once, and a wrong value hides no other error.

use super::*;

#[test]
fn all_errors_of_a_table_are_reported_at_once_and_each_once() {
    let text = "[server]
listen = 1
public_url = true
cors_origins = [1, \"*\", \"https://a.example.com\", \"https://a.example.com\"]
unknown = 1
limits = { page_bytes = \"x\", max_requests = 0, header_timeout = 5, unknown = 1 }
[[auth.issuers]]
issuer = 1
audiences = []
algorithms = [\"RS256\", 2, \"none\"]
keys = []
leeway = \"1h\"
[[auth.issuers]]
[[sources]]
[[sources]]
name = \"b c\"
kind = \"s3\"
anything = 1
[tenants.acme]
weight = \"x\"
grants = [1, { groups = [\"[\", 2], actions = \"read\" }]
";
    let expected = "logmark.toml:2:10: server.listen: must be a string, not an integer
logmark.toml:3:14: server.public_url: must be a string, not a boolean
logmark.toml:4:17: server.cors_origins[0]: must be a string, not an integer
logmark.toml:4:20: server.cors_origins[1]: `*` is not a single origin: list each one, such as `https://app.example.com`
logmark.toml:4:50: server.cors_origins[3]: is listed twice
logmark.toml:5:1: server.unknown: unknown key: expected `tls`, `listen`, `admin_listen`, `public_url`, `allowed_hosts`, `cursor_keys`, `cors_origins`, `forwarding_header`, `trusted_proxies`, `shared_tickets` or `limits`
logmark.toml:6:25: server.limits.page_bytes: `x` is not a number of bytes: write `65536`, or a unit as in `64KiB`, `1.5MiB`, `1GiB`, `64kB` or `1MB`
logmark.toml:6:45: server.limits.max_requests: must be from 1 to 1000000
logmark.toml:6:65: server.limits.header_timeout: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not an integer
logmark.toml:6:68: server.limits.unknown: unknown key: expected `max_connections`, `max_connections_per_ip`, `max_body_bytes`, `max_header_bytes`, `header_timeout`, `handshake_timeout`, `idle_timeout`, `request_timeout`, `work_time`, `drain_timeout`, `page_bytes`, `response_memory`, `max_requests`, `max_requests_per_ip` or `max_tails`
logmark.toml:8:10: auth.issuers[0].issuer: must be a string, not an integer
logmark.toml:9:13: auth.issuers[0].audiences: is empty: list at least one value, or remove the key
logmark.toml:10:24: auth.issuers[0].algorithms[1]: must be a string, not an integer
logmark.toml:10:27: auth.issuers[0].algorithms[2]: `none` is not allowed: tokens without a signature are never accepted
logmark.toml:11:8: auth.issuers[0].keys: must be a string, not an array
logmark.toml:12:10: auth.issuers[0].leeway: must be from 0s to 5m
logmark.toml:13:1: auth.issuers[1].issuer: is missing: write the `iss` of its tokens
logmark.toml:13:1: auth.issuers[1].algorithms: is missing: list its signing algorithms, such as `[\"RS256\"]`
logmark.toml:13:1: auth.issuers[1].keys: is missing: write `discover`, the URL of its JWKS, or `file:PATH`
logmark.toml:13:1: auth.issuers[1].audiences: is missing: list the accepted values of `aud`; for tokens without `aud`, such as Cognito's access tokens, set `client_ids`
logmark.toml:14:1: sources[0].kind: is missing: expected `cloudwatch` or `local`
logmark.toml:14:1: sources[0].name: is missing: grants refer to the source by its name
logmark.toml:16:8: sources[1].name: `b c` has the character ' ' at position 2; allowed are letters, digits and `_` `-`
logmark.toml:17:8: sources[1].kind: `s3` is unknown: expected `cloudwatch` or `local`
logmark.toml:20:10: tenants.acme.weight: must be an integer, not a string
logmark.toml:21:11: tenants.acme.grants[0]: must be a table, not an integer
logmark.toml:21:26: tenants.acme.grants[1].groups[0]: `[` has `[`: a pattern has only the wildcard `*`, for any characters
logmark.toml:21:31: tenants.acme.grants[1].groups[1]: must be a string, not an integer
logmark.toml:21:45: tenants.acme.grants[1].actions: must be an array, not a string";
    assert_eq!(lines(parsed(text, &[])), expected);
}

#[test]
fn a_wrong_table_is_the_only_error_about_it() {
    for (text, expected) in [
        ("auth = 1 # issuers\n", "logmark.toml:1:8: auth: must be a table, not an integer"),
        ("[auth]\nissuers = [1]\n", "logmark.toml:2:12: auth.issuers[0]: must be a table, not an integer"),
        ("tenant_template = \"x\"\n", "logmark.toml:1:19: tenant_template: must be a table, not a string"),
        ("server = { tls = [] }\n", "logmark.toml:1:18: server.tls: must be a table, not an array"),
    ] {
        assert_eq!(lines(parsed(&document("", text), &[])), expected, "{text}");
    }
}

#[test]
fn a_variable_has_the_type_that_its_key_takes() {
    let read =
        |name: &str, value: &str| parsed(&document("[server]", ""), &[(name, value)]).unwrap_or_else(|errors| panic!("{errors}"));
    let tenants = |value: &str| format!("{:?}", read("LOGMARK__AUTH__ISSUERS__0__TENANTS", value).issuers[0].tenants);
    assert!(tenants("42").contains("\"42\"") && tenants("[\"a\", \"b-*\"]").contains("b-*"), "{}", tenants("42"));
    let source = |key: &str, value: &str| {
        let config = read(&format!("LOGMARK__SOURCES__0__{key}"), value);
        let crate::config::source::SourceKind::CloudWatch(source) = &config.sources[0].kind else { panic!("not CloudWatch") };
        (source.reserve, source.cache.bytes, source.account.clone().map(|account| account.as_str().to_owned()))
    };
    assert_eq!(source("RESERVE", "0.5").0, 0.5);
    assert_eq!(source("RESERVE", "50%").0, 0.5);
    assert_eq!(source("CACHE__BYTES", "65536").1, 65_536);
    assert_eq!(source("CACHE", "{ bytes = 65536 }").1, 65_536);
    assert_eq!(source("ACCOUNT", "012345678901").2.unwrap(), "012345678901");
    assert!(!read("LOGMARK__TELEMETRY__AUDIT", "false").telemetry.audit);
}
