//! The years of times without a year.
//!
//! - They are chosen for the whole file: the last line has the latest year that is not after the file's modification time, and
//!   each step back of more than two days is a New Year. So lines are in order, and no line is later than the file.
//! - Lines may be up to two days out of order, over a New Year too.
//! - 29 February exists only in leap years; the years move back until every such line is in a leap year.
//! - Without the whole file (a pipe longer than the look-ahead) the first line has the latest year that is not after now. If
//!   later lines would then be in the future, the years are unknown, and the user must give `--year`.
//! - Next to a time with a year, the nearest year is used.

use crate::civil::{DAY_MS, TimeOfDay, is_leap, local_ms, year_of};

/// Lines may be out of order by this much without a New Year.
const SLACK_DAYS: i32 = 2;

/// The day of a leap year, from 0.
fn day_of_year(month: i8, day: i8) -> i32 {
    const BEFORE: [i32; 12] = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335];
    BEFORE[usize::from(month.clamp(1, 12).unsigned_abs()) - 1] + i32::from(day)
}

/// Tracks the years of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Track {
    /// The number of New Years so far.
    passed: i16,
    last: Option<i32>,
}

impl Track {
    /// The number of New Years before this day, and the track after it.
    pub(crate) fn step(self, month: i8, day: i8) -> (i16, Self) {
        let at = day_of_year(month, day);
        let Some(last) = self.last else { return (self.passed, Self { last: Some(at), ..self }) };
        if at < last - SLACK_DAYS {
            let passed = self.passed.saturating_add(1);
            return (passed, Self { passed, last: Some(at) });
        }
        // A line of late December after a line of early January belongs to the old year.
        if at - last > 366 - SLACK_DAYS && self.passed > 0 {
            return (self.passed - 1, self);
        }
        (self.passed, Self { last: Some(at.max(last)), ..self })
    }
}

/// Surveys a whole file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    track: Track,
    first: Option<(i8, i8, TimeOfDay)>,
    last: Option<(i16, i8, i8, TimeOfDay)>,
    /// New Years before the lines of 29 February, at most one for each year.
    leap_days: Vec<i16>,
}

/// Maximum years of a file.
const MOST_YEARS: i16 = 100;

impl Survey {
    pub(crate) fn add(&mut self, month: i8, day: i8, time: TimeOfDay) {
        let (passed, track) = self.track.step(month, day);
        self.track = track;
        self.first.get_or_insert((month, day, time));
        self.last = Some((passed, month, day, time));
        if (month, day) == (2, 29)
            && self.leap_days.last() != Some(&passed)
            && self.leap_days.len() < usize::from(MOST_YEARS.unsigned_abs())
        {
            self.leap_days.push(passed);
        }
    }

    /// The year of the first line, if the survey has the whole file.
    pub(crate) fn first_year(&self, bound: i64) -> Option<i16> {
        let (passed, month, day, time) = self.last?;
        let latest = year_of(bound.saturating_add(DAY_MS));
        (latest - MOST_YEARS..=latest).rev().find_map(|last_year| {
            let is_past = match local_ms(last_year, month, day, time) {
                Some(ms) => ms <= bound.saturating_add(DAY_MS),
                // 29 February in a year without it.
                None => false,
            };
            let first = last_year - passed;
            let leaps = self.leap_days.iter().all(|passed| is_leap(first + passed));
            (is_past && leaps).then_some(first)
        })
    }

    /// The year of the first line, from that line alone.
    pub(crate) fn first_year_of_head(&self, bound: i64) -> Option<i16> {
        let (month, day, time) = self.first?;
        latest_year(month, day, time, bound)
    }
}

/// The latest year with this day in which the time is at most a day after the bound.
pub(crate) fn latest_year(month: i8, day: i8, time: TimeOfDay, bound: i64) -> Option<i16> {
    let latest = bound.saturating_add(DAY_MS);
    // 29 February is at most eight years from the next (1896 to 1904, 2096 to 2104).
    let last = year_of(latest);
    (last - 9..=last).rev().find(|year| local_ms(*year, month, day, time).is_some_and(|ms| ms <= latest))
}

/// The year in which the time is nearest to another time.
pub(crate) fn nearest_year(month: i8, day: i8, time: TimeOfDay, near: i64) -> Option<i16> {
    let year = year_of(near);
    (year - 4..=year + 4)
        .filter_map(|year| local_ms(year, month, day, time).map(|ms| (ms.abs_diff(near), year)))
        .min()
        .map(|(_, year)| year)
}

#[cfg(test)]
mod tests {
    use super::Survey;
    use crate::civil::{TimeOfDay, local_ms};

    fn years(days: &[(i8, i8)], changed: (i16, i8, i8)) -> Option<Vec<i16>> {
        let mut survey = Survey::default();
        for (month, day) in days {
            survey.add(*month, *day, TimeOfDay::default());
        }
        let first = survey.first_year(local_ms(changed.0, changed.1, changed.2, TimeOfDay::default())?)?;
        let mut track = super::Track::default();
        Some(
            days.iter()
                .map(|(month, day)| {
                    let (passed, next) = track.step(*month, *day);
                    track = next;
                    first + passed
                })
                .collect(),
        )
    }

    #[test]
    fn years_go_backwards_from_the_files_own_time() {
        /// Months and days of the lines, the day of the file, and the years of the lines.
        type Case<'a> = (&'a [(i8, i8)], (i16, i8, i8), &'a [i16]);
        let cases: &[Case<'_>] = &[
            (&[(6, 5), (12, 31), (1, 2)], (2023, 1, 2), &[2022, 2022, 2023]),
            (&[(11, 20), (11, 21)], (2026, 11, 21), &[2026, 2026]),
            // The file was last changed before that day of this year.
            (&[(11, 20), (11, 21)], (2026, 11, 1), &[2025, 2025]),
            (&[(3, 1), (2, 1), (1, 1)], (2026, 11, 1), &[2024, 2025, 2026]),
            // Two swapped lines are not a year apart, not even at New Year.
            (&[(3, 2), (3, 1), (3, 2)], (2026, 11, 1), &[2026, 2026, 2026]),
            (&[(12, 31), (1, 1), (12, 31), (1, 1)], (2026, 11, 1), &[2025, 2026, 2025, 2026]),
            (&[(2, 28), (2, 29), (3, 1)], (2026, 11, 1), &[2024, 2024, 2024]),
            (&[(2, 29), (1, 5)], (2026, 11, 1), &[2024, 2025]),
        ];
        for (days, changed, expected) in cases {
            assert_eq!(years(days, *changed).unwrap(), *expected, "{days:?} changed {changed:?}");
        }
    }
}
