//! A row rule: its condition can be written into a query and parsed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmark_event_rules::query_condition;
use logmark_filter_pattern::FilterPattern;
use logmark_insights::ast::{Command, Query};

fuzz_target!(|text: &str| {
    let Ok(rule) = FilterPattern::parse(text) else { return };
    let Ok(condition) = query_condition(&rule) else { return };
    let query = Query::parse(&format!("filter {condition}")).unwrap_or_else(|faults| panic!("{condition}: {faults:?}"));
    let Some(Command::Filter(filter)) = query.commands.first().map(|command| &command.node) else { panic!("{condition}") };
    assert_eq!(filter.condition.node, condition, "{rule}");
});
