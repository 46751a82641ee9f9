//! Tests of the patterns of `parseDate`: which texts they read and refuse, and which patterns are invalid.

use super::{JavaPattern, PatternError};
use crate::values::time::{Zone, timestamp_text};
use proptest::prelude::{prop_assert_eq, proptest};

fn read(pattern: &str, text: &str, zone: &str) -> Option<String> {
    let pattern = JavaPattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    pattern.read(text, &Zone::parse(zone).unwrap()).map(timestamp_text)
}

#[test]
fn dates_are_read_by_their_patterns() {
    for (pattern, text, moment) in [
        ("yyyy-MM-dd HH:mm:ss", "2024-03-05 07:08:09", "2024-03-05 07:08:09.000"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2024-03-05T07:08:09.123-08:00", "2024-03-05 15:08:09.123"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2024-03-05T07:08:09.123Z", "2024-03-05 07:08:09.123"),
        ("yyyy-MM-dd'T'HH:mm:ss'Z'", "2024-03-05T07:08:09Z", "2024-03-05 07:08:09.000"),
        ("uuuu-MM-dd", "2024-03-05", "2024-03-05 00:00:00.000"),
        ("yyyyMMddHHmmssSSS", "20240305070809123", "2024-03-05 07:08:09.123"),
        ("yyyy-MM", "2024-03", "2024-03-01 00:00:00.000"),
        ("yyyy/DDD", "2024/065", "2024-03-05 00:00:00.000"),
        ("M/d/yy h:mm a", "3/5/24 7:08 pm", "2024-03-05 19:08:00.000"),
        ("MM/dd/yyyy hh:mm:ss a", "03/05/2024 12:00:00 AM", "2024-03-05 00:00:00.000"),
        ("MM/dd/yyyy hh:mm:ss a", "03/05/2024 12:00:00 PM", "2024-03-05 12:00:00.000"),
        ("yyyy-MM-dd HH:mm a", "2024-03-05 12:30 PM", "2024-03-05 12:30:00.000"),
        ("yyyy-MM-dd K a", "2024-03-05 0 PM", "2024-03-05 12:00:00.000"),
        ("yyyy-MM-dd kk", "2024-03-05 24", "2024-03-05 00:00:00.000"),
        ("dd/MMM/yyyy:HH:mm:ss Z", "05/Mar/2024:07:08:09 +0000", "2024-03-05 07:08:09.000"),
        ("EEE, d MMM yyyy HH:mm:ss z", "Tue, 5 Mar 2024 07:08:09 GMT", "2024-03-05 07:08:09.000"),
        ("EEEE MMMM d, y", "tuesday MARCH 5, 2024", "2024-03-05 00:00:00.000"),
        ("EEE MMM dd HH:mm:ss zzz yyyy", "Tue Mar 05 07:08:09 America/New_York 2024", "2024-03-05 12:08:09.000"),
        ("yyyy-MM-dd HH:mm VV", "2024-07-05 07:08 Europe/Berlin", "2024-07-05 05:08:00.000"),
        ("yyyy-MM-dd HHX", "2024-03-05 07+05", "2024-03-05 02:00:00.000"),
        ("yyyy-MM-dd HHX", "2024-03-05 07+0530", "2024-03-05 01:30:00.000"),
        ("yyyy-MM-dd HHxx", "2024-03-05 07-0130", "2024-03-05 08:30:00.000"),
        ("yyyy-MM-dd HH:mm:ss.SSSSSSSSS", "2024-03-05 07:08:09.123999999", "2024-03-05 07:08:09.123"),
        ("yyyy-MM-dd HH:mm:ss,S", "2024-03-05 07:08:09,5", "2024-03-05 07:08:09.500"),
        ("'day ''of'' 'yyyy-MM-dd", "day 'of' 2024-03-05", "2024-03-05 00:00:00.000"),
        ("yyyy'年'MM月dd", "2024年03月05", "2024-03-05 00:00:00.000"),
        ("yyyy-MM-dd", "2024-02-29", "2024-02-29 00:00:00.000"),
    ] {
        assert_eq!(read(pattern, text, "UTC").as_deref(), Some(moment), "{pattern}: {text}");
    }
}

#[test]
fn the_zone_of_the_call_is_used_when_the_text_has_none() {
    let hour = "yyyy-MM-dd HH:mm";
    for (text, zone, moment) in [
        ("2024-07-01 12:00", "America/New_York", "2024-07-01 16:00:00.000"),
        ("2024-01-01 12:00", "America/New_York", "2024-01-01 17:00:00.000"),
        ("2024-01-01 12:00", "+05:30", "2024-01-01 06:30:00.000"),
        // Skipped when clocks were set forward, and ambiguous when they were set back.
        ("2024-03-10 02:30", "America/New_York", "2024-03-10 07:30:00.000"),
        ("2024-11-03 01:30", "America/New_York", "2024-11-03 05:30:00.000"),
    ] {
        assert_eq!(read(hour, text, zone).as_deref(), Some(moment), "{text} {zone}");
    }
    assert_eq!(read("yyyy-MM-dd HH:mmX", "2024-07-01 12:00Z", "Asia/Tokyo").as_deref(), Some("2024-07-01 12:00:00.000"));
}

#[test]
fn a_text_that_does_not_fit_is_no_date() {
    for (pattern, text) in [
        ("yyyy-MM-dd", ""),
        ("yyyy-MM-dd", "2024-3-05"),
        ("yyyy-MM-dd", "24-03-05"),
        ("yyyy-MM-dd", "2024-03-05 "),
        ("yyyy-MM-dd", " 2024-03-05"),
        ("yyyy-MM-dd", "2024-02-30"),
        ("yyyy-MM-dd", "2023-02-29"),
        ("yyyy-MM-dd", "2024-00-05"),
        ("yyyy-MM-dd", "2024-13-05"),
        ("yyyy-MM-dd", "2024-03-00"),
        ("yyyy-MM-dd", "+024-03-05"),
        ("yyyy-MM-dd", "٢٠٢٤-03-05"),
        ("yyyy-MM-dd HH", "2024-03-05 24"),
        ("yyyy-MM-dd HH:mm:ss", "2024-03-05 23:59:60"),
        ("yyyy-MM-dd hh a", "2024-03-05 13 PM"),
        ("yyyy-MM-dd hh a", "2024-03-05 00 AM"),
        ("yyyy-MM-dd HH a", "2024-03-05 01 PM"),
        ("yyyy-MM-dd HH a", "2024-03-05 13 AM"),
        ("yyyy-MM-dd HH hh a", "2024-03-05 13 02 PM"),
        ("yyyy-DDD", "2023-366"),
        ("yyyy-DDD", "2023-000"),
        ("yyyy-MM-dd DDD", "2024-03-05 066"),
        ("EEE yyyy-MM-dd", "Mon 2024-03-05"),
        ("MMM yyyy", "Mär 2024"),
        ("yyyy-MM-dd HHZ", "2024-03-05 07Z"),
        ("yyyy-MM-dd HHxxx", "2024-03-05 07Z"),
        ("yyyy-MM-dd HHXXX", "2024-03-05 07+0100"),
        ("yyyy-MM-dd HHXXX", "2024-03-05 07+01:é"),
        ("yyyy-MM-dd HH z", "2024-03-05 07 Nowhere"),
        ("yyyy-MM-dd ss.SSS", "2024-03-05 07.12"),
    ] {
        assert_eq!(read(pattern, text, "UTC"), None, "{pattern}: {text}");
    }
}

#[test]
fn a_pattern_that_cannot_be_honoured_is_refused() {
    for (pattern, error) in [
        ("YYYY-MM-dd", PatternError::Unsupported('Y')),
        ("yyyy-'W'ww", PatternError::Unsupported('w')),
        ("yyyy G", PatternError::Unsupported('G')),
        ("yyyy n", PatternError::Unsupported('n')),
        ("yyyy-MM-dd[ HH]", PatternError::Unsupported('[')),
        ("yyyyT", PatternError::Unsupported('T')),
        ("yyy", PatternError::Width('y', 3)),
        ("yyyy MMMMM", PatternError::Width('M', 5)),
        ("yyyy ddd", PatternError::Width('d', 3)),
        ("yyyy SSSSSSSSSS", PatternError::Width('S', 10)),
        ("yyyy ZZZZ", PatternError::Width('Z', 4)),
        ("yyyy'", PatternError::OpenQuote),
        ("", PatternError::NoYear),
        ("HH:mm", PatternError::NoYear),
        ("'yyyy'", PatternError::NoYear),
        ("yyyy-MM-dd hh:mm", PatternError::NoHalfDay),
    ] {
        assert_eq!(JavaPattern::parse(pattern), Err(error), "{pattern}");
    }
    assert_eq!(PatternError::Unsupported('G').to_string(), "`G` is not supported in a date pattern");
}

proptest! {
    #[test]
    fn any_pattern_reads_or_refuses_any_text(pattern in "[yMdHhmsSaEzZXV' :é-]{0,12}", text in "[0-9APMZ+é: -]{0,24}") {
        if let Ok(pattern) = JavaPattern::parse(&pattern) {
            let moment = pattern.read(&text, &Zone::UTC);
            prop_assert_eq!(moment, pattern.read(&text, &Zone::parse("+00:00").unwrap()));
        }
    }

    #[test]
    fn the_text_of_a_moment_is_read_back(millis in -62_135_596_800_000_i64..253_402_300_800_000) {
        let pattern = JavaPattern::parse("yyyy-MM-dd HH:mm:ss.SSS").unwrap();
        prop_assert_eq!(pattern.read(&timestamp_text(millis), &Zone::UTC), Some(millis));
    }
}
