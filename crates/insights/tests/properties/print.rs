//! A query is equal to itself after printing and parsing.

use logmark_insights::MAX_LENGTH;
use logmark_insights::ast::Query;
use proptest::prelude::{prop_assert_eq, proptest};

use crate::strategy;

proptest! {
    #![proptest_config(crate::cases(20_000))]

    #[test]
    fn a_printed_query_is_parsed_to_the_same_tree(query in strategy::query()) {
        let text = query.to_string();
        if text.chars().count() <= MAX_LENGTH {
            prop_assert_eq!(Query::parse(&text).map_err(|faults| format!("{text}\n{faults:?}")), Ok(query));
        }
    }
}
