//! Invalid `[tenants.<id>]` and `[tenant_template]`.

use super::{refused, warned};

#[test]
fn a_grant_that_grants_nothing_or_something_else_is_refused() {
    let cases = [
        (r#"source = "us""#, "logmark.toml:2:10: tenants.acme.grants[0].source: `us` is not a source: expected `eu`"),
        (r#"source = "ue""#, "logmark.toml:2:10: tenants.acme.grants[0].source: `ue` is not a source: did you mean `eu`?"),
        (
            r#"source = "e u""#,
            "logmark.toml:2:10: tenants.acme.grants[0].source: `e u` has the character ' ' at position 2; allowed are letters, digits and `_` `-`",
        ),
        ("source = 1", "logmark.toml:2:10: tenants.acme.grants[0].source: must be a string, not an integer"),
        ("-groups", r#"logmark.toml:1:1: tenants.acme.grants[0].groups: is missing: list the log groups, such as `["/acme/*"]`"#),
        ("groups = []", "logmark.toml:2:10: tenants.acme.grants[0].groups: is empty: the grant would allow nothing"),
        (r#"groups = "/acme/*""#, "logmark.toml:2:10: tenants.acme.grants[0].groups: must be an array, not a string"),
        (r#"groups = [""]"#, "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `` is empty"),
        ("groups = [1]", "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: must be a string, not an integer"),
        (r#"groups = ["/acme/*", "/acme/*"]"#, "logmark.toml:2:22: tenants.acme.grants[0].groups[1]: is listed twice"),
        (
            r#"groups = ["/acme/?"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `/acme/?` has `?`: a pattern has only the wildcard `*`, for any characters",
        ),
        (
            r#"groups = ["/acme/[ab]"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `/acme/[ab]` has `[`: a pattern has only the wildcard `*`, for any characters",
        ),
        (
            r#"groups = ["/acme/{api,web}"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `/acme/{api,web}` has braces: `{tenant}` is only replaced in [tenant_template]; use `*` to match a name with braces",
        ),
        (
            r#"groups = ["/customers/{tenant}/*"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `/customers/{tenant}/*` has braces: `{tenant}` is only replaced in [tenant_template]; use `*` to match a name with braces",
        ),
        (
            r#"groups = [":acme:api"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `:acme:api` has `:`, which names cannot contain: write `/`",
        ),
        (
            r#"groups = ["arn:aws:logs:eu-central-1:123456789012:log-group:/acme/api"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `arn:aws:logs:eu-central-1:123456789012:log-group:/acme/api` is an ARN: write the group's name alone, such as `/acme/api`",
        ),
        (
            r#"groups = ["%2Facme%2Fapi"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `%2Facme%2Fapi` has the character '%', which names of log groups cannot contain",
        ),
        (
            r#"groups = ["/acme/ä"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `/acme/ä` has the character 'ä', which names of log groups cannot contain",
        ),
        (
            r#"groups = ["^/acme/.*$"]"#,
            "logmark.toml:2:11: tenants.acme.grants[0].groups[0]: `^/acme/.*$` has `^`: a pattern has only the wildcard `*`, for any characters",
        ),
        (
            "streams = []",
            "logmark.toml:2:11: tenants.acme.grants[0].streams: is empty: the grant would allow nothing; remove the key to allow all streams",
        ),
        (
            r#"streams = ["prod-?"]"#,
            "logmark.toml:2:12: tenants.acme.grants[0].streams[0]: `prod-?` has `?`: a pattern has only the wildcard `*`, for any characters",
        ),
        (
            r#"streams = ["a:b"]"#,
            "logmark.toml:2:12: tenants.acme.grants[0].streams[0]: `a:b` has `:`, which names cannot contain: write `/`",
        ),
        (
            r#"streams = ["{tenant}-*"]"#,
            "logmark.toml:2:12: tenants.acme.grants[0].streams[0]: `{tenant}-*` has braces: `{tenant}` is only replaced in [tenant_template]; use `*` to match a name with braces",
        ),
        (
            "-actions",
            "logmark.toml:1:1: tenants.acme.grants[0].actions: is missing: list what the grant allows: `read`, `query`, `tail`, `describe`",
        ),
        ("actions = []", "logmark.toml:2:11: tenants.acme.grants[0].actions: is empty: the grant would allow nothing"),
        (
            r#"actions = ["*"]"#,
            "logmark.toml:2:12: tenants.acme.grants[0].actions[0]: `*` is not allowed in a grant: list `read`, `query`, `tail` or `describe`, so that the grant does not include actions of later versions",
        ),
        (
            r#"actions = ["write"]"#,
            "logmark.toml:2:12: tenants.acme.grants[0].actions[0]: `write` is not an action: use `read`, `query`, `tail` or `describe`",
        ),
        (
            r#"actions = ["Read"]"#,
            "logmark.toml:2:12: tenants.acme.grants[0].actions[0]: `Read` is not an action: use `read`, `query`, `tail` or `describe`",
        ),
        (r#"actions = "read""#, "logmark.toml:2:11: tenants.acme.grants[0].actions: must be an array, not a string"),
        (r#"actions = ["read", "read"]"#, "logmark.toml:2:20: tenants.acme.grants[0].actions[1]: is listed twice"),
        (
            "group = [\"/acme/*\"]\n-groups",
            "logmark.toml:1:1: tenants.acme.grants[0].groups: is missing: list the log groups, such as `[\"/acme/*\"]`\nlogmark.toml:2:1: tenants.acme.grants[0].group: unknown key: did you mean `groups`?",
        ),
        (
            r#"effect = "allow""#,
            "logmark.toml:2:1: tenants.acme.grants[0].effect: unknown key: expected `source`, `groups`, `streams`, `actions`, `where`, `mask` or `mask_with`",
        ),
    ];
    refused("[[tenants.acme.grants]]", &cases);
}

#[test]
fn wrong_keys_of_a_tenant_are_named() {
    let cases = [
        ("weight = 0", "logmark.toml:2:10: tenants.acme.weight: must be from 1 to 1000"),
        ("weight = 1001", "logmark.toml:2:10: tenants.acme.weight: must be from 1 to 1000"),
        (r#"weight = "heavy""#, "logmark.toml:2:10: tenants.acme.weight: must be an integer, not a string"),
        ("wieght = 2", "logmark.toml:2:1: tenants.acme.wieght: unknown key: did you mean `weight`?"),
        ("grants = []", "logmark.toml:2:10: tenants.acme.grants: is empty: remove the key if this tenant may read nothing"),
        (
            "grants = {}",
            "logmark.toml:2:10: tenants.acme.grants: must be an array, not a table: write `[[tenants.acme.grants]]` for tables",
        ),
        (r#"grants = "all""#, "logmark.toml:2:10: tenants.acme.grants: must be an array, not a string"),
        ("limits = 5", "logmark.toml:2:10: tenants.acme.limits: must be a table, not an integer"),
        (
            r#"groups = ["/acme/*"]"#,
            "logmark.toml:2:1: tenants.acme.groups: unknown key: expected `weight`, `limits` or `grants`",
        ),
    ];
    refused("[tenants.acme]", &cases);
}

#[test]
fn wrong_limits_of_a_tenant_say_what_fits() {
    let cases = [
        ("requests_per_second = 0", "logmark.toml:2:23: tenants.acme.limits.requests_per_second: must be from 1 to 1000000"),
        (
            "requests_per_second = 2.5",
            "logmark.toml:2:23: tenants.acme.limits.requests_per_second: must be an integer, not a float",
        ),
        ("concurrent_requests = 0", "logmark.toml:2:23: tenants.acme.limits.concurrent_requests: must be from 1 to 1000000"),
        ("concurrent_queries = -1", "logmark.toml:2:22: tenants.acme.limits.concurrent_queries: must be from 0 to 1000000"),
        (
            "scanned_gb_per_day = -0.5",
            "logmark.toml:2:22: tenants.acme.limits.scanned_gb_per_day: must be a number, 0 or greater",
        ),
        ("scanned_gb_per_day = inf", "logmark.toml:2:22: tenants.acme.limits.scanned_gb_per_day: must be a number, 0 or greater"),
        (
            r#"scanned_gb_per_day = "50""#,
            "logmark.toml:2:22: tenants.acme.limits.scanned_gb_per_day: must be a number, not a string",
        ),
        (r#"tails = "5""#, "logmark.toml:2:9: tenants.acme.limits.tails: must be an integer, not a string"),
        (
            r#"max_range = "31""#,
            "logmark.toml:2:13: tenants.acme.limits.max_range: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not `31`",
        ),
        (r#"max_range = "0s""#, "logmark.toml:2:13: tenants.acme.limits.max_range: must be from 1s to 36600d"),
        (
            "max_range = 31",
            "logmark.toml:2:13: tenants.acme.limits.max_range: must be a duration such as `30s`, `10m`, `1h30m` or `31d`, not an integer",
        ),
        (r#"max_rnage = "31d""#, "logmark.toml:2:1: tenants.acme.limits.max_rnage: unknown key: did you mean `max_range`?"),
    ];
    refused("[tenants.acme.limits]", &cases);
}

#[test]
fn tenants_are_tables_by_their_id() {
    let cases = [
        (
            r#"[tenants."a b"]"#,
            r#"logmark.toml:1:10: tenants."a b": is not a tenant id: it has the character ' ' at position 2; allowed are letters, digits and `_` `.` `-`"#,
        ),
        (
            r#"[tenants."*"]"#,
            r#"logmark.toml:1:10: tenants."*": is not a tenant id: it has the character '*' at position 1; allowed are letters, digits and `_` `.` `-`"#,
        ),
        (
            "[tenants.\"a/b\"]\nweight = 0",
            "logmark.toml:1:10: tenants.\"a/b\": is not a tenant id: it has the character '/' at position 2; allowed are letters, digits and `_` `.` `-`\nlogmark.toml:2:10: tenants.\"a/b\".weight: must be from 1 to 1000",
        ),
        ("[tenants]\nacme = \"x\"", "logmark.toml:2:8: tenants.acme: must be a table, not a string"),
        ("[[tenants]]\nid = \"acme\"", "logmark.toml:1:1: tenants: must be a table, not an array"),
        (r#"tenants = "acme""#, "logmark.toml:1:11: tenants: must be a table, not a string"),
        ("[tenants.\"a.b\"]\nweight = 0", r#"logmark.toml:2:10: tenants."a.b".weight: must be from 1 to 1000"#),
        (
            "[[tenants.acme.grants]]\ngroups = [\"/a\"]\nactions = [\"read\"]\n[[tenants.acme.grants]]\ngroups = []\nactions = [\"read\"]",
            "logmark.toml:5:10: tenants.acme.grants[1].groups: is empty: the grant would allow nothing",
        ),
        (
            "[tenants.acme.grants]\ngroups = [\"/a\"]\nactions = [\"read\"]",
            "logmark.toml:1:1: tenants.acme.grants: must be an array, not a table: write `[[tenants.acme.grants]]` for tables",
        ),
        (
            "[[tenants.acme.grants]]\ngroups = [\"/a\"]\nactions = [\"read\"]\n[[sources]]\nname = \"eu\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"\n[[sources]]\nname = \"us\"\nkind = \"cloudwatch\"\nregion = \"us-east-1\"",
            "logmark.toml:1:1: tenants.acme.grants[0].source: is missing: name one of the sources `eu` and `us`",
        ),
    ];
    refused("", &cases);
}

#[test]
fn the_template_is_one_grant_with_only_the_tenant_filled_in() {
    let cases = [
        ("groups = []", "logmark.toml:2:10: tenant_template.groups: is empty: the grant would allow nothing"),
        (
            r#"groups = ["/customers/{Tenant}/*"]"#,
            "logmark.toml:2:11: tenant_template.groups[0]: `/customers/{Tenant}/*` has braces other than `{tenant}`: only `{tenant}` is replaced",
        ),
        (
            r#"groups = ["/customers/{id}/*"]"#,
            "logmark.toml:2:11: tenant_template.groups[0]: `/customers/{id}/*` has braces other than `{tenant}`: only `{tenant}` is replaced",
        ),
        (
            r#"groups = ["/customers/{tenant/*"]"#,
            "logmark.toml:2:11: tenant_template.groups[0]: `/customers/{tenant/*` has braces other than `{tenant}`: only `{tenant}` is replaced",
        ),
        (
            r#"streams = ["{pod}"]"#,
            "logmark.toml:2:12: tenant_template.streams[0]: `{pod}` has braces other than `{tenant}`: only `{tenant}` is replaced",
        ),
        (
            "-actions",
            "logmark.toml:1:1: tenant_template.actions: is missing: list what the grant allows: `read`, `query`, `tail`, `describe`",
        ),
        ("weight = 0", "logmark.toml:2:10: tenant_template.weight: must be from 1 to 1000"),
        (r#"source = "us""#, "logmark.toml:2:10: tenant_template.source: `us` is not a source: expected `eu`"),
        (
            r#"grants = [{ groups = ["/a"] }]"#,
            "logmark.toml:2:1: tenant_template.grants: is not allowed here: [tenant_template] is one grant, so write `groups` and `actions` into it",
        ),
        (r#"limits = { tails = "x" }"#, "logmark.toml:2:20: tenant_template.limits.tails: must be an integer, not a string"),
    ];
    refused("[tenant_template]", &cases);
}

#[test]
fn a_template_that_gives_tenants_each_others_groups_is_a_warning() {
    let cases = [
        (r#"groups = ["/customers/{tenant}/*"]"#, ""),
        (
            r#"groups = ["/shared/*"]"#,
            "logmark.toml:2:11: tenant_template.groups[0]: has no `{tenant}`: every tenant without its own section may read these groups",
        ),
        (
            r#"groups = ["/customers/{tenant}*"]"#,
            "logmark.toml:2:11: tenant_template.groups[0]: `/customers/{tenant}*` has `*` next to `{tenant}`: a tenant whose id begins or ends like another tenant's id may see that tenant's names; put a `/` between them",
        ),
        (
            r#"groups = ["/aws/lambda/{tenant}-*"]"#,
            "logmark.toml:2:11: tenant_template.groups[0]: `/aws/lambda/{tenant}-*` has `*` next to `{tenant}`: a tenant whose id begins or ends like another tenant's id may see that tenant's names; put a `/` between them",
        ),
        (
            "groups = [\"/customers/{tenant}\"]\nstreams = [\"*-{tenant}\"]",
            "logmark.toml:3:12: tenant_template.streams[0]: `*-{tenant}` has `*` next to `{tenant}`: a tenant whose id begins or ends like another tenant's id may see that tenant's names; put a `/` between them",
        ),
    ];
    warned("[tenant_template]", &cases);
}

#[test]
fn a_tenant_without_use_is_a_warning() {
    let cases = [
        (
            "weight = 2",
            "logmark.toml:1:1: tenants.acme.grants: is missing: this tenant may read nothing, even if [tenant_template] allows more",
        ),
        (
            r#"grants = [{ groups = ["/acme/.*"], actions = ["read"] }]"#,
            "logmark.toml:2:23: tenants.acme.grants[0].groups[0]: `/acme/.*` only matches names with a dot there: patterns are not regular expressions",
        ),
    ];
    warned("[tenants.acme]", &cases);
}
