//! Invalid `[server]`, `[telemetry]`, and errors of the whole file.

use super::{refused, warned};

#[test]
fn wrong_keys_of_the_server_are_named_with_their_location() {
    let cases = [
        (
            r#"listen = "8080""#,
            "logmark.toml:2:10: server.listen: `8080` is only a port: write `localhost:PORT` for this machine only, or `:PORT` for every IPv4 address",
        ),
        (
            r#"listen = "logs.example.com:8080""#,
            "logmark.toml:2:10: server.listen: `logs.example.com:8080` contains a host name: write its IP address, `localhost`, or only `:PORT` for every IPv4 address",
        ),
        (
            r#"listen = "http""#,
            "logmark.toml:2:10: server.listen: `http` is not an address to listen on: write a host and a port, such as `127.0.0.1:8080`, `localhost:8080`, `:8080` or `[::]:8443`",
        ),
        ("listen = 8080", "logmark.toml:2:10: server.listen: must be a string, not an integer"),
        (r#"listen = "0.0.0.0:99999""#, "logmark.toml:2:10: server.listen: `0.0.0.0:99999` has a port above 65535"),
        (r#"lisen = "127.0.0.1:1""#, "logmark.toml:2:1: server.lisen: unknown key: did you mean `listen`?"),
        (r#"tsl = { cert = "a" }"#, "logmark.toml:2:1: server.tsl: unknown key: did you mean `tls`?"),
        (
            "verify = false",
            "logmark.toml:2:1: server.verify: unknown key: expected `tls`, `listen`, `admin_listen`, `public_url`, `allowed_hosts`, `cursor_keys`, `cors_origins`, `forwarding_header`, `trusted_proxies`, `shared_tickets` or `limits`",
        ),
        (
            r#"public_url = "logs.example.com""#,
            "logmark.toml:2:14: server.public_url: is not a URL: write a complete one, such as `https://logs.example.com`",
        ),
        (r#"public_url = "ftp://logs.example.com""#, "logmark.toml:2:14: server.public_url: must begin with `https://`"),
        (r#"public_url = "https://logs.example.com/?a=b""#, "logmark.toml:2:14: server.public_url: has a query (`?`): remove it"),
        (
            r#"public_url = "https://logs.example.com/#a""#,
            "logmark.toml:2:14: server.public_url: has a fragment (`#`): remove it",
        ),
        (
            r#"public_url = "https://user:canary@logs.example.com""#,
            "logmark.toml:2:14: server.public_url: contains a user or a password: remove them",
        ),
        (r#"public_url = ["https://a.example.com"]"#, "logmark.toml:2:14: server.public_url: must be a string, not an array"),
        (r#"tls = "cert.pem""#, "logmark.toml:2:7: server.tls: must be a table, not a string"),
        (
            r#"tls = { cert = "no-cert.pem", key = "no-key.pem" }"#,
            "logmark.toml:2:16: server.tls.cert: the file `no-cert.pem` does not exist\nlogmark.toml:2:37: server.tls.key: the file `no-key.pem` does not exist",
        ),
        (
            r#"tls = { cert = "no-cert.pem" }"#,
            "logmark.toml:2:7: server.tls.key: is missing: write the path of the private key, in PEM\nlogmark.toml:2:16: server.tls.cert: the file `no-cert.pem` does not exist",
        ),
        (
            r#"tls = { cert = "", key = "src" }"#,
            "logmark.toml:2:16: server.tls.cert: is not a path: write the path of a file or folder\nlogmark.toml:2:26: server.tls.key: `src` is not a file",
        ),
        (
            r#"tls = { certificate = "a", key = "no-key.pem" }"#,
            "logmark.toml:2:7: server.tls.cert: is missing: write the path of the certificate chain, in PEM\nlogmark.toml:2:9: server.tls.certificate: unknown key: expected `cert` or `key`\nlogmark.toml:2:34: server.tls.key: the file `no-key.pem` does not exist",
        ),
        (
            r#"admin_listen = "9090""#,
            "logmark.toml:2:16: server.admin_listen: `9090` is only a port: write `localhost:PORT` for this machine only, or `:PORT` for every IPv4 address",
        ),
        (
            "listen = \"127.0.0.1:8080\"\nadmin_listen = \"127.0.0.1:8080\"",
            "logmark.toml:3:16: server.admin_listen: is the same address as `listen`: health and metrics need an address of their own",
        ),
        (
            r#"listen = "127.0.0.1:9090""#,
            "logmark.toml:1:1: server.admin_listen: is missing: `listen` uses its default, `127.0.0.1:9090`, so set another address",
        ),
        (
            r#"cors_origins = ["*"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `*` is not a single origin: list each one, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["https://*.example.com"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `https://*.example.com` is not a single origin: list each one, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["null"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `null` is not a single origin: list each one, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["https://app.example.com/"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `https://app.example.com/` is not an origin as browsers send it: write the scheme, the host, and the port unless it is the default, without a path, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["https://app.example.com:443"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `https://app.example.com:443` is not an origin as browsers send it: write the scheme, the host, and the port unless it is the default, without a path, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["app.example.com"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `app.example.com` is not an origin as browsers send it: write the scheme, the host, and the port unless it is the default, without a path, such as `https://app.example.com`",
        ),
        ("cors_origins = []", "logmark.toml:2:16: server.cors_origins: is empty: remove the key to allow no other origin"),
        (r#"cors_origins = "https://app.example.com""#, "logmark.toml:2:16: server.cors_origins: must be an array, not a string"),
        (
            r#"cors_origins = ["https://a.example.com", "https://a.example.com"]"#,
            "logmark.toml:2:42: server.cors_origins[1]: is listed twice",
        ),
        (
            r#"trusted_proxies = ["10.1.0.0/8"]"#,
            "logmark.toml:2:20: server.trusted_proxies[0]: `10.1.0.0/8` has address bits behind its prefix: write `10.0.0.0/8`",
        ),
        (
            r#"trusted_proxies = ["nginx"]"#,
            "logmark.toml:2:20: server.trusted_proxies[0]: `nginx` is not a network: write an address with a prefix, such as `10.0.0.0/8` or `fd00::/8`, or one address",
        ),
        ("trusted_proxies = []", "logmark.toml:2:19: server.trusted_proxies: is empty: remove the key to trust no proxy"),
        (
            r#"forwarding_header = "x-real-ip""#,
            "logmark.toml:2:21: server.forwarding_header: `x-real-ip` is not a forwarding header: expected `x-forwarded-for` or `forwarded`",
        ),
        (
            "max_body_bytes = 1",
            "logmark.toml:2:1: server.max_body_bytes: unknown key: expected `tls`, `listen`, `admin_listen`, `public_url`, `allowed_hosts`, `cursor_keys`, `cors_origins`, `forwarding_header`, `trusted_proxies`, `shared_tickets` or `limits`",
        ),
    ];
    refused("[server]", &cases);
}

#[test]
fn wrong_limits_of_the_server_say_what_fits() {
    let cases = [
        ("max_connections = 0", "logmark.toml:2:19: server.limits.max_connections: must be from 1 to 1000000"),
        ("max_connections = -1", "logmark.toml:2:19: server.limits.max_connections: must be from 1 to 1000000"),
        ("max_connections = 1.5", "logmark.toml:2:19: server.limits.max_connections: must be an integer, not a float"),
        (r#"max_connections = "many""#, "logmark.toml:2:19: server.limits.max_connections: must be an integer, not a string"),
        ("max_connections = 99999999999999999999", "logmark.toml:2:19: server.limits.max_connections: must be from 1 to 1000000"),
        ("max_connections_per_ip = -1", "logmark.toml:2:26: server.limits.max_connections_per_ip: must be from 0 to 1000000"),
        (
            r#"max_body_bytes = "1 M""#,
            "logmark.toml:2:18: server.limits.max_body_bytes: `1 M` has an ambiguous unit (1000 or 1024): write `KiB`, `MiB` or `GiB`, or `kB`, `MB` or `GB`",
        ),
        (r#"page_bytes = "1GiB""#, "logmark.toml:2:14: server.limits.page_bytes: must be from 65536 to 67108864 bytes"),
        ("max_header_bytes = 10", "logmark.toml:2:20: server.limits.max_header_bytes: must be from 1024 to 1048576 bytes"),
        (
            "header_timeout = 10",
            "logmark.toml:2:18: server.limits.header_timeout: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not an integer",
        ),
        (
            r#"header_timeout = "10""#,
            "logmark.toml:2:18: server.limits.header_timeout: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not `10`",
        ),
        (
            r#"header_timeout = "ten seconds""#,
            "logmark.toml:2:18: server.limits.header_timeout: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not `ten seconds`",
        ),
        (r#"handshake_timeout = "0s""#, "logmark.toml:2:21: server.limits.handshake_timeout: must be from 1s to 10m"),
        (r#"idle_timeout = "2h""#, "logmark.toml:2:16: server.limits.idle_timeout: must be from 1s to 1h"),
        (
            "request_timeout = 2026-11-20",
            "logmark.toml:2:19: server.limits.request_timeout: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not a date or time",
        ),
        (
            "request_timeout = \"10s\"\nwork_time = \"10s\"",
            "logmark.toml:3:13: server.limits.work_time: must be shorter than `request_timeout`, 10s: sending the response takes time too",
        ),
        (
            r#"work_time = "40s""#,
            "logmark.toml:2:13: server.limits.work_time: must be shorter than `request_timeout`, 30s: sending the response takes time too",
        ),
        (
            "drain_timeout = true",
            "logmark.toml:2:17: server.limits.drain_timeout: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not a boolean",
        ),
        (
            "response_memory = \"1MiB\"",
            "logmark.toml:2:19: server.limits.response_memory: must be from 16777216 to 1099511627776 bytes",
        ),
        ("max_requests = 0", "logmark.toml:2:16: server.limits.max_requests: must be from 1 to 1000000"),
        (
            "stream_pages = 64",
            "logmark.toml:2:1: server.limits.stream_pages: was removed: use `response_memory`, which limits the bytes that all responses hold",
        ),
        ("page_bytes = 1", "logmark.toml:2:14: server.limits.page_bytes: must be from 65536 to 67108864 bytes"),
        ("page_byte = 4_000_000", "logmark.toml:2:1: server.limits.page_byte: unknown key: did you mean `page_bytes`?"),
    ];
    refused("[server.limits]", &cases);
}

#[test]
fn wrong_telemetry_says_what_fits() {
    let cases = [
        (r#"log_format = "xml""#, "logmark.toml:2:14: telemetry.log_format: `xml` is unknown: expected `json` or `text`"),
        (
            r#"log_level = "inof""#,
            "logmark.toml:2:13: telemetry.log_level: `inof` is not a log filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`",
        ),
        (
            r#"log_level = "info,logmark=loud""#,
            "logmark.toml:2:13: telemetry.log_level: `info,logmark=loud` is not a log filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`",
        ),
        (
            r#"log_level = """#,
            "logmark.toml:2:13: telemetry.log_level: `` is not a log filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`",
        ),
        (r#"audit = "yes""#, "logmark.toml:2:9: telemetry.audit: must be `true` or `false`, not a string"),
        ("audit = 1", "logmark.toml:2:9: telemetry.audit: must be `true` or `false`, not an integer"),
        (r#"level = "info""#, "logmark.toml:2:1: telemetry.level: unknown key: expected `log_format`, `log_level` or `audit`"),
    ];
    refused("[telemetry]", &cases);
}

#[test]
fn wrong_syntax_is_one_error_and_each_unknown_section_is_one() {
    let cases = [
        ("listen", "logmark.toml:1:7: invalid TOML: key with no value, expected `=`"),
        ("[server]\nlisten = \"127.0.0.1:1", r#"logmark.toml:2:22: invalid TOML: invalid basic string, expected `"`"#),
        ("[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "logmark.toml:3:1: invalid TOML: duplicate key"),
        ("[server]\n[server]", "logmark.toml:2:2: invalid TOML: duplicate key"),
        ("server = 1", "logmark.toml:1:10: server: must be a table, not an integer"),
        ("[[server]]", "logmark.toml:1:1: server: must be a table, not an array"),
        ("[sever]", "logmark.toml:1:2: sever: unknown key: did you mean `server`?"),
        (
            "[zebra]",
            "logmark.toml:1:2: zebra: unknown key: expected `server`, `limits`, `telemetry`, `audit`, `lambda`, `demo`, `auth`, `sources`, `reports`, `log_formats`, `tenants` or `tenant_template`",
        ),
        ("é = 1", "logmark.toml:1:1: invalid TOML: invalid unquoted key, expected letters, numbers, `-`, `_`"),
        (
            "top = 1",
            "logmark.toml:1:1: top: unknown key: expected `server`, `limits`, `telemetry`, `audit`, `lambda`, `demo`, `auth`, `sources`, `reports`, `log_formats`, `tenants` or `tenant_template`",
        ),
        (
            r#""" = 1"#,
            r#"logmark.toml:1:1: "": unknown key: expected `server`, `limits`, `telemetry`, `audit`, `lambda`, `demo`, `auth`, `sources`, `reports`, `log_formats`, `tenants` or `tenant_template`"#,
        ),
    ];
    refused("", &cases);
}

#[test]
fn what_is_allowed_but_open_is_a_warning() {
    let cases = [
        (r#"listen = "127.0.0.1:8081""#, ""),
        (
            "listen = \"0.0.0.0:8080\"\npublic_url = \"https://logs.example.com\"",
            "logmark.toml:2:10: server.listen: plain HTTP on a network: put a TLS terminator before it that clients cannot bypass",
        ),
        (
            r#"listen = "[::]:8080""#,
            "logmark.toml:1:1: server.public_url: is missing: responses will link to `[::]:8080`, which clients cannot reach\nlogmark.toml:2:10: server.listen: plain HTTP on a network: put a TLS terminator before it that clients cannot bypass",
        ),
        (
            r#"admin_listen = "0.0.0.0:9090""#,
            "logmark.toml:2:16: server.admin_listen: health and metrics need no token: restrict who can reach this address",
        ),
        (
            r#"public_url = "http://logs.example.com""#,
            "logmark.toml:2:14: server.public_url: begins with `http://`: clients will send their tokens in plain text",
        ),
        (r#"public_url = "http://localhost:8080""#, ""),
        (r#"cors_origins = ["http://localhost:3000", "https://app.example.com"]"#, ""),
    ];
    warned("[server]", &cases);
}
