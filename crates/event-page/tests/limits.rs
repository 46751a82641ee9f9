//! Refused input, the position in its error, and the limits.

use logmark_event_page::{GroupPage, Malformed, StreamPage};

const END: &str = r#""nextForwardToken":"f","nextBackwardToken":"b"}"#;

fn read(answer: &str) -> Result<usize, Malformed> {
    StreamPage::read(answer.to_owned().into()).map(|page| page.events.len())
}

#[test]
fn an_error_says_where_and_what_was_expected() {
    for (answer, offset, expected) in [
        ("", 0, "an object"),
        ("[]", 0, "an object"),
        ("<html>", 0, "an object"),
        ("\u{feff}{}", 0, "an object"),
        ("{}", 2, "`events`"),
        (r#"{"events":[]}"#, 13, "`nextForwardToken`"),
        (r#"{"events":null}"#, 10, "an array"),
        (r#"{"events":[]"#, 12, "`,` or `}`"),
        (r#"{"events":[],"events":[]}"#, 22, "each member once"),
        (r#"{"events":[{}]}"#, 13, "`message`"),
        (r#"{"events":[[1,"m"]]}"#, 11, "an object"),
        (r#"{"events":[{"timestamp":"1"}]}"#, 24, "a digit"),
        (r#"{"events":[{"timestamp":1.5}]}"#, 25, "a whole number of 64 bits"),
        (r#"{"events":[{"timestamp":007}]}"#, 27, "no `0` before a number"),
        (r#"{"events":[{"message":"\x"}]}"#, 24, "an escape"),
        (r#"{"events":[{"message":"\u12"}]}"#, 24, "four hexadecimal digits"),
        (r#"{"events":[{"message":"\ud800"}]}"#, 24, "a low surrogate after the high surrogate"),
        (r#"{"events":[{"message":"\udc00"}]}"#, 24, "a high surrogate before the low surrogate"),
        ("{\"events\":[{\"message\":\"a\nb\"}]}", 24, "no control character in a string"),
        (r#"{"events":[{"message":"a"#, 24, "the end of a string"),
        (r#"{"other":?}"#, 9, "a value"),
        (r#"{"other":[1 2]}"#, 12, "`,` or the end of the object or array"),
    ] {
        assert_eq!(read(answer), Err(Malformed { offset, expected }), "{answer}");
    }
    let garbage = format!(r#"{{"events":[],{END} x"#);
    assert_eq!(read(&garbage), Err(Malformed { offset: garbage.len() - 1, expected: "the end" }));
}

#[test]
fn bytes_that_are_no_text_are_refused_wherever_they_are() {
    for at in [r#"{"other":""#, r#"{"events":[{"message":""#] {
        let answer = [at.as_bytes(), b"\xff"].concat();
        let expected = Malformed { offset: at.len(), expected: "UTF-8" };
        assert_eq!(StreamPage::read(answer.clone().into()).map(drop), Err(expected));
        assert_eq!(GroupPage::read(answer.into()).map(drop), Err(expected));
    }
}

#[test]
fn what_is_passed_over_nests_as_deep_as_serde_json_allows_and_no_deeper() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let levels = open.matches(['[', '{']).count();
        for (depth, fits) in [(10, true), (126, true), (128, false), (1_000_000, false)] {
            let times = depth / levels;
            let answer = format!(r#"{{"other":{}1{},"events":[],{END}"#, open.repeat(times), close.repeat(times));
            assert_eq!(read(&answer).is_ok(), fits, "{depth} of {open}");
        }
    }
    let deepest = format!(r#"{{"other":{}{},"events":[],{END}"#, "[".repeat(126), "]".repeat(126));
    let deeper = format!(r#"{{"other":{}{},"events":[],{END}"#, "[".repeat(127), "]".repeat(127));
    assert_eq!((read(&deepest), read(&deeper).is_ok()), (Ok(0), false));
    assert!(serde_json::from_str::<serde_json::Value>(&deepest).is_ok());
    assert!(serde_json::from_str::<serde_json::Value>(&deeper).is_err());
}

/// Strings of every length around the block size, with an escape at every position.
#[test]
fn escapes_at_every_place_of_a_block_are_understood() {
    for (escape, meaning) in [("\\\"", "\""), ("\\\\", "\\"), ("\\u00e9", "é"), ("\\ud83d\\ude00", "😀"), ("\\\\\\\"", "\\\"")]
    {
        for before in 0..130 {
            let (begin, end) = ("x".repeat(before), "y".repeat(before % 7));
            let answer = format!(r#"{{"events":[{{"timestamp":1,"message":"{begin}{escape}{end}"}}],{END}"#);
            let page = StreamPage::read(answer.into()).unwrap();
            let event = page.events.first().unwrap();
            let expected = format!("{begin}{meaning}{end}");
            assert_eq!((event.message(), event.message_length()), (expected.as_str().into(), expected.len()));
        }
    }
}
