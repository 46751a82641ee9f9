//! The lines of a text that match.
//!
//! Owns skipping: where a pattern needs certain characters, the whole text is searched for them at once, and only the lines
//! that hold them are looked at. Never decides by itself that a line matches.

use std::iter::FusedIterator;

use memchr::{memchr, memmem::Finder, memrchr};

use super::Matcher;

/// The lines of a text that a pattern matches, in their order, without their line feeds: see [`Matcher::lines`].
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    matcher: &'a Matcher,
    needle: Option<&'a Finder<'static>>,
    text: &'a str,
    place: usize,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(matcher: &'a Matcher, needle: Option<&'a Finder<'static>>, text: &'a str) -> Self {
        Self { matcher, needle, text, place: 0 }
    }

    /// The next line that may match, and moves behind it.
    fn candidate(&mut self) -> Option<&'a str> {
        let rest = self.text.as_bytes().get(self.place..).filter(|rest| !rest.is_empty())?;
        let (start, found) = match self.needle {
            None => (self.place, 0),
            Some(needle) => {
                let found = needle.find(rest)?;
                (memrchr(b'\n', rest.get(..found)?).map_or(self.place, |feed| self.place + feed + 1), found)
            }
        };
        let end = memchr(b'\n', rest.get(found..)?).map_or(self.text.len(), |length| self.place + found + length);
        self.place = end + 1;
        self.text.get(start..end)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let line = self.candidate()?;
            if self.matcher.matches(line) {
                return Some(line);
            }
        }
    }
}

impl FusedIterator for Lines<'_> {}
