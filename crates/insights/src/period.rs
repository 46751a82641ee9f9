//! Periods of time as queries write them: `5m`, `1hr`, `2weeks`.
//!
//! Owns their spelling and AWS's caps. Engines that run queries define the arithmetic with times.

use std::fmt;

/// A unit of time of a [`Period`]. Source: stats (CWL_QuerySyntax-Stats), the list of time units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// `ms`, `msec`, `millisecond`
    Millisecond,
    /// `s`, `sec`, `second`
    Second,
    /// `m`, `min`, `minute`
    Minute,
    /// `h`, `hr`, `hour`
    Hour,
    /// `d`, `day`: of 24 hours, since buckets are in UTC.
    Day,
    /// `w`, `week`: of seven days.
    Week,
    /// `mo`, `mon`, `month`: of the calendar.
    Month,
    /// `q`, `qtr`, `quarter`: three months of the calendar.
    Quarter,
    /// `y`, `yr`, `year`: of the calendar.
    Year,
}

impl Unit {
    /// All units, the shortest first.
    pub const ALL: [Self; 9] = [
        Self::Millisecond,
        Self::Second,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
    ];

    /// The unit with that name, in any case; `None` for an unknown name. A name of more than one letter may end in `s`.
    #[must_use]
    fn parse(name: &str) -> Option<Self> {
        const NAMES: [(&str, Unit); 25] = [
            ("ms", Unit::Millisecond),
            ("msec", Unit::Millisecond),
            ("millisecond", Unit::Millisecond),
            ("s", Unit::Second),
            ("sec", Unit::Second),
            ("second", Unit::Second),
            ("m", Unit::Minute),
            ("min", Unit::Minute),
            ("minute", Unit::Minute),
            ("h", Unit::Hour),
            ("hr", Unit::Hour),
            ("hour", Unit::Hour),
            ("d", Unit::Day),
            ("day", Unit::Day),
            ("w", Unit::Week),
            ("week", Unit::Week),
            ("mo", Unit::Month),
            ("mon", Unit::Month),
            ("month", Unit::Month),
            ("q", Unit::Quarter),
            ("qtr", Unit::Quarter),
            ("quarter", Unit::Quarter),
            ("y", Unit::Year),
            ("yr", Unit::Year),
            ("year", Unit::Year),
        ];
        let find = |name: &str| NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, unit)| *unit);
        let singular = || name.strip_suffix(['s', 'S']).filter(|singular| singular.len() > 1);
        find(name).or_else(|| singular().and_then(find))
    }

    /// The shortest name, which is used to print a period.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Millisecond => "ms",
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
            Self::Quarter => "q",
            Self::Year => "y",
        }
    }

    /// The largest count of this unit that has an effect: CloudWatch silently reads `300s` as 60 s. `None` where AWS documents no
    /// cap.
    /// Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime functions".
    #[must_use]
    pub const fn cap(self) -> Option<u32> {
        match self {
            Self::Millisecond => Some(1_000),
            Self::Second | Self::Minute => Some(60),
            Self::Hour => Some(24),
            Self::Day | Self::Week | Self::Month | Self::Quarter | Self::Year => None,
        }
    }

    /// The length of one unit in milliseconds; `None` for units whose length varies: months, quarters and years.
    #[must_use]
    pub const fn millis(self) -> Option<i64> {
        match self {
            Self::Millisecond => Some(1),
            Self::Second => Some(1_000),
            Self::Minute => Some(60_000),
            Self::Hour => Some(3_600_000),
            Self::Day => Some(86_400_000),
            Self::Week => Some(604_800_000),
            Self::Month | Self::Quarter | Self::Year => None,
        }
    }
}

/// A number of units of time, at least one.
///
/// `Display` prints the period as written, in canonical spelling and without the cap: `5m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    count: u32,
    unit: Unit,
}

impl Period {
    /// A period of `count` units.
    ///
    /// # Errors
    /// [`PeriodError::Zero`] when `count` is zero.
    pub const fn new(count: u32, unit: Unit) -> Result<Self, PeriodError> {
        if count == 0 { Err(PeriodError::Zero) } else { Ok(Self { count, unit }) }
    }

    /// Reads a count and a unit with nothing between or around them.
    ///
    /// Units are read in any case, like keywords, except that a bare `M` is refused: it may mean minutes or months.
    ///
    /// # Errors
    /// A [`PeriodError`] with the reason.
    ///
    /// ```
    /// use logmark_insights::period::{Period, Unit};
    ///
    /// assert_eq!(Period::parse("5m"), Period::new(5, Unit::Minute));
    /// assert_eq!(Period::parse("2hrs"), Period::new(2, Unit::Hour));
    /// assert_eq!(Period::parse("0m").unwrap_err().to_string(), "a period is at least one unit long");
    /// ```
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, name) = text.split_at(digits);
        if count.is_empty() {
            return Err(PeriodError::NoCount);
        }
        if name.is_empty() {
            return Err(PeriodError::NoUnit);
        }
        if name == "M" {
            return Err(PeriodError::AmbiguousUnit);
        }
        let unit = Unit::parse(name).ok_or(PeriodError::UnknownUnit)?;
        Self::new(count.parse().map_err(|_| PeriodError::TooLong)?, unit)
    }

    /// The count and the unit as written, without the cap.
    #[must_use]
    pub const fn as_written(self) -> (u32, Unit) {
        (self.count, self.unit)
    }

    /// The period with the unit's [cap](Unit::cap) applied.
    ///
    /// ```
    /// use logmark_insights::period::Period;
    ///
    /// assert_eq!(Period::parse("300s")?.effective().to_string(), "60s");
    /// assert_eq!(Period::parse("5m")?.effective().to_string(), "5m");
    /// # Ok::<(), logmark_insights::period::PeriodError>(())
    /// ```
    #[must_use]
    pub const fn effective(self) -> Self {
        match self.unit.cap() {
            Some(cap) if self.count > cap => Self { count: cap, unit: self.unit },
            _ => self,
        }
    }

    /// Whether the cap changes the period. A query's author should be told.
    #[must_use]
    pub const fn is_capped(self) -> bool {
        self.effective().count != self.count
    }

    /// The length in milliseconds, as written; `None` for units whose length varies. The cap does not apply to durations such as
    /// the one of `offset`.
    #[must_use]
    pub const fn millis(self) -> Option<i64> {
        match self.unit.millis() {
            // At most 2^32 weeks, which is less than 2^63 milliseconds.
            Some(unit) => Some(self.count as i64 * unit),
            None => None,
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.count, self.unit.symbol())
    }
}

/// Why a text is not a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodError {
    /// It does not begin with a digit.
    NoCount,
    /// It ends after the number.
    NoUnit,
    /// The text after the number is not a unit.
    UnknownUnit,
    /// `M`: minutes or months.
    AmbiguousUnit,
    /// The number is zero.
    Zero,
    /// The number is beyond 4,294,967,295.
    TooLong,
}

impl PeriodError {
    /// The expected text, for messages that begin with "expected".
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::NoCount => "a period, such as `5m`",
            Self::NoUnit | Self::UnknownUnit => "a unit of time: `ms`, `s`, `m`, `h`, `d`, `w`, `mo`, `q` or `y`",
            Self::AmbiguousUnit => "`m` for minutes or `mo` for months",
            Self::Zero => "a period of at least one unit",
            Self::TooLong => "a shorter period",
        }
    }
}

impl fmt::Display for PeriodError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoCount => "a period begins with a whole number",
            Self::NoUnit => "a period ends in a unit of time",
            Self::UnknownUnit => "unknown unit of time",
            Self::AmbiguousUnit => "`M` may mean minutes or months",
            Self::Zero => "a period is at least one unit long",
            Self::TooLong => "this period is too long",
        })
    }
}

impl std::error::Error for PeriodError {}

#[cfg(test)]
mod tests {
    use super::{Period, PeriodError, Unit};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn every_documented_name_of_a_unit_is_read_and_its_plural() {
        for (unit, names) in [
            (Unit::Millisecond, "ms msec millisecond msecs milliseconds mss"),
            (Unit::Second, "s sec second secs seconds"),
            (Unit::Minute, "m min minute mins minutes MIN Minutes"),
            (Unit::Hour, "h hr hour hrs hours H"),
            (Unit::Day, "d day days"),
            (Unit::Week, "w week weeks"),
            (Unit::Month, "mo mon month mos mons months MO"),
            (Unit::Quarter, "q qtr quarter qtrs quarters"),
            (Unit::Year, "y yr year yrs years"),
        ] {
            for name in names.split(' ') {
                assert_eq!(Period::parse(&format!("7{name}")), Period::new(7, unit), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_period_says_why() {
        for (text, error) in [
            ("", PeriodError::NoCount),
            ("m", PeriodError::NoCount),
            ("-5m", PeriodError::NoCount),
            (" 5m", PeriodError::NoCount),
            ("5", PeriodError::NoUnit),
            ("5 m", PeriodError::UnknownUnit),
            ("5m ", PeriodError::UnknownUnit),
            ("1.5h", PeriodError::UnknownUnit),
            ("5hs", PeriodError::UnknownUnit),
            ("5ds", PeriodError::UnknownUnit),
            ("5fortnights", PeriodError::UnknownUnit),
            ("5µs", PeriodError::UnknownUnit),
            ("5M", PeriodError::AmbiguousUnit),
            ("0s", PeriodError::Zero),
            ("000d", PeriodError::Zero),
            ("4294967296s", PeriodError::TooLong),
            ("99999999999999999999999y", PeriodError::TooLong),
        ] {
            assert_eq!(Period::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn caps_are_those_of_the_documentation() {
        for (written, effective) in [
            ("1000ms", "1000ms"),
            ("1001ms", "1000ms"),
            ("60s", "60s"),
            ("300s", "60s"),
            ("90m", "60m"),
            ("25h", "24h"),
            ("400d", "400d"),
            ("60w", "60w"),
            ("18mo", "18mo"),
        ] {
            let period = Period::parse(written).unwrap();
            assert_eq!(period.effective().to_string(), effective);
            assert_eq!(period.is_capped(), written != effective);
            assert_eq!(period.to_string(), written);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_a_period_reads_back(text in "[0-9]{0,3}[a-zA-Z]{0,4}", count in any::<u32>()) {
            for text in [text, format!("{count}ms")] {
                if let Ok(period) = Period::parse(&text) {
                    prop_assert_eq!(Period::parse(&period.to_string()), Ok(period));
                }
            }
        }
    }
}
