//! Properties of every pattern and every text.

mod strategy;

use logmark_diagnostics::Kind;
use logmark_filter_pattern::limits::MAX_CHARACTERS;
use logmark_filter_pattern::{CannotCombine, FilterPattern, and};
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::{prop_assert, prop_assert_eq, prop_oneof};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_tree_that_is_printed_and_parsed_is_the_same_tree(tree in strategy::pattern()) {
        match FilterPattern::try_from(tree.clone()) {
            Ok(pattern) => {
                prop_assert_eq!(pattern.ast(), &tree);
                prop_assert!(pattern.as_str().chars().count() <= MAX_CHARACTERS);
                let again = FilterPattern::parse(pattern.as_str());
                prop_assert_eq!(again.as_ref().map(FilterPattern::ast), Ok(&tree), "{}", pattern);
                prop_assert_eq!(again.map(|again| again.to_string()), Ok(pattern.to_string()));
            }
            Err(faults) => prop_assert!(faults.iter().all(|fault| fault.kind == Kind::Limit), "{faults:?}"),
        }
    }

    #[test]
    fn any_text_is_a_pattern_that_prints_or_has_faults_with_places(
        text in prop_oneof!["\\PC{0,40}", "[\\[{ ][ -~]{0,40}", "[{] [$][.][a-z=!<>&|()\"%* 0-9.\\[\\]'-]{0,30} [}]", "[\\[][a-c=!<>&|()\"%* 0-9.,]{0,30}[\\]]", "[-?\"%a-c \\\\]{0,20}"]
    ) {
        match FilterPattern::parse(&text) {
            Ok(pattern) => {
                prop_assert_eq!(FilterPattern::parse(pattern.as_str()), Ok(pattern.clone()));
                prop_assert!(pattern.as_str().len() <= 4 * text.len() + 40);
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(text.get(fault.span.range()).is_some(), "{fault:?}");
                    prop_assert!(fault.hint.is_some(), "{fault:?}");
                }
            }
        }
    }

    #[test]
    fn combining_is_possible_with_itself_and_with_everything_and_does_not_depend_on_the_order(
        first in strategy::pattern(), second in strategy::pattern(), blank in any::<bool>()
    ) {
        let (Ok(first), Ok(second)) = (FilterPattern::try_from(first), FilterPattern::try_from(second)) else { return Ok(()) };
        let everything = FilterPattern::parse(if blank { "" } else { "\" \"" }).unwrap();
        prop_assert_eq!(and(&first, &first), Ok(first.clone()));
        prop_assert_eq!(and(&first, &everything), Ok(first.clone()));
        prop_assert_eq!(and(&everything, &first), Ok(first.clone()));
        let (one, other) = (and(&first, &second), and(&second, &first));
        prop_assert_eq!(one.is_ok(), other.is_ok());
        if let Err(CannotCombine::BeyondLimits(faults)) = one {
            prop_assert!(faults.iter().all(|fault| fault.kind == Kind::Limit), "{faults:?}");
        }
    }
}
