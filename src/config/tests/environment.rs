//! Variables that override the file: their effect, and the errors of variables without effect.

use std::ffi::OsString;

use super::*;
use crate::config::load;
use crate::domain::name::TenantId;

/// The address, the regions, and the tenant `acme`'s weight and groups: the values that the table below sets.
fn summary(config: &Config) -> String {
    let acme = config.tenants.get(&TenantId::try_from("acme").unwrap());
    let groups: Vec<String> = acme.grants.iter().flat_map(|grant| &grant.groups).map(ToString::to_string).collect();
    let sources: Vec<String> = config.sources.iter().map(|source| format!("{}", source.name)).collect();
    let body = config.server.limits.max_body_bytes;
    format!("{} {body} {} {} {}", config.server.listen, sources.join("+"), acme.weight, groups.join("+"))
}

#[test]
fn a_variable_wins_over_the_file() {
    let text = document("[[tenants.acme.grants]]", "") + "[tenants.acme]\nweight = 2\n[server]\nlisten = \"127.0.0.1:1\"\n";
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[], "127.0.0.1:1 1048576 eu 2 /acme/*"),
        (&[("LOGMARK__SERVER__LISTEN", "127.0.0.1:2")], "127.0.0.1:2 1048576 eu 2 /acme/*"),
        (&[("logmark__Server__Listen", "127.0.0.1:2")], "127.0.0.1:2 1048576 eu 2 /acme/*"),
        (&[("LOGMARK__SERVER__LIMITS__MAX_BODY_BYTES", "2048")], "127.0.0.1:1 2048 eu 2 /acme/*"),
        (&[("LOGMARK__SERVER__LIMITS", "{ max_body_bytes = 4096 }")], "127.0.0.1:1 4096 eu 2 /acme/*"),
        (
            &[("LOGMARK__SERVER__LIMITS", "{ max_body_bytes = 4096 }"), ("LOGMARK__SERVER__LIMITS__MAX_BODY_BYTES", "2048")],
            "127.0.0.1:1 2048 eu 2 /acme/*",
        ),
        (&[("LOGMARK__SOURCES__0__NAME", "123")], "127.0.0.1:1 1048576 123 2 /acme/*"),
        (
            &[
                ("LOGMARK__SOURCES__1__NAME", "us"),
                ("LOGMARK__SOURCES__1__KIND", "cloudwatch"),
                ("LOGMARK__SOURCES__1__REGION", "us-east-1"),
                ("LOGMARK__TENANTS__ACME__GRANTS__0__SOURCE", "us"),
            ],
            "127.0.0.1:1 1048576 eu+us 2 /acme/*",
        ),
        (&[("LOGMARK__TENANTS__ACME__WEIGHT", "7")], "127.0.0.1:1 1048576 eu 7 /acme/*"),
        (&[("LOGMARK__TENANTS__ACME__GRANTS__0__GROUPS", r#"["/a", "/b"]"#)], "127.0.0.1:1 1048576 eu 2 /a+/b"),
        (&[("LOGMARK__TENANTS__ACME__GRANTS__0__GROUPS__1", "/b")], "127.0.0.1:1 1048576 eu 2 /acme/*+/b"),
    ];
    for (environment, expected) in cases {
        let config = parsed(&text, environment).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(summary(&config), expected, "{environment:?}");
    }
}

#[test]
fn a_wrong_variable_is_an_error_with_its_name() {
    let cases: [(&[(&str, &str)], &str); 16] = [
        (
            &[("LOGMARK__SERVER__LISTEN", "8080")],
            "LOGMARK__SERVER__LISTEN: `8080` is only a port: write `localhost:PORT` for this machine only, or `:PORT` for every IPv4 address",
        ),
        (&[("LOGMARK__SERVER__LISEN", "x")], "LOGMARK__SERVER__LISEN: unknown key: did you mean `listen`?"),
        (&[("LOGMARK__SERVR__LISTEN", "x")], "LOGMARK__SERVR__LISTEN: servr: unknown key: did you mean `server`?"),
        (
            &[("LOGMARK__SERVR__A", "x"), ("LOGMARK__SERVR__B", "x")],
            "LOGMARK__SERVR__A: servr: unknown key: did you mean `server`?\n\
             LOGMARK__SERVR__B: servr: unknown key: did you mean `server`?",
        ),
        (
            &[("LOGMARK__SERVER__LISTEN__PORT", "1")],
            "LOGMARK__SERVER__LISTEN__PORT: names a key below `server.listen`, which is a string",
        ),
        (
            &[("LOGMARK__SERVER____LISTEN", "1")],
            "LOGMARK__SERVER____LISTEN: has an empty part: write `LOGMARK__SECTION__KEY`, with two underscores between levels",
        ),
        (
            &[("LOGMARK__", "1")],
            "LOGMARK__: has an empty part: write `LOGMARK__SECTION__KEY`, with two underscores between levels",
        ),
        (
            &[("LOGMARK__SERVER__ADMIN_LISTEN", "127.0.0.1:3"), ("logmark__server__admin_listen", "127.0.0.1:4")],
            "logmark__server__admin_listen: sets the same key as `LOGMARK__SERVER__ADMIN_LISTEN`: keep one of them",
        ),
        (
            &[("LOGMARK__SOURCES__5__NAME", "x")],
            "LOGMARK__SOURCES__5__NAME: sets item 5 of an array of 1: number the items from 0, without gaps",
        ),
        (
            &[("LOGMARK__SOURCES__0__REGION", "x")],
            "LOGMARK__SOURCES__0__REGION: `x` is not a region: write it as AWS does, such as `eu-central-1`",
        ),
        (
            &[("LOGMARK__SOURCES__1__NAME", "us")],
            "LOGMARK__SOURCES__1__NAME: sources[1].kind: is missing: expected `cloudwatch` or `local`",
        ),
        (
            &[("LOGMARK__SERVER__LIMITS__PAGE_BYTES", "lots")],
            "LOGMARK__SERVER__LIMITS__PAGE_BYTES: `lots` is not a number of bytes: write `65536`, or a unit as in `64KiB`, `1.5MiB`, `1GiB`, `64kB` or `1MB`",
        ),
        (&[("LOGMARK__TELEMETRY__AUDIT", "yes")], "LOGMARK__TELEMETRY__AUDIT: must be `true` or `false`, not a string"),
        (
            &[("LOGMARK__AUTH__ISSUERS__0__SCOPE_CLAIMS", "scope")],
            "LOGMARK__AUTH__ISSUERS__0__SCOPE_CLAIMS: must be an array, not a string",
        ),
        (
            &[("LOGMARK__SERVER__TLS", r#"{ cert = "no.pem" }"#)],
            "LOGMARK__SERVER__TLS: server.tls.cert: the file `no.pem` does not exist\n\
             LOGMARK__SERVER__TLS: server.tls.key: is missing: write the path of the private key, in PEM",
        ),
        (&[("LOGMARK__TENANTS__42__WEIGHT", "0")], "LOGMARK__TENANTS__42__WEIGHT: must be from 1 to 1000"),
    ];
    let text = document("[server]", "listen = \"127.0.0.1:1\"");
    for (environment, expected) in cases {
        let mut found: Vec<String> = lines(parsed(&text, environment)).lines().map(str::to_owned).collect();
        found.sort();
        assert_eq!(found.join("\n"), expected, "{environment:?}");
    }
}

#[test]
fn names_with_one_underscore_are_not_keys() {
    assert_eq!(lines(parsed(&document("", ""), &[("LOGMARK_CURSOR_KEY", "x"), ("LOGMARKER__A", "x"), ("PATH", "x")])), "");
}

#[test]
fn a_variable_finds_a_tenant_that_the_file_spells_with_capitals_unless_two_are_alike() {
    let text = document("[tenants.Acme]", "weight = 2");
    let config = parsed(&text, &[("LOGMARK__TENANTS__ACME__WEIGHT", "3")]).unwrap();
    assert_eq!(config.tenants.get(&TenantId::try_from("Acme").unwrap()).weight, 3);
    let text = text + "[tenants.acme]\n";
    let found = lines(parsed(&text, &[("LOGMARK__TENANTS__ACME__WEIGHT", "3")]));
    assert_eq!(found, "LOGMARK__TENANTS__ACME__WEIGHT: is ambiguous, it matches `Acme` and `acme`: set the key in the file");
}

#[test]
fn the_environment_alone_is_enough_and_lists_may_have_more_than_ten_entries() {
    let mut environment = vec![
        ("LOGMARK__AUTH__ISSUERS__0__ISSUER".to_owned(), "https://id.example.com".to_owned()),
        ("LOGMARK__AUTH__ISSUERS__0__AUDIENCES".to_owned(), "[\"logmark\"]".to_owned()),
        ("LOGMARK__AUTH__ISSUERS__0__ALGORITHMS__0".to_owned(), "ES256".to_owned()),
        ("LOGMARK__AUTH__ISSUERS__0__KEYS".to_owned(), "discover".to_owned()),
    ];
    for number in 0..12 {
        environment.push((format!("LOGMARK__SOURCES__{number}__NAME"), format!("s{number}")));
        environment.push((format!("LOGMARK__SOURCES__{number}__KIND"), "cloudwatch".to_owned()));
        environment.push((format!("LOGMARK__SOURCES__{number}__REGION"), "eu-central-1".to_owned()));
    }
    let config = parse(None, &environment.into_iter().collect()).unwrap();
    assert_eq!((config.sources.len(), config.sources[11].name.as_str()), (12, "s11"));
    let expected = "configuration: auth.issuers: is missing: write at least one `[[auth.issuers]]`, or no token is accepted\n\
                    configuration: sources: is missing: write at least one `[[sources]]`, or there are no logs to read";
    assert_eq!(lines(parse(None, &BTreeMap::new())), expected);
}

fn loaded(path: &Path, environment: Vec<(OsString, OsString)>) -> String {
    let folder = format!("{}/", path.parent().unwrap().display());
    lines(load(Some(path), environment)).replace(&folder, "")
}

#[test]
fn an_unreadable_file_is_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logmark.toml");
    assert_eq!(loaded(&path, Vec::new()), "logmark.toml: the file `logmark.toml` does not exist");
    std::fs::write(&path, b"[server]\nlisten = \"\xff\"\n").unwrap();
    assert_eq!(loaded(&path, Vec::new()), "logmark.toml: is not UTF-8 text: line 2");
    std::fs::write(&path, document("", "")).unwrap();
    assert_eq!(loaded(&path, Vec::new()), "");
}

#[cfg(unix)]
#[test]
fn only_our_own_variables_must_be_unicode() {
    use std::os::unix::ffi::OsStringExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logmark.toml");
    std::fs::write(&path, document("", "")).unwrap();
    let value = || OsString::from_vec(vec![0xff]);
    let environment = vec![("LOGMARK__SERVER__LISTEN".into(), value()), ("OTHER".into(), value())];
    assert_eq!(loaded(&path, environment), "LOGMARK__SERVER__LISTEN: is not Unicode text");
}
