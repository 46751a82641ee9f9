//! The matcher agrees with the reference interpreter on random patterns and messages.
#![expect(clippy::unwrap_used, reason = "the reference interpreter is a test, though no `#[test]` itself")]

mod reference;

use logmark_filter_pattern::ast::Pattern;
use logmark_filter_pattern::{FilterPattern, Matcher, and};

const PATTERNS: u64 = 12_000;
const MESSAGES: usize = 10;

#[test]
fn the_matcher_and_the_reference_interpreter_agree() {
    let (mut matched, mut unmatched) = ([0, 0, 0], [0, 0, 0]);
    for seed in 0..PATTERNS {
        let (pattern, messages) = reference::Random(seed << 32).case(MESSAGES);
        let matcher = Matcher::from_tree(&pattern).unwrap_or_else(|error| panic!("{error}: {pattern:#?}"));
        let kind = match pattern {
            Pattern::Everything | Pattern::Terms(_) => 0,
            Pattern::Json(_) => 1,
            Pattern::Fields(_) => 2,
        };
        let text = messages.join("\n");
        let lines: Vec<_> = text.split_terminator('\n').filter(|line| matcher.matches(line)).collect();
        assert_eq!(matcher.lines(&text).collect::<Vec<_>>(), lines, "seed {seed}\n{pattern:#?}\n{text}");
        for message in messages {
            let expected = reference::extract(&pattern, &message);
            assert_eq!(matcher.matches(&message), expected.is_some(), "seed {seed}\n{pattern:#?}\n{message}");
            let found = matcher
                .extract(&message)
                .map(|all| all.into_iter().map(|one| (one.name.into_owned(), one.value.into_owned())).collect::<Vec<_>>());
            assert_eq!(found, expected, "seed {seed}\n{pattern:#?}\n{message}");
            if expected.is_some() { matched[kind] += 1 } else { unmatched[kind] += 1 }
        }
    }
    assert!(matched.iter().sum::<u64>() + unmatched.iter().sum::<u64>() >= 100_000);
    // Each kind of pattern needs enough matches and non-matches, or the agreement means nothing.
    for count in matched.into_iter().chain(unmatched) {
        assert!(count > 3_000, "matched {matched:?}, unmatched {unmatched:?}");
    }
}

#[test]
fn a_combined_pattern_matches_what_both_match() {
    let (mut matched, mut unmatched) = (0, 0);
    for seed in 0..4 * PATTERNS {
        let mut random = reference::Random(seed << 32 | 1);
        let ((first, mut messages), (second, others)) = (random.case(4), random.case(4));
        messages.extend(others);
        let (Ok(first), Ok(second)) = (FilterPattern::try_from(first), FilterPattern::try_from(second)) else { continue };
        let Ok(both) = and(&first, &second) else { continue };
        let [first, second, both] = [first, second, both].map(|pattern| (Matcher::new(&pattern).unwrap(), pattern));
        for message in messages {
            let expected = first.0.matches(&message) && second.0.matches(&message);
            assert_eq!(both.0.matches(&message), expected, "seed {seed}\n{}\n{}\n{}\n{message}", first.1, second.1, both.1);
            if expected { matched += 1 } else { unmatched += 1 }
        }
    }
    assert!(matched > 500 && unmatched > 5_000, "matched {matched}, unmatched {unmatched}");
}

/// The forms of the parser's own tests.
#[test]
fn every_pattern_that_can_be_written_can_be_asked() {
    for line in include_str!("valid.txt").lines() {
        let Ok(pattern) = FilterPattern::parse(line.split(" => ").next().unwrap_or_default()) else { continue };
        Matcher::new(&pattern).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    // Large expressions too, up to the parser's limit.
    let mut compiled = 0;
    for expression in ["a{,2}", ".{1000}", "[^a]{999}", "\\W{500}", "(", ".{1000}.{1000}.{1000}.{1000}"] {
        for times in [1, 2, 5, 10, 40] {
            let Ok(pattern) = FilterPattern::parse(&format!("%{}%", expression.repeat(times))) else { continue };
            Matcher::new(&pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            compiled += 1;
        }
    }
    assert!(compiled > 5, "only {compiled}");
}
