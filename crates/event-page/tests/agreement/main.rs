//! Compares the library with `serde_json` and straightforward layouts: both accept the same input with the same meaning.
#![expect(clippy::unwrap_used, reason = "a value that cannot be built or read fails the test")]

mod reference;
mod layouts;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use reference::{Event, built, check, check_layouts, values};

/// Valid and invalid values, for known and unknown members.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "nul",
    "nulll",
    "truE",
    "",
    "0",
    "-0",
    "00",
    "01",
    "-",
    "-1",
    "+1",
    "1.0",
    "1.",
    ".5",
    "1e3",
    "1E+2",
    "1e",
    "-1.5e-3",
    "1e999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "100000000000000000000000000000",
    "\"\"",
    "\"a\"",
    "\"1\"",
    r#""\u0041""#,
    r#""\u00e9\u20ac""#,
    r#""\ud83d\ude00""#,
    r#""\uD83D\uDE00x""#,
    r#""\ud83d""#,
    r#""\ude00""#,
    r#""\ud83d\ud83d\ude00""#,
    r#""\ud83d\ude00\ude00""#,
    r#""\ud83dx""#,
    r#""\ud83d\n""#,
    r#""\ud83d\u0041""#,
    r#""\u00""#,
    r#""\u00g0""#,
    r#""\u+041""#,
    r#""\x""#,
    r#""\""#,
    r#""\\""#,
    r#""\\\""#,
    r#""\\\\""#,
    r#""\b\f\n\r\t\/\"\\""#,
    r#""=1,\u0022""#,
    r#""\u003d1""#,
    r#""\uff1d1""#,
    r#""\u001b[31m\u009b\u007f""#,
    "\"\u{7f}\u{9b}é\u{a0}\"",
    "\"a\tb\"",
    "\"a\nb\"",
    "\"\0\"",
    "\"",
    "\"open",
    "[]",
    "{}",
    "[",
    "]",
    "{",
    "}",
    "[1,[2,{\"a\":[]}]]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\":1,\"a\":2}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{1:2}",
    "{\"\\u0061\\x\":1}",
    "[}",
    "{]",
    "[{]}",
    "1 ",
    "\u{feff}1",
    "'a'",
    "NaN",
    "[\"\\ud800\"]",
];

const NAMES: &[&str] = &[
    "timestamp",
    "message",
    "ingestionTime",
    "logStreamName",
    "eventId",
    "events",
    "nextToken",
    "nextForwardToken",
    "nextBackwardToken",
    "searchedLogStreams",
    "",
    "time",
    "timestam",
    "timestampx",
    "Message",
    r"\u0074imestamp",
    r"mess\u0061ge",
    r"event\u0073",
    r"\u006eextToken",
    "é",
    r"\ud83d",
    r"\q",
];

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![10 => Just(""), 1 => Just(" "), 1 => Just("\n\t\r ")]
}

fn string() -> impl Strategy<Value = String> {
    let text = prop_oneof![3 => "\\PC{0,90}", 2 => "[ -~]{0,200}", 1 => "[\0-\u{a0}\"\\\\,]{0,90}", 1 => "[=+@＝＠\t\n-]x\"?"];
    (text, 0..4_u8).prop_map(|(text, way)| match way {
        0 => {
            text.chars()
                .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
                .fold("\"".to_owned(), |all, unit| format!("{all}\\u{unit:04X}"))
                + "\""
        }
        1 => serde_json::to_string(&text).unwrap().replace('/', "\\/"),
        _ => serde_json::to_string(&text).unwrap(),
    })
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![4 => 1_600_000_000_000..1_800_000_000_000_i64, 1 => any::<i64>()].prop_map(|number| number.to_string())
}

fn odd() -> impl Strategy<Value = String> {
    prop::sample::select(VALUES).prop_map(str::to_owned)
}

fn member(name: &'static str, value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let odd_one = (prop::sample::select(NAMES), odd());
    (space(), space(), space(), value, prop::option::weighted(0.03, odd_one)).prop_map(move |(a, b, c, value, odd)| match odd {
        Some((other, odd)) if other.len() % 2 == 0 => format!("{a}\"{name}\"{b}:{c}{odd}"),
        Some((other, _)) => format!("{a}\"{other}\"{b}:{c}{value}"),
        None => format!("{a}\"{name}\"{b}:{c}{value}"),
    })
}

fn extra() -> impl Strategy<Value = Option<String>> {
    let odd_member = (prop::sample::select(NAMES), odd()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    prop::option::weighted(0.1, odd_member)
}

fn object(members: impl Strategy<Value = Vec<String>>) -> impl Strategy<Value = String> {
    let some = (members, extra(), prop::option::weighted(0.03, any::<prop::sample::Index>()));
    some.prop_flat_map(|(mut members, extra, lost)| {
        if let Some(lost) = lost {
            members.remove(lost.index(members.len()));
        }
        members.extend(extra);
        (Just(members).prop_shuffle(), space())
    })
    .prop_map(|(members, space)| format!("{{{}{space}}}", members.join(",")))
}

fn event() -> impl Strategy<Value = String> {
    let taken = prop_oneof![4 => number(), 1 => Just("null".to_owned())];
    let members = (
        member("timestamp", number()),
        member("message", string()),
        member("ingestionTime", taken),
        member("logStreamName", string()),
        member("eventId", string()),
    );
    object(members.prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e]))
}

fn answer() -> impl Strategy<Value = String> {
    let events = prop::collection::vec(event(), 0..5).prop_map(|events| format!("[{}]", events.join(",")));
    let token = prop_oneof![4 => string(), 1 => Just("null".to_owned())];
    let members = (
        member("events", events),
        member("nextForwardToken", string()),
        member("nextBackwardToken", string()),
        member("nextToken", token),
    );
    object(members.prop_map(|(a, b, c, d)| vec![a, b, c, d]))
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    #[test]
    fn an_answer_is_read_as_serde_json_reads_it(answer in answer()) {
        check(answer.as_bytes());
    }

    #[test]
    fn a_damaged_answer_is_refused_as_serde_json_refuses_it(
        answer in answer(), at in any::<prop::sample::Index>(), byte in prop_oneof![any::<u8>(), prop::sample::select(b"\"\\{}[],:u0 ".as_slice())], cut in any::<bool>()
    ) {
        let mut answer = answer.into_bytes();
        let at = at.index(answer.len());
        if cut {
            answer.truncate(at);
        } else {
            answer[at] = byte;
        }
        check(&answer);
    }

    #[test]
    fn a_page_of_plain_values_holds_and_writes_them(events in prop::collection::vec((any::<i64>(), prop::option::of(any::<i64>()), "[ab\"＝=,é]{0,3}", prop::option::of("[0-9\"]{0,3}"), "(\\PC|[\0-\u{a0}]){0,80}"), 0..6)) {
        let event = |(timestamp, ingestion_time, stream, event_id, message)| Event { timestamp, ingestion_time, stream, event_id, message };
        let events: Vec<Event> = events.into_iter().map(event).collect();
        let page = built(&events);
        assert_eq!(values(&page), events);
        check_layouts(&page);
    }
}

/// Checks that the generator also makes accepted input.
#[test]
fn most_generated_answers_are_answers() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = (0..300).filter(|_| {
        let answer = proptest::strategy::ValueTree::current(&answer().new_tree(&mut runner).unwrap());
        check(answer.as_bytes())
    });
    let accepted = accepted.count();
    assert!((100..300).contains(&accepted), "{accepted}");
}

#[test]
fn every_value_in_every_member_is_judged_as_serde_json_does() {
    for value in VALUES {
        for name in NAMES {
            let event = format!(r#"{{"timestamp":1,"message":"m","logStreamName":"s","eventId":"i","{name}":{value}}}"#);
            let only = format!(r#"{{"message":"m","logStreamName":"s","eventId":"i","{name}":{value}}}"#);
            for event in [&event, &only] {
                check(format!(r#"{{"events":[{event}],"nextForwardToken":"f","nextBackwardToken":"b"}}"#).as_bytes());
            }
            check(format!(r#"{{"events":[],"nextForwardToken":"f","nextBackwardToken":"b","{name}":{value}}}"#).as_bytes());
            check(format!(r#"{{"{name}":{value},"events":[],"nextForwardToken":"f"}}"#).as_bytes());
        }
        let message =
            format!(r#"{{"events":[{{"timestamp":1,"message":{value}}}],"nextForwardToken":"f","nextBackwardToken":"b"}}"#);
        check(message.as_bytes());
        check(format!("{message}{value}").as_bytes());
        check(format!("{value}{message}").as_bytes());
    }
}
