//! Recognises texts in other languages. They are checked only when a text is not a filter pattern.

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted as in_backticks};

use super::is_word;

/// The commands with which Logs Insights queries begin.
const COMMANDS: [&str; 17] = [
    "fields",
    "filter",
    "stats",
    "sort",
    "limit",
    "display",
    "parse",
    "dedup",
    "pattern",
    "source",
    "filterindex",
    "where",
    "unnest",
    "anomaly",
    "unmask",
    "lookup",
    "json",
];

/// One error for the whole text in place of the errors found in it, when it is a text in another language.
pub(super) fn recognise(text: &str, faults: &[Diagnostic]) -> Option<Diagnostic> {
    let trimmed = text.trim();
    let over = faults.iter().any(|fault| fault.kind == Kind::Limit);
    if over || trimmed.starts_with(['{', '[', '"', '%']) {
        return json_path_language(trimmed).map(|hint| fault(text, hint));
    }
    let mut words = trimmed.split(|character: char| !is_word(character) && character != '@').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_ascii_lowercase();
    let begins = trimmed.trim_start_matches(['|', ' ']).to_ascii_lowercase().starts_with(&first);
    let has = |word: &str| trimmed.split_ascii_whitespace().any(|other| other.eq_ignore_ascii_case(word));
    let of_insights = trimmed.contains(['|', '@', '=', '<', '>', '(']) || has("like") || has("in");
    if begins && COMMANDS.contains(&first.as_str()) && of_insights {
        return Some(fault(text, "this is a Logs Insights query: send it as a query, not as a filter pattern"));
    }
    if first == "select" && has("from") {
        return Some(fault(text, "this is SQL; a filter pattern is words, `{ $.name = value }` or `[field, …]`"));
    }
    None
}

/// Languages whose texts begin like a pattern in braces.
fn json_path_language(text: &str) -> Option<&'static str> {
    let (selector, rest) = text.strip_prefix('{')?.split_once('}')?;
    let is_selector = !selector.contains('$') && selector.contains('=');
    let rest = rest.trim_start();
    let pipes = ["|=", "!=", "|~", "!~", "| json", "| logfmt"];
    (is_selector && pipes.iter().any(|pipe| rest.starts_with(pipe)))
        .then_some("this is LogQL; conditions on JSON look like `{ $.level = \"error\" }`")
}

fn fault(text: &str, hint: &str) -> Diagnostic {
    let start = text.len() - text.trim_start().len();
    let span = Span::new(start, text.trim_end().len());
    Diagnostic::new(Kind::OtherLanguage, span, "a CloudWatch Logs filter pattern", in_backticks(span.of(text))).hint(hint)
}
