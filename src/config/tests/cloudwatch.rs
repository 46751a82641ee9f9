//! Quotas, cache and account of a source of the kind `cloudwatch`: valid and invalid.

use std::time::Duration;

use super::*;
use crate::config::cloudwatch::CloudWatch;
use crate::config::source::SourceKind;
use crate::sources::cloudwatch::quotas::{Api, Quotas};
use crate::sources::cloudwatch::settings::{CacheSettings, QuerySettings, TailSettings};

const ROLE: &str = "assume_role = \"arn:aws:iam::123456789012:role/logmark\"\n";

#[track_caller]
fn cloudwatch(snippet: &str, environment: &[(&str, &str)]) -> CloudWatch {
    let config = parsed(&document(SOURCE, snippet), environment).unwrap_or_else(|errors| panic!("{snippet}: {errors}"));
    let SourceKind::CloudWatch(cloudwatch) = &config.sources[0].kind else { panic!("not CloudWatch") };
    (**cloudwatch).clone()
}

#[test]
fn what_is_not_written_has_its_default() {
    let source = cloudwatch("", &[]);
    assert_eq!(source.quotas(), Quotas::of_region("eu-central-1"));
    assert_eq!((source.cache, source.queries), (CacheSettings::default(), QuerySettings::default()));
    assert_eq!((source.account, source.reads_quotas), (None, true));
    // A role names its account, and a compatible server has no Service Quotas.
    let source = cloudwatch(&format!("{ROLE}endpoint = \"http://127.0.0.1:5000\""), &[]);
    assert_eq!((source.account.unwrap().as_str(), source.reads_quotas), ("123456789012", false));
}

#[test]
fn every_key_is_read_in_each_of_its_forms() {
    let source = cloudwatch(
        r#"account = "012345678901"
quotas = { GetLogEvents = 30, FilterLogEvents = 2.5, StartQuery = 10000, concurrent_queries = 200, read = false }
reserve = "12.5%"
cache = { bytes = "64KiB", live = "0s", lists = "1m", ingestion_delay = "1h30m" }
queries = { price_per_gb = 0.0057, abandoned_after = "30s", max_time = "1h" }
tail = { sessions = 0, sweep_share = "12.5%", lateness = "1h", settling = "2m" }"#,
        &[],
    );
    let quotas = source.quotas();
    let rate = |api| quotas.calls_per_second[&api];
    let rates = [Api::GetLogEvents, Api::FilterLogEvents, Api::StartQuery, Api::GetQueryResults].map(rate);
    assert_eq!((rates, quotas.concurrent_queries, quotas.reserve), ([30.0, 2.5, 10_000.0, 10.0], 200, 0.125));
    assert_eq!((source.account.unwrap().as_str(), source.reads_quotas), ("012345678901", false));
    let seconds = |cache: CacheSettings| [cache.live, cache.lists, cache.ingestion_delay].map(|time| time.as_secs());
    assert_eq!((source.cache.bytes, seconds(source.cache)), (65_536, [0, 60, 5400]));
    let queries = QuerySettings {
        price_per_gb: Some(0.0057),
        abandoned_after: Duration::from_secs(30),
        max_time: Duration::from_secs(3600),
    };
    assert_eq!(source.queries, queries);
    let (lateness, settling) = (Duration::from_secs(3600), Duration::from_secs(120));
    assert_eq!(source.tail, TailSettings { sessions: 0, sweep_share: 0.125, lateness, settling, ..TailSettings::default() });
    for (snippet, reserve) in
        [("reserve = 0", 0.0), ("reserve = 0.999", 0.999), ("reserve = \"0%\"", 0.0), ("reserve = \"20 %\"", 0.2)]
    {
        assert_eq!(cloudwatch(snippet, &[]).reserve, reserve, "{snippet}");
    }
    for (snippet, bytes) in [("0", 0), ("67108864", 67_108_864), ("\"1GiB\"", 1 << 30), ("\"64 GiB\"", 64 << 30)] {
        assert_eq!(cloudwatch(&format!("cache = {{ bytes = {snippet} }}"), &[]).cache.bytes, bytes, "{snippet}");
    }
    assert_eq!(cloudwatch("queries = { price_per_gb = 0 }", &[]).queries.price_per_gb, None);
    assert!(cloudwatch("endpoint = \"https://vpce-1.example.com\"\nquotas = { read = true }", &[]).reads_quotas);
    assert_eq!(cloudwatch(&format!("{ROLE}account = \"123456789012\""), &[]).account.unwrap().as_str(), "123456789012");
}

#[test]
fn a_variable_sets_each_of_them() {
    let source = cloudwatch(
        "quotas = { FilterLogEvents = 7 }\ncache = { live = \"3s\" }",
        &[
            ("LOGMARK__SOURCES__0__ACCOUNT", "012345678901"),
            ("LOGMARK__SOURCES__0__QUOTAS__GETLOGEVENTS", "30.5"),
            ("LOGMARK__SOURCES__0__QUOTAS__FILTERLOGEVENTS", "9"),
            ("LOGMARK__SOURCES__0__QUOTAS__CONCURRENT_QUERIES", "30"),
            ("LOGMARK__SOURCES__0__QUOTAS__READ", "false"),
            ("LOGMARK__SOURCES__0__RESERVE", "10%"),
            ("LOGMARK__SOURCES__0__CACHE__BYTES", "1MiB"),
            ("LOGMARK__SOURCES__0__QUERIES", "{ price_per_gb = 1, max_time = \"1m\" }"),
        ],
    );
    let quotas = source.quotas();
    assert_eq!((quotas.calls_per_second[&Api::GetLogEvents], quotas.calls_per_second[&Api::FilterLogEvents]), (30.5, 9.0));
    assert_eq!((quotas.concurrent_queries, quotas.reserve, source.reads_quotas), (30, 0.1, false));
    assert_eq!((source.cache.bytes, source.cache.live.as_secs()), (1 << 20, 3));
    assert_eq!((source.queries.price_per_gb, source.queries.max_time.as_secs()), (Some(1.0), 60));
    assert_eq!(source.account.unwrap().as_str(), "012345678901");
    let wrong = [
        ("LOGMARK__SOURCES__0__QUOTAS__GETLOGEVENTS", "fast"),
        ("LOGMARK__SOURCES__0__QUOTAS__PUTLOGEVENTS", "1"),
        ("LOGMARK__SOURCES__0__RESERVE", "20"),
    ];
    let found = lines(parsed(&document(SOURCE, ""), &wrong));
    let expected = "LOGMARK__SOURCES__0__QUOTAS__GETLOGEVENTS: must be a number, not a string
LOGMARK__SOURCES__0__QUOTAS__PUTLOGEVENTS: unknown key: did you mean `GetLogEvents`?
LOGMARK__SOURCES__0__RESERVE: must be below 1 (100%): nothing would be left for Logmark";
    assert_eq!(found, expected);
}

#[test]
fn wrong_accounts_and_reserves_say_what_fits() {
    let cases = [
        (
            r#"account = "12345678901""#,
            "logmark.toml:2:11: sources[0].account: `12345678901` is not an account: write its twelve digits, such as `123456789012`",
        ),
        (
            r#"account = "１23456789012""#,
            "logmark.toml:2:11: sources[0].account: `１23456789012` is not an account: write its twelve digits, such as `123456789012`",
        ),
        ("account = 123456789012", "logmark.toml:2:11: sources[0].account: must be a string, not an integer"),
        (
            "assume_role = \"arn:aws:iam::123456789012:role/logmark\"\naccount = \"123456789013\"",
            "logmark.toml:3:11: sources[0].account: differs from the account of `assume_role`, `123456789012`: remove the key, or correct one of them",
        ),
        ("reserve = 1", "logmark.toml:2:11: sources[0].reserve: must be below 1 (100%): nothing would be left for Logmark"),
        (
            "reserve = \"100%\"",
            "logmark.toml:2:11: sources[0].reserve: must be below 1 (100%): nothing would be left for Logmark",
        ),
        ("reserve = -0.1", "logmark.toml:2:11: sources[0].reserve: must be a number, 0 or greater"),
        ("reserve = nan", "logmark.toml:2:11: sources[0].reserve: must be a number, 0 or greater"),
        (
            "reserve = \"a fifth\"",
            "logmark.toml:2:11: sources[0].reserve: `a fifth` is not a share: write a number such as `0.2`, or a percentage in quotes such as `20%`",
        ),
        (
            "reserve = \"-5%\"",
            "logmark.toml:2:11: sources[0].reserve: `-5%` is not a share: write a number such as `0.2`, or a percentage in quotes such as `20%`",
        ),
        (
            "reserve = \"%\"",
            "logmark.toml:2:11: sources[0].reserve: `%` is not a share: write a number such as `0.2`, or a percentage in quotes such as `20%`",
        ),
        ("reserve = true", "logmark.toml:2:11: sources[0].reserve: must be a number, or a string with a unit"),
    ];
    refused(SOURCE, &cases);
}

#[test]
fn wrong_quotas_say_what_fits() {
    let known = "expected `GetLogEvents`, `FilterLogEvents`, `DescribeLogGroups`, `DescribeLogStreams`, `StartQuery`, `GetQueryResults`, `StopQuery`, `ListLogGroupsForQuery`, `GetLogGroupFields`, `GetLogRecord`, `StartLiveTail`, `concurrent_queries` or `read`";
    let unknown = format!("logmark.toml:2:12: sources[0].quotas.requests: unknown key: {known}");
    let cases = [
        ("quotas = 10", "logmark.toml:2:10: sources[0].quotas: must be a table, not an integer"),
        ("quotas = { requests = 10 }", unknown.as_str()),
        (
            "quotas = { GetLogEvent = 10 }",
            "logmark.toml:2:12: sources[0].quotas.GetLogEvent: unknown key: did you mean `GetLogEvents`?",
        ),
        (
            "quotas = { GetLogEvents = 0 }",
            "logmark.toml:2:27: sources[0].quotas.GetLogEvents: must be above 0 and at most 100000 calls per second",
        ),
        (
            "quotas = { GetLogEvents = 100000.5 }",
            "logmark.toml:2:27: sources[0].quotas.GetLogEvents: must be above 0 and at most 100000 calls per second",
        ),
        ("quotas = { GetLogEvents = -1 }", "logmark.toml:2:27: sources[0].quotas.GetLogEvents: must be a number, 0 or greater"),
        ("quotas = { GetLogEvents = inf }", "logmark.toml:2:27: sources[0].quotas.GetLogEvents: must be a number, 0 or greater"),
        (
            "quotas = { GetLogEvents = \"10/s\" }",
            "logmark.toml:2:27: sources[0].quotas.GetLogEvents: must be a number, not a string",
        ),
        (
            "quotas = { GetLogEvents = 1, getLogEvents = 2 }",
            "logmark.toml:2:45: sources[0].quotas.getLogEvents: sets `GetLogEvents` a second time",
        ),
        (
            "quotas = { concurrent_queries = 0, read = \"auto\" }",
            "logmark.toml:2:33: sources[0].quotas.concurrent_queries: must be from 1 to 10000\nlogmark.toml:2:43: sources[0].quotas.read: must be `true` or `false`, not a string",
        ),
        (
            "quotas = { concurrent_queries = 1.5 }",
            "logmark.toml:2:33: sources[0].quotas.concurrent_queries: must be an integer, not a float",
        ),
    ];
    refused(SOURCE, &cases);
}

#[test]
fn wrong_cache_and_query_keys_say_what_fits() {
    let form = "is not a number of bytes: write `65536`, or a unit as in `64KiB`, `1.5MiB`, `1GiB`, `64kB` or `1MB`";
    let cases = [
        ("cache = true", "sources[0].cache: must be a table, not a boolean".to_owned()),
        ("cache = { bytes = \"64 TB\" }", format!("sources[0].cache.bytes: `64 TB` {form}")),
        ("cache = { bytes = \"MiB\" }", format!("sources[0].cache.bytes: `MiB` {form}")),
        ("cache = { bytes = \"-1KiB\" }", format!("sources[0].cache.bytes: `-1KiB` {form}")),
        ("cache = { bytes = \"99999999999999GiB\" }", format!("sources[0].cache.bytes: `99999999999999GiB` {form}")),
        ("cache = { bytes = \"65GiB\" }", "sources[0].cache.bytes: must be from 0 to 68719476736 bytes".to_owned()),
        ("cache = { bytes = -1 }", "sources[0].cache.bytes: must be from 0 to 68719476736 bytes".to_owned()),
        (
            "cache = { bytes = 0.5 }",
            "sources[0].cache.bytes: must be an integer, or a string such as `64KiB`, not a float".to_owned(),
        ),
        ("cache = { live = \"61s\" }", "sources[0].cache.live: must be from 0s to 1m".to_owned()),
        ("cache = { lists = \"11m\" }", "sources[0].cache.lists: must be from 0s to 10m".to_owned()),
        ("tail = { sessions = 1001 }", "sources[0].tail.sessions: must be from 0 to 1000".to_owned()),
        ("tail = { lateness = \"14s\" }", "sources[0].tail.lateness: must be from 15s to 1h".to_owned()),
        (
            "tail = { sweep_share = 0 }",
            "sources[0].tail.sweep_share: must be at least 0.01 (1%): without sweeps a tail would lose events".to_owned(),
        ),
        (
            "tail = { linger = \"1s\" }",
            "sources[0].tail.linger: unknown key: expected `sessions`, `sweep_share`, `lateness` or `settling`".to_owned(),
        ),
        ("cache = { ingestion_delay = \"15d\" }", "sources[0].cache.ingestion_delay: must be from 0s to 14d".to_owned()),
        (
            "cache = { size = 1 }",
            "sources[0].cache.size: unknown key: expected `bytes`, `live`, `lists` or `ingestion_delay`".to_owned(),
        ),
        ("queries = { price_per_gb = \"cheap\" }", "sources[0].queries.price_per_gb: must be a number, not a string".to_owned()),
        ("queries = { price_per_gb = -1 }", "sources[0].queries.price_per_gb: must be a number, 0 or greater".to_owned()),
        ("queries = { abandoned_after = \"9s\" }", "sources[0].queries.abandoned_after: must be from 10s to 1h".to_owned()),
        ("queries = { max_time = \"61m\" }", "sources[0].queries.max_time: must be from 1s to 1h".to_owned()),
        ("queries = { max_tmie = \"1m\" }", "sources[0].queries.max_tmie: unknown key: did you mean `max_time`?".to_owned()),
    ];
    for (snippet, expected) in cases {
        let found = lines(parsed(&document(SOURCE, snippet), &[]));
        let location = found.find("sources[0]").unwrap_or_else(|| panic!("{snippet}: `{found}`"));
        assert!(found.starts_with("logmark.toml:2:"), "{snippet}: {found}");
        assert_eq!(&found[location..], expected, "{snippet}");
    }
}
