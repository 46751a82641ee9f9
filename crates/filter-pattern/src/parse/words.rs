//! Errors and hints for terms that are not words. Parses nothing itself.

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted as in_backticks};

use super::cursor::is_blank;
use super::is_word;

const EXPECTED: &str = "a word of letters, digits and `_`, a phrase in `\"…\"` or a `%regex%`";

/// The error for a sign before a blank or the end.
pub(super) fn sign_alone(sign: &str, span: Span, after: &str) -> Diagnostic {
    let next: String = after.chars().take_while(|character| is_word(*character)).collect();
    let hint = if after.starts_with(['"', '%']) {
        format!("write it right before the term: `{sign}{}…`", &after[..1])
    } else if next.is_empty() {
        format!("to look for the sign itself write `\"{sign}\"`")
    } else {
        format!("write `{sign}{next}` without a space")
    };
    Diagnostic::new(Kind::Syntax, span, format!("a term right after `{sign}`"), in_backticks(sign)).hint(hint)
}

/// `--a`, `-?a`, `?-a`
pub(super) fn two_signs(run: &str, span: Span) -> Diagnostic {
    let bare = run.trim_start_matches(['-', '?']);
    let fault = Diagnostic::new(Kind::Syntax, span, "one sign before a term", in_backticks(run));
    if bare.is_empty() {
        return fault.hint(format!("to look for the signs themselves write `\"{run}\"`"));
    }
    fault.hint(format!("`-` excludes and `?` makes a term one of several; for the text itself write {}", in_quotes(run)))
}

/// Something follows a phrase or an expression without a blank.
pub(super) fn no_gap(text: &str, run: Span, at: usize) -> Diagnostic {
    let rest = Span::new(at, run.end);
    let found = rest.of(text);
    let hint = match found.chars().next() {
        Some(',' | ';') => "terms are separated by blanks only".to_owned(),
        Some('|' | '&') => TOGETHER.to_owned(),
        _ => "put a blank between two terms; a quote inside a phrase is written `\\\"`".to_owned(),
    };
    Diagnostic::new(Kind::Syntax, rest, "a blank after the term", in_backticks(found)).hint(hint)
}

const TOGETHER: &str = "terms beside each other must all be there; for one of several write `?A ?B`";

/// The error for a run with a character that words do not contain.
pub(super) fn not_a_word(text: &str, run: Span) -> Diagnostic {
    let word = run.of(text);
    let fault = |kind, span: Span, hint: String| Diagnostic::new(kind, span, EXPECTED, in_backticks(span.of(text))).hint(hint);
    let first = word.chars().next().unwrap_or_default();
    let closing = |quote: char| {
        let end = text.get(run.start + first.len_utf8()..)?.find(quote)? + run.start + first.len_utf8();
        Some((text.get(run.start + first.len_utf8()..end)?, Span::new(run.start, end + quote.len_utf8())))
    };
    match first {
        '\'' | '`' if closing(first).is_some() => {
            let (inside, span) = closing(first).unwrap_or((word, run));
            return fault(Kind::Lexical, span, format!("write phrases in double quotes: {}", in_quotes(inside)));
        }
        '“' | '”' | '„' | '«' | '‘' | '’' => {
            let partner = if matches!(first, '‘' | '’') {
                '’'
            } else if first == '«' {
                '»'
            } else {
                '”'
            };
            let (inside, span) = closing(partner).unwrap_or((word, run));
            return fault(Kind::Lexical, span, format!("these are typographic quotes; write {}", in_quotes(inside)));
        }
        '/' => {
            let after =
                |span: Span| text.get(span.end..).unwrap_or_default().chars().take_while(|character| !is_blank(*character));
            let is_whole = |span: Span| after(span).all(|flag| "gimsuxy".contains(flag));
            if let Some((inside, span)) = closing('/').filter(|(inside, span)| !inside.is_empty() && is_whole(*span)) {
                let rest = Span::new(span.start, span.end + after(span).count());
                let hint = format!(
                    "write a regular expression between percent signs: `%{inside}%`; for the text itself use double quotes"
                );
                return fault(Kind::Syntax, rest, hint);
            }
        }
        '{' | '[' => {
            let (close, form) = if first == '{' { ('}', "{ }") } else { (']', "[ ]") };
            let whole = text
                .get(run.start..)
                .and_then(|rest| rest.rfind(close))
                .map_or(run, |end| Span::new(run.start, run.start + end + 1));
            let hint = format!(
                "a pattern in `{form}` cannot have terms beside it; for the text itself write {}",
                in_quotes(whole.of(text))
            );
            return fault(Kind::Syntax, whole, hint);
        }
        '$' if word.starts_with("$.") => {
            let hint = if text.contains(['=', '<', '>']) || text.contains("IS ") || text.contains("NOT ") {
                format!("write conditions on JSON in braces: `{{ {} }}`", shortened(text.trim()))
            } else {
                format!("write conditions on JSON in braces: `{{ {word} = * }}`")
            };
            // The rest is part of the condition.
            return fault(Kind::Syntax, Span::new(run.start, text.trim_end().len()), hint);
        }
        '!' if word.len() > 1 => {
            let rest = word.trim_start_matches('!');
            let rest = if rest.chars().all(is_word) { rest.to_owned() } else { in_quotes(rest).trim_matches('`').to_owned() };
            return fault(Kind::Syntax, run, format!("to exclude a term write `-{rest}`"));
        }
        '+' if word.len() > 1 && word[1..].chars().all(is_word) => {
            let hint =
                format!("terms are required without a sign: `{}`; for the text itself write {}", &word[1..], in_quotes(word));
            return fault(Kind::Syntax, run, hint);
        }
        _ => {}
    }
    inside(text, run)
}

/// A fault at the first character that no word has.
fn inside(text: &str, run: Span) -> Diagnostic {
    let word = run.of(text);
    let (offset, culprit) = word.char_indices().find(|(_, character)| !is_word(*character)).unwrap_or_default();
    let span = Span::new(run.start + offset, run.start + offset + culprit.len_utf8());
    let quoted = in_quotes(word);
    let hint = match culprit {
        '&' | '|' if word.chars().all(|character| matches!(character, '&' | '|')) => TOGETHER.to_owned(),
        '|' if word.split('|').all(|part| part.chars().all(is_word)) => {
            let any: Vec<String> = word.split('|').filter(|part| !part.is_empty()).map(|part| format!("?{part}")).collect();
            format!("for one of several write `{}`; for the text itself {quoted}", any.join(" "))
        }
        '*' if word == "*" => "to match every message leave the pattern empty; for the character itself write `\"*\"`".to_owned(),
        '*' => {
            let bare = word.replace('*', "");
            if bare.chars().all(is_word) && !bare.is_empty() {
                format!(
                    "terms are found anywhere in the message, without `*`: write `{bare}`; for the character itself write {quoted}"
                )
            } else {
                format!("terms have no `*`: for a pattern of text write a `%regex%`, for the text itself {quoted}")
            }
        }
        '%' => {
            "a regular expression is a term of its own, between two `%`; for the character itself use double quotes".to_owned()
        }
        '(' | ')' => format!("terms have no parentheses; for the text itself write {quoted}"),
        '"' => format!("a quote opens a phrase only at its beginning; for the text itself write {quoted}"),
        ',' | ';' if word.len() == offset + 1 && offset > 0 => {
            format!("terms are separated by blanks only: leave out `{culprit}`, or write {quoted} for the text itself")
        }
        _ if culprit.is_whitespace() || culprit.is_control() || is_invisible(culprit) => {
            format!("this is the character U+{:04X}, often copied unseen: replace it with a plain space", u32::from(culprit))
        }
        _ => format!("put other characters in double quotes: {quoted}"),
    };
    Diagnostic::new(Kind::Lexical, span, EXPECTED, in_backticks(span.of(text))).hint(hint)
}

const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text as a phrase, in backticks.
pub(super) fn in_quotes(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("`\"{}\"`", shortened(&escaped))
}

/// The text, cut when it is long: a hint is one readable line.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let shown: String = text
        .chars()
        .take(LONGEST)
        .map(|character| if is_blank(character) || character.is_control() { ' ' } else { character })
        .collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}
