//! `logmark policy test`, as an operator runs it in CI.

use std::path::Path;

use serde_json::Value;

use crate::world::binary::{CommandOutput, ServiceDirectory, run};

async fn tested(directory: &ServiceDirectory, options: &[&str], text: &str) -> CommandOutput {
    std::fs::write(directory.path().join("policy.toml"), text).unwrap();
    run(directory.path(), &[&["policy", "test", "policy.toml"], options].concat()).await
}

const HOLDS: &str = r#"
config = "logmark.toml"

[[test]]
name = "acme reads its own logs"
tenant = "acme"
may = ["read /acme/api", "query /acme/api", "describe /acme/api", "tail /acme/api stream prod-1", "read /limited/x stream prod-1"]
may_not = ["read /globex/api", "read /limited/x stream test-1", "query /limited/x", "read /described/x"]

[[test]]
name = "a token without scopes for queries cannot query"
tenant = "acme"
scopes = ["logs:read:/acme/*"]
may = ["read /acme/api"]
may_not = ["query /acme/api"]

[[test]]
name = "a tenant without a section has the groups of the template"
tenant = "initech"
may = ["read /customers/initech/api"]
may_not = ["read /customers/acme/api"]
"#;

#[tokio::test]
async fn expectations_that_hold_end_with_zero_and_are_explained() {
    let directory = ServiceDirectory::new("");
    let held = tested(&directory, &[], HOLDS).await;
    assert_eq!(held.code, 0, "{}{}", held.out, held.err);
    assert!(held.out.ends_with("3 tests, 13 expectations: all hold\n"), "{}", held.out);
    let explained = tested(&directory, &["--explain"], HOLDS).await.out;
    for expected in [
        "may read /acme/api: allowed by tenants.acme.grants[0] and the scope logs:*:* in claim `scope`",
        "may read /limited/x stream prod-1: allowed by tenants.acme.grants[1]",
        "may not read /globex/api: refused: no grant of the tenant covers it",
        "may not query /acme/api: refused: the token lacks the scope `logs:query:/acme/api`",
        "may read /customers/initech/api: allowed by tenant_template",
    ] {
        assert!(explained.contains(expected), "no `{expected}` in\n{explained}");
    }
}

#[tokio::test]
async fn all_failures_are_told_at_once_with_their_lines() {
    let directory = ServiceDirectory::new("");
    let text = "[[test]]\nname = \"wrong <twice>\"\ntenant = \"acme\"\nmay = [\n  \"read /globex/api\",\n  \"read /acme/api\",\n]\n\
                may_not = [\"query /acme/api\"]\n";
    let failed = tested(&directory, &["--junit", "junit.xml"], text).await;
    assert_eq!(failed.code, 1);
    assert!(failed.out.contains("policy.toml:5:3: may read /globex/api: refused: no grant"), "{}", failed.out);
    assert!(failed.out.contains("policy.toml:8:12: may not query /acme/api: allowed by"), "{}", failed.out);
    assert_eq!(failed.err, "1 test, 3 expectations: 1 test failed\n");
    let xml = std::fs::read_to_string(directory.path().join("junit.xml")).unwrap();
    assert!(xml.contains("<testsuites tests=\"3\" failures=\"2\">") && xml.contains("wrong &lt;twice&gt;"), "{xml}");
    let json = tested(&directory, &["--json"], text).await;
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["holds"], false);
    let lines: Vec<u64> = json["tests"][0]["expectations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|checked| checked["holds"] == false)
        .map(|checked| checked["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [5, 8]);
}

#[tokio::test]
async fn claims_are_read_by_the_rules_of_their_issuer() {
    let directory = ServiceDirectory::new("");
    let claims = |more: &str| {
        format!("claims = '{{\"iss\":\"test\",\"aud\":\"logmark\",\"sub\":\"7\",\"iat\":1700000000,\"exp\":1700003600{more}}}'\n")
    };
    let test = |lines: String| format!("[[test]]\nname = \"n\"\n{lines}");
    for (lines, code, expected) in [
        (
            claims(",\"tenant\":\"acme\",\"scope\":\"openid logs:read:/acme/*\"")
                + "expect_tenant = \"acme\"\nexpect_scopes = [\"logs:read:/acme/*\"]\nmay = [\"read /acme/api\"]\nmay_not = [\"query /acme/api\"]",
            0,
            "4 expectations: all hold",
        ),
        (claims(",\"tenant\":\"globex\"") + "expect_tenant = \"acme\"", 1, "tenant acme: the claims name the tenant globex"),
        (claims("") + "refused = true", 0, "1 expectation: all hold"),
        (claims("") + "may = [\"read /acme/api\"]", 1, "accepts the token: claim `tenant` is missing"),
        (claims(",\"tenant\":\"acme\"") + "refused = true", 1, "refuses the token: it is accepted, of tenant acme"),
        ("claims = '{\"iss\":\"https://other.example\"}'\nrefused = true".to_owned(), 0, "1 expectation: all hold"),
        (claims(",\"tenant\":\"aws\"") + "refused = true", 0, "all hold"),
        ("claims = 'no JSON'\nmay = [\"read /acme/api\"]".to_owned(), 1, "accepts the token: "),
    ] {
        let ended = tested(&directory, &[], &test(lines.clone())).await;
        assert_eq!(ended.code, code, "{lines}\n{}{}", ended.out, ended.err);
        assert!(ended.out.contains(expected), "no `{expected}` in\n{}{}", ended.out, ended.err);
    }
}

#[tokio::test]
async fn files_that_cannot_be_used_have_an_exit_code_of_their_own() {
    let directory = ServiceDirectory::new("");
    let missing = run(directory.path(), &["policy", "test", "nowhere.toml"]).await;
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("the file `nowhere.toml` does not exist"), "{}", missing.err);
    let unknown = tested(&directory, &[], "[[test]]\nname = \"n\"\ntenat = \"acme\"\nmay = [\"reed /x\"]").await;
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("policy.toml:3:1: test[0].tenat: unknown key: did you mean `tenant`?"), "{}", unknown.err);
    assert!(unknown.err.contains("policy.toml:4:8: test[0].may[0]: `reed /x` begins with an unknown action"), "{}", unknown.err);
    let config = tested(&directory, &["--config", "other.toml"], HOLDS).await;
    assert_eq!(config.code, 2);
    assert!(config.err.contains("the file `other.toml` does not exist"), "{}", config.err);
}

#[tokio::test]
async fn events_show_what_row_rules_and_masks_leave_of_them() {
    let tenants = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n\
                   where = '{ $.tenant = \"acme\" }'\nmask = [\"$.card\", \"$.user.email\"]\n";
    let directory = ServiceDirectory::with_tenants("", tenants);
    let event = |lines: &str| {
        format!("[[test]]\nname = \"n\"\ntenant = \"acme\"\n[[test.events]]\ngroup = \"/acme/api\"\nstream = \"s\"\n{lines}\n")
    };
    let own = r#"message = '{"tenant":"acme","card":"4111","user":{"id":7,"email":"a@b"}}'"#;
    let foreign = r#"message = '{"tenant":"globex"}'"#;
    for (lines, code, expected) in [
        (
            format!("{own}\nshown = [\"$.user.id\", \"$.tenant\"]\nmasked = [\"$.card\", \"$.user.email\"]"),
            0,
            "5 expectations: all hold",
        ),
        (format!("{own}\nshown = [\"$.card\"]"), 1, "policy.toml:4:1: shows $.card: 0 of 1 values are shown"),
        (format!("{own}\nmasked = [\"$.user.id\"]"), 1, "masks $.user.id: 1 of 1 values are shown"),
        (format!("{own}\nmasked = [\"$.crad\"]"), 1, "masks $.crad: the message has no such field"),
        (format!("{foreign}\nvisible = false"), 0, "all hold"),
        (foreign.to_owned(), 1, "sees the event in /acme/api stream s: no row rule admits it"),
        ("message = 'no JSON'\nvisible = false".to_owned(), 0, "all hold"),
        (format!("{own}\nvisible = false"), 1, "does not see the event in /acme/api stream s: it is shown with masked fields"),
        (format!("{own}\nvisible = false\nshown = [\"$.card\"]"), 2, "conflicts with `visible = false`"),
        (format!("{own}\nshown = [\"card\"]"), 2, "`card` is not a path: write `$` and the names of members"),
    ] {
        let ended = tested(&directory, &[], &event(&lines)).await;
        assert_eq!(ended.code, code, "{lines}\n{}{}", ended.out, ended.err);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(said.contains(expected), "no `{expected}` in\n{said}");
    }
}

/// The example of docs/policy-tests.md passes with the tenants of docs/configuration.md that it uses.
#[tokio::test]
async fn the_example_of_the_documentation_holds() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy-tests.md")).unwrap();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let [tenants, tests] = blocks[..2] else { panic!("two examples") };
    let directory = ServiceDirectory::with_tenants("", tenants);
    let held = tested(&directory, &[], &tests.replace("https://id.example.com", "test")).await;
    assert_eq!(held.code, 0, "{}{}", held.out, held.err);
}
