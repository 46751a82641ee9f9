//! `[[auth.issuers]]`, gone wrong.

use super::refused;

#[test]
fn an_issuer_must_be_checkable_to_be_believed() {
    let cases = [
        ("-issuer", "logmark.toml:1:1: auth.issuers[0].issuer: is missing: write the `iss` of its tokens"),
        (r#"issuer = """#, "logmark.toml:2:10: auth.issuers[0].issuer: is empty"),
        ("issuer = 1", "logmark.toml:2:10: auth.issuers[0].issuer: must be a text in quotes, not a whole number"),
        (
            r#"issuer = "http://id.example.com""#,
            "logmark.toml:2:10: auth.issuers[0].issuer: must begin with `https://`: plain `http://` is for this machine only, such as `http://127.0.0.1:9000`",
        ),
        (
            r#"issuer = "my own""#,
            "logmark.toml:2:10: auth.issuers[0].issuer: is no URL: write it whole, such as `https://logs.example.com`",
        ),
        (
            r#"issuer = " https://id.example.com""#,
            "logmark.toml:2:10: auth.issuers[0].issuer: ` https://id.example.com` has control characters, or spaces at an end",
        ),
        (r#"issuer = "https://id.example.com?a=b""#, "logmark.toml:2:10: auth.issuers[0].issuer: has a `?` query: leave it out"),
        (
            "-audiences",
            "logmark.toml:1:1: auth.issuers[0].audiences: is missing: name those in `aud`; for tokens without `aud`, such as Cognito's access tokens, name their `client_ids`",
        ),
        ("audiences = []", "logmark.toml:2:13: auth.issuers[0].audiences: is empty: name at least one, or leave the key out"),
        (r#"audiences = [""]"#, "logmark.toml:2:14: auth.issuers[0].audiences[0]: is empty"),
        (r#"audiences = "logmark""#, "logmark.toml:2:13: auth.issuers[0].audiences: must be a list, not a text"),
        (r#"audiences = ["a", "a"]"#, "logmark.toml:2:19: auth.issuers[0].audiences[1]: is there twice"),
        (
            r#"audiences = ["a", 1]"#,
            "logmark.toml:2:19: auth.issuers[0].audiences[1]: must be a text in quotes, not a whole number",
        ),
        (
            "-audiences\nclient_ids = []",
            "logmark.toml:2:14: auth.issuers[0].client_ids: is empty: name at least one, or leave the key out",
        ),
        (
            "-algorithms",
            r#"logmark.toml:1:1: auth.issuers[0].algorithms: is missing: write those that it signs with, such as `["RS256"]`"#,
        ),
        ("algorithms = []", "logmark.toml:2:14: auth.issuers[0].algorithms: is empty: name at least one"),
        (
            r#"algorithms = ["none"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `none` is no algorithm: a token without a signature is never believed",
        ),
        (
            r#"algorithms = ["None"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `None` is no algorithm: a token without a signature is never believed",
        ),
        (
            r#"algorithms = ["rs256"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `rs256` is no algorithm: did you mean `RS256`?",
        ),
        (
            r#"algorithms = ["HS512"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `HS512` is no algorithm that Logmark takes: there are `RS256`, `RS384`, `RS512`, `PS256`, `ES256`, `ES384`, `EdDSA` and `HS256`",
        ),
        (r#"algorithms = ["RS256", "RS256"]"#, "logmark.toml:2:24: auth.issuers[0].algorithms[1]: is there twice"),
        (
            "algorithms = [\"RS256\", \"HS256\"]\nkeys = \"file:Cargo.toml\"",
            "logmark.toml:2:14: auth.issuers[0].algorithms: has `HS256` beside others: a shared key and public keys never go together in one issuer",
        ),
        (
            r#"algorithms = ["HS256"]"#,
            "logmark.toml:5:8: auth.issuers[0].keys: must be `file:PATH` with `HS256`: a shared key is never fetched",
        ),
        (
            "algorithms = [\"HS256\"]\nkeys = \"https://id.example.com/jwks.json\"",
            "logmark.toml:3:8: auth.issuers[0].keys: must be `file:PATH` with `HS256`: a shared key is never fetched",
        ),
        (r#"algorithms = "RS256""#, "logmark.toml:2:14: auth.issuers[0].algorithms: must be a list, not a text"),
        ("-keys", "logmark.toml:1:1: auth.issuers[0].keys: is missing: write `discover`, the URL of its JWKS, or `file:PATH`"),
        (
            r#"keys = "http://id.example.com/jwks.json""#,
            "logmark.toml:2:8: auth.issuers[0].keys: must begin with `https://`: plain `http://` is for this machine only, such as `http://127.0.0.1:9000`",
        ),
        (
            r#"keys = "jwks.json""#,
            "logmark.toml:2:8: auth.issuers[0].keys: `jwks.json` is no place of keys: write `discover`, the URL of a JWKS, or `file:PATH`",
        ),
        (r#"keys = "file:""#, "logmark.toml:2:8: auth.issuers[0].keys: names no path"),
        (r#"keys = "file:no-such.json""#, "logmark.toml:2:8: auth.issuers[0].keys: there is no file `no-such.json`"),
        (r#"keys = "file:src""#, "logmark.toml:2:8: auth.issuers[0].keys: `src` is no file"),
        (
            r#"keys = "https://u:canary@id.example.com/jwks""#,
            "logmark.toml:2:8: auth.issuers[0].keys: has a user or password in it: leave them out",
        ),
        (r#"keys = "ftp://id.example.com/jwks""#, "logmark.toml:2:8: auth.issuers[0].keys: must begin with `https://`"),
        (r#"tenant_claim = """#, "logmark.toml:2:16: auth.issuers[0].tenant_claim: is empty"),
        (
            "scope_claims = []",
            "logmark.toml:2:16: auth.issuers[0].scope_claims: is empty: name the claims that hold scopes, or leave the key out for `scope`",
        ),
        (r#"scope_claims = "scope""#, "logmark.toml:2:16: auth.issuers[0].scope_claims: must be a list, not a text"),
        (r#"scope_claims = ["scope", "scope"]"#, "logmark.toml:2:26: auth.issuers[0].scope_claims[1]: is there twice"),
        (r#"require_typ = "at+jwt""#, "logmark.toml:2:15: auth.issuers[0].require_typ: must be `true` or `false`, not a text"),
        (r#"leeway = "10m""#, "logmark.toml:2:10: auth.issuers[0].leeway: must be from 0s to 5m"),
        (
            "leeway = 60",
            "logmark.toml:2:10: auth.issuers[0].leeway: must be a length of time such as `30s`, `10m`, `1h30m` or `31d`, not a whole number",
        ),
        (r#"max_lifetime = "10s""#, "logmark.toml:2:16: auth.issuers[0].max_lifetime: must be from 1m to 31d"),
        (
            r#"max_lifetime = "1y""#,
            "logmark.toml:2:16: auth.issuers[0].max_lifetime: must be a length of time such as `30s`, `10m`, `1h30m` or `31d`, not `1y`",
        ),
        (r#"key_refresh = "10s""#, "logmark.toml:2:15: auth.issuers[0].key_refresh: must be from 30s to 1d"),
        (
            "audience = [\"logmark\"]\n-audiences",
            "logmark.toml:1:1: auth.issuers[0].audiences: is missing: name those in `aud`; for tokens without `aud`, such as Cognito's access tokens, name their `client_ids`\nlogmark.toml:2:1: auth.issuers[0].audience: is no key here: did you mean `audiences`?",
        ),
        (
            r#"jwks_url = "https://id.example.com/jwks.json""#,
            "logmark.toml:2:1: auth.issuers[0].jwks_url: is no key here: there are `issuer`, `algorithms`, `keys`, `audiences`, `client_ids`, `leeway`, `max_lifetime`, `key_refresh`, `tenant`, `tenants`, `tenant_claim`, `scope_claims`, `require_typ` and `allow_private_jwks_uri`",
        ),
        (
            "skip_signature = true",
            "logmark.toml:2:1: auth.issuers[0].skip_signature: is no key here: there are `issuer`, `algorithms`, `keys`, `audiences`, `client_ids`, `leeway`, `max_lifetime`, `key_refresh`, `tenant`, `tenants`, `tenant_claim`, `scope_claims`, `require_typ` and `allow_private_jwks_uri`",
        ),
    ];
    refused("[[auth.issuers]]", &cases);
}

#[test]
fn there_is_at_least_one_issuer_and_each_once() {
    let cases = [
        (
            "[auth]\nissuers = []",
            "logmark.toml:2:11: auth.issuers: is empty: write at least one `[[auth.issuers]]`, or no token can be believed",
        ),
        (
            "[auth.issuers]\nissuer = \"https://id.example.com\"",
            "logmark.toml:1:1: auth.issuers: is a single table: write `[[auth.issuers]]`, in double brackets",
        ),
        ("[auth]\nissuers = \"https://id.example.com\"", "logmark.toml:2:11: auth.issuers: must be a list, not a text"),
        ("[auth]\nrequired = false", "logmark.toml:2:1: auth.required: is no key here: there is `issuers`"),
        (
            "[[auth.issuers]]\nissuer = \"a\"\naudiences = [\"b\"]\nalgorithms = [\"RS256\"]\nkeys = \"https://a.example.com\"\n[[auth.issuers]]\nissuer = \"a\"\naudiences = [\"c\"]\nalgorithms = [\"RS256\"]\nkeys = \"https://a.example.com\"",
            "logmark.toml:7:10: auth.issuers[1].issuer: is there twice: an issuer has one entry, with all of its audiences",
        ),
        ("auth = { issuers = [1] }", "logmark.toml:1:21: auth.issuers[0]: must be a table, not a whole number"),
    ];
    refused("", &cases);
}
