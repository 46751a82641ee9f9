//! The syntax tree of a filter pattern.
//!
//! Every part knows where it was written; equality ignores that (see [`Spanned`]), so that a pattern which was printed and
//! parsed again equals the first. What cannot be written in the language cannot be parsed, but it can be built here:
//! [`crate::FilterPattern`] is the checked form.

use logmark_diagnostics::{Span, Spanned};

/// A whole pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// Nothing, blanks, `""` or `" "`: every event matches.
    Everything,
    /// Words, phrases and regular expressions that the message must, may or must not hold.
    Terms(Vec<Term>),
    /// `{ … }`: a condition on the properties of a JSON message.
    Json(Condition<JsonTest>),
    /// `[ … ]`: conditions on the fields of a space-delimited message.
    Fields(Fields),
}

/// One term: `ERROR`, `"exact phrase"`, `%regex%`, with its sign.
#[derive(Debug, Clone)]
pub struct Term {
    /// What its presence means.
    pub sign: Sign,
    /// What is looked for.
    pub text: TermText,
    /// Where it was written, the sign with it.
    pub span: Span,
}

/// What a term's presence in a message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `ERROR`: it must be there.
    Required,
    /// `?ERROR`: one of those with this sign must be there, when all terms have it; beside required or excluded terms it has
    /// no effect.
    Optional,
    /// `-ERROR`: it must not be there.
    Excluded,
}

/// What a term looks for.
#[derive(Debug, Clone, PartialEq)]
pub enum TermText {
    /// These characters, anywhere in the message, in the same case. Never empty.
    Literal(String),
    /// Something that the expression matches, anywhere in the message.
    Regex(Regex),
}

/// The text between two `%`, held to be of the subset that CloudWatch allows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Regex(pub String);

/// Tests joined by `&&` and `||`. `&&` binds closer; a list has at least two members, and no member is a list of the same
/// kind (`a && (b && c)` is the list of three).
#[derive(Debug, Clone, PartialEq)]
pub enum Condition<T> {
    /// One test.
    Test(T),
    /// All must hold.
    All(Vec<Condition<T>>),
    /// One must hold.
    Any(Vec<Condition<T>>),
}

/// One test of a JSON property: `$.a.b[0] >= 10`.
#[derive(Debug, Clone)]
pub struct JsonTest {
    /// Which property.
    pub selector: Spanned<Selector>,
    /// What it must be.
    pub predicate: JsonPredicate,
    /// The whole test.
    pub span: Span,
}

/// The way to a property: the steps after `$`, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selector {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// `.name` or `['na.me']`: the property of an object.
    Name(String),
    /// `[3]`: the element of an array, from 0.
    Index(u32),
    /// `[*]`: any element of an array.
    AnyIndex,
    /// `.*`: any property of an object.
    AnyName,
}

/// What a JSON property must be.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonPredicate {
    /// `= value`, `!= value` and the orders of numbers.
    Compare(Comparison),
    /// `IS TRUE`
    IsTrue,
    /// `IS FALSE`
    IsFalse,
    /// `IS NULL`
    IsNull,
    /// `NOT EXISTS`
    NotExists,
}

/// An operator and the value that it compares with.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The operator. [`Operator::Less`] and its like go with numbers only.
    pub operator: Operator,
    /// The value on its right.
    pub value: Spanned<Operand>,
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Text with `*` at its ends, perhaps.
    Text(Wildcard),
    /// A number, unquoted: `400`, `-1.5`, `1e-3`.
    Number(Number),
    /// `%regex%`, with `=` and `!=`.
    Regex(Regex),
}

/// A number with the way it was written: `10e3` stays `10e3` when printed, and equals another number by its value alone.
#[derive(Debug, Clone)]
pub struct Number {
    /// Its value; finite.
    pub value: f64,
    /// As it was written.
    pub text: String,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Text that may go on at its beginning or end: `*suffix`, `prefix*`, `*inside*`, `*` alone for anything that is there.
/// A `*` elsewhere is the character itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wildcard {
    /// A `*` stood at the beginning.
    pub open_start: bool,
    /// The characters, without the `*` at the ends. Empty in `*` (both ends open) and in `""` (none).
    pub text: String,
    /// A `*` stood at the end.
    pub open_end: bool,
}

/// A space-delimited pattern: `[ip, user, ..., status = 4*, bytes]`.
#[derive(Debug, Clone)]
pub struct Fields {
    /// The fields in order; at most one is [`Field::Ellipsis`]. None at all in `[]`, which every message matches.
    pub fields: Vec<Field>,
    /// The whole pattern with its brackets.
    pub span: Span,
}

/// One place of a space-delimited pattern.
#[derive(Debug, Clone)]
pub enum Field {
    /// `...`: any number of fields.
    Ellipsis(Span),
    /// Nothing between two commas: one field, whatever it is.
    Empty(Span),
    /// A field with a name.
    Named(NamedField),
}

/// A named field of a space-delimited pattern, with what it must be: `status = 4* && status != 404`.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedField {
    /// Its name.
    pub name: Spanned<String>,
    /// What it must be; none: anything.
    pub condition: Option<Condition<FieldTest>>,
}

/// One test of the field whose condition it is in.
#[derive(Debug, Clone)]
pub struct FieldTest {
    /// What the field must be.
    pub comparison: Comparison,
    /// The whole test.
    pub span: Span,
}

// Where a thing was written is no part of what it means: these leave the spans out, as `Spanned` does.

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.sign == other.sign && self.text == other.text
    }
}

impl PartialEq for JsonTest {
    fn eq(&self, other: &Self) -> bool {
        self.selector == other.selector && self.predicate == other.predicate
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ellipsis(_), Self::Ellipsis(_)) | (Self::Empty(_), Self::Empty(_)) => true,
            (Self::Named(this), Self::Named(that)) => this == that,
            _ => false,
        }
    }
}

impl PartialEq for FieldTest {
    fn eq(&self, other: &Self) -> bool {
        self.comparison == other.comparison
    }
}
