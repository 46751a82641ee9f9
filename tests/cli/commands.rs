//! The commands that only print: help, `check`, `openapi`, `token`, `explain`.

use insta::assert_snapshot;

use crate::world::binary::{ServiceDirectory, logmark, run};
use crate::world::write_private;

#[tokio::test]
async fn the_help_of_each_command_teaches_how_to_use_it() {
    let folder = tempfile::tempdir().unwrap();
    for (command, taught) in [
        (vec![], &["Usage: logmark [COMMAND]", "Try it:", "logmark demo ", "LOGMARK__SERVER__LISTEN", "  explain "][..]),
        (vec!["serve"], &["Usage: logmark serve", "AWS_LAMBDA_RUNTIME_API", "--config <FILE>", "LOGMARK_CONFIG"][..]),
        (vec!["demo"], &["Usage: logmark demo", "--data <DIR>", "--port <PORT>", "[default: 8080]", "logmark explain"][..]),
        (vec!["token"], &["--tenant <TENANT>", "--scope <SCOPE>...", "--ttl 15m", "[[auth.issuers]]", "issuer.jwks.json"][..]),
        (vec!["import"], &["[FILES]...", "--timestamp-format <FORMAT>", "zcat old.gz |", "through the `endpoint`"][..]),
        (vec!["check"], &["all errors at once", "--config <FILE>"][..]),
        (vec!["explain"], &["--token <TOKEN>", "--action <ACTION>", "Exits with 0 if the action is allowed"][..]),
        (vec!["openapi"], &["Print the OpenAPI document"][..]),
        (vec!["logs"], &["Usage: logmark logs", "--start -1h --filter ERROR", "LOGMARK_TOKEN", "Exit codes: 0 success"][..]),
        (vec!["tail"], &["Usage: logmark tail", "--since 5m", "resumes where it was", "Exit codes: 0 success"][..]),
        (vec!["groups"], &["Usage: logmark groups", "--streams", "prefer LOGMARK_TOKEN", "Exit codes: 0 success"][..]),
        (vec!["query"], &["Usage: logmark query", "--format csv > n.csv", "< slow-routes.txt", "Exit codes: 0 success"][..]),
        (vec!["completions"], &["bash-completion/completions/logmark", "powershell"][..]),
    ] {
        let said = run(folder.path(), &[command.as_slice(), &["--help"]].concat()).await;
        assert_eq!(said.code, 0);
        for text in taught {
            assert!(said.out.contains(text), "{command:?} says `{text}`:\n{}", said.out);
        }
    }
}

#[tokio::test]
async fn a_wrong_command_line_ends_with_2_and_says_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = run(folder.path(), &[]).await;
    assert_eq!((nothing.code, nothing.out.contains("Usage: logmark [COMMAND]")), (2, true));
    let unknown = run(folder.path(), &["serv"]).await;
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("a similar subcommand exists: 'serve'"), "{}", unknown.err);
    let missing = run(folder.path(), &["token", "--tenant", "acme"]).await;
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("--scope <SCOPE>"), "{}", missing.err);
    let version = run(folder.path(), &["--version"]).await;
    assert_eq!(version.out, concat!("logmark ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[tokio::test]
async fn check_reports_every_mistake_with_its_line_and_every_command_refuses_with_64() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[server]\nlisten = \"x\"\nnope = 1\n\n[[auth.issuers]]\nissuer = \"\"\n";
    std::fs::write(folder.path().join("logmark.toml"), text).unwrap();
    let said = run(folder.path(), &["check"]).await;
    assert_snapshot!(said.shown(folder.path()), @r#"
    exit 64
    logmark: logmark.toml:1:1: sources: is missing: write at least one `[[sources]]`, or there are no logs to read
    logmark.toml:2:10: server.listen: `x` is not an address to listen on: write a host and a port, such as `127.0.0.1:8080`, `localhost:8080`, `:8080` or `[::]:8443`
    logmark.toml:3:1: server.nope: unknown key: expected `tls`, `listen`, `admin_listen`, `public_url`, `allowed_hosts`, `cursor_keys`, `cors_origins`, `forwarding_header`, `trusted_proxies`, `shared_tickets` or `limits`
    logmark.toml:5:1: auth.issuers[0].algorithms: is missing: list its signing algorithms, such as `["RS256"]`
    logmark.toml:5:1: auth.issuers[0].keys: is missing: write `discover`, the URL of its JWKS, or `file:PATH`
    logmark.toml:5:1: auth.issuers[0].audiences: is missing: list the accepted values of `aud`; for tokens without `aud`, such as Cognito's access tokens, set `client_ids`
    logmark.toml:6:10: auth.issuers[0].issuer: `` is empty
    7 errors in the configuration
    "#);
    for command in [
        &["serve"][..],
        &["explain", "--token", "x", "--action", "read", "--group", "/a"],
        &["import", "--group", "/a", "--stream", "s"],
    ] {
        assert_eq!(run(folder.path(), command).await.code, 64, "{command:?}");
    }
    let absent = run(folder.path(), &["check", "--config", "other.toml"]).await;
    assert_eq!(absent.code, 64);
    assert!(absent.err.contains("other.toml"), "{}", absent.err);
}

#[tokio::test]
async fn check_looks_at_certificates_and_keys_too_and_the_environment_counts() {
    let directory = ServiceDirectory::new("tls = { cert = \"cert.pem\", key = \"key.pem\" }\n");
    let absent = run(directory.path(), &["check"]).await;
    assert_snapshot!(absent.shown(directory.path()), @"
    exit 64
    logmark: logmark.toml:4:16: server.tls.cert: the file `cert.pem` does not exist
    logmark.toml:4:34: server.tls.key: the file `key.pem` does not exist
    2 errors in the configuration
    ");
    for name in ["cert.pem", "key.pem", "issuer.jwks.json"] {
        write_private(&directory.path().join(name), "{}");
    }
    let unusable = run(directory.path(), &["check"]).await;
    assert_snapshot!(unusable.shown(directory.path()), @"
    exit 64
    logmark: server.tls: cert.pem: holds no certificate
    logmark: auth.issuers `test`: keys: issuer.jwks.json: key set has no array of keys
    ");
    let directory = ServiceDirectory::new("");
    let good = run(directory.path(), &["check"]).await;
    assert_eq!(good.code, 0, "{}", good.err);
    assert!(good.out.ends_with("The configuration is valid.\n"), "{}", good.out);
    let output = logmark(directory.path()).arg("check").env("LOGMARK__SERVER__LISTEN", "nowhere").output().await.unwrap();
    let bad = crate::world::binary::CommandOutput::from(output);
    assert_eq!(bad.code, 64);
    assert!(bad.err.contains("LOGMARK__SERVER__LISTEN: `nowhere` is not an address"), "{}", bad.err);
}

#[tokio::test]
async fn openapi_prints_the_committed_document() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["openapi"]).await;
    assert_eq!(said.code, 0);
    assert!(
        said.out == include_str!("../../openapi/openapi.json"),
        "openapi/openapi.json differs from the code: run `make openapi` and review the difference"
    );
}

#[tokio::test]
async fn token_refuses_what_no_service_would_take() {
    let folder = tempfile::tempdir().unwrap();
    let with = |tenant, scope, ttl| ["token", "--tenant", tenant, "--scope", scope, "--ttl", ttl];
    let mut shown = String::new();
    for arguments in [
        with("a b", "logs:read:*", "1h"),
        with("", "logs:read:*", "1h"),
        with("acme", "logs:fly:*", "1h"),
        with("acme", "logs:read:* read", "1h"),
        with("acme", "logs:read:*", "soon"),
        with("acme", "logs:read:*", "0s"),
        with("acme", "logs:read:*", "25h"),
    ] {
        shown.push_str(&run(folder.path(), &arguments).await.shown(folder.path()));
        shown.push('\n');
    }
    assert_snapshot!(shown, @"
    exit 1
    logmark: --tenant `a b`: has the character ' ' at position 2; allowed are letters, digits and `_` `.` `-`
    exit 1
    logmark: --tenant ``: is empty
    exit 1
    logmark: --scope `logs:fly:*`: is not a scope: write `logs:<action>:<group pattern>`, with the action `read`, `query`, `tail`, `describe` or `*`
    exit 1
    logmark: --scope `read`: is not a scope: write `logs:<action>:<group pattern>`, with the action `read`, `query`, `tail`, `describe` or `*`
    exit 1
    logmark: --ttl `soon` is not a duration such as `1h` or `15m`
    exit 1
    logmark: --ttl `0s` is not between 1s and 24h
    exit 1
    logmark: --ttl `25h` is not between 1s and 24h
    ");
    assert!(!folder.path().join("logmark-demo").exists(), "nothing is created for an invalid token");
}

#[tokio::test]
async fn explain_says_which_claim_and_rule_decide() {
    let directory = ServiceDirectory::new("");
    let path = directory.path();
    let token = directory.issuer.token("acme", "logs:read:/acme/* logs:query:/acme/api");
    let explain = |token, action, group| ["explain", "--token", token, "--action", action, "--group", group];
    let allowed = run(path, &explain(&token, "read", "/acme/api")).await;
    assert_eq!(allowed.code, 0, "{}", allowed.err);
    let last = |said: &crate::world::binary::CommandOutput| said.out.lines().last().unwrap_or(&said.err).to_owned();
    assert_snapshot!(last(&allowed), @"allowed   read /acme/api: by tenants.acme.grants[0] and the scope logs:read:/acme/* in claim `scope`");
    let no_scope = run(path, &explain(&token, "tail", ":acme:api")).await;
    assert_eq!(no_scope.code, 1);
    assert_snapshot!(last(&no_scope), @"refused   tail /acme/api: the token lacks the scope `logs:tail:/acme/api`");
    let no_grant = run(path, &explain(&token, "read", "/globex/api")).await;
    assert_eq!(no_grant.code, 1);
    assert_snapshot!(last(&no_grant), @"refused   read /globex/api: no grant of the tenant covers it");
    let mut claims = crate::world::tokens::Issuer::claims("acme", "logs:read:*");
    claims["aud"] = "another".into();
    let foreign = directory.issuer.mint(&claims);
    let refused = run(path, &explain(&foreign, "read", "/acme/api")).await;
    assert_eq!((refused.code, refused.err.trim_end()), (1, "logmark: the token is refused: audience is not accepted"));
    let nonsense = run(path, &explain("not.a.token", "read", "/acme/api")).await;
    assert_eq!((nonsense.code, nonsense.err.trim_end()), (1, "logmark: the token is refused: header is not unpadded base64url"));
    let action = run(path, &explain(&token, "write", "/acme/api")).await;
    assert_snapshot!(action.shown(path), @"
    exit 1
    logmark: --action `write`: is not an action: use `read`, `query`, `tail` or `describe`
    ");
}

#[tokio::test]
async fn serve_and_check_refuse_the_development_issuer_outside_of_a_demo() {
    let directory = ServiceDirectory::new("");
    let path = directory.path().join("logmark.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("issuer = \"test\"", "issuer = \"logmark-dev\"");
    std::fs::write(&path, &text).unwrap();
    let served = run(directory.path(), &["serve"]).await.shown(directory.path());
    assert_eq!(run(directory.path(), &["check"]).await.shown(directory.path()), served);
    assert_snapshot!(served, @"
    exit 64
    logmark: auth.issuers: `logmark-dev` is the development issuer: anyone who can read its key file can sign a token for any tenant; remove it, or for development on this machine only, set `development_issuer = true` in `[demo]`
    ");
    std::fs::write(&path, format!("{text}\n[demo]\ndevelopment_issuer = true\n")).unwrap();
    let allowed = run(directory.path(), &["check"]).await;
    assert_eq!(allowed.code, 0, "{}", allowed.err);
    let open = logmark(directory.path()).arg("serve").env("LOGMARK__SERVER__LISTEN", "0.0.0.0:0").output().await.unwrap();
    let open = crate::world::binary::CommandOutput::from(open);
    assert!(open.code == 64 && open.err.contains("`server.listen` is `0.0.0.0:0`"), "{}", open.err);
}

#[tokio::test]
async fn what_the_development_issuer_writes_has_its_permissions_whatever_the_umask_is() {
    use std::os::unix::fs::PermissionsExt as _;
    for umask in ["000", "002", "022", "077", "177"] {
        let folder = tempfile::tempdir().unwrap();
        let binary = env!("CARGO_BIN_EXE_logmark");
        std::fs::create_dir(folder.path().join("dev")).unwrap();
        let line = format!("umask {umask} && exec '{binary}' token --data dev --tenant acme --scope 'logs:read:*'");
        let output = tokio::process::Command::new("sh").args(["-c", &line]).current_dir(folder.path()).output().await.unwrap();
        assert!(output.status.success(), "{umask}: {}", String::from_utf8_lossy(&output.stderr));
        let mode = |name: &str| {
            let metadata = std::fs::metadata(folder.path().join("dev").join(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        assert_eq!((mode("issuer.pem"), mode("issuer.jwks.json")), (0o600, 0o644), "{umask}");
    }
}
