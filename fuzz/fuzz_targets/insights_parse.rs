//! Any text is a query that prints as itself, or has faults that can be shown; what it reaches and its rewritings can be told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmark_diagnostics::Report;
use logmark_insights::Query;

fuzz_target!(|text: &str| {
    match Query::parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            assert_eq!(Query::parse(&printed).as_ref(), Ok(&query), "{printed}");
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                assert!(text.get(fault.span.range()).is_some(), "{fault:?}");
            }
            let report = Report::new("query", text, &faults);
            assert!(!report.to_string().is_empty() && serde_json::to_string(&report).is_ok());
        }
    }
});
