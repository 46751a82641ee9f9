//! Chosen columns by example, for both text forms and every layout with columns.
#![expect(clippy::unwrap_used, reason = "a value that cannot be built or read fails the test")]

use logmark_event_page::build::PlainEvent;
use logmark_event_page::{Builder, Columns, Events, GroupPage, Layout, Writer};

/// The same event from plain values and from a response.
fn pages(message: &str) -> [Events; 2] {
    let mut builder = Builder::default();
    let (timestamp, ingestion_time) = (1_763_632_800_123, Some(1_763_632_801_004));
    let event_id = Some(format_args!("38630134520184120834509124350923485092348509234850923485"));
    builder.push(PlainEvent { timestamp, ingestion_time, stream: "web;=1", event_id, message }).unwrap();
    let answer = serde_json::json!({ "events": [{
        "timestamp": timestamp, "ingestionTime": ingestion_time, "logStreamName": "web;=1", "message": message,
        "eventId": "38630134520184120834509124350923485092348509234850923485",
    }] });
    [builder.finish(), GroupPage::read(answer.to_string().into()).unwrap().events]
}

fn written(layout: Layout, columns: &str, events: &Events) -> String {
    let mut writer = Writer::new(layout).with_columns(Some(Columns::parse(columns).unwrap()));
    let mut out = Vec::new();
    writer.begin(&mut out);
    writer.page(events, &mut out);
    String::from_utf8(out).unwrap()
}

/// The one event in CSV (without its header), NDJSON and text.
fn check(columns: &str, message: &str, [csv, ndjson, text]: [&str; 3]) {
    for page in pages(message) {
        let whole = written(Layout::Csv, columns, &page);
        let (_, row) = whole.split_once("\r\n").unwrap();
        assert_eq!(row, format!("{csv}\r\n"), "{columns} of {message:?}");
        let line = written(Layout::Ndjson, columns, &page);
        assert_eq!(line, format!("{ndjson}\n"), "{columns} of {message:?}");
        serde_json::from_str::<serde_json::Value>(&line).unwrap();
        assert_eq!(written(Layout::Text, columns, &page), format!("{text}\n"), "{columns} of {message:?}");
    }
}

#[test]
fn parts_of_an_event_come_in_the_order_asked_for() {
    let (time, taken) = ("2025-11-20T10:00:00.123Z", "2025-11-20T10:00:01.004Z");
    check(
        "logStream,timestamp,message",
        "plain\n",
        [
            &format!("web;'=1,{time},\"plain\n\""),
            &format!(r#"{{"logStream":"web;=1","timestamp":"{time}","message":"plain\n"}}"#),
            &format!("web;=1\t{time}\tplain"),
        ],
    );
    let id = "38630134520184120834509124350923485092348509234850923485";
    check(
        "eventId,ingestionTime",
        "x",
        [&format!("'{id},{taken}"), &format!(r#"{{"eventId":"{id}","ingestionTime":"{taken}"}}"#), &format!("{id}\t{taken}")],
    );
}

#[test]
fn json_paths_are_columns_of_their_own() {
    let message = concat!(
        r#"{"status":404,"path":"/a,b","user":{"id":"=1+1","tags":["x",2]},"a.b":true,"none":null,"n":-1.50,"#,
        r#""text":"tab\t, line\r\nend \u202e \"q\"","big":12345678901234567890}"#
    );
    for (path, cells) in [
        ("$.status", ["404", "404", "404"]),
        ("$.path", ["\"/a,b\"", "\"/a,b\"", "/a,b"]),
        ("$.user.id", ["'=1+1", "\"=1+1\"", "=1+1"]),
        ("$['a.b']", ["true", "true", "true"]),
        ("$.user.tags[1]", ["2", "2", "2"]),
        ("$.user.tags", ["\"[\"\"x\"\",2]\"", "[\"x\",2]", "[\"x\",2]"]),
        ("$.n", ["-1.50", "-1.50", "-1.50"]),
        ("$.big", ["'12345678901234567890", "12345678901234567890", "12345678901234567890"]),
        (
            "$.text",
            [
                "\"tab\t, line\r\nend \u{202e} \"\"q\"\"\"",
                r#""tab\t, line\r\nend \u202e \"q\"""#,
                r#"tab\t, line\nend \u202e "q""#,
            ],
        ),
    ] {
        let member = format!("{{{}:{}}}", serde_json::to_string(path).unwrap(), cells[1]);
        check(path, message, [cells[0], &member, cells[2]]);
    }
    check("$.none,$.missing,$.status", message, [",,404", r#"{"$.none":null,"$.status":404}"#, "\t\t404"]);
}

#[test]
fn a_message_that_is_no_json_object_has_empty_cells() {
    for message in ["plain", "", "[1]", "{\"a\":1", "{\"a\":1} x"] {
        check("$.a,logStream", message, [",web;'=1", r#"{"logStream":"web;=1"}"#, "\tweb;=1"]);
    }
}

#[test]
fn objects_stay_on_one_line_and_halves_of_pairs_do_no_harm() {
    check(
        "$.a",
        "{\n\t\"a\": {\r\n\t\t\"b\": [1, \"x y\"]\n\t}\n}",
        ["\"{\"\"b\"\": [1, \"\"x y\"\"]}\"", r#"{"$.a":{"b": [1, "x y"]}}"#, r#"{"b": [1, "x y"]}"#],
    );
    for page in pages(r#"{"a":"\ud800 \ude00"}"#) {
        assert_eq!(written(Layout::Text, "$.a", &page), "\u{fffd} \u{fffd}\n");
    }
}

#[test]
fn text_has_a_line_an_event_whatever_is_in_it() {
    for page in pages("a\tb\r\nc\rd\u{1b}[31m\u{202e}") {
        assert_eq!(written(Layout::Text, "logStream,message", &page), "web;=1\ta\\tb\\nc\\rd\\x1b[31m\\u202e\n");
        assert_eq!(written(Layout::RawText, "logStream,message", &page), "web;=1\ta\\tb\\nc\\rd\u{1b}[31m\u{202e}\n");
    }
}

#[test]
fn the_header_spells_columns_as_the_request_does() {
    let columns = Columns::parse("timestamp, $['a,\"b'] ,$.x;=1").unwrap();
    let mut writer = Writer::new(Layout::Csv).with_columns(Some(columns)).with_byte_order_mark();
    let mut out = Vec::new();
    writer.begin(&mut out);
    writer.page(&Events::default(), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "\u{feff}timestamp,\"$['a,\"\"b']\",$.x;'=1\r\n");
    let mut out = Vec::new();
    Writer::new(Layout::Csv).with_byte_order_mark().begin(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "\u{feff}timestamp,ingestionTime,logStream,eventId,message\r\n");
}

proptest::proptest! {
    /// No cell starts a formula, with any separator.
    #[test]
    fn no_separator_opens_a_formula(message in "[=+@;\t\r\n\"', a-]{0,12}") {
        for page in pages(&message) {
            for columns in ["message", "timestamp,message,logStream", "$.a,message"] {
                let text = written(Layout::Csv, columns, &page);
                for separator in [';', '\t'] {
                    for cell in text.split([separator, '\n', '\r']) {
                        let cell = cell.strip_prefix('"').unwrap_or(cell);
                        proptest::prop_assert!(!cell.starts_with(['=', '+', '@', '-']), "{text:?} at {separator:?}: {cell:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_paths_of_columns_are_told_with_flat_names() {
    let columns = Columns::parse(r#"timestamp,$.a.b,$['x.y'][0],message,$["q\"r"]"#).unwrap();
    let paths: Vec<_> = columns.json_paths().collect();
    let expected = [("$.a.b", "a.b"), ("$['x.y'][0]", "x.y.0"), (r#"$["q\"r"]"#, "q\"r")];
    assert_eq!(paths, expected.map(|(written, flat)| (written, flat.to_owned())));
}
