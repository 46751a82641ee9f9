//! Groups, events, tenants and tokens by chance. Every part that can be seen has a canary: `EVENTC12x`, `CARDNO12x`, `FIELDN3x`, …

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::oracle::{Event, Grant, Group, Path, Rule, Scope};
use super::random::Random;

/// A moment inside every default range.
pub(super) const BEGIN: i64 = 1_750_000_000_000;
const TENANTS: usize = 6;
const NAMES: [&str; 3] = ["acme", "globex", "initech"];

#[derive(Debug)]
pub(super) struct World {
    pub(super) groups: Vec<Group>,
    pub(super) tenants: Vec<Tenant>,
}

#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) grants: Vec<Grant>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed, 0);
        let mut canary = 0;
        let groups = (0..5).map(|number| group(&mut random, number, &mut canary)).collect::<Vec<_>>();
        let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
        let tenants =
            (0..TENANTS).map(|number| Tenant { name: format!("t{number}"), grants: grants(&mut random, &names) }).collect();
        Self { groups, tenants }
    }

    /// The tenants as the configuration writes them.
    pub(super) fn config(&self, source: &str) -> String {
        let mut text = String::new();
        for Tenant { name, grants } in &self.tenants {
            write!(text, "[tenants.{name}]\nlimits = {{ concurrent_queries = 100 }}\n").unwrap();
            for grant in grants {
                write!(
                    text,
                    "[[tenants.{name}.grants]]\nsource = \"{source}\"\ngroups = {:?}\nactions = {:?}\n",
                    grant.groups, grant.actions
                )
                .unwrap();
                if let Some(streams) = &grant.streams {
                    writeln!(text, "streams = {streams:?}").unwrap();
                }
                if let Some(rule) = &grant.rule {
                    writeln!(text, "where = '{}'", rule.text()).unwrap();
                }
                if let Some((paths, with)) = &grant.mask {
                    let paths: Vec<String> = paths.iter().map(|path| written(path)).collect();
                    writeln!(text, "mask = {paths:?}\nmask_with = {with:?}").unwrap();
                }
            }
        }
        text
    }
}

fn written(path: Path) -> String {
    path.iter().fold("$".to_owned(), |text, step| if *step == "*" { text + "[*]" } else { format!("{text}.{step}") })
}

fn group(random: &mut Random, number: usize, canary: &mut usize) -> Group {
    let name = format!("/{}/GROUPN{number}x", NAMES[number % NAMES.len()]);
    let streams: Vec<String> = ["prod-1", "prod-2", "dev-1", "web"]
        .iter()
        .enumerate()
        .map(|(index, name)| format!("{name}-STREAM{number}{index}x"))
        .collect();
    let mut events = Vec::new();
    for place in 0..random.below(30) {
        *canary += 1;
        let message = message(random, number, *canary);
        // Each has its own time, so that their order is known.
        let time = BEGIN + 1_000 * i64::try_from(place).unwrap() + i64::try_from(number).unwrap();
        events.push(Event { stream: random.pick(&streams), time, message });
    }
    // A stream without events exists as well.
    Group { name, streams, events }
}

/// A message whose members are in the order of their names.
fn message(random: &mut Random, group: usize, canary: usize) -> String {
    if random.one_in(8) {
        let end = random.pick(&["", " error", " acme", " {\"tenant\":\"acme\"}"]);
        return format!("EVENTC{canary}x plain{end}");
    }
    let mut members = Map::new();
    members.insert("canary".to_owned(), format!("EVENTC{canary}x").into());
    if !random.one_in(3) {
        members.insert(
            "card".to_owned(),
            random.pick(&[json!(format!("CARDNO{canary}x")), json!({ "number": format!("CARDNO{canary}x") })]),
        );
    }
    if random.one_in(3) {
        members.insert(format!("f{}", format_args!("FIELDN{group}{}x", random.below(3))), 1.into());
    }
    if random.one_in(2) {
        let item = |part: usize| json!({ "card": format!("ITEMNO{canary}{part}x"), "sku": part });
        members.insert("items".to_owned(), (0..random.below(3)).map(item).collect::<Vec<Value>>().into());
    }
    members.insert("level".to_owned(), random.pick(&["info", "debug", "error"]).into());
    if !random.one_in(5) {
        let n = random.below(10);
        members.insert("n".to_owned(), if random.one_in(3) { n.to_string().into() } else { n.into() });
    }
    if !random.one_in(6) {
        members.insert("tenant".to_owned(), random.pick(&[json!("acme"), json!("globex"), json!("Acme"), json!(7), Value::Null]));
    }
    if !random.one_in(3) {
        members.insert("user".to_owned(), json!({ "email": format!("MAILTO{canary}x"), "id": random.below(3) }));
    }
    let text = Value::Object(members).to_string();
    // Not quite JSON.
    if random.one_in(12) { text.trim_end_matches('}').to_owned() } else { text }
}

fn grants(random: &mut Random, groups: &[String]) -> Vec<Grant> {
    let mut patterns: Vec<String> = ["/acme/*", "/globex/*", "*1x", "/*/GROUPN2x"].map(str::to_owned).into();
    patterns.extend(groups.iter().cloned());
    let paths: [Path; 5] = [&["card"], &["user", "email"], &["user"], &["items", "*", "card"], &["n"]];
    (0..=random.below(3))
        .map(|_| Grant {
            groups: distinct(random.some(&patterns, 2)),
            streams: random.one_in(3).then(|| {
                let streams = ["prod-*", "dev-*", "*STREAM*1x", "web-STREAM03x", "missing"].map(str::to_owned);
                distinct(random.some(&streams, 2))
            }),
            actions: distinct(random.some(&["read", "read", "query", "query", "tail", "describe"], 3)),
            rule: random.one_in(2).then(|| rule(random, 1)),
            mask: random.one_in(2).then(|| {
                let paths = random.some(&paths, 2);
                (
                    paths.into_iter().fold(Vec::new(), |mut all, path| {
                        if all.contains(&path) {
                            all
                        } else {
                            all.push(path);
                            all
                        }
                    }),
                    random.pick(&["***", "***", "remove", "x"]),
                )
            }),
        })
        .collect()
}

fn distinct<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items.dedup();
    items
}

fn rule(random: &mut Random, depth: usize) -> Rule {
    match random.below(if depth == 0 { 5 } else { 9 }) {
        0 => Rule::TenantIs(random.pick(&["acme", "globex"])),
        1 => Rule::NumberFrom(5),
        2 => Rule::LevelIsNot("debug"),
        3 => Rule::UserIs(1),
        4 => Rule::NoUser,
        5 => Rule::Term(random.pick(&["error", "acme"])),
        6 => Rule::NoTerm("debug"),
        kind => {
            let (one, other) = (rule(random, 0), rule(random, 0));
            // Two comparisons of a nested number are too long for a query, which is an error of the configuration.
            let other = if matches!((&one, &other), (Rule::UserIs(_), Rule::UserIs(_))) { Rule::NoUser } else { other };
            if kind == 7 { Rule::Both(Box::new(one), Box::new(other)) } else { Rule::Either(Box::new(one), Box::new(other)) }
        }
    }
}

/// The scopes of a token.
pub(super) fn scopes(random: &mut Random) -> Vec<Scope> {
    if random.one_in(2) {
        return vec![Scope { action: "*", groups: "*".to_owned() }];
    }
    let scope = |random: &mut Random| Scope {
        action: random.pick(&["read", "query", "tail", "describe", "*"]),
        groups: random.pick(&["*", "/acme/*", "/globex/*", "*GROUPN1x", "/*/GROUPN2x"]).to_owned(),
    };
    (0..=random.below(3)).map(|_| scope(random)).collect()
}

pub(super) fn scope_claim(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| format!("logs:{}:{}", scope.action, scope.groups)).collect::<Vec<_>>().join(" ")
}
