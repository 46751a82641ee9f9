//! A pattern (the first line) and a message (the rest): the matcher says what the naive interpreter says.
#![no_main]

#[path = "../../crates/filter-pattern/tests/reference/mod.rs"]
mod reference;

use libfuzzer_sys::fuzz_target;
use logmark_filter_pattern::{FilterPattern, Matcher};

fuzz_target!(|text: &str| {
    let Some((pattern, message)) = text.split_once('\n') else { return };
    let Ok(pattern) = FilterPattern::parse(pattern) else { return };
    let matcher = Matcher::new(&pattern);
    assert_eq!(matcher.matches(message), reference::matches(pattern.ast(), message), "{pattern}");
    assert_eq!(matcher.extract(message).is_some(), matcher.matches(message), "{pattern}");
});
