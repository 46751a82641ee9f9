//! Lists of groups and streams, and the description of a group (DescribeLogGroups, DescribeLogStreams).

use serde_json::Value;

use super::subject::{Event, Subject, segment};

/// The complete list, page by page.
async fn list(subject: &Subject, target: &str, member: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let first = format!("{target}{}limit={limit}", if target.contains('?') { '&' } else { '?' });
    let mut cursor = String::new();
    for _ in 0..1000 {
        let page = subject.get(&format!("{first}{cursor}")).await.json();
        let items = page[member].as_array().unwrap();
        assert!(items.len() <= limit);
        all.extend(items.iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
    panic!("no end");
}

fn names(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// 120 groups: three of CloudWatch's pages. With any page size, each is listed once, in order.
pub async fn groups_are_listed_page_by_page(subject: &Subject) {
    let mut all: Vec<String> = (0..120).map(|number| subject.group(&format!("g{number:03}"))).collect();
    for group in all.iter().rev() {
        subject.create_group(group).await;
    }
    all.sort();
    for limit in [7, 49, 50, 51, 120, 1000] {
        assert_eq!(names(&list(subject, "/groups", "groups", limit).await), all, "pages of {limit}");
    }
    let prefix = segment(&subject.group("g04"));
    for limit in [3, 10, 1000] {
        assert_eq!(names(&list(subject, &format!("/groups?prefix={prefix}"), "groups", limit).await), all[40..50]);
    }
}

/// Only groups that scope, grant and prefix allow are listed.
pub async fn groups_are_those_of_grant_and_prefix(subject: &Subject) {
    let mut mine = vec![
        subject.group("api"),
        subject.group("api/v2"),
        subject.group("api#2"),
        subject.group("web"),
        subject.limited_group("x"),
    ];
    mine.sort();
    for group in mine.iter().chain(&[subject.foreign_group("api"), subject.foreign_group("web")]) {
        subject.put(group, "prod-1", &[(Subject::begin(), "x")]).await;
    }
    let all = list(subject, "/groups", "groups", 2).await;
    assert_eq!(names(&all), mine);
    for (prefix, expected) in [
        (subject.group("api"), vec![subject.group("api"), subject.group("api#2"), subject.group("api/v2")]),
        (subject.group("api/"), vec![subject.group("api/v2")]),
        (subject.limited_group(""), vec![subject.limited_group("x")]),
        (subject.foreign_group(""), vec![]),
        (subject.group("none"), vec![]),
    ] {
        let found = list(subject, &format!("/groups?prefix={}", segment(&prefix)), "groups", 10).await;
        assert_eq!(names(&found), expected, "{prefix}");
    }
    for group in &all {
        let path = group["path"].as_str().unwrap();
        assert_eq!(subject.page(&format!("{path}?start=0")).await.events.len(), 1, "{path}");
    }
}

/// 60 streams: by name and by last event, in both orders, by prefix, with their times; only the granted ones.
pub async fn streams_are_listed_by_name_and_by_last_event(subject: &Subject) {
    let (group, limited, begin) = (subject.group("api"), subject.limited_group("api"), Subject::begin());
    // A permutation, so that the order by time differs from the order by name.
    let time = |number: i64| begin + (number * 37 % 60) * 1000;
    let mut by_time: Vec<(i64, String)> =
        (0..60).map(|number| (time(number), format!("{}-{number:02}", if number < 40 { "prod" } else { "test" }))).collect();
    for (at, stream) in &by_time {
        subject.put(&group, stream, &[(at - 500, "first"), (*at, "last")]).await;
        subject.put(&limited, stream, &[(*at, "x")]).await;
    }
    let mut by_name: Vec<String> = by_time.iter().map(|(_, stream)| stream.clone()).collect();
    by_name.sort();
    by_time.sort();
    let by_time: Vec<&String> = by_time.iter().map(|(_, stream)| stream).collect();
    let path = format!("/groups/{}/streams", segment(&group));
    for limit in [7, 50, 1000] {
        let read = async |query: &str| list(subject, &format!("{path}{query}"), "streams", limit).await;
        assert_eq!(names(&read("").await), by_name);
        assert!(names(&read("?order=desc").await).iter().eq(by_name.iter().rev()));
        assert_eq!(names(&read("?prefix=prod-1").await), by_name[10..20]);
        assert_eq!(names(&read("?prefix=none").await), [""; 0]);
        assert_eq!(names(&read("?orderBy=lastEvent&order=asc").await), *by_time);
        assert!(names(&read("?orderBy=lastEvent").await).iter().eq(by_time.iter().copied().rev()));
    }
    for stream in list(subject, &path, "streams", 1000).await {
        let shown = stream["lastEventAt"].as_str().unwrap();
        let name = stream["name"].as_str().unwrap();
        let number: i64 = name[5..].parse().unwrap();
        assert_eq!(shown.parse::<jiff::Timestamp>().unwrap().as_millisecond(), time(number), "{name}");
        let events = subject.page(stream["path"].as_str().unwrap()).await.events;
        assert_eq!(events, [Event::new(time(number) - 500, name, "first"), Event::new(time(number), name, "last")]);
    }
    let path = format!("/groups/{}/streams", segment(&limited));
    for query in ["", "?prefix=p", "?orderBy=lastEvent"] {
        let shown = list(subject, &format!("{path}{query}"), "streams", 7).await;
        assert_eq!(shown.len(), 40, "{query}");
        assert!(names(&shown).iter().all(|name| name.starts_with("prod-")), "{query}");
    }
    assert_eq!(names(&list(subject, &format!("{path}?prefix=test"), "streams", 7).await), [""; 0]);
    for missing in [subject.group("missing"), subject.foreign_group("api")] {
        assert_eq!(subject.acme().get(&format!("/groups/{}/streams", segment(&missing))).await.problem(), "404 not_found");
    }
}

/// DescribeLogGroups filters by prefix only: the group is found among more than a page of groups with its prefix, and none of
/// these is mistaken for a missing group.
pub async fn a_group_is_described_and_its_namesakes_are_not(subject: &Subject) {
    let (group, other) = (subject.group("api"), subject.group("web"));
    for number in 0..60 {
        subject.create_group(&format!("{group}{number:02}")).await;
        subject.create_group(&format!("{other}/{number:02}")).await;
    }
    subject.put(&group, "web", &[(Subject::begin(), "x")]).await;
    let found = subject.get(&format!("/groups/{}", segment(&group))).await.json();
    assert_eq!(found["name"], group);
    assert_eq!(found["path"], format!("/logs/{}", group.replace('/', ":")));
    assert_eq!(found["class"], "STANDARD");
    found["createdAt"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(found["storedBytes"].is_u64(), "{found}");
    assert_eq!(found.get("retentionDays"), None);
    for missing in [other, subject.group("ap"), subject.foreign_group("x"), subject.group("api000")] {
        assert_eq!(subject.acme().get(&format!("/groups/{}", segment(&missing))).await.problem(), "404 not_found", "{missing}");
    }
}
