//! Two worlds that differ only in what a tenant may not see answer it alike: byte for byte, and with the same calls upstream.
//!
//! The oracle is the other world. Each tenant has a form of grant of its own, and groups of its own in which the second world
//! holds more hidden events, streams and groups than the first. What may differ between two answers is taken out of them: the
//! request's id, the date, and the text of handles, of which the length stays.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::support::{Binary, Setup, text_of};
use crate::contract::subject::now;
use crate::ops::queries::rows;
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::{Options, World};

/// A moment inside every default range, and after 2024.
const BEGIN: i64 = 1_750_000_000_000;
const SECRET: &str = "token=s3cr3t needle";
/// Streams that are there in both worlds, with visible and hidden names for most grants.
const STREAMS: [&str; 8] = ["app-1", "db", "prod", "prod-1", "prod-2", "prod-10", "web-1", "zulu-9"];
/// Members of answers that are handles.
const HANDLES: [&str; 5] = ["nextCursor", "previousCursor", "cursor", "queryId", "@ptr"];

/// The `streams` of the grants, tenant by tenant: of one grant, or of two on the same group.
fn forms() -> Vec<Vec<Vec<String>>> {
    let written: [&[&[&str]]; 14] = [
        &[&["prod-*"]],
        &[&["prod-1"]],
        &[&["prod-1", "web-1"]],
        &[&["prod-1", "missing"]],
        &[&["missing", "zzz*"]],
        &[&["prod-*", "web-1"]],
        &[&["prod-*", "app-*"]],
        &[&["*-1"]],
        &[&["p*1", "web-*"]],
        &[&["*o*"]],
        &[&["prod-1*"]],
        &[&["prod-*"], &["web-1"]],
        &[&["prod", "prod-10"], &["*-9"]],
        &[&["d*"]],
    ];
    let owned = |grant: &&[&str]| grant.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>();
    let mut forms: Vec<Vec<Vec<String>>> = written.iter().map(|form| form.iter().map(owned).collect()).collect();
    // And some at random, of pieces of the names that are there.
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let pieces = ["*", "p", "prod", "-", "1", "*1", "a*", "web-", "0", "od"];
    for _ in 0..10 {
        let mut pattern = || (0..=random.below(3)).map(|_| pieces[random.below(pieces.len())]).collect::<String>();
        let grant: Vec<String> = vec![pattern(), pattern()];
        forms.push(vec![if grant[0] == grant[1] { vec![grant[0].clone()] } else { grant }]);
    }
    // What is granted as a whole hides nothing.
    forms.retain(|form| form.iter().flatten().all(|pattern| pattern.bytes().any(|byte| byte != b'*')));
    forms
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap()
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name
            .strip_prefix(head)
            .is_some_and(|tail| (0..=tail.len()).any(|taken| tail.is_char_boundary(taken) && matches(rest, &tail[taken..]))),
    }
}

fn is_visible(form: &[Vec<String>], stream: &str) -> bool {
    form.iter().flatten().any(|pattern| matches(pattern, stream))
}

fn tenant(number: usize) -> String {
    format!("t{number:02}")
}

fn tenants(source: &str, forms: &[Vec<Vec<String>>]) -> String {
    let mut text = String::new();
    for (number, form) in forms.iter().enumerate() {
        let name = tenant(number);
        // Some of the groups by prefix, some by name.
        let groups = if number % 2 == 0 { format!("[\"/{name}/*\"]") } else { format!("[\"/{name}/api\", \"/{name}/web\"]") };
        text += &format!("[tenants.{name}]\nlimits = {{ scanned_gb_per_day = 1000 }}\n");
        for streams in form {
            text += &format!(
                "[[tenants.{name}.grants]]\nsource = \"{source}\"\ngroups = {groups}\nactions = [\"read\", \"query\"]\nstreams = {streams:?}\n"
            );
        }
    }
    text
}

/// An event: group, stream, time, message.
type WrittenEvent = (String, String, i64, String);

/// What the tenant may see: the same in both worlds.
fn visible(number: usize, form: &[Vec<String>]) -> Vec<WrittenEvent> {
    let mut events = Vec::new();
    for group in ["api", "web"] {
        for (index, stream) in STREAMS.iter().enumerate().filter(|(_, stream)| is_visible(form, stream)) {
            for time in 0..6 {
                let text = ["plain", "a needle", "{\"a\": 1, \"b\": \"x\"}"][(time + index) % 3];
                let at = BEGIN + 10 * i64::try_from(time * 3 % 7).unwrap();
                events.push((format!("/{}/{group}", tenant(number)), (*stream).to_owned(), at, format!("{text} {index} {time}")));
            }
        }
    }
    events
}

/// What it may not see: little of it in the first world, and much that filters, limits and lists would meet in the second.
fn hidden(number: usize, form: &[Vec<String>], is_second: bool) -> Vec<WrittenEvent> {
    let name = tenant(number);
    let mut events = Vec::new();
    for (index, stream) in STREAMS.iter().enumerate().filter(|(_, stream)| !is_visible(form, stream)) {
        events.push((format!("/{name}/api"), (*stream).to_owned(), BEGIN + 5, format!("nothing {index}")));
        if is_second {
            for time in 0..40 {
                let text = format!("{SECRET} {{\"a\": 1}} {}", "x".repeat(time * 31));
                events.push((format!("/{name}/api"), (*stream).to_owned(), BEGIN - 20 + 2 * i64::try_from(time).unwrap(), text));
            }
        }
    }
    if is_second {
        let more = ["aaa", "prod-", "web", "zzzz", "0", "q-7", "missin", "PROD-1"];
        for stream in more.iter().filter(|stream| !is_visible(form, stream)) {
            events.push((format!("/{name}/api"), (*stream).to_owned(), BEGIN + 90, SECRET.to_owned()));
        }
        for group in [format!("/{name}"), format!("/{name}a/x"), format!("/{name}-x"), format!("/{name}.0")] {
            events.push((group, "s".to_owned(), BEGIN, SECRET.to_owned()));
        }
        if number % 2 == 1 {
            // These lie between the granted names.
            for group in ["a", "api-2", "n", "z"] {
                events.push((format!("/{name}/{group}"), "prod-1".to_owned(), BEGIN, SECRET.to_owned()));
            }
        }
    }
    events
}

/// Everything that may be asked about the group, in the forms that cursors follow and in those that have none.
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

/// All of them for the forms that were written down, a part for those made at random.
fn targets_of(number: usize) -> Vec<String> {
    let (from, step) = if number < 8 { (0, 1) } else { (number % 4, 4) };
    targets(&tenant(number), "api").into_iter().skip(from).step_by(step).collect()
}

/// The answer without what may differ.
fn normalised(answer: &Answer) -> String {
    let shown = |name: &str, value: &str| match name {
        "logmark-cursor" => format!("<{}>", value.len()),
        "location" => format!("<{}>", value.len()),
        _ => value.to_owned(),
    };
    let headers = |headers: &http::HeaderMap| -> BTreeMap<String, String> {
        let left_out = ["x-request-id", "date", "traceparent"];
        headers
            .iter()
            .filter(|(name, _)| !left_out.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), shown(name.as_str(), value.to_str().unwrap())))
            .collect()
    };
    let body = answer.text().replace(&answer.header("x-request-id"), "");
    let body: Vec<String> = body
        .lines()
        .map(|line| match serde_json::from_str::<Value>(line) {
            Ok(mut value) => {
                without_handles(&mut value);
                value.to_string()
            }
            Err(_) => line.to_owned(),
        })
        .collect();
    format!(
        "{} {:?} {:?} {:?}\n{}",
        answer.status,
        answer.broken,
        headers(&answer.headers),
        headers(&answer.trailers),
        body.join("\n")
    )
}

fn without_handles(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if HANDLES.contains(&name.as_str()) => *member = format!("<{}>", text.len()).into(),
                    // Seconds of the token.
                    _ if name == "expiresAt" => *member = Value::Null,
                    _ => without_handles(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_handles),
        _ => {}
    }
}

fn cursor(answer: &Answer, name: &str) -> Option<String> {
    let page: Value = serde_json::from_slice(&answer.body).ok()?;
    page[name].as_str().map(str::to_owned)
}

/// A world, and what its upstream has seen.
struct Side {
    client: Client,
    calls: Box<dyn Fn() -> Vec<String>>,
}

/// Asks both worlds, and follows both kinds of cursors some pages far.
async fn compare(sides: &[Side; 2], target: &str, about: &str) {
    let mut queue = vec![(target.to_owned(), target.to_owned(), 0)];
    while let Some((first, second, depth)) = queue.pop() {
        let before = [(sides[0].calls)().len(), (sides[1].calls)().len()];
        let answers = [sides[0].client.get(&first).await, sides[1].client.get(&second).await];
        assert_eq!(normalised(&answers[0]), normalised(&answers[1]), "{about}: {target}, page {depth}");
        let calls = [0, 1].map(|side| {
            let mut calls = (sides[side].calls)()[before[side]..].to_vec();
            // Names are looked up at the same time, so that the order of these calls is the machine's.
            calls.sort();
            calls
        });
        assert_eq!(calls[0], calls[1], "{about}: {target}, page {depth}");
        for name in ["nextCursor", "previousCursor"] {
            if let (Some(one), Some(other)) = (cursor(&answers[0], name), cursor(&answers[1], name))
                && depth < if name == "nextCursor" { 3 } else { 1 }
            {
                let path = target.split('?').next().unwrap();
                queue.push((format!("{path}?limit=3&cursor={one}"), format!("{path}?limit=3&cursor={other}"), depth + 1));
            }
        }
    }
}

/// The calls as the upstream saw them; tokens hold positions in what it holds, and start where the caller's cursor says.
fn calls_of(binary: &Binary) -> Box<dyn Fn() -> Vec<String>> {
    let fake = binary.fake.clone();
    Box::new(move || {
        let state = fake.state();
        let written = |seen: &crate::world::fake_cloudwatch::Seen| {
            let mut body = seen.body.clone();
            for name in ["startTime", "endTime", "queryString", "queryId"] {
                if seen.operation.contains("Quer") {
                    body.remove(name);
                }
            }
            format!("{} {}", seen.operation, Value::Object(body))
        };
        state.seen.iter().map(written).collect()
    })
}

async fn binary(forms: &[Vec<Vec<String>>], is_second: bool, partial: u64) -> Binary {
    // Quotas that nothing here meets, and the same tenants.
    let binary =
        Binary::start(Setup { tenants: tenants("aws", forms), quotas: true, remembers_nothing: true, ..Setup::default() }).await;
    {
        let mut state = binary.fake.state();
        for (number, form) in forms.iter().enumerate() {
            visible(number, form).iter().for_each(|(group, stream, at, message)| state.logs.put(group, stream, *at, message));
            let bytes = if is_second { 9e9 } else { 1e9 };
            let script = Script { rows: rows_of(&format!("/{}/api", tenant(number))), bytes, looks: 0, ..Script::default() };
            state.queries.scripts.insert(format!("/{}/api", tenant(number)), script);
        }
        for (number, form) in forms.iter().enumerate() {
            let hidden = hidden(number, form, is_second);
            hidden.iter().for_each(|(group, stream, at, message)| state.logs.put(group, stream, *at, message));
        }
        state.logs.partial = partial;
    }
    binary
}

fn rows_of(group: &str) -> Vec<Vec<(String, String)>> {
    let mut rows = rows(2);
    for (_, value) in rows.iter_mut().flatten().filter(|(name, _)| name == "@log") {
        *value = format!("123456789012:{group}");
    }
    rows
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

/// The same with pages that come short and empty, as AWS's may.
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

/// A query from its start to its records: neither figures nor rows tell of hidden streams.
async fn queries(sides: &[Side; 2], name: &str, form: &[Vec<String>]) {
    let body = json!({ "query": "fields status | filter a = 1", "logGroups": [format!("/{name}/api")], "start": BEGIN, "end": BEGIN + 1000 });
    let mut ids = Vec::new();
    let mut answers = Vec::new();
    for side in sides {
        let answer = side.client.post("/queries", &body, &[("prefer", "wait=5")]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(
            answer.json().get("statistics").is_none() && answer.json().get("estimatedCostUsd").is_none(),
            "{}",
            answer.text()
        );
        ids.push((text_of(&answer, "/queryId"), text_of(&answer, "/results/0/@ptr")));
        answers.push(normalised(&answer));
    }
    for target in ["/queries/{id}", "/queries/{id}?format=csv", "/queries/{id}?limit=1", "/records/{pointer}", "/me"] {
        for (side, (id, pointer)) in sides.iter().zip(&ids) {
            let answer = side.client.get(&target.replace("{id}", id).replace("{pointer}", pointer)).await;
            // Pointers stand in a CSV as they are.
            let answer = if target.contains("csv") { answer.text().len().to_string() } else { normalised(&answer) };
            answers.push(answer);
        }
    }
    // A check tells no size of a group of which the caller sees some streams.
    for side in sides {
        let answer = side.client.post("/queries/check", &body, &[]).await;
        assert_eq!(answer.json()["estimate"]["basis"], "unknown", "{}", answer.text());
        answers.push(normalised(&answer));
    }
    let (first, rest) = answers.split_at(2);
    assert_eq!(first[0], first[1], "{form:?}");
    rest.chunks(2).for_each(|pair| assert_eq!(pair[0], pair[1], "{form:?}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_source_answers_alike_whatever_is_hidden() {
    let forms = forms();
    let mut worlds = Vec::new();
    for is_second in [false, true] {
        let world = World::with(Options { tenants: Some(tenants("disk", &forms)), ..Options::default() }).await;
        for (number, form) in forms.iter().enumerate() {
            write_mixed(&world, &visible(number, form), &hidden(number, form, is_second)).await;
        }
        worlds.push(world);
    }
    for (number, form) in forms.iter().enumerate() {
        let name = tenant(number);
        let sides = [0, 1].map(|side| Side { client: worlds[side].tenant(&name), calls: Box::new(Vec::new) });
        for target in targets_of(number) {
            compare(&sides, &target, &format!("{form:?}")).await;
        }
        local_queries(&sides, &name, form).await;
    }
}

/// Writes hidden events before, between and behind the visible ones, so that whatever counts events counts hidden ones too. A part is in
/// segments, as after days, and a part is in memory.
async fn write_mixed(world: &World, visible: &[WrittenEvent], hidden: &[WrittenEvent]) {
    const PARTS: usize = 3;
    let part = |events: &[WrittenEvent], number: usize| {
        events.iter().enumerate().filter(|(index, _)| index % PARTS == number).map(|(_, event)| event.clone()).collect::<Vec<_>>()
    };
    for number in 0..PARTS {
        write(world, &part(hidden, number)).await;
        write(world, &part(visible, number)).await;
        if number == 1 {
            let store = world.store();
            tokio::task::spawn_blocking(move || store.flush()).await.unwrap().unwrap();
        }
    }
}

/// Queries on the local source: rows, figures, refusals, fields and records tell of permitted events alone.
async fn local_queries(sides: &[Side; 2], name: &str, form: &[Vec<String>]) {
    let (own, other) = (format!("/{name}/api"), format!("/{name}/web"));
    let is_answered = |answer: &Answer| answer.status == 200 && answer.json()["status"] == "Complete";
    for query in [
        "fields @timestamp, @message, @logStream, @log, @ingestionTime".to_owned(),
        "stats count(*) as n, count_distinct(@logStream) as streams by bin(10ms)".to_owned(),
        "filter @message like /s3cr3t/".to_owned(),
        "filter a = 1 | sort @timestamp | limit 3".to_owned(),
        "stats count(*) as n by @logStream, @log | sort n desc".to_owned(),
        "pattern @message".to_owned(),
        "display @logStream, @ptr | dedup @logStream".to_owned(),
        "limit 1".to_owned(),
        format!("filter @logStream in (SOURCE '{other}' | fields @logStream) | stats count(*)"),
        format!("filter @logStream in (SOURCE '/{name}/z' | fields @logStream) | stats count(*)"),
        "lookup nothing a OUTPUT b".to_owned(),
    ] {
        let body = json!({ "query": query, "logGroups": [own], "start": BEGIN - 1000, "end": BEGIN + 1000 });
        let mut answers = Vec::new();
        for side in sides {
            answers.push(side.client.post("/queries", &body, &[("prefer", "wait=20")]).await);
        }
        assert_eq!(normalised(&answers[0]), normalised(&answers[1]), "{form:?}: {query}");
        assert!(!answers[0].text().contains("s3cr3t"), "{form:?}: {query}");
        let checks = [0, 1].map(|side| sides[side].client.post("/queries/check", &body, &[]));
        let checks = futures_util::future::join_all(checks).await;
        assert_eq!(normalised(&checks[0]), normalised(&checks[1]), "{form:?}: {query}");
        let pointers = answers.iter().map(|answer| answer.json()["results"][0]["@ptr"].as_str().map(str::to_owned));
        let pointers: Vec<Option<String>> = pointers.collect();
        let is_complete = is_answered(&answers[0]);
        assert!(is_complete || query.contains("SOURCE") || query.contains("lookup"), "{form:?}: {query}: {}", answers[0].text());
        if let [Some(first), Some(second)] = pointers.as_slice() {
            let first = sides[0].client.get(&format!("/records/{first}")).await;
            let second = sides[1].client.get(&format!("/records/{second}")).await;
            assert_eq!((first.status.as_u16(), normalised(&first)), (200, normalised(&second)), "{form:?}: {query}");
        }
    }
    let target = format!("/groups/:{name}:api/fields?time={BEGIN}");
    let fields = [sides[0].client.get(&target).await, sides[1].client.get(&target).await];
    assert_eq!((fields[0].status.as_u16(), normalised(&fields[0])), (200, normalised(&fields[1])), "{form:?}");
}

async fn write(world: &World, events: &[WrittenEvent]) {
    let mut streams: BTreeMap<(&str, &str), Vec<(i64, &str)>> = BTreeMap::new();
    for (group, stream, at, message) in events {
        streams.entry((group, stream)).or_default().push((*at, message));
    }
    for ((group, stream), events) in streams {
        world.put(group, stream, &events).await;
    }
}

/// The attack: letter by letter, by the length of the cursor, the reason of the page's end, and the number of calls.
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
