//! The shapes of functions, and the arguments that are compiled before the first event.
//!
//! Owns which arguments are compiled, and the result if they are missing or differ from event to event. [`super::meaning`] maps
//! functions to shapes.

use std::borrow::Cow;

use super::{Argument, ArgumentFault, CallError, Context};
use crate::values::ip::Subnet;
use crate::values::java_pattern::JavaPattern;
use crate::values::regex::Regex;
use crate::values::replace::Replacement;
use crate::values::strings::{LONGEST_TEXT, TrimSet};
use crate::values::time::Zone;
use crate::values::time_format::TimeFormat;
use crate::values::value::Value;
use crate::values::{bucket, coerce};
use logmark_insights::functions::Function;
use logmark_insights::period::Period;

/// Stands for an argument that is not given.
const MISSING: &Value = &Value::Missing;

/// How a function is computed.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A function of one value.
    One(fn(&Value) -> Value),
    /// A function of two values.
    Two(fn(&Value, &Value) -> Value),
    /// A function of any number of values.
    All(fn(&[Value]) -> Value),
    /// A function of a text; missing without a text.
    Text(fn(&str) -> Value),
    /// A test of a text; false without a text.
    IsSuch(fn(&str) -> bool),
    /// A test of two texts; false if either is missing.
    AreSuch(fn(&str, &str) -> bool),
    /// A function of the query and the event.
    Context(fn(&Context<'_>) -> Value),
    Bin(Known<Period>),
    Bucket(fn(i64, Period) -> Option<i64>, Known<Period>),
    Trim(fn(&str, &TrimSet) -> String, Known<TrimSet>),
    InSubnet(fn(&Subnet) -> bool, Known<Subnet>),
    ParseDate(Known<JavaPattern>, Known<Zone>),
    FormatDate(Known<TimeFormat>, Known<Zone>),
    RegexReplace(Known<Regex>, Known<Replacement>),
}

/// An argument that is compiled.
#[derive(Debug, Clone)]
pub(super) enum Known<T> {
    /// It differs from event to event.
    Varies,
    /// For all events.
    Is(T),
    /// It is missing for all events, and so is the result.
    Nothing,
}

impl<T: Clone> Known<T> {
    /// The argument, compiled now if it differs from event to event.
    fn get(&self, value: &Value, read: impl FnOnce(&str) -> Option<T>) -> Option<Cow<'_, T>> {
        match self {
            Self::Is(known) => Some(Cow::Borrowed(known)),
            Self::Nothing => None,
            Self::Varies => read(&coerce::text(value)?).map(Cow::Owned),
        }
    }

    /// The argument of a function that requires a constant.
    const fn known(&self) -> Option<&T> {
        match self {
            Self::Is(known) => Some(known),
            Self::Nothing | Self::Varies => None,
        }
    }
}

impl Step {
    /// See [`super::Prepared::apply`].
    pub(super) fn apply(&self, values: &[Value], context: &Context<'_>) -> Value {
        let value = |place: usize| values.get(place).unwrap_or(MISSING);
        match self {
            Self::One(function) => function(value(0)),
            Self::Two(function) => function(value(0), value(1)),
            Self::All(function) => function(values),
            Self::Text(function) => coerce::text(value(0)).map_or(Value::Missing, |text| function(&text)),
            Self::IsSuch(function) => coerce::text(value(0)).is_some_and(|text| function(&text)).into(),
            Self::AreSuch(function) => {
                let texts = coerce::text(value(0)).zip(coerce::text(value(1)));
                texts.is_some_and(|(text, other)| function(&text, &other)).into()
            }
            Self::Context(function) => function(context),
            Self::Bin(period) => period_start(bucket::floor, context.timestamp, period),
            Self::Bucket(function, period) => period_start(*function, coerce::moment(value(0)), period),
            Self::Trim(function, set) => trim(*function, set, value(0), value(1)).into(),
            Self::InSubnet(is_right, subnet) => {
                let subnet = subnet.get(value(1), Subnet::parse).filter(|subnet| is_right(subnet));
                let address = coerce::text(value(0));
                subnet.zip(address).is_some_and(|(subnet, address)| subnet.contains(&address)).into()
            }
            Self::ParseDate(pattern, zone) => parse_date(pattern, zone, [value(0), value(1), value(2)]).into(),
            Self::FormatDate(format, zone) => format_date(format, zone, [value(0), value(1), value(2)]).into(),
            Self::RegexReplace(regex, replacement) => regex_replace(regex.known(), replacement, value(0), value(2)).into(),
        }
    }
}

fn period_start(function: fn(i64, Period) -> Option<i64>, moment: Option<i64>, period: &Known<Period>) -> Value {
    let start = moment.zip(period.known()).and_then(|(moment, period)| function(moment, *period));
    start.map_or(Value::Missing, Value::Timestamp)
}

fn trim(function: fn(&str, &TrimSet) -> String, set: &Known<TrimSet>, text: &Value, characters: &Value) -> Option<String> {
    let set = set.get(characters, |characters| Some(TrimSet::of(characters)))?;
    Some(function(&coerce::text(text)?, &set))
}

fn parse_date(pattern: &Known<JavaPattern>, zone: &Known<Zone>, [text, written, name]: [&Value; 3]) -> Option<i64> {
    let pattern = pattern.get(written, |pattern| JavaPattern::parse(pattern).ok())?;
    let zone = zone.get(name, |name| Zone::parse(name).ok())?;
    pattern.read(&coerce::text(text)?, &zone)
}

fn format_date(format: &Known<TimeFormat>, zone: &Known<Zone>, [time, written, name]: [&Value; 3]) -> Option<String> {
    let format = format.get(written, |format| TimeFormat::parse(format).ok())?;
    let zone = zone.get(name, |name| Zone::parse(name).ok())?;
    format.write(coerce::moment(time)?, &zone).filter(|text| text.len() <= LONGEST_TEXT)
}

fn regex_replace(regex: Option<&Regex>, replacement: &Known<Replacement>, text: &Value, by: &Value) -> Option<String> {
    let regex = regex?;
    let replacement = replacement.get(by, |by| Replacement::compile(by, regex).ok())?;
    replacement.apply(&coerce::text(text)?, regex).map(Cow::into_owned)
}

/// The function with its known arguments, of which there are as many as the signature has.
pub(super) fn compile(function: Function, step: Step, arguments: &[Option<Argument>]) -> Result<Step, CallError> {
    let constants = Constants { function, arguments };
    Ok(match step {
        Step::Bin(_) => Step::Bin(constants.period(0)),
        Step::Bucket(bucket, _) => Step::Bucket(bucket, constants.period(1)),
        Step::Trim(side, _) if arguments.len() < 2 => Step::Trim(side, Known::Is(TrimSet::white_space())),
        Step::Trim(side, _) => Step::Trim(side, constants.read(1, |text| Ok(TrimSet::of(text)))?),
        Step::InSubnet(is_right, _) => {
            // AWS accepts a malformed subnet; no address is in it.
            let subnet = constants.read(1, |text| Ok(Subnet::parse(text)))?;
            Step::InSubnet(is_right, subnet.flattened())
        }
        Step::ParseDate(..) => {
            let pattern = constants.read(1, |text| JavaPattern::parse(text).map_err(ArgumentFault::Pattern))?;
            Step::ParseDate(pattern, constants.zone(2)?)
        }
        Step::FormatDate(..) => {
            let format = constants.read(1, |text| TimeFormat::parse(text).map_err(ArgumentFault::Format))?;
            Step::FormatDate(format, constants.zone(2)?)
        }
        Step::RegexReplace(..) => {
            let regex = constants.read(1, |text| Regex::compile_re2(text).map_err(ArgumentFault::Regex))?;
            let replacement = match &regex {
                Known::Is(regex) => {
                    constants.read(2, |text| Replacement::compile(text, regex).map_err(ArgumentFault::Replacement))?
                }
                Known::Nothing => Known::Nothing,
                Known::Varies => return Err(constants.error(1, ArgumentFault::Varies)),
            };
            Step::RegexReplace(regex, replacement)
        }
        step => step,
    })
}

impl<T> Known<Option<T>> {
    fn flattened(self) -> Known<T> {
        match self {
            Self::Is(Some(known)) => Known::Is(known),
            Self::Is(None) | Self::Nothing => Known::Nothing,
            Self::Varies => Known::Varies,
        }
    }
}

/// The known arguments of a function.
struct Constants<'a> {
    function: Function,
    arguments: &'a [Option<Argument>],
}

impl Constants<'_> {
    /// The argument at this index, read from its text.
    fn read<T>(&self, place: usize, read: impl FnOnce(&str) -> Result<T, ArgumentFault>) -> Result<Known<T>, CallError> {
        let Some(Some(Argument::Value(value))) = self.arguments.get(place) else { return Ok(Known::Varies) };
        let Some(text) = coerce::text(value) else { return Ok(Known::Nothing) };
        read(&text).map(Known::Is).map_err(|fault| self.error(place, fault))
    }

    /// The zone at this index; UTC if it is not given.
    fn zone(&self, place: usize) -> Result<Known<Zone>, CallError> {
        if self.arguments.len() <= place {
            return Ok(Known::Is(Zone::UTC));
        }
        self.read(place, |name| Zone::parse(name).map_err(ArgumentFault::Zone))
    }

    /// The period at this index, where the signature has one.
    fn period(&self, place: usize) -> Known<Period> {
        match self.arguments.get(place) {
            Some(Some(Argument::Period(period))) => Known::Is(*period),
            _ => Known::Nothing,
        }
    }

    const fn error(&self, place: usize, fault: ArgumentFault) -> CallError {
        CallError::Argument { function: self.function, place, fault }
    }
}
