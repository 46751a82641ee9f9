//! The regular expressions that CloudWatch allows between two `%` ("Supported regular expressions (regex) syntax").
//!
//! - Letters, digits and spaces, the symbols `: _ # = @ / ; , -`, the operators `^ $ ? [ ] { } | \ * + .`
//! - `\` before an operator or a symbol makes it literal; `\d \D \s \S \w \W`; `\xhh` for an ASCII character.
//! - No parentheses, so nothing nests; no characters beyond ASCII.
//!
//! Beyond the page: forms that common engines read differently (`a++`, `[[a]]`, `[a--b]`, `[]`) are refused.

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted as in_backticks};

use super::Parser;
use crate::ast::Regex;
use crate::limits::{MAX_REGEX_BYTES, MAX_REPETITIONS};
use crate::matcher::expression::reason;

impl Parser<'_> {
    /// The expression between the next `%` and the one after it. `None`: reported.
    pub(super) fn regex(&mut self) -> Option<Regex> {
        let start = self.cursor.at();
        self.cursor.eat("%");
        let from = self.cursor.at();
        let body = self.cursor.take_while(|character| character != '%');
        if !self.cursor.eat("%") {
            let span = self.cursor.since(start);
            let fault =
                Diagnostic::new(Kind::Lexical, span, "`%` at the end of the regular expression", "the end of the pattern");
            self.report(
                fault.hint("write a regular expression between two `%`; `\\x25` finds the character itself, as does `\"%\"`"),
            );
            return None;
        }
        if body.is_empty() {
            let fault =
                Diagnostic::new(Kind::Value, self.cursor.since(start), "a regular expression between `%` and `%`", "`%%`");
            self.report(fault.hint("to find a percent sign write `\"%\"`"));
            return None;
        }
        let faults = check(body);
        let sound = faults.is_empty();
        for mut fault in faults {
            fault.span = Span::new(fault.span.start + from, fault.span.end + from);
            self.report(fault);
        }
        sound.then(|| Regex(body.to_owned()))
    }
}

/// The errors of an expression, with positions in it.
fn check(body: &str) -> Vec<Diagnostic> {
    let mut scan = Scan { body, at: 0, repeatable: Repeatable::Nothing, faults: Vec::new() };
    while let Some(character) = scan.peek() {
        scan.piece(character);
    }
    if scan.faults.is_empty()
        && let Err(error) = compile(body)
    {
        scan.faults.push(error);
    }
    scan.faults
}

/// Whether it compiles to something of bearable size.
fn compile(body: &str) -> Result<(), Diagnostic> {
    // `{,n}` is allowed here, but old releases of the engine do not read it. Nothing else is translated, in contrast to the
    // matcher: `[\d-z]` is an invalid range, but `[[0-9]-z]` would be accepted.
    let body_read = body.replace("{,", "{0,");
    let built = regex::bytes::RegexBuilder::new(&body_read).unicode(false).size_limit(MAX_REGEX_BYTES).build();
    let whole = Span::new(0, body.len());
    match built {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => {
            let fault = Diagnostic::new(Kind::Limit, whole, "a smaller regular expression", in_backticks(body));
            Err(fault.hint("use smaller numbers in the repetitions `{m,n}`"))
        }
        Err(error) => {
            let fault = Diagnostic::new(Kind::Value, whole, "a regular expression that compiles", in_backticks(body));
            Err(fault.hint(reason(&error)))
        }
    }
}

/// The element that an operator like `*` would repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeatable {
    /// Beginning, `|`, `^`, `$`.
    Nothing,
    /// A character or a class.
    Piece,
    /// Something that is repeated already; `?` may follow.
    Repeated,
}

#[derive(Debug)]
struct Scan<'a> {
    body: &'a str,
    at: usize,
    repeatable: Repeatable,
    faults: Vec<Diagnostic>,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fault(&mut self, start: usize, kind: Kind, expected: &str, hint: &str) {
        let span = Span::new(start, self.at);
        let found =
            if start == self.at { "the end of the regular expression".to_owned() } else { in_backticks(span.of(self.body)) };
        self.faults.push(Diagnostic::new(kind, span, expected, found).hint(hint));
    }

    fn piece(&mut self, character: char) {
        let start = self.at;
        self.at += character.len_utf8();
        match character {
            '^' | '$' | '|' => self.repeatable = Repeatable::Nothing,
            '*' | '+' | '?' => self.repetition(start, character == '?'),
            '{' => self.counted(start),
            '[' => self.class(start),
            '\\' => {
                self.escape(start);
                self.repeatable = Repeatable::Piece;
            }
            _ => {
                self.literal(start, character);
                self.repeatable = Repeatable::Piece;
            }
        }
    }

    /// A literal character.
    fn literal(&mut self, start: usize, character: char) {
        let allowed = character.is_ascii_alphanumeric() || is_symbol(character) || matches!(character, '.' | ']' | '}' | ' ');
        if allowed {
            return;
        }
        let lookaround = ["(?=", "(?!", "(?<=", "(?<!"];
        let rest = self.body.get(start..).unwrap_or_default();
        if character == '(' && rest.starts_with("(?") {
            // One report for the whole sign.
            let is_named = rest.starts_with("(?P<") || rest.starts_with("(?<");
            let name = if is_named { rest.find('>').map_or(2, |end| end + 1) } else { 2 };
            let sign = lookaround.iter().find(|sign| rest.starts_with(**sign)).map_or(name, |sign| sign.len());
            self.at = start + sign;
            let what = match rest.as_bytes().get(2) {
                Some(b'i') => "there are no flags: write both cases, as in `[Ee]rror`",
                _ => "there are no groups and no lookarounds; exclude with a second term, as in `-%other%`",
            };
            return self.fault(start, Kind::Unsupported, "no parentheses in a regular expression", what);
        }
        let (kind, expected, hint) = match character {
            '(' => (Kind::Unsupported, "no parentheses in a regular expression", PARENTHESES.to_owned()),
            ')' if self.body.contains('(') => return,
            ')' => (Kind::Unsupported, "no parentheses in a regular expression", PARENTHESES.to_owned()),
            _ if character.is_ascii() => {
                let hint = format!("write it as `\\x{:02X}`", u32::from(character));
                (Kind::Unsupported, "a character that CloudWatch allows in a regular expression", hint)
            }
            _ => (
                Kind::Unsupported,
                "a character of ASCII",
                "regular expressions take ASCII only; `.` stands for any character, or search for the text in double quotes"
                    .to_owned(),
            ),
        };
        self.fault(start, kind, expected, &hint);
    }

    fn repetition(&mut self, start: usize, question: bool) {
        match self.repeatable {
            Repeatable::Piece => self.repeatable = Repeatable::Repeated,
            // `a+?` matches the same messages as `a+`. The length of the match has no effect.
            Repeatable::Repeated if question => self.repeatable = Repeatable::Nothing,
            Repeatable::Repeated => self.fault(
                start,
                Kind::Value,
                "one repetition",
                "two repetitions in a row are read differently by different engines",
            ),
            Repeatable::Nothing => {
                self.fault(
                    start,
                    Kind::Value,
                    "something to repeat before it",
                    "for any text write `.*`; for the character itself put `\\` before it",
                );
            }
        }
    }

    /// `{2}`, `{2,}`, `{,5}`, `{2,5}`
    fn counted(&mut self, start: usize) {
        let inside: String =
            self.rest().chars().take_while(|character| character.is_ascii_digit() || *character == ',').collect();
        self.at += inside.len();
        let (low, high) = inside.split_once(',').map_or((inside.as_str(), inside.as_str()), |(low, high)| (low, high));
        let is_count = self.peek() == Some('}') && !(low.is_empty() && high.is_empty()) && !high.contains(',');
        if !is_count {
            let hint = if self.peek() == Some(' ') { "write it without blanks" } else { "for the character itself write `\\{`" };
            return self.fault(start, Kind::Value, "`{m}`, `{m,}`, `{,n}` or `{m,n}`", hint);
        }
        self.at += 1;
        let read = |digits: &str, missing: u32| if digits.is_empty() { missing } else { digits.parse().unwrap_or(u32::MAX) };
        let (low, high) = (read(low, 0), read(high, MAX_REPETITIONS));
        if low > MAX_REPETITIONS || high > MAX_REPETITIONS {
            let expected = format!("at most {MAX_REPETITIONS} repetitions");
            return self.fault(start, Kind::Limit, &expected, "repeat less often, or without a bound: `*`, `+`");
        }
        if low > high {
            return self.fault(start, Kind::Value, "the smaller number first", "`{m,n}` means at least m and at most n times");
        }
        self.repetition(start, false);
    }

    /// A class, after its `[`.
    fn class(&mut self, start: usize) {
        if self.peek() == Some('^') {
            self.at += 1;
        }
        let mut empty = true;
        while let Some(character) = self.peek() {
            let at = self.at;
            self.at += character.len_utf8();
            match character {
                ']' if empty => {
                    return self.fault(
                        start,
                        Kind::Value,
                        "characters between `[` and `]`",
                        "for the character `]` in a class write `\\]`",
                    );
                }
                ']' => {
                    self.repeatable = Repeatable::Piece;
                    return;
                }
                '[' if self.rest().starts_with(':') => {
                    self.fault(
                        at,
                        Kind::Unsupported,
                        "characters and ranges in a class",
                        "named classes are not supported: write `a-z`, `0-9`, `\\d`, `\\w` or `\\s`",
                    );
                }
                '[' => self.fault(at, Kind::Value, "no class inside a class", "for the character `[` in a class write `\\[`"),
                '-' if self.rest().starts_with('-') => {
                    self.at += 1;
                    self.fault(
                        at,
                        Kind::Value,
                        "one `-`",
                        "for the character `-` in a class put it first or last, or write `\\-`",
                    );
                }
                '\\' => self.escape(at),
                // Operators are characters like others in here.
                '^' | '$' | '?' | '{' | '}' | '|' | '*' | '+' => {}
                '(' | ')' => {
                    let hint = format!("write it as `\\x{:02X}`", u32::from(character));
                    self.fault(at, Kind::Unsupported, "a character that CloudWatch allows in a regular expression", &hint);
                }
                _ => self.literal(at, character),
            }
            empty = false;
        }
        self.fault(start, Kind::Lexical, "`]` at the end of the class", "for the character itself write `\\[`");
    }

    /// An escape, after its `\`.
    fn escape(&mut self, start: usize) {
        let Some(character) = self.peek() else {
            return self.fault(
                start,
                Kind::Lexical,
                "a character after `\\`",
                "for a backslash write `\\\\`; for a percent sign write `\\x25`",
            );
        };
        self.at += character.len_utf8();
        match character {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => {}
            '^' | '$' | '?' | '[' | ']' | '{' | '}' | '|' | '\\' | '*' | '+' | '.' => {}
            _ if is_symbol(character) && character != '_' => {}
            'x' => self.hexadecimal(start),
            _ if character.is_ascii_alphanumeric() => {
                let hint = match character {
                    'b' | 'B' => "there are no word boundaries; `\\W` matches the character beside a word",
                    't' => "write a tab as `\\x09`",
                    'n' => "write a newline as `\\x0A`",
                    'r' => "write a carriage return as `\\x0D`",
                    'A' => "`^` is the beginning",
                    'z' | 'Z' => "`$` is the end",
                    '0'..='9' => "there are no groups to refer to",
                    'u' | 'p' | 'P' => "regular expressions take ASCII only",
                    _ => "a letter needs no backslash",
                };
                if matches!(character, 'p' | 'P' | 'u') && self.rest().starts_with('{') {
                    self.at += self.rest().find('}').map_or(0, |end| end + 1);
                }
                self.fault(
                    start,
                    Kind::Unsupported,
                    "`\\d`, `\\s`, `\\w` or their capitals, `\\xhh`, or `\\` before an operator",
                    hint,
                );
            }
            _ if character.is_ascii() => {
                let hint = format!("write it as `\\x{:02X}`", u32::from(character));
                self.fault(start, Kind::Unsupported, "a character that CloudWatch allows in a regular expression", &hint);
            }
            _ => self.fault(
                start,
                Kind::Unsupported,
                "a character of ASCII",
                "regular expressions take ASCII only; `.` stands for any character",
            ),
        }
    }

    /// Two digits after `\x`.
    fn hexadecimal(&mut self, start: usize) {
        let digits: String = self.rest().chars().take(2).take_while(char::is_ascii_hexdigit).collect();
        self.at += digits.len();
        match (digits.len(), u8::from_str_radix(&digits, 16)) {
            (2, Ok(code)) if code.is_ascii() => {}
            (2, _) => self.fault(
                start,
                Kind::Value,
                "a code of ASCII, `\\x00` to `\\x7F`",
                "regular expressions take ASCII only; `.` stands for any character",
            ),
            _ => self.fault(
                start,
                Kind::Lexical,
                "two hexadecimal digits after `\\x`",
                "as in `\\x3A`; for the letter itself write `x`",
            ),
        }
    }
}

const PARENTHESES: &str = "for one of several write each whole, as in `%cat|dog%`, or a class, as in `[hc]at`; for the character write `\\x28` or `\\x29`";

/// The symbols that the page names.
const fn is_symbol(character: char) -> bool {
    matches!(character, ':' | '_' | '#' | '=' | '@' | '/' | ';' | ',' | '-')
}
