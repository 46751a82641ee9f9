//! Expressions that are a sequence of literals and runs of characters, such as `"status":"(\d+)","path":"([^"]*)"`.
//!
//! Most expressions of `parse` have this form. If the byte after a run cannot be in the run, only one match is possible and no
//! automaton is needed. One run of each expression may be open, such as `.*`: the positions of the literal after it are tried in
//! the order of preference. The matches are those of `regex`; a property test compares them.

use memchr::memmem::{Finder, FinderRev};
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// Positions that are tried in one text. A text that needs more is searched by `regex`, in time linear in its length.
const MOST_TRIES: usize = 64;
/// Each try may read the whole text, so a long text gets fewer.
const MOST_TRIED_BYTES: usize = 1 << 20;

/// A compiled sequence.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    steps: Vec<Step>,
    /// Finds the literal that every match begins with; `None` for an expression that matches only at the beginning of the text.
    first: Option<Finder<'static>>,
    groups: usize,
}

#[derive(Debug, Clone)]
enum Step {
    /// The start of a group or, with an odd number, its end.
    Mark(usize),
    Literal(Vec<u8>),
    Run(Run),
    /// A run that may contain the bytes of the literal after it.
    Open(Run, Box<Literal>),
}

/// Characters of a class.
#[derive(Debug, Clone)]
struct Run {
    bytes: Box<[bool; 256]>,
    least: usize,
    most: usize,
    is_greedy: bool,
}

/// The literal after an open run, searchable from either end.
#[derive(Debug, Clone)]
struct Literal {
    length: usize,
    forwards: Finder<'static>,
    backwards: FinderRev<'static>,
}

/// The start and the end of each group, by its number.
pub(super) type Places = Vec<(usize, usize)>;

impl Sequence {
    /// The sequence of an expression; `None` for an expression of another form.
    pub(super) fn of(expression: &str) -> Option<Self> {
        let tree = regex_syntax::parse(expression).ok()?;
        let mut parts = Parts::default();
        parts.read(&tree)?;
        let Parts { mut steps, is_anchored, groups } = parts;
        open_runs(&mut steps)?;
        let begins_with = steps.iter().find(|step| !matches!(step, Step::Mark(_)));
        let first = match begins_with {
            _ if is_anchored => None,
            Some(Step::Literal(literal)) => Some(Finder::new(literal).into_owned()),
            _ => return None,
        };
        Some(Self { steps, first, groups })
    }

    /// The first match. `None` if the text needs too many tries; the caller then uses `regex`.
    pub(super) fn find(&self, text: &str, places: &mut Places) -> Option<bool> {
        places.clear();
        places.resize(self.groups + 1, (0, 0));
        let text = text.as_bytes();
        let mut tries = (MOST_TRIED_BYTES / text.len().max(1)).clamp(1, MOST_TRIES);
        let Some(first) = &self.first else { return self.matches(&self.steps, 0, text, places, &mut tries) };
        let mut from = 0;
        while let Some(found) = first.find(text.get(from..)?) {
            if self.matches(&self.steps, from + found, text, places, &mut tries)? {
                return Some(true);
            }
            from += found + 1;
        }
        Some(false)
    }

    /// Whether steps match at a position; `None` after too many tries.
    fn matches(&self, steps: &[Step], mut place: usize, text: &[u8], places: &mut Places, tries: &mut usize) -> Option<bool> {
        *tries = tries.checked_sub(1)?;
        for (index, step) in steps.iter().enumerate() {
            let rest = text.get(place..)?;
            match step {
                Step::Mark(mark) => match (places.get_mut(mark / 2)?, mark % 2) {
                    ((begin, _), 0) => *begin = place,
                    ((_, end), _) => *end = place,
                },
                Step::Literal(literal) if rest.starts_with(literal) => place += literal.len(),
                Step::Literal(_) => return Some(false),
                Step::Run(run) => match run.length(rest) {
                    length if length < run.least => return Some(false),
                    length => place += length,
                },
                Step::Open(run, literal) => {
                    let rest = steps.get(index + 1..)?;
                    return self.open((run, literal), rest, place, text, places, tries);
                }
            }
        }
        Some(true)
    }

    /// Tries the positions of the literal after an open run: the last first for a greedy run, otherwise the first.
    fn open(
        &self,
        (run, literal): (&Run, &Literal),
        behind: &[Step],
        place: usize,
        text: &[u8],
        places: &mut Places,
        tries: &mut usize,
    ) -> Option<bool> {
        let length = run.length(text.get(place..)?);
        if length < run.least {
            return Some(false);
        }
        let (mut begin, mut end) = (place + run.least, (place + length + literal.length).min(text.len()));
        while let Some(window) = text.get(begin..end) {
            let found = if run.is_greedy { literal.backwards.rfind(window) } else { literal.forwards.find(window) };
            let Some(at) = found.map(|found| begin + found) else { break };
            if self.matches(behind, at, text, places, tries)? {
                return Some(true);
            }
            if run.is_greedy {
                end = at + literal.length - 1;
            } else {
                begin = at + 1;
            }
        }
        Some(false)
    }
}

impl Run {
    fn has(&self, byte: u8) -> bool {
        self.bytes.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// The number of bytes of the longest possible run.
    fn length(&self, text: &[u8]) -> usize {
        let most = self.most.min(text.len());
        let text = text.get(..most).unwrap_or_default();
        text.iter().position(|byte| !self.has(*byte)).unwrap_or(most)
    }

    /// A run of characters of a class. Characters beyond ASCII have several bytes, so a class has all of them or none, and
    /// only runs of ASCII are counted.
    fn of(class: &Class, least: u32, most: Option<u32>, is_greedy: bool) -> Option<Self> {
        let mut bytes = Box::new([false; 256]);
        let mut add = |begin: u32, end: u32| {
            let is_rest = begin <= 0x80 && end == u32::from(char::MAX);
            if end >= 0x80 && !is_rest {
                return None;
            }
            (begin..=end.min(0xff)).for_each(|byte| bytes[byte as usize & 0xff] = true);
            Some(())
        };
        match class {
            Class::Unicode(class) => {
                class.iter().try_for_each(|range| add(u32::from(range.start()), u32::from(range.end())))?;
            }
            Class::Bytes(class) => {
                class.iter().try_for_each(|range| add(u32::from(range.start()), u32::from(range.end())))?;
            }
        }
        let is_counted = least > 1 || most.is_some();
        if is_counted && bytes[0x80] {
            return None;
        }
        let most = most.map_or(Some(usize::MAX), |most| usize::try_from(most).ok())?;
        Some(Self { bytes, least: usize::try_from(least).ok()?, most, is_greedy })
    }
}

/// The steps of a tree, in order.
#[derive(Debug, Default)]
struct Parts {
    steps: Vec<Step>,
    is_anchored: bool,
    groups: usize,
}

impl Parts {
    /// Reads a part of a tree; `None` for any other form.
    fn read(&mut self, tree: &Hir) -> Option<()> {
        match tree.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => match self.steps.last_mut() {
                Some(Step::Literal(known)) => known.extend_from_slice(&literal.0),
                _ => self.steps.push(Step::Literal(literal.0.to_vec())),
            },
            HirKind::Class(class) => self.steps.push(Step::Run(Run::of(class, 1, Some(1), true)?)),
            HirKind::Repetition(Repetition { min, max, greedy, sub }) => {
                let HirKind::Class(class) = sub.kind() else { return None };
                self.steps.push(Step::Run(Run::of(class, *min, *max, *greedy)?));
            }
            HirKind::Capture(capture) => {
                let number = usize::try_from(capture.index).ok()?;
                self.groups = self.groups.max(number);
                self.steps.push(Step::Mark(2 * number));
                self.read(&capture.sub)?;
                self.steps.push(Step::Mark(2 * number + 1));
            }
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.read(part))?,
            HirKind::Look(Look::Start) if self.steps.is_empty() => self.is_anchored = true,
            HirKind::Look(_) | HirKind::Alternation(_) => return None,
        }
        Some(())
    }
}

/// Separates the runs with one possible end from the open one; `None` with several open ones.
fn open_runs(steps: &mut [Step]) -> Option<()> {
    let mut has_open = false;
    for index in 0..steps.len() {
        let (before, behind) = steps.split_at_mut(index + 1);
        let Some(step @ Step::Run(_)) = before.last_mut() else { continue };
        let Step::Run(run) = &*step else { continue };
        let is_exact = run.most == run.least;
        let next = behind.iter().find(|step| !matches!(step, Step::Mark(_)));
        let ends = match next {
            _ if is_exact => true,
            None => run.is_greedy,
            Some(Step::Literal(literal)) => literal.first().is_some_and(|byte| !run.has(*byte)),
            Some(Step::Run(other)) => other.least > 0 && (0..=u8::MAX).all(|byte| !(run.has(byte) && other.has(byte))),
            Some(_) => false,
        };
        if ends {
            continue;
        }
        let Some(Step::Literal(literal)) = next else { return None };
        if has_open || run.most != usize::MAX {
            return None;
        }
        has_open = true;
        let (forwards, backwards) = (Finder::new(literal).into_owned(), FinderRev::new(literal).into_owned());
        let literal = Literal { length: literal.len(), forwards, backwards };
        *step = Step::Open(run.clone(), Box::new(literal));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{Places, Sequence};
    use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};
    use proptest::sample::select;

    /// The positions of all groups of the first match by `regex`; `None` without a match.
    fn defined(expression: &str, text: &str) -> Option<Places> {
        let captures = regex::Regex::new(expression).unwrap().captures(text)?;
        Some((1..captures.len()).map(|group| captures.get(group).map_or((0, 0), |found| (found.start(), found.end()))).collect())
    }

    fn found(expression: &str, text: &str) -> Option<Option<Places>> {
        let mut places = Vec::new();
        let is_found = Sequence::of(expression)?.find(text, &mut places)?;
        Some(is_found.then(|| places[1..].to_vec()))
    }

    #[test]
    fn common_expressions_are_sequences() {
        let line = r#"{"method":"GET","a":"x","status":"503","length":"17","status":"x"}"#;
        for expression in [
            r#""method":"([A-Z]+)".*"status":"([0-9]+)","length":"([0-9]+)""#,
            r#""method":"([A-Z]+)".*?"status":"([^"]*)""#,
            r#"^\{"method":"(GET)(.*)"#,
            r#""status":"([0-9]{3})"#,
            r#""status":"(5[0-9]+)""#,
            r#""none":"(.*)""#,
            r#"":"([^,]+),"#,
        ] {
            assert_eq!(found(expression, line), Some(defined(expression, line)), "{expression}");
        }
        for expression in ["(a|b)c", "a.*b.*c", "([a-z]+)=x", "a$", "a(b)?c", "a\\bc", "aé*", "a[à-ü]+b", "a.{3}b", "(?i)k(a)"]
        {
            assert!(Sequence::of(expression).is_none(), "{expression}");
        }
    }

    #[test]
    fn a_text_that_needs_many_tries_is_left_to_the_automaton() {
        let sequence = Sequence::of("a(.*)b([0-9]+)c").unwrap();
        assert_eq!(sequence.find(&"ab1".repeat(1_000), &mut Vec::new()), None);
        assert_eq!(sequence.find(&"ab".repeat(5), &mut Vec::new()), Some(false));
    }

    fn part() -> impl Strategy<Value = String> {
        let class = || select(vec!["[ab]", "[0-9]", "[^\"]", ".", "[^:\n]", "[a-z0-9]", "[^0-9]", "a"]);
        let count = || select(vec!["+", "*", "", "{2}", "{1,2}", "+?", "*?", "?"]);
        prop_oneof![
            3 => select(vec!["a", "b", "1", "\"", ":", "ab", "a1", "é", "\n", "\":\""]).prop_map(str::to_owned),
            2 => (class(), count()).prop_map(|(class, count)| format!("{class}{count}")),
            3 => (class(), count()).prop_map(|(class, count)| format!("({class}{count})")),
            1 => (class(), count(), Just("a")).prop_map(|(class, count, literal)| format!("({literal}({class}{count}){literal})")),
        ]
    }

    proptest! {
        #[test]
        fn a_sequence_finds_what_the_automaton_finds(parts in proptest::collection::vec(part(), 1..6), anchor in select(vec!["", "", "^"]), text in "[ab12\":é\n]{0,24}") {
            let expression = format!("{anchor}{}", parts.concat());
            if let Some(found) = found(&expression, &text) {
                prop_assert_eq!(found, defined(&expression, &text), "{}", expression);
            }
        }
    }
}
