//! Messages and names pass through every hop unchanged.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::subject::{Event, Subject, group_path, segment, stream_path};

/// Messages that some hop between writer and reader might change.
pub fn awkward() -> Vec<String> {
    let mut all: Vec<String> = [
        " ",
        "\t",
        "\n",
        "\r\n",
        " leading and trailing ",
        "two\nlines",
        "three\r\nlines\r\n\r\n",
        "\"quoted\"",
        "it's `quoted`",
        "back\\slash \\n \\u0041 \\\\",
        "a,b;c\td",
        "{\"json\":\"in a \\\"string\\\"\",\"n\":[1,2.50,null]}",
        "null",
        "0",
        "<b>&amp;</b>",
        "=1+1",
        "'=1+1",
        "@x",
        "-1",
        "%00 %2F + ?a=b#c",
        "\u{0}",
        "nul \u{0} inside",
        "\u{7f}\u{80}\u{85}\u{9b}2J",
        "\u{1b}[31mred\u{1b}[0m \u{7}",
        "grüße, žluťoučký, ελληνικά, עברית, العربية, 日本語",
        "e\u{301} is not é",
        "\u{1F600}\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} \u{10FFFF}",
        "\u{feff}bom \u{fffd} \u{fffe} \u{ffff}",
        "line\u{2028}and paragraph\u{2029}separators",
        "\u{202e}right to left\u{202c}",
        "data: x\n\nevent: y\n",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push((1..32).map(char::from).collect());
    all.push("x".repeat(200 * 1024));
    all.push("\u{1F600}\"\n".repeat(33 * 1024));
    all
}

/// Writes all of them to a stream, one millisecond apart.
pub async fn write_awkward(subject: &Subject, group: &str, stream: &str) -> Vec<Event> {
    let begin = Subject::begin();
    let messages = awkward();
    let events: Vec<(i64, &str)> = (begin..).zip(messages.iter().map(String::as_str)).collect();
    subject.put(group, stream, &events).await;
    events.into_iter().map(|(at, message)| Event::new(at, stream, message)).collect()
}

/// Messages are unchanged byte for byte, by stream and by group.
pub async fn any_message_comes_back_as_it_was(subject: &Subject) {
    let group = subject.group("api");
    let all = write_awkward(subject, &group, "web").await;
    for limit in [1, 10, 1000] {
        assert!(subject.forward(&format!("{}?from=head", stream_path(&group, "web")), limit).await == all, "pages of {limit}");
        assert!(subject.forward(&format!("{}?from=head", group_path(&group)), limit).await == all, "group, pages of {limit}");
        assert!(subject.backward(&stream_path(&group, "web"), limit).await == all, "back, pages of {limit}");
    }
}

const NAMES: [&str; 22] = [
    "2026/11/20/[$LATEST]0f3c",
    "web 1",
    " spaces ",
    "a#b",
    "100%",
    "%2F",
    "%",
    "a+b",
    "a?b&c=d",
    "a;b,c",
    "~._-",
    "a\"b'c`d",
    "back\\slash",
    "{\"json\"}",
    "<b>",
    "i-0f3c/messages",
    "/leading",
    "trailing/",
    "a//b",
    "ünï 日本語",
    "\u{1F600}",
    "...",
];

/// Streams and groups with any name can be read through both spellings of a path, query parameters and the `path` of lists.
pub async fn any_name_can_be_read_in_every_spelling(subject: &Subject) {
    let group = subject.group("Team_1/a.b-c#d/..e");
    let at = Subject::begin();
    for name in NAMES {
        subject.put(&group, name, &[(at, name)]).await;
    }
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    for name in NAMES {
        let expected = [Event::new(at, name, name)];
        for target in [
            stream_path(&group, name),
            format!("/logs/{}/{}", encoded(&group), encoded(name)),
            format!("/logs?group={}&stream={}", encoded(&group), encoded(name)),
            format!("{}?start=0&streams={}", group_path(&group), encoded(name)),
        ] {
            assert_eq!(subject.page(&target).await.events, expected, "{target}");
        }
    }
    let listed = subject.get(&format!("/groups/{}/streams?limit=1000", segment(&group))).await.json();
    let listed = listed["streams"].as_array().unwrap();
    assert_eq!(listed.len(), NAMES.len());
    for stream in listed {
        let name = stream["name"].as_str().unwrap();
        assert_eq!(subject.page(stream["path"].as_str().unwrap()).await.events, [Event::new(at, name, name)]);
    }
}
