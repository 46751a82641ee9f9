//! Diagnostics as users see them: drawn for a terminal, and as JSON.

use logmark_diagnostics::Report;
use logmark_filter_pattern::FilterPattern;

/// One of each kind, and one text with several.
const TEXTS: [(&str, &str); 11] = [
    ("unquoted_term", "ERROR user-42"),
    ("typographic_quotes", "“connection reset” -retry"),
    ("regex_group", "%took (ten|twenty) ms%"),
    ("regex_characters", "%über! \\bword%"),
    ("json_operators", "{ $.level == \"error\" and $.status <> 200 }"),
    ("json_is_not", "{ $.user.id IS NOT NULL && $.trace EXISTS }"),
    ("json_selector", "{ status >= 500 || $.['a.b] = 1 }"),
    ("field_of_another_slot", "[ip, status = 4* && bytes > 1000, bytes]"),
    ("too_many_wildcards", "{ $.a[*] = 1 || $.b[*].c.* = 2 }"),
    ("insights_query", "fields @timestamp, @message\n| filter @message like /ERROR/"),
    ("unclosed", "{ ($.a = \"x\" || $.b = 1 }"),
];

#[test]
fn diagnostics_are_drawn_under_the_text_and_written_as_json() {
    for (name, text) in TEXTS {
        let faults = FilterPattern::parse(text).unwrap_err();
        let report = Report::new("filter", text, &faults);
        let json = serde_json::to_string_pretty(&report).unwrap();
        insta::assert_snapshot!(name, format!("{report}\n\n{json}"));
    }
}
