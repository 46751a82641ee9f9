//! Reads an input before its events, for properties that a single line does not show: years, and the order of day and month.

use std::io::Read;

use crate::civil::Date;
use crate::clock::{Clock, Unknown, Years};
use crate::intake;
use crate::order::{self, Verdict};
use crate::profile::Profile;
use crate::unpack::UnpackError;
use crate::years::{self, Track};

/// The dates seen so far.
pub(crate) struct Survey<'a> {
    profile: &'a Profile,
    bound: i64,
    years: years::Survey,
    orders: order::Survey,
    has_years_missing: bool,
    has_numbers: bool,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(profile: &'a Profile, bound: i64) -> Self {
        let (years, orders) = (years::Survey::default(), order::Survey::new(bound));
        Self { profile, bound, years, orders, has_years_missing: false, has_numbers: false }
    }

    pub(crate) fn add(&mut self, line: &[u8]) {
        let Some(stamp) = self.profile.primary_stamp(line) else { return };
        match stamp.date {
            Date::NoYear { month, day } => {
                self.has_years_missing = true;
                self.years.add(month, day, stamp.time);
            }
            Date::Numeric(numbers) => {
                self.has_numbers = true;
                self.orders.add(numbers, stamp.time);
            }
            Date::Full { .. } | Date::Era | Date::Instant(_) => {}
        }
    }

    /// Reads a whole input; `false` if it ends with an error.
    pub(crate) fn add_all(&mut self, input: impl Read + Send, max_line: usize) -> bool {
        let mut intake = match intake::open(input, max_line) {
            Ok(opened) => opened.intake,
            Err(UnpackError::Io { .. } | UnpackError::Foreign(_) | UnpackError::TooDeep) => return false,
        };
        let mut line = Vec::new();
        loop {
            match intake.next_into(&mut line) {
                Ok(Some(_)) => self.add(&line),
                Ok(None) => return true,
                Err(_reported_when_read_for_good) => return false,
            }
        }
    }

    /// Sets up the clock, and returns notes for the user.
    pub(crate) fn settle(&self, clock: &mut Clock, year: Option<i16>, is_whole: bool) -> Result<Vec<String>, Unknown> {
        let mut notes = Vec::new();
        if self.has_numbers {
            match self.orders.verdict() {
                Verdict::Certain(order) => clock.order = Some(order),
                Verdict::Inferred(order) => {
                    clock.order = Some(order);
                    notes.push(format!("dates are read as {}: any other order would put a line out of sequence", order.name()));
                }
                Verdict::Undecided => return Err(Unknown::Order),
            }
        }
        if self.has_years_missing {
            let (first, is_certain) = match (year, is_whole) {
                (Some(year), _) => (Some(year), true),
                (None, true) => (self.years.first_year(self.bound), true),
                (None, false) => (self.years.first_year_of_head(self.bound), false),
            };
            let first = first.ok_or(Unknown::NoSuchTime)?;
            clock.years = Years::From { first, track: Track::default(), is_certain };
            if year.is_none() {
                notes.push(format!("times have no year: the first is assumed to be in {first} (set another with --year)"));
            }
        }
        Ok(notes)
    }
}
