//! Tests joined by `&&` and `||`, with parentheses: `()` before `&&` before `||` ("compound expressions"). JSON and
//! space-delimited patterns define the tests.

use logmark_diagnostics::{Diagnostic, Kind};

use super::cursor::is_blank;
use super::{Parser, is_word};
use crate::ast::Condition;
use crate::limits::MAX_DEPTH;

/// The tests of one form of conditions.
pub(super) trait Tests {
    /// One test.
    type Test;

    /// The sign at which the condition ends, if no other does: `}` or `]`.
    const CLOSER: char;

    /// Reads one test. `None`: reported.
    fn test(&mut self, parser: &mut Parser<'_>) -> Option<Self::Test>;

    /// How a test reads in a hint.
    fn example(&self) -> String;
}

impl Parser<'_> {
    /// A whole condition, up to its closer, a comma in `[]`, or a parenthesis that it did not open. `None`: reported.
    pub(super) fn condition<T: Tests>(&mut self, tests: &mut T, depth: usize) -> Option<Condition<T::Test>> {
        let mut any = Vec::new();
        let mut sound = true;
        loop {
            match self.all(tests, depth) {
                Some(all) => any.push(all),
                None => sound = false,
            }
            if !self.cursor.eat("||") {
                break;
            }
        }
        sound.then(|| any_of(any))
    }

    fn all<T: Tests>(&mut self, tests: &mut T, depth: usize) -> Option<Condition<T::Test>> {
        let mut all = Vec::new();
        let mut sound = true;
        loop {
            match self.unit(tests, depth) {
                Some(unit) => all.push(unit),
                None => {
                    sound = false;
                    self.recover(T::CLOSER);
                }
            }
            self.cursor.skip_blanks();
            if !self.at_joint(T::CLOSER) {
                sound = false;
                if self.misjoined(tests) {
                    continue;
                }
            }
            if !self.cursor.eat("&&") {
                break;
            }
        }
        sound.then(|| all_of(all))
    }

    /// A test, or a condition in parentheses.
    fn unit<T: Tests>(&mut self, tests: &mut T, depth: usize) -> Option<Condition<T::Test>> {
        self.cursor.skip_blanks();
        let start = self.cursor.at();
        if !self.cursor.eat("(") {
            if self.at_joint(T::CLOSER) && !self.cursor.rest().starts_with(T::CLOSER) || self.cursor.is_end() {
                let fault = self.fault_here(Kind::Syntax, "a condition");
                self.report(fault.hint(format!("`&&`, `||` and parentheses need conditions, such as `{}`", tests.example())));
                return None;
            }
            return tests.test(self).map(Condition::Test);
        }
        if depth >= MAX_DEPTH {
            let span = self.cursor.since(start);
            let fault = Diagnostic::new(Kind::Limit, span, format!("parentheses at most {MAX_DEPTH} deep"), "one more");
            self.report(fault.hint("`&&` binds closer than `||`, and needs no parentheses"));
            self.give_up();
            return None;
        }
        let inside = self.condition(tests, depth + 1);
        self.cursor.skip_blanks();
        if self.cursor.eat(")") {
            return inside;
        }
        let fault = self.fault_here(Kind::Syntax, "`)`");
        let column = self.column(start);
        self.report(fault.hint(format!("it closes the `(` at column {column}")));
        None
    }

    /// Whether the next characters may follow a test.
    fn at_joint(&self, closer: char) -> bool {
        let rest = self.cursor.rest();
        rest.is_empty() || rest.starts_with("&&") || rest.starts_with("||") || rest.starts_with(')') || is_end(rest, closer)
    }

    /// Whether the next token is `and` or `or`, as a word.
    fn at_word_joint(&self) -> bool {
        let before = self.cursor.text().get(..self.cursor.at()).unwrap_or_default();
        let word: String = self.cursor.rest().chars().take_while(|character| is_word(*character)).take(4).collect();
        before.ends_with(is_blank) && (word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or"))
    }

    /// Reports text that may not follow a test, and skips it. Returns whether it was probably meant as `&&` or `||`.
    fn misjoined<T: Tests>(&mut self, tests: &T) -> bool {
        let closer = T::CLOSER;
        let run = self.cursor.next_run();
        let word = run.of(self.cursor.text());
        let example = tests.example();
        let hint = match word.to_ascii_lowercase().as_str() {
            "and" => "conditions are joined with `&&`".to_owned(),
            "or" => "conditions are joined with `||`".to_owned(),
            "not" => "conditions cannot be negated; turn the operator round, as in `!=`".to_owned(),
            _ if word.starts_with('&') => "conditions are joined with two `&&`".to_owned(),
            _ if word.starts_with('|') => "conditions are joined with two `||`".to_owned(),
            "," => "conditions are joined with `&&` or `||`".to_owned(),
            _ if word.starts_with('$') => "put `&&` or `||` between two conditions".to_owned(),
            "(" => "functions and calls are not supported; conditions are joined with `&&` or `||`".to_owned(),
            "\"" | "%" => "one value follows an operator; a quote inside text is written `\\\"`".to_owned(),
            _ if word.starts_with(['=', '<', '>', '!']) => format!("each condition has one operator, like `{example}`"),
            _ if self.cursor.text().get(run.end..).is_some_and(|rest| rest.trim_start().starts_with(['=', '<', '>', '!'])) => {
                let commas = if closer == ']' { ", fields with commas" } else { "" };
                format!("conditions are joined with `&&` or `||`{commas}")
            }
            _ if self.cursor.text().get(..run.start).is_some_and(|before| before.ends_with('"')) => {
                "a quote inside text is written `\\\"`".to_owned()
            }
            _ if word.chars().all(is_word) => "write text of several words in double quotes".to_owned(),
            _ => format!("a condition looks like `{example}`"),
        };
        let expected = if closer == '}' { "`&&`, `||` or `}`" } else { "`&&`, `||`, `,` or `]`" };
        self.report(Diagnostic::new(Kind::Syntax, run, expected, self.found(run)).hint(hint));
        let is_joint = word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") || word.starts_with(['&', '|']);
        if is_joint {
            // Continue as if it had joined, to report further errors.
            self.cursor.bump();
            self.cursor.take_while(is_word);
        } else {
            self.recover(closer);
        }
        is_joint
    }

    /// Skips to a sign at which parsing can continue, past text in quotes.
    pub(super) fn recover(&mut self, closer: char) {
        let mut open = 0_usize;
        while !self.cursor.is_end() && !is_end(self.cursor.rest(), closer) {
            if open == 0 && (self.at_joint(closer) || self.at_word_joint()) {
                return;
            }
            match self.cursor.bump() {
                Some('(') => open += 1,
                Some(')') => open = open.saturating_sub(1),
                Some(quote @ ('"' | '%')) => {
                    if let Some(length) = closed_after(self.cursor.rest(), quote) {
                        self.cursor.skip_to(self.cursor.at() + length);
                    }
                }
                Some(_) => {}
                None => return,
            }
        }
    }
}

/// The bytes up to the end of a text in quotes, past its escapes; `None` when it has no end.
fn closed_after(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, character) in rest.char_indices() {
        if character == quote && !escaped {
            return Some(index + 1);
        }
        escaped = quote == '"' && character == '\\' && !escaped;
    }
    None
}

fn is_end(rest: &str, closer: char) -> bool {
    rest.starts_with(closer) || (closer == ']' && rest.starts_with(','))
}

/// One of the members must hold. A single member is returned as it is, nested lists of the same kind are merged.
pub(crate) fn any_of<T>(members: Vec<Condition<T>>) -> Condition<T> {
    let flatten = |member| match member {
        Condition::Any(inside) => inside,
        other => vec![other],
    };
    single(members.into_iter().flat_map(flatten).collect()).unwrap_or_else(Condition::Any)
}

/// All members must hold. A single member is returned as it is, nested lists of the same kind are merged.
pub(crate) fn all_of<T>(members: Vec<Condition<T>>) -> Condition<T> {
    let flatten = |member| match member {
        Condition::All(inside) => inside,
        other => vec![other],
    };
    single(members.into_iter().flat_map(flatten).collect()).unwrap_or_else(Condition::All)
}

/// The only member, or the unchanged list.
fn single<T>(mut members: Vec<Condition<T>>) -> Result<Condition<T>, Vec<Condition<T>>> {
    match (members.len(), members.pop()) {
        (1, Some(only)) => Ok(only),
        (_, Some(last)) => {
            members.push(last);
            Err(members)
        }
        (_, None) => Err(members),
    }
}
