//! Events of a group (`GET /logs/{group}`; FilterLogEvents).

use super::subject::{Event, Page, Subject, group_path, varied};

const STREAMS: [&str; 4] = ["prod-1", "prod-2", "test/1", "[$LATEST] x"];
const SIZES: [usize; 9] = [1, 2, 3, 7, 10, 39, 40, 41, 10_000];

/// Writes `count` varied events over the streams, in order of time, and returns them.
async fn write(subject: &Subject, group: &str, count: usize) -> Vec<Event> {
    let begin = Subject::begin();
    let event = |(index, (after, message)): (usize, (i64, String))| Event::new(begin + after, STREAMS[index * 7 % 4], &message);
    let all: Vec<Event> = varied(count).into_iter().enumerate().map(event).collect();
    for stream in STREAMS {
        let own = all.iter().filter(|event| event.stream == stream);
        let own: Vec<(i64, &str)> = own.map(|event| (event.at, event.message.as_str())).collect();
        subject.put(group, stream, &own).await;
    }
    all
}

/// The same events: ascending, and each stream in its own order. The source determines the order of streams within a millisecond
/// (AWS: by ingestion, then by its own id).
#[track_caller]
fn assert_merged(read: &[Event], model: &[Event], about: &str) {
    assert!(read.is_sorted_by_key(|event| event.at), "{about}: {read:#?}");
    let by_stream = |events: &[Event]| {
        let mut events = events.to_vec();
        events.sort_by(|one, other| (one.at, &one.stream).cmp(&(other.at, &other.stream)));
        events
    };
    assert_eq!(by_stream(read), by_stream(model), "{about}");
}

/// With any page size: all streams in one order of time, every event once.
pub async fn streams_are_read_as_one(subject: &Subject) {
    let group = subject.group("api");
    let model = write(subject, &group, 40).await;
    let path = format!("{}?from=head", group_path(&group));
    let whole = subject.forward(&path, 1000).await;
    assert_merged(&whole, &model, "in one page");
    for limit in SIZES {
        assert_eq!(subject.forward(&path, limit).await, whole, "pages of {limit}");
    }
    // From every source, a group that fits into one call can be read from its tail.
    assert_merged(&subject.backward(&group_path(&group), 1000).await, &model, "from the tail");
}

/// Pages of any size from the tail lead back to the head.
pub async fn pages_of_any_size_lead_back_to_the_head(subject: &Subject) {
    let group = subject.group("api");
    let model = write(subject, &group, 40).await;
    let whole = subject.forward(&format!("{}?from=head", group_path(&group)), 1000).await;
    assert_merged(&whole, &model, "in one page");
    for limit in SIZES {
        assert_eq!(subject.backward(&group_path(&group), limit).await, whole, "pages of {limit}");
    }
}

/// Every backward page allows reading forward again.
pub async fn every_page_knows_what_is_newer(subject: &Subject) {
    let group = subject.group("api");
    write(subject, &group, 23).await;
    let whole = subject.forward(&format!("{}?from=head", group_path(&group)), 1000).await;
    for limit in [1, 4, 9] {
        let mut page = subject.page(&format!("{}?limit={limit}", group_path(&group))).await;
        let mut from = whole.len();
        loop {
            let newer = subject.forward(&page.next_target(10), 10).await;
            assert_eq!(newer, whole[from..], "newer than {from}, pages of {limit}");
            from -= page.events.len();
            if page.stop == "end" {
                break;
            }
            page = subject.page(&page.previous_target(limit)).await;
        }
        assert_eq!(from, 0);
    }
}

/// `streams` and `streamPrefix`, with any page size.
pub async fn streams_are_chosen_by_name_and_prefix(subject: &Subject) {
    let group = subject.group("api");
    let model = write(subject, &group, 40).await;
    for (query, chosen) in [
        ("streams=prod-1", &["prod-1"][..]),
        ("streams=prod-1&streams=test:1", &["prod-1", "test/1"]),
        ("streams=%5B%24LATEST%5D%20x&streams=prod-2", &["[$LATEST] x", "prod-2"]),
        ("streamPrefix=prod-", &["prod-1", "prod-2"]),
        ("streamPrefix=prod-1", &["prod-1"]),
        ("streamPrefix=test%2F", &["test/1"]),
        ("streamPrefix=none", &[]),
    ] {
        let of_these: Vec<_> = model.iter().filter(|event| chosen.contains(&event.stream.as_str())).cloned().collect();
        for limit in [2, 7, 1000] {
            let read = subject.forward(&format!("{}?from=head&{query}", group_path(&group)), limit).await;
            assert_merged(&read, &of_these, &format!("{query}, pages of {limit}"));
        }
    }
}

/// A missing named stream is not skipped.
pub async fn a_name_that_is_not_there_is_not_found(subject: &Subject) {
    let group = subject.group("api");
    write(subject, &group, 8).await;
    for query in ["streams=missing", "streams=prod-1&streams=missing", "streams=prod-1&streams=missing&format=text"] {
        assert_eq!(subject.acme().get(&format!("{}?{query}", group_path(&group))).await.problem(), "404 not_found", "{query}");
    }
}

/// A grant for `prod-*` shows only those streams in every request, and does not reveal that others exist.
pub async fn a_grant_for_some_streams_shows_no_others(subject: &Subject) {
    let group = subject.limited_group("api");
    let model = write(subject, &group, 40).await;
    let path = group_path(&group);
    let of = |prefix: &str| model.iter().filter(|event| event.stream.starts_with(prefix)).cloned().collect::<Vec<_>>();
    for limit in [1, 7, 1000] {
        assert_merged(&subject.forward(&format!("{path}?from=head"), limit).await, &of("prod-"), "all");
        assert_merged(&subject.forward(&format!("{path}?from=head&streams=prod-2"), limit).await, &of("prod-2"), "by name");
        assert_merged(&subject.forward(&format!("{path}?from=head&streamPrefix=pro"), limit).await, &of("prod-"), "by prefix");
        assert_merged(&subject.forward(&format!("{path}?from=head&streamPrefix=test"), limit).await, &[], "by another prefix");
    }
    let text = subject.get(&format!("{path}?start=-3h&format=text")).await.text();
    assert_eq!(text.lines().count(), of("prod-").len());
    let mut texts = Vec::new();
    for target in
        [format!("{path}?streams=test%2F1"), format!("{path}?streams=prod-1&streams=test%2F1"), format!("{path}/test%2F1")]
    {
        let answer = subject.acme().get(&target).await;
        assert_eq!(answer.problem(), "404 not_found", "{target}");
        texts.push(answer.text().replace(&answer.header("x-request-id"), "…"));
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
}

/// New events during reading: none is repeated, and none ahead is missed.
pub async fn late_events_shift_nothing_in_a_group(subject: &Subject) {
    let group = subject.group("api");
    write(subject, &group, 20).await;
    let path = format!("{}?from=head", group_path(&group));
    for (round, limit) in [1, 3, 13].into_iter().enumerate() {
        let before = subject.forward(&path, 1000).await;
        let page = subject.page(&format!("{path}&limit={limit}")).await;
        let (first, last) = (page.events[0].at, page.events.last().unwrap().at);
        // In the last stream, because moto sorts equal times by stream.
        let later =
            [(first - 1, "older"), (last, "equal"), (last + 1, "ahead")].map(|(at, text)| (at, format!("{text} {round}")));
        for (at, text) in &later {
            subject.put(&group, STREAMS[3], &[(*at, text)]).await;
        }
        let rest = subject.forward(&page.next_target(5), 5).await;
        let new: Vec<_> = rest.iter().filter(|event| !before.contains(event)).map(|event| event.message.as_str()).collect();
        assert_eq!(new, [format!("equal {round}"), format!("ahead {round}")], "pages of {limit}");
        let known: Vec<_> = rest.into_iter().filter(|event| before.contains(event)).collect();
        assert_eq!(known, before[limit..], "pages of {limit}");
    }
}

/// The page of the end's cursor is empty until a new event arrives, and then has exactly that event, in any stream.
pub async fn the_end_of_a_group_is_where_new_events_appear(subject: &Subject) {
    let group = subject.group("api");
    let mut last = write(subject, &group, 20).await.last().unwrap().at;
    for first in [format!("{}?from=head", group_path(&group)), group_path(&group)] {
        let mut page = subject.page(&first).await;
        assert_eq!(page.stop, "end");
        for after in [0, 0, 5] {
            page = quiet(subject, page).await;
            last += after;
            let mut expected = Vec::new();
            // moto sorts equal times by stream, so new events of a time already read are in the last stream.
            for stream in if after == 0 { &["new"][..] } else { &[STREAMS[3], "new"] } {
                let text = format!("{stream} {last} {}", page.next.len());
                subject.put(&group, stream, &[(last, &text)]).await;
                expected.push(Event::new(last, stream, &text));
            }
            let mut new = Vec::new();
            loop {
                page = subject.page(&page.next_target(1)).await;
                new.append(&mut page.events);
                if page.stop == "end" {
                    break;
                }
            }
            assert_eq!(new, expected);
        }
    }
}

/// Reads to the end.
async fn quiet(subject: &Subject, page: Page) -> Page {
    let page = subject.page(&page.next_target(10)).await;
    assert_eq!((page.events.len(), page.stop.as_str()), (0, "end"));
    page
}
