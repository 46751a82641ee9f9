//! A report as one HTML page, to read in a browser, to mail and to print.
//!
//! Owns the page: its style, its charts as inline SVG, its table. INVARIANT: the page needs no other file and runs no script, and every
//! value in it is escaped, because paths, user agents and names are written by strangers. Knows no HTTP: the response's policy is built
//! of [`style_digest`].

mod numbers;
mod labels;
mod chart;
mod choice;
mod filters;
mod table;
mod summary;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::tz::TimeZone;

use super::definition::Definition;
use super::report::Report;
use super::request::ReportRequest;
use crate::domain::time::Millis;
use numbers::{escaped, sentence};

const STYLE: &str = include_str!("style.css");

/// What a page shows.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The report.
    pub report: &'a Report,
    /// Its definition.
    pub definition: &'a Definition,
    /// The request, for its filters and its time zone.
    pub request: &'a ReportRequest,
    /// When it was made.
    pub made_at: Millis,
}

/// The SHA-256 digest of the page's style in base64, for `style-src` of a content security policy.
#[must_use]
pub fn style_digest() -> String {
    BASE64_STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes()))
}

impl Page<'_> {
    /// The page.
    #[must_use]
    pub fn html(&self) -> String {
        let title = escaped(self.definition.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title} · {}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n",
            escaped(&self.groups()),
        );
        let _ = write!(
            html,
            "<header>\n<p class=\"kind\">Access-log report</p>\n<h1>{title}</h1>\n<p class=\"about\">{}</p>\n{}</header>\n<main>\n",
            sentence(self.definition.description),
            self.facts(),
        );
        html += &summary::tiles(self);
        for chart in choice::charts(self) {
            let _ = writeln!(html, "<section class=\"card\">{chart}</section>");
        }
        html += &table::html(self);
        html += &self.notes();
        let _ = write!(
            html,
            "</main>\n<footer>Made by Logmark on <time datetime=\"{}\">{}</time>. Counts are of requests; percentiles are by nearest rank.</footer>\n</body>\n</html>\n",
            self.made_at,
            self.moment(self.made_at),
        );
        html
    }

    fn groups(&self) -> String {
        self.report.groups.iter().map(|group| group.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// A time with its zone.
    fn moment(&self, moment: Millis) -> String {
        escaped(&format!("{} {}", numbers::long_time(moment, &self.zone()), self.zone_name()))
    }

    fn zone_name(&self) -> &str {
        self.request.zone.as_deref().unwrap_or("UTC")
    }

    /// The time zone of all times.
    fn zone(&self) -> TimeZone {
        self.request.zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
    }

    /// The period, the log groups and the filters.
    fn facts(&self) -> String {
        let Report { start, end, bin, groups, .. } = self.report;
        let period = format!(
            "<time datetime=\"{start}\">{}</time> – <time datetime=\"{end}\">{}</time>",
            escaped(&numbers::long_time(*start, &self.zone())),
            self.moment(*end)
        );
        let mut facts = vec![("Period".to_owned(), period)];
        let label = if groups.len() == 1 { "Log group" } else { "Log groups" };
        facts.push((label.to_owned(), escaped(&self.groups())));
        if let Some(bin) = bin {
            facts.push(("Interval".to_owned(), escaped(bin)));
        }
        facts.extend(filters::named(self.request).into_iter().map(|(name, value)| (name.to_owned(), escaped(&value))));
        let items = facts.iter().fold(String::new(), |mut items, (name, value)| {
            let _ = write!(items, "<div><dt>{name}</dt><dd>{value}</dd></div>");
            items
        });
        format!("<dl class=\"facts\">{items}</dl>\n")
    }

    /// What a reader should know about the numbers, and how they were computed.
    fn notes(&self) -> String {
        let notes = summary::notes(self);
        let mut html = String::new();
        if !notes.is_empty() {
            let items: String = notes.iter().map(|note| format!("<li>{}</li>", sentence(note))).collect();
            let _ = writeln!(html, "<section class=\"card\"><h2>Notes</h2><ul class=\"notes\">{items}</ul></section>");
        }
        let queries = &self.report.meta.queries;
        if !queries.is_empty() {
            let label = if queries.len() == 1 { "The query of this report" } else { "The queries of this report" };
            let texts: String = queries.iter().map(|query| format!("<pre>{}</pre>", escaped(query))).collect();
            let _ = writeln!(html, "<details><summary>{label}</summary>{texts}</details>");
        }
        html
    }
}

#[cfg(test)]
mod tests;
