//! What a viewer of a shared feed may not see.

use super::*;

/// Viewers of 30 tenants on one upstream session.
#[tokio::test]
async fn viewers_receive_their_own_events_alone() {
    const EVENTS: usize = 2_000;
    let world = World::new().await;
    let streams = ["a-1", "a-2", "b-1", "c"];
    streams.iter().for_each(|stream| world.fake.state().logs.add_stream(GROUP, stream));
    let source = world.source();
    let grants: [&[&str]; 5] = [&["a-*"], &["a-1"], &["b-*", "c"], &["c"], &["*"]];
    let filters = [None, Some("even"), Some("-even")];
    let mut viewers = Vec::new();
    for (grant, filter) in grants.iter().flat_map(|grant| filters.map(|filter| (*grant, filter))).cycle().take(150) {
        let op = TailGroup {
            group: group(),
            streams: StreamSelection::All,
            filter: filter.and_then(|text| EventFilter::parse(text).unwrap()),
        };
        let permit = permit_of(&format!("tenant-{}", viewers.len() % 30), op, &["/acme/*"], "logs:tail:*", Some(grant));
        viewers.push((grant, filter, source.tail_group(&permit, TailStart::Now).await.unwrap()));
    }
    for number in 0..EVENTS {
        let stream = streams[number * 7 % 4];
        let parity = if number.is_multiple_of(2) { "even" } else { "odd" };
        world.put(stream, 0, &format!("{stream} {parity} {number:04}"));
        if number.is_multiple_of(100) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let mut deliveries = 0;
    for (grant, filter, reader) in &mut viewers {
        let is_own = |stream: &str| patterns(grant).iter().any(|pattern| pattern.matches(stream));
        let is_wanted = |number: usize| filter.is_none_or(|filter| (filter == "even") == (number.is_multiple_of(2)));
        let own = (0..EVENTS).filter(|number| is_own(streams[number * 7 % 4]) && is_wanted(*number));
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for number in own {
            let parity = if number.is_multiple_of(2) { "even" } else { "odd" };
            *expected.entry(format!("{} {parity} {number:04}", streams[number * 7 % 4])).or_default() += 1;
        }
        let mut received = Received::default();
        received.read(reader, expected.len()).await;
        deliveries += received.messages.len();
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        received.messages.iter().for_each(|message| *counted.entry(message.clone()).or_default() += 1);
        assert_eq!(counted, expected, "{grant:?} {filter:?}");
    }
    assert!(deliveries >= 100_000, "{deliveries} deliveries");
    assert_eq!(world.fake.state().live.opened, 1);
}

#[tokio::test]
async fn groups_and_streams_that_do_not_exist_are_told_apart() {
    let world = World::new().await;
    let source = world.source();
    let tailed = |group: &str, stream: Option<&str>| {
        let (group, stream) = (LogGroupName::try_from(group).unwrap(), stream.map(|name| LogStreamName::try_from(name).unwrap()));
        let source = &source;
        async move {
            match stream {
                Some(stream) => {
                    let op = TailStream { group, stream };
                    source.tail_stream(&permit_by(op, &["/acme/*"], "logs:tail:*", None), TailStart::Now).await.err()
                }
                None => {
                    let op = TailGroup { group, streams: StreamSelection::All, filter: None };
                    source.tail_group(&permit_by(op, &["/acme/*"], "logs:tail:*", None), TailStart::Now).await.err()
                }
            }
        }
    };
    assert_eq!(tailed(GROUP, Some(STREAM)).await, None);
    assert_eq!(tailed(GROUP, Some("none")).await, Some(SourceError::StreamNotFound));
    assert_eq!(tailed("/acme/none", None).await, Some(SourceError::NotFound));
    assert_eq!(tailed("/acme/none", Some("none")).await, Some(SourceError::NotFound));
}

#[tokio::test]
async fn the_hidden_events_of_a_group_change_no_item_and_no_length() {
    let mut lengths = Vec::new();
    for hidden in [0, 50] {
        let world = World::new().await;
        world.fake.state().logs.add_stream(GROUP, "hidden");
        let source = world.source();
        let permit = group_permit(Some(&["2026/*"]), None);
        let mut reader = source.tail_group(&permit, TailStart::Now).await.unwrap();
        let mut received = Received::default();
        caught_up(&mut reader, &mut received).await;
        (0..hidden).for_each(|number| world.put("hidden", 0, &format!("secret {number}")));
        world.put(STREAM, 0, "own");
        received.read(&mut reader, 1).await;
        assert_eq!(received.messages, ["own"]);
        lengths.push(received.positions[0].0.len());
    }
    assert_eq!(lengths[0], lengths[1]);
}
