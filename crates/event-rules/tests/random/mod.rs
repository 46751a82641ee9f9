//! Random rules and messages, similar enough to match often.

use logmark_diagnostics::{Span, Spanned};
use logmark_filter_pattern::ast::{
    Comparison, Condition, JsonPredicate, JsonTest, Number, Operand, Operator, Pattern, Regex, Selector, Sign, Step, Term,
    TermText, Wildcard,
};

const NAMES: &[&str] = &["tenant", "a", "b", "é", "a.b", "@id", "q\"\\", "0"];
const TEXTS: &[&str] = &[
    "acme",
    "Acme",
    "x",
    "",
    "5",
    "5.0",
    "5.",
    ".5",
    "-1",
    "007",
    "true",
    "null",
    "é\u{1f600}",
    "a\"b\\c",
    "l\nf",
    "1e3",
    "a/b#",
    "9007199254740993",
    "x*y",
];
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "5",
    "5.0",
    "50e-1",
    "404",
    "-1",
    "1e3",
    "1.5",
    "9007199254740993",
    "123456789012345678901234567890",
    "1e-3",
    "1e300",
    "0.1",
    "1E+2",
];
const ODDITIES: &[&str] =
    &["1e400", "01", "1.", "NaN", r#""\ud800""#, r#""\ud83d\u0041""#, r#""\x""#, "\"\t\"", "[1,]", "{,}", "nul", "'a'"];
const EXPRESSIONS: &[&str] =
    &["5", "^\\{", "acme|x", "[0-9]{3}", "}$", "^.*$", "^[^x]*$", "[.]0", "a/b", "\\W\\d", "[\\w-]+\\s", "x{,2}", "\\\"$"];
const LINES: &[&str] = &[
    "plain acme line",
    "acme",
    "",
    "5",
    "[acme]",
    "\"acme\"",
    "START RequestId: 6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001 Version: 1",
    "2 111122223333 eni-0a1b 10.0.0.5 10.0.1.9 443 51512 6 12 4096 1700000000 1700000060 ACCEPT OK",
    "l\nf a/b# x",
    "a\"b\\c é\u{1f600}",
];

/// `SplitMix64`: the same numbers in every run.
pub(crate) struct Random(u64);

/// Whether the documentation of `query_condition` allows hiding the event although the rule matches it.
pub(crate) fn may_be_hidden(message: &str) -> bool {
    let bytes = message.as_bytes();
    let has_long_exponent = bytes.windows(4).any(|window| {
        window[0].eq_ignore_ascii_case(&b'e') && window[1..].iter().filter(|byte| byte.is_ascii_digit()).count() >= 2
    });
    let deepest = bytes.iter().fold((0_i32, 0), |(depth, deepest), byte| {
        let depth = depth + i32::from(b"{[".contains(byte)) - i32::from(b"}]".contains(byte));
        (depth, deepest.max(depth))
    });
    // An escape in a name, or a name with a dot.
    let dense: String = message.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let in_name = dense.split("\":").any(|part| {
        let name = part.rsplit('"').next().unwrap_or_default();
        name.contains("\\u") || name.contains('.')
    });
    has_long_exponent || deepest.1 > 8 || in_name || dense.contains("\\\":")
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed << 32)
    }

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

    /// A rule, usually one that can be translated.
    pub(crate) fn rule(&mut self) -> Pattern {
        if self.one_in(4) {
            return Pattern::Terms((0..=self.below(3)).map(|_| self.term()).collect());
        }
        Pattern::Json(self.condition(1))
    }

    fn term(&mut self) -> Term {
        let text = if self.one_in(3) {
            TermText::Regex(Regex(self.pick(EXPRESSIONS).to_owned()))
        } else {
            TermText::Literal(Some(self.pick(TEXTS)).filter(|text| !text.is_empty()).unwrap_or("line").to_owned())
        };
        Term { sign: self.pick(&[Sign::Required, Sign::Required, Sign::Excluded, Sign::Optional]), text, span: Span::at(0) }
    }

    fn condition(&mut self, depth: usize) -> Condition<JsonTest> {
        if depth == 0 || !self.one_in(3) {
            return Condition::Test(self.json_test());
        }
        let members = vec![self.condition(0), self.condition(0)];
        if self.one_in(2) { Condition::All(members) } else { Condition::Any(members) }
    }

    fn json_test(&mut self) -> JsonTest {
        let steps = self.steps();
        let predicate = match self.below(10) {
            0 => JsonPredicate::IsTrue,
            1 => JsonPredicate::IsNull,
            2 => JsonPredicate::NotExists,
            3..=5 => self.number_test(),
            _ => self.text_test(),
        };
        JsonTest { selector: Spanned::made(Selector { steps }), predicate, span: Span::at(0) }
    }

    fn steps(&mut self) -> Vec<Step> {
        let mut steps = vec![Step::Name(self.pick(NAMES).to_owned())];
        while self.one_in(3) && steps.len() < 3 {
            steps.push(match self.below(6) {
                0 => Step::Index(u32::from(self.one_in(2))),
                1 => Step::AnyIndex,
                _ => Step::Name(self.pick(NAMES).to_owned()),
            });
        }
        steps
    }

    fn number_test(&mut self) -> JsonPredicate {
        let text = self.pick(NUMBERS).to_owned();
        let value = Spanned::made(Operand::Number(Number { value: text.parse().unwrap(), text }));
        let operators = [
            Operator::Equal,
            Operator::NotEqual,
            Operator::Less,
            Operator::LessOrEqual,
            Operator::Greater,
            Operator::GreaterOrEqual,
        ];
        JsonPredicate::Compare(Comparison { operator: self.pick(&operators), value })
    }

    fn text_test(&mut self) -> JsonPredicate {
        let text = self.pick(TEXTS);
        let part = text.get(..text.len() / 2).filter(|part| self.0.is_multiple_of(2) && !part.is_empty()).unwrap_or(text);
        let (open_start, open_end) = (self.one_in(4), self.one_in(4));
        let everything = part.is_empty() && (open_start || open_end);
        let wanted = Wildcard { open_start: open_start || everything, text: part.to_owned(), open_end: open_end || everything };
        let operator = self.pick(&[Operator::Equal, Operator::Equal, Operator::NotEqual]);
        JsonPredicate::Compare(Comparison { operator, value: Spanned::made(Operand::Text(wanted)) })
    }

    /// A message: usually JSON, sometimes damaged.
    pub(crate) fn message(&mut self) -> String {
        if self.one_in(10) {
            return self.pick(LINES).to_owned();
        }
        let odd = self.one_in(8);
        let mut text = String::new();
        self.object(3, odd, &mut text);
        match self.below(24) {
            0 => text.push_str(" tail"),
            1 => text.insert_str(0, "2026-01-05T08:00:00.000Z\t6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001\tINFO\t"),
            2 => text.truncate(text.floor_char_boundary(self.below(text.len()))),
            3 => {
                let place = text.floor_char_boundary(self.below(text.len()));
                text.insert_str(place, ["\"", ",", "}", "\\", ":", " "][self.below(6)]);
            }
            4 => {
                let place = text.floor_char_boundary(self.below(text.len()));
                text.remove(place);
            }
            5 => text = format!(" {text}\n"),
            _ => {}
        }
        text
    }

    fn object(&mut self, depth: usize, odd: bool, text: &mut String) {
        text.push('{');
        for number in 0..self.below(5) {
            text.push_str(if number == 0 { "" } else { "," });
            self.blank(text);
            let name = self.pick(NAMES);
            let escapes = self.one_in(12);
            self.string(name, escapes, text);
            self.blank(text);
            text.push(':');
            self.blank(text);
            self.value(depth, odd, text);
            self.blank(text);
        }
        text.push('}');
    }

    fn value(&mut self, depth: usize, odd: bool, text: &mut String) {
        if odd && self.one_in(6) {
            return text.push_str(self.pick(ODDITIES));
        }
        match self.below(if depth == 0 { 8 } else { 12 }) {
            0 => text.push_str(self.pick(&["true", "false"])),
            1 => text.push_str("null"),
            2 | 3 => text.push_str(self.pick(NUMBERS)),
            4..8 => {
                let string = self.pick(TEXTS);
                let escapes = self.one_in(4);
                self.string(string, escapes, text);
            }
            8..10 => self.object(depth - 1, odd, text),
            _ => {
                text.push('[');
                for number in 0..self.below(4) {
                    text.push_str(if number == 0 { "" } else { ", " });
                    self.value(depth - 1, odd, text);
                }
                text.push(']');
            }
        }
    }

    fn blank(&mut self, text: &mut String) {
        if self.one_in(6) {
            text.push_str(self.pick(&[" ", "\t", "\r\n", "  "]));
        }
    }

    fn string(&mut self, string: &str, escapes: bool, text: &mut String) {
        text.push('"');
        for character in string.chars() {
            if escapes && self.one_in(2) {
                character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                    text.push_str(&if self.0.is_multiple_of(2) { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") });
                });
            } else {
                match character {
                    '"' | '\\' => text.extend(['\\', character]),
                    '\n' => text.push_str("\\n"),
                    '/' if self.one_in(2) => text.push_str("\\/"),
                    _ => text.push(character),
                }
            }
        }
        text.push('"');
    }
}
