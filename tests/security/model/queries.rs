//! Queries, records and fields: requests by chance, and what their answers must be.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Case, canaries, masks_member, texts};
use super::oracle::{Access, Event, Grant, Group, Shown};
use super::world::BEGIN;
use crate::world::client::Answer;

/// A query, the members that it names, and whether it reads whole messages otherwise than to show them.
#[derive(Debug, Clone, Copy)]
struct Text {
    query: &'static str,
    members: &'static [&'static str],
    reads_messages: bool,
}

const EVENTS: &str = "fields @logStream, @message | sort @timestamp asc | limit 1000";
const COUNT: &str = "stats count(*) as c";

const TEXTS: [Text; 12] = [
    Text { query: EVENTS, members: &[], reads_messages: false },
    Text { query: EVENTS, members: &[], reads_messages: false },
    Text { query: COUNT, members: &[], reads_messages: false },
    Text { query: "stats count(*) as c by tenant", members: &["tenant"], reads_messages: false },
    Text { query: "stats count(*) as c by card", members: &["card"], reads_messages: false },
    Text { query: "filter ispresent(card) | stats count(*) as c", members: &["card"], reads_messages: false },
    Text {
        query: "fields user.email, canary | sort user.email | limit 100",
        members: &["user", "canary"],
        reads_messages: false,
    },
    Text { query: "fields items.0.card as k | filter k like /ITEM/", members: &["items"], reads_messages: false },
    Text {
        query: "fields jsonStringify(user) as u, jsonStringify(items) as i",
        members: &["user", "items"],
        reads_messages: false,
    },
    Text { query: "parse @message /(?<e>[A-Z]{6}[0-9]+x)/ | stats count(*) by e", members: &[], reads_messages: true },
    Text { query: "filter @message like /CARD/ | fields canary", members: &["canary"], reads_messages: true },
    Text { query: "pattern @message", members: &[], reads_messages: true },
];

type GroupView<'w> = (&'w Group, Vec<&'w Grant>, Vec<(&'w Event, Shown)>);

impl<'w> Case<'w> {
    pub(super) async fn query(&mut self) {
        let mut chosen = vec![self.group()];
        if self.random.one_in(3) {
            chosen.push(self.group());
        }
        chosen.dedup_by(|one, other| one.0 == other.0);
        let text = self.random.pick(&TEXTS);
        let names: Vec<&str> = chosen.iter().map(|(name, _)| name.as_str()).collect();
        let body = json!({ "query": text.query, "logGroups": names, "start": BEGIN - 1_000, "end": BEGIN + 100_000 });
        let answer = self.caller.client.post("/queries", &body, &[("prefer", "wait=20")]).await;
        let request = body.to_string();
        let mut views: Vec<GroupView<'w>> = Vec::new();
        let mut is_refused = None;
        for (name, group) in &chosen {
            match (self.access("query", name), group) {
                (Access::By(by), Some(group)) => {
                    let shown = Self::shown(&by, group);
                    views.push((group, by, shown));
                }
                // A group that cannot be named decides before one without a scope.
                (Access::By(_), None) | (Access::NotFound, _) => is_refused = Some(Access::NotFound),
                (Access::Forbidden, _) => is_refused = is_refused.or(Some(Access::Forbidden)),
            }
        }
        if let Some(refused) = is_refused {
            // Which of several refusals comes first does not matter: none depends on what is hidden.
            let own: Vec<&Grant> = chosen.iter().filter_map(|(name, _)| by_of(self.access("query", name))).flatten().collect();
            // The conditions alone decide, also for a group that does not exist.
            let is_refused_by_conditions =
                self.is_too_long(&request, &answer, &own) || (answer.status == 422 && self.may_refuse(&request, &answer, &own));
            if is_refused_by_conditions {
                self.decisions += 1;
            } else if names.len() == 1 {
                self.refusal(&request, &answer, &refused, true);
            } else {
                self.decisions += 1;
                assert!([403, 404].contains(&answer.status.as_u16()), "{}: {request}\n{}", self.about, answer.text());
                self.no_foreign(&request, &answer, &BTreeSet::new());
            }
            return;
        }
        self.decisions += 1;
        let by: Vec<&Grant> = views.iter().flat_map(|(_, by, _)| by.iter().copied()).collect();
        let names_masked = views.iter().any(|(_, by, _)| text.members.iter().any(|member| masks_member(by, member)));
        if self.is_too_long(&request, &answer, &by) {
            return;
        }
        if (names_masked || text.reads_messages) && self.may_refuse(&request, &answer, &by) {
            return;
        }
        if answer.status != 200 || names_masked {
            self.fail(&request, &answer);
        }
        self.rows(&request, &answer, text, &views);
        if text.query == EVENTS && views.len() == 1 {
            self.records(&request, &answer, &views).await;
        }
    }

    fn rows(&self, request: &str, answer: &Answer, text: Text, views: &[GroupView<'_>]) {
        let mut allowed = BTreeSet::new();
        for (group, by, shown) in views {
            allowed.extend(Self::allowed(by, group, shown));
        }
        self.no_foreign(request, answer, &allowed);
        let body = answer.json();
        let mut shown: Vec<(i64, &Shown)> =
            views.iter().flat_map(|(_, _, shown)| shown.iter().map(|(event, view)| (event.time, view))).collect();
        shown.sort_by_key(|(time, _)| *time);
        let messages: Vec<&String> = shown
            .iter()
            .filter_map(|(_, view)| match view {
                Shown::Message(message) => Some(message),
                Shown::Withheld | Shown::Hidden => None,
            })
            .collect();
        match text.query {
            // With several groups, a source that masks afterwards may mask more.
            EVENTS if views.len() == 1 => {
                let found = texts(&body, "results", "@message");
                assert_eq!(found.iter().collect::<Vec<_>>(), messages, "{}: {request}\n{:#?}", self.about, self.caller.tenant);
            }
            COUNT => {
                let found: usize = body["results"][0]["c"].as_str().map_or(0, |count| count.parse().unwrap());
                // A source that masks afterwards counts events that it withholds.
                assert!(
                    (messages.len()..=shown.len()).contains(&found),
                    "{}: {request}\n{body}\n{:#?}",
                    self.about,
                    self.caller.tenant
                );
            }
            _ => {}
        }
        let restricted = views.iter().any(|(_, by, _)| by.iter().all(|grant| grant.rule.is_some() || grant.streams.is_some()));
        let scanned = body["statistics"]["recordsScanned"].as_f64();
        let visible = f64::from(u32::try_from(shown.len()).unwrap());
        assert!(!restricted || scanned.is_none_or(|scanned| scanned <= visible), "{}: {request}\n{body}\n{visible}", self.about);
    }

    /// Whole events by the pointers of rows, for the caller and for another tenant.
    async fn records(&mut self, request: &str, answer: &Answer, views: &[GroupView<'_>]) {
        let rows = answer.json()["results"].as_array().unwrap().clone();
        for row in rows.iter().take(2) {
            let (Some(pointer), Some(message)) = (row["@ptr"].as_str(), row["@message"].as_str()) else { continue };
            let target = format!("/records/{pointer}");
            let record = self.caller.client.get(&target).await;
            self.decisions += 1;
            if record.status != 200 {
                self.fail(&format!("{request} {target}"), &record);
            }
            self.no_foreign(&format!("{target} {message} {}", canaries_of(views)), &record, &BTreeSet::new());
            let found = record.json();
            assert!(found.to_string().contains(&Value::from(message).to_string()), "{}: {request} {target}\n{found}", self.about);
            let others: Vec<_> = self.others.iter().filter(|other| other.tenant.name != self.caller.tenant.name).collect();
            let other = self.random.pick(&others);
            let foreign = other.client.get(&target).await;
            self.decisions += 1;
            assert_eq!(foreign.status, 404, "{}: {target} of another tenant", self.about);
            self.no_foreign(&target, &foreign, &BTreeSet::new());
        }
    }

    pub(super) async fn fields(&mut self) {
        let (name, group) = self.group();
        let access = self.access("query", &name);
        let target = format!("/groups/{}/fields", name.replace('/', ":"));
        let Some(answer) = self.get(&target, &access, group.is_some()).await else { return };
        let (Access::By(by), Some(group)) = (access, group) else { return };
        let limited = by.iter().any(|grant| grant.rule.is_some() || grant.streams.is_some());
        if answer.status == 422 && limited {
            return self.no_foreign(&target, &answer, &self.own_policy());
        }
        if answer.status != 200 {
            self.fail(&target, &answer);
        }
        let shown = Self::shown(&by, group);
        self.no_foreign(&target, &answer, &Self::allowed(&by, group, &shown));
        let hides_card = by.iter().all(|grant| {
            grant.mask.as_ref().is_some_and(|(paths, _)| paths.iter().any(|path| path.len() == 1 && path[0] == "card"))
        });
        let found = answer.text();
        assert!(!hides_card || !found.contains("\"card"), "{}: {target}\n{found}", self.about);
    }

    /// Checks answer from the text alone.
    pub(super) async fn checks(&mut self) {
        let (name, _) = self.group();
        let text = self.random.pick(&TEXTS);
        let body = json!({ "query": text.query, "logGroups": [name], "start": BEGIN - 1_000, "end": BEGIN + 100_000 });
        let answer = self.caller.client.post("/queries/check", &body, &[]).await;
        self.decisions += 1;
        self.no_foreign(&body.to_string(), &answer, &self.own_policy());
    }
}

fn by_of(access: Access<'_>) -> Option<Vec<&Grant>> {
    if let Access::By(by) = access { Some(by) } else { None }
}

/// The names of the groups and streams of the views.
fn canaries_of(views: &[GroupView<'_>]) -> String {
    let mut all = BTreeSet::new();
    for (group, by, _) in views {
        all.extend(Case::allowed(by, group, &[]));
    }
    debug_assert!(all.iter().all(|one| canaries(one).contains(one)), "canaries");
    all.into_iter().collect::<Vec<_>>().join(" ")
}
