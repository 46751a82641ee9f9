//! Periods of time: `5m`, `1h`, `30 days`' worth in one word.
//!
//! - digits and a unit, nothing between them; at least 1
//! - a unit is `ms`, `s`, `m`, `h`, `d`, `w`, `mo`, `q`, `y` or a longer name of those; those of more than one letter may
//!   have an `s` at the end
//!
//! Page: Boolean, comparison, numeric, datetime, and other functions ("Period"). What a period means, and the caps that
//! `bin` puts on it, are not known here.

use std::fmt;

/// A period as it was written: how many of which unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// How many; at least 1.
    count: u32,
    /// Of what.
    unit: PeriodUnit,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodUnit {
    /// `ms`
    Millisecond,
    /// `s`
    Second,
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w`
    Week,
    /// `mo`
    Month,
    /// `q`
    Quarter,
    /// `y`
    Year,
}

/// Why a text is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodError {
    /// It does not begin with digits, or has more than digits and letters.
    NotAPeriod,
    /// The digits are followed by no unit of time.
    UnknownUnit,
    /// The number is 0.
    Zero,
    /// The number is above 4294967295.
    TooLarge,
}

impl Period {
    /// So many of that unit.
    ///
    /// # Errors
    ///
    /// [`PeriodError::Zero`] for none of it.
    pub const fn new(count: u32, unit: PeriodUnit) -> Result<Self, PeriodError> {
        if count == 0 { Err(PeriodError::Zero) } else { Ok(Self { count, unit }) }
    }

    /// The period that a text is, in any case: `5m`, `1hour`, `30Days`.
    ///
    /// # Errors
    ///
    /// [`PeriodError`] says why it is none.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        if count.is_empty() || !unit.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(PeriodError::NotAPeriod);
        }
        let unit = PeriodUnit::find(unit).ok_or(PeriodError::UnknownUnit)?;
        Self::new(count.parse().map_err(|_| PeriodError::TooLarge)?, unit)
    }

    /// How many; at least 1.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Of what.
    #[must_use]
    pub const fn unit(self) -> PeriodUnit {
        self.unit
    }
}

impl PeriodUnit {
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

    /// Its names, the shortest first, without the `s` of the plural.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Millisecond => &["ms", "msec", "millisecond"],
            Self::Second => &["s", "sec", "second"],
            Self::Minute => &["m", "min", "minute"],
            Self::Hour => &["h", "hr", "hour"],
            Self::Day => &["d", "day"],
            Self::Week => &["w", "week"],
            Self::Month => &["mo", "mon", "month"],
            Self::Quarter => &["q", "qtr", "quarter"],
            Self::Year => &["y", "yr", "year"],
        }
    }

    /// The unit of that name, in any case, in the singular or the plural.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        // `ms` is milliseconds and never the plural of `m`: only names of more than one letter have a plural.
        let is = |name: &str| word == name || (name.len() > 1 && word.strip_suffix('s') == Some(name));
        Self::ALL.into_iter().find(|unit| unit.names().iter().any(|name| is(name)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit)
    }
}

impl fmt::Display for PeriodUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names()[0])
    }
}

impl fmt::Display for PeriodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPeriod => "a period is digits and a unit of time, such as `5m`",
            Self::UnknownUnit => "the units of time are ms, s, m, h, d, w, mo, q and y",
            Self::Zero => "a period is at least 1 of its unit",
            Self::TooLarge => "the number of a period is at most 4294967295",
        })
    }
}

impl std::error::Error for PeriodError {}
