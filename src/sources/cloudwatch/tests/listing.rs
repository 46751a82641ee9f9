//! Lists return exactly the visible items, and request little more.

use super::fake::Fault;
use super::fake::plan::Plan;
use super::*;
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, StreamOrder};
use crate::sources::{Source, SourceError};

async fn group_names(environment: &TestEnvironment, permit: &Permit<ListGroups>, limit: usize) -> Vec<String> {
    let (mut all, mut position) = (Vec::new(), None);
    for _ in 0..1000 {
        let page = environment.source.list_groups(permit, position.as_ref(), limit).await.unwrap();
        assert!(page.items.len() <= limit);
        all.extend(page.items.iter().map(|group| group.name.to_string()));
        position = page.next;
        if position.is_none() {
            return all;
        }
    }
    panic!("no end");
}

#[tokio::test]
async fn foreign_groups_are_neither_shown_nor_asked_for() {
    let environment = TestEnvironment::new().await;
    let names: Vec<String> = (0..130).map(|number| format!("/acme/{number:03}")).collect();
    for name in names.iter().map(String::as_str).chain(["/acme2/x", "/other/x", "/acme", "/acme/../x"]) {
        environment.fake.state().logs.add_stream(name, "s");
    }
    for limit in [1, 7, 49, 50, 51, 1000] {
        let permit = permit_by(ListGroups { prefix: None }, &["/acme/*"], "logs:read:*", None);
        assert_eq!(group_names(&environment, &permit, limit).await, names, "limit {limit}");
    }
    for (prefix, groups, scope, sent, count) in [
        (None, vec!["/acme/*"], "logs:read:*", Some("/acme/"), 130),
        (None, vec!["/acme/0*", "/acme/1*"], "logs:read:*", Some("/acme/0"), 130),
        (None, vec!["/acme/005", "/acme/1*", "/gone"], "logs:read:*", Some("/acme/005"), 31),
        (None, vec!["/acme/*"], "logs:read:/acme/12*", Some("/acme/12"), 10),
        (None, vec!["*"], "logs:read:*", None, 133),
        (Some("/acme/00"), vec!["/acme/*"], "logs:read:*", Some("/acme/00"), 10),
        (Some("/ac"), vec!["/acme/*"], "logs:read:*", Some("/acme/"), 130),
        (Some("/other"), vec!["/acme/*"], "logs:read:*", Some("no call"), 0),
        (Some("/acme/*"), vec!["/acme/*"], "logs:read:*", Some("no call"), 0),
        (Some("/acme/.."), vec!["/acme/*"], "logs:read:*", Some("/acme/.."), 0),
        (None, vec!["*x"], "logs:read:*", None, 2),
    ] {
        environment.fake.state().seen.clear();
        let permit = permit_by(ListGroups { prefix: prefix.map(str::to_owned) }, &groups, scope, None);
        assert_eq!(group_names(&environment, &permit, 1000).await.len(), count, "{prefix:?} {groups:?} {scope}");
        let seen = environment.fake.state().seen.first().cloned();
        let told = seen.map_or(Some("no call".to_owned()), |seen| {
            seen.body.get("logGroupNamePrefix").map(|p| p.as_str().unwrap().to_owned())
        });
        assert_eq!(told.as_deref(), sent, "{prefix:?} {groups:?} {scope}");
    }
}

#[tokio::test]
async fn a_page_of_nothing_ends_after_ten_calls_and_goes_on() {
    let environment = TestEnvironment::new().await;
    for number in 0..600 {
        environment.fake.state().logs.add_stream(&format!("/other/{number:03}"), "s");
    }
    environment.fake.state().logs.add_stream("/z/acme", "s");
    let permit = permit_by(ListGroups { prefix: None }, &["*acme"], "logs:read:*", None);
    let page = environment.source.list_groups(&permit, None, 10).await.unwrap();
    assert!(page.items.is_empty() && page.next.is_some());
    assert_eq!(environment.fake.calls(), 10);
    assert_eq!(group_names(&environment, &permit, 10).await, ["/z/acme"]);
}

#[tokio::test]
async fn a_group_is_described_by_its_whole_name() {
    let environment = TestEnvironment::new().await;
    for name in ["/acme/api", "/acme/api-2", "/acme/web-2"] {
        environment.fake.state().logs.add_stream(name, "s");
    }
    let describe = async |name: &str| {
        let permit = permit(DescribeGroup { group: LogGroupName::try_from(name).unwrap(), source: None });
        environment.source.describe_group(&permit).await
    };
    let group = describe("/acme/api").await.unwrap();
    assert_eq!(
        (group.name.as_str(), group.class.as_str(), group.stored_bytes, group.retention_days),
        ("/acme/api", "STANDARD", Some(7), None)
    );
    assert_eq!(describe("/acme/web").await.unwrap_err(), SourceError::NotFound);
    assert_eq!(environment.fake.calls(), 2);
}

fn streams_op(prefix: Option<&str>, order: StreamOrder, direction: Direction) -> ListStreams {
    ListStreams { group: group(), prefix: prefix.map(str::to_owned), order, direction, source: None }
}

async fn stream_names(
    environment: &TestEnvironment,
    permit: &Permit<ListStreams>,
    limit: usize,
) -> Result<Vec<String>, SourceError> {
    let (mut all, mut position) = (Vec::new(), None);
    loop {
        let page = environment.source.list_streams(permit, position.as_ref(), limit).await?;
        all.extend(page.items.iter().map(|stream| stream.name.to_string()));
        position = page.next;
        if position.is_none() {
            return Ok(all);
        }
    }
}

#[tokio::test]
async fn streams_are_listed_in_any_order_and_as_the_permit_shows_them() {
    let environment = TestEnvironment::new().await;
    for number in 0..60_i64 {
        environment.fake.state().logs.put(GROUP, &format!("web-{number:02}"), NOW - (number * 7) % 60, "x");
        environment.fake.state().logs.put(GROUP, &format!("db-{number:02}"), NOW, "x");
    }
    let by_name: Vec<String> = (0..60).map(|number| format!("web-{number:02}")).collect();
    let mut newest_first: Vec<i64> = (0..60).collect();
    newest_first.sort_by_key(|number| (number * 7) % 60);
    let by_time: Vec<String> = newest_first.iter().map(|number| format!("web-{number:02}")).collect();
    for limit in [1, 7, 50, 1000] {
        for (prefix, order, direction, expected) in [
            (None, StreamOrder::Name, Direction::Forward, by_name.clone()),
            (None, StreamOrder::Name, Direction::Backward, by_name.iter().rev().cloned().collect()),
            (Some("web-1"), StreamOrder::Name, Direction::Forward, by_name[10..20].to_vec()),
            (None, StreamOrder::LastEvent, Direction::Backward, by_time.clone()),
        ] {
            let permit =
                permit_by(streams_op(prefix, order, direction), &["/acme/*"], "logs:read:*", Some(&["web-*", "nothing"]));
            // A permit for a list of streams has the grant's streams.
            assert!(permit.streams().is_some());
            assert_eq!(
                stream_names(&environment, &permit, limit).await.unwrap(),
                expected,
                "{prefix:?} {order:?} {direction:?} {limit}"
            );
        }
    }
    for (prefix, order) in [("web", StreamOrder::LastEvent), ("a:b", StreamOrder::Name), ("a*", StreamOrder::Name)] {
        let permit = permit(streams_op(Some(prefix), order, Direction::Forward));
        let listed = stream_names(&environment, &permit, 10).await;
        assert!(matches!(listed, Err(SourceError::Unsupported { parameter: "prefix", .. })), "{prefix}");
    }
    let missing = ListStreams {
        group: LogGroupName::try_from("/acme/gone").unwrap(),
        ..streams_op(None, StreamOrder::Name, Direction::Forward)
    };
    assert_eq!(stream_names(&environment, &permit(missing), 10).await, Err(SourceError::NotFound));
}

#[tokio::test]
async fn groups_that_come_and_go_between_pages_move_no_others() {
    let environment = TestEnvironment::new().await;
    for name in ["/acme/b", "/acme/d", "/acme/f"] {
        environment.fake.state().logs.add_stream(name, "s");
    }
    let permit = permit_by(ListGroups { prefix: None }, &["/acme/*"], "logs:read:*", None);
    let first = environment.source.list_groups(&permit, None, 2).await.unwrap();
    environment.fake.state().logs.add_stream("/acme/a", "s");
    let second = environment.source.list_groups(&permit, first.next.as_ref(), 2).await.unwrap();
    assert_eq!(second.items.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["/acme/f"]);
    let hostile = Position("S{}".to_owned());
    assert_eq!(environment.source.list_groups(&permit, Some(&hostile), 2).await.unwrap_err(), SourceError::InvalidPosition);
}

#[tokio::test]
async fn a_position_of_our_own_that_is_refused_is_no_fault_of_the_callers() {
    let environment = TestEnvironment::new().await;
    for number in 0..120 {
        environment.fake.state().logs.add_stream(&format!("/acme/{number:03}"), "s");
        environment.fake.state().logs.add_stream(GROUP, &format!("s{number:03}"));
    }
    let groups = permit_by(ListGroups { prefix: None }, &["/acme/*"], "logs:read:*", None);
    let streams = permit(streams_op(None, StreamOrder::Name, Direction::Forward));
    let refused = Fault::Error(400, "InvalidParameterException");
    let midway = SourceError::Upstream("InvalidParameterException, status 400".to_owned());
    let first = environment.source.list_groups(&groups, None, 10).await.unwrap().next;
    let in_group = environment.source.list_streams(&streams, None, 10).await.unwrap().next;
    for (good_calls, expected) in [(0, SourceError::InvalidPosition), (1, midway.clone()), (2, midway)] {
        let refusing = Plan::new("", refused).after(good_calls);
        environment.fake.state().plans.set(refusing.clone());
        let listed = environment.source.list_groups(&groups, first.as_ref(), 1000).await;
        assert_eq!(listed.unwrap_err(), expected, "groups, after {good_calls} calls");
        environment.fake.state().plans.set(refusing);
        let listed = environment.source.list_streams(&streams, in_group.as_ref(), 1000).await;
        assert_eq!(listed.unwrap_err(), expected, "streams, after {good_calls} calls");
    }
}

/// Every call is for a completely visible name or prefix, and the last page has no cursor, with any hidden items between.
#[tokio::test]
async fn a_list_of_names_and_prefixes_asks_for_nothing_else_and_ends_where_they_end() {
    let environment = TestEnvironment::new().await;
    let hidden = ["/a", "/acme", "/acme/c", "/acme/d2", "/beta/x", "/z/y", "/zulu"];
    let seen = ["/acme/a1", "/acme/a2", "/acme/b", "/acme/d", "/z/x"];
    hidden.iter().chain(&seen).for_each(|name| environment.fake.state().logs.add_stream(name, "s"));
    let granted = ["/acme/a*", "/acme/b", "/acme/d", "/gone/*", "/z/x"];
    for limit in 1..=6 {
        environment.fake.state().seen.clear();
        let permit = permit_by(ListGroups { prefix: None }, &granted, "logs:read:*", None);
        let mut page_sizes = Vec::new();
        let mut position = None;
        loop {
            let page = environment.source.list_groups(&permit, position.as_ref(), limit).await.unwrap();
            page_sizes.push(page.items.len());
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        assert_eq!(page_sizes.iter().sum::<usize>(), seen.len());
        assert_eq!(page_sizes.len(), seen.len().div_ceil(limit), "no page is empty, and no page follows because of hidden items");
        for seen in &environment.fake.state().seen {
            let prefix = seen.body["logGroupNamePrefix"].as_str().unwrap();
            assert!(granted.iter().any(|granted| granted.trim_end_matches('*') == prefix), "{prefix}");
            assert!(granted.contains(&format!("{prefix}*").as_str()) || seen.body["limit"] == 1, "{prefix}");
        }
    }
}

#[tokio::test]
async fn stored_bytes_are_those_of_streams_that_may_all_be_seen() {
    let environment = TestEnvironment::new().await;
    environment.fake.state().logs.add_stream(GROUP, "prod-1");
    for (streams, expected) in
        [(None, Some(7)), (Some(vec!["*"]), Some(7)), (Some(vec!["prod-*", "**"]), Some(7)), (Some(vec!["prod-*"]), None)]
    {
        let describe = DescribeGroup { group: group(), source: None };
        let permit = permit_by(describe, &["/acme/*"], "logs:read:*", streams.as_deref());
        assert_eq!(environment.source.describe_group(&permit).await.unwrap().stored_bytes, expected, "{streams:?}");
        let permit = permit_by(ListGroups { prefix: None }, &["/acme/*"], "logs:read:*", streams.as_deref());
        let page = environment.source.list_groups(&permit, None, 10).await.unwrap();
        assert_eq!(page.items[0].stored_bytes, expected, "{streams:?}");
    }
}

/// More streams than can be sorted here.
#[tokio::test]
async fn too_many_streams_for_an_order_by_time_are_refused() {
    let environment = TestEnvironment::new().await;
    for number in 0..1001 {
        environment.fake.state().logs.add_stream(GROUP, &format!("web-{number:04}"));
        environment.fake.state().logs.add_stream(GROUP, &format!("db-{number:04}"));
    }
    let listed = async |streams: &[&str]| {
        let op = streams_op(None, StreamOrder::LastEvent, Direction::Backward);
        let permit = permit_by(op, &["/acme/*"], "logs:read:*", Some(streams));
        environment.source.list_streams(&permit, None, 5).await.map(|page| page.items.len())
    };
    assert!(matches!(listed(&["web-*"]).await, Err(SourceError::Unsupported { parameter: "orderBy", .. })));
    assert_eq!(listed(&["web-0*"]).await, Ok(5));
}
