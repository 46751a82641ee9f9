//! Matching does not allocate: for terms, JSON without escapes, and fields.

use logmark_filter_pattern::{FilterPattern, Matcher};

#[test]
fn matching_without_escapes_and_expressions_allocates_nothing() {
    let json = r#"{"level":"error","status":503,"took":1.5e3,"ok":false,"user":null,"tags":["a","b"],"at":{"x":[{"y":"z"}]}}"#;
    let line = r#"10.0.0.7 - kim [18/Jun/2024:07:11:05 +0000] "POST /pay HTTP/1.1" 503 17"#;
    assert_eq!(allocation_counter::measure(|| drop(std::hint::black_box(vec![1]))).count_total, 1, "allocations are counted");
    for (pattern, message, matches) in [
        ("", line, true),
        ("POST", line, true),
        (r#""POST /pay" kim -GET"#, line, true),
        ("?GET ?PUT", line, false),
        ("{ $.level = error && $.status >= 500 && $.took = 1500 }", json, true),
        (r#"{ $.level = "*rr*" && $.at.x[*].y = z* && $.tags[1] != "a" }"#, json, true),
        ("{ $.ok IS TRUE || $.user IS NULL && $.absent NOT EXISTS }", json, true),
        ("{ $.* = 12345 }", json, false),
        ("[ip, , user, time, request, status, bytes]", line, true),
        ("[ip != 10.*, ..., status = 5* && status > 500.5, bytes]", line, false),
        (r#"[..., request = "POST *", status = 503, bytes < 20]"#, line, true),
    ] {
        let pattern: FilterPattern = pattern.parse().unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
        let matcher = Matcher::new(&pattern).unwrap();
        let mut found = !matches;
        let allocated = allocation_counter::measure(|| found = matcher.matches(message));
        assert_eq!(allocated.count_total, 0, "{pattern}");
        assert_eq!(found, matches, "{pattern}");
    }
}
