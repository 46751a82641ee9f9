//! Times in every form, and texts that are not times.

use super::*;

const NOW: Millis = Millis(1_763_632_800_123);

fn resolve(text: &str) -> Result<String, TimeError> {
    TimeSpec::parse(text)?.resolve(NOW).map(|millis| millis.to_string())
}

#[test]
fn every_documented_form_is_understood() {
    for (text, expected) in [
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00.000Z"),
        ("2026-11-20T10:00:00.123Z", "2026-11-20T10:00:00.123Z"),
        ("2026-11-20T10:00:00.123456789Z", "2026-11-20T10:00:00.123Z"),
        ("2026-11-20t12:00:00+02:00", "2026-11-20T10:00:00.000Z"),
        ("1763632800123", "2025-11-20T10:00:00.123Z"),
        ("1763632800", "2025-11-20T10:00:00.000Z"),
        ("1763632800.5", "2025-11-20T10:00:00.500Z"),
        ("1763632800.123456", "2025-11-20T10:00:00.123Z"),
        ("1763632800.0", "2025-11-20T10:00:00.000Z"),
        ("1763632800.05", "2025-11-20T10:00:00.050Z"),
        ("1763632800123.456", "2025-11-20T10:00:00.123Z"),
        ("0.001", "1970-01-01T00:00:00.001Z"),
        ("2026112910", "2034-03-16T09:08:30.000Z"),
        ("202613291000", "1976-06-03T01:28:11.000Z"),
        ("now-15m", "2025-11-20T09:45:00.123Z"),
        ("now-1h30m", "2025-11-20T08:30:00.123Z"),
        ("now-0s", "2025-11-20T10:00:00.123Z"),
        ("0", "1970-01-01T00:00:00.000Z"),
        ("now", "2025-11-20T10:00:00.123Z"),
        ("-15m", "2025-11-20T09:45:00.123Z"),
        ("-1h30m", "2025-11-20T08:30:00.123Z"),
        ("-2d", "2025-11-18T10:00:00.123Z"),
        ("-1w2d3h4m5s", "2025-11-11T06:55:55.123Z"),
    ] {
        assert_eq!(resolve(text).as_deref(), Ok(expected), "{text}");
    }
}

fn ambiguous(date: &str) -> TimeError {
    TimeError::Ambiguous(format!("write a date as `{date}`, and an epoch time with 10 or 13 digits"))
}

#[test]
fn everything_else_says_what_is_wrong() {
    for (text, expected) in [
        ("", TimeError::NoForm),
        ("yesterday", TimeError::NoForm),
        ("2026-11-20 10:00:00Z", TimeError::NoForm),
        ("2026-11-20T10:00:00", TimeError::NoOffset("2026-11-20T10:00:00".into())),
        ("2026-11-20", TimeError::NoOffset("2026-11-20T00:00:00".into())),
        ("2026-11-20T10:00:00 02:00", TimeError::PlusLost),
        ("2026-13-20T10:00:00Z", TimeError::NoSuchMoment),
        ("2026-11-20T25:00:00Z", TimeError::NoSuchMoment),
        ("2026-11-20T10:00Z", TimeError::NoSuchMoment),
        ("2026-11-20T10:00:00+0200", TimeError::NoSuchMoment),
        ("2026-11-20T10:00:00Z[UTC]", TimeError::NoSuchMoment),
        ("-", TimeError::Relative(None)),
        ("-15", TimeError::Relative(None)),
        ("-m", TimeError::Relative(None)),
        ("-30m1h", TimeError::Relative(None)),
        ("-1h1h", TimeError::Relative(None)),
        ("-1x", TimeError::Relative(None)),
        ("-1.5h", TimeError::Relative(None)),
        ("-15min", TimeError::Relative(Some("-15m".into()))),
        ("-2 days", TimeError::Relative(Some("-2d".into()))),
        ("now-", TimeError::Relative(None)),
        ("now-15", TimeError::Relative(None)),
        ("now-1hour", TimeError::Relative(Some("-1h".into()))),
        ("15m", TimeError::NoSign("-15m".into())),
        ("1h", TimeError::NoSign("-1h".into())),
        ("1h30m", TimeError::NoSign("-1h30m".into())),
        ("7d", TimeError::NoSign("-7d".into())),
        ("+5m", TimeError::NoSign("-5m".into())),
        (" 5m", TimeError::NoSign("-5m".into())),
        ("15 minutes", TimeError::NoSign("-15m".into())),
        ("2 days ago", TimeError::NoSign("-2d".into())),
        ("1hour 30min", TimeError::NoSign("-1h30m".into())),
        ("now+1h", TimeError::NoSign("-1h".into())),
        ("now 1h", TimeError::NoSign("-1h".into())),
        ("30m1h", TimeError::NoForm),
        ("15x", TimeError::NoForm),
        ("m", TimeError::NoForm),
        ("1.5h", TimeError::NoForm),
        ("nows", TimeError::NoForm),
        ("20261129", ambiguous("2026-11-29T00:00:00Z")),
        ("20261129.5", ambiguous("2026-11-29T00:00:00Z")),
        ("202611291030", ambiguous("2026-11-29T10:30:00Z")),
        ("20261129103059", ambiguous("2026-11-29T10:30:59Z")),
        ("12345678", TimeError::Ambiguous("8 digits are neither seconds nor milliseconds of this century: give 10 or 13".into())),
        ("-100000d", TimeError::OutOfRange),
        ("99999999999999999999", TimeError::OutOfRange),
        ("999999999999999", TimeError::OutOfRange),
        ("1763632800.", TimeError::NoForm),
        (".5", TimeError::NoForm),
        ("1763632800.5.5", TimeError::NoForm),
        ("1763632800,5", TimeError::NoForm),
        ("1e9", TimeError::NoForm),
        ("０", TimeError::NoForm),
    ] {
        assert_eq!(resolve(text), Err(expected), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_fall_over(text in "\\PC{0,40}") {
        let _ = TimeSpec::parse(&text);
    }

    #[test]
    fn what_is_printed_is_read_back(millis in 0..=LAST_MILLIS) {
        let printed = Millis(millis).to_string();
        proptest::prop_assert_eq!(TimeSpec::parse(&printed), Ok(TimeSpec::At(millis)));
    }
}
