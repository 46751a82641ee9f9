//! Events chosen by a filter pattern (`filter`; FilterLogEvents).

use super::subject::{Event, Subject, group_path, stream_path};

/// The messages of each stream in turn; the filters below name the matching ones by letter.
const MESSAGES: [(char, &str); 10] = [
    ('a', "[ERROR] payment refused"),
    ('b', "[ERROR] payment timeout"),
    ('c', "[INFO] payment accepted"),
    ('d', r#"{"status": 500, "path": "/pay", "user": {"id": "u-1"}}"#),
    ('e', r#"{"status": 404, "path": "/pay", "user": {"id": "u-2"}}"#),
    ('f', r#"{"status": 200, "path": "/", "user": null}"#),
    ('g', "203.0.113.9 - alice [20/Nov/2026:10:00:00 +0000] \"GET /pay HTTP/1.1\" 200 512"),
    ('h', "203.0.113.9 - bob [20/Nov/2026:10:00:01 +0000] \"POST /pay HTTP/1.1\" 502 87"),
    ('i', "müde Ω – nothing to see"),
    ('j', ""),
];
const STREAMS: [&str; 3] = ["prod-1", "prod-2", "test/1"];
const SIZES: [usize; 4] = [1, 2, 7, 1000];

/// Filters that every server of FilterLogEvents supports, and the letters of their matches.
const TERMS: [(&str, &str); 4] = [("payment", "abc"), ("payment ERROR", "ab"), ("\"payment refused\"", "a"), ("absent", "")];

/// All features of the language.
const PATTERNS: [(&str, &str); 15] = [
    ("", "abcdefghij"),
    ("  ", "abcdefghij"),
    ("payment -timeout", "ac"),
    ("?refused ?accepted", "ac"),
    ("-payment", "defghij"),
    ("%time[a-z]+%", "b"),
    ("{ $.status >= 404 }", "de"),
    ("{ $.status = 4* }", "e"),
    ("{ $.path = \"/p*\" && $.user.id != \"u-1\" }", "e"),
    ("{ $.user IS NULL }", "f"),
    ("{ $.user.id NOT EXISTS }", "f"),
    ("{ ($.status = 200) || ($.user.id = \"u-1\") }", "df"),
    ("[ip, id, user, time, request, status = 5*, size]", "h"),
    ("[ip, id, user != bob, time, request = \"GET*\", status, size]", "g"),
    ("\"Ω\"", "i"),
];

/// `count` events over the streams, two in a millisecond.
async fn write(subject: &Subject, group: &str, count: usize) -> Vec<(char, Event)> {
    let begin = Subject::begin();
    let event = |index: usize| {
        let (letter, message) = MESSAGES[index * 7 % MESSAGES.len()];
        // CloudWatch refuses empty messages.
        let message = if message.is_empty() { " " } else { message };
        (letter, Event::new(begin + i64::try_from(index / 2).unwrap(), STREAMS[index % STREAMS.len()], message))
    };
    let all: Vec<(char, Event)> = (0..count).map(event).collect();
    for stream in STREAMS {
        let own = all.iter().filter(|(_, event)| event.stream == stream);
        let own: Vec<(i64, &str)> = own.map(|(_, event)| (event.at, event.message.as_str())).collect();
        subject.put(group, stream, &own).await;
    }
    all
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn sorted(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by(|one, other| (one.at, &one.stream, &one.message).cmp(&(other.at, &other.stream, &other.message)));
    events
}

fn meant(all: &[(char, Event)], letters: &str, stream: Option<&str>) -> Vec<Event> {
    let wanted =
        all.iter().filter(|(letter, event)| letters.contains(*letter) && stream.is_none_or(|stream| event.stream == stream));
    sorted(wanted.map(|(_, event)| event.clone()).collect())
}

async fn check(subject: &Subject, filters: &[(&str, &str)], backward: bool) {
    let group = subject.group("api");
    let all = write(subject, &group, 60).await;
    for (filter, letters) in filters {
        let query = format!("filter={}", encoded(filter));
        let paths = [(group_path(&group), None), (stream_path(&group, "prod-2"), Some("prod-2"))];
        for ((path, stream), limit) in paths.iter().flat_map(|path| SIZES.map(|limit| (path, limit))) {
            let expected = meant(&all, letters, *stream);
            let read = subject.forward(&format!("{path}?from=head&{query}"), limit).await;
            assert!(read.is_sorted_by_key(|event| event.at));
            assert_eq!(sorted(read), expected, "{filter}, {stream:?}, pages of {limit}");
            if backward {
                let read = subject.backward(&format!("{path}?{query}"), limit).await;
                assert_eq!(sorted(read), expected, "{filter}, {stream:?}, back in pages of {limit}");
            }
        }
        let text = subject.get(&format!("{}?start=-3h&format=ndjson&{query}", group_path(&group))).await.text();
        let exported = text.lines().map(|line| Event::of(&serde_json::from_str(line).unwrap())).collect();
        assert_eq!(sorted(exported), meant(&all, letters, None), "{filter}, exported");
    }
}

/// Terms and phrases, with any page size.
pub async fn terms_choose_events(subject: &Subject) {
    check(subject, &TERMS, false).await;
}

/// Every form of pattern, with any page size and direction.
pub async fn patterns_choose_events(subject: &Subject) {
    check(subject, &PATTERNS, true).await;
}

/// A cursor contains its filter; a different filter parameter is refused, another spelling of the same filter is accepted.
pub async fn a_cursor_carries_its_filter(subject: &Subject) {
    let group = subject.group("api");
    let all = write(subject, &group, 60).await;
    let path = group_path(&group);
    let page = subject.page(&format!("{path}?from=head&limit=2&filter=payment+ERROR")).await;
    let rest = subject.forward(&page.next_target(5), 5).await;
    assert_eq!(sorted([page.events, rest].concat()), meant(&all, "ab", None));
    for (filter, expected) in [
        ("payment++%22ERROR%22", "200"),
        ("ERROR+payment", "400 invalid_cursor"),
        ("payment", "400 invalid_cursor"),
        ("", "400 invalid_cursor"),
        ("%7B", "400 invalid_filter"),
    ] {
        let answer = subject.acme().get(&format!("{path}?filter={filter}&cursor={}", page.next)).await;
        let told = if answer.status == 200 { "200".to_owned() } else { answer.problem() };
        assert_eq!(told, expected, "{filter}");
    }
}

/// New matching events appear after the end.
pub async fn the_end_of_a_filtered_group_is_where_new_matches_appear(subject: &Subject) {
    let group = subject.group("api");
    let begin = Subject::begin();
    subject.put(&group, "prod-1", &[(begin, "noise"), (begin + 1, "signal 1"), (begin + 2, "noise")]).await;
    let mut page = subject.page(&format!("{}?from=head&filter=signal", group_path(&group))).await;
    let mut seen = page.events.clone();
    for round in 0..3 {
        while page.stop != "end" {
            page = subject.page(&page.next_target(10)).await;
            seen.extend(page.events.clone());
        }
        let at = begin + 10 + round * 10;
        let new = format!("signal {}", round + 2);
        subject.put(&group, "prod-1", &[(at, "noise"), (at + 1, &new), (at + 2, "noise")]).await;
        page = subject.page(&page.next_target(10)).await;
        seen.extend(page.events.clone());
    }
    while page.stop != "end" {
        page = subject.page(&page.next_target(10)).await;
        seen.extend(page.events.clone());
    }
    let messages: Vec<&str> = seen.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(messages, ["signal 1", "signal 2", "signal 3", "signal 4"]);
}

/// Hidden events stay hidden for every filter.
pub async fn a_filter_finds_nothing_in_hidden_streams(subject: &Subject) {
    let group = subject.limited_group("api");
    let all = write(subject, &group, 30).await;
    let path = group_path(&group);
    let shown: Vec<Event> = meant(&all, "abc", None).into_iter().filter(|event| event.stream.starts_with("prod-")).collect();
    for limit in SIZES {
        assert_eq!(sorted(subject.forward(&format!("{path}?from=head&filter=payment"), limit).await), shown, "pages of {limit}");
    }
    for target in [format!("{path}/test%2F1?filter=payment"), format!("{path}?streams=test%2F1&filter=payment")] {
        assert_eq!(subject.acme().get(&target).await.problem(), "404 not_found", "{target}");
    }
}
