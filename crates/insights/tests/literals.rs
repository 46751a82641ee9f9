//! Names, texts, numbers and regular expressions of any characters, printed and parsed again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{
    Column, Command, Expression, FieldPath, Fields, Filter, MatchOperator, MatchPattern, Name, Number, Query, Regex, Segment,
    Text,
};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

/// The expression of a query with it, after printing and parsing.
fn again(expression: &Expression) -> Expression {
    let columns = vec![Column { expression: Spanned::made(expression.clone()), alias: None }];
    let query = Query { commands: vec![Spanned::made(Command::Fields(Fields { columns }))] };
    let text = query.to_string();
    let parsed = Query::parse(&text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    let Command::Fields(fields) = &parsed.commands[0].node else { panic!("{text}") };
    fields.columns[0].expression.node.clone()
}

fn names() -> impl Strategy<Value = Name> {
    let any_name = any::<String>().prop_filter_map("not a name", |text| Name::new(text).ok());
    let keyword = prop::sample::select(vec![
        "and", "BY", "null", "true", "source", "filter", "5m", "4xx", "count", "@x", "@@a b", "1", "as",
    ]);
    proptest::prop_oneof![any_name, keyword.prop_map(|text| Name::new(text).unwrap())]
}

proptest! {
    #[test]
    fn any_text_survives(text in any::<String>()) {
        let expression = Expression::Text(Text::new(text));
        prop_assert_eq!(again(&expression), expression);
    }

    #[test]
    fn texts_of_quotes_and_backslashes_survive(text in r#"["'\\ntr`/|#\n]{0,12}"#) {
        let expression = Expression::Text(Text::new(text));
        prop_assert_eq!(again(&expression), expression);
    }

    #[test]
    fn any_name_survives(head in names(), step in names(), index in any::<u32>()) {
        let path = FieldPath { head, rest: vec![Segment::Name(step), Segment::Index(index)] };
        let expression = Expression::Field(path);
        prop_assert_eq!(again(&expression), expression);
    }

    #[test]
    fn any_number_keeps_its_digits(number in r"([0-9]{1,20})?(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?") {
        if let Ok(number) = Number::new(number) {
            let expression = Expression::Number(number);
            prop_assert_eq!(again(&expression), expression);
        }
    }

    #[test]
    fn any_regular_expression_that_compiles_survives(source in r"[a-z\\/|#\n.*()]{1,12}") {
        if let Ok(regex) = Regex::new(source) {
            let pattern = Spanned::made(MatchPattern::Regex(regex));
            let value = Box::new(Spanned::made(Expression::Field(Name::new("a").unwrap().into())));
            let condition = Spanned::made(Expression::Match(MatchOperator::Like, value, pattern));
            let query = Query { commands: vec![Spanned::made(Command::Filter(Filter { condition }))] };
            if let Ok(parsed) = Query::parse(&query.to_string()) {
                prop_assert_eq!(parsed, query);
            }
        }
    }

    #[test]
    fn any_characters_are_parsed_or_refused_within_their_text(source in r#"[a-z@`"'/|#()\[\]{}=!<>+*^%$.,: 0-9\n\\é-]{0,60}"#) {
        match Query::parse(&source) {
            Ok(query) => prop_assert_eq!(Query::parse(&query.to_string()), Ok(query)),
            Err(faults) => proptest::prop_assert!(faults.iter().all(|fault| source.get(fault.span.range()).is_some())),
        }
    }
}
