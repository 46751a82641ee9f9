//! The scope condition of a query: the streams and the row rules of each group, and the range to the millisecond.
//!
//! Owns the condition. INVARIANT: no event outside the permit matches it. Where the language is ambiguous, fewer events match.

use logmark_diagnostics::Spanned;
use logmark_event_rules::query_condition;
use logmark_insights::ast::{
    Argument, BinaryOperator, Call, Expression, MatchOperator, MatchPattern, Name, NotWritable, Number, Regex, Set, SetOperator,
    Text,
};
use logmark_insights::functions::Function;

use crate::domain::name::LogGroupName;
use crate::domain::pattern::Pattern;
use crate::domain::rules::{Clause, Visibility};
use crate::domain::time::Millis;

/// The events that a query may read.
#[derive(Debug, Clone)]
pub struct QueryScope<'a> {
    /// Its groups, each with what the permit shows of it.
    pub groups: Vec<(&'a LogGroupName, &'a Visibility)>,
    /// The start of the range.
    pub start: Millis,
    /// The end of the range (exclusive).
    pub end: Millis,
    /// The range that upstream may read by itself.
    pub upstream: UpstreamRange,
}

/// The range that upstream may read for a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamRange {
    /// Those of [`QueryScope::seconds`].
    Exact,
    /// Perhaps earlier ones: whether `stats … offset` does is not documented.
    MayReadEarlier,
}

impl QueryScope<'_> {
    /// The range in StartQuery's whole seconds, both ends inclusive: what is in [`QueryScope::condition`]'s range, and up to a
    /// second more on either side. Whether the last second means its first millisecond or all of it is not documented: so it
    /// is the one in which the range ends, and the condition cuts it to the millisecond.
    #[must_use]
    pub fn seconds(&self) -> (i64, i64) {
        (self.start.0.div_euclid(1000), self.end.0.div_euclid(1000) + i64::from(self.end.0.rem_euclid(1000) != 0))
    }

    /// The condition that matches exactly the events in the scope.
    ///
    /// # Errors
    /// [`InexpressibleScope`] if the language cannot express a rule.
    pub fn condition(&self) -> Result<Expression, InexpressibleScope> {
        let mut parts = vec![compared(BinaryOperator::Less, self.end)?];
        if self.start.0.rem_euclid(1000) != 0 || self.upstream == UpstreamRange::MayReadEarlier {
            parts.insert(0, compared(BinaryOperator::GreaterOrEqual, self.start)?);
        }
        parts.extend(self.visible()?);
        Ok(Expression::all(parts.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(false)))
    }

    /// The part for what the permit shows; `None`: all events of all groups.
    fn visible(&self) -> Result<Option<Expression>, InexpressibleScope> {
        // Groups with equal rules are joined, in the order of their first group.
        let mut rules: Vec<(&Visibility, Vec<&LogGroupName>)> = Vec::new();
        for (group, visible) in &self.groups {
            match rules.iter_mut().find(|(known, _)| known == visible) {
                Some((_, groups)) => groups.push(group),
                None => rules.push((visible, vec![group])),
            }
        }
        if let [(visible, _)] = rules.as_slice() {
            return of_visibility(visible);
        }
        let mut alternatives = Vec::new();
        for (rule, groups) in rules {
            let names = groups.into_iter().map(of_group).collect::<Result<Vec<_>, _>>()?;
            let of_groups = Expression::any(names.into_iter().map(Spanned::made));
            let of_events = of_visibility(rule)?;
            alternatives.extend(Expression::all(of_groups.into_iter().chain(of_events).map(Spanned::made)));
        }
        Ok(Some(Expression::any(alternatives.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(false))))
    }
}

/// A message that is a JSON object begins so. Other messages are withheld under a mask.
const OBJECT_BEGINNING: &str = r"^[ \t\r\n]*\{";

/// Why a scope has no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InexpressibleScope {
    /// A name or a pattern cannot be written.
    #[error(transparent)]
    NotWritable(#[from] NotWritable),
    /// A row rule has no equivalent. The configuration refuses such a rule; the id of a tenant can make it too long.
    #[error("the row rule cannot be applied to queries: {0}")]
    RowRule(&'static str),
}

/// The events that the permit shows in a group; `None`: all.
fn of_visibility(visible: &Visibility) -> Result<Option<Expression>, InexpressibleScope> {
    let Some(rules) = &visible.rules else { return Ok(visible.streams.as_deref().map(of_patterns).transpose()?) };
    let clauses = rules.clauses().iter().map(of_clause).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Expression::any(clauses.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(false))))
}

/// The events that a clause admits. An unlimited clause has no rules, so there is at least one part.
fn of_clause(clause: &Clause) -> Result<Expression, InexpressibleScope> {
    let mut parts = Vec::new();
    parts.extend(clause.streams.as_deref().map(of_patterns).transpose()?);
    if let Some(rows) = &clause.rows {
        parts.push(query_condition(rows.pattern()).map_err(|error| InexpressibleScope::RowRule(error.reason.text()))?);
    }
    if clause.mask.is_some() {
        parts.push(like("@message", MatchOperator::Like, OBJECT_BEGINNING)?);
    }
    Ok(Expression::all(parts.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(false)))
}

/// `toMillis(@timestamp) < 1795168800000`: numbers are compared, since how a time is compared with a text is not documented.
fn compared(operator: BinaryOperator, moment: Millis) -> Result<Expression, NotWritable> {
    let function = Spanned::made(Function::ToMillis);
    let time = Call { function, arguments: vec![Spanned::made(Argument::Expression(field("@timestamp")?))] };
    let moment = Expression::Number(Number::new(moment.0.to_string())?);
    Ok(Expression::Binary(operator, boxed(Expression::Call(time)), boxed(moment)))
}

/// The streams that one of the patterns matches: those without `*` by their names, the others by regular expressions.
fn of_patterns(patterns: &[Pattern]) -> Result<Expression, NotWritable> {
    let names: Vec<_> = patterns.iter().filter_map(Pattern::literal).map(text).collect();
    let globs = patterns.iter().filter(|pattern| pattern.literal().is_none());
    let mut ways =
        globs.map(|glob| like("@logStream", MatchOperator::Like, &glob_as_regex(glob))).collect::<Result<Vec<_>, _>>()?;
    let has_globs = !ways.is_empty();
    if !names.is_empty() {
        let set = Spanned::made(Set::List(names.into_iter().map(Spanned::made).collect()));
        ways.insert(0, Expression::In(SetOperator::In, boxed(field("@logStream")?), set));
    }
    let Some(one) = Expression::any(ways.into_iter().map(Spanned::made)) else { return Ok(Expression::Boolean(false)) };
    if !has_globs {
        return Ok(one);
    }
    // `$` may also match before a line break at the end, so streams with a line break in their name are excluded.
    let one_line = like("@logStream", MatchOperator::NotLike, r"[\r\n]")?;
    Ok(Expression::all([one, one_line].map(Spanned::made)).unwrap_or(Expression::Boolean(false)))
}

/// The events of one group: `@log` is the account's number and the group's name.
fn of_group(group: &LogGroupName) -> Result<Expression, NotWritable> {
    like("@log", MatchOperator::Like, &format!("^(?:[0-9]+:)?{}$", escaped(group.as_str())))
}

/// The pattern as a regular expression over whole names. A `*` at an end needs no anchor there.
fn glob_as_regex(glob: &Pattern) -> String {
    let parts: Vec<String> = glob.as_str().split('*').map(escaped).collect();
    let (first, last) = (parts.first().map_or("", String::as_str), parts.last().map_or("", String::as_str));
    let inner = parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(".*");
    format!("{}{inner}{}", if first.is_empty() { "" } else { "^" }, if last.is_empty() { "" } else { "$" })
}

/// The text with `\` before every character that is special in a regular expression, or ends one.
fn escaped(text: &str) -> String {
    let special = |c: char| r"\.+*?()|[]{}^$/".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn like(name: &str, operator: MatchOperator, regex: &str) -> Result<Expression, NotWritable> {
    let pattern = MatchPattern::Regex(Regex::new(regex)?);
    Ok(Expression::Match(operator, boxed(field(name)?), Spanned::made(pattern)))
}

fn field(name: &str) -> Result<Expression, NotWritable> {
    Ok(Expression::Field(Name::new(name)?.into()))
}

fn text(text: &str) -> Expression {
    Expression::Text(Text::new(text))
}

fn boxed(expression: Expression) -> Box<Spanned<Expression>> {
    Box::new(Spanned::made(expression))
}
