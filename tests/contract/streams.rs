//! Events of one stream (`GET /logs/{group}/{stream}`; GetLogEvents).

use super::subject::{Event, Page, Subject, group_path, stream_path, varied};

const STREAM: &str = "2026/11/20/[$LATEST]web 1";
const SIZES: [usize; 11] = [1, 2, 3, 5, 7, 10, 11, 39, 40, 41, 10_000];

/// Writes `count` varied events in two calls, and returns the expected stream.
async fn write(subject: &Subject, group: &str, count: usize) -> Vec<Event> {
    let begin = Subject::begin();
    let all = varied(count);
    let events: Vec<(i64, &str)> = all.iter().map(|(after, message)| (begin + after, message.as_str())).collect();
    for part in events.chunks(count.div_ceil(2).max(1)) {
        subject.put(group, STREAM, part).await;
    }
    events.into_iter().map(|(at, message)| Event::new(at, STREAM, message)).collect()
}

/// With any page size and direction: every event once, in order; events of one millisecond in the order of writing.
pub async fn pages_of_any_size_are_the_stream(subject: &Subject) {
    let group = subject.group("api");
    let model = write(subject, &group, 40).await;
    subject.put(&group, "other", &[(Subject::begin(), "of another stream")]).await;
    let path = stream_path(&group, STREAM);
    for limit in SIZES {
        assert_eq!(subject.forward(&format!("{path}?from=head"), limit).await, model, "forward, pages of {limit}");
        assert_eq!(subject.backward(&path, limit).await, model, "backward, pages of {limit}");
    }
}

/// The cursors of a page.
type Link = fn(&Page, usize) -> String;

/// The direction can change at every page: the older and the newer events together are the rest of the stream.
pub async fn a_cursor_goes_either_way(subject: &Subject) {
    let group = subject.group("api");
    let model = write(subject, &group, 23).await;
    let path = stream_path(&group, STREAM);
    for limit in [1, 4, 9] {
        let ways: [(String, Link); 2] = [
            (format!("{path}?from=head&limit={limit}"), Page::next_target),
            (format!("{path}?limit={limit}"), Page::previous_target),
        ];
        for (first, link) in ways {
            let mut page = subject.page(&first).await;
            // Not from an empty page: GetLogEvents is then at an end, and moto's tokens are off by one there.
            while !page.events.is_empty() {
                let from = model.iter().position(|event| *event == page.events[0]).unwrap();
                let to = from + page.events.len();
                assert_eq!(subject.backward_from(&page, 10).await, model[..from], "older than {from}, pages of {limit}");
                assert_eq!(subject.forward(&page.next_target(10), 10).await, model[to..], "newer than {to}, pages of {limit}");
                page = subject.page(&link(&page, limit)).await;
            }
        }
    }
}

/// New events during reading: none is repeated, and none ahead is missed.
pub async fn late_events_shift_nothing(subject: &Subject) {
    let group = subject.group("api");
    let model = write(subject, &group, 20).await;
    let path = stream_path(&group, STREAM);
    for (round, limit) in [1, 3, 13].into_iter().enumerate() {
        let before = subject.forward(&format!("{path}?from=head"), 1000).await;
        let page = subject.page(&format!("{path}?from=head&limit={limit}")).await;
        let tail = subject.page(&format!("{path}?limit={limit}")).await;
        let (first, last) = (page.events[0].at, page.events.last().unwrap().at);
        let later =
            [(first - 1, "older"), (last, "equal"), (last + 1, "ahead")].map(|(at, text)| (at, format!("{text} {round}")));
        for (at, text) in &later {
            subject.put(&group, STREAM, &[(*at, text)]).await;
        }
        let rest = subject.forward(&page.next_target(5), 5).await;
        let new: Vec<_> = rest.iter().filter(|event| !before.contains(event)).map(|event| event.message.as_str()).collect();
        assert_eq!(new, [format!("equal {round}"), format!("ahead {round}")], "pages of {limit}");
        let known: Vec<_> = rest.into_iter().filter(|event| before.contains(event)).collect();
        assert_eq!(known, before[limit..], "pages of {limit}");
        let older = subject.backward_from(&tail, 5).await;
        let known: Vec<_> = older.into_iter().filter(|event| before.contains(event)).collect();
        assert_eq!(known, before[..before.len() - limit], "pages of {limit}");
    }
    assert_eq!(subject.forward(&format!("{path}?from=head"), 7).await.len(), model.len() + 9);
}

/// The page of the end's cursor is empty until a new event arrives, and then has exactly that event, even in the last event's
/// millisecond.
pub async fn the_end_is_where_new_events_appear(subject: &Subject) {
    let group = subject.group("api");
    let mut last = write(subject, &group, 20).await.last().unwrap().at;
    let path = stream_path(&group, STREAM);
    for first in [format!("{path}?from=head"), path] {
        let mut page = subject.page(&first).await;
        assert_eq!(page.stop, "end");
        for after in [0, 0, 5] {
            page = subject.page(&page.next_target(3)).await;
            assert_eq!((page.events.len(), page.stop.as_str()), (0, "end"));
            last += after;
            let texts: Vec<String> = (0..4).map(|number| format!("new {last} {after} {number}")).collect();
            let events: Vec<(i64, &str)> = texts.iter().map(|text| (last, text.as_str())).collect();
            subject.put(&group, STREAM, &events).await;
            let mut new = Vec::new();
            loop {
                page = subject.page(&page.next_target(3)).await;
                new.append(&mut page.events);
                if page.stop == "end" {
                    break;
                }
            }
            let read: Vec<_> = new.into_iter().map(|event| event.message).collect();
            assert_eq!(read, texts);
        }
    }
}

/// An empty stream is not an error: it has an end, and its cursor finds the first event.
pub async fn an_empty_stream_is_a_page_without_events(subject: &Subject) {
    finds_the_first_event(subject, &["?from=head", "?start=-1h", "?start=-1h&end=-1m"]).await;
    for query in ["", "?start=-3h&end=-1m&from=tail", "?format=ndjson"] {
        let group = subject.group("none");
        subject.put(&group, "none", &[]).await;
        let answer = subject.get(&format!("{}{query}", stream_path(&group, "none"))).await;
        assert!(answer.text().is_empty() || answer.messages().is_empty(), "{query}");
    }
}

/// An empty stream from its tail: its cursor finds the first event.
pub async fn the_tail_of_an_empty_stream_finds_its_first_event(subject: &Subject) {
    finds_the_first_event(subject, &["", "?start=-1h&from=tail", "?end=-1m"]).await;
}

async fn finds_the_first_event(subject: &Subject, queries: &[&str]) {
    let group = subject.group("api");
    for (number, query) in queries.iter().enumerate() {
        let stream = format!("empty {number}");
        subject.put(&group, &stream, &[]).await;
        let page = subject.page(&format!("{}{query}", stream_path(&group, &stream))).await;
        assert_eq!((page.events.len(), page.stop.as_str()), (0, "end"), "{query}");
        let at = Subject::begin() + 6_600_000;
        subject.put(&group, &stream, &[(at, "first")]).await;
        let page = subject.page(&page.next_target(10)).await;
        assert_eq!(page.events, [Event::new(at, &stream, "first")], "{query}");
        // A source that cannot tell that a page is the last shows the end in the next page.
        if page.stop != "end" {
            assert_eq!(page.stop, "time", "{query}");
            let last = subject.page(&page.next_target(10)).await;
            assert_eq!((last.events.len(), last.stop.as_str()), (0, "end"), "{query}");
        }
    }
}

/// A missing group and another tenant's group have the same 404, byte for byte. A missing stream is a 404 too.
pub async fn what_is_not_there_is_not_found(subject: &Subject) {
    let (group, foreign) = (subject.group("api"), subject.foreign_group("api"));
    write(subject, &group, 1).await;
    subject.put(&foreign, STREAM, &[(Subject::begin(), "secret")]).await;
    let mut texts = Vec::new();
    for (group, stream) in
        [(&subject.group("missing"), Some(STREAM)), (&subject.group("missing"), None), (&foreign, Some(STREAM)), (&foreign, None)]
    {
        texts.extend(refusals(subject, group, stream).await);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:#?}");
    assert!(texts[0].contains("The log group, stream, query or record was not found"), "{texts:?}");
    refusals(subject, &group, Some("missing")).await;
}

/// In a group that the caller may read, the 404 of a stream names the stream, and is the same for missing and hidden streams.
pub async fn a_missing_stream_is_told_from_a_missing_group(subject: &Subject) {
    let group = subject.group("api");
    write(subject, &group, 1).await;
    let mut texts = refusals(subject, &group, Some("missing")).await;
    texts.extend(refusals(subject, &subject.limited_group("api"), Some(STREAM)).await);
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:#?}");
    assert!(texts[0].contains("the log stream, or one of those in `streams`, was not found"), "{texts:?}");
}

/// The 404s of a stream or a group in several formats, without their ids.
async fn refusals(subject: &Subject, group: &str, stream: Option<&str>) -> Vec<String> {
    let path = stream.map_or_else(|| group_path(group), |stream| stream_path(group, stream));
    let mut texts = Vec::new();
    for query in ["", "?from=head", "?format=ndjson", "?format=csv&limit=3"] {
        let answer = subject.acme().get(&format!("{path}{query}")).await;
        assert_eq!(answer.problem(), "404 not_found", "{path}{query}");
        texts.push(answer.text().replace(&answer.header("x-request-id"), "…"));
    }
    texts
}
