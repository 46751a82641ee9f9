//! `[lambda]`: the front ends that stream.

use super::{document, parsed, refused};
use crate::config::lambda::Streaming;

#[test]
fn streaming_front_ends_are_listed() {
    for (snippet, environment, expected) in [
        ("", None, &[][..]),
        ("streaming = []", None, &[][..]),
        (r#"streaming = ["function_url"]"#, None, &[Streaming::FunctionUrl][..]),
        (r#"streaming = ["rest_api", "function_url"]"#, None, &[Streaming::FunctionUrl, Streaming::RestApi][..]),
        ("", Some(r#"["rest_api"]"#), &[Streaming::RestApi][..]),
        (r#"streaming = ["rest_api"]"#, Some("[]"), &[][..]),
    ] {
        let environment: Vec<_> = environment.into_iter().map(|text| ("LOGMARK__LAMBDA__STREAMING", text)).collect();
        let config = parsed(&document("[lambda]", snippet), &environment).unwrap();
        assert_eq!(config.lambda.streaming.iter().copied().collect::<Vec<_>>(), expected, "{snippet} {environment:?}");
        assert_eq!(config.effective().to_string().contains("lambda: streams to"), !expected.is_empty());
    }
}

#[test]
fn a_front_end_that_cannot_stream_is_refused_by_name() {
    let doors = "is not a front end that can stream: expected `function_url` or `rest_api`";
    refused(
        "[lambda]",
        &[
            (r#"streaming = ["http_api"]"#, &format!("logmark.toml:2:14: lambda.streaming[0]: `http_api` {doors}")),
            (r#"streaming = ["rest_api", "rest_api"]"#, "logmark.toml:2:26: lambda.streaming[1]: is listed twice"),
            (r#"streaming = "function_url""#, "logmark.toml:2:13: lambda.streaming: must be an array, not a string"),
            ("stream = true", "logmark.toml:2:1: lambda.stream: unknown key: expected `streaming`"),
        ],
    );
}
