//! An answer of CloudWatch: parsed with the same result as `serde_json`, and written with the same values in every layout.
#![no_main]

#[path = "../../crates/event-page/tests/agreement/reference.rs"]
mod reference;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| {
    reference::check(answer);
});
