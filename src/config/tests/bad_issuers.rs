//! Invalid `[[auth.issuers]]`.

use super::refused;

#[test]
fn an_issuer_must_be_checkable_to_be_believed() {
    let cases = [
        ("-issuer", "logmark.toml:1:1: auth.issuers[0].issuer: is missing: write the `iss` of its tokens"),
        (r#"issuer = """#, "logmark.toml:2:10: auth.issuers[0].issuer: `` is empty"),
        ("issuer = 1", "logmark.toml:2:10: auth.issuers[0].issuer: must be a string, not an integer"),
        (
            r#"issuer = "http://id.example.com""#,
            "logmark.toml:2:10: auth.issuers[0].issuer: must begin with `https://`: `http://` is only allowed to this machine, such as `http://127.0.0.1:9000`",
        ),
        (
            r#"issuer = "my own""#,
            "logmark.toml:2:10: auth.issuers[0].issuer: is not a URL: write a complete one, such as `https://logs.example.com`",
        ),
        (
            r#"issuer = " https://id.example.com""#,
            "logmark.toml:2:10: auth.issuers[0].issuer: ` https://id.example.com` contains control characters, or begins or ends with a space",
        ),
        (r#"issuer = "https://id.example.com?a=b""#, "logmark.toml:2:10: auth.issuers[0].issuer: has a query (`?`): remove it"),
        (
            "-audiences",
            "logmark.toml:1:1: auth.issuers[0].audiences: is missing: list the accepted values of `aud`; for tokens without `aud`, such as Cognito's access tokens, set `client_ids`",
        ),
        ("audiences = []", "logmark.toml:2:13: auth.issuers[0].audiences: is empty: list at least one value, or remove the key"),
        (r#"audiences = [""]"#, "logmark.toml:2:14: auth.issuers[0].audiences[0]: `` is empty"),
        (r#"audiences = "logmark""#, "logmark.toml:2:13: auth.issuers[0].audiences: must be an array, not a string"),
        (r#"audiences = ["a", "a"]"#, "logmark.toml:2:19: auth.issuers[0].audiences[1]: is listed twice"),
        (r#"audiences = ["a", 1]"#, "logmark.toml:2:19: auth.issuers[0].audiences[1]: must be a string, not an integer"),
        (
            "-audiences\nclient_ids = []",
            "logmark.toml:2:14: auth.issuers[0].client_ids: is empty: list at least one value, or remove the key",
        ),
        (
            "-algorithms",
            r#"logmark.toml:1:1: auth.issuers[0].algorithms: is missing: list its signing algorithms, such as `["RS256"]`"#,
        ),
        ("algorithms = []", "logmark.toml:2:14: auth.issuers[0].algorithms: is empty: list at least one algorithm"),
        (
            r#"algorithms = ["none"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `none` is not allowed: tokens without a signature are never accepted",
        ),
        (
            r#"algorithms = ["None"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `None` is not allowed: tokens without a signature are never accepted",
        ),
        (
            r#"algorithms = ["rs256"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `rs256` is not a supported algorithm: did you mean `RS256`?",
        ),
        (
            r#"algorithms = ["HS512"]"#,
            "logmark.toml:2:15: auth.issuers[0].algorithms[0]: `HS512` is not a supported algorithm: expected `RS256`, `RS384`, `RS512`, `PS256`, `ES256`, `ES384`, `EdDSA` or `HS256`",
        ),
        (r#"algorithms = ["RS256", "RS256"]"#, "logmark.toml:2:24: auth.issuers[0].algorithms[1]: is listed twice"),
        (
            "algorithms = [\"RS256\", \"HS256\"]\nkeys = \"file:Cargo.toml\"",
            "logmark.toml:2:14: auth.issuers[0].algorithms: lists `HS256` with others: an issuer uses either a shared key or public keys",
        ),
        (
            r#"algorithms = ["HS256"]"#,
            "logmark.toml:5:8: auth.issuers[0].keys: must be `file:PATH` with `HS256`: shared keys are never fetched",
        ),
        (
            "algorithms = [\"HS256\"]\nkeys = \"https://id.example.com/jwks.json\"",
            "logmark.toml:3:8: auth.issuers[0].keys: must be `file:PATH` with `HS256`: shared keys are never fetched",
        ),
        (r#"algorithms = "RS256""#, "logmark.toml:2:14: auth.issuers[0].algorithms: must be an array, not a string"),
        ("-keys", "logmark.toml:1:1: auth.issuers[0].keys: is missing: write `discover`, the URL of its JWKS, or `file:PATH`"),
        (
            r#"keys = "http://id.example.com/jwks.json""#,
            "logmark.toml:2:8: auth.issuers[0].keys: must begin with `https://`: `http://` is only allowed to this machine, such as `http://127.0.0.1:9000`",
        ),
        (
            r#"keys = "jwks.json""#,
            "logmark.toml:2:8: auth.issuers[0].keys: `jwks.json` is not a source of keys: write `discover`, the URL of a JWKS, or `file:PATH`",
        ),
        (r#"keys = "file:""#, "logmark.toml:2:8: auth.issuers[0].keys: is not a path: write the path of a file or folder"),
        (r#"keys = "file:no-such.json""#, "logmark.toml:2:8: auth.issuers[0].keys: the file `no-such.json` does not exist"),
        (r#"keys = "file:src""#, "logmark.toml:2:8: auth.issuers[0].keys: `src` is not a file"),
        (
            r#"keys = "https://u:canary@id.example.com/jwks""#,
            "logmark.toml:2:8: auth.issuers[0].keys: contains a user or a password: remove them",
        ),
        (r#"keys = "ftp://id.example.com/jwks""#, "logmark.toml:2:8: auth.issuers[0].keys: must begin with `https://`"),
        (r#"tenant_claim = """#, "logmark.toml:2:16: auth.issuers[0].tenant_claim: `` is empty"),
        (
            "scope_claims = []",
            "logmark.toml:2:16: auth.issuers[0].scope_claims: is empty: list the claims with scopes, or remove the key to use `scope`",
        ),
        (r#"scope_claims = "scope""#, "logmark.toml:2:16: auth.issuers[0].scope_claims: must be an array, not a string"),
        (r#"scope_claims = ["scope", "scope"]"#, "logmark.toml:2:26: auth.issuers[0].scope_claims[1]: is listed twice"),
        (r#"require_typ = "at+jwt""#, "logmark.toml:2:15: auth.issuers[0].require_typ: must be `true` or `false`, not a string"),
        (r#"leeway = "10m""#, "logmark.toml:2:10: auth.issuers[0].leeway: must be from 0s to 5m"),
        (
            "leeway = 60",
            "logmark.toml:2:10: auth.issuers[0].leeway: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not an integer",
        ),
        (r#"max_lifetime = "10s""#, "logmark.toml:2:16: auth.issuers[0].max_lifetime: must be from 1m to 31d"),
        (
            r#"max_lifetime = "1y""#,
            "logmark.toml:2:16: auth.issuers[0].max_lifetime: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not `1y`",
        ),
        (r#"key_refresh = "10s""#, "logmark.toml:2:15: auth.issuers[0].key_refresh: must be from 30s to 1d"),
        (
            "audience = [\"logmark\"]\n-audiences",
            "logmark.toml:1:1: auth.issuers[0].audiences: is missing: list the accepted values of `aud`; for tokens without `aud`, such as Cognito's access tokens, set `client_ids`\nlogmark.toml:2:1: auth.issuers[0].audience: unknown key: did you mean `audiences`?",
        ),
        (
            r#"jwks_url = "https://id.example.com/jwks.json""#,
            "logmark.toml:2:1: auth.issuers[0].jwks_url: unknown key: expected `issuer`, `algorithms`, `keys`, `audiences`, `client_ids`, `leeway`, `max_lifetime`, `key_refresh`, `tenant`, `tenants`, `tenant_claim`, `tenant_map`, `scope_claims`, `scope_map`, `required_claims`, `require_typ` or `allow_private_jwks_uri`",
        ),
        (
            "skip_signature = true",
            "logmark.toml:2:1: auth.issuers[0].skip_signature: unknown key: expected `issuer`, `algorithms`, `keys`, `audiences`, `client_ids`, `leeway`, `max_lifetime`, `key_refresh`, `tenant`, `tenants`, `tenant_claim`, `tenant_map`, `scope_claims`, `scope_map`, `required_claims`, `require_typ` or `allow_private_jwks_uri`",
        ),
    ];
    refused("[[auth.issuers]]", &cases);
}

#[test]
fn there_is_at_least_one_issuer_and_each_once() {
    let cases = [
        (
            "[auth]\nissuers = []",
            "logmark.toml:2:11: auth.issuers: is empty: write at least one `[[auth.issuers]]`, or no token is accepted",
        ),
        (
            "[auth.issuers]\nissuer = \"https://id.example.com\"",
            "logmark.toml:1:1: auth.issuers: must be an array, not a table: write `[[auth.issuers]]` for tables",
        ),
        ("[auth]\nissuers = \"https://id.example.com\"", "logmark.toml:2:11: auth.issuers: must be an array, not a string"),
        ("[auth]\nrequired = false", "logmark.toml:2:1: auth.required: unknown key: expected `issuers`"),
        (
            "[[auth.issuers]]\nissuer = \"a\"\naudiences = [\"b\"]\nalgorithms = [\"RS256\"]\nkeys = \"https://a.example.com\"\n[[auth.issuers]]\nissuer = \"a\"\naudiences = [\"c\"]\nalgorithms = [\"RS256\"]\nkeys = \"https://a.example.com\"",
            "logmark.toml:7:10: auth.issuers[1].issuer: is listed twice: write one entry for an issuer, with all of its audiences",
        ),
        ("auth = { issuers = [1] }", "logmark.toml:1:21: auth.issuers[0]: must be a table, not an integer"),
    ];
    refused("", &cases);
}
