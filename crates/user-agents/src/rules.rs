//! The compiled rules.
//!
//! Owns their order: of each list the first rule that matches decides. A rule for a library yields to a rule for a bot, because bots
//! also name the library that they use.

use std::borrow::Cow;
use std::fmt;

use ua_parser::{os, user_agent};

use crate::{Class, UNKNOWN, UserAgent};

/// Lines of a kind (`family` or `system`), a pattern, and the name in place of the pattern's first group. Tabs between the columns.
const FAMILIES: &str = include_str!("../data/families.tsv");
/// Lines of a tag and a pattern.
const CRAWLERS: &str = include_str!("../data/crawlers.tsv");
/// How bots that no rule names call themselves. CUBOT is a maker of phones, and its name is followed by a space.
const UNNAMED: &str = r"(?i)(?:crawler|spider|scraper|(?:^|[^u])bot)(?:[/;:)_\-.,]|$)|\+https?://";
/// The least length of the literals by which a rule is found, as in ua-parser.
const LITERAL: usize = 3;

/// Why the rules cannot be compiled. A test compiles those of this crate.
#[derive(Debug)]
struct InvalidRule(String);

impl fmt::Display for InvalidRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl InvalidRule {
    fn of(error: impl fmt::Debug) -> Self {
        Self(format!("{error:?}"))
    }
}

pub(crate) struct Rules {
    families: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
    crawlers: regex_filtered::Regexes,
    /// The class of each pattern in `crawlers`.
    classes: Vec<Class>,
}

impl Rules {
    pub(crate) fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the rules are constants, and a test compiles them")]
        Self::compile().expect("the rules of this crate are valid")
    }

    fn compile() -> Result<Self, InvalidRule> {
        let (mut families, mut systems) = (user_agent::Builder::new(), os::Builder::new());
        for line in FAMILIES.lines() {
            let mut cells = line.split('\t');
            let (Some(kind), Some(regex), Some(name)) = (cells.next(), cells.next(), cells.next()) else {
                return Err(InvalidRule(format!("not three columns: {line}")));
            };
            let (regex, name) = (Cow::from(regex), Some(Cow::from(name)).filter(|name| !name.is_empty()));
            if kind == "family" {
                let rule = user_agent::Parser { regex, family_replacement: name, ..Default::default() };
                families = families.push(rule).map_err(InvalidRule::of)?;
            } else {
                let rule = os::Parser { regex, os_replacement: name, ..Default::default() };
                systems = systems.push(rule).map_err(InvalidRule::of)?;
            }
        }
        let (mut crawlers, mut classes) = (regex_filtered::Builder::new_atom_len(LITERAL), Vec::new());
        let named = CRAWLERS.lines().filter_map(|line| line.split_once('\t')).map(|(tag, regex)| (Class::of_tag(tag), regex));
        for (class, regex) in named.chain([(Class::Bot, UNNAMED)]) {
            crawlers = crawlers.push(regex).map_err(InvalidRule::of)?;
            classes.push(class);
        }
        Ok(Self {
            families: families.build().map_err(InvalidRule::of)?,
            systems: systems.build().map_err(InvalidRule::of)?,
            crawlers: crawlers.build().map_err(InvalidRule::of)?,
            classes,
        })
    }

    pub(crate) fn recognize<'a>(&'static self, header: &'a str) -> UserAgent<'a> {
        let family = self.families.extract(header).map(|found| found.family);
        UserAgent {
            class: self.class(header, family.is_some()),
            family: family.unwrap_or(Cow::Borrowed(UNKNOWN)),
            system: self.systems.extract(header).map_or(Cow::Borrowed(UNKNOWN), |found| found.os),
        }
    }

    fn class(&self, header: &str, has_family: bool) -> Class {
        let mut found = None;
        for (rule, _) in self.crawlers.matching(header) {
            match self.classes.get(rule) {
                Some(Class::Library) => found = found.or(Some(Class::Library)),
                // After the named bots comes the rule for those without a name.
                Some(class) => return *class,
                None => {}
            }
        }
        // Every browser in use begins like this, and other programs rarely do.
        let is_browser = has_family && (header.starts_with("Mozilla/") || header.starts_with("Opera/"));
        found.unwrap_or(if is_browser { Class::Browser } else { Class::Other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_compile() {
        let rules = Rules::compile().unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(rules.classes.len(), CRAWLERS.lines().count() + 1);
        assert!(CRAWLERS.lines().all(|line| line.split('\t').count() == 2));
    }

    /// A new tag of the data needs a class of its own, or a decision that it does not.
    #[test]
    fn each_tag_is_a_class() {
        for tag in CRAWLERS.lines().filter_map(|line| line.split('\t').next()) {
            assert_eq!(Class::of_tag(tag).as_str(), tag);
        }
    }
}
