//! Times with the signs of Japanese, Chinese and Korean for year, month and day.
//!
//! - `2026年11月20日 10時00分00秒`, `2026年11月20日 10:00:00`, `2026년 11월 20일 10시 00분 00초`.
//! - A weekday may follow the date (`(金)`, `金曜日`, `星期五`), and the half of the day may stand before the hour (`午後`, `下午`, `오후`).
//! - Years of a Japanese era (`令和8年`, `R8.11.20`) are recognised and not converted: `clock` reports them.

use super::{Style, fraction, time_of_day};
use crate::civil::{Date, Kind, Shape, Stamp, TimeOfDay};
use crate::cursor::Cursor;
use crate::zone;

const YEAR: &[&str] = &["年", "년"];
const MONTH: &[&str] = &["月", "월"];
const DAY: &[&str] = &["日", "号", "일"];
const HOUR: &[&str] = &["時", "时", "點", "点", "시"];
const MINUTE: &[&str] = &["分", "분"];
const SECOND: &[&str] = &["秒", "초"];
const MORNING: &[&str] = &["午前", "上午", "오전"];
const AFTERNOON: &[&str] = &["午後", "下午", "오후"];
const ERAS: &[&str] = &["令和", "平成", "昭和", "大正", "明治", "㋿", "㍻", "㍼", "㍽", "㍾"];
const FIRST_YEAR: &str = "元";

/// Signs of weekdays, alone or with these before and behind them.
const WEEKDAYS: &[&str] =
    &["月", "火", "水", "木", "金", "土", "日", "一", "二", "三", "四", "五", "六", "월", "화", "수", "목", "금", "토", "일"];
const BEFORE_WEEKDAY: &[&str] = &["星期", "周", "週", "礼拜"];
const AFTER_WEEKDAY: &[&str] = &["曜日", "요일", "曜"];

/// A date whose year has four digits.
pub(super) fn parse(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    let year = i16::try_from(cursor.digits(4, 4)?).ok().filter(|year| (1970..=9999).contains(year))?;
    let (month, day) = month_and_day(&mut cursor)?;
    finish(cursor, Date::Full { year, month, day })
}

/// A date whose year is counted in an era.
pub(super) fn era(bytes: &[u8]) -> Option<Stamp<'_>> {
    let mut cursor = Cursor::new(bytes);
    if eat_one(&mut cursor, ERAS) {
        cursor.blanks(1);
        (cursor.eat_all(FIRST_YEAR.as_bytes()) || cursor.digits(1, 2).is_some()).then_some(())?;
        month_and_day(&mut cursor)?;
        return finish(cursor, Date::Era);
    }
    short_era(cursor)
}

/// `R8.11.20 10:00:00`, `H31/04/30 …`
fn short_era(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    cursor.eat_any(b"RHSTM")?;
    cursor.digits(1, 2)?;
    let separator = cursor.eat_any(b"./-")?;
    cursor.small().filter(|month| (1..=12).contains(month))?;
    cursor.eat(separator).then_some(())?;
    cursor.small().filter(|day| (1..=31).contains(day))?;
    cursor.eat_any(b" T")?;
    finish(cursor, Date::Era)
}

fn month_and_day(cursor: &mut Cursor<'_>) -> Option<(i8, i8)> {
    sign(cursor, YEAR)?;
    let month = cursor.small().filter(|month| (1..=12).contains(month))?;
    sign(cursor, MONTH)?;
    let day = cursor.small().filter(|day| (1..=31).contains(day))?;
    eat_one(cursor, DAY).then_some((month, day))
}

/// One of the signs, and the blanks behind it.
fn sign(cursor: &mut Cursor<'_>, signs: &[&str]) -> Option<()> {
    let mut ahead = *cursor;
    ahead.blanks(1);
    eat_one(&mut ahead, signs).then_some(())?;
    gap(&mut ahead);
    *cursor = ahead;
    Some(())
}

fn eat_one(cursor: &mut Cursor<'_>, wanted: &[&str]) -> bool {
    wanted.iter().any(|text| cursor.eat_all(text.as_bytes()))
}

fn gap(cursor: &mut Cursor<'_>) {
    cursor.blanks(2);
    // An ideographic space.
    cursor.eat_all("\u{3000}".as_bytes());
}

fn finish(mut cursor: Cursor<'_>, date: Date) -> Option<Stamp<'_>> {
    weekday(&mut cursor);
    cursor.eat_any(b"T,");
    gap(&mut cursor);
    let is_morning = eat_one(&mut cursor, MORNING);
    let is_afternoon = !is_morning && eat_one(&mut cursor, AFTERNOON);
    gap(&mut cursor);
    let (time, fraction, join) = match time_of_day(&mut cursor, Style::Strict) {
        Some((time, fraction)) => (time, fraction, b':'),
        None => spelled_out(&mut cursor).map(|(time, fraction)| (time, fraction, 0))?,
    };
    let hour = match (time.hour, is_morning, is_afternoon) {
        (12, true, _) => 0,
        (0..=11, _, true) => time.hour + 12,
        (13.., true, _) => return None,
        (hour, ..) => hour,
    };
    let zone = zone::read(&mut cursor);
    let shape = Shape { kind: Kind::EastAsian, separator: 0, join, fraction, zone: zone.class() };
    Some(Stamp { date, time: TimeOfDay { hour, ..time }, zone, shape, length: cursor.at() })
}

/// Passes `(金)`, `（金）`, `金曜日` or `星期五`, if one comes.
fn weekday(cursor: &mut Cursor<'_>) {
    let mut ahead = *cursor;
    gap(&mut ahead);
    let is_enclosed = ahead.eat(b'(') || ahead.eat_all("（".as_bytes());
    eat_one(&mut ahead, BEFORE_WEEKDAY);
    let is_named = eat_one(&mut ahead, WEEKDAYS);
    eat_one(&mut ahead, AFTER_WEEKDAY);
    let is_closed = !is_enclosed || ahead.eat(b')') || ahead.eat_all("）".as_bytes());
    if is_named && is_closed {
        *cursor = ahead;
    }
}

/// `10時00分00秒`, `10시 00분 00초`; the fraction stands before or behind the last sign.
fn spelled_out(cursor: &mut Cursor<'_>) -> Option<(TimeOfDay, u8)> {
    let mut ahead = *cursor;
    let hour = ahead.small().filter(|hour| (0..=23).contains(hour))?;
    sign(&mut ahead, HOUR)?;
    let minute = ahead.small().filter(|minute| (0..=59).contains(minute))?;
    sign(&mut ahead, MINUTE)?;
    let second = ahead.small().filter(|second| (0..=60).contains(second))?;
    let mut read = fraction(&mut ahead);
    eat_one(&mut ahead, SECOND).then_some(())?;
    let run = ahead.digit_run();
    if read.1 == 0 && (1..=9).contains(&run) {
        // `00秒123`
        let value = ahead.take_digits(run)?;
        read = (i32::try_from(value * 10_i64.pow(9 - u32::try_from(run).ok()?)).ok()?, b'0');
    }
    *cursor = ahead;
    Some((TimeOfDay { hour, minute, second: second.min(59), nanosecond: read.0 }, read.1))
}
