//! NDJSON, CSV and text have the same contents as the JSON pages.

use serde_json::Value;

use super::contents::write_awkward;
use super::subject::{Event, Subject, group_path, stream_path, varied};

/// The objects of all JSON pages of `limit`.
async fn pages(subject: &Subject, first: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut target = format!("{first}&limit={limit}");
    loop {
        let page = subject.get(&target).await.json();
        all.extend(page["events"].as_array().unwrap().iter().cloned());
        if page["stopReason"] == "end" {
            return all;
        }
        target = format!("/logs?limit={limit}&cursor={}", page["nextCursor"].as_str().unwrap());
    }
}

/// A parser of RFC 4180 by its grammar: records of fields.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut rest = text.chars().peekable();
    let mut quoted = false;
    while let Some(character) = rest.next() {
        match (quoted, character) {
            (true, '"') if rest.next_if_eq(&'"').is_some() => field.push('"'),
            (true, '"') => quoted = false,
            (true, any) => field.push(any),
            (false, '"') if field.is_empty() => quoted = true,
            (false, ',') => record.push(std::mem::take(&mut field)),
            (false, '\r') if rest.next_if_eq(&'\n').is_some() => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            (false, any) => field.push(any),
        }
    }
    assert!(record.is_empty() && field.is_empty() && !quoted, "the last line has its end");
    records
}

/// The CSV form of a text: a single quote before formulas, at any separator, and before ids that a spreadsheet would round.
fn neutralised(text: &str) -> String {
    const FORMULA: [char; 4] = ['=', '+', '-', '@'];
    let is_rounded = text.len() > 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let begins = text.starts_with(FORMULA) || text.starts_with(['\t', '\r', '\n']) || is_rounded;
    let mut out = if begins { "'" } else { "" }.to_owned();
    for (at, character) in text.char_indices() {
        out.push(character);
        let behind = text[at + character.len_utf8()..].trim_start_matches([' ', '"']);
        if [';', '\t', '\r', '\n'].contains(&character) && behind.starts_with(FORMULA) {
            out.push('\'');
        }
    }
    out
}

/// Every format has every event, of the stream and of the group, with all members.
pub async fn every_format_says_the_same(subject: &Subject) {
    let group = subject.group("api");
    let all = write_awkward(subject, &group, "web,1").await;
    for path in [stream_path(&group, "web,1"), group_path(&group)] {
        let first = format!("{path}?start=-3h");
        let json = pages(subject, &first, 7).await;
        assert!(json.iter().map(Event::of).eq(all.iter().cloned()), "{path}");
        let text = |name: &str, event: &Value| event[name].as_str().unwrap_or("").to_owned();

        let ndjson = subject.get(&format!("{first}&format=ndjson")).await.text();
        let lines: Vec<Value> = ndjson.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines == json, "{path}: ndjson");

        let records = csv(&subject.get(&format!("{first}&format=csv")).await.text());
        let names = ["timestamp", "ingestionTime", "logStream", "eventId", "message"];
        assert_eq!(records[0], names);
        let expected: Vec<Vec<String>> =
            json.iter().map(|event| names.map(|name| neutralised(&text(name, event))).to_vec()).collect();
        assert!(records[1..] == expected, "{path}: csv");

        let raw = subject.get(&format!("{first}&format=text&raw=true")).await.text();
        let line = |message: String| if message.ends_with('\n') { message } else { message + "\n" };
        let messages: String = json.iter().map(|event| line(text("message", event))).collect();
        assert!(raw == messages, "{path}: raw text");

        let safe = subject.get(&format!("{first}&format=text")).await.text();
        let plain = |character: char| !character.is_control() || character == '\t' || character == '\n';
        assert!(safe.chars().all(plain), "{path}: text");
    }
}

/// The trailer and the last line of a limited export have a cursor that continues with the rest.
pub async fn a_limited_export_ends_in_a_cursor_that_goes_on(subject: &Subject) {
    let group = subject.group("api");
    let begin = Subject::begin();
    let texts = varied(40);
    let events: Vec<(i64, &str)> = texts.iter().map(|(after, text)| (begin + after, text.as_str())).collect();
    subject.put(&group, "web", &events).await;
    for path in [stream_path(&group, "web"), group_path(&group)] {
        let mut read = Vec::new();
        let mut target = format!("{path}?start=-3h&format=ndjson&trailer=line&limit=13");
        loop {
            let answer = subject.get(&target).await;
            let text = answer.text();
            let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let last = lines.pop().unwrap();
            assert_eq!(last["cursor"], answer.trailers["logmark-cursor"].to_str().unwrap());
            read.extend(lines.iter().map(Event::of));
            if last["stopReason"] == "end" {
                break;
            }
            assert_eq!(last["stopReason"], "limit");
            target = format!("/logs?format=ndjson&trailer=line&limit=13&cursor={}", last["cursor"].as_str().unwrap());
        }
        let expected: Vec<Event> = events.iter().map(|(at, text)| Event::new(*at, "web", text)).collect();
        assert_eq!(read, expected, "{path}");
    }
}

/// Three megabytes: more than one response of the source, and more than one page of the API.
pub async fn an_export_of_many_pages_is_whole(subject: &Subject) {
    let group = subject.group("api");
    let begin = Subject::begin();
    let texts: Vec<String> = (0..3000).map(|number| format!("{number} {}", "y".repeat(900 + number % 200))).collect();
    // Runs of seven in a millisecond, so that pages are cut inside them.
    let events: Vec<(i64, &str)> =
        texts.iter().enumerate().map(|(number, text)| (begin + i64::try_from(number / 7).unwrap(), text.as_str())).collect();
    subject.put(&group, "web", &events).await;
    let whole: String = texts.iter().map(|text| format!("{text}\n")).collect();
    for path in [stream_path(&group, "web"), group_path(&group)] {
        assert!(subject.get(&format!("{path}?start=-3h&format=text")).await.text() == whole, "{path}");
        let pages = subject.forward(&format!("{path}?start=-3h"), 1000).await;
        assert!(pages.iter().map(|event| &event.message).eq(&texts), "{path}, in pages");
    }
}
