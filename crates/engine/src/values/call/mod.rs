//! Calls any function of the language with its arguments.
//!
//! Owns how arguments reach a function: which are texts, which are compiled before the first event, and the result if an argument
//! is missing. The modules beside this one compute the functions; aggregates are in [`super::aggregate`].
//!
//! - [`call`] is for one event: it compiles and computes.
//! - [`Prepared`] is for many: constant arguments are checked and compiled once.
//!
//! If an argument is wrong for one event, the result is [`Value::Missing`]: one event does not end a query. A wrong constant (a
//! pattern, a format, the name of a zone) is a [`CallError`] with its index. Predicates (`isValidIp`, `startsWith`,
//! `jsonArrayContains`, …) always have a result: false if the argument is not a text, address or list, as AWS documents ("1 if …
//! and 0 otherwise"). All other functions are missing if a text or number that they need is missing.

mod meaning;
mod compiled;

use std::fmt;

use super::java_pattern::PatternError;
use super::replace::ReplacementError;
use super::time::UnknownZone;
use super::time_format::FormatError;
use super::value::Value;
use compiled::Step;
use logmark_insights::functions::{Function, Parameter};
use logmark_insights::period::Period;
use logmark_insights::regex_syntax::RegexError;

/// An argument of a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A value.
    Value(Value),
    /// A period of time: `5m`.
    Period(Period),
}

/// The time range that a query was started with and the moment it was started at, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryTimes {
    /// The start of the time range.
    pub start: i64,
    /// The end of the time range.
    pub end: i64,
    /// The result of `now()`, the same for all events.
    pub now: i64,
}

/// What functions read in addition to their arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'e> {
    /// For `now`, `queryStartTime`, `queryEndTime` and `queryTimeRange`.
    pub query: QueryTimes,
    /// The event's `@timestamp`, for `bin`; `None` for rows without an event, as after `stats`.
    pub timestamp: Option<i64>,
    /// The event's `@message`, for `messageSize()`.
    pub message: Option<&'e str>,
}

impl Context<'_> {
    /// A context without an event.
    #[must_use]
    pub const fn of_query(query: QueryTimes) -> Self {
        Self { query, timestamp: None, message: None }
    }
}

/// The result of a function for one event.
///
/// ```
/// use logmark_insights::functions::Function;
/// use logmark_engine::values::call::{Argument, Context, QueryTimes, call};
/// use logmark_engine::values::value::Value;
/// use logmark_insights::period::Period;
///
/// let query = QueryTimes { start: 1_700_000_000_000, end: 1_700_000_060_000, now: 1_700_000_090_500 };
/// let event = Context { query, timestamp: Some(1_700_000_012_345), message: Some("cart is full") };
/// let text = |text: &str| Argument::Value(Value::from(text));
///
/// assert_eq!(call(Function::StrLen, &[text("grün")], &event), Ok(Value::from(4)));
/// assert_eq!(call(Function::Now, &[], &event), Ok(Value::from(1_700_000_090)));
/// let minute = call(Function::Bin, &[Argument::Period(Period::parse("1m").unwrap())], &event);
/// assert_eq!(minute.unwrap().to_string(), "2023-11-14 22:13:00.000");
///
/// let error = call(Function::RegexReplace, &[text("a"), text("(?=a)"), text("b")], &event).unwrap_err();
/// assert_eq!(error.to_string(), "argument 2 of regexReplace: lookaround `(?=` is not supported");
/// assert_eq!(call(Function::Sum, &[text("1")], &event).unwrap_err().to_string(), "sum is computed from a group of events");
/// ```
///
/// # Errors
/// If the function is an aggregate, if its arguments do not match its signature, or if a pattern, a format or the name
/// of a zone is malformed.
pub fn call(function: Function, arguments: &[Argument], context: &Context<'_>) -> Result<Value, CallError> {
    let value = |argument: &Argument| match argument {
        Argument::Value(value) => Some(value.clone()),
        Argument::Period(_) => None,
    };
    let known: Vec<Option<Argument>> = arguments.iter().cloned().map(Some).collect();
    let values: Vec<Value> = arguments.iter().filter_map(value).collect();
    Ok(Prepared::new(function, &known)?.apply(&values, context))
}

/// A function with its constant arguments compiled.
///
/// ```
/// use logmark_insights::functions::Function;
/// use logmark_engine::values::call::{Argument, Context, Prepared, QueryTimes};
/// use logmark_engine::values::value::Value;
///
/// let subnet = Argument::Value(Value::from("10.0.0.0/8"));
/// let inside = Prepared::new(Function::IsIpInSubnet, &[None, Some(subnet)]).unwrap();
/// let context = Context::of_query(QueryTimes { start: 0, end: 0, now: 0 });
/// let mut values = [Value::Missing, Value::from("10.0.0.0/8")];
/// for (address, answer) in [("10.1.2.3", true), ("192.0.2.1", false), ("cart", false)] {
///     values[0] = Value::from(address);
///     assert_eq!(inside.apply(&values, &context), Value::Boolean(answer));
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Prepared {
    function: Function,
    step: Step,
}

impl Prepared {
    /// Compiles the constant arguments; `None` stands for an argument that differs from event to event.
    ///
    /// # Errors
    /// As for [`call`]; also if the pattern of `regexReplace` is not constant, because it would be compiled for each
    /// event.
    pub fn new(function: Function, arguments: &[Option<Argument>]) -> Result<Self, CallError> {
        let signature = function.signature();
        let fits = |(place, argument): (usize, &Option<Argument>)| {
            let is_period = matches!(argument, Some(Argument::Period(_)));
            signature.parameter(place).is_some_and(|parameter| (parameter == Parameter::Period) == is_period)
        };
        let step = meaning::of(function, arguments.len())?;
        if arguments.len() < signature.least() || !arguments.iter().enumerate().all(fits) {
            return Err(CallError::Arguments(function));
        }
        Ok(Self { function, step: compiled::compile(function, step, arguments)? })
    }

    /// The function.
    #[must_use]
    pub const fn function(&self) -> Function {
        self.function
    }

    /// The result of the function for the values of one event.
    ///
    /// The values are those of all arguments except periods, in order, including the constant ones. A value that is not given is
    /// missing.
    #[must_use]
    pub fn apply(&self, values: &[Value], context: &Context<'_>) -> Value {
        self.step.apply(values, context)
    }
}

/// Why a function cannot be computed for any event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// It is an aggregate: see [`super::aggregate`].
    OfGroup(Function),
    /// The arguments are not those of the function's [signature](Function::signature).
    Arguments(Function),
    /// An argument is invalid for every event.
    Argument {
        /// The function.
        function: Function,
        /// The argument's index, from 0.
        place: usize,
        /// What is wrong with it.
        fault: ArgumentFault,
    },
}

/// What is wrong with a constant argument.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgumentFault {
    /// Not a regular expression.
    Regex(RegexError),
    /// The replacement names a group that the pattern does not have.
    Replacement(ReplacementError),
    /// Not a pattern of `parseDate`.
    Pattern(PatternError),
    /// Not a format of `formatDate`.
    Format(FormatError),
    /// Not a time zone.
    Zone(UnknownZone),
    /// It must be a constant.
    Varies,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfGroup(function) => write!(f, "{function} is computed from a group of events"),
            Self::Arguments(function) => write!(f, "the arguments of {function} are ({})", function.signature().names),
            Self::Argument { function, place, fault } => write!(f, "argument {} of {function}: {fault}", place + 1),
        }
    }
}

impl std::error::Error for CallError {}

impl fmt::Display for ArgumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex(error) => write!(f, "{error}"),
            Self::Replacement(error) => write!(f, "{error}"),
            Self::Pattern(error) => write!(f, "{error}"),
            Self::Format(error) => write!(f, "{error}"),
            Self::Zone(error) => write!(f, "{error}"),
            Self::Varies => f.write_str("the pattern must be a constant, the same for all events"),
        }
    }
}

impl std::error::Error for ArgumentFault {}
