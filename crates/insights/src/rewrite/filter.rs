//! Adds a filter in front of a query.
//!
//! - it precedes all commands except `SOURCE`, which must be the first, and the `filterIndex` commands after it. Those drop
//!   events like a filter, so their order does not matter, and CloudWatch selects the data to read by them
//! - no name is defined before it, so every field of the condition is a field of the events

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{Argument, Call, Column, Command, Expression, Filter, MatchPattern, Query, Set};
use crate::check::aggregates::aggregates_of;
use crate::check::walk::{self, inner_of, parts_of};
use crate::commands::PartMut;
use crate::reach::{Beyond, Reach};

use super::{Nested, Reason, Refusal};

impl Query {
    /// The query restricted to the events for which the condition holds: the condition becomes the first `filter`. Nothing else
    /// changes.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the query contains a saved query, a nested query with [`Nested::Refused`], or a `SOURCE` that is not the
    /// first command, or when the condition is not valid there.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use logmark_diagnostics::Spanned;
    /// use logmark_insights::ast::{Anomaly, BinaryOperator, Command, Expression, Name, Query};
    /// use logmark_insights::rewrite::Nested;
    ///
    /// let field = Spanned::made(Expression::Field(Name::new("tenant")?.into()));
    /// let value = Spanned::made(Expression::Text("a".into()));
    /// let condition = Expression::Binary(BinaryOperator::Equal, Box::new(field), Box::new(value));
    ///
    /// let query = Query { commands: vec![Spanned::made(Command::Anomaly(Anomaly))] };
    /// let filtered = query.with_first_filter(&condition, Nested::Refused)?;
    /// assert!(matches!(&filtered.commands[0].node, Command::Filter(filter) if filter.condition.node == condition));
    /// assert_eq!(filtered.commands[1..], query.commands);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_first_filter(&self, condition: &Expression, nested: Nested) -> Result<Self, Refusal> {
        check_condition(condition)?;
        check_query(self, nested)?;
        let mut query = self.clone();
        filter_first(&mut query, condition)?;
        check_filtered(&query)?;
        Ok(query)
    }
}

/// Checks that the condition can be evaluated for one event: no aggregate, no other query, no `unmask`, no ambiguous end.
fn check_condition(condition: &Expression) -> Result<(), Refusal> {
    let reach = Reach::of_condition(condition);
    let refused = Err(Refusal::new(Reason::NotACondition, Span::at(0)));
    if !reach.beyond().is_empty() || has_aggregate(condition) || may_go_on(condition) { refused } else { Ok(()) }
}

/// Whether one of its literals ends in `\`. CloudWatch could read the next character as part of the literal, and text of the
/// query as part of the condition.
fn may_go_on(condition: &Expression) -> bool {
    let mut found = false;
    parts_of(Spanned::made(condition), &mut |part| {
        found |= match part.node {
            Expression::Text(text) => text.as_str().ends_with('\\'),
            Expression::Match(_, _, pattern) => match &pattern.node {
                MatchPattern::Text(text) => text.as_str().ends_with('\\'),
                MatchPattern::Regex(regex) => regex.as_str().ends_with('\\'),
            },
            Expression::Field(_)
            | Expression::Number(_)
            | Expression::Boolean(_)
            | Expression::Null
            | Expression::Unary(..)
            | Expression::Binary(..)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::In(..)
            | Expression::Call(_) => false,
        };
    });
    found
}

fn has_aggregate(condition: &Expression) -> bool {
    !aggregates_of(Spanned::made(condition)).is_empty()
}

/// Checks that every event that the query reads is filtered: that there are no saved queries, and no nested queries unless they
/// are filtered, too.
fn check_query(query: &Query, nested: Nested) -> Result<(), Refusal> {
    for beyond in Reach::of(query).beyond() {
        let reason = match &beyond.node {
            Beyond::SavedQuery { name: _ } => Reason::SavedQuery,
            Beyond::TooDeep => Reason::TooDeep,
            Beyond::OtherQuery(nesting) => match nested {
                Nested::Refused => Reason::NestedQuery(*nesting),
                Nested::Filtered => continue,
            },
            Beyond::Source
            | Beyond::LogGroup { name: _ }
            | Beyond::LogGroups { prefixes: _ }
            | Beyond::LogGroupTags { keys: _ }
            | Beyond::DataSources { names: _ }
            | Beyond::OtherAccounts { accounts: _ }
            | Beyond::TimeRange(_)
            | Beyond::Lookup { table: _ }
            | Beyond::CidrLookup { table: _ }
            | Beyond::FieldIndex { field: _ }
            | Beyond::Unmask => continue,
        };
        return Err(Refusal::new(reason, beyond.span));
    }
    Ok(())
}

/// Checks that every nested query has the filter: that the commands list all queries that their reach contains. Fails closed
/// when a command forgets one.
fn check_filtered(query: &Query) -> Result<(), Refusal> {
    let mut listed = 0;
    walk::queries(query, &mut |_| listed += 1);
    let reach = Reach::of(query);
    let reached = reach.beyond().iter().filter(|beyond| matches!(beyond.node, Beyond::OtherQuery(_)));
    match reached.clone().next() {
        Some(Spanned { node: Beyond::OtherQuery(nesting), span }) if reached.count() + 1 != listed => {
            Err(Refusal::new(Reason::NestedQuery(*nesting), *span))
        }
        _ => Ok(()),
    }
}

/// Adds the filter to the query and all queries nested in it. [`check_query`] has checked that they are not nested too deep.
fn filter_first(query: &mut Query, condition: &Expression) -> Result<(), Refusal> {
    let Query { commands } = query;
    if let Some(late) = commands.iter().skip(1).find(|command| matches!(command.node, Command::Source(_))) {
        return Err(Refusal::new(Reason::SourceNotFirst, late.span));
    }
    for command in commands.iter_mut() {
        filter_nested(&mut command.node, condition)?;
        if !inner_of(&command.node).is_empty() {
            // The command differs from the text at its span.
            command.span = Span::at(0);
        }
    }
    let leading = commands.iter().take_while(|command| matches!(command.node, Command::Source(_) | Command::FilterIndex(_)));
    let index = leading.count();
    let filter = Filter { condition: Spanned::made(condition.clone()) };
    commands.insert(index, Spanned::made(Command::Filter(filter)));
    Ok(())
}

/// Filters the queries nested in a command.
fn filter_nested(command: &mut Command, condition: &Expression) -> Result<(), Refusal> {
    command.rules_mut().parts_mut().into_iter().try_for_each(|part| match part {
        PartMut::Query(query) => filter_first(&mut query.node, condition),
        PartMut::Column(Column { expression, alias: _ }) | PartMut::Expression(expression) => {
            filter_expression(&mut expression.node, condition)
        }
    })
}

fn filter_expression(expression: &mut Expression, condition: &Expression) -> Result<(), Refusal> {
    match expression {
        Expression::Field(_) | Expression::Text(_) | Expression::Number(_) | Expression::Boolean(_) | Expression::Null => Ok(()),
        Expression::Unary(_, operand) | Expression::Match(_, operand, _) => filter_expression(&mut operand.node, condition),
        Expression::Binary(_, left, right) => {
            filter_expression(&mut left.node, condition)?;
            filter_expression(&mut right.node, condition)
        }
        Expression::And(parts) | Expression::Or(parts) => {
            parts.iter_mut().try_for_each(|part| filter_expression(&mut part.node, condition))
        }
        Expression::In(_, operand, set) => {
            filter_expression(&mut operand.node, condition)?;
            match &mut set.node {
                Set::List(elements) => {
                    elements.iter_mut().try_for_each(|element| filter_expression(&mut element.node, condition))
                }
                Set::Query(query) => filter_first(query, condition),
                Set::Value(value) => filter_expression(value, condition),
            }
        }
        Expression::Call(Call { function: _, arguments }) => {
            arguments.iter_mut().try_for_each(|argument| match &mut argument.node {
                Argument::Expression(expression) => filter_expression(expression, condition),
                Argument::Period(_) | Argument::Star => Ok(()),
            })
        }
    }
}
