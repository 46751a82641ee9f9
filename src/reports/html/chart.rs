//! Charts as inline SVG.
//!
//! Owns their geometry. No script, and no `style` attribute: the policy of the page refuses both. Each chart has a text that says what it
//! shows; the numbers are in the table of the page.

use std::fmt::Write as _;

use super::numbers::escaped;

/// Colours of series. More series share the last one.
pub(super) const COLOURS: usize = 8;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;

/// A chart of values over time.
#[derive(Debug, Clone)]
pub(super) struct SeriesChart {
    pub(super) title: String,
    /// For those who do not see it.
    pub(super) description: String,
    pub(super) series: Vec<Series>,
    /// Places from 0 to 1, with their labels.
    pub(super) ticks: Vec<(f64, String)>,
    /// Writes a value of the axis.
    pub(super) shown: fn(f64) -> String,
}

/// A line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) name: String,
    /// Runs of points without a gap: places from 0 to 1 and values, in order.
    pub(super) runs: Vec<Vec<(f64, f64)>>,
}

/// A chart of counts by hour and day.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeatMap {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<String>,
    /// By row and column.
    pub(super) values: Vec<Vec<u64>>,
}

impl SeriesChart {
    pub(super) fn html(&self) -> String {
        let values = || self.series.iter().flat_map(|series| series.runs.iter().flatten()).map(|(_, value)| *value);
        let top = nice(values().fold(0.0, f64::max));
        let x = |place: f64| LEFT + place * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| TOP + (1.0 - value / top) * (HEIGHT - TOP - BOTTOM);
        let mut svg = open(&self.description, WIDTH, HEIGHT);
        for step in 0..=4 {
            let value = top * f64::from(step) / 4.0;
            let (at, class) = (y(value), if step == 0 { "axis" } else { "grid" });
            let label = escaped(&(self.shown)(value));
            let _ = write!(
                svg,
                r#"<line class="{class}" x1="{LEFT}" x2="{}" y1="{at:.1}" y2="{at:.1}"/><text x="{}" y="{:.1}" text-anchor="end">{label}</text>"#,
                WIDTH - RIGHT,
                LEFT - 8.0,
                at + 4.0,
            );
        }
        for (place, label) in &self.ticks {
            let _ =
                write!(svg, r#"<text x="{:.1}" y="{}" text-anchor="middle">{}</text>"#, x(*place), HEIGHT - 8.0, escaped(label));
        }
        for (index, series) in self.series.iter().enumerate() {
            let colour = index.min(COLOURS - 1);
            for run in &series.runs {
                let points: String = run.iter().fold(String::new(), |mut points, (place, value)| {
                    let _ = write!(points, "{:.1},{:.1} ", x(*place), y(*value));
                    points
                });
                if let ([(first, _), .., (last, _)], 1) = (run.as_slice(), self.series.len()) {
                    let _ = write!(
                        svg,
                        r#"<polygon class="area s{colour}" points="{:.1},{base:.1} {points}{:.1},{base:.1}"/>"#,
                        x(*first),
                        x(*last),
                        base = y(0.0)
                    );
                }
                match run.as_slice() {
                    [(place, value)] => {
                        let _ =
                            write!(svg, r#"<circle class="dot s{colour}" cx="{:.1}" cy="{:.1}" r="3"/>"#, x(*place), y(*value));
                    }
                    _ => {
                        let _ = write!(svg, r#"<polyline class="mark s{colour}" points="{}"/>"#, points.trim_end());
                    }
                }
            }
        }
        svg += "</svg>";
        format!("{}{}", figure(&self.title, &svg), if self.series.len() > 1 { self.legend() } else { String::new() })
    }

    fn legend(&self) -> String {
        let mut html = r#"<ul class="legend">"#.to_owned();
        for (index, series) in self.series.iter().enumerate() {
            let _ = write!(
                html,
                r#"<li><svg aria-hidden="true" viewBox="0 0 12 12"><rect class="fill s{}" width="12" height="12" rx="3"/></svg>{}</li>"#,
                index.min(COLOURS - 1),
                escaped(&series.name)
            );
        }
        html + "</ul>"
    }
}

impl HeatMap {
    pub(super) fn html(&self) -> String {
        let (left, top, right) = (44.0, 24.0, 4.0);
        let width = (WIDTH - left - right) / self.columns.len().max(1) as f64;
        let height = 30.0;
        let most = self.values.iter().flatten().copied().max().unwrap_or(0).max(1);
        let mut svg = open(&self.description, WIDTH, top + height * self.rows.len() as f64 + 4.0);
        for (column, label) in self.columns.iter().enumerate() {
            let at = left + (column as f64 + 0.5) * width;
            let _ = write!(svg, r#"<text x="{at:.1}" y="14" text-anchor="middle">{}</text>"#, escaped(label));
        }
        for (row, (label, values)) in self.rows.iter().zip(&self.values).enumerate() {
            let at = top + row as f64 * height;
            let _ = write!(
                svg,
                r#"<text x="{}" y="{:.1}" text-anchor="end">{}</text>"#,
                left - 8.0,
                at + height / 2.0 + 4.0,
                escaped(label)
            );
            for (column, value) in values.iter().enumerate() {
                // The lightest cell with requests differs from an empty one.
                let strength = if *value == 0 { 0.0 } else { 0.12 + 0.88 * (*value as f64 / most as f64) };
                let _ = write!(
                    svg,
                    r#"<rect class="cell track" x="{x:.1}" y="{at:.1}" width="{width:.1}" height="{height}" rx="4"/><rect class="cell fill s0" x="{x:.1}" y="{at:.1}" width="{width:.1}" height="{height}" rx="4" fill-opacity="{strength:.2}"><title>{}</title></rect>"#,
                    escaped(&format!(
                        "{label} {}: {}",
                        self.columns.get(column).map_or("", |column| column),
                        super::numbers::count(*value)
                    )),
                    x = left + column as f64 * width,
                );
            }
        }
        svg += "</svg>";
        figure(&self.title, &svg)
    }
}

/// A bar of parts of `most`, with their classes. It repeats numbers beside it, so it is hidden from screen readers.
pub(super) fn bar(parts: &[(u64, &str)], most: u64) -> String {
    let mut svg =
        r#"<svg aria-hidden="true" viewBox="0 0 100 1" preserveAspectRatio="none"><rect class="track" width="100" height="1"/>"#
            .to_owned();
    let (mut at, most) = (0.0, most.max(1) as f64);
    for (value, class) in parts {
        let width = *value as f64 / most * 100.0;
        if width > 0.0 {
            // A bar of few requests stays visible.
            let shown = width.max(0.4).min(100.0 - at);
            let _ = write!(svg, r#"<rect class="{class}" x="{at:.2}" width="{shown:.2}" height="1"/>"#);
            at += shown;
        }
    }
    svg + "</svg>"
}

fn open(description: &str, width: f64, height: f64) -> String {
    format!(r#"<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {width} {height}">"#, escaped(description))
}

/// The chart scrolls on a narrow screen, also by keyboard.
fn figure(title: &str, svg: &str) -> String {
    let title = escaped(title);
    format!(r#"<h2>{title}</h2><div class="scroll" tabindex="0" role="group" aria-label="{title}: chart">{svg}</div>"#)
}

/// The least of 1, 2, 2.5, 4, 5, 8 or 10 times a power of ten that is not below the value.
fn nice(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 2.5, 4.0, 5.0, 8.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number() {
        assert_eq!([0.0, 0.9, 1.0, 3.0, 42.0, 999.0, 1001.0].map(nice), [1.0, 1.0, 1.0, 4.0, 50.0, 1000.0, 2000.0]);
        assert_eq!(nice(f64::NAN), 1.0);
    }

    #[test]
    fn parts_of_a_bar_stay_in_it() {
        let svg = bar(&[(99_999, "ok"), (1, "client"), (1, "server")], 100_001);
        assert!(svg.contains(r#"class="server""#), "{svg}");
        let end: f64 = svg
            .split("<rect class=\"")
            .skip(2)
            .map(|rect| rect.split(" width=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap())
            .sum();
        assert!(end <= 100.01, "{end} {svg}");
    }

    #[test]
    fn texts_of_a_chart_are_escaped() {
        let hostile = "</svg><script>alert(1)</script>".to_owned();
        let chart = SeriesChart {
            title: hostile.clone(),
            description: hostile.clone(),
            series: vec![
                Series { name: hostile.clone(), runs: vec![vec![(0.0, 1.0), (1.0, 2.0)]] },
                Series { name: hostile.clone(), runs: vec![vec![(0.5, 1.0)]] },
            ],
            ticks: vec![(0.5, hostile.clone())],
            shown: |_| "<b>".to_owned(),
        };
        let map = HeatMap {
            title: hostile.clone(),
            description: hostile.clone(),
            columns: vec![hostile.clone()],
            rows: vec![hostile],
            values: vec![vec![1]],
        };
        for html in [chart.html(), map.html()] {
            assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        }
    }
}
