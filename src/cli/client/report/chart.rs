//! Charts in text: bars and time series of block characters, or of ASCII where the terminal has no others.

use std::io::IsTerminal as _;

use clap::ValueEnum;

/// Eighths of a column, from one to eight.
const LEFT_BLOCKS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// Eighths of a line.
const LOWER_BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same for terminals without block characters.
const ASCII_LEVELS: [char; 8] = ['.', ':', '-', '=', '+', '*', '%', '#'];

/// `--charts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Charts {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The characters of charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Characters {
    Blocks,
    Ascii,
}

impl Charts {
    /// The characters to draw with; `None`: no charts.
    pub(super) fn characters(self) -> Option<Characters> {
        let is_wanted = match self {
            Self::Auto => std::io::stdout().is_terminal(),
            Self::Always => true,
            Self::Never => false,
        };
        // The first variable that is set decides, as for setlocale.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let has_unicode = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        is_wanted.then_some(if has_unicode || cfg!(windows) { Characters::Blocks } else { Characters::Ascii })
    }
}

/// A bar of at most `width` columns.
pub(super) fn bar(value: f64, most: f64, width: usize, characters: Characters) -> String {
    if value.is_nan() || value <= 0.0 || most <= 0.0 {
        return String::new();
    }
    let share = (value / most).clamp(0.0, 1.0);
    match characters {
        Characters::Ascii => "#".repeat(((share * width as f64).round() as usize).max(1)),
        Characters::Blocks => {
            let eighths = ((share * width as f64 * 8.0).round() as usize).max(1);
            let mut bar: String = std::iter::repeat_n('█', eighths / 8).collect();
            bar.extend(LEFT_BLOCKS.get((eighths % 8).wrapping_sub(1)));
            bar
        }
    }
}

/// Values over time in at most `width` columns. A column of several values has their sum or their maximum, by `join`; a column without
/// any is empty.
pub(super) fn series(values: &[Option<f64>], width: usize, join: fn(f64, f64) -> f64, characters: Characters) -> String {
    let columns: Vec<Option<f64>> = if values.len() <= width {
        values.to_vec()
    } else {
        let part = values.len().div_ceil(width.max(1));
        values.chunks(part).map(|part| part.iter().flatten().copied().reduce(join)).collect()
    };
    let most = columns.iter().flatten().copied().fold(0.0, f64::max);
    let levels = if characters == Characters::Blocks { LOWER_BLOCKS } else { ASCII_LEVELS };
    let level = |value: f64| {
        let index = if most > 0.0 { (value / most * 8.0).ceil() as usize } else { 0 };
        index.checked_sub(1).and_then(|index| levels.get(index.min(7))).copied()
    };
    columns.into_iter().map(|value| value.and_then(level).unwrap_or(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_proportional_and_never_longer_than_the_width() {
        let blocks = |value| bar(value, 100.0, 10, Characters::Blocks);
        assert_eq!([0.0, 0.1, 50.0, 56.25, 100.0, 200.0].map(blocks), ["", "▏", "█████", "█████▋", "██████████", "██████████"]);
        let ascii = |value| bar(value, 100.0, 10, Characters::Ascii);
        assert_eq!([0.0, 0.1, 50.0, 100.0, f64::NAN, -1.0].map(ascii), ["", "#", "#####", "##########", "", ""]);
        assert_eq!(bar(1.0, 0.0, 10, Characters::Ascii), "");
    }

    #[test]
    fn series_fit_the_width() {
        let values = [Some(0.0), Some(1.0), None, Some(4.0), Some(8.0)];
        assert_eq!(series(&values, 10, f64::max, Characters::Blocks), " ▁ ▄█");
        assert_eq!(series(&values, 10, f64::max, Characters::Ascii), " . =#");
        let long: Vec<Option<f64>> = (0..1000).map(|n| Some(f64::from(n))).collect();
        assert_eq!(series(&long, 60, |one, two| one + two, Characters::Blocks).chars().count(), 59);
        assert_eq!(series(&[], 60, f64::max, Characters::Blocks), "");
    }
}
