//! `start` is inclusive and `end` is exclusive, regardless of the source's own call (GetLogEvents: exclusive end,
//! FilterLogEvents: inclusive end, moto: both inclusive).

use super::subject::{Event, Subject, group_path, stream_path};

/// Ten events, one per millisecond, with three in the fifth millisecond.
async fn write(subject: &Subject, group: &str) -> Vec<Event> {
    let begin = Subject::begin();
    let times = [0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 9];
    let texts: Vec<(i64, String)> =
        times.iter().enumerate().map(|(number, after)| (begin + after, format!("{after} {number}"))).collect();
    let events: Vec<(i64, &str)> = texts.iter().map(|(at, text)| (*at, text.as_str())).collect();
    subject.put(group, "web", &events).await;
    texts.iter().map(|(at, text)| Event::new(*at, "web", text)).collect()
}

/// The two endpoints for the same events.
fn paths(group: &str) -> [String; 2] {
    [stream_path(group, "web"), group_path(group)]
}

/// Ranges within, around and beyond the ten milliseconds.
const RANGES: [(i64, i64); 12] =
    [(0, 1), (0, 10), (1, 9), (2, 3), (4, 6), (5, 6), (4, 5), (6, 7), (9, 10), (-5, 0), (-5, 1), (10, 20)];

/// Ranges in pages and in streams.
pub async fn start_is_inside_and_end_is_not(subject: &Subject) {
    let group = subject.group("api");
    let all = write(subject, &group).await;
    let begin = all[0].at;
    for path in paths(&group) {
        for (start, end) in RANGES {
            let (start, end) = (begin + start, begin + end);
            let expected: Vec<Event> = all.iter().filter(|event| (start..end).contains(&event.at)).cloned().collect();
            let range = format!("{path}?start={start}&end={end}");
            assert_eq!(subject.forward(&range, 2).await, expected, "{range}");
            let text = subject.get(&format!("{range}&format=text")).await.text();
            assert_eq!(text.lines().count(), expected.len(), "{range}, streamed");
        }
    }
}

/// The ranges from the tail of the stream.
pub async fn start_and_end_are_the_same_on_the_way_back(subject: &Subject) {
    in_range_backward(subject, |group| stream_path(group, "web")).await;
}

/// The ranges from the tail of the group.
pub async fn start_and_end_are_the_same_on_the_way_back_through_a_group(subject: &Subject) {
    in_range_backward(subject, group_path).await;
}

async fn in_range_backward(subject: &Subject, path: impl Fn(&str) -> String) {
    let group = subject.group("api");
    let all = write(subject, &group).await;
    let begin = all[0].at;
    for (start, end) in RANGES {
        let (start, end) = (begin + start, begin + end);
        let expected: Vec<Event> = all.iter().filter(|event| (start..end).contains(&event.at)).cloned().collect();
        for limit in [1, 2, 1000] {
            let range = format!("{}?start={start}&end={end}&from=tail", path(&group));
            assert_eq!(subject.backward(&range, limit).await, expected, "{range}, pages of {limit}");
        }
    }
}

/// Two ranges that meet at any millisecond contain together every event once.
pub async fn ranges_that_meet_share_nothing(subject: &Subject) {
    let group = subject.group("api");
    let all = write(subject, &group).await;
    let (begin, end) = (all[0].at, all[11].at + 1);
    for path in paths(&group) {
        for at in begin + 1..end {
            let mut read = subject.forward(&format!("{path}?start={begin}&end={at}"), 3).await;
            read.extend(subject.forward(&format!("{path}?start={at}&end={end}"), 1000).await);
            assert_eq!(read, all, "{path}, split after {}", at - begin);
        }
    }
}

/// Ranges with only a start or only an end.
pub async fn a_range_may_be_open(subject: &Subject) {
    let group = subject.group("api");
    let all = write(subject, &group).await;
    let at = all[0].at + 5;
    let path = stream_path(&group, "web");
    for limit in [1, 2, 5, 1000] {
        assert_eq!(subject.backward(&format!("{path}?start={at}&from=tail"), limit).await, all[5..], "start, pages of {limit}");
        assert_eq!(subject.backward(&format!("{path}?end={at}"), limit).await, all[..5], "end, pages of {limit}");
        assert_eq!(subject.forward(&format!("{path}?end={at}&from=head"), limit).await, all[..5], "end, pages of {limit}");
        assert_eq!(subject.forward(&format!("{path}?start={at}"), limit).await, all[5..], "start, pages of {limit}");
    }
}
