//! An answer of CloudWatch: read as serde_json reads it, written in every layout as its values say.
#![no_main]

#[path = "../../crates/event-page/tests/reference/mod.rs"]
mod reference;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| {
    reference::check(answer);
});
