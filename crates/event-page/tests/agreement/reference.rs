//! A simple reference implementation: `serde_json` into structs, and straightforward layouts.
//!
//! Shared with the fuzz target.

#[path = "typed.rs"]
mod typed;

use logmark_event_page::build::PlainEvent;
use logmark_event_page::{Builder, Events, GroupPage, Layout, StreamPage, Writer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use typed::Event;
use typed::{GroupAnswer, StreamAnswer};

/// The stream of the events of GetLogEvents.
pub(crate) const STREAM: &str = "a \"stream\", quoted";

/// The events and tokens of a response.
pub(crate) type Answer = (Vec<Event>, Vec<Option<String>>);

/// Whether every part is valid, including skipped members, without arrays in place of objects. `None`: unknown, because this
/// reference cannot represent a floating-point number of a skipped member.
fn is_sound(answer: &[u8]) -> Option<bool> {
    let value = match serde_json::from_slice::<Value>(answer) {
        Ok(value) => value,
        Err(error) if error.to_string().contains("number out of range") => return None,
        Err(_) => return Some(false),
    };
    let events = value.get("events").and_then(Value::as_array);
    Some(value.is_object() && events.is_some_and(|events| events.iter().all(Value::is_object)))
}

/// A response of GetLogEvents by `serde_json`; the outer `None`: unknown.
pub(crate) fn stream_answer(answer: &[u8]) -> Option<Option<Answer>> {
    if !is_sound(answer)? {
        return Some(None);
    }
    let Ok(mut answer) = serde_json::from_slice::<StreamAnswer>(answer) else { return Some(None) };
    let tokens = [&mut answer.next_forward_token, &mut answer.next_backward_token].map(|token| Some(std::mem::take(token)));
    Some(Some((answer.into_events(STREAM), tokens.to_vec())))
}

/// A response of FilterLogEvents by `serde_json`; the outer `None`: unknown.
pub(crate) fn group_answer(answer: &[u8]) -> Option<Option<Answer>> {
    if !is_sound(answer)? {
        return Some(None);
    }
    let Ok(mut answer) = serde_json::from_slice::<GroupAnswer>(answer) else { return Some(None) };
    let token = answer.next_token.take();
    Some(Some((answer.into_events(), vec![token])))
}

/// The values of the library's view.
pub(crate) fn values(events: &Events) -> Vec<Event> {
    let event = |event: logmark_event_page::EventRef<'_>| {
        assert_eq!(event.message_length(), event.message().len());
        Event {
            timestamp: event.timestamp(),
            ingestion_time: event.ingestion_time(),
            stream: event.stream().into_owned(),
            event_id: event.event_id().map(Into::into),
            message: event.message().into_owned(),
        }
    };
    events.iter().map(event).collect()
}

/// A page from plain values.
pub(crate) fn built(events: &[Event]) -> Events {
    let mut builder = Builder::default();
    for event in events {
        let id = event.event_id.as_deref().unwrap_or_default();
        let plain = PlainEvent {
            timestamp: event.timestamp,
            ingestion_time: event.ingestion_time,
            stream: &event.stream,
            event_id: None,
            message: &event.message,
        };
        let pushed = match event.event_id {
            Some(_) => builder.push(PlainEvent { event_id: Some(format_args!("{id}")), ..plain }),
            None => builder.push(plain),
        };
        pushed.unwrap();
    }
    builder.finish()
}

/// The library's output.
pub(crate) fn written(layout: Layout, events: &Events) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(layout);
    writer.begin(&mut out);
    writer.page(events, &mut out);
    String::from_utf8(out).unwrap()
}

/// An event of NDJSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Body {
    pub(crate) timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ingestion_time: Option<String>,
    pub(crate) log_stream: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_id: Option<String>,
    pub(crate) message: String,
}

pub(crate) fn body(event: &Event) -> Body {
    Body {
        timestamp: time(event.timestamp),
        ingestion_time: event.ingestion_time.map(time),
        log_stream: event.stream.clone(),
        event_id: event.event_id.clone(),
        message: event.message.clone(),
    }
}

/// jiff's last time is a day before RFC 3339's.
pub(crate) fn time(millis: i64) -> String {
    if millis > 253_402_207_200_000 {
        return written_time(millis);
    }
    format!("{:.3}", jiff::Timestamp::from_millisecond(millis.max(0)).unwrap())
}

/// A time by the library; `write::time` has its own tests of the whole range.
fn written_time(millis: i64) -> String {
    let event = Event { timestamp: millis, ingestion_time: None, stream: String::new(), event_id: None, message: String::new() };
    let body: Body = serde_json::from_str(&written(Layout::Ndjson, &built(&[event]))).unwrap();
    assert!(body.timestamp.starts_with("9999-12-3"), "{}", body.timestamp);
    body.timestamp
}

pub(crate) fn ndjson(events: &[Event]) -> String {
    events.iter().map(|event| serde_json::to_string(&body(event)).unwrap() + "\n").collect()
}

/// A cell's text with a `'` wherever a spreadsheet would start a formula, with any separator, or round an id.
fn neutralised(text: &str) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_rounded = digits.len() > 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let mut out = String::new();
    if text.starts_with(FORMULA) || text.starts_with(['\t', '\r', '\n']) || is_rounded {
        out.push('\'');
    }
    for (at, character) in text.char_indices() {
        out.push(character);
        let behind = text[at + character.len_utf8()..].trim_start_matches([' ', '"']);
        if [';', '\t', '\r', '\n'].contains(&character) && behind.starts_with(FORMULA) {
            out.push('\'');
        }
    }
    out
}

pub(crate) fn csv(events: &[Event]) -> String {
    let cell = |text: &str| {
        let cell = neutralised(text);
        if cell.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    };
    let mut out = "timestamp,ingestionTime,logStream,eventId,message\r\n".to_owned();
    for event in events {
        let Body { timestamp, ingestion_time, log_stream, event_id, message } = body(event);
        let cells = [timestamp, ingestion_time.unwrap_or_default(), log_stream, event_id.unwrap_or_default(), message];
        out += &cells.map(|text| cell(&text)).join(",");
        out += "\r\n";
    }
    out
}

pub(crate) fn text(events: &[Event]) -> String {
    let mut out = String::new();
    for event in events {
        let message = event.message.trim_end_matches(['\r', '\n']).replace("\r\n", "\n");
        for character in message.chars() {
            let code = u32::from(character);
            if character.is_control() && character != '\t' && character != '\n' {
                out += &format!("\\x{code:02x}");
            } else if [0x61c, 0x200e, 0x200f].contains(&code)
                || (0x2028..=0x202e).contains(&code)
                || (0x2066..=0x206f).contains(&code)
            {
                out += &format!("\\u{code:04x}");
            } else {
                out.push(character);
            }
        }
        out.push('\n');
    }
    out
}

pub(crate) fn raw_text(events: &[Event]) -> String {
    let line = |event: &Event| if event.message.ends_with('\n') { event.message.clone() } else { event.message.clone() + "\n" };
    events.iter().map(line).collect()
}

/// Every layout of a page has the same values; plain text is escaped exactly as by `serde_json`.
pub(crate) fn check_layouts(events: &Events) {
    let values = values(events);
    assert_eq!(written(Layout::Csv, events), csv(&values));
    assert_eq!(written(Layout::Text, events), text(&values));
    assert_eq!(written(Layout::RawText, events), raw_text(&values));
    let bodies: Vec<Body> = values.iter().map(body).collect();
    let lines = written(Layout::Ndjson, events);
    assert_eq!(lines.lines().map(|line| serde_json::from_str::<Body>(line).unwrap()).collect::<Vec<_>>(), bodies);
    let items = format!("[{}]", written(Layout::JsonItems, events));
    assert_eq!(serde_json::from_str::<Vec<Body>>(&items).unwrap(), bodies);
    assert_eq!(written(Layout::Ndjson, &built(&values)), ndjson(&values));
}

/// Checks that the library accepts the same input as `serde_json`, and writes the same meaning. Returns true if the input was a
/// response.
pub(crate) fn check(answer: &[u8]) -> bool {
    let ours = StreamPage::read(answer.to_vec().into()).ok().map(|page| {
        let events = page.events.in_stream(STREAM);
        check_layouts(&events);
        (values(&events), vec![Some(page.next_forward_token), Some(page.next_backward_token)])
    });
    let is_stream = ours.is_some();
    if let Some(expected) = stream_answer(answer) {
        assert_eq!(ours, expected, "{}", String::from_utf8_lossy(answer));
    }
    let ours = GroupPage::read(answer.to_vec().into()).ok().map(|page| {
        check_layouts(&page.events);
        (values(&page.events), vec![page.next_token])
    });
    let is_group = ours.is_some();
    if let Some(expected) = group_answer(answer) {
        assert_eq!(ours, expected, "{}", String::from_utf8_lossy(answer));
    }
    is_stream || is_group
}
