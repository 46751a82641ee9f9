//! Patterns: texts of one structure, whose words may differ.

use std::collections::HashMap;

use super::tokens::{Kind, Severity, Token, severity, tokens};

/// Most patterns of the same punctuation; another text joins the most similar one.
const MOST_ALIKE: usize = 100;

/// The patterns so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Clusters {
    /// By signature: everything except the words.
    by_signature: HashMap<Box<str>, Vec<Cluster>>,
    signature: String,
}

/// Texts with the same signature and enough common words.
#[derive(Debug, Clone)]
struct Cluster {
    /// The words; `None` where they differ.
    words: Vec<Option<Box<str>>>,
    count: u64,
}

/// A pattern of the result.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) count: u64,
    pub(super) severity: Option<Severity>,
}

/// Placeholders of tokens in a signature: a word, and the kinds in their order. They do not occur in texts, whose control
/// characters are replaced by spaces.
const WORD: char = '\u{1}';
const KINDS: [(char, Kind); 4] = [('\u{2}', Kind::Time), ('\u{3}', Kind::Ip), ('\u{4}', Kind::Id), ('\u{5}', Kind::Number)];

impl Clusters {
    /// Adds a text; returns the growth in bytes.
    pub(super) fn add(&mut self, text: &str) -> usize {
        let signature = &mut self.signature;
        signature.clear();
        let mut words: Vec<&str> = Vec::new();
        tokens(text, |token| match token {
            Token::Fixed(fixed) => {
                let shown = |character: char| if (WORD..='\u{5}').contains(&character) { ' ' } else { character };
                signature.extend(fixed.chars().map(shown));
            }
            Token::Word(word) => {
                signature.push(WORD);
                words.push(word);
            }
            Token::Varying(kind) => {
                signature.extend(KINDS.iter().find(|(_, known)| *known == kind).map(|(character, _)| *character));
            }
        });
        let Some(clusters) = self.by_signature.get_mut(signature.as_str()) else {
            let cluster = Cluster::of(&words);
            let bytes = cluster.bytes() + signature.len() + ENTRY;
            self.by_signature.insert(signature.as_str().into(), vec![cluster]);
            return bytes;
        };
        let likeness = |cluster: &Cluster| cluster.likeness(&words);
        // The first of equally similar ones.
        let best = clusters.iter().enumerate().rev().max_by_key(|(_, cluster)| likeness(cluster)).map(|(place, _)| place);
        let is_full = clusters.len() >= MOST_ALIKE;
        match best.and_then(|place| clusters.get_mut(place)) {
            Some(cluster) if is_full || cluster.likeness(&words) * 2 >= words.len() => {
                cluster.join(&words);
                0
            }
            _ => {
                let cluster = Cluster::of(&words);
                let bytes = cluster.bytes();
                clusters.push(cluster);
                bytes
            }
        }
    }

    /// The patterns, unordered.
    pub(super) fn into_patterns(self) -> impl Iterator<Item = Found> {
        let written = |(signature, clusters): (Box<str>, Vec<Cluster>)| {
            clusters.into_iter().map(move |cluster| cluster.into_pattern(&signature))
        };
        self.by_signature.into_iter().flat_map(written)
    }
}

/// The approximate overhead of a map for each entry: see [`super::super::key::ENTRY`].
const ENTRY: usize = super::super::key::ENTRY + size_of::<Vec<Cluster>>();

impl Cluster {
    fn of(words: &[&str]) -> Self {
        Self { words: words.iter().map(|word| Some(Box::from(*word))).collect(), count: 1 }
    }

    fn bytes(&self) -> usize {
        // The allocator's overhead for each word.
        const ALLOCATION: usize = 16;
        let word = |word: &Option<Box<str>>| size_of::<Option<Box<str>>>() + ALLOCATION + word.as_deref().map_or(0, str::len);
        size_of::<Self>() + self.words.iter().map(word).sum::<usize>()
    }

    /// The number of equal words; a position where words differ already does not count.
    fn likeness(&self, words: &[&str]) -> usize {
        self.words.iter().zip(words).filter(|(known, word)| known.as_deref() == Some(**word)).count()
    }

    fn join(&mut self, words: &[&str]) {
        self.count += 1;
        for (known, word) in self.words.iter_mut().zip(words) {
            if known.as_deref() != Some(*word) {
                *known = None;
            }
        }
    }

    fn into_pattern(self, signature: &str) -> Found {
        let mut text = String::with_capacity(signature.len());
        let mut words = self.words.iter();
        let mut varying = 0;
        for character in signature.chars() {
            let kind = if character == WORD {
                match words.next() {
                    Some(Some(word)) => {
                        text.push_str(word);
                        continue;
                    }
                    _ => Kind::Token,
                }
            } else {
                match KINDS.iter().find(|(known, _)| *known == character) {
                    Some((_, kind)) => *kind,
                    None => {
                        text.push(character);
                        continue;
                    }
                }
            };
            varying += 1;
            text.push_str(&format!("<{}-{varying}>", kind.name()));
        }
        let severity = level(&text);
        Found { text, count: self.count, severity }
    }
}

/// The first level in a text.
fn level(text: &str) -> Option<Severity> {
    let mut before = None;
    let mut found = None;
    for word in text.split(|character: char| !character.is_alphanumeric() && character != '_').filter(|word| !word.is_empty()) {
        found = found.or_else(|| severity(word, before));
        before = Some(word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Clusters;

    fn patterns(texts: &[&str]) -> Vec<(u64, String)> {
        let mut clusters = Clusters::default();
        for text in texts {
            clusters.add(text);
        }
        let mut found: Vec<_> = clusters.into_patterns().map(|found| (found.count, found.text)).collect();
        found.sort();
        found
    }

    #[test]
    fn what_varies_is_told_from_what_is_common() {
        for (text, pattern) in [
            ("2023-01-01 19:00:01 [INFO] stored id 12342342k124-12345", "<Time-1> [INFO] stored id <ID-2>"),
            ("[INFO] Request time: 327 ms", "[INFO] Request time: <Number-1> ms"),
            ("took 12.5ms, 3KB", "took <Number-1>ms, <Number-2>KB"),
            ("from 10.1.2.3:443.", "from <IP-1>:<Number-2>."),
            ("id=6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001;", "id=<ID-1>;"),
            (
                "10.0.0.1 - - [05/Jan/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 200",
                "<IP-1> - - [<Time-2>] \"GET / HTTP/<Number-3>\" <Number-4>",
            ),
            ("{\"at\":\"2026-01-05T08:00:00.123Z\",\"n\":7}", "{\"at\":\"<Time-1>\",\"n\":<Number-2>}"),
            ("v1.2.3 at 08:00:00,5", "<ID-1> at <Time-2>"),
            ("no digits: x-y", "no digits: x-y"),
            ("café 5€", "café <Number-1>€"),
            ("", ""),
        ] {
            assert_eq!(patterns(&[text]), [(1, pattern.to_owned())], "{text}");
        }
    }

    #[test]
    fn words_that_differ_become_tokens_when_most_are_the_same() {
        let texts = ["user ann logged in", "user bob logged in", "user ann logged out", "ERROR: user ann logged in", "shutdown"];
        assert_eq!(
            patterns(&texts),
            [
                (1, "ERROR: user ann logged in".to_owned()),
                (1, "shutdown".to_owned()),
                (3, "user <Token-1> logged <Token-2>".to_owned()),
            ]
        );
    }

    #[test]
    fn a_text_of_control_characters_is_a_pattern_of_itself() {
        assert_eq!(patterns(&["a\u{1}b\u{2}"]), [(1, "a b ".to_owned())]);
    }
}
