//! Server-Sent Events (WHATWG HTML §9.2.6), as they arrive.

use hyper::body::Incoming;

use super::failure::ClientError;
use super::lines::Lines;

/// An event, or a sign of life between events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SseEvent {
    /// Its type; empty: `message`.
    pub(super) kind: String,
    /// Its data, lines joined by newlines; `None`: only the id moved.
    pub(super) data: Option<String>,
}

/// Reads events.
#[derive(Debug)]
pub(super) struct SseStream {
    lines: Lines,
    parser: Parser,
}

impl SseStream {
    pub(super) fn new(body: Incoming) -> Self {
        Self { lines: Lines::new(body), parser: Parser::default() }
    }

    /// The next event; `None` at the end of the body. An event that is not complete is never returned.
    pub(super) async fn next(&mut self) -> Result<Option<SseEvent>, ClientError> {
        if let Some(event) = self.buffered()? {
            return Ok(Some(event));
        }
        while let Some(line) = self.lines.next().await? {
            if let Some(event) = self.parser.line(&line)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The next event, if it has arrived.
    pub(super) fn buffered(&mut self) -> Result<Option<SseEvent>, ClientError> {
        while let Some(line) = self.lines.buffered() {
            if let Some(event) = self.parser.line(&line)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The id of the last event or sign of life that was returned.
    pub(super) fn last_id(&self) -> Option<&str> {
        self.parser.last_id.as_deref()
    }
}

/// Bytes of an event at most, as for a line.
const MAX_DATA: usize = 16 * 1024 * 1024;

#[derive(Debug, Default)]
struct Parser {
    /// The id of the event that is being read. It stays for later events, and counts when a blank line ends the event.
    id: Option<String>,
    last_id: Option<String>,
    event: SseEvent,
}

impl Parser {
    fn line(&mut self, line: &[u8]) -> Result<Option<SseEvent>, ClientError> {
        let text = std::str::from_utf8(line)
            .map_err(|error| ClientError::unexpected("the service sent a line that is not valid", error))?;
        if text.is_empty() {
            self.last_id.clone_from(&self.id);
            return Ok(Some(std::mem::take(&mut self.event)));
        }
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event.kind),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "data" => {
                let data = match &mut self.event.data {
                    Some(data) => {
                        data.push('\n');
                        data
                    }
                    empty => empty.insert(String::new()),
                };
                data.push_str(value);
                if data.len() > MAX_DATA {
                    return Err(ClientError::Unexpected(format!("the service sent an event of more than {MAX_DATA} bytes")));
                }
            }
            // Comments have an empty name. `retry` is for browsers.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_dispatched_at_blank_lines() {
        let mut parser = Parser::default();
        let text = "retry: 2000\n: keep-alive\nid: a\n\nevent: event\nid: b\ndata: 1\ndata:2\n\ndata\n\nid: c\ndata: cut";
        let events: Vec<SseEvent> = text.split('\n').filter_map(|line| parser.line(line.as_bytes()).unwrap()).collect();
        let event = |kind: &str, data: Option<&str>| SseEvent { kind: kind.to_owned(), data: data.map(str::to_owned) };
        assert_eq!(events, [event("", None), event("event", Some("1\n2")), event("", Some(""))]);
        assert_eq!(parser.last_id.as_deref(), Some("b"), "the event with the id c is not complete");
    }
}
