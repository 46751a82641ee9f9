//! Any text is a pattern that prints as itself, or has errors that can be rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmark_diagnostics::Report;
use logmark_filter_pattern::{FilterPattern, and};

fuzz_target!(|text: &str| {
    match FilterPattern::parse(text) {
        Ok(pattern) => {
            let printed = pattern.to_string();
            assert_eq!(FilterPattern::parse(&printed).as_ref(), Ok(&pattern), "{printed}");
            if let Ok(both) = and(&pattern, &pattern) {
                assert!(FilterPattern::parse(&both.to_string()).is_ok(), "{both}");
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                assert!(text.get(fault.span.range()).is_some(), "{fault:?}");
            }
            let report = Report::new("filter", text, &faults);
            assert!(!report.to_string().is_empty() && serde_json::to_string(&report).is_ok());
        }
    }
});
