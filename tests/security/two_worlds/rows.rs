//! Hidden rows between visible ones: the second service has many, with other texts, sizes and times.
//!
//! Event ids of the local source are keyed hashes here, so only their length is compared.

use serde_json::json;

use super::{BEGIN, SECRET, Side, calls_of, cursor, normalised, write_mixed};
use crate::security::support::{Binary, Setup};
use crate::world::client::Answer;
use crate::world::{Options, World};

/// The grants of the tenants, without source, groups and actions.
const FORMS: [&[&str]; 5] = [
    &["where = '{ $.tenant = \"acme\" }'"],
    &["where = '{ $.tenant = \"acme\" && $.n >= 0 }'\nmask = [\"$.card\", \"$.user.email\"]"],
    &[
        "where = '{ $.tenant = \"acme\" }'\nstreams = [\"prod-*\"]",
        "where = '{ $.tenant = \"acme\" }'\nstreams = [\"web-1\"]\nmask = [\"$.card\"]",
    ],
    &["where = '{ $.tenant = \"acme\" }'\nmask = [\"$.card\"]\nmask_with = \"remove\"", "where = '{ $.open IS TRUE }'"],
    &["where = 'acme -globex'"],
];

fn tenants(source: &str) -> String {
    let mut text = String::new();
    for (number, form) in FORMS.iter().enumerate() {
        text += &format!("[tenants.r{number}]\nlimits = {{ scanned_gb_per_day = 1000 }}\n");
        for rules in *form {
            text += &format!(
                "[[tenants.r{number}.grants]]\nsource = \"{source}\"\ngroups = [\"/r/*\"]\nactions = [\"read\", \"query\"]\n{rules}\n"
            );
        }
    }
    text
}

type WrittenEvent = (String, String, i64, String);

fn event(stream: &str, after: i64, message: String) -> WrittenEvent {
    ("/r/api".to_owned(), stream.to_owned(), BEGIN + after, message)
}

/// Every tenant sees these.
fn visible() -> Vec<WrittenEvent> {
    let own = |stream: &str, after: i64, number: i64| {
        let message = format!(
            r#"{{"tenant":"acme","n":{number},"open":true,"card":"{number}{number}","user":{{"email":"e{number}@x"}},"text":"a needle {number}"}}"#
        );
        event(stream, after, message)
    };
    (0..12).map(|number| own(["prod-1", "prod-2", "web-1"][number as usize % 3], 10 * (number * 5 % 12), number)).collect()
}

/// No tenant sees these.
fn hidden(is_second: bool) -> Vec<WrittenEvent> {
    let mut events = vec![
        event("prod-1", 5, r#"{"tenant":"globex"}"#.to_owned()),
        event("prod-2", 5, "x".to_owned()),
        event("web-1", 5, "x".to_owned()),
    ];
    if is_second {
        for number in 0..120_i64 {
            let stream = ["prod-1", "prod-2", "web-1"][number as usize % 3];
            let text = match number % 4 {
                0 => format!(
                    r#"{{"tenant":"globex","n":{number},"text":"{SECRET} needle","extra":"{}"}}"#,
                    "x".repeat(number as usize * 17)
                ),
                1 => format!("{SECRET} needle plain"),
                2 => format!(r#"{{"tenant":["acme"],"n":{number},"card":"{SECRET} globex"}}"#),
                _ => format!(r#"globex {{"tenant":"acme","n":{number}}} {SECRET}"#),
            };
            events.push(event(stream, number * 3 - 60, text));
        }
    }
    events
}

fn targets() -> Vec<String> {
    let path = "/logs/:r:api";
    let mut targets = Vec::new();
    for streams in ["", "/prod-1", "/web-1"] {
        for range in [
            "start=1749999999000",
            "from=tail",
            "start=1750000000010&end=1750000000080",
            "start=1750000000010&end=1750000000080&from=tail",
        ] {
            targets.push(format!("{path}{streams}?{range}&limit=3"));
            targets.push(format!("{path}{streams}?{range}"));
            for filter in [
                "%7B%20$.n%20%3E%203%20%7D",
                "%7B%20$.tenant%20=%20globex%20%7D",
                "%7B%20$.open%20IS%20TRUE%20%7D",
                "needle",
                "s3cr3t",
                "%7B%20$.card%20=%20*%20%7D",
            ] {
                targets.push(format!("{path}{streams}?{range}&filter={filter}&limit=3"));
            }
        }
    }
    for format in ["ndjson&trailer=line", "csv", "text", "csv&columns=$.n,timestamp,message", "text&columns=$.card"] {
        for filter in ["", "&filter=%7B%20$.n%20%3E%203%20%7D"] {
            targets.push(format!("{path}?start=1749999999000&end=1750000100000{filter}&format={format}"));
            targets.push(format!("{path}?start=1749999999000&end=1750000100000{filter}&limit=2&format={format}"));
        }
    }
    targets.extend(
        [
            "/groups",
            "/groups/:r:api",
            "/groups/:r:api/streams",
            "/groups/:r:api/streams?limit=1",
            "/groups/:r:api/streams?orderBy=lastEvent",
        ]
        .map(str::to_owned),
    );
    targets.extend(["/me".to_owned(), "/me/explain?action=read&group=/r/api".to_owned()]);
    targets
}

/// As [`normalised`], with the length of event ids only.
fn compared(answer: &Answer) -> String {
    let text = normalised(answer);
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        out += if digits.len() == 56 { "<id>" } else { &digits };
        digits.clear();
        out.push(character);
    }
    out
}

/// The calls, without the tokens, which contain positions in the data.
fn calls(side: &Side, from: usize) -> Vec<String> {
    let without_token = |call: &String| match call.split_once("\"nextToken\":\"") {
        Some((before, rest)) => format!("{before}\"nextToken\":\"{}", rest.split_once('"').unwrap().1),
        None => call.clone(),
    };
    (side.calls)()[from..].iter().map(without_token).collect()
}

async fn compare(sides: &[Side; 2], target: &str, about: &str) {
    let mut queue = vec![(target.to_owned(), target.to_owned(), 0)];
    while let Some((first, second, depth)) = queue.pop() {
        let before = [(sides[0].calls)().len(), (sides[1].calls)().len()];
        let answers = [sides[0].client.get(&first).await, sides[1].client.get(&second).await];
        assert_eq!(compared(&answers[0]), compared(&answers[1]), "{about}: {target}, page {depth}");
        assert!(!answers[1].text().contains("s3cr3t"), "{about}: {target}: {}", answers[1].text());
        assert_eq!(calls(&sides[0], before[0]), calls(&sides[1], before[1]), "{about}: {target}, page {depth}");
        for name in ["nextCursor", "previousCursor"] {
            if let (Some(one), Some(other)) = (cursor(&answers[0], name), cursor(&answers[1], name))
                && depth < if name == "nextCursor" { 4 } else { 1 }
            {
                let path = target.split('?').next().unwrap();
                queue.push((format!("{path}?limit=3&cursor={one}"), format!("{path}?limit=3&cursor={other}"), depth + 1));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_source_answers_alike_whatever_rows_are_hidden() {
    let mut worlds = Vec::new();
    for is_second in [false, true] {
        let world = World::with(Options { tenants: Some(tenants("disk")), ..Options::default() }).await;
        write_mixed(&world, &visible(), &hidden(is_second)).await;
        worlds.push(world);
    }
    for (number, form) in FORMS.iter().enumerate() {
        let name = format!("r{number}");
        let sides = [0, 1].map(|side| Side { client: worlds[side].tenant(&name), calls: Box::new(Vec::new) });
        for target in targets() {
            compare(&sides, &target, &format!("{form:?}")).await;
        }
        local_queries(&sides, form).await;
    }
}

/// Rows, statistics, refusals, estimates, records and fields.
async fn local_queries(sides: &[Side; 2], form: &[&str]) {
    for query in [
        "fields @timestamp, @message, @logStream | sort @timestamp, n",
        "stats count(*) as n, count_distinct(@logStream) as streams by bin(10ms)",
        "filter @message like /s3cr3t/",
        "filter n > 3 | sort n | limit 3",
        "stats count(*) as k by tenant | sort k desc",
        "pattern @message",
        "fields card",
        "stats count(*) by user.email",
        "limit 1",
    ] {
        let body = json!({ "query": query, "logGroups": ["/r/api"], "start": BEGIN - 1000, "end": BEGIN + 1000 });
        let mut answers = Vec::new();
        for side in sides {
            answers.push(side.client.post("/queries", &body, &[("prefer", "wait=20")]).await);
        }
        assert_eq!(compared(&answers[0]), compared(&answers[1]), "{form:?}: {query}");
        assert!(!answers[1].text().contains("s3cr3t needle"), "{form:?}: {query}");
        let mut checks = Vec::new();
        for side in sides {
            checks.push(side.client.post("/queries/check", &body, &[]).await);
        }
        assert_eq!(compared(&checks[0]), compared(&checks[1]), "{form:?}: {query}");
        let pointer = |answer: &Answer| {
            let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            answer["results"][0]["@ptr"].as_str().map(str::to_owned)
        };
        if let (Some(first), Some(second)) = (pointer(&answers[0]), pointer(&answers[1])) {
            let first = sides[0].client.get(&format!("/records/{first}")).await;
            let second = sides[1].client.get(&format!("/records/{second}")).await;
            assert_eq!((first.status.as_u16(), compared(&first)), (200, compared(&second)), "{form:?}: {query}");
        }
    }
    let target = format!("/groups/:r:api/fields?time={BEGIN}");
    let fields = [sides[0].client.get(&target).await, sides[1].client.get(&target).await];
    assert_eq!((fields[0].status.as_u16(), compared(&fields[0])), (200, compared(&fields[1])), "{form:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloudwatch_source_answers_alike_whatever_rows_are_hidden() {
    for partial in [0, 0x5eed] {
        let mut worlds = Vec::new();
        for is_second in [false, true] {
            let setup = Setup { tenants: tenants("aws"), quotas: true, remembers_nothing: true, ..Setup::default() };
            let binary = Binary::start(setup).await;
            {
                let mut state = binary.fake.state();
                visible()
                    .iter()
                    .chain(&hidden(is_second))
                    .for_each(|(group, stream, at, message)| state.logs.put(group, stream, *at, message));
                state.logs.partial = partial;
            }
            worlds.push(binary);
        }
        for (number, form) in FORMS.iter().enumerate() {
            // If several rules show a group, none is sent, so calls and the ends of torn pages depend on the size of the group.
            let is_sent = form.len() == 1;
            if partial > 0 && !is_sent {
                continue;
            }
            let sides = [0, 1].map(|side| Side {
                client: worlds[side].tenant(&format!("r{number}")),
                calls: if is_sent { calls_of(&worlds[side]) } else { Box::new(Vec::new) },
            });
            for target in targets() {
                compare(&sides, &target, &format!("{form:?} {partial}")).await;
            }
            worlds.iter().for_each(|world| world.fake.state().seen.clear());
        }
    }
}
