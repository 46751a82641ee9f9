//! The syntax tree of a filter pattern.
//!
//! Every part has its position in the text. Equality ignores positions (see [`Spanned`]), so that a pattern that was printed and
//! parsed again equals the first. A tree that the language cannot write can be built here; [`crate::FilterPattern`] is the
//! checked form.

use logmark_diagnostics::{Span, Spanned};

/// A whole pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// Nothing, blanks, `""` or `" "`: every event matches.
    Everything,
    /// Words, phrases and regular expressions that the message must, may or must not contain.
    Terms(Vec<Term>),
    /// `{ … }`: a condition on the properties of a JSON message.
    Json(Condition<JsonTest>),
    /// `[ … ]`: conditions on the fields of a space-delimited message.
    Fields(Fields),
}

/// One term: `ERROR`, `"exact phrase"`, `%regex%`, with its sign.
#[derive(Debug, Clone)]
pub struct Term {
    /// Whether it is required, optional or excluded.
    pub sign: Sign,
    /// The text or the expression that is searched.
    pub text: TermText,
    /// Its position, including the sign.
    pub span: Span,
}

/// Whether a message must contain a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `ERROR`: the message must contain it.
    Required,
    /// `?ERROR`: when all terms are optional, the message must contain one of them. With required or excluded terms an optional
    /// term has no effect.
    Optional,
    /// `-ERROR`: the message must not contain it.
    Excluded,
}

/// The text or the expression of a term.
#[derive(Debug, Clone, PartialEq)]
pub enum TermText {
    /// These characters, anywhere in the message, in the same case. Never empty.
    Literal(String),
    /// A match of the expression, anywhere in the message.
    Regex(Regex),
}

/// The text between two `%`, which must be of the subset that CloudWatch allows.
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
    /// The property.
    pub selector: Spanned<Selector>,
    /// The predicate that it must satisfy.
    pub predicate: JsonPredicate,
    /// The whole test.
    pub span: Span,
}

/// The path to a property: the steps after `$`, at least one.
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

/// A predicate on a JSON property.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonPredicate {
    /// `= value`, `!= value` and comparisons of numbers.
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

/// An operator and the value on its right.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The operator. Operators other than `=` and `!=` compare only numbers.
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

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Text, optionally with `*` at its ends.
    Text(Wildcard),
    /// A number, unquoted: `400`, `-1.5`, `1e-3`.
    Number(Number),
    /// `%regex%`, with `=` and `!=`.
    Regex(Regex),
}

/// A number with its spelling: `10e3` is printed as `10e3`. Equality compares values.
#[derive(Debug, Clone)]
pub struct Number {
    /// Its value; finite.
    pub value: f64,
    /// The spelling.
    pub text: String,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Text with an optional `*` at its beginning and end: `*suffix`, `prefix*`, `*inside*`, `*` alone for any value. A `*`
/// elsewhere is the character itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wildcard {
    /// Whether a `*` is at the beginning.
    pub open_start: bool,
    /// The characters, without the `*` at the ends. Empty in `*` (both ends open) and in `""` (both ends closed).
    pub text: String,
    /// Whether a `*` is at the end.
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

/// One field of a space-delimited pattern.
#[derive(Debug, Clone)]
pub enum Field {
    /// `...`: any number of fields.
    Ellipsis(Span),
    /// Nothing between two commas: any one field.
    Empty(Span),
    /// A field with a name.
    Named(NamedField),
}

/// A named field of a space-delimited pattern with its condition: `status = 4* && status != 404`.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedField {
    /// Its name.
    pub name: Spanned<String>,
    /// Its condition; without one any value matches.
    pub condition: Option<Condition<FieldTest>>,
}

/// One test of the field whose condition it is in.
#[derive(Debug, Clone)]
pub struct FieldTest {
    /// The comparison.
    pub comparison: Comparison,
    /// The whole test.
    pub span: Span,
}

// Positions have no meaning: equality ignores spans, like `Spanned`.

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
