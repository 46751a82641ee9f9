//! Reads, lists and explanations of both services, with and without torn pages, and an attack by guesses.

use super::queries::{local_queries, queries};
use super::{Side, binary, calls_of, compare, forms, local_worlds, normalised, tenant};
use crate::contract::subject::now;
use crate::security::support::{Binary, Setup};

/// All requests about the group, in the formats with and without cursors.
fn targets(name: &str, group: &str) -> Vec<String> {
    let path = format!("/logs/:{name}:{group}");
    let mut targets = Vec::new();
    for selection in ["", "&streamPrefix=prod", "&streamPrefix=prod-1", "&streamPrefix=z", "&streamPrefix=d", "&streams=prod-1"] {
        for range in ["start=1749999999000", "from=tail", "start=1750000000010&end=1750000000030&from=tail"] {
            for filter in ["", "&filter=needle", "&filter=s3cr3t", "&filter=%7B%20$.a%20=%201%20%7D", "&filter=-needle"] {
                targets.push(format!("{path}?{range}{selection}{filter}&limit=3"));
            }
        }
        targets.push(format!("{path}?start=1749999999000{selection}"));
    }
    for format in ["ndjson&trailer=line", "csv", "text"] {
        for filter in ["", "&filter=needle", "&filter=s3cr3t"] {
            targets.push(format!("{path}?start=1749999999000&end=1750000100000{filter}&format={format}"));
            targets.push(format!("{path}?start=1749999999000&end=1750000100000{filter}&limit=2&format={format}"));
        }
    }
    for stream in ["prod-1", "prod-2", "db", "web-1", "zulu-9", "missing", "aaa"] {
        targets.push(format!("{path}/{stream}?start=1749999999000&limit=2"));
        targets.push(format!("{path}/{stream}?filter=needle&limit=2"));
        targets.push(format!("{path}?streams={stream}&streams=prod-1"));
        targets.push(format!("/me/explain?action=read&group=/{name}/{group}&stream={stream}"));
    }
    for query in ["", "?orderBy=lastEvent", "?order=desc", "?prefix=prod", "?prefix=z", "?orderBy=lastEvent&order=asc"] {
        for limit in [1, 2, 50] {
            let joint = if query.is_empty() { '?' } else { '&' };
            targets.push(format!("/groups/:{name}:{group}/streams{query}{joint}limit={limit}"));
        }
    }
    targets.extend([format!("/groups/:{name}:{group}"), format!("/groups/:{name}:{group}/fields"), "/me".to_owned()]);
    for prefix in ["", "&prefix=/t", "&prefix=/x"] {
        targets.extend([1, 2, 50].map(|limit| format!("/groups?limit={limit}{prefix}")));
    }
    targets.extend([format!("/groups?prefix=/{name}"), format!("/groups/:{name}"), format!("/logs/:{name}:n")]);
    targets
}

/// All requests for the fixed forms of grants, a part of them for random forms.
fn targets_of(number: usize) -> Vec<String> {
    let (from, step) = if number < 8 { (0, 1) } else { (number % 4, 4) };
    targets(&tenant(number), "api").into_iter().skip(from).step_by(step).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloudwatch_source_answers_alike_whatever_is_hidden() {
    let forms = forms();
    let worlds = [binary(&forms, false, 0).await, binary(&forms, true, 0).await];
    for (number, form) in forms.iter().enumerate() {
        let name = tenant(number);
        let sides = [0, 1].map(|side| Side { client: worlds[side].tenant(&name), calls: calls_of(&worlds[side]) });
        for target in targets_of(number) {
            compare(&sides, &target, &format!("{form:?}")).await;
        }
        queries(&sides, &name, form).await;
        worlds.iter().for_each(|world| world.fake.state().seen.clear());
    }
}

/// The same with short and empty pages, which AWS may return.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloudwatch_source_with_torn_pages_answers_alike_whatever_is_hidden() {
    let forms: Vec<_> = forms().into_iter().take(13).collect();
    let worlds = [binary(&forms, false, 0x5eed).await, binary(&forms, true, 0x5eed).await];
    for (number, form) in forms.iter().enumerate() {
        let name = tenant(number);
        let sides = [0, 1].map(|side| Side { client: worlds[side].tenant(&name), calls: calls_of(&worlds[side]) });
        for target in targets(&name, "api").iter().filter(|target| target.contains("/logs/")).step_by(3) {
            compare(&sides, target, &format!("{form:?}")).await;
        }
        worlds.iter().for_each(|world| world.fake.state().seen.clear());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_source_answers_alike_whatever_is_hidden() {
    let forms = forms();
    let worlds = local_worlds(&forms).await;
    for (number, form) in forms.iter().enumerate() {
        let name = tenant(number);
        let sides = [0, 1].map(|side| Side { client: worlds[side].tenant(&name), calls: Box::new(Vec::new) });
        for target in targets_of(number) {
            compare(&sides, &target, &format!("{form:?}")).await;
        }
        local_queries(&sides, &name, form).await;
    }
}

/// Guesses a secret letter by letter, from the length of the cursor, the stop reason, and the number of calls.
#[tokio::test]
async fn a_secret_in_a_hidden_stream_is_not_found_letter_by_letter() {
    let tenants = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nstreams = [\"prod-*\"]\nactions = [\"read\"]\n\
                   [tenants.names]\n[[tenants.names.grants]]\ngroups = [\"/acme/*\"]\nstreams = [\"prod-1\", \"gone\"]\nactions = [\"read\"]\n";
    let binary =
        Binary::start(Setup { tenants: tenants.to_owned(), quotas: true, remembers_nothing: true, ..Setup::default() }).await;
    {
        let mut state = binary.fake.state();
        state.logs.put("/acme/api", "prod-1", now() - 60_000, "an event of one's own");
        (0..5).for_each(|after| state.logs.put("/acme/api", "secret-1", now() - 50_000 + after, "password=hunter2"));
    }
    for tenant in ["acme", "names"] {
        let client = binary.tenant(tenant);
        for rest in ["", "&streamPrefix=secret", "&streamPrefix=s", "&streamPrefix=secret-1", "&limit=2"] {
            for from in ["head", "tail"] {
                let mut answers = Vec::new();
                for guess in ["password=h", "password=x", "password=hunter2", "password=hunterx"] {
                    let before = binary.fake.calls();
                    let answer = client.get(&format!("/logs/:acme:api?from={from}&filter=%22{guess}%22{rest}")).await;
                    let asked = binary.fake.state().seen[before..].iter().map(|seen| seen.operation.clone()).collect::<Vec<_>>();
                    assert!(!rest.contains('s') || asked.is_empty(), "{rest} is under no grant: {asked:?}");
                    answers.push((normalised(&answer), asked));
                }
                assert!(answers.iter().all(|answer| *answer == answers[0]), "{tenant} {rest} {from}: {answers:#?}");
            }
        }
    }
    for seen in &binary.fake.state().seen {
        assert!(seen.operation != "FilterLogEvents" || !String::from_utf8_lossy(&seen.raw).contains("secret"), "{seen:?}");
        let is_narrow = seen.body.contains_key("logStreamNames") || seen.body.contains_key("logStreamNamePrefix");
        assert!(seen.operation != "FilterLogEvents" || is_narrow, "{seen:?}");
    }
}
