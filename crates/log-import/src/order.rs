//! The order of day, month and year in a file's dates of three numbers.
//!
//! - One order holds for a whole file. A day above 12 anywhere decides it.
//! - Otherwise an order is excluded if it would put a line into the future, or make the file go backwards in time; the report
//!   states this, because it is an inference.
//! - Dates with a two-digit year have three orders. If several are left, the order with the current year is used.
//! - If nothing determines the order, the user must give `--timestamp-format`.

use crate::civil::{DAY_MS, TimeOfDay, local_ms};
use crate::form::two_digit_year;

/// An order of three numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    DayMonthYear,
    MonthDayYear,
    YearMonthDay,
}

pub(crate) const ORDERS: [Order; 3] = [Order::DayMonthYear, Order::MonthDayYear, Order::YearMonthDay];

impl Order {
    /// The instant in UTC, if the day exists.
    pub(crate) fn ms(self, [a, b, c]: [i16; 3], time: TimeOfDay) -> Option<i64> {
        let year = |value: i16| if value < 100 { two_digit_year(i64::from(value)) } else { value };
        let small = |value: i16| i8::try_from(value).ok();
        match self {
            Self::DayMonthYear => local_ms(year(c), small(b)?, small(a)?, time),
            Self::MonthDayYear => local_ms(year(c), small(a)?, small(b)?, time),
            // Only for two-digit years: `26/11/20`.
            Self::YearMonthDay if c < 100 => local_ms(year(a), small(b)?, small(c)?, time),
            Self::YearMonthDay => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DayMonthYear => "day/month/year",
            Self::MonthDayYear => "month/day/year",
            Self::YearMonthDay => "year/month/day",
        }
    }
}

/// How the order was determined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// No other order reads all dates.
    Certain(Order),
    /// Other orders are possible, but give times that a log cannot have.
    Inferred(Order),
    Undecided,
}

/// Examines a file's dates.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    bound: i64,
    orders: [Seen; 3],
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    impossible: bool,
    in_future: bool,
    backwards: bool,
    last: Option<i64>,
}

impl Survey {
    /// `bound` is the file's modification time: no line is much later.
    pub(crate) fn new(bound: i64) -> Self {
        Self { bound, orders: [Seen::default(); 3] }
    }

    pub(crate) fn add(&mut self, numbers: [i16; 3], time: TimeOfDay) {
        for (seen, order) in self.orders.iter_mut().zip(ORDERS) {
            let Some(ms) = order.ms(numbers, time) else {
                seen.impossible = true;
                continue;
            };
            seen.in_future |= ms > self.bound + DAY_MS;
            seen.backwards |= seen.last.is_some_and(|last| ms < last - 2 * DAY_MS);
            seen.last = Some(ms);
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let possible: Vec<(Order, Seen)> = ORDERS.into_iter().zip(self.orders).filter(|(_, seen)| !seen.impossible).collect();
        if let [(order, _)] = possible[..] {
            return Verdict::Certain(order);
        }
        let sound: Vec<_> = possible.iter().filter(|(_, seen)| !seen.in_future && !seen.backwards).collect();
        if let [(order, _)] = sound[..] {
            return Verdict::Inferred(*order);
        }
        // `26/11/20` could also be in 2020, but imported logs are usually new.
        let has_short_year = possible.iter().any(|(order, _)| *order == Order::YearMonthDay);
        let recent: Vec<_> = sound
            .iter()
            .filter(|(_, seen)| has_short_year && seen.last.is_some_and(|last| last > self.bound - 400 * DAY_MS))
            .collect();
        match recent[..] {
            [(order, _)] => Verdict::Inferred(*order),
            _ => Verdict::Undecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Survey, Verdict};
    use crate::civil::TimeOfDay;

    /// 2026-11-21T08:00:00Z.
    const NOW: i64 = 1_795_248_000_000;

    fn verdict(dates: &[[i16; 3]]) -> Verdict {
        let mut survey = Survey::new(NOW);
        for date in dates {
            survey.add(*date, TimeOfDay::default());
        }
        survey.verdict()
    }

    #[test]
    fn a_day_above_twelve_decides_for_the_file() {
        assert_eq!(verdict(&[[3, 4, 2026], [13, 4, 2026]]), Verdict::Certain(Order::DayMonthYear));
        assert_eq!(verdict(&[[3, 4, 2026], [4, 13, 2026]]), Verdict::Certain(Order::MonthDayYear));
        assert_eq!(verdict(&[[13, 4, 2026], [4, 13, 2026]]), Verdict::Undecided);
        assert_eq!(verdict(&[[3, 4, 2026], [3, 5, 2026]]), Verdict::Undecided);
    }

    #[test]
    fn orders_that_a_log_cannot_have_are_excluded() {
        // 11 December would be in the future.
        assert_eq!(verdict(&[[11, 12, 2026]]), Verdict::Inferred(Order::MonthDayYear));
        // 9 November to 1 December; in the other order the file would go back from December to January.
        assert_eq!(verdict(&[[9, 11, 2025], [12, 11, 2025], [1, 12, 2025]]), Verdict::Inferred(Order::DayMonthYear));
        assert_eq!(verdict(&[[26, 11, 20]]), Verdict::Inferred(Order::YearMonthDay));
        assert_eq!(verdict(&[[11, 20, 26]]), Verdict::Certain(Order::MonthDayYear));
    }
}
