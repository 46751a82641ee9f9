//! Two services that differ only in hidden data respond identically: byte for byte, and with the same upstream calls.
//!
//! The oracle is the other service. Each tenant has its own form of grant, and its own groups, in which the second service has
//! more hidden events, streams and groups than the first. Parts that may differ are removed before the comparison: the request
//! id, the date, and the text of handles, of which only the length is compared. `events` compares
//! reads and lists, `rows` reads and queries under row rules, `queries` Logs Insights queries, `tails` live tails.

mod events;
mod queries;
mod rows;
mod tails;

use std::collections::BTreeMap;

use serde_json::Value;

use super::support::{Binary, Setup};
use crate::ops::queries::rows;
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::random::Random;
use crate::world::{Options, World};

/// A moment inside every default range, and after 2024.
const BEGIN: i64 = 1_750_000_000_000;
const SECRET: &str = "token=s3cr3t needle";
/// Streams of both services, visible and hidden for most grants.
const STREAMS: [&str; 8] = ["app-1", "db", "prod", "prod-1", "prod-2", "prod-10", "web-1", "zulu-9"];
/// Members of responses that are handles.
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
    // Random patterns of parts of the existing names.
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let pieces = ["*", "p", "prod", "-", "1", "*1", "a*", "web-", "0", "od"];
    for _ in 0..10 {
        let mut pattern = || (0..=random.below(3)).map(|_| pieces[random.below(pieces.len())]).collect::<String>();
        let grant: Vec<String> = vec![pattern(), pattern()];
        forms.push(vec![if grant[0] == grant[1] { vec![grant[0].clone()] } else { grant }]);
    }
    // A grant of all streams hides nothing.
    forms.retain(|form| form.iter().flatten().all(|pattern| pattern.bytes().any(|byte| byte != b'*')));
    forms
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
                "[[tenants.{name}.grants]]\nsource = \"{source}\"\ngroups = {groups}\nactions = [\"read\", \"query\", \"tail\"]\nstreams = {streams:?}\n"
            );
        }
    }
    text
}

/// An event: group, stream, time, message.
type WrittenEvent = (String, String, i64, String);

/// The visible events of the tenant, the same in both services.
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

/// The hidden events: few in the first service; in the second many, which affect filters, limits and lists if they leak.
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
            // These names sort between the granted names.
            for group in ["a", "api-2", "n", "z"] {
                events.push((format!("/{name}/{group}"), "prod-1".to_owned(), BEGIN, SECRET.to_owned()));
            }
        }
    }
    events
}

/// The response without the parts that may differ.
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
                    // Depends on the time of the token.
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

/// A client of one service, and the calls of its upstream.
struct Side {
    client: Client,
    calls: Box<dyn Fn() -> Vec<String>>,
}

/// Sends the request to both services, and follows both kinds of cursors for some pages.
async fn compare(sides: &[Side; 2], target: &str, about: &str) {
    let mut queue = vec![(target.to_owned(), target.to_owned(), 0)];
    while let Some((first, second, depth)) = queue.pop() {
        let before = [(sides[0].calls)().len(), (sides[1].calls)().len()];
        let answers = [sides[0].client.get(&first).await, sides[1].client.get(&second).await];
        assert_eq!(normalised(&answers[0]), normalised(&answers[1]), "{about}: {target}, page {depth}");
        let calls = [0, 1].map(|side| {
            let mut calls = (sides[side].calls)()[before[side]..].to_vec();
            // Names are looked up concurrently, so the order of these calls is not determined.
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

/// The calls of the upstream, without the members that contain positions in its data.
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
    // Quotas that are never reached, and the same tenants.
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

/// Two services on local stores that differ in hidden events only.
async fn local_worlds(forms: &[Vec<Vec<String>>]) -> Vec<World> {
    let mut worlds = Vec::new();
    for is_second in [false, true] {
        let world = World::with(Options { tenants: Some(tenants("disk", forms)), ..Options::default() }).await;
        for (number, form) in forms.iter().enumerate() {
            write_mixed(&world, &visible(number, form), &hidden(number, form, is_second)).await;
        }
        worlds.push(world);
    }
    worlds
}

/// Writes hidden events before, between and after the visible ones, so that any count of events would include hidden ones. A part is in
/// segments, and a part is in memory.
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

async fn write(world: &World, events: &[WrittenEvent]) {
    let mut streams: BTreeMap<(&str, &str), Vec<(i64, &str)>> = BTreeMap::new();
    for (group, stream, at, message) in events {
        streams.entry((group, stream)).or_default().push((*at, message));
    }
    for ((group, stream), events) in streams {
        world.put(group, stream, &events).await;
    }
}
