//! Paths of a mask (the first line, separated by spaces) and a message (the rest): the masked message is valid JSON in which only
//! masked values are changed, and a message is withheld exactly when `serde_json` refuses it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmark_event_rules::{FieldMask, MaskPath, Masked, Replacement};
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let Some((paths, message)) = text.split_once('\n') else { return };
    let paths: Vec<MaskPath> = paths.split(' ').filter_map(|path| MaskPath::parse(path).ok()).collect();
    let Ok(mask) = FieldMask::new(&paths, Replacement::default()) else { return };
    if mask.is_empty() {
        return assert_eq!(mask.apply(message), Masked::Unchanged);
    }
    let valid = serde_json::from_str::<Map<String, Value>>(message).is_ok();
    match mask.apply(message) {
        Masked::Withheld => assert!(!valid, "{message}"),
        Masked::Unchanged => assert!(valid, "{message}"),
        Masked::Changed(masked) => {
            assert!(valid, "{message}");
            assert!(serde_json::from_str::<Map<String, Value>>(&masked).is_ok(), "{masked}");
            let again = mask.apply(&masked);
            assert!(again == Masked::Unchanged || again == Masked::Changed(masked.clone()), "{masked}");
            let removed = FieldMask::new(&paths, Replacement::Remove).map(|mask| mask.apply(message));
            let Ok(Masked::Changed(kept)) = removed else { panic!("{message}") };
            assert!(serde_json::from_str::<Map<String, Value>>(&kept).is_ok(), "{kept}");
        }
    }
});
