//! An event of the log as one JSON object on one line.
//!
//! Owns the members and their order: time, level, the fields of the event, target. The text is written straight into the line: the
//! library's own formatter builds it through serde, at three times the cost.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime as _;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::log::Utc;

/// The format.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        line.write_str("{\"timestamp\":\"")?;
        Utc.format_time(&mut line)?;
        write!(line, "\",\"level\":\"{}\"", metadata.level())?;
        let mut members = Members { line: line.by_ref(), outcome: Ok(()) };
        event.record(&mut members);
        members.outcome?;
        line.write_str(",\"target\":\"")?;
        Escaped(&mut line).write_str(metadata.target())?;
        line.write_str("\"}\n")
    }
}

/// Writes fields as members of the object.
struct Members<'a> {
    line: Writer<'a>,
    outcome: fmt::Result,
}

impl Members<'_> {
    /// Writes a member, unless an earlier one failed. The names of fields are words of the source code, with dots.
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let written = |line: &mut Writer<'_>| {
            write!(line, ",\"{}\":", field.name())?;
            value(line)
        };
        if self.outcome.is_ok() {
            self.outcome = written(&mut self.line);
        }
    }

    fn text(&mut self, field: &Field, text: impl FnOnce(&mut Escaped<'_, Writer<'_>>) -> fmt::Result) {
        self.member(field, |line| {
            line.write_char('"')?;
            text(&mut Escaped(line))?;
            line.write_char('"')
        });
    }
}

impl Visit for Members<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, |text| write!(text, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, |text| text.write_str(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinities and no NaN.
        self.member(field, |line| if value.is_finite() { write!(line, "{value:?}") } else { line.write_str("null") });
    }
}

/// Writes text as the inside of a JSON string (RFC 8259 §7).
struct Escaped<'a, W>(&'a mut W);

impl<W: fmt::Write> fmt::Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain_from = 0;
        for (index, byte) in text.bytes().enumerate().filter(|(_, byte)| matches!(byte, 0..0x20 | b'"' | b'\\')) {
            // Such a byte is a character, so the slices are whole characters.
            self.0.write_str(text.get(plain_from..index).unwrap_or_default())?;
            plain_from = index + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                control => write!(self.0, "\\u{control:04x}")?,
            }
        }
        self.0.write_str(text.get(plain_from..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// Logs an event through a subscriber and returns its line without the time.
    fn logged(subscriber: impl Subscriber + Send + Sync, lines: &Lines) -> String {
        let control: String = (0..0x20_u8).map(char::from).collect();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", request.id = "r").entered();
            tracing::warn!(
                target: "audit",
                { request.id = "a \"quoted\" \\ id", control, unicode = "é\u{2028}😀\u{7f}", count = 18_446_744_073_709_551_615_u64,
                  below = -7_i64, truth = true, ratio = 0.25, whole = 2.0, none = None::<&str>,
                  shown = tracing::field::display("192.0.2.1"), debugged = ?["x\n"], infinite = f64::INFINITY },
                "read {} items of \"{}\"", 3, "a\tb",
            );
        });
        let line = String::from_utf8(std::mem::take(&mut *lines.0.lock().unwrap())).unwrap();
        let (time, rest) = line.split_at(line.find(",\"level\"").unwrap());
        assert!(time.starts_with("{\"timestamp\":\"2") && time.ends_with("Z\""), "{time}");
        rest.to_owned()
    }

    #[test]
    fn a_line_has_the_members_that_the_libraries_formatter_writes_in_the_same_order() {
        let lines = Lines::default();
        let builder = || tracing_subscriber::fmt().with_writer(lines.clone());
        let ours = logged(builder().event_format(JsonLine).finish(), &lines);
        let library = builder().json().flatten_event(true).with_current_span(false).with_span_list(false);
        let theirs = logged(library.finish(), &lines);
        let parsed = |line: &str| -> Value { serde_json::from_str(&format!("{{{}", line.trim_start_matches(','))).unwrap() };
        assert_eq!(parsed(&ours), parsed(&theirs));
        assert_eq!(parsed(&ours)["request.id"], json!("a \"quoted\" \\ id"));
        // serde writes the control characters \b and \f with short escapes: the same string, one byte shorter.
        let short = ours.replace("\\u0008", "\\b").replace("\\u000c", "\\f");
        assert_eq!(short, theirs);
    }
}
