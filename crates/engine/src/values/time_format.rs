//! The formats of `formatDate` and `strftime`: directives of C's `strftime`.
//!
//! A format is parsed once and then written for moments. Names of months and weekdays are English.

use super::time::Zone;
use jiff::fmt::strtime::BrokenDownTime;
use std::fmt;

/// A format of `formatDate`.
///
/// | Directives | Written as |
/// |---|---|
/// | `%Y` `%y` `%C` | the year: `2024`, `24`; the century, `20` |
/// | `%m` `%b` `%h` `%B` | the month: `03`, `Mar` twice, `March` |
/// | `%d` `%e` `%j` | the day of the month: `05`, ` 5`; of the year: `065` |
/// | `%a` `%A` `%u` `%w` | the weekday: `Tue`, `Tuesday`; 1 (Monday) to 7; 0 (Sunday) to 6 |
/// | `%G` `%g` `%V` `%U` `%W` | year and week of ISO 8601; week counted from the first Sunday, Monday |
/// | `%H` `%k` `%I` `%l` | the hour: `07`, ` 7`; of twelve |
/// | `%M` `%S` `%p` `%P` | minute; second; `AM`; `am` |
/// | `%L` `%f` | milliseconds: `123`; microseconds: `123000`, as Ruby and Python have them |
/// | `%s` | whole seconds since the epoch |
/// | `%z` `%:z` `%Z` | the offset: `+0100`, `+01:00`; the zone's abbreviation: `CET` |
/// | `%F` `%T` `%R` `%D` `%r` | `%Y-%m-%d`; `%H:%M:%S`; `%H:%M`; `%m/%d/%y`; `%I:%M:%S %p` |
/// | `%c` `%x` `%X` | as in C's own locale: `%a %b %e %H:%M:%S %Y`; `%m/%d/%y`; `%H:%M:%S` |
/// | `%n` `%t` `%%` | new line; tabulator; per cent |
///
/// Between `%` and a number's directive may stand `-` for no padding, `_` for spaces, `0` for zeros. Any other directive is
/// refused. Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime functions", which shows directives
/// (`%Y`) and lists none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeFormat(String);

/// Why a text is not a valid format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    /// A directive that is not supported, with its `%`.
    Unsupported(String),
    /// A `%` at the end; a per cent sign is `%%`.
    OpenDirective,
}

impl fmt::Display for FormatError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(directive) => write!(formatter, "`{directive}` is not supported in a time format"),
            Self::OpenDirective => formatter.write_str("a time format ends in a lone `%`; a per cent sign is `%%`"),
        }
    }
}

impl std::error::Error for FormatError {}

/// Directives that write a number, whose padding can be changed.
const NUMBERS: &str = "YymdejuwGgVUWHkIlMS";

impl TimeFormat {
    /// Reads a format.
    ///
    /// # Errors
    /// If a directive is not supported, or the format ends in `%`.
    ///
    /// ```
    /// use logmark_engine::values::{time::Zone, time_format::TimeFormat};
    ///
    /// let format = TimeFormat::parse("%d %b %Y, %H:%M:%S.%L %z")?;
    /// let paris = Zone::parse("Europe/Paris").unwrap();
    /// assert_eq!(format.write(1_700_000_000_123, &paris).as_deref(), Some("14 Nov 2023, 23:13:20.123 +0100"));
    /// assert_eq!(TimeFormat::parse("%Q").unwrap_err().to_string(), "`%Q` is not supported in a time format");
    /// # Ok::<(), logmark_engine::values::time_format::FormatError>(())
    /// ```
    pub fn parse(format: &str) -> Result<Self, FormatError> {
        let mut directives = String::with_capacity(format.len());
        let mut rest = format.chars();
        while let Some(character) = rest.next() {
            if character != '%' {
                directives.push(character);
                continue;
            }
            let flag = rest.as_str().chars().next().filter(|flag| matches!(flag, '-' | '_' | '0' | ':'));
            if flag.is_some() {
                rest.next();
            }
            let letter = rest.next().ok_or(FormatError::OpenDirective)?;
            push(&mut directives, flag, letter)?;
        }
        Ok(Self(directives))
    }

    /// Formats a moment, in milliseconds since the epoch, in `zone`; `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn write(&self, millis: i64, zone: &Zone) -> Option<String> {
        let zoned = zone.at(millis)?;
        BrokenDownTime::from(&zoned).to_string(&self.0).ok()
    }
}

/// Adds a directive in the spelling of the library that writes it as the table says.
fn push(directives: &mut String, flag: Option<char>, letter: char) -> Result<(), FormatError> {
    let unsupported = || FormatError::Unsupported(format!("%{}{letter}", flag.map(String::from).unwrap_or_default()));
    let plain = match (flag, letter) {
        (None, 'L') => "%3f",
        (None, 'f') => "%6f",
        (None, 'D' | 'x') => "%m/%d/%y",
        (None, 'X') => "%H:%M:%S",
        (None, 'c') => "%a %b %e %H:%M:%S %Y",
        (None, 'r') => "%I:%M:%S %p",
        (Some(':'), 'z') => "%:z",
        (None, letter) if NUMBERS.contains(letter) || "CbhBaApPszZFTRnt%".contains(letter) => {
            directives.extend(['%', letter]);
            return Ok(());
        }
        (Some(flag @ ('-' | '_' | '0')), letter) if NUMBERS.contains(letter) => {
            directives.extend(['%', flag, letter]);
            return Ok(());
        }
        _ => return Err(unsupported()),
    };
    directives.push_str(plain);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FormatError, TimeFormat};
    use crate::values::time::{Zone, parse_timestamp};
    use proptest::prelude::{any, prop_assert, proptest};

    fn write(format: &str, moment: &str, zone: &str) -> String {
        let format = TimeFormat::parse(format).unwrap_or_else(|error| panic!("{format}: {error}"));
        format.write(parse_timestamp(moment).unwrap(), &Zone::parse(zone).unwrap()).unwrap()
    }

    #[test]
    fn each_directive_writes_what_c_writes() {
        for (format, written) in [
            ("%Y|%y|%C", "2024|24|20"),
            ("%m|%b|%h|%B", "03|Mar|Mar|March"),
            ("%d|%e|%j", "05| 5|065"),
            ("%a|%A|%u|%w", "Tue|Tuesday|2|2"),
            ("%G|%g|%V|%U|%W", "2024|24|10|09|10"),
            ("%H|%k|%I|%l", "07| 7|07| 7"),
            ("%M|%S|%p|%P", "08|09|AM|am"),
            ("%L|%f|%s", "123|123000|1709622489"),
            ("%z|%:z|%Z", "+0000|+00:00|UTC"),
            ("%F|%T|%R|%D|%r", "2024-03-05|07:08:09|07:08|03/05/24|07:08:09 AM"),
            ("%c|%x|%X", "Tue Mar  5 07:08:09 2024|03/05/24|07:08:09"),
            ("%n%t%%", "\n\t%"),
            ("%-d.%-m.%Y %-H:%M", "5.3.2024 7:08"),
            ("%_m|%0e", " 3|05"),
            ("100%% at %Hh, “é”", "100% at 07h, “é”"),
            ("", ""),
        ] {
            assert_eq!(write(format, "2024-03-05 07:08:09.123", "UTC"), written, "{format}");
        }
    }

    #[test]
    fn weeks_and_halves_of_days_hold_at_their_edges() {
        for (format, moment, written) in [
            ("%G-W%V-%u", "2021-01-03", "2020-W53-7"),
            ("%G-W%V-%u", "2024-12-30", "2025-W01-1"),
            ("%U|%W|%j|%w", "2023-01-01", "01|00|001|0"),
            ("%I %p|%l", "2024-01-01 00:30:00", "12 AM|12"),
            ("%I %p", "2024-01-01 12:30:00", "12 PM"),
            ("%y", "1905-01-01", "05"),
            ("%g", "1905-06-01", "05"),
            ("%y|%C", "2199-01-01", "99|21"),
            ("%Y", "0099-01-01", "0099"),
        ] {
            assert_eq!(write(format, moment, "UTC"), written, "{format} {moment}");
        }
    }

    #[test]
    fn zones_and_their_summers_are_respected() {
        let format = "%Y-%m-%d %H:%M %z %Z";
        assert_eq!(write(format, "2024-07-01 12:00:00", "America/New_York"), "2024-07-01 08:00 -0400 EDT");
        assert_eq!(write(format, "2024-01-01 02:00:00", "America/New_York"), "2023-12-31 21:00 -0500 EST");
        assert_eq!(write("%H:%M %:z", "2024-01-01 02:00:00", "+05:30"), "07:30 +05:30");
    }

    #[test]
    fn an_unknown_directive_is_refused_by_its_name() {
        for (format, error) in [
            ("%Q", FormatError::Unsupported("%Q".into())),
            ("%E", FormatError::Unsupported("%E".into())),
            ("%é", FormatError::Unsupported("%é".into())),
            ("%-A", FormatError::Unsupported("%-A".into())),
            ("%:H", FormatError::Unsupported("%:H".into())),
            ("%3f", FormatError::Unsupported("%3".into())),
            ("%Y %", FormatError::OpenDirective),
            ("%-", FormatError::OpenDirective),
        ] {
            assert_eq!(TimeFormat::parse(format), Err(error), "{format}");
        }
    }

    proptest! {
        #[test]
        fn a_format_that_is_read_writes_any_moment_in_range(format in "[%a-zA-Z:_0-9é-]{0,16}", millis in any::<i64>()) {
            if let Ok(format) = TimeFormat::parse(&format) {
                let in_range = (-377_705_023_201_000..=253_402_207_200_999).contains(&millis);
                prop_assert!(format.write(millis, &Zone::UTC).is_some() || !in_range);
                prop_assert!(format.write(millis % 100_000_000_000_000, &Zone::UTC).is_some());
            }
        }
    }
}
