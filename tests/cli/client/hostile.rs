//! Servers with false answers: the commands end with an error, in bounded memory, without a control character on the terminal.

use super::environment::{answer, command, lies, ndjson};

const EVENT: &str = r#"{"timestamp":"2026-11-20T10:00:00.000Z","logStream":"a","message":"m"}"#;

#[tokio::test]
async fn answers_that_are_not_the_services_are_errors() {
    let huge_header = format!("HTTP/1.1 200 OK\r\nx-large: {}\r\n\r\n", "x".repeat(1 << 20)).into_bytes();
    let many_headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(5000)).into_bytes();
    let problem = r#"{"code":"x\u001b[2J","title":"\u001b]0;t\u0007","status":400,"detail":"\u202e\u009b","errors":[{"parameter":"\u001b","detail":"a\nb"}]}"#;
    let moved = b"HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n".to_vec();
    for (reply, code, text) in [
        (huge_header, 1, "gave no valid answer"),
        (many_headers, 1, "gave no valid answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(), 1, "gave no valid answer"),
        (
            answer("200 OK", "text/html", "<h1>Welcome\u{1b}[2J</h1>"),
            1,
            "answered with `text/html` instead of `application/json`",
        ),
        (answer("404 Not Found", "text/html", "<h1>nginx</h1>"), 1, "not as Logmark does: <h1>nginx</h1>"),
        (answer("403 Forbidden", "text/plain", "blocked by a firewall"), 1, "blocked by a firewall"),
        (moved, 1, "redirects to https://elsewhere.example/"),
        (
            answer("400 Bad Request", "application/problem+json", problem),
            2,
            "\\u{1b}]0;t\\u{7}\n  \\u{1b}: a\\nb\n  x\\u{1b}[2J (400)\n",
        ),
        (answer("200 OK", "application/json", "{\"groups\":[{\"name\":1}]"), 1, "unexpected answer"),
        (answer("200 OK", "application/json", "{\"groups\":[1]}"), 1, "not valid"),
        (answer("200 OK", "application/json", r#"{"groups":[],"nextCursor":"x"}"#), 1, "same cursor twice"),
    ] {
        let said = command(&lies(vec![reply]).await, "a.b.c", &["groups"]).await;
        assert_eq!(said.code, code, "{text}: {}", said.err);
        assert!(said.err.contains(text), "{text}: {}", said.err);
        assert!(!said.err.contains(|c: char| c.is_control() && c != '\n'), "{:?}", said.err);
    }
}

#[tokio::test]
async fn lines_that_are_not_events_are_errors() {
    let end = |cursor: &str| format!("{EVENT}\n{{\"cursor\":\"{cursor}\",\"stopReason\":\"limit\"}}\n");
    for (reply, text) in [
        (ndjson("nonsense\n"), "not valid"),
        (ndjson("{\"timestamp\":1}\n"), "not valid"),
        (ndjson(&"x".repeat(17 << 20)), "a line of more than"),
        (ndjson("{\"cursor\":\"c\"}\n"), "not valid"),
        (ndjson("{\"error\":{\"code\":\"x\u{9b}\",\"title\":\"t\",\"status\":500}}\n"), "x\\u{9b} (500)"),
        (ndjson(&end("same")), "same cursor twice"),
    ] {
        let said = command(&lies(vec![reply]).await, "a.b.c", &["logs", "/a", "--start", "-1h"]).await;
        assert!(said.code == 1 || said.code == 6, "{text}: {} {}", said.code, said.err);
        assert!(said.err.contains(text), "{text}: {}", said.err);
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_never_a_clean_end() {
    let cut = format!("{EVENT}\n{EVENT}\n");
    for reply in [ndjson(&cut), ndjson(&cut[..cut.len() - 5]), ndjson("")] {
        let said = command(&lies(vec![reply]).await, "a.b.c", &["logs", "/a", "--start", "-1h"]).await;
        assert_eq!(said.code, 6, "{}", said.err);
    }
    let short = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"groups\":[]".to_vec();
    let said = command(&lies(vec![short]).await, "a.b.c", &["groups"]).await;
    assert_eq!((said.code, said.out.as_str()), (6, ""), "{}", said.err);
}

#[tokio::test]
async fn refusals_with_a_time_are_waited_out() {
    let busy = b"HTTP/1.1 429 X\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\ncontent-length: 53\r\nconnection: close\r\n\r\n\
        {\"code\":\"rate_limited\",\"title\":\"busy\",\"status\":429}  "
        .to_vec();
    let list = answer("200 OK", "application/json", r#"{"groups":[{"name":"/a"}]}"#);
    let said = command(&lies(vec![busy.clone(), busy, list]).await, "a.b.c", &["groups", "--format", "csv"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let long = b"HTTP/1.1 429 X\r\ncontent-type: application/problem+json\r\nretry-after: 3600\r\ncontent-length: 53\r\nconnection: close\r\n\r\n\
        {\"code\":\"rate_limited\",\"title\":\"busy\",\"status\":429}  "
        .to_vec();
    let said = command(&lies(vec![long]).await, "a.b.c", &["groups"]).await;
    assert!(said.code == 6 && said.err.contains("try again in 3600 s"), "{}", said.err);
}
