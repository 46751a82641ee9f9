//! Formats, streams, trailers, compression.

use std::io::Read as _;

use crate::world::World;

const HOSTILE: &str = "a \"quoted\", \x1b[31mred\x07 line\nsecond =1+1 \u{1F600}";

async fn world() -> World {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1_000, "plain"), (2_000, HOSTILE), (3_000, "=cmd()")]).await;
    world
}

#[tokio::test]
async fn ndjson_is_one_event_a_line_and_ends_in_a_trailer() {
    let world = world().await;
    let acme = world.tenant("acme");
    for (target, accept) in [("/logs/:acme:api/web-1?format=ndjson", "*/*"), ("/logs/:acme:api/web-1", "application/x-ndjson")] {
        let answer = acme.get_with(target, &[("accept", accept)]).await;
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"acme_api_web-1.ndjson\"");
        let lines: Vec<serde_json::Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1]["message"], HOSTILE);
        assert_eq!(lines[1]["timestamp"], "1970-01-01T00:00:02.000Z");
        let cursor = answer.trailers["logmark-cursor"].to_str().unwrap();
        let rest = acme.get(&format!("/logs?cursor={cursor}&format=text")).await;
        assert_eq!(rest.text(), "");
    }
}

#[tokio::test]
async fn the_trailer_is_where_later_events_appear() {
    let world = world().await;
    let acme = world.tenant("acme");
    let answer = acme.get("/logs/:acme:api/web-1?format=ndjson").await;
    let cursor = answer.trailers["logmark-cursor"].to_str().unwrap();
    world.put("/acme/api", "web-1", &[(4_000, "later")]).await;
    assert_eq!(acme.get(&format!("/logs?cursor={cursor}&format=text")).await.text(), "later\n");
}

#[tokio::test]
async fn the_last_line_holds_the_cursor_when_asked() {
    let world = world().await;
    let answer = world.tenant("acme").get("/logs/:acme:api/web-1?format=ndjson&trailer=line").await;
    let text = answer.text();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["stopReason"], "end");
    assert_eq!(last["cursor"], answer.trailers["logmark-cursor"].to_str().unwrap());
    let limited = world.tenant("acme").get("/logs/:acme:api/web-1?format=ndjson&trailer=line&start=0&limit=1").await;
    assert_eq!(limited.text().lines().count(), 2);
    assert!(limited.text().contains("\"stopReason\":\"limit\""), "{}", limited.text());
}

#[tokio::test]
async fn csv_has_a_header_and_no_formulas() {
    let world = world().await;
    let answer = world.tenant("acme").get_with("/logs/:acme:api/web-1", &[("accept", "text/csv")]).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let text = answer.text();
    let mut lines = text.split("\r\n");
    assert_eq!(lines.next(), Some("timestamp,ingestionTime,logStream,eventId,message"));
    assert!(lines.next().unwrap().starts_with("1970-01-01T00:00:01.000Z,2023-11-14T22:13:20.500Z,web-1,"));
    assert!(text.contains(",'=cmd()\r\n"), "{text}");
    assert!(text.contains("\"a \"\"quoted\"\", "), "{text}");
}

#[tokio::test]
async fn text_is_the_messages_alone_and_safe_for_a_terminal() {
    let world = world().await;
    let acme = world.tenant("acme");
    let safe = acme.get("/logs/:acme:api/web-1?format=text").await;
    assert_eq!(safe.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(safe.text(), "plain\na \"quoted\", \\x1b[31mred\\x07 line\nsecond =1+1 \u{1F600}\n=cmd()\n");
    let raw = acme.get("/logs/:acme:api/web-1?format=text&raw=true").await;
    assert_eq!(raw.text(), format!("plain\n{HOSTILE}\n=cmd()\n"));
}

#[tokio::test]
async fn text_of_messages_that_end_in_a_line_end_is_a_line_each() {
    let world = World::new().await;
    let events = [(1, "START RequestId: 1 Version: 7\n"), (2, "ready\r\n"), (3, "END RequestId: 1"), (4, "two\r\nlines\n\n")];
    world.put("/acme/api", "web-1", &events).await;
    let acme = world.tenant("acme");
    let expected = "START RequestId: 1 Version: 7\nready\nEND RequestId: 1\ntwo\nlines\n";
    for path in ["/logs/:acme:api/web-1", "/logs/:acme:api"] {
        assert_eq!(acme.get(&format!("{path}?start=0&format=text")).await.text(), expected, "{path}");
        let raw = acme.get(&format!("{path}?start=0&format=text&raw=true&limit=3")).await.text();
        assert_eq!(raw, "START RequestId: 1 Version: 7\nready\r\nEND RequestId: 1\n", "{path}");
    }
}

#[tokio::test]
async fn a_stream_with_a_limit_from_the_tail_is_the_last_events() {
    let world = world().await;
    let answer = world.tenant("acme").get("/logs/:acme:api/web-1?format=text&limit=1").await;
    assert_eq!(answer.text(), "=cmd()\n");
    assert!(answer.trailers.contains_key("logmark-cursor"));
}

#[tokio::test]
async fn answers_are_compressed_as_the_client_asks() {
    let world = World::new().await;
    let line = "the same words again and again ".repeat(20);
    let events: Vec<(i64, &str)> = (0..2000).map(|i| (1000 + i, line.as_str())).collect();
    world.put("/acme/api", "web-1", &events).await;
    let acme = world.tenant("acme");
    let plain = acme.get("/logs/:acme:api/web-1?format=text").await;
    // brotli is for static files only: a client that accepts nothing else gets an uncompressed answer.
    let answer = acme.get_with("/logs/:acme:api/web-1?format=text", &[("accept-encoding", "br")]).await;
    assert_eq!((answer.header("content-encoding").as_str(), answer.text()), ("", plain.text()));
    for encoding in ["gzip", "zstd"] {
        let answer = acme.get_with("/logs/:acme:api/web-1?format=text", &[("accept-encoding", encoding)]).await;
        assert_eq!(answer.header("content-encoding"), encoding);
        assert!(answer.header("vary").to_ascii_lowercase().contains("accept-encoding"), "{}", answer.header("vary"));
        assert!(answer.body.len() < plain.body.len() / 20, "{encoding}: {} bytes", answer.body.len());
        assert!(answer.trailers.contains_key("logmark-cursor"), "{encoding} keeps the trailer");
        if encoding == "gzip" {
            let mut text = String::new();
            flate2::read::GzDecoder::new(&answer.body[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text, plain.text());
        }
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let world = world().await;
    let answer = world.tenant("acme").send(http::Method::HEAD, "/logs/:acme:api/web-1", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.is_empty());
    assert_eq!(world.anonymous().send(http::Method::HEAD, "/logs/:acme:api/web-1", &[]).await.status, 401);
}
