//! Invalid `[[sources]]`.

use super::{refused, warned};

#[test]
fn a_cloudwatch_source_has_its_own_keys() {
    let cases = [
        ("-name", "logmark.toml:1:1: sources[0].name: is missing: grants refer to the source by its name"),
        (r#"name = """#, "logmark.toml:2:8: sources[0].name: `` is empty"),
        (
            r#"name = "e u""#,
            "logmark.toml:2:8: sources[0].name: `e u` has the character ' ' at position 2; allowed are letters, digits and `_` `-`",
        ),
        ("name = 7", "logmark.toml:2:8: sources[0].name: must be a string, not an integer"),
        ("-kind", "logmark.toml:1:1: sources[0].kind: is missing: expected `cloudwatch` or `local`"),
        (r#"kind = "s3""#, "logmark.toml:2:8: sources[0].kind: `s3` is unknown: expected `cloudwatch` or `local`"),
        (r#"kind = "CloudWatch""#, "logmark.toml:2:8: sources[0].kind: `CloudWatch` is unknown: did you mean `cloudwatch`?"),
        ("kind = true", "logmark.toml:2:8: sources[0].kind: must be a string, not a boolean"),
        ("-region", "logmark.toml:1:1: sources[0].region: is missing: write the region of the logs, such as `eu-central-1`"),
        (
            r#"region = "EU-central-1""#,
            "logmark.toml:2:10: sources[0].region: `EU-central-1` is not a region: write it as AWS does, such as `eu-central-1`",
        ),
        (
            r#"region = "eu-central-1a""#,
            "logmark.toml:2:10: sources[0].region: `eu-central-1a` is an availability zone: write the region, without the letter at the end",
        ),
        (
            r#"region = "europe""#,
            "logmark.toml:2:10: sources[0].region: `europe` is not a region: write it as AWS does, such as `eu-central-1`",
        ),
        (
            r#"region = "eu-central-1.evil.example""#,
            "logmark.toml:2:10: sources[0].region: `eu-central-1.evil.example` is not a region: write it as AWS does, such as `eu-central-1`",
        ),
        (
            r#"region = """#,
            "logmark.toml:2:10: sources[0].region: `` is not a region: write it as AWS does, such as `eu-central-1`",
        ),
        (
            r#"endpoint = "127.0.0.1:5000""#,
            "logmark.toml:2:12: sources[0].endpoint: is not a URL: write a complete one, such as `https://logs.example.com`",
        ),
        (r#"endpoint = "http://127.0.0.1:5000?x=1""#, "logmark.toml:2:12: sources[0].endpoint: has a query (`?`): remove it"),
        (r#"endpoint = { listen = "127.0.0.1:4586" }"#, "logmark.toml:2:12: sources[0].endpoint: must be a string, not a table"),
        (
            r#"assume_role = "logmark-read""#,
            "logmark.toml:2:15: sources[0].assume_role: `logmark-read` is not the ARN of a role: write `arn:aws:iam::123456789012:role/NAME`",
        ),
        (
            r#"assume_role = "arn:aws:iam::12345:role/logmark""#,
            "logmark.toml:2:15: sources[0].assume_role: `arn:aws:iam::12345:role/logmark` is not the ARN of a role: write `arn:aws:iam::123456789012:role/NAME`",
        ),
        (
            r#"assume_role = "arn:aws:iam::123456789012:user/logmark""#,
            "logmark.toml:2:15: sources[0].assume_role: `arn:aws:iam::123456789012:user/logmark` is not the ARN of a role: write `arn:aws:iam::123456789012:role/NAME`",
        ),
        (r#"external_id = "x1""#, "logmark.toml:2:15: sources[0].external_id: requires `assume_role`, which is missing"),
        (
            "assume_role = \"arn:aws:iam::123456789012:role/r\"\nexternal_id = \"?\"",
            "logmark.toml:3:15: sources[0].external_id: `?` is not an external id: AWS accepts 2 to 1224 characters of `A-Za-z0-9_+=,.@:/-`",
        ),
        (
            r#"path = "./data""#,
            "logmark.toml:2:1: sources[0].path: applies to sources of the kind `local`, and this source is `cloudwatch`",
        ),
        (
            "regoin = \"eu-central-1\"\n-region",
            "logmark.toml:1:1: sources[0].region: is missing: write the region of the logs, such as `eu-central-1`\nlogmark.toml:2:1: sources[0].regoin: unknown key: did you mean `region`?",
        ),
        (
            r#"access_key = "AKIA""#,
            "logmark.toml:2:1: sources[0].access_key: unknown key: expected `kind`, `name`, `endpoint`, `region`, `assume_role`, `external_id`, `account`, `quotas`, `reserve`, `cache`, `queries` or `tail`",
        ),
        (
            "verify_tls = false",
            "logmark.toml:2:1: sources[0].verify_tls: unknown key: expected `kind`, `name`, `endpoint`, `region`, `assume_role`, `external_id`, `account`, `quotas`, `reserve`, `cache`, `queries` or `tail`",
        ),
    ];
    refused("[[sources]]", &cases);
}

#[cfg(feature = "local")]
#[test]
fn a_local_source_has_its_own_keys() {
    let cases = [
        ("kind = \"local\"\n-region", "logmark.toml:1:1: sources[0].path: is missing: write the folder for its logs"),
        (
            "kind = \"local\"\n-region\npath = \"\"",
            "logmark.toml:3:8: sources[0].path: is not a path: write the path of a file or folder",
        ),
        (
            "kind = \"local\"\npath = \"data\"",
            "logmark.toml:5:1: sources[0].region: applies to sources of the kind `cloudwatch`, and this source is `local`",
        ),
        (
            "kind = \"local\"\n-region\npath = \"data\"\nassume_role = \"x\"\nexternal_id = \"y\"",
            "logmark.toml:4:1: sources[0].assume_role: applies to sources of the kind `cloudwatch`, and this source is `local`\nlogmark.toml:5:1: sources[0].external_id: applies to sources of the kind `cloudwatch`, and this source is `local`",
        ),
        (
            "kind = \"local\"\n-region\npath = \"data\"\nreserve = 0.1\ncache = {}",
            "logmark.toml:4:1: sources[0].reserve: applies to sources of the kind `cloudwatch`, and this source is `local`\nlogmark.toml:5:1: sources[0].cache: applies to sources of the kind `cloudwatch`, and this source is `local`",
        ),
        (
            "kind = \"local\"\n-region\npath = \"data\"\nqueries = { threads = 0, concurrent = 10001, memory = 1 }",
            "logmark.toml:4:23: sources[0].queries.threads: must be from 1 to 256\nlogmark.toml:4:39: sources[0].queries.concurrent: must be from 1 to 10000\nlogmark.toml:4:55: sources[0].queries.memory: must be from 16777216 to 68719476736 bytes",
        ),
        (
            "kind = \"local\"\n-region\npath = \"data\"\nfolder = \"data\"",
            "logmark.toml:4:1: sources[0].folder: unknown key: expected `kind`, `name`, `path`, `queries` or `endpoint`",
        ),
    ];
    refused("[[sources]]", &cases);
}

#[cfg(feature = "local")]
#[test]
fn an_endpoint_has_an_access_key_and_a_reference_to_its_secret() {
    let local = |endpoint: &str| format!("kind = \"local\"\n-region\npath = \"data\"\nendpoint = {endpoint}");
    let at = |place: &str, text: &str| format!("logmark.toml:{place}: sources[0].endpoint{text}");
    let cases = [
        (local("\"127.0.0.1:4586\""), at("4:12", ": must be a table, not a string")),
        (
            local("{}"),
            [
                at("4:12", ".access_key: is missing: write the id of the key that clients sign with"),
                at("4:12", ".secret_key: is missing: write the location of the secret, `env:NAME` or `file:PATH`"),
            ]
            .join("\n"),
        ),
        (
            local("{ access_key = \"a key\", secret_key = \"plain\" }"),
            [
                at("4:27", ".access_key: is not the id of an access key: write 1 to 128 letters, digits and `_`"),
                at(
                    "4:49",
                    ".secret_key: is a secret in plain text: put it into a variable of its own and write `env:NAME`, or into a file and write `file:PATH`",
                ),
            ]
            .join("\n"),
        ),
        (
            local("{ access_key = \"AKID\", secret_key = \"env:NONE\", account = \"7\", secret = 1 }"),
            [
                at("4:48", ".secret_key: the variable `NONE` is not set, or is not UTF-8: set it"),
                at("4:70", ".account: `7` is not an account: write its twelve digits, such as `123456789012`"),
                at(
                    "4:75",
                    ".secret: unknown key: expected `listen`, `access_key`, `secret_key` or `account`",
                ),
            ]
            .join("\n"),
        ),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(snippet, text)| (snippet.as_str(), text.as_str())).collect();
    refused("[[sources]]", &cases);
}

#[cfg(feature = "local")]
#[test]
fn an_endpoint_warns_about_a_network_address_and_a_short_secret() {
    let local = "[[sources]]\nname = \"a\"\nkind = \"local\"\npath = \"a\"\n";
    let text = format!("{local}endpoint = {{ listen = \"0.0.0.0:4586\", access_key = \"AKID\", secret_key = \"env:SECRET\" }}");
    let warnings = |text: &str, secret: &str| {
        let warnings = super::parsed(&super::document("", text), &[("SECRET", secret)]).unwrap().warnings;
        warnings.into_iter().filter(|line| line.contains("endpoint")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        warnings(&text, "short"),
        "logmark.toml:5:23: sources[0].endpoint.listen: requests are signed but not encrypted, so log events cross the network in plain text: restrict who can reach this address, or put a TLS terminator before it that keeps `Host`\nlogmark.toml:5:73: sources[0].endpoint.secret_key: has 5 characters, which can be guessed from a signature: use 40 random characters, as `openssl rand -hex 20` prints them"
    );
    let loopback = text.replace("0.0.0.0", "127.0.0.1");
    assert_eq!(warnings(&loopback, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), "");
}

#[cfg(feature = "local")]
#[test]
fn two_endpoints_do_not_listen_on_the_same_address() {
    let source = |name: &str, port: u16| {
        format!(
            "[[sources]]\nname = \"{name}\"\nkind = \"local\"\npath = \"{name}\"\n\
             endpoint = {{ listen = \"127.0.0.1:{port}\", access_key = \"AKID\", secret_key = \"env:SECRET\" }}\n"
        )
    };
    let found = |ports: [u16; 2]| {
        let text = super::document("", &(source("a", ports[0]) + &source("b", ports[1])));
        super::lines(super::parsed(&text, &[("SECRET", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")]))
    };
    let text = "sources[1].endpoint: uses the same address as the endpoint of another source: give each endpoint its own address";
    assert_eq!(found([4586, 4586]), format!("logmark.toml:10:12: {text}"));
    assert_eq!(found([4586, 4587]), "");
    assert_eq!(found([0, 0]), "");
}

#[test]
fn there_is_at_least_one_source_and_each_once() {
    let cases = [
        ("sources = []", "logmark.toml:1:11: sources: is empty: write at least one `[[sources]]`, or there are no logs to read"),
        (
            "[sources]\nname = \"eu\"\n",
            "logmark.toml:1:1: sources: must be an array, not a table: write `[[sources]]` for tables",
        ),
        (r#"sources = "eu""#, "logmark.toml:1:11: sources: must be an array, not a string"),
        (
            "[[sources]]\nname = \"a\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"\n[[sources]]\nname = \"a\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"",
            "logmark.toml:6:8: sources[1].name: `a` is used twice: give each source its own name",
        ),
    ];
    refused("", &cases);
}

#[test]
fn a_compatible_server_may_be_anywhere_with_a_warning() {
    let cases = [
        ("endpoint = \"http://127.0.0.1:5000\"\nregion = \"local\"", ""),
        (
            r#"endpoint = "http://logs.example.com""#,
            "logmark.toml:2:12: sources[0].endpoint: begins with `http://`: logs will cross the network in plain text",
        ),
        ("region = \"us-gov-west-1\"\nassume_role = \"arn:aws-us-gov:iam::123456789012:role/a/b\"\nexternal_id = \"x-1\"", ""),
    ];
    warned("[[sources]]", &cases);
}

#[cfg(not(feature = "local"))]
#[test]
fn a_build_without_local_sources_says_so() {
    let text = "logmark.toml:2:8: sources[0].kind: `local` is not part of this build: build with the feature `local`";
    refused("[[sources]]", &[("kind = \"local\"\n-region\npath = \"data\"", text)]);
}
