//! Prints a tree in the canonical form.
//!
//! The text has optional blanks for readability, unless it would be too long. Quotes, brackets and parentheses are printed only
//! where they are needed, so that the form without blanks is never longer than a parsed text. Only in that form, words with
//! points between them have no quotes.

use crate::ast::{
    Comparison, Condition, Field, FieldTest, JsonPredicate, JsonTest, NamedField, Operand, Pattern, Sign, Step, Term, TermText,
    Wildcard,
};
use crate::limits::{MAX_CHARACTERS, MAX_DEPTH};
use crate::parse::{is_dotted, is_word, selector::is_name, value::is_bare};

/// Why a tree has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unprintable {
    /// More than [`MAX_CHARACTERS`].
    TooLong,
    /// Lists are nested deeper than [`MAX_DEPTH`] parentheses can express.
    TooDeep,
}

/// The canonical text of a tree. Time and memory are bounded for any tree.
pub(crate) fn canonical(pattern: &Pattern) -> Result<String, Unprintable> {
    print(pattern, true).or_else(|_| print(pattern, false))
}

fn print(pattern: &Pattern, blanks: bool) -> Result<String, Unprintable> {
    let mut writer = Writer { text: String::new(), characters: 0, blanks };
    writer.pattern(pattern)?;
    Ok(writer.text)
}

#[derive(Debug)]
struct Writer {
    text: String,
    characters: usize,
    blanks: bool,
}

type Written = Result<(), Unprintable>;

impl Writer {
    fn put(&mut self, text: &str) -> Written {
        // Bytes first: a huge text is not counted to its end.
        if text.len() > MAX_CHARACTERS * 4 {
            return Err(Unprintable::TooLong);
        }
        self.characters += text.chars().count();
        if self.characters > MAX_CHARACTERS {
            return Err(Unprintable::TooLong);
        }
        self.text.push_str(text);
        Ok(())
    }

    /// With blanks on both sides for readability.
    fn spaced(&mut self, sign: &str) -> Written {
        if self.blanks { self.put(&format!(" {sign} ")) } else { self.put(sign) }
    }

    fn pattern(&mut self, pattern: &Pattern) -> Written {
        match pattern {
            Pattern::Everything => Ok(()),
            Pattern::Terms(terms) => self.terms(terms),
            Pattern::Json(condition) => {
                self.put(if self.blanks { "{ " } else { "{" })?;
                self.condition(condition, 0, &mut Self::json_test)?;
                self.put(if self.blanks { " }" } else { "}" })
            }
            Pattern::Fields(fields) => {
                self.put("[")?;
                for (index, field) in fields.fields.iter().enumerate() {
                    if index > 0 {
                        let gap = self.blanks && !matches!(field, Field::Empty(_));
                        self.put(if gap { ", " } else { "," })?;
                    }
                    self.field(field)?;
                }
                self.put("]")
            }
        }
    }

    fn terms(&mut self, terms: &[Term]) -> Written {
        for (index, term) in terms.iter().enumerate() {
            if index > 0 {
                self.put(" ")?;
            }
            self.put(match term.sign {
                Sign::Required => "",
                Sign::Optional => "?",
                Sign::Excluded => "-",
            })?;
            match &term.text {
                TermText::Literal(text) if text.chars().all(is_word) && !text.is_empty() => self.put(text)?,
                TermText::Literal(text) if !self.blanks && is_dotted(text) => self.put(text)?,
                TermText::Literal(text) => self.quoted(text)?,
                TermText::Regex(regex) => self.regex(&regex.0)?,
            }
        }
        Ok(())
    }

    fn quoted(&mut self, text: &str) -> Written {
        self.put("\"")?;
        for piece in text.split_inclusive(['"', '\\']) {
            match piece.chars().next_back() {
                Some(special @ ('"' | '\\')) => {
                    self.put(&piece[..piece.len() - 1])?;
                    self.put(if special == '"' { "\\\"" } else { "\\\\" })?;
                }
                _ => self.put(piece)?,
            }
        }
        self.put("\"")
    }

    fn regex(&mut self, body: &str) -> Written {
        self.put("%")?;
        self.put(body)?;
        self.put("%")
    }

    fn condition<T>(
        &mut self,
        condition: &Condition<T>,
        depth: usize,
        test: &mut impl FnMut(&mut Self, &T) -> Written,
    ) -> Written {
        // Two nested parentheses contain at most two lists. The parser counts their depth.
        if depth > 2 * MAX_DEPTH + 2 {
            return Err(Unprintable::TooDeep);
        }
        let (members, sign) = match condition {
            Condition::Test(inside) => return test(self, inside),
            Condition::All(members) => (members, "&&"),
            Condition::Any(members) => (members, "||"),
        };
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                self.spaced(sign)?;
            }
            let grouped = matches!(condition, Condition::All(_)) && !matches!(member, Condition::Test(_));
            if grouped {
                self.put("(")?;
            }
            self.condition(member, depth + 1, test)?;
            if grouped {
                self.put(")")?;
            }
        }
        Ok(())
    }

    fn json_test(&mut self, test: &JsonTest) -> Written {
        self.put("$")?;
        for step in &test.selector.node.steps {
            match step {
                Step::Name(name) if name.chars().all(is_name) && !name.is_empty() => {
                    self.put(".")?;
                    self.put(name)?;
                }
                Step::Name(name) => {
                    self.put(".['")?;
                    self.put(name)?;
                    self.put("']")?;
                }
                Step::Index(index) => self.put(&format!("[{index}]"))?,
                Step::AnyIndex => self.put("[*]")?,
                Step::AnyName => self.put(".*")?,
            }
        }
        match &test.predicate {
            JsonPredicate::Compare(comparison) => self.comparison(comparison),
            JsonPredicate::IsTrue => self.put(" IS TRUE"),
            JsonPredicate::IsFalse => self.put(" IS FALSE"),
            JsonPredicate::IsNull => self.put(" IS NULL"),
            JsonPredicate::NotExists => self.put(" NOT EXISTS"),
        }
    }

    fn comparison(&mut self, comparison: &Comparison) -> Written {
        self.spaced(comparison.operator.sign())?;
        match &comparison.value.node {
            Operand::Text(wildcard) => self.wildcard(wildcard),
            Operand::Number(number) => self.put(&number.text),
            Operand::Regex(regex) => self.regex(&regex.0),
        }
    }

    fn wildcard(&mut self, wildcard: &Wildcard) -> Written {
        if wildcard.text.len() > MAX_CHARACTERS * 4 {
            return Err(Unprintable::TooLong);
        }
        let everything = wildcard.text.is_empty() && wildcard.open_start;
        let start = if wildcard.open_start { "*" } else { "" };
        let end = if wildcard.open_end && !everything { "*" } else { "" };
        let text = format!("{start}{}{end}", wildcard.text);
        if is_bare(&text) { self.put(&text) } else { self.quoted(&text) }
    }

    fn field(&mut self, field: &Field) -> Written {
        match field {
            Field::Ellipsis(_) => self.put("..."),
            Field::Empty(_) => Ok(()),
            Field::Named(NamedField { name, condition: None }) => self.put(&name.node),
            Field::Named(NamedField { name, condition: Some(condition) }) => {
                self.condition(condition, 0, &mut |writer: &mut Self, test: &FieldTest| {
                    writer.put(&name.node)?;
                    writer.comparison(&test.comparison)
                })
            }
        }
    }
}
