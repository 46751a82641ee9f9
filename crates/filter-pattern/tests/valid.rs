//! Valid patterns and their canonical forms.

use logmark_filter_pattern::FilterPattern;

/// `text => canonical`, one per line; without an arrow, the text is its own canonical form.
const FORMS: &str = include_str!("valid.txt");

#[test]
fn every_form_is_read_and_printed_canonically() {
    let mut checked = 0;
    for line in FORMS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (text, canonical) = line.split_once(" => ").unwrap_or((line, line));
        let pattern = FilterPattern::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:#?}"));
        assert_eq!(pattern.to_string(), canonical, "{text}");
        assert_eq!(FilterPattern::parse(pattern.as_str()).as_ref(), Ok(&pattern), "{text}");
        assert_eq!(FilterPattern::try_from(pattern.ast().clone()).as_ref(), Ok(&pattern), "{text}");
        checked += 1;
    }
    assert!(checked > 60, "only {checked}");
}

#[test]
fn blanks_and_blank_phrases_match_everything() {
    for text in ["", " ", "\t\n ", "\"\"", "\" \"", "  \"   \"  "] {
        let pattern = FilterPattern::parse(text).unwrap();
        assert_eq!(pattern.ast(), &logmark_filter_pattern::ast::Pattern::Everything, "{text:?}");
        assert_eq!(pattern.as_str(), "");
    }
}
