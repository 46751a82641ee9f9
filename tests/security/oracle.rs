//! The policy against an oracle: for every set of grants and scopes, it allows exactly what the definition allows.

use std::sync::Arc;

use logmark::auth::policy::{Denied, authorize, explain};
use logmark::auth::tenant::{Caller, Grant, Limits, Scope, Tenant};
use logmark::auth::token::Claims;
use logmark::domain::cover::Part;
use logmark::domain::name::{LogGroupName, LogStreamName, SourceName, TenantId};
use logmark::domain::operation::{Action, ListGroups};
use logmark::domain::pattern::Pattern;
use logmark::domain::time::Millis;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{select, subsequence};

/// A grant or a scope as texts: actions (`*`: all), groups, streams, source.
#[derive(Debug, Clone)]
struct Rule {
    source: &'static str,
    actions: Vec<&'static str>,
    groups: Vec<String>,
    streams: Option<Vec<String>>,
}

/// The definition: `*` matches any characters, and no other character is special.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => {
            name.strip_prefix(head).is_some_and(|tail| (0..=tail.len()).any(|taken| matches(rest, &tail[taken..])))
        }
    }
}

fn covers(rule: &Rule, action: &str, group: &str, stream: Option<&str>) -> bool {
    let acts = |given: &&str| *given == "*" || *given == action || (*given == "read" && action == "describe");
    let any = |patterns: &[String], name: &str| patterns.iter().any(|pattern| matches(pattern, name));
    let stream_fits = match (&rule.streams, stream) {
        (Some(patterns), Some(stream)) => any(patterns, stream),
        _ => true,
    };
    rule.actions.iter().any(acts) && any(&rule.groups, group) && stream_fits
}

/// 404 without a grant, 403 without a scope, else 200.
fn oracle(grants: &[Rule], scopes: &[Rule], action: &str, group: &str, stream: Option<&str>) -> u16 {
    if !grants.iter().any(|grant| covers(grant, action, group, stream)) {
        404
    } else if !scopes.iter().any(|scope| covers(scope, action, group, None)) {
        403
    } else {
        200
    }
}

fn patterns(texts: &[String]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::try_from(text.as_str()).unwrap()).collect()
}

fn caller(grants: &[Rule], scopes: &[Rule]) -> Caller {
    let id = TenantId::try_from("t").unwrap();
    let grant = |rule: &Rule| Grant {
        rule: "rule".to_owned(),
        source: SourceName::try_from(rule.source).unwrap(),
        groups: patterns(&rule.groups),
        streams: rule.streams.as_deref().map(patterns),
        actions: rule.actions.iter().map(|action| action.parse().unwrap()).collect(),
        rows: None,
        mask: None,
    };
    let tenant = Tenant { id: id.clone(), weight: 1, limits: Limits::default(), grants: grants.iter().map(grant).collect() };
    let scope = |rule: &Rule| Scope::parse(&format!("logs:{}:{}", rule.actions[0], rule.groups[0]), &Arc::from("scope")).unwrap();
    let claims = Claims {
        issuer: "i".into(),
        subject: "s".into(),
        tenant: id,
        scopes: Vec::new(),
        expires_at: 0,
        token_id: None,
        requirements: Default::default(),
    };
    Caller { claims: Arc::new(claims), tenant: Arc::new(tenant), scopes: scopes.iter().map(scope).collect() }
}

/// Few different letters, so that names and patterns match often.
fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![3 => "/[ab]{1,2}/\\*", 2 => "/[ab]{0,2}\\*?/?[ab]{0,2}", 1 => Just("*".to_owned()), 1 => "[ab*/]{1,5}"]
        .prop_filter("a pattern is not empty", |text| !text.is_empty())
}

fn group() -> impl Strategy<Value = String> {
    "/[ab]{1,2}/?[ab]{0,2}"
}

fn streams() -> impl Strategy<Value = Option<Vec<String>>> {
    prop_oneof![Just(None), proptest::collection::vec("[xy]{1,2}\\*?|\\*[xy]", 0..3).prop_map(Some)]
}

fn grant() -> impl Strategy<Value = Rule> {
    let actions = subsequence(vec!["read", "query", "tail", "describe"], 0..=4);
    (select(vec!["one", "two"]), actions, proptest::collection::vec(pattern(), 0..3), streams())
        .prop_map(|(source, actions, groups, streams)| Rule { source, actions, groups, streams })
}

fn scope() -> impl Strategy<Value = Rule> {
    let action = select(vec!["read", "read", "query", "tail", "describe", "*"]);
    (action, pattern()).prop_map(|(action, group)| Rule { source: "", actions: vec![action], groups: vec![group], streams: None })
}

fn rules() -> impl Strategy<Value = (Vec<Rule>, Vec<Rule>)> {
    (proptest::collection::vec(grant(), 0..4), proptest::collection::vec(scope(), 0..4))
}

fn status(denied: Option<&Denied>) -> u16 {
    match denied {
        None => 200,
        Some(Denied::NotGranted | Denied::StreamNotGranted) => 404,
        Some(Denied::InsufficientScope { .. }) => 403,
        Some(Denied::SeveralSources { .. }) => 400,
        Some(Denied::MaskedField { .. } | Denied::RangeTooLong { .. }) => 422,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_allowed_is_what_a_grant_and_a_scope_both_allow(
        (grants, scopes) in rules(),
        action in select(Action::ALL.to_vec()),
        group in group(),
        stream in proptest::option::of("[xy]{1,2}"),
    ) {
        let caller = caller(&grants, &scopes);
        let expected = oracle(&grants, &scopes, action.as_str(), &group, stream.as_deref());
        let name = LogGroupName::try_from(group.as_str()).unwrap();
        let stream_name = stream.as_deref().map(|text| LogStreamName::try_from(text).unwrap());
        let found = explain(&caller, action, &name, stream_name.as_ref());
        let answered = match (found.allowed, &found.needed_scope) {
            (true, _) => 200,
            (false, Some(_)) => 403,
            (false, None) => 404,
        };
        prop_assert_eq!(answered, expected);
        prop_assert_eq!(found.allowed, found.because.is_some());
        // The named scope is sufficient.
        if let Some(text) = found.needed_scope {
            let mut better = caller;
            let added = Scope::parse(&text, &Arc::from("scope")).unwrap();
            better.scopes = better.scopes.iter().cloned().chain([added]).collect();
            prop_assert!(explain(&better, action, &name, stream_name.as_ref()).allowed);
        }
    }

    #[test]
    fn a_list_shows_exactly_the_groups_that_may_be_described(
        (grants, scopes) in rules(),
        names in proptest::collection::vec(group(), 1..8),
        wanted in "/?[ab]{0,2}/?[ab]?",
        source in select(vec!["one", "two"]),
    ) {
        let asked = authorize(&caller(&grants, &scopes), ListGroups { prefix: None }, Millis(0));
        let denied = status(asked.as_ref().err());
        prop_assert!(denied == 200 || denied == 403);
        let source_name = SourceName::try_from(source).unwrap();
        let here: Vec<Rule> = grants.into_iter().filter(|grant| grant.source == source).collect();
        for group in names {
            let expected = oracle(&here, &scopes, "describe", &group, None) == 200;
            let Ok(permit) = &asked else {
                prop_assert!(!expected);
                continue;
            };
            prop_assert_eq!(permit.may_see_group(&source_name, &group), expected, "{}", &group);
            // The requests to the upstream cover everything that is visible.
            let rule = permit.sources().iter().find(|rule| rule.source == source_name);
            let parts = rule.map(|rule| rule.parts(&wanted)).unwrap_or_default();
            if expected && group.starts_with(&wanted) {
                let is_in = |part: &Part| match part {
                    Part::Name(name) => group == *name,
                    Part::Prefix(prefix) | Part::Mixed(prefix) => group.starts_with(prefix.as_str()),
                };
                prop_assert!(parts.iter().any(is_in), "{} is in none of {:?}", group, parts);
            }
        }
    }

    #[test]
    fn a_permit_for_a_group_shows_the_streams_that_a_grant_of_its_source_covers(
        (grants, scopes) in rules(),
        group in group(),
        streams in proptest::collection::vec("[xy]{1,2}", 1..5),
        is_list in any::<bool>(),
    ) {
        use logmark::domain::operation::{ListStreams, StreamOrder};
        let name = LogGroupName::try_from(group.as_str()).unwrap();
        let order = if is_list { StreamOrder::Name } else { StreamOrder::LastEvent };
        let op = ListStreams { group: name, prefix: None, order, direction: logmark::domain::event::Direction::Forward, source: None };
        let asked = authorize(&caller(&grants, &scopes), op, Millis(0));
        prop_assert_eq!(status(asked.as_ref().err()), oracle(&grants, &scopes, "describe", &group, None));
        if let Ok(permit) = asked {
            let source = permit.sources()[0].source.as_str().to_owned();
            let here: Vec<Rule> = grants.into_iter().filter(|grant| grant.source == source).collect();
            for stream in streams {
                let expected = oracle(&here, &scopes, "describe", &group, Some(&stream)) == 200;
                prop_assert_eq!(permit.may_see_stream(&stream), expected, "{}", stream);
            }
        }
    }
}
