//! The form of requests, and what is said of wrong files.

use super::*;

fn refused(text: &str) -> String {
    let errors = parse(Path::new("t.toml"), text).map(|tests| format!("{tests:?}")).expect_err(text);
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_request_is_an_action_a_group_and_perhaps_a_stream() {
    for (text, expected) in [
        ("read /acme/api", "read /acme/api"),
        ("tail /acme/api stream prod-1", "tail /acme/api stream prod-1"),
        ("query /acme/api", "query /acme/api"),
        ("describe /acme/api stream a stream b", "describe /acme/api stream a stream b"),
    ] {
        assert_eq!(request(text).unwrap().to_string(), expected);
    }
}

#[test]
fn every_bad_file_is_refused_with_its_place_and_a_hint() {
    let test = |lines: &str| format!("[[test]]\nname = \"n\"\ntenant = \"acme\"\n{lines}");
    let bad_request = |text: &str| test(&format!("may = [\"{text}\"]"));
    for (text, expected) in [
        (String::new(), "t.toml:1:1: test: is missing: write at least one `[[test]]`, or nothing is tested"),
        ("test = []".to_owned(), "t.toml:1:8: test: is empty: write at least one `[[test]]`, or nothing is tested"),
        ("[[test]".to_owned(), "t.toml:1:8: invalid TOML: unclosed array table, expected `]`"),
        (
            "[[tests]]".to_owned(),
            "t.toml:1:1: test: is missing: write at least one `[[test]]`, or nothing is tested\nt.toml:1:3: tests: unknown key: did you mean `test`?",
        ),
        (test("my = []\nmay = [\"read /a\"]"), "t.toml:4:1: test[0].my: unknown key: did you mean `may`?"),
        (test("may = []"), "t.toml:4:7: test[0].may: is empty: list at least one request, or remove the key"),
        (test("may = \"read /a\""), "t.toml:4:7: test[0].may: must be an array, not a string"),
        (test(""), "t.toml:1:1: test[0]: expects nothing: write `may`, `may_not` or `[[test.events]]`"),
        (test("refused = true"), "t.toml:4:1: test[0].refused: applies to a test of `claims`: add them, or remove the key"),
        (bad_request("reed /a"), "t.toml:4:8: test[0].may[0]: `reed /a` begins with an unknown action: did you mean `read`?"),
        (
            bad_request("read /a/*"),
            "t.toml:4:8: test[0].may[0]: `read /a/*` has a pattern: name one group, such as one that the pattern matches",
        ),
        (
            bad_request("read"),
            "t.toml:4:8: test[0].may[0]: `read` is not a request: write `ACTION GROUP` or `ACTION GROUP stream STREAM`, such as `read /acme/api stream prod-1`",
        ),
        (test("may = [\"read /a\", \"read /a\"]"), "t.toml:4:19: test[0].may[1]: is listed twice"),
        (
            test("may = [\"read /a\"]\nmay_not = [\"read /a\"]"),
            "t.toml:5:11: test[0].may_not: lists `read /a`, which `may` lists too",
        ),
        (
            test("scopes = [\"read\"]\nmay = [\"read /a\"]"),
            "t.toml:4:11: test[0].scopes[0]: `read` is not a scope: write `logs:<action>:<group pattern>`, with the action `read`, `query`, `tail`, `describe` or `*`",
        ),
        (
            test("claims = '{}'\nmay = [\"read /a\"]"),
            "t.toml:3:1: test[0].tenant: conflicts with `claims`, which contain both: use `expect_tenant` and `expect_scopes`",
        ),
        (
            "[[test]]\nmay = [\"read /a\"]".to_owned(),
            "t.toml:1:1: test[0].name: is missing: say what the test shows\nt.toml:1:1: test[0].tenant: is missing: write the tenant, or `claims` with those of a token",
        ),
        (
            "[[test]]\nname = \"n\"\nclaims = '{}'\nrefused = true\nmay = [\"read /a\"]".to_owned(),
            "t.toml:5:1: test[0].may: conflicts with `refused`: a refused token may do nothing",
        ),
    ] {
        assert_eq!(refused(&text), expected, "{text}");
    }
}
