//! Events, tails and lists: requests by chance, and what their answers must be.

use serde_json::Value;

use super::check::{Case, canaries, masks_member, range, texts};
use super::oracle::{Access, Event, Grant, Group, Shown, access as access_of};
use crate::world::client::Answer;
use crate::world::tail::Tail;

/// A caller's filter: its text, the member that it reads, and whether it matches a message.
type Filter = (&'static str, &'static str, fn(&str) -> bool);

const FILTERS: [Filter; 5] = [
    ("error", "", |message| message.contains("error")),
    ("-debug", "", |message| !message.contains("debug")),
    ("{ $.level = \"info\" }", "level", |message| member(message, "level") == "info"),
    ("{ $.card = \"CARD*\" }", "card", |message| member(message, "card").as_str().is_some_and(|card| card.starts_with("CARD"))),
    ("{ $.card NOT EXISTS }", "card", |message| {
        serde_json::from_str::<Value>(message).is_ok_and(|value| value.is_object() && value.get("card").is_none())
    }),
];

fn member(message: &str, name: &str) -> Value {
    serde_json::from_str::<Value>(message).map_or(Value::Null, |value| value[name].clone())
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn path(name: &str) -> String {
    name.replace('/', ":")
}

/// The events that a request shows, in order.
struct Wanted<'w> {
    events: Vec<(&'w Event, Shown)>,
    filter: Option<Filter>,
}

impl Wanted<'_> {
    fn messages(&self) -> Vec<String> {
        let texts = self.events.iter().filter_map(|(_, view)| match view {
            Shown::Message(message) => Some(message.clone()),
            Shown::Withheld | Shown::Hidden => None,
        });
        texts.filter(|message| self.filter.is_none_or(|(_, _, matches)| matches(message))).collect()
    }

    fn withheld(&self) -> usize {
        self.events.iter().filter(|(_, view)| *view == Shown::Withheld).count()
    }
}

impl<'w> Case<'w> {
    pub(super) async fn events(&mut self) {
        let (name, group) = self.group();
        let mut access = self.access("read", &name);
        let mut target = format!("/logs/{}", path(&name));
        let (mut stream, mut prefix, mut parameter) = (None, None, String::new());
        if let Some(group) = group {
            let one = self.random.pick(&group.streams);
            match self.random.below(8) {
                0..3 => {
                    target += &format!("/{one}");
                    stream = Some(one);
                }
                3 => {
                    parameter = format!("&streams={one}");
                    stream = Some(one);
                }
                4 => {
                    parameter = format!("&streamPrefix={one}");
                    prefix = Some(one);
                }
                _ => {}
            }
        }
        if let Some(stream) = &stream {
            // A stream under no grant is as if it did not exist.
            let covers = |grant: &&Grant| grant.covers_stream(stream);
            let grants: Vec<Grant> = self.caller.tenant.grants.iter().filter(covers).cloned().collect();
            if let Access::NotFound = access_of(&grants, &self.caller.scopes, "read", &name) {
                access = Access::NotFound;
            } else if let Access::By(by) = &mut access {
                by.retain(|grant| grant.covers_stream(stream));
            }
        }
        let (start, end) = range(&mut self.random);
        let filter = self.random.one_in(3).then(|| self.random.pick(&FILTERS));
        target += &format!("?start={start}&end={end}");
        if let Some((text, _, _)) = filter {
            target += &format!("&filter={}", encoded(text));
        }
        target += &parameter;
        let Access::By(by) = &access else {
            self.get(&target, &access, group.is_some()).await;
            return;
        };
        let Some(group) = group else {
            self.get(&target, &access, false).await;
            return;
        };
        let is_chosen = |event: &Event| [&stream, &prefix].into_iter().flatten().all(|one| *one == event.stream);
        let shown = Self::shown(by, group);
        let events = shown.into_iter().filter(|(event, _)| is_chosen(event) && (start..end).contains(&event.time)).collect();
        let wanted = Wanted { events, filter };
        match self.random.below(6) {
            0 => self.streamed(&target, by, group, &wanted, "csv").await,
            1 => self.streamed(&target, by, group, &wanted, "text").await,
            2 => self.streamed(&target, by, group, &wanted, "ndjson").await,
            3 => self.columns(&target, by, group, &wanted).await,
            _ => self.pages(&target, by, group, &wanted).await,
        }
    }

    /// Whether the answer is a refusal that masks explain. A filter of a member that no grant masks is never refused.
    fn refused(&self, target: &str, answer: &Answer, by: &[&Grant], filter: Option<Filter>) -> bool {
        let may_be = filter.is_some_and(|(_, member, _)| member.is_empty() || masks_member(by, member));
        may_be && self.may_refuse(target, answer, by)
    }

    async fn pages(&mut self, target: &str, by: &[&Grant], group: &Group, wanted: &Wanted<'_>) {
        let limit = self.random.pick(&[1, 2, 3, 1_000]);
        let first = format!("{target}&limit={limit}");
        let (mut request, mut messages, mut withheld) = (first.clone(), Vec::new(), 0);
        for page in 0.. {
            assert!(page < 400, "{}: {first} does not end", self.about);
            let answer = self.caller.client.get(&request).await;
            self.decisions += 1;
            if self.refused(&first, &answer, by, wanted.filter) {
                return;
            }
            if answer.status != 200 {
                self.fail(&request, &answer);
            }
            self.no_foreign(&first, &answer, &Self::allowed(by, group, &wanted.events));
            let body = answer.json();
            messages.extend(texts(&body, "events", "message"));
            withheld += body["withheld"].as_u64().unwrap_or(0);
            if body["stopReason"] == "end" {
                break;
            }
            request = format!("/logs?cursor={}&limit={limit}", body["nextCursor"].as_str().unwrap());
        }
        assert_eq!(messages, wanted.messages(), "{}: {first}\n{:#?}", self.about, self.caller.tenant);
        if wanted.filter.is_none() {
            let count = u64::try_from(wanted.withheld()).unwrap();
            assert_eq!(withheld, count, "{}: withheld of {first}\n{:#?}", self.about, self.caller.tenant);
        }
    }

    async fn streamed(&mut self, target: &str, by: &[&Grant], group: &Group, wanted: &Wanted<'_>, format: &str) {
        let target = format!("{target}&format={format}");
        let answer = self.caller.client.get(&target).await;
        self.decisions += 1;
        if self.refused(&target, &answer, by, wanted.filter) {
            return;
        }
        if answer.status != 200 || answer.broken {
            self.fail(&target, &answer);
        }
        self.no_foreign(&target, &answer, &Self::allowed(by, group, &wanted.events));
        let messages = wanted.messages();
        if format == "ndjson" {
            let message = |line: &str| serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned();
            assert_eq!(answer.text().lines().map(message).collect::<Vec<_>>(), messages, "{}: {target}", self.about);
        } else {
            let lines = answer.text().lines().count() - usize::from(format == "csv");
            assert_eq!(lines, messages.len(), "{}: {target}\n{}", self.about, answer.text());
            let events = |text: &str| canaries(text).into_iter().filter(|one| !one.starts_with("STREAM")).collect::<Vec<_>>();
            assert_eq!(events(&answer.text()), events(&messages.join("\n")), "{}: {target}", self.about);
        }
    }

    async fn columns(&mut self, target: &str, by: &[&Grant], group: &Group, wanted: &Wanted<'_>) {
        let (column, member) = self.random.pick(&[
            ("$.card", "card"),
            ("$.user.email", "user"),
            ("$.canary", "canary"),
            ("$.items[0].card", "items"),
        ]);
        let target = format!("{target}&format=csv&columns=timestamp,{}", encoded(column));
        let answer = self.caller.client.get(&target).await;
        self.decisions += 1;
        if masks_member(by, member) && self.may_refuse(&target, &answer, by) || self.refused(&target, &answer, by, wanted.filter)
        {
            return;
        }
        if answer.status != 200 {
            self.fail(&target, &answer);
        }
        self.no_foreign(&target, &answer, &Self::allowed(by, group, &wanted.events));
        assert_eq!(answer.text().lines().count(), wanted.messages().len() + 1, "{}: {target}", self.about);
    }

    /// History by a tail, event by event.
    pub(super) async fn tail(&mut self) {
        let (name, group) = self.group();
        let access = self.access("tail", &name);
        let (start, _) = range(&mut self.random);
        let target = format!("/logs/{}?follow=true&format=ndjson&start={start}", path(&name));
        let (Access::By(by), Some(group), Access::By(_)) = (&access, group, self.access("read", &name)) else {
            // Without `read`, history may be refused.
            if !matches!(access, Access::By(_)) {
                self.get(&target, &access, group.is_some()).await;
            }
            return;
        };
        let shown = Self::shown(by, group);
        let allowed = Self::allowed(by, group, &shown);
        let events = shown.into_iter().filter(|(event, _)| event.time >= start).collect();
        let messages = Wanted { events, filter: None }.messages();
        let mut tail = match Tail::open_with(&self.caller.client, &target, &[]).await {
            Ok(tail) => tail,
            Err(answer) => self.fail(&target, &answer),
        };
        self.decisions += 1;
        for wanted in messages {
            let event = tail.event().await;
            self.no_foreign_text(&target, &event.to_string(), &allowed);
            assert_eq!(event["message"], wanted, "{}: {target}\n{:#?}", self.about, self.caller.tenant);
        }
    }

    pub(super) async fn groups(&mut self) {
        let wanted: Vec<&str> = {
            let names = self.world.groups.iter().map(|group| group.name.as_str());
            let mut names: Vec<&str> = names.filter(|name| matches!(self.access("describe", name), Access::By(_))).collect();
            names.sort_unstable();
            names
        };
        let limit = self.random.pick(&[1, 2, 50]);
        let (mut target, mut found) = (format!("/groups?limit={limit}"), Vec::new());
        loop {
            let answer = self.caller.client.get(&target).await;
            self.decisions += 1;
            if answer.status == 403 && wanted.is_empty() {
                return self.no_foreign(&target, &answer, &self.own_policy());
            }
            if answer.status != 200 {
                self.fail(&target, &answer);
            }
            self.no_foreign(&target, &answer, &canaries(&wanted.join(" ")));
            let body = answer.json();
            found.extend(texts(&body, "groups", "name"));
            match body["nextCursor"].as_str() {
                Some(cursor) => target = format!("/groups?limit={limit}&cursor={cursor}"),
                None => break,
            }
        }
        found.sort();
        assert_eq!(found, wanted, "{}: {target}\n{:#?}", self.about, self.caller.tenant);
    }

    pub(super) async fn one_group(&mut self) {
        let (name, group) = self.group();
        let access = self.access("describe", &name);
        let target = format!("/groups/{}", path(&name));
        let Some(answer) = self.get(&target, &access, group.is_some()).await else { return };
        if answer.status != 200 {
            self.fail(&target, &answer);
        }
        self.no_foreign(&target, &answer, &canaries(&name));
        let Access::By(by) = access else { return };
        let is_whole = by.iter().any(|grant| grant.streams.is_none() && grant.rule.is_none() && grant.mask.is_none());
        assert!(is_whole || !answer.json()["storedBytes"].is_number(), "{}: {target}\n{}", self.about, answer.text());
    }

    pub(super) async fn streams(&mut self) {
        let (name, group) = self.group();
        let access = self.access("describe", &name);
        let first = format!("/groups/{}/streams?limit={}", path(&name), self.random.pick(&[1, 50]));
        let (mut target, mut found) = (first.clone(), Vec::new());
        loop {
            let Some(answer) = self.get(&target, &access, group.is_some()).await else { return };
            if answer.status != 200 {
                self.fail(&target, &answer);
            }
            let (Access::By(by), Some(group)) = (&access, group) else { return };
            self.no_foreign(&first, &answer, &Self::allowed(by, group, &[]));
            let body = answer.json();
            let limits_rows = by.iter().all(|grant| grant.rule.is_some());
            let tells = body["streams"].as_array().unwrap().iter().any(|stream| stream["lastEventAt"].is_string());
            assert!(!limits_rows || !tells, "{}: {target}\n{body}", self.about);
            found.extend(texts(&body, "streams", "name"));
            match body["nextCursor"].as_str() {
                Some(cursor) => target = format!("/groups/{}/streams?cursor={cursor}", path(&name)),
                None => break,
            }
        }
        let (Access::By(by), Some(group)) = (access, group) else { return };
        let covered = |stream: &&String| by.iter().any(|grant| grant.covers_stream(stream));
        let mut wanted: Vec<&String> = group.streams.iter().filter(covered).collect();
        wanted.sort();
        found.sort();
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{}: {first}\n{:#?}", self.about, self.caller.tenant);
    }

    pub(super) async fn explained(&mut self) {
        let (name, _) = self.group();
        let action = self.random.pick(&["read", "query", "tail", "describe"]);
        let target = format!("/me/explain?action={action}&group={}", encoded(&name));
        let answer = self.caller.client.get(&target).await;
        self.decisions += 1;
        if answer.status != 200 {
            self.fail(&target, &answer);
        }
        let allowed = matches!(self.access(action, &name), Access::By(_));
        assert_eq!(answer.json()["allowed"], allowed, "{}: {target}\n{}", self.about, answer.text());
        let own = self.own_policy().into_iter().chain(canaries(&name)).collect();
        self.no_foreign(&target, &answer, &own);
        let me = self.caller.client.get("/me").await;
        self.decisions += 1;
        self.no_foreign("/me", &me, &self.own_policy());
    }
}
