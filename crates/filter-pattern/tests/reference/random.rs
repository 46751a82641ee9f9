//! Random patterns and messages, similar enough to match often.

use logmark_diagnostics::{Span, Spanned};
use logmark_filter_pattern::ast::{
    Comparison, Condition, Field, FieldTest, Fields, JsonPredicate, JsonTest, NamedField, Number, Operand, Operator, Pattern,
    Regex, Selector, Sign, Step, Term, TermText, Wildcard,
};

const NAMES: &[&str] = &["a", "b", "c", "a.b", "é", "q\"\\"];
const TEXTS: &[&str] = &[
    "x",
    "error",
    "5",
    "5.0",
    "404",
    "",
    "true",
    "null",
    "é\u{1f600}",
    "a\"b\\c",
    "line\nfeed",
    "x*y",
    "9007199254740993",
    "1e3",
    "a longer text with /slashes/ in it",
    "inf",
];
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "5",
    "5.0",
    "5.00",
    "404",
    "-1",
    "1e3",
    "1000",
    "1.5",
    "9007199254740993",
    "9007199254740992",
    "1e-3",
    "0.001",
    "123456789012345678901234567890",
    "123456789012345678901234567891",
    "1e300",
    "1E+2",
];
/// Texts that look like JSON; some are.
const ODDITIES: &[&str] = &[
    "1e400",
    "-1e400",
    "1e-400",
    "01",
    "1.",
    "-",
    "+1",
    "NaN",
    "Infinity",
    r#""\ud800""#,
    r#""\udc00""#,
    r#""\ud83d\u0041""#,
    r#""\ud83d\ude00""#,
    r#""\/\b\f\r\t""#,
    r#""\x""#,
    "\"\t\"",
    "[1,]",
    "{,}",
    "nul",
    "'a'",
];
const EXPRESSIONS: &[&str] = &["5", "^err", "x|5", "[0-9]{3}", "or$", "^.$", "^[^x]*$", "[.]0", r"\\"];
const WORDS: &[&str] = &[
    "ERROR",
    "404",
    "4",
    "-",
    "1534",
    "[a b]",
    "\"GET /x 200\"",
    "[open",
    "\"quote",
    "1e3",
    "é",
    "\"\"",
    "[]",
    "[x]y",
    "\"5\"",
    "x]",
];
const OPERATORS: &[Operator] =
    &[Operator::Equal, Operator::NotEqual, Operator::Less, Operator::LessOrEqual, Operator::Greater, Operator::GreaterOrEqual];

/// `SplitMix64`: the same numbers in every run.
pub(crate) struct Random(pub(crate) u64);

enum Value {
    Word(&'static str),
    Number(&'static str),
    Text(&'static str),
    Array(Vec<Value>),
    Object(Vec<(&'static str, Value)>),
}

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A pattern and messages that match it more or less.
    pub(crate) fn case(&mut self, messages: usize) -> (Pattern, Vec<String>) {
        match self.below(10) {
            0 => (self.terms(), (0..messages).map(|_| self.line()).collect()),
            1..4 => (self.fields(), (0..messages).map(|_| self.line()).collect()),
            _ => {
                let document = self.object(3);
                let condition = self.condition(2, &mut |random| random.json_test(&document));
                let written = |random: &mut Self| {
                    let other;
                    let document = if random.one_in(3) {
                        other = random.object(3);
                        &other
                    } else {
                        &document
                    };
                    let mut text = String::new();
                    random.write(document, &mut text);
                    if random.one_in(8) { random.damage(&text) } else { text }
                };
                (Pattern::Json(condition), (0..messages).map(|_| written(self)).collect())
            }
        }
    }

    fn terms(&mut self) -> Pattern {
        let term = |random: &mut Self| Term {
            sign: random.pick(&[Sign::Required, Sign::Required, Sign::Optional, Sign::Optional, Sign::Excluded]),
            text: if random.one_in(4) {
                TermText::Regex(Regex(random.pick(EXPRESSIONS).to_owned()))
            } else {
                TermText::Literal(random.pick(WORDS).to_owned())
            },
            span: Span::at(0),
        };
        Pattern::Terms((0..=self.below(3)).map(|_| term(self)).collect())
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        for _ in 0..self.below(8) {
            line += self.pick(&[" ", " ", " ", "  ", "\t", "\n", ""]);
            line += self.pick(WORDS);
        }
        line + self.pick(&["", "", " ", "\r\n"])
    }

    fn fields(&mut self) -> Pattern {
        let mut fields: Vec<_> = (0..=self.below(4)).map(|number| self.field(number)).collect();
        if self.one_in(2) {
            let place = self.below(fields.len() + 1);
            fields.insert(place, Field::Ellipsis(Span::at(0)));
        }
        Pattern::Fields(Fields { fields, span: Span::at(0) })
    }

    fn field(&mut self, number: usize) -> Field {
        if self.one_in(4) {
            return Field::Empty(Span::at(0));
        }
        let test = |random: &mut Self| FieldTest { comparison: random.comparison(None), span: Span::at(0) };
        let condition = self.one_in(3).then(|| self.condition(1, &mut { test }));
        Field::Named(NamedField { name: Spanned::made(format!("f{number}")), condition })
    }

    fn condition<T>(&mut self, depth: usize, test: &mut dyn FnMut(&mut Self) -> T) -> Condition<T> {
        let kind = if depth == 0 { 0 } else { self.below(4) };
        match kind {
            0 | 1 => Condition::Test(test(self)),
            2 => Condition::All((0..2).map(|_| self.condition(depth - 1, test)).collect()),
            _ => Condition::Any((0..2).map(|_| self.condition(depth - 1, test)).collect()),
        }
    }

    /// A test of a property, usually one of the document, with its value.
    fn json_test(&mut self, document: &Value) -> JsonTest {
        let mut steps = Vec::new();
        let mut here = Some(document);
        while steps.is_empty() || (steps.len() < 4 && !self.one_in(3)) {
            let (step, next) = match here {
                Some(Value::Object(members)) if !members.is_empty() && !self.one_in(6) => {
                    let (name, next) = &members[self.below(members.len())];
                    (if self.one_in(4) { Step::AnyName } else { Step::Name((*name).to_owned()) }, Some(next))
                }
                Some(Value::Array(elements)) if !elements.is_empty() && !self.one_in(6) => {
                    let index = self.below(elements.len());
                    let step = if self.one_in(3) { Step::AnyIndex } else { Step::Index(u32::try_from(index).unwrap()) };
                    (step, elements.get(index))
                }
                Some(Value::Object(_)) => (Step::Name(self.pick(NAMES).to_owned()), None),
                Some(_) if !steps.is_empty() && !self.one_in(8) => break,
                _ => (self.step(), None),
            };
            steps.push(step);
            here = next;
        }
        let predicate = match self.below(10) {
            0 => JsonPredicate::NotExists,
            1 => JsonPredicate::IsNull,
            2 => JsonPredicate::IsTrue,
            3 => JsonPredicate::IsFalse,
            _ => JsonPredicate::Compare(self.comparison(here)),
        };
        JsonTest { selector: Spanned::made(Selector { steps }), predicate, span: Span::at(0) }
    }

    fn step(&mut self) -> Step {
        match self.below(4) {
            0 => Step::AnyIndex,
            1 => Step::AnyName,
            2 => Step::Index(u32::try_from(self.below(3)).unwrap()),
            _ => Step::Name(self.pick(NAMES).to_owned()),
        }
    }

    /// A comparison, usually with this value.
    fn comparison(&mut self, with: Option<&Value>) -> Comparison {
        let text = match with {
            Some(Value::Text(text) | Value::Number(text) | Value::Word(text)) if !self.one_in(3) => (*text).to_owned(),
            _ => self.pick(&[TEXTS, NUMBERS, WORDS].concat()).trim_matches(['[', ']', '"']).to_owned(),
        };
        let number = Number { value: text.parse().unwrap_or_default(), text: text.clone() };
        let is_number = NUMBERS.contains(&text.as_str()) || ["404", "4", "1534"].contains(&text.as_str());
        let operand = match self.below(8) {
            0 => Operand::Regex(Regex(self.pick(EXPRESSIONS).to_owned())),
            1..6 if is_number => Operand::Number(number),
            _ => Operand::Text(self.wildcard(text)),
        };
        let operators = if matches!(operand, Operand::Number(_)) { OPERATORS } else { &OPERATORS[..2] };
        let operator = if self.one_in(2) { Operator::Equal } else { self.pick(operators) };
        Comparison { operator, value: Spanned::made(operand) }
    }

    fn wildcard(&mut self, text: String) -> Wildcard {
        let (open_start, open_end) = (self.one_in(3), self.one_in(3));
        let mut kept: Vec<_> = text.chars().collect();
        if open_start && self.one_in(2) && !kept.is_empty() {
            kept.remove(0);
        }
        if open_end && self.one_in(2) {
            kept.pop();
        }
        Wildcard { open_start, text: kept.into_iter().collect(), open_end }
    }

    fn object(&mut self, depth: usize) -> Value {
        Value::Object((0..self.below(6)).map(|_| (self.pick(NAMES), self.value(depth - 1))).collect())
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 10 }) {
            0 => Value::Word(self.pick(&["true", "false", "null"])),
            1 | 2 => Value::Number(self.pick(NUMBERS)),
            3..6 => Value::Text(self.pick(TEXTS)),
            6 | 7 => Value::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => self.object(depth),
        }
    }

    fn write(&mut self, value: &Value, text: &mut String) {
        match value {
            _ if self.one_in(150) => *text += self.pick(ODDITIES),
            Value::Word(word) | Value::Number(word) => *text += word,
            Value::Text(string) => self.write_string(string, text),
            Value::Array(elements) => {
                *text += "[";
                for (index, element) in elements.iter().enumerate() {
                    *text += if index > 0 { "," } else { "" };
                    self.blank(text);
                    self.write(element, text);
                    self.blank(text);
                }
                *text += "]";
            }
            Value::Object(members) => {
                *text += "{";
                for (index, (name, member)) in members.iter().enumerate() {
                    *text += if index > 0 { "," } else { "" };
                    self.blank(text);
                    self.write_string(name, text);
                    self.blank(text);
                    *text += ":";
                    self.blank(text);
                    self.write(member, text);
                }
                self.blank(text);
                *text += "}";
            }
        }
    }

    fn blank(&mut self, text: &mut String) {
        if self.one_in(6) {
            *text += self.pick(&[" ", "\t", "\n", "\r\n", "  "]);
        }
    }

    fn write_string(&mut self, string: &str, text: &mut String) {
        text.push('"');
        let rarely = self.one_in(4);
        for character in string.chars() {
            if (rarely && self.one_in(3)) || matches!(character, '"' | '\\' | '\n') {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    *text += &format!("\\u{unit:04X}");
                }
            } else {
                text.push(character);
            }
        }
        text.push('"');
    }

    /// The text with one character removed, doubled or replaced.
    fn damage(&mut self, text: &str) -> String {
        let mut characters: Vec<_> = text.chars().collect();
        if characters.is_empty() {
            return "{".to_owned();
        }
        let place = self.below(characters.len());
        match self.below(4) {
            0 => {
                characters.remove(place);
            }
            1 => characters.insert(place, characters[place]),
            2 => characters.truncate(place),
            _ => {
                characters[place] =
                    self.pick(&['{', '}', '[', ']', '"', '\\', ',', ':', '0', '.', 'e', '-', ' ', 'n', '\u{1}', 'é'])
            }
        }
        characters.into_iter().collect()
    }
}
