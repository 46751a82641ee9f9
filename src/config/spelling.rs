//! Words of error messages: lists, suggestions, durations, quoted values.

use std::fmt::Display;
use std::time::Duration;

/// `` `a`, `b` and `c` ``.
pub(super) fn listed(words: impl IntoIterator<Item = impl Display>) -> String {
    join(words, "and")
}

fn join(words: impl IntoIterator<Item = impl Display>, last_word: &str) -> String {
    let mut words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match (words.pop(), words.is_empty()) {
        (None, _) => "none".to_owned(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} {last_word} {last}", words.join(", ")),
    }
}

/// What to write instead of an unknown word: the known word that it is probably meant to be, or all known words.
pub(super) fn expected(word: &str, known: &[&str]) -> String {
    match logmark_diagnostics::closest(word, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("expected {}", join(known, "or")),
    }
}

/// A duration as the configuration writes it: `1h30m`.
pub(super) fn duration(length: Duration) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let mut rest = length.as_secs();
    let mut text = String::new();
    for (unit, seconds) in UNITS {
        if rest >= seconds {
            text += &format!("{}{unit}", rest / seconds);
            rest %= seconds;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A value as an error message repeats it: in backticks, control characters escaped, cut when long.
pub(super) fn quoted(value: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String =
        value.chars().take(LONGEST).flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect();
    if value.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("`{shown}`")
}
