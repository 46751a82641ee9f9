//! What is compared in every answer: canaries, and the parts of pages.

use std::collections::BTreeSet;

use serde_json::Value;

use super::oracle::{Access, Event, Grant, Group, Scope, Shown, access, shown};
use super::random::Random;
use super::world::{BEGIN, Tenant, World};
use crate::world::client::{Answer, Client};

/// What canaries begin with. So long that a handle does not contain one by chance.
const MARKS: [&str; 7] = ["EVENTC", "CARDNO", "ITEMNO", "MAILTO", "FIELDN", "GROUPN", "STREAM"];

/// A token and what it may do.
#[derive(Debug)]
pub(super) struct Caller<'w> {
    pub(super) tenant: &'w Tenant,
    pub(super) scopes: Vec<Scope>,
    pub(super) client: Client,
}

/// One request by chance, of one caller.
#[derive(Debug)]
pub(super) struct Case<'w> {
    /// Printed with every failure.
    pub(super) about: String,
    pub(super) world: &'w World,
    pub(super) caller: &'w Caller<'w>,
    pub(super) others: &'w [Caller<'w>],
    pub(super) random: Random,
    /// Answers that were compared.
    pub(super) decisions: usize,
}

/// The canaries in a text.
pub(super) fn canaries(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for mark in MARKS {
        for (place, _) in text.match_indices(mark) {
            let rest = &text[place + mark.len()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && rest[digits..].starts_with('x') {
                found.insert(text[place..place + mark.len() + digits + 1].to_owned());
            }
        }
    }
    found
}

impl<'w> Case<'w> {
    /// A group, or a name that does not exist.
    pub(super) fn group(&mut self) -> (String, Option<&'w Group>) {
        if self.random.one_in(12) {
            return ("/acme/GROUPN9x".to_owned(), None);
        }
        let group = &self.world.groups[self.random.below(self.world.groups.len())];
        (group.name.clone(), Some(group))
    }

    pub(super) fn access(&self, action: &str, group: &str) -> Access<'w> {
        access(&self.caller.tenant.grants, &self.caller.scopes, action, group)
    }

    /// Sends a GET, and checks the status when it is refused. `None`: it was refused as it must be.
    pub(super) async fn get(&mut self, target: &str, access: &Access<'_>, exists: bool) -> Option<Answer> {
        let answer = self.caller.client.get(target).await;
        self.refusal(target, &answer, access, exists)
    }

    pub(super) fn refusal(&mut self, request: &str, answer: &Answer, access: &Access<'_>, exists: bool) -> Option<Answer> {
        self.decisions += 1;
        let wanted = match access {
            Access::NotFound => 404,
            Access::Forbidden => 403,
            // What the grants forbid is refused before the group is looked for.
            Access::By(by) if !exists && by.iter().any(|grant| grant.restricts()) && answer.status == 422 => 422,
            Access::By(_) if !exists => 404,
            Access::By(_) => return Some(answer.clone()),
        };
        assert_eq!(answer.status, wanted, "{}: {request}\n{}", self.about, answer.text());
        self.no_foreign(request, answer, &BTreeSet::new());
        None
    }

    /// Checks that an answer, with its headers and trailers, has no canary but these and those of the request and the own policy.
    pub(super) fn no_foreign(&self, request: &str, answer: &Answer, allowed: &BTreeSet<String>) {
        let whole = format!("{:?}\n{:?}\n{}", answer.headers, answer.trailers, String::from_utf8_lossy(&answer.body));
        self.no_foreign_text(request, &whole, allowed);
    }

    pub(super) fn no_foreign_text(&self, request: &str, text: &str, allowed: &BTreeSet<String>) {
        let own = canaries(request);
        let foreign: Vec<String> =
            canaries(text).into_iter().filter(|canary| !allowed.contains(canary) && !own.contains(canary)).collect();
        assert!(foreign.is_empty(), "{}: {request}\nforeign: {foreign:?}\n{text}\n{:#?}", self.about, self.caller.tenant);
    }

    /// The events of a group that these grants show, each as it is shown.
    pub(super) fn shown(by: &[&Grant], group: &'w Group) -> Vec<(&'w Event, Shown)> {
        let views = group.events.iter().map(|event| (event, shown(by, event)));
        views.filter(|(_, view)| *view != Shown::Hidden).collect()
    }

    /// The canaries of messages, and of the group and its streams.
    pub(super) fn allowed(by: &[&Grant], group: &Group, shown: &[(&Event, Shown)]) -> BTreeSet<String> {
        let mut allowed = canaries(&group.name);
        for (_, view) in shown {
            if let Shown::Message(message) = view {
                allowed.extend(canaries(message));
            }
        }
        let streams = group.streams.iter().filter(|stream| by.iter().any(|grant| grant.covers_stream(stream)));
        streams.for_each(|stream| allowed.extend(canaries(stream)));
        allowed
    }

    /// The canaries of the own grants and scopes.
    pub(super) fn own_policy(&self) -> BTreeSet<String> {
        canaries(&format!("{:?} {:?}", self.caller.tenant.grants, self.caller.scopes))
    }

    pub(super) fn fail(&self, request: &str, answer: &Answer) -> ! {
        panic!("{}: {request}\n{} {}\n{:#?}", self.about, answer.status, answer.text(), self.caller.tenant)
    }

    /// Whether a query is refused because the conditions of several grants make it too long for the source.
    pub(super) fn is_too_long(&self, request: &str, answer: &Answer, by: &[&Grant]) -> bool {
        let conditions = by.iter().filter(|grant| grant.restricts()).count();
        let is_too_long =
            conditions > 1 && answer.status == 400 && answer.text().contains("with the conditions that the service adds");
        if is_too_long {
            self.no_foreign(request, answer, &BTreeSet::new());
        }
        is_too_long
    }

    /// Whether a request that uses parts of messages may be refused: because a grant masks something.
    pub(super) fn may_refuse(&self, request: &str, answer: &Answer, by: &[&Grant]) -> bool {
        let refused = [400, 422].contains(&answer.status.as_u16());
        if refused {
            let masks = by.iter().any(|grant| grant.mask.is_some());
            let code = answer.code();
            let is_expected =
                ["query_forbidden", "invalid_filter", "invalid_parameter", "invalid_query"].contains(&code.as_str());
            assert!(masks && is_expected, "{}: {request}\n{}\n{:#?}", self.about, answer.text(), self.caller.tenant);
            self.no_foreign(request, answer, &self.own_policy());
        }
        refused
    }
}

/// The range of a request: the whole, or a part.
pub(super) fn range(random: &mut Random) -> (i64, i64) {
    let whole = (BEGIN - 1_000, BEGIN + 100_000);
    if random.one_in(2) { whole } else { (BEGIN + 1_000 * i64::try_from(random.below(10)).unwrap(), whole.1 - 80_000) }
}

/// A member that is a list of objects with this text in each.
pub(super) fn texts(value: &Value, list: &str, member: &str) -> Vec<String> {
    let items = value[list].as_array().unwrap_or_else(|| panic!("no {list} in {value}"));
    items.iter().filter_map(|item| item[member].as_str().map(str::to_owned)).collect()
}

/// Does a mask of these grants, all of one group, touch the member in an event? None does where a grant shows all events whole.
pub(super) fn masks_member(by: &[&Grant], member: &str) -> bool {
    if by.iter().any(|grant| !grant.restricts()) {
        return false;
    }
    by.iter().filter_map(|grant| grant.mask.as_ref()).any(|(paths, _)| paths.iter().any(|path| path[0] == member))
}
