//! A mask that hides nothing in a message allocates nothing.

use logmark_event_rules::{FieldMask, MaskPath, Masked, Replacement};

#[test]
fn an_unmasked_message_costs_no_allocation() {
    let paths: Vec<_> = ["$.card", "$.user.email", "$.items[*].card"].iter().map(|path| MaskPath::parse(path).unwrap()).collect();
    let mask = FieldMask::new(&paths, Replacement::default()).unwrap();
    let message = r#"{"level":"info","user":{"id":7,"name":"\u00e9"},"items":[{"id":1},{"id":[2,{"x":null}]}],"took":1.5e3}"#;
    let used = allocation_counter::measure(|| assert_eq!(mask.apply(message), Masked::Unchanged));
    assert_eq!(used.count_total, 0);
    let used = allocation_counter::measure(|| assert_eq!(mask.apply("plain text"), Masked::Withheld));
    assert_eq!(used.count_total, 0);
}
