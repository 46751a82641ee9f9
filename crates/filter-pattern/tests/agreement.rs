//! The matcher agrees with the reference interpreter on patterns and messages made by chance.
#![expect(clippy::unwrap_used, reason = "the reference interpreter is a test, though no `#[test]` itself")]

mod reference;

use logmark_filter_pattern::Matcher;
use logmark_filter_pattern::ast::Pattern;

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
    // Of each kind of pattern there must be enough of both for the agreement to mean anything.
    for count in matched.into_iter().chain(unmatched) {
        assert!(count > 3_000, "matched {matched:?}, unmatched {unmatched:?}");
    }
}
