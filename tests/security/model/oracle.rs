//! What a caller may see: the contract of grants, scopes, row rules and masks, written to be read.
//!
//! Written from the contract alone. Uses nothing of Logmark, so that it cannot share its mistakes.

use serde_json::Value;

/// A log group and its events, in the order of time.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) streams: Vec<String>,
    pub(super) events: Vec<Event>,
}

/// A stored event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) stream: String,
    pub(super) time: i64,
    pub(super) message: String,
}

/// A row rule, in the forms that this oracle understands.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// `{ $.tenant = "…" }`
    TenantIs(&'static str),
    /// `{ $.n >= … }`
    NumberFrom(i64),
    /// `{ $.level != "…" }`
    LevelIsNot(&'static str),
    /// `{ $.user.id = … }`
    UserIs(i64),
    /// `{ $.user NOT EXISTS }`
    NoUser,
    /// A term.
    Term(&'static str),
    /// `-term`
    NoTerm(&'static str),
    /// `… && …` or `… || …`, of JSON rules.
    Both(Box<Rule>, Box<Rule>),
    Either(Box<Rule>, Box<Rule>),
}

/// `$.a.b[*].c`, step by step; `*` for any element.
pub(super) type Path = &'static [&'static str];

#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) groups: Vec<String>,
    pub(super) streams: Option<Vec<String>>,
    pub(super) actions: Vec<&'static str>,
    pub(super) rule: Option<Rule>,
    pub(super) mask: Option<(Vec<Path>, &'static str)>,
}

#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) action: &'static str,
    pub(super) groups: String,
}

/// What a caller may do with a group.
#[derive(Debug)]
pub(super) enum Access<'p> {
    /// It is as if the group did not exist.
    NotFound,
    /// The tenant may, the token may not.
    Forbidden,
    /// These grants apply.
    By(Vec<&'p Grant>),
}

/// How an event is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    Hidden,
    /// It cannot be masked.
    Withheld,
    Message(String),
}

/// `*` is any characters, and nothing else is special.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => {
            name.strip_prefix(head).is_some_and(|tail| (0..=tail.len()).any(|taken| matches(rest, &tail[taken..])))
        }
    }
}

fn acts(given: &str, action: &str) -> bool {
    given == "*" || given == action || (given == "read" && action == "describe")
}

/// What the caller may do: 404 without a grant, 403 without a scope.
pub(super) fn access<'p>(grants: &'p [Grant], scopes: &[Scope], action: &str, group: &str) -> Access<'p> {
    let by: Vec<&Grant> = grants
        .iter()
        .filter(|grant| {
            grant.actions.iter().any(|given| acts(given, action)) && grant.groups.iter().any(|pattern| matches(pattern, group))
        })
        .collect();
    let has_scope = scopes.iter().any(|scope| acts(scope.action, action) && matches(&scope.groups, group));
    match (by.is_empty(), has_scope) {
        (true, _) => Access::NotFound,
        (false, false) => Access::Forbidden,
        (false, true) => Access::By(by),
    }
}

impl Grant {
    pub(super) fn covers_stream(&self, stream: &str) -> bool {
        self.streams.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| matches(pattern, stream)))
    }

    /// Whether it shows only a part of its groups.
    pub(super) fn restricts(&self) -> bool {
        self.streams.is_some() || self.rule.is_some() || self.mask.is_some()
    }

    fn admits(&self, event: &Event) -> bool {
        self.covers_stream(&event.stream) && self.rule.as_ref().is_none_or(|rule| rule.holds(&event.message))
    }
}

/// An event is visible if one grant admits it, without what every admitting grant masks.
pub(super) fn shown(by: &[&Grant], event: &Event) -> Shown {
    let admitting: Vec<&&Grant> = by.iter().filter(|grant| grant.admits(event)).collect();
    let masks: Vec<&(Vec<Path>, &str)> = admitting.iter().filter_map(|grant| grant.mask.as_ref()).collect();
    if admitting.is_empty() {
        return Shown::Hidden;
    }
    if masks.len() < admitting.len() {
        return Shown::Message(event.message.clone());
    }
    let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(&event.message) else { return Shown::Withheld };
    let paths: Vec<&[Path]> = masks.iter().map(|(paths, _)| paths.as_slice()).collect();
    // Members are written in the order of their names, as the messages of this test are.
    match masked(&value, &paths, masks[0].1, &mut Vec::new()) {
        Some(value) => Shown::Message(value.to_string()),
        None => Shown::Withheld,
    }
}

/// The value as it is shown; `None` when it is removed.
fn masked(value: &Value, masks: &[&[Path]], with: &str, place: &mut Vec<String>) -> Option<Value> {
    let covered = |path: &Path| {
        path.len() <= place.len()
            && path.iter().zip(place.iter()).all(|(step, at)| step == at || (*step == "*" && at.parse::<usize>().is_ok()))
    };
    if masks.iter().all(|paths| paths.iter().any(covered)) {
        return (with != "remove").then(|| Value::from(with));
    }
    let mut below = |name: String, inner: &Value| {
        place.push(name);
        let shown = masked(inner, masks, with, place);
        place.pop();
        shown
    };
    Some(match value {
        Value::Object(members) => {
            Value::Object(members.iter().filter_map(|(name, inner)| Some((name.clone(), below(name.clone(), inner)?))).collect())
        }
        Value::Array(items) => {
            Value::Array(items.iter().enumerate().filter_map(|(index, inner)| below(index.to_string(), inner)).collect())
        }
        scalar => scalar.clone(),
    })
}

impl Rule {
    pub(super) fn holds(&self, message: &str) -> bool {
        let object = serde_json::from_str::<Value>(message).ok().filter(Value::is_object);
        let member = |name: &str| object.as_ref().and_then(|object| object.get(name));
        match self {
            Self::Term(text) => message.contains(text),
            Self::NoTerm(text) => !message.contains(text),
            Self::TenantIs(text) => member("tenant").is_some_and(|tenant| tenant == text),
            Self::NumberFrom(least) => {
                let number = member("n").and_then(|n| n.as_i64().or_else(|| n.as_str()?.parse().ok()));
                number.is_some_and(|number| number >= *least)
            }
            Self::LevelIsNot(text) => {
                member("level").is_some_and(|level| (level.is_string() || level.is_number()) && level != text)
            }
            Self::UserIs(id) => member("user").and_then(|user| user.get("id")).and_then(Value::as_i64) == Some(*id),
            Self::NoUser => object.is_some() && member("user").is_none(),
            Self::Both(one, other) => one.holds(message) && other.holds(message),
            Self::Either(one, other) => one.holds(message) || other.holds(message),
        }
    }

    /// As the configuration writes it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Term(text) => (*text).to_owned(),
            Self::NoTerm(text) => format!("-{text}"),
            json => format!("{{ {} }}", json.test()),
        }
    }

    fn test(&self) -> String {
        match self {
            Self::TenantIs(text) => format!("$.tenant = \"{text}\""),
            Self::NumberFrom(least) => format!("$.n >= {least}"),
            Self::LevelIsNot(text) => format!("$.level != \"{text}\""),
            Self::UserIs(id) => format!("$.user.id = {id}"),
            Self::NoUser => "$.user NOT EXISTS".to_owned(),
            Self::Both(one, other) => format!("({} && {})", one.test(), other.test()),
            Self::Either(one, other) => format!("({} || {})", one.test(), other.test()),
            Self::Term(_) | Self::NoTerm(_) => unreachable!("a term is not part of a JSON rule"),
        }
    }
}
