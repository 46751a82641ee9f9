//! A rewritten query keeps its commands and has the requested changes.

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{Command, CommandName, Filter, Limit, LimitMode, Query};
use logmark_insights::reach::{Beyond, Reach};
use logmark_insights::rewrite::{DEFAULT_LIMIT, Nested, Reason};
use logmark_insights::{MAX_LENGTH, NotKept};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

use crate::strategy::{self, Within};

fn max() -> impl Strategy<Value = u32> {
    prop_oneof![Just(1), Just(20), Just(10_000), Just(100_000), any::<u32>()]
}

fn is_source_or_index(command: &Spanned<Command>) -> bool {
    matches!(command.node.name(), CommandName::Source | CommandName::FilterIndex)
}

/// The queries in a command, as their text.
fn reads_more_than_it_names(query: &Query) -> bool {
    Reach::of(query).beyond().iter().any(|beyond| matches!(beyond.node, Beyond::OtherQuery(_) | Beyond::SavedQuery { .. }))
}

fn is_printed_and_parsed(query: &Query) -> Result<(), TestCaseError> {
    let text = query.to_string();
    if text.chars().count() <= MAX_LENGTH {
        let parsed = Query::parse(&text).map_err(|faults| TestCaseError::fail(format!("{text}: {faults:?}")))?;
        prop_assert_eq!(&parsed, query);
    }
    Ok(())
}

/// The query's own text, with other spaces. A rewrite keeps every part that it did not create.
fn is_kept(query: &Query, rewritten: impl Fn(&Query) -> Option<Query>) -> Result<(), TestCaseError> {
    let source = query.to_string();
    let Ok(parsed) = Query::parse(&source) else { return Ok(()) };
    let Some(rewritten) = rewritten(&parsed) else { return Ok(()) };
    for most in [MAX_LENGTH, source.chars().count()] {
        match rewritten.to_kept_text_within(&source, most) {
            Ok(text) => prop_assert_eq!(Query::parse(&text), Ok(rewritten.clone()), "{}", text),
            Err(NotKept::TooLong(_)) => {}
            Err(NotKept::Differs) => return Err(TestCaseError::fail(format!("{source}: {rewritten}"))),
        }
    }
    Ok(())
}

fn limits(query: &Query) -> Vec<u32> {
    let limit = |command: &Spanned<Command>| match &command.node {
        Command::Limit(limit) => Some(limit.count.node),
        _ => None,
    };
    query.commands.iter().filter_map(limit).collect()
}

/// The query with every limit at most this number.
fn with_limits_of(query: &Query, max: u32) -> Query {
    let mut query = query.clone();
    for command in &mut query.commands {
        if let Command::Limit(limit) = &mut command.node {
            limit.count.node = limit.count.node.min(max);
        }
    }
    query
}

proptest! {
    #![proptest_config(crate::cases(20_000))]

    #[test]
    fn the_first_filter_is_put_in_front_and_nothing_else_is_touched(query in strategy::query(), condition in strategy::condition()) {
        match query.with_first_filter(&condition, Nested::Refused) {
            Ok(filtered) => {
                prop_assert!(!reads_more_than_it_names(&query), "{}", query);
                let place = query.commands.iter().take_while(|command| is_source_or_index(command)).count();
                let mut expected = query.commands.clone();
                expected.insert(place, Spanned::made(Command::Filter(Filter { condition: Spanned::made(condition) })));
                prop_assert_eq!(&filtered, &Query { commands: expected });
                is_printed_and_parsed(&filtered)?;
            }
            Err(_) => prop_assert!(reads_more_than_it_names(&query), "{}", query),
        }
    }

    #[test]
    fn the_queries_in_a_query_are_filtered_by_the_same_condition(query in strategy::query(), condition in strategy::condition()) {
        match query.with_first_filter(&condition, Nested::Filtered) {
            Ok(filtered) => {
                let queries = 1 + Reach::of(&query).beyond().iter().filter(|beyond| matches!(beyond.node, Beyond::OtherQuery(_))).count();
                let debug = format!("{:?}", Command::Filter(Filter { condition: Spanned::made(condition) }));
                let count = |query: &Query| format!("{query:?}").matches(&debug).count();
                prop_assert_eq!(count(&filtered), count(&query) + queries, "{}", filtered);
                is_printed_and_parsed(&filtered)?;
            }
            Err(refusal) => prop_assert_eq!(refusal.reason, Reason::SavedQuery, "{}", query),
        }
    }

    #[test]
    fn a_rewriting_keeps_the_text_of_what_it_did_not_make(query in strategy::query(), condition in strategy::condition(), max in max()) {
        is_kept(&query, |query| Some(query.clone()))?;
        is_kept(&query, |query| query.with_first_filter(&condition, Nested::Filtered).ok())?;
        is_kept(&query, |query| query.bound_limit(max).ok())?;
        is_kept(&query, |query| query.with_first_filter(&condition, Nested::Refused).ok()?.bound_limit(max).ok())?;
    }

    #[test]
    fn a_bound_query_has_no_limit_above_the_bound_and_is_else_the_same(query in strategy::query(), max in max()) {
        let Ok(bound) = query.bound_limit(max) else { return Ok(()) };
        prop_assert!(limits(&bound).iter().all(|limit| *limit <= max), "{}", bound);
        let mut expected = with_limits_of(&query, max);
        if limits(&query).is_empty() && !matches!(query.commands.last().unwrap().node, Command::Estimate(_)) {
            let count = Spanned::made(max.min(DEFAULT_LIMIT));
            expected.commands.push(Spanned::made(Command::Limit(Limit { count, mode: LimitMode::First })));
        }
        prop_assert_eq!(&bound, &expected, "{}", query);
        prop_assert_eq!(&bound.bound_limit(max).unwrap(), &bound);
        is_printed_and_parsed(&bound)?;
    }

    #[test]
    fn a_query_without_a_limit_is_refused_one_only_for_a_row_of_sums(query in strategy::query_within(Within::ItsOwnEvents)) {
        if limits(&query).is_empty() && let Err(refusal) = query.bound_limit(5) {
            prop_assert_eq!(refusal.reason, Reason::SummaryRow);
        }
    }
}
