//! The prefixes and names to request from a source, so that every visible name is found with as few others as possible.
//!
//! Owns the translation of patterns into the two requests that a list of names supports: one name, or all names with a prefix. A part
//! that covers hidden names too is [`Part::Mixed`], and the caller checks each of its names.

use super::pattern::{Pattern, longer};

/// One request for names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// All names with this prefix. All of them are visible.
    Prefix(String),
    /// All names with this prefix. Some of them may be hidden, so each name must be checked.
    Mixed(String),
    /// This one name. It is visible.
    Name(String),
}

impl Part {
    /// The name or the prefix.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Prefix(text) | Self::Mixed(text) | Self::Name(text) => text,
        }
    }

    /// The part of one pattern.
    fn of(pattern: &Pattern) -> Self {
        match pattern.literal() {
            Some(name) => Self::Name(name.to_owned()),
            None if pattern.as_str().trim_end_matches('*').len() == pattern.prefix().len() => {
                Self::Prefix(pattern.prefix().to_owned())
            }
            None => Self::Mixed(pattern.prefix().to_owned()),
        }
    }

    /// The part that this part and the pattern have in common; `None`: no name.
    fn and(&self, pattern: &Pattern) -> Option<Self> {
        let other = Self::of(pattern);
        match (self, &other) {
            (Self::Name(name), _) => pattern.matches(name).then(|| self.clone()),
            (_, Self::Name(name)) => name.starts_with(self.text()).then_some(other),
            _ => {
                let text = longer(self.text(), other.text())?.to_owned();
                // A pattern that ends in `*` and matches the prefix itself matches every name with that prefix.
                let takes_all = pattern.as_str().ends_with('*') && pattern.matches(&text);
                Some(if takes_all && matches!(self, Self::Prefix(_)) { Self::Prefix(text) } else { Self::Mixed(text) })
            }
        }
    }

    /// Whether this part covers the other part.
    fn includes(&self, other: &Self) -> bool {
        match self {
            Self::Name(_) => self == other,
            Self::Prefix(prefix) | Self::Mixed(prefix) => other.text().starts_with(prefix),
        }
    }
}

/// The parts that cover the names with the prefix `wanted` that match a pattern of each set, ascending by text. No name is in
/// two parts. All names of a part come before all names of the next.
#[must_use]
pub fn cover(wanted: &str, sets: &[&[Pattern]]) -> Vec<Part> {
    let mut parts = vec![Part::Prefix(wanted.to_owned())];
    for set in sets {
        let both = parts.iter().flat_map(|part| set.iter().filter_map(move |pattern| part.and(pattern)));
        parts = disjoint(both.collect());
    }
    // A mixed part has lost its pattern, so its names that match no pattern are removed here.
    let matches = |name: &str| sets.iter().all(|set| set.iter().any(|pattern| pattern.matches(name)));
    parts.retain(|part| !matches!(part, Part::Name(name) if !matches(name)));
    parts
}

fn disjoint(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by(|one, other| one.text().cmp(other.text()).then_with(|| one.cmp(other)));
    // The parts that a prefix includes directly follow it.
    parts.dedup_by(|next, kept| kept.includes(next));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::try_from(*text).unwrap()).collect()
    }

    fn written(parts: &[Part]) -> Vec<String> {
        let write = |part: &Part| match part {
            Part::Prefix(text) => format!("{text}*"),
            Part::Mixed(text) => format!("{text}?"),
            Part::Name(text) => text.clone(),
        };
        parts.iter().map(write).collect()
    }

    #[test]
    fn patterns_become_names_and_prefixes() {
        for (wanted, one, other, expected) in [
            ("", vec!["web-*"], None, vec!["web-*"]),
            ("", vec!["web-1", "web-2"], None, vec!["web-1", "web-2"]),
            ("", vec!["web-1", "web-*", "db"], None, vec!["db", "web-*"]),
            ("", vec!["a", "a*", "ab*"], None, vec!["a*"]),
            ("", vec!["a*", "b*"], None, vec!["a*", "b*"]),
            ("", vec!["*-prod"], None, vec!["?"]),
            ("", vec!["web-*-prod", "web-1*"], None, vec!["web-?"]),
            ("", vec!["a**"], None, vec!["a*"]),
            ("", vec![], None, vec![]),
            ("web-1", vec!["web-*", "db*"], None, vec!["web-1*"]),
            ("web", vec!["web-1", "web-2*", "db"], None, vec!["web-1", "web-2*"]),
            ("db", vec!["web-*"], None, vec![]),
            // The text after the star is already in the prefix.
            ("axxb1", vec!["a*b*"], None, vec!["axxb1*"]),
            ("axx", vec!["a*b*"], None, vec!["axx?"]),
            ("", vec!["/acme/*", "/shared/gateway"], Some(vec!["*"]), vec!["/acme/*", "/shared/gateway"]),
            ("", vec!["/acme/*"], Some(vec!["/acme/api", "/other"]), vec!["/acme/api"]),
            ("", vec!["/acme/*"], Some(vec!["/acme/a*", "/acme/b*"]), vec!["/acme/a*", "/acme/b*"]),
            ("", vec!["*x"], Some(vec!["/y", "/x"]), vec!["/x"]),
            ("", vec!["*x", "/a*"], Some(vec!["/a/*"]), vec!["/a/?"]),
        ] {
            let (one, other) = (patterns(&one), other.map(|other| patterns(&other)));
            let sets: Vec<&[Pattern]> = std::iter::once(one.as_slice()).chain(other.as_deref()).collect();
            assert_eq!(written(&cover(wanted, &sets)), expected, "{wanted} {one:?} {other:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn every_visible_name_is_in_one_part_and_exact_parts_hide_nothing(
            one in proptest::collection::vec("[ab*]{1,4}", 0..4),
            other in proptest::collection::vec("[ab*]{1,4}", 1..3),
            wanted in "[ab]{0,2}",
            names in proptest::collection::vec("[ab]{1,6}", 1..20),
        ) {
            let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::try_from(text.as_str()).unwrap()).collect::<Vec<_>>();
            let (one, other) = (patterns(&one), patterns(&other));
            let parts = cover(&wanted, &[&one, &other]);
            prop_assert!(parts.is_sorted_by(|a, b| a.text() < b.text()), "{parts:?}");
            for name in &names {
                let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(name));
                let is_seen = name.starts_with(&wanted) && any(&one) && any(&other);
                let holds = |part: &&Part| match part {
                    Part::Name(text) => text == name,
                    Part::Prefix(text) | Part::Mixed(text) => name.starts_with(text.as_str()),
                };
                let holding: Vec<&Part> = parts.iter().filter(holds).collect();
                prop_assert!(holding.len() <= 1, "{name} is in {holding:?}");
                prop_assert!(!is_seen || holding.len() == 1, "{name} is in none of {parts:?}");
                let is_exact = holding.iter().any(|part| !matches!(part, Part::Mixed(_)));
                prop_assert_eq!(is_exact && !is_seen, false, "{} in {:?}", name, &holding);
            }
        }
    }
}
