//! `[limits]`, gone wrong.

#![cfg(feature = "redis")]

use super::{refused, warned};

#[test]
fn wrong_keys_of_the_limits_are_named_with_their_location() {
    let form = "is not the URL of a store: write `redis://HOST:PORT`, or `rediss://HOST:PORT` for TLS";
    for store in ["localhost:6379", "http://localhost", "redis:", "unix:///run/redis.sock", ""] {
        refused("[limits]", &[(&format!("store = \"{store}\""), &format!("logmark.toml:2:9: limits.store: {form}"))]);
    }
    let share = "must be above 0 and at most 1 (100%): with N replicas, `1/N` as a number keeps the sum within each limit";
    for value in ["0", "0.0", "1.5", "-0.5"] {
        let snippet = format!("store = \"rediss://limits\"\nfallback_share = {value}");
        let found = super::lines(super::parsed(&super::document("[limits]", &snippet), &[]));
        assert!(found.starts_with("logmark.toml:3:18: limits.fallback_share: "), "{value}: {found}");
    }
    let at_three = |key: &str, value: &str, column: usize, error: &str| {
        let snippet = format!("store = \"rediss://limits\"\n{key} = {value}");
        (snippet, format!("logmark.toml:3:{column}: limits.{key}: {error}"))
    };
    let prefix = "is not a prefix of keys: write 1 to 64 letters, digits, `.`, `_`, `:` and `-`";
    let long = format!("\"{}\"", "x".repeat(65));
    let cases = [
        at_three("fallback_share", "0", 18, share),
        at_three("prefix", "\"\"", 10, &format!("`` {prefix}")),
        at_three("prefix", "\"a b\"", 10, &format!("`a b` {prefix}")),
        at_three("prefix", "\"{a}\"", 10, &format!("`{{a}}` {prefix}")),
        at_three("prefix", &long, 10, &format!("`{}` {prefix}", "x".repeat(65))),
        at_three("prefix", "1", 10, "must be a string, not an integer"),
        at_three("timeout", "\"0s\"", 11, "must be at least 1ms"),
        at_three("ca", "\"no-ca.pem\"", 6, "the file `no-ca.pem` does not exist"),
        at_three("password", "\"env:NO_SUCH\"", 12, "the variable `NO_SUCH` is not set, or is not UTF-8: set it"),
        at_three(
            "tsl",
            "true",
            1,
            "unknown key: expected `store`, `username`, `password`, `ca`, `prefix`, `fallback_share` or `timeout`",
        ),
        at_three("pasword", "\"env:X\"", 1, "unknown key: did you mean `password`?"),
    ];
    for (snippet, expected) in &cases {
        refused("[limits]", &[(snippet, expected)]);
    }
    refused(
        "[limits]",
        &[
            ("store = 1", "logmark.toml:2:9: limits.store: must be a string, not an integer"),
            (
                "store = \"redis://user:canary@limits\"",
                "logmark.toml:2:9: limits.store: contains a user or a password: remove them, and use the keys `username` and `password`",
            ),
            ("store = \"redis://limits?db=1\"", "logmark.toml:2:9: limits.store: has a query or a fragment: remove it"),
            (
                "store = \"redis://limits/first\"",
                "logmark.toml:2:9: limits.store: has a path that is not the number of a database, such as `/0`",
            ),
            (
                "prefix = \"a\"\ntimeout = \"1s\"",
                "logmark.toml:2:1: limits.prefix: applies to a store, and `store` is not set\n\
                 logmark.toml:3:1: limits.timeout: applies to a store, and `store` is not set",
            ),
            (
                "store = \"rediss://limits\"\nusername = \"logmark\"",
                "logmark.toml:1:1: limits.password: is missing: a user needs one: write `env:NAME` or `file:PATH`",
            ),
        ],
    );
}

#[test]
fn a_secret_in_the_url_of_the_store_is_not_repeated() {
    let found = super::lines(super::parsed(&super::document("[limits]", "store = \"redis://:canary@limits\""), &[]));
    assert!(!found.contains("canary") && found.starts_with("logmark.toml:2:9: "), "{found}");
}

#[test]
fn a_store_that_others_can_listen_to_is_warned_of() {
    let open =
        "logmark.toml:2:9: limits.store: `redis://` is not encrypted: use `rediss://`, or a network that only the replicas reach";
    warned(
        "[limits]",
        &[
            ("store = \"redis://limits.internal\"", open),
            ("store = \"redis://127.0.0.1\"", ""),
            ("store = \"redis://localhost:6379/3\"", ""),
            ("store = \"redis://[::1]:6379\"", ""),
            ("store = \"rediss://limits.internal\"", ""),
            ("store = \"valkeys://limits.internal\"", ""),
        ],
    );
}
