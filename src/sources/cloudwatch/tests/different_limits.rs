//! Requests with different limits make equal calls, so that they share the calls and their answers.

use super::*;
use crate::domain::operation::Operation;
use crate::sources::reader::ReadEvents;

const LIMITS: [usize; 5] = [1, 7, 30, 99, 100];

/// Reads pages of `limit` events to the end and returns their sizes.
async fn read_to_end<Op: ReadEvents>(environment: &TestEnvironment, permit: &Permit<Op>, limit: usize) -> Vec<usize> {
    let (mut sizes, mut position) = (Vec::new(), None);
    loop {
        let page = Op::page(&environment.source, permit, &ask(position, Direction::Forward, limit, 1_000_000)).await.unwrap();
        sizes.push(page.events.len());
        if page.at_end {
            return sizes;
        }
        position = Some(page.next);
    }
}

async fn with_cache() -> TestEnvironment {
    let credentials = Credentials::new("AKIDNEW", SECRET, None, None, "test");
    let cache = CacheSettings { live: Duration::from_secs(3600), ..CacheSettings::default() };
    let change = |settings| Settings { cache, ..settings };
    TestEnvironment::with_settings(SharedCredentialsProvider::new(credentials), change).await
}

fn whole_group() -> ReadGroup {
    group_op(StreamSelection::All, TimeRange { start: Some(Millis(NOW - 60_000)), end: None })
}

/// The first call, and the call of a follower that has read everything.
async fn first_and_last_call<Op: ReadEvents + Operation>(op: Op, limit: usize) -> [serde_json::Value; 2] {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(40).into_iter().map(|(time, _, length)| (time, STREAM, length)).collect::<Vec<_>>());
    let permit = permit(op);
    read_to_end(&environment, &permit, limit).await;
    let seen = environment.fake.state().seen.clone();
    [seen.first(), seen.last()].map(|seen| seen.unwrap().body.clone().into())
}

#[tokio::test]
async fn followers_with_different_limits_make_equal_calls() {
    let expected = first_and_last_call(stream_op(TimeRange::default()), 100).await;
    for limit in LIMITS {
        assert_eq!(first_and_last_call(stream_op(TimeRange::default()), limit).await, expected, "{limit} events of a stream");
    }
    let [expected, _] = first_and_last_call(whole_group(), 100).await;
    for limit in LIMITS {
        assert_eq!(first_and_last_call(whole_group(), limit).await[0], expected, "{limit} events of a group");
    }
}

#[tokio::test]
async fn small_pages_are_parts_of_one_answer() {
    let environment = with_cache().await;
    environment.write(&(0..250).map(|time| (time, STREAM, 10)).collect::<Vec<_>>());
    let stream = permit(stream_op(TimeRange::default()));
    let group = permit(whole_group());
    for limit in LIMITS {
        let sizes = read_to_end(&environment, &stream, limit).await;
        assert_eq!((sizes.iter().sum::<usize>(), sizes.iter().max()), (250, Some(&limit)), "stream");
    }
    // Three answers of up to 100 events, one of up to 1,000, and the empty one that shows the end: not one call for each page.
    let calls = environment.fake.calls();
    assert!(calls <= 5, "{calls} calls");
    for limit in LIMITS {
        let sizes = read_to_end(&environment, &group, limit).await;
        assert_eq!((sizes.iter().sum::<usize>(), sizes.iter().max()), (250, Some(&limit)), "group");
    }
    let calls = environment.fake.calls() - calls;
    assert!(calls <= 4, "{calls} calls");
}
