//! The generated queries contain every element of the language.

use logmark_insights::ast::CommandName;
use logmark_insights::functions::Function;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::strategy;

#[test]
fn every_command_and_every_function_is_made() {
    let mut runner = TestRunner::deterministic();
    let mut all = String::new();
    for _ in 0..3_000 {
        all.push_str(&format!("{:?}\n", strategy::query().new_tree(&mut runner).unwrap().current()));
    }
    for name in CommandName::ALL {
        assert!(all.contains(&format!("{name:?}(")) || all.contains(&format!("{name:?},")), "no {name:?} was made");
    }
    for function in Function::ALL {
        assert!(all.contains(&format!("function: {function:?},")), "no {function:?} was made");
    }
}
