//! Numbers, times and texts for readers.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::time::Millis;

/// Between a number and its unit: no line ends there.
const SPACE: char = '\u{a0}';

/// A sentence with names between backticks, as HTML.
pub(super) fn sentence(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{}</code>", escaped(part)) } else { escaped(part) }).collect()
}

/// Plain text as HTML, in elements and in quoted attributes. Control characters, which HTML forbids, become replacement characters.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\t' | '\n' => html.push(character),
            // Characters that reorder the text around them could show another address or path than there is.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => html.push('\u{fffd}'),
            control if control.is_control() => html.push('\u{fffd}'),
            other => html.push(other),
        }
    }
    html
}

/// `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `+12` or `−3`.
pub(super) fn signed(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "+" };
    format!("{sign}{}", count(number.unsigned_abs()))
}

/// A number with at most three significant decimal places.
pub(super) fn decimal(number: f64) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let places = match number.abs() {
        large if large >= 100.0 || large == 0.0 => 0,
        large if large >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{:.places$}", number.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if number < 0.0 && (whole != "0" || !fraction.is_empty()) { "−" } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}

/// `12.5%`. A small share is not shown as none, and an almost complete one not as all.
pub(super) fn percent(share: f64) -> String {
    match share {
        tiny if tiny > 0.0 && tiny < 0.005 => "<0.01%".to_owned(),
        almost if almost < 100.0 && almost > 99.99 => ">99.99%".to_owned(),
        share => {
            let text = format!("{share:.2}");
            format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// `2.7 GB`, in powers of 1000.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut scaled = bytes as f64;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes}{SPACE}B") } else { format!("{}{SPACE}{}", decimal(scaled), UNITS[unit]) }
}

/// `41.5 ms`, from a second on `1.2 s`.
pub(super) fn duration(millis: f64) -> String {
    if millis >= 1000.0 { format!("{}{SPACE}s", decimal(millis / 1000.0)) } else { format!("{}{SPACE}ms", decimal(millis)) }
}

/// `20 Nov 2026 10:00:00` in a zone. A line may end only between the day and the time.
pub(super) fn time(moment: Millis, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(moment.0) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%-d\u{a0}%b\u{a0}%Y %H:%M:%S").to_string(),
        Err(_) => moment.to_string(),
    }
}

/// `20 Nov 2026, 10:00` in a zone.
pub(super) fn long_time(moment: Millis, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(moment.0) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M").to_string(),
        Err(_) => moment.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded() {
        let counts = [0, 7, 999, 1000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "7", "999", "1,000", "1,234,567"]);
        assert_eq!([-1234, 0, 5].map(signed), ["−1,234", "+0", "+5"]);
        let decimals = [0.0, 0.004, 1.5, 41.46, 12_345.6, -0.25, f64::NAN].map(decimal);
        assert_eq!(decimals, ["0", "0", "1.5", "41.5", "12,346", "−0.25", "–"]);
        let shares = [0.0, 0.0001, 12.5, 33.3333, 99.9999, 100.0].map(percent);
        assert_eq!(shares, ["0%", "<0.01%", "12.5%", "33.33%", ">99.99%", "100%"]);
        let plain = |text: String| text.replace(SPACE, " ");
        let sizes = [0, 999, 1000, 999_499, 999_500, 2_747_282_740, u64::MAX].map(|size| plain(bytes(size)));
        assert_eq!(sizes, ["0 B", "999 B", "1 kB", "999 kB", "1 MB", "2.75 GB", "18.4 EB"]);
        assert_eq!([12.0, 999.0, 1234.0].map(|millis| plain(duration(millis))), ["12 ms", "999 ms", "1.23 s"]);
    }

    #[test]
    fn times_are_in_the_zone() {
        let moment = Millis(1_795_168_800_000);
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let plain = |zone: &TimeZone| time(moment, zone).replace(SPACE, " ");
        assert_eq!((plain(&TimeZone::UTC), plain(&zone)), ("20 Nov 2026 10:00:00".into(), "20 Nov 2026 12:00:00".into()));
        assert_eq!(long_time(moment, &zone), "20 Nov 2026, 12:00");
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(escaped("<a href='x'>\"&\u{1b}\u{202e}\n"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}\n");
    }
}
