//! What is deleted while it is followed.

use super::*;

fn stream_permit(stream: &str) -> Permit<TailStream> {
    let op = TailStream { group: group(), stream: LogStreamName::try_from(stream).unwrap() };
    permit_by(op, &["/acme/*"], "logs:tail:*", None)
}

async fn end_of(reader: &mut Box<dyn TailReader>, received: &mut Received) -> SourceError {
    let reading = async {
        loop {
            match reader.next().await {
                Ok(item) => received.take(item),
                Err(error) => return error,
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the tail ends")
}

#[tokio::test]
async fn a_deleted_group_ends_its_tails_with_and_without_a_session() {
    for sessions in [12, 0] {
        let world = World::new().await;
        let source = world.source_with(TailSettings { sessions, ..settings() });
        let mut tails = vec![
            tail(&source, TailStart::Now).await,
            source.tail_stream(&stream_permit(STREAM), TailStart::Now).await.unwrap(),
            source.tail_group(&group_permit(Some(&["hidden"]), None), TailStart::Now).await.unwrap(),
        ];
        world.put(STREAM, 0, "one");
        let mut received = Received::default();
        received.read(&mut tails[0], 1).await;
        world.fake.state().logs.delete(GROUP, None);
        for reader in &mut tails {
            assert_eq!(end_of(reader, &mut received).await, SourceError::NotFound, "{sessions} sessions");
        }
        let refused = source.tail_group(&group_permit(None, None), TailStart::Now).await.err();
        assert_eq!(refused, Some(SourceError::NotFound));
        world.put(STREAM, 0, "two");
        let mut again = tail(&source, TailStart::Now).await;
        world.put(STREAM, 0, "three");
        let mut later = Received::default();
        later.read(&mut again, 1).await;
        assert!(later.messages.last().unwrap() == "three" || later.messages == ["two"], "{:?}", later.messages);
    }
}

#[tokio::test]
async fn a_deleted_stream_ends_the_tails_that_name_it_and_no_others() {
    let world = World::new().await;
    world.fake.state().logs.add_stream(GROUP, "other");
    let source = world.source_with(TailSettings { lookups: Duration::from_millis(300), ..settings() });
    let names = [STREAM, "other"].map(|name| LogStreamName::try_from(name).unwrap());
    let op = TailGroup { group: group(), streams: StreamSelection::Names(names.to_vec()), filter: None };
    let named = permit_by(op, &["/acme/*"], "logs:tail:*", None);
    let mut ending = vec![
        source.tail_stream(&stream_permit(STREAM), TailStart::Now).await.unwrap(),
        source.tail_stream(&stream_permit(STREAM), TailStart::Now).await.unwrap(),
        source.tail_group(&named, TailStart::Now).await.unwrap(),
    ];
    let mut staying =
        vec![tail(&source, TailStart::Now).await, source.tail_stream(&stream_permit("other"), TailStart::Now).await.unwrap()];
    world.put("other", 0, "one");
    world.fake.state().logs.delete(GROUP, Some(STREAM));
    let mut received = Received::default();
    for reader in &mut ending {
        assert_eq!(end_of(reader, &mut received).await, SourceError::StreamNotFound);
    }
    world.put("other", 0, "two");
    for reader in &mut staying {
        let mut received = Received::default();
        received.read(reader, 2).await;
        assert_eq!(received.messages, ["one", "two"]);
    }
    // A new stream of that name can be followed.
    world.put(STREAM, 0, "three");
    let mut again = source.tail_stream(&stream_permit(STREAM), TailStart::Now).await.unwrap();
    world.put(STREAM, 0, "four");
    let mut received = Received::default();
    received.read(&mut again, 1).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    world.put(STREAM, 0, "five");
    while received.messages.last().unwrap() != "five" {
        let count = received.messages.len();
        received.read(&mut again, count + 1).await;
    }
}

/// 20 viewers of a stream cost as many lookups as one.
#[tokio::test]
async fn viewers_share_the_lookups_of_a_stream() {
    let world = World::new().await;
    let source = world.source_with(TailSettings { lookups: Duration::from_millis(400), ..settings() });
    let mut viewers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut reader = source.tail_stream(&stream_permit(STREAM), TailStart::Now).await.unwrap();
        viewers.spawn(async move { while reader.next().await.is_ok() {} });
    }
    let (before, begun) = (world.calls("DescribeLogStreams"), Instant::now());
    while world.calls("DescribeLogStreams") < before + 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rounds = begun.elapsed().as_millis() / 400 + 2;
    let lookups = world.calls("DescribeLogStreams") - before;
    assert!(lookups as u128 <= rounds, "{lookups} lookups in {rounds} rounds");
    viewers.abort_all();
}
