//! The layouts by example.

use crate::reference::{Event, built, written};
use logmark_event_page::{Events, GroupPage, Layout};

/// The same message in a page of plain values and in a response with every possible escape.
fn pages(message: &str) -> [Events; 3] {
    let event =
        Event { timestamp: 0, ingestion_time: None, stream: "s".into(), event_id: Some("7".into()), message: message.into() };
    let answer = |message: &str| {
        let event = format!(r#"{{"logStreamName":"s","timestamp":0,"message":"{message}","eventId":"7"}}"#);
        GroupPage::read(format!(r#"{{"events":[{event}]}}"#).into()).unwrap().events
    };
    let short = serde_json::to_string(message).unwrap();
    let long: String = message.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    [built(&[event]), answer(&short[1..short.len() - 1]), answer(&long)]
}

#[test]
fn cells_are_quoted_by_rfc_4180_and_formulas_are_text() {
    for (message, cell) in [
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("\"", "\"\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("＝1", "'＝1"),
        ("\tx", "'\tx"),
        ("\r=1", "\"'\r'=1\""),
        ("\n=1", "\"'\n'=1\""),
        ("a;=1", "a;'=1"),
        ("a; \"=1\"", "\"a;' \"\"=1\"\"\""),
        ("a;;+1;b;-1", "a;;'+1;b;'-1"),
        ("a;b=1", "a;b=1"),
        ("a\t=1", "a\t'=1"),
        ("a\r\n@x", "\"a\r\n'@x\""),
        ("trace\n\tat x(Y.java)", "\"trace\n\tat x(Y.java)\""),
        ("a;＝1", "a;'＝1"),
        ("123456789012345", "123456789012345"),
        ("1234567890123456", "'1234567890123456"),
        ("1234567890123456 ms", "1234567890123456 ms"),
        ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
        (" =1", " =1"),
        ("back\\slash", "back\\slash"),
        ("", ""),
    ] {
        let expected = format!("timestamp,ingestionTime,logStream,eventId,message\r\n1970-01-01T00:00:00.000Z,,s,7,{cell}\r\n");
        for page in pages(message) {
            assert_eq!(written(Layout::Csv, &page), expected, "{message:?}");
        }
    }
}

#[test]
fn control_characters_are_escaped_in_text_unless_it_is_raw() {
    for (message, line) in [
        ("START RequestId: 1\n", "START RequestId: 1"),
        ("crlf\r\n", "crlf"),
        ("two\r\nlines\r\n\r\n", "two\nlines"),
        ("10%\r20%\r", "10%\\x0d20%"),
        ("\n", ""),
        ("admin\u{202e}gnp.exe\u{2066}\u{200f}\u{61c}", "admin\\u202egnp.exe\\u2066\\u200f\\u061c"),
        ("a\u{2028}b\u{2029}c\u{85}d", "a\\u2028b\\u2029c\\x85d"),
        ("\u{2030} – “é” ع \u{200d}", "\u{2030} – “é” ع \u{200d}"),
    ] {
        for page in pages(message) {
            assert_eq!(written(Layout::Text, &page), format!("{line}\n"), "{message:?}");
            let raw = if message.ends_with('\n') { message.to_owned() } else { format!("{message}\n") };
            assert_eq!(written(Layout::RawText, &page), raw, "{message:?}");
        }
    }
    let hostile = "a\tb\nc \x1b[31mred\x07\u{9b}2J\r\u{7f}é";
    for page in pages(hostile) {
        assert_eq!(written(Layout::Text, &page), "a\tb\nc \\x1b[31mred\\x07\\x9b2J\\x0d\\x7fé\n");
        assert_eq!(written(Layout::RawText, &page), format!("{hostile}\n"));
    }
}

#[test]
fn an_object_leaves_out_what_is_not_there() {
    let event = |ingestion_time, event_id: Option<&str>| Event {
        timestamp: 1_763_632_800_123,
        ingestion_time,
        stream: "web \"1\"".into(),
        event_id: event_id.map(Into::into),
        message: "tab\t, quote\", é".into(),
    };
    let events =
        built(&[event(None, None), event(Some(1_763_632_801_004), None), event(None, Some("i")), event(Some(-1), Some("i"))]);
    let begin = r#"{"timestamp":"2025-11-20T10:00:00.123Z","#;
    let end = r#""message":"tab\t, quote\", é"}"#;
    let lines = [
        format!(r#"{begin}"logStream":"web \"1\"",{end}"#),
        format!(r#"{begin}"ingestionTime":"2025-11-20T10:00:01.004Z","logStream":"web \"1\"",{end}"#),
        format!(r#"{begin}"logStream":"web \"1\"","eventId":"i",{end}"#),
        format!(r#"{begin}"ingestionTime":"1970-01-01T00:00:00.000Z","logStream":"web \"1\"","eventId":"i",{end}"#),
    ];
    assert_eq!(written(Layout::Ndjson, &events), lines.join("\n") + "\n");
    assert_eq!(written(Layout::JsonItems, &events), lines.join(","));
}

#[test]
fn an_answers_message_is_passed_on_as_it_stands() {
    let answer = r#"{"events":[{"message":"\/caf\u00e9 \u0041\\","timestamp":1,"logStreamName":"\u0061","eventId":"\/"}]}"#;
    let events = GroupPage::read(answer.into()).unwrap().events;
    let expected =
        r#"{"timestamp":"1970-01-01T00:00:00.001Z","logStream":"\u0061","eventId":"\/","message":"\/caf\u00e9 \u0041\\"}"#;
    assert_eq!(written(Layout::Ndjson, &events), format!("{expected}\n"));
    assert_eq!(events.first().map(|event| event.message().into_owned()).as_deref(), Some("/café A\\"));
}
