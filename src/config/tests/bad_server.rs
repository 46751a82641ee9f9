//! `[server]`, `[telemetry]` and the file as a whole, gone wrong.

use super::{refused, warned};

#[test]
fn wrong_keys_of_the_server_are_named_with_their_location() {
    let cases = [
        (
            r#"listen = "8080""#,
            "logmark.toml:2:10: server.listen: `8080` is a port alone: write `localhost:PORT` for this machine alone, or `:PORT` for every IPv4 address",
        ),
        (
            r#"listen = "logs.example.com:8080""#,
            "logmark.toml:2:10: server.listen: `logs.example.com:8080` names a host: write its IP address, `localhost`, or only `:PORT` for every IPv4 address",
        ),
        (
            r#"listen = "http""#,
            "logmark.toml:2:10: server.listen: `http` is not an address to listen on: write a host and a port, such as `127.0.0.1:8080`, `localhost:8080`, `:8080` or `[::]:8443`",
        ),
        ("listen = 8080", "logmark.toml:2:10: server.listen: must be a text in quotes, not a whole number"),
        (r#"listen = "0.0.0.0:99999""#, "logmark.toml:2:10: server.listen: `0.0.0.0:99999` has a port above 65535"),
        (r#"lisen = "127.0.0.1:1""#, "logmark.toml:2:1: server.lisen: is no key here: did you mean `listen`?"),
        (r#"tsl = { cert = "a" }"#, "logmark.toml:2:1: server.tsl: is no key here: did you mean `tls`?"),
        (
            "verify = false",
            "logmark.toml:2:1: server.verify: is no key here: there are `tls`, `listen`, `admin_listen`, `public_url`, `allowed_hosts`, `cursor_keys`, `cors_origins`, `forwarding_header`, `trusted_proxies` and `limits`",
        ),
        (
            r#"public_url = "logs.example.com""#,
            "logmark.toml:2:14: server.public_url: is no URL: write it whole, such as `https://logs.example.com`",
        ),
        (r#"public_url = "ftp://logs.example.com""#, "logmark.toml:2:14: server.public_url: must begin with `https://`"),
        (
            r#"public_url = "https://logs.example.com/?a=b""#,
            "logmark.toml:2:14: server.public_url: has a `?` query: leave it out",
        ),
        (
            r#"public_url = "https://logs.example.com/#a""#,
            "logmark.toml:2:14: server.public_url: has a `#` fragment: leave it out",
        ),
        (
            r#"public_url = "https://user:canary@logs.example.com""#,
            "logmark.toml:2:14: server.public_url: has a user or password in it: leave them out",
        ),
        (
            r#"public_url = ["https://a.example.com"]"#,
            "logmark.toml:2:14: server.public_url: must be a text in quotes, not a list",
        ),
        (r#"tls = "cert.pem""#, "logmark.toml:2:7: server.tls: must be a table, not a text"),
        (
            r#"tls = { cert = "no-cert.pem", key = "no-key.pem" }"#,
            "logmark.toml:2:16: server.tls.cert: there is no file `no-cert.pem`\nlogmark.toml:2:37: server.tls.key: there is no file `no-key.pem`",
        ),
        (
            r#"tls = { cert = "no-cert.pem" }"#,
            "logmark.toml:2:7: server.tls.key: is missing: the path of the certificate's private key, in PEM\nlogmark.toml:2:16: server.tls.cert: there is no file `no-cert.pem`",
        ),
        (
            r#"tls = { cert = "", key = "src" }"#,
            "logmark.toml:2:16: server.tls.cert: names no path\nlogmark.toml:2:26: server.tls.key: `src` is no file",
        ),
        (
            r#"tls = { certificate = "a", key = "no-key.pem" }"#,
            "logmark.toml:2:7: server.tls.cert: is missing: the path of the certificate chain, in PEM\nlogmark.toml:2:9: server.tls.certificate: is no key here: there are `cert` and `key`\nlogmark.toml:2:34: server.tls.key: there is no file `no-key.pem`",
        ),
        (
            r#"admin_listen = "9090""#,
            "logmark.toml:2:16: server.admin_listen: `9090` is a port alone: write `localhost:PORT` for this machine alone, or `:PORT` for every IPv4 address",
        ),
        (
            "listen = \"127.0.0.1:8080\"\nadmin_listen = \"127.0.0.1:8080\"",
            "logmark.toml:3:16: server.admin_listen: is the same address as `listen`: health and metrics are never on the public one",
        ),
        (
            r#"listen = "127.0.0.1:9090""#,
            "logmark.toml:1:1: server.admin_listen: is missing: `listen` has taken its default, `127.0.0.1:9090`, so give it another",
        ),
        (
            r#"cors_origins = ["*"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `*` is no single origin: name each one, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["https://*.example.com"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `https://*.example.com` is no single origin: name each one, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["null"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `null` is no single origin: name each one, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["https://app.example.com/"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `https://app.example.com/` is no origin as browsers send it: scheme, host, and the port only where it is not the usual one, no path, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["https://app.example.com:443"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `https://app.example.com:443` is no origin as browsers send it: scheme, host, and the port only where it is not the usual one, no path, such as `https://app.example.com`",
        ),
        (
            r#"cors_origins = ["app.example.com"]"#,
            "logmark.toml:2:17: server.cors_origins[0]: `app.example.com` is no origin as browsers send it: scheme, host, and the port only where it is not the usual one, no path, such as `https://app.example.com`",
        ),
        ("cors_origins = []", "logmark.toml:2:16: server.cors_origins: is empty: leave the key out to allow no other origin"),
        (r#"cors_origins = "https://app.example.com""#, "logmark.toml:2:16: server.cors_origins: must be a list, not a text"),
        (
            r#"cors_origins = ["https://a.example.com", "https://a.example.com"]"#,
            "logmark.toml:2:42: server.cors_origins[1]: is there twice",
        ),
        (
            r#"trusted_proxies = ["10.1.0.0/8"]"#,
            "logmark.toml:2:20: server.trusted_proxies[0]: `10.1.0.0/8` has address bits behind its prefix: write `10.0.0.0/8`",
        ),
        (
            r#"trusted_proxies = ["nginx"]"#,
            "logmark.toml:2:20: server.trusted_proxies[0]: `nginx` is not a network: write an address with a prefix, such as `10.0.0.0/8` or `fd00::/8`, or one address",
        ),
        ("trusted_proxies = []", "logmark.toml:2:19: server.trusted_proxies: is empty: leave the key out to trust no proxy"),
        (
            r#"forwarding_header = "x-real-ip""#,
            "logmark.toml:2:21: server.forwarding_header: `x-real-ip` is not a forwarding header: there are `x-forwarded-for` and `forwarded`",
        ),
        (
            "max_body_bytes = 1",
            "logmark.toml:2:1: server.max_body_bytes: is no key here: there are `tls`, `listen`, `admin_listen`, `public_url`, `allowed_hosts`, `cursor_keys`, `cors_origins`, `forwarding_header`, `trusted_proxies` and `limits`",
        ),
    ];
    refused("[server]", &cases);
}

#[test]
fn wrong_limits_of_the_server_say_what_fits() {
    let cases = [
        ("max_connections = 0", "logmark.toml:2:19: server.limits.max_connections: must be from 1 to 1000000"),
        ("max_connections = -1", "logmark.toml:2:19: server.limits.max_connections: must be from 1 to 1000000"),
        (
            "max_connections = 1.5",
            "logmark.toml:2:19: server.limits.max_connections: must be a whole number, not a number with a fraction",
        ),
        (r#"max_connections = "many""#, "logmark.toml:2:19: server.limits.max_connections: must be a whole number, not a text"),
        ("max_connections = 99999999999999999999", "logmark.toml:2:19: server.limits.max_connections: must be from 1 to 1000000"),
        ("max_connections_per_ip = -1", "logmark.toml:2:26: server.limits.max_connections_per_ip: must be from 0 to 1000000"),
        (
            r#"max_body_bytes = "1 M""#,
            "logmark.toml:2:18: server.limits.max_body_bytes: `1 M` has a unit that may be 1000 or 1024: write `KiB`, `MiB` or `GiB`, or `kB`, `MB` or `GB`",
        ),
        (r#"page_bytes = "1GiB""#, "logmark.toml:2:14: server.limits.page_bytes: must be from 65536 to 67108864 bytes"),
        ("max_header_bytes = 10", "logmark.toml:2:20: server.limits.max_header_bytes: must be from 1024 to 1048576"),
        (
            "header_timeout = 10",
            "logmark.toml:2:18: server.limits.header_timeout: must be a length of time such as `30s`, `10m`, `1h30m` or `31d`, not a whole number",
        ),
        (
            r#"header_timeout = "10""#,
            "logmark.toml:2:18: server.limits.header_timeout: must be a length of time such as `30s`, `10m`, `1h30m` or `31d`, not `10`",
        ),
        (
            r#"header_timeout = "ten seconds""#,
            "logmark.toml:2:18: server.limits.header_timeout: must be a length of time such as `30s`, `10m`, `1h30m` or `31d`, not `ten seconds`",
        ),
        (r#"handshake_timeout = "0s""#, "logmark.toml:2:21: server.limits.handshake_timeout: must be from 1s to 10m"),
        (r#"idle_timeout = "2h""#, "logmark.toml:2:16: server.limits.idle_timeout: must be from 1s to 1h"),
        (
            "request_timeout = 2026-11-20",
            "logmark.toml:2:19: server.limits.request_timeout: must be a length of time such as `30s`, `10m`, `1h30m` or `31d`, not a date or time",
        ),
        (
            "request_timeout = \"10s\"\nwork_time = \"10s\"",
            "logmark.toml:3:13: server.limits.work_time: must be shorter than `request_timeout`, 10s: an answer has to be sent too",
        ),
        (
            r#"work_time = "40s""#,
            "logmark.toml:2:13: server.limits.work_time: must be shorter than `request_timeout`, 30s: an answer has to be sent too",
        ),
        (
            "drain_timeout = true",
            "logmark.toml:2:17: server.limits.drain_timeout: must be a length of time such as `30s`, `10m`, `1h30m` or `31d`, not `true` or `false`",
        ),
        (
            "response_memory = \"1MiB\"",
            "logmark.toml:2:19: server.limits.response_memory: must be from 16777216 to 1099511627776 bytes",
        ),
        ("max_requests = 0", "logmark.toml:2:16: server.limits.max_requests: must be from 1 to 1000000"),
        (
            "stream_pages = 64",
            "logmark.toml:2:1: server.limits.stream_pages: is no key any more: `response_memory` bounds the bytes that all answers hold, pages among them",
        ),
        ("page_bytes = 1", "logmark.toml:2:14: server.limits.page_bytes: must be from 65536 to 67108864"),
        ("page_byte = 4_000_000", "logmark.toml:2:1: server.limits.page_byte: is no key here: did you mean `page_bytes`?"),
    ];
    refused("[server.limits]", &cases);
}

#[test]
fn wrong_telemetry_says_what_fits() {
    let cases = [
        (r#"log_format = "xml""#, "logmark.toml:2:14: telemetry.log_format: `xml` is no format: there are `json` and `text`"),
        (
            r#"log_level = "inof""#,
            "logmark.toml:2:13: telemetry.log_level: `inof` is no filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`",
        ),
        (
            r#"log_level = "info,logmark=loud""#,
            "logmark.toml:2:13: telemetry.log_level: `info,logmark=loud` is no filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`",
        ),
        (
            r#"log_level = """#,
            "logmark.toml:2:13: telemetry.log_level: `` is no filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`",
        ),
        (r#"audit = "yes""#, "logmark.toml:2:9: telemetry.audit: must be `true` or `false`, not a text"),
        ("audit = 1", "logmark.toml:2:9: telemetry.audit: must be `true` or `false`, not a whole number"),
        (
            r#"level = "info""#,
            "logmark.toml:2:1: telemetry.level: is no key here: there are `log_format`, `log_level` and `audit`",
        ),
    ];
    refused("[telemetry]", &cases);
}

#[test]
fn wrong_syntax_is_one_error_and_each_unknown_section_is_one() {
    let cases = [
        ("listen", "logmark.toml:1:7: is no TOML: key with no value, expected `=`"),
        ("[server]\nlisten = \"127.0.0.1:1", r#"logmark.toml:2:22: is no TOML: invalid basic string, expected `"`"#),
        ("[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "logmark.toml:3:1: is no TOML: duplicate key"),
        ("[server]\n[server]", "logmark.toml:2:2: is no TOML: duplicate key"),
        ("server = 1", "logmark.toml:1:10: server: must be a table, not a whole number"),
        ("[[server]]", "logmark.toml:1:1: server: must be a table, not a list"),
        ("[sever]", "logmark.toml:1:2: sever: is no key here: did you mean `server`?"),
        (
            "[zebra]",
            "logmark.toml:1:2: zebra: is no key here: there are `server`, `telemetry`, `lambda`, `demo`, `auth`, `sources`, `tenants` and `tenant_template`",
        ),
        ("é = 1", "logmark.toml:1:1: is no TOML: invalid unquoted key, expected letters, numbers, `-`, `_`"),
        (
            "top = 1",
            "logmark.toml:1:1: top: is no key here: there are `server`, `telemetry`, `lambda`, `demo`, `auth`, `sources`, `tenants` and `tenant_template`",
        ),
        (
            r#""" = 1"#,
            r#"logmark.toml:1:1: "": is no key here: there are `server`, `telemetry`, `lambda`, `demo`, `auth`, `sources`, `tenants` and `tenant_template`"#,
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
            "logmark.toml:2:10: server.listen: plain HTTP, and not for this machine alone: only for behind a TLS terminator that nobody can go around",
        ),
        (
            r#"listen = "[::]:8080""#,
            "logmark.toml:1:1: server.public_url: is missing, so clients are told `[::]:8080`, which they cannot reach\nlogmark.toml:2:10: server.listen: plain HTTP, and not for this machine alone: only for behind a TLS terminator that nobody can go around",
        ),
        (
            r#"admin_listen = "0.0.0.0:9090""#,
            "logmark.toml:2:16: server.admin_listen: health and metrics ask for no token: make sure that only those who should can reach this address",
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
