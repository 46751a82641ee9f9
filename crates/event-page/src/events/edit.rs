//! Changes the messages of a page, for callers that may see only a part of them.
//!
//! INVARIANT: after an edit the text of the page contains nothing of a message that was replaced, withheld or removed.

use super::{EventRef, Events, Page, Row, Span, TextForm};
use crate::json_string;

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It stays unchanged.
    Keep,
    /// It is removed.
    Remove,
    /// It gets another message.
    Replace(String),
    /// It keeps its place in the page, without its message, until [`Events::take_withheld`].
    Withhold,
}

impl Events {
    /// Decides on each event in order, and copies the remaining texts to a new page.
    pub fn edit(&mut self, mut decide: impl FnMut(EventRef<'_>) -> Edit) {
        let page = Page { text: &self.text, form: self.form, stream: &self.stream };
        let mut made = Vec::with_capacity(self.text.len());
        let mut rows: Vec<Row> = Vec::with_capacity(self.rows.len());
        let mut last_stream: Option<(Span, Span)> = None;
        for row in &self.rows {
            let edit = decide(page.event(row));
            if edit == Edit::Remove {
                continue;
            }
            let stream = match last_stream {
                Some((from, to)) if from.of(page.text) == row.stream.of(page.text) => to,
                _ => copy(row.stream, page.text, &mut made),
            };
            last_stream = Some((row.stream, stream));
            let event_id = copy(row.event_id, page.text, &mut made);
            let (message, message_length) = match edit {
                Edit::Keep => (copy(row.message, page.text, &mut made), row.message_length),
                Edit::Replace(message) => append(&message, page.form, &mut made),
                Edit::Withhold | Edit::Remove => (Span::NONE, 0),
            };
            rows.push(Row { stream, event_id, message, message_length, ..*row });
        }
        self.text = made.into();
        self.rows = rows;
    }

    /// Removes the events whose messages are withheld, and returns their number.
    pub fn take_withheld(&mut self) -> usize {
        let before = self.rows.len();
        self.rows.retain(|row| row.message != Span::NONE);
        before - self.rows.len()
    }
}

/// Copies a part to the new text. Beyond four gigabytes, which no page reaches, the part is lost, not shown.
fn copy(span: Span, from: &[u8], to: &mut Vec<u8>) -> Span {
    let Some(part) = span.of(from) else { return Span::NONE };
    let copied = Span::new(to.len(), part.len()).unwrap_or(Span::NONE);
    to.extend_from_slice(part);
    copied
}

/// Appends a message in the form of the page, and returns its span and its decoded length.
fn append(message: &str, form: TextForm, to: &mut Vec<u8>) -> (Span, u32) {
    let start = to.len();
    match form {
        TextForm::Literal => json_string::encode(message.as_bytes(), to),
        TextForm::Plain => to.extend_from_slice(message.as_bytes()),
    }
    match (Span::new(start, to.len() - start), u32::try_from(message.len())) {
        (Some(span), Ok(length)) => (span, length),
        _ => (Span::NONE, 0),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::build::PlainEvent;
    use crate::{Builder, GroupPage};

    fn messages(events: &Events) -> Vec<(i64, String, Option<String>, String)> {
        let event = |event: EventRef<'_>| {
            let id = event.event_id().map(|id| id.into_owned());
            (event.timestamp(), event.stream().into_owned(), id, event.message().into_owned())
        };
        events.iter().map(event).collect()
    }

    fn decide(event: EventRef<'_>) -> Edit {
        match event.timestamp() % 4 {
            0 => Edit::Keep,
            1 => Edit::Remove,
            2 => Edit::Replace(format!("new \"{}\"\n", event.timestamp())),
            _ => Edit::Withhold,
        }
    }

    fn check(mut events: Events) {
        let before = messages(&events);
        events.edit(decide);
        assert_eq!(events.len(), 6, "a withheld event keeps its place");
        assert_eq!(events.take_withheld(), 2);
        let expected: Vec<_> = before
            .into_iter()
            .filter(|(time, ..)| time % 2 == 0)
            .map(|(time, stream, id, message)| {
                (time, stream, id, if time % 4 == 2 { format!("new \"{time}\"\n") } else { message })
            })
            .collect();
        assert_eq!(messages(&events), expected);
        assert!(events.iter().all(|event| event.message_length() == event.message().len()));
        let text = String::from_utf8_lossy(&events.text).into_owned();
        for gone in ["secret 1", "secret 2", "secret 3", "secret 5", "secret 6", "secret 7"] {
            assert!(!text.contains(gone), "{text}");
        }
    }

    #[test]
    fn a_page_of_plain_text_keeps_replaces_withholds_and_removes() {
        let mut builder = Builder::default();
        for time in 0..8 {
            let (stream, message) = (format!("s{}", time / 3), format!("\u{1}secret {time} \\"));
            let event_id = Some(format_args!("id-{time}"));
            builder
                .push(PlainEvent { timestamp: time, ingestion_time: None, stream: &stream, event_id, message: &message })
                .unwrap();
        }
        check(builder.finish());
    }

    #[test]
    fn a_page_of_cloudwatch_keeps_replaces_withholds_and_removes() {
        let events: Vec<String> = (0..8)
            .map(|time| {
                format!(
                    r#"{{"timestamp":{time},"message":"secret {time} \" \u00e9","logStreamName":"s\"{}","eventId":"{time}"}}"#,
                    time / 3
                )
            })
            .collect();
        let answer = format!(r#"{{"events":[{}]}}"#, events.join(","));
        check(GroupPage::read(Bytes::from(answer)).unwrap().events);
    }
}
