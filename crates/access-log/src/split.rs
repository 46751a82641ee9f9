//! Lines that follow each other without a line end, as Firehose delivers them.

use serde::de::IgnoredAny;

use crate::format::{Format, Shape};
use crate::sequence::{Match, Sequence};

/// The least number of values that the begin of a line has, so that a cut in the middle of a value is not taken for one.
const BEGIN_VALUES: usize = 3;

impl Format {
    /// The lines of a text: at line ends, and where a line begins directly behind another.
    ///
    /// JSON objects end where they are complete, and XML at its last tag. A line that ends with an identifier ends with the
    /// UUID or behind the `=`; other identifiers give no sign of their end, and their lines stay together.
    pub fn split<'f, 't>(&'f self, text: &'t str) -> impl Iterator<Item = &'t str> + use<'f, 't> {
        text.split('\n')
            .map(|line| line.trim_end_matches('\r'))
            .flat_map(|line| self.split_line(line))
            .filter(|line| !line.trim().is_empty())
    }

    fn split_line<'t>(&self, line: &'t str) -> Vec<&'t str> {
        let mut lines = Vec::new();
        let mut rest = line;
        while let Some(end) = self.first_end(rest).filter(|end| *end > 0 && *end < rest.len()) {
            let (first, behind) = rest.split_at(end);
            lines.push(first);
            rest = behind;
        }
        lines.push(rest);
        lines
    }

    /// The end of the first line of a text that has several.
    fn first_end(&self, text: &str) -> Option<usize> {
        match &self.shape {
            Shape::Json(_) => {
                let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
                values.next()?.ok()?;
                let end = values.byte_offset();
                text.get(end..)?.trim_start().starts_with('{').then_some(end)
            }
            Shape::Sequence(sequence) => sequence.first_end(text),
        }
    }
}

impl Sequence {
    fn first_end(&self, text: &str) -> Option<usize> {
        let last = &*self.gaps.last()?.after;
        if !last.is_empty() {
            let places = text.match_indices(last).map(|(at, _)| at + last.len());
            return places.into_iter().find(|end| text.get(*end..).is_some_and(|behind| self.begins(behind.trim_start())));
        }
        let is_end = |end: &usize| {
            let (Some(line), Some(behind)) = (text.get(..*end), text.get(*end..)) else { return false };
            self.begins(behind) && self.ends_with_identifier(line)
        };
        (1..text.len()).find(is_end)
    }

    /// Whether a line begins at the start of a text.
    fn begins(&self, text: &str) -> bool {
        self.matched_values(text) >= BEGIN_VALUES.min(self.gaps.len())
    }

    /// Whether a text is a line that ends with a complete identifier.
    fn ends_with_identifier(&self, line: &str) -> bool {
        let tail =
            line.as_bytes().rsplit(|byte| !(byte.is_ascii_alphanumeric() || b"-_=".contains(byte))).next().unwrap_or_default();
        let is_uuid = tail.len() == 36 && tail.iter().filter(|byte| **byte == b'-').count() == 4;
        let count = self.gaps.iter().map(|gap| gap.slot + 1).max().unwrap_or_default();
        (is_uuid || tail.ends_with(b"=")) && self.find(line, &mut vec![None; count]) == Match::Full
    }
}
