//! Matching allocates nothing: not for terms, not for JSON without escapes, not for fields.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use logmark_filter_pattern::{FilterPattern, Matcher};

struct Counting;

thread_local! {
    // Of this thread alone: the test harness allocates in others.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one counts and hands on")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn matching_without_escapes_and_expressions_allocates_nothing() {
    let json = r#"{"level":"error","status":503,"took":1.5e3,"ok":false,"user":null,"tags":["a","b"],"at":{"x":[{"y":"z"}]}}"#;
    let line = r#"10.0.0.7 - kim [18/Jun/2024:07:11:05 +0000] "POST /pay HTTP/1.1" 503 17"#;
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
        let before = ALLOCATIONS.with(Cell::get);
        let found = matcher.matches(message);
        assert_eq!(ALLOCATIONS.with(Cell::get), before, "{pattern}");
        assert_eq!(found, matches, "{pattern}");
    }
}
