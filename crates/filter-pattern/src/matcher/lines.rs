//! Finds the lines of a text that match.
//!
//! Owns the prefilter: when a pattern requires certain characters, the whole text is searched for them, and only the lines that
//! contain them are matched. Never decides by itself that a line matches.

use std::iter::FusedIterator;

use memchr::{memchr, memmem::Finder, memrchr};

use super::Matcher;

/// The lines of a text that a pattern matches, in their order, without their line feeds: see [`Matcher::lines`].
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    matcher: &'a Matcher,
    /// Characters that occur in each matching line; empty if none are known.
    needles: Vec<Needle<'a>>,
    text: &'a str,
    position: usize,
}

#[derive(Debug, Clone)]
struct Needle<'a> {
    finder: &'a Finder<'static>,
    /// The position of its next occurrence from the beginning of the search; the length of the text without one.
    found: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(matcher: &'a Matcher, finders: Vec<&'a Finder<'static>>, text: &'a str) -> Self {
        // A needle with a line feed occurs in no line, so it does not help.
        let known = !finders.iter().any(|finder| finder.needle().contains(&b'\n'));
        let find = |finder: &'a Finder<'static>| Needle { finder, found: finder.find(text.as_bytes()).unwrap_or(text.len()) };
        Self { matcher, needles: finders.into_iter().filter(|_| known).map(find).collect(), text, position: 0 }
    }

    /// Returns the next line that may match, and moves past it.
    fn candidate(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let mut found = self.position;
        if !self.needles.is_empty() {
            found = bytes.len();
            for needle in &mut self.needles {
                if needle.found < self.position {
                    let next = needle.finder.find(bytes.get(self.position..)?);
                    needle.found = next.map_or(bytes.len(), |next| self.position + next);
                }
                found = found.min(needle.found);
            }
        }
        let rest = bytes.get(found..).filter(|rest| !rest.is_empty())?;
        let start = memrchr(b'\n', bytes.get(self.position..found)?).map_or(self.position, |feed| self.position + feed + 1);
        let end = memchr(b'\n', rest).map_or(bytes.len(), |length| found + length);
        self.position = end + 1;
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
