//! A pattern (the first line) and a message (the rest): the matcher agrees with the naive interpreter.
#![no_main]

#[path = "../../crates/filter-pattern/tests/reference/meaning.rs"]
mod meaning;

use libfuzzer_sys::fuzz_target;
use logmark_filter_pattern::{FilterPattern, Matcher};

fuzz_target!(|text: &str| {
    let Some((pattern, message)) = text.split_once('\n') else { return };
    let Ok(pattern) = FilterPattern::parse(pattern) else { return };
    let matcher = Matcher::new(&pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let taken = matcher.extract(message);
    assert_eq!(taken.is_some(), matcher.matches(message), "{pattern}");
    let taken = taken.map(|taken| taken.iter().map(|one| (one.name.to_string(), one.value.to_string())).collect());
    assert_eq!(taken, meaning::extract(pattern.ast(), message), "{pattern}");
});
