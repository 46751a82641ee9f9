//! Names, texts and numbers, including unusual ones.

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{FieldPath, Literal, Name, Number, Period, PeriodUnit, Regex, Segment, Text, TimePoint};

use super::Maker;

const NAMES: &[&str] = &[
    "a",
    "b",
    "user",
    "@message",
    "@timestamp",
    "status_code",
    "detail-type",
    "SOURCE",
    "source",
    "as",
    "By",
    "like",
    "5m",
    "0",
    "1e3",
    "@@own",
    "größe",
    "a.b",
    "two words",
    "true",
    "null",
    "count(*)",
    "#",
    "a|b",
    "\"q\"",
    "it's",
    "$x",
    ")",
    "(",
    "/",
    "where",
    "@t",
    "@log",
    "limit",
    "any",
    "stats",
    "日本",
    "email",
    "fieldname",
    "p",
    "left",
    "type",
    "logfmt",
    "csv",
    "count",
    "offset",
    "multi",
    "with",
    "desc",
    "for",
    "aws:cloudformation:stack-name",
    "@aws.tag.x:y",
    "x*",
    "-",
    "now",
    "in",
    "INTO",
    "OUTPUT",
    "previousDay",
    "timeshift",
    "maxspan",
    "a\\b",
    "_",
    "@_",
];

const TEXTS: &[&str] = &[
    "",
    "x",
    "error",
    "it's",
    "say \"hi\"",
    "both ' and \"",
    "back\\slash",
    "\\x",
    "new\nline",
    "tab\there",
    "# no comment",
    "a | b",
    "`tick`",
    "日本語",
    "/aws/lambda/f",
    "*",
    "\\n",
    "\\\"",
    "{{x}}",
    "SOURCE logs",
    "unmask(@message)",
    " ",
    "\u{200b}",
    "%",
    "in\\\\side",
    "\r\n",
];

const REGEXES: &[&str] = &[
    "(?<=a=)b",
    "(a)\\1",
    "a{1,5000}",
    "^(?!.*[)x])",
    "a",
    "(?i)error",
    "a\\/b",
    "[0-9]+ ms",
    "\\d{3}",
    "say \"x\"",
    "it's",
    "a|b",
    "#x",
    "^$",
    "`",
    "\\\\x",
    " ",
];

impl Maker {
    pub(super) fn name(&mut self) -> Name {
        let name = self.pick(NAMES);
        Name::new(name).unwrap()
    }

    pub(super) fn path(&mut self) -> Spanned<FieldPath> {
        let head = self.name();
        let mut rest = Vec::new();
        while rest.len() < 3 && self.below(4) == 3 {
            rest.push(if self.yes() { Segment::Index([0, 7, u32::MAX][self.below(3)]) } else { Segment::Name(self.name()) });
        }
        Spanned::made(FieldPath { head, rest })
    }

    /// A new field, without an index.
    pub(super) fn alias(&mut self) -> Spanned<FieldPath> {
        self.path().map(|path| FieldPath {
            rest: path.rest.into_iter().filter(|step| matches!(step, Segment::Name(_))).collect(),
            ..path
        })
    }

    pub(super) fn text(&mut self) -> Text {
        Text::new(self.pick(TEXTS))
    }

    /// A text that can be written without `\`.
    pub(super) fn plain_text(&mut self) -> Text {
        Text::new(self.pick(&[
            "",
            "x",
            "it's",
            "say \"hi\"",
            "a | b",
            "`tick`",
            "/aws/lambda/f",
            "*",
            "!x",
            "SOURCE logs",
            "{{x}}",
        ]))
    }

    pub(super) fn group(&mut self) -> Text {
        Text::new(self.pick(&["/aws/lambda/f", "group", "arn:aws:logs:eu-west-1:111122223333:log-group:g", "it's", ""]))
    }

    pub(super) fn number(&mut self) -> Number {
        Number::new(self.pick(&["0", "1", "200", "0.5", "1e3", "10E-2", "1.50", "007", "2e+1", "99999999999999999999"])).unwrap()
    }

    /// A number from 1 to 100.
    pub(super) fn hundred(&mut self) -> Number {
        Number::new(self.pick(&["1", "50", "99.9", "100", "1e1"])).unwrap()
    }

    pub(super) fn literal(&mut self) -> Spanned<Literal> {
        Spanned::made(match self.below(4) {
            0 => Literal::Text(self.text()),
            1 => Literal::Number(self.number()),
            2 => Literal::Negative(self.number()),
            _ => Literal::Boolean(self.yes()),
        })
    }

    pub(super) fn regex(&mut self) -> Regex {
        Regex::new(self.pick(REGEXES)).unwrap()
    }

    pub(super) fn period(&mut self) -> Spanned<Period> {
        let unit = self.pick(&PeriodUnit::ALL);
        Spanned::made(Period::new([1, 5, 30, u32::MAX][self.below(4)], unit).unwrap())
    }

    pub(super) fn time_point(&mut self) -> Spanned<TimePoint> {
        Spanned::made(match self.below(3) {
            0 => TimePoint::Now,
            1 => TimePoint::Ago(self.period().node),
            _ => TimePoint::Epoch(1_700_000_000_000),
        })
    }
}
