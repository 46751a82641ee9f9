//! `[[sources]]`, gone wrong.

use super::{refused, warned};

#[test]
fn a_cloudwatch_source_has_its_own_keys() {
    let cases = [
        ("-name", "logmark.toml:1:1: sources[0].name: is missing: grants name the source by it"),
        (r#"name = """#, "logmark.toml:2:8: sources[0].name: `` is empty"),
        (
            r#"name = "e u""#,
            "logmark.toml:2:8: sources[0].name: `e u` has the character ' ' at position 2; allowed are letters, digits and `_` `-`",
        ),
        ("name = 7", "logmark.toml:2:8: sources[0].name: must be a text in quotes, not a whole number"),
        ("-kind", "logmark.toml:1:1: sources[0].kind: is missing: write `cloudwatch` or `local`"),
        (r#"kind = "s3""#, "logmark.toml:2:8: sources[0].kind: `s3` is no kind of source: there are `cloudwatch` and `local`"),
        (
            r#"kind = "CloudWatch""#,
            "logmark.toml:2:8: sources[0].kind: `CloudWatch` is no kind of source: there are `cloudwatch` and `local`",
        ),
        ("kind = true", "logmark.toml:2:8: sources[0].kind: must be a text in quotes, not `true` or `false`"),
        ("-region", "logmark.toml:1:1: sources[0].region: is missing: write the region of the logs, such as `eu-central-1`"),
        (
            r#"region = "EU-central-1""#,
            "logmark.toml:2:10: sources[0].region: `EU-central-1` is no region: write it as AWS does, such as `eu-central-1`",
        ),
        (
            r#"region = "eu-central-1a""#,
            "logmark.toml:2:10: sources[0].region: `eu-central-1a` is an availability zone: write the region, without the letter at the end",
        ),
        (
            r#"region = "europe""#,
            "logmark.toml:2:10: sources[0].region: `europe` is no region: write it as AWS does, such as `eu-central-1`",
        ),
        (
            r#"region = "eu-central-1.evil.example""#,
            "logmark.toml:2:10: sources[0].region: `eu-central-1.evil.example` is no region: write it as AWS does, such as `eu-central-1`",
        ),
        (r#"region = """#, "logmark.toml:2:10: sources[0].region: `` is no region: write it as AWS does, such as `eu-central-1`"),
        (
            r#"endpoint = "127.0.0.1:5000""#,
            "logmark.toml:2:12: sources[0].endpoint: is no URL: write it whole, such as `https://logs.example.com`",
        ),
        (r#"endpoint = "http://127.0.0.1:5000?x=1""#, "logmark.toml:2:12: sources[0].endpoint: has a `?` query: leave it out"),
        (
            r#"endpoint = { listen = "127.0.0.1:4586" }"#,
            "logmark.toml:2:12: sources[0].endpoint: must be a text in quotes, not a table",
        ),
        (
            r#"assume_role = "logmark-read""#,
            "logmark.toml:2:15: sources[0].assume_role: `logmark-read` is no role's ARN: write `arn:aws:iam::123456789012:role/NAME`",
        ),
        (
            r#"assume_role = "arn:aws:iam::12345:role/logmark""#,
            "logmark.toml:2:15: sources[0].assume_role: `arn:aws:iam::12345:role/logmark` is no role's ARN: write `arn:aws:iam::123456789012:role/NAME`",
        ),
        (
            r#"assume_role = "arn:aws:iam::123456789012:user/logmark""#,
            "logmark.toml:2:15: sources[0].assume_role: `arn:aws:iam::123456789012:user/logmark` is no role's ARN: write `arn:aws:iam::123456789012:role/NAME`",
        ),
        (r#"external_id = "x1""#, "logmark.toml:2:15: sources[0].external_id: goes with `assume_role`, which is missing"),
        (
            "assume_role = \"arn:aws:iam::123456789012:role/r\"\nexternal_id = \"?\"",
            "logmark.toml:3:15: sources[0].external_id: `?` is no external id: AWS takes 2 to 1224 of `A-Za-z0-9_+=,.@:/-`",
        ),
        (r#"path = "./data""#, "logmark.toml:2:1: sources[0].path: belongs to the kind `local`, and this source is `cloudwatch`"),
        (
            "regoin = \"eu-central-1\"\n-region",
            "logmark.toml:1:1: sources[0].region: is missing: write the region of the logs, such as `eu-central-1`\nlogmark.toml:2:1: sources[0].regoin: is no key here: did you mean `region`?",
        ),
        (
            r#"access_key = "AKIA""#,
            "logmark.toml:2:1: sources[0].access_key: is no key here: there are `name`, `kind`, `endpoint`, `region`, `assume_role`, `external_id`, `account`, `quotas`, `reserve`, `cache` and `queries`",
        ),
        (
            "verify_tls = false",
            "logmark.toml:2:1: sources[0].verify_tls: is no key here: there are `name`, `kind`, `endpoint`, `region`, `assume_role`, `external_id`, `account`, `quotas`, `reserve`, `cache` and `queries`",
        ),
    ];
    refused("[[sources]]", &cases);
}

#[cfg(feature = "local")]
#[test]
fn a_local_source_has_its_own_keys() {
    let cases = [
        ("kind = \"local\"\n-region", "logmark.toml:1:1: sources[0].path: is missing: write the folder for its logs"),
        ("kind = \"local\"\n-region\npath = \"\"", "logmark.toml:3:8: sources[0].path: names no path"),
        (
            "kind = \"local\"\npath = \"data\"",
            "logmark.toml:5:1: sources[0].region: belongs to the kind `cloudwatch`, and this source is `local`",
        ),
        (
            "kind = \"local\"\n-region\npath = \"data\"\nassume_role = \"x\"\nexternal_id = \"y\"",
            "logmark.toml:4:1: sources[0].assume_role: belongs to the kind `cloudwatch`, and this source is `local`\nlogmark.toml:5:1: sources[0].external_id: belongs to the kind `cloudwatch`, and this source is `local`",
        ),
        (
            "kind = \"local\"\n-region\npath = \"data\"\nreserve = 0.1\ncache = {}",
            "logmark.toml:4:1: sources[0].reserve: belongs to the kind `cloudwatch`, and this source is `local`\nlogmark.toml:5:1: sources[0].cache: belongs to the kind `cloudwatch`, and this source is `local`",
        ),
        (
            "kind = \"local\"\n-region\npath = \"data\"\nfolder = \"data\"",
            "logmark.toml:4:1: sources[0].folder: is no key here: there are `name`, `kind`, `queries`, `endpoint` and `path`",
        ),
    ];
    refused("[[sources]]", &cases);
}

#[test]
fn an_endpoint_has_a_key_and_its_secret_elsewhere() {
    let local = |endpoint: &str| format!("kind = \"local\"\n-region\npath = \"data\"\nendpoint = {endpoint}");
    let at = |place: &str, text: &str| format!("logmark.toml:{place}: sources[0].endpoint{text}");
    let cases = [
        (local("\"127.0.0.1:4586\""), at("4:12", ": must be a table, not a text")),
        (
            local("{}"),
            [
                at("4:12", ".access_key: is missing: write the id of the key that clients sign with"),
                at("4:12", ".secret_key: is missing: write where its secret is, as `env:NAME` or `file:PATH`"),
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
                at("4:48", ".secret_key: the variable `NONE` is not set, or is no UTF-8"),
                at("4:70", ".account: `7` is not an account number: write its 12 digits in quotes"),
                at(
                    "4:75",
                    ".secret: is no key here: there are `listen`, `access_key`, `secret_key` and `account`",
                ),
            ]
            .join("\n"),
        ),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(snippet, text)| (snippet.as_str(), text.as_str())).collect();
    refused("[[sources]]", &cases);
}

#[test]
fn two_endpoints_do_not_listen_at_one_address() {
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
    let text = "sources[1].endpoint: listens where another source's endpoint does: give each an address of its own";
    assert_eq!(found([4586, 4586]), format!("logmark.toml:10:12: {text}"));
    assert_eq!(found([4586, 4587]), "");
    assert_eq!(found([0, 0]), "");
}

#[test]
fn there_is_at_least_one_source_and_each_once() {
    let cases = [
        ("sources = []", "logmark.toml:1:11: sources: is empty: write at least one `[[sources]]`, or there are no logs to give"),
        ("[sources]\nname = \"eu\"\n", "logmark.toml:1:1: sources: is a single table: write `[[sources]]`, in double brackets"),
        (r#"sources = "eu""#, "logmark.toml:1:11: sources: must be a list, not a text"),
        (
            "[[sources]]\nname = \"a\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"\n[[sources]]\nname = \"a\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"",
            "logmark.toml:6:8: sources[1].name: `a` is there twice: give each source a name of its own",
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
            "logmark.toml:2:12: sources[0].endpoint: begins with `http://`: logs will come over the network in plain text",
        ),
        ("region = \"us-gov-west-1\"\nassume_role = \"arn:aws-us-gov:iam::123456789012:role/a/b\"\nexternal_id = \"x-1\"", ""),
    ];
    warned("[[sources]]", &cases);
}

#[cfg(not(feature = "local"))]
#[test]
fn a_build_without_local_sources_says_so() {
    let text = "logmark.toml:2:8: sources[0].kind: `local` is not part of this build: it was made without the feature `local`";
    refused("[[sources]]", &[("kind = \"local\"\n-region\npath = \"data\"", text)]);
}
